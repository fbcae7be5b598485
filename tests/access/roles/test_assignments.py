"""Granting, revoking, listing; what a token leaves of somebody's rights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select
from tests.access.roles.support import NOW, give, group, join, person

from headwater.access import (
    OWNER,
    SYSTEM,
    Action,
    Actor,
    Scope,
    ScopeKind,
    Via,
    allowed_to,
    check,
    grant,
    list_assignments,
    may,
    require,
    revoke,
    server_scope,
)
from headwater.errors import ConflictError, ForbiddenError, NotFoundError
from headwater.store import tables

Add = Callable[..., Scope]


def test_granting_and_revoking_say_what_changed(connection: Connection, add: Add) -> None:
    collection, ann, owner = add(ScopeKind.COLLECTION, "c"), person(connection, "ann"), person(connection, "owner")
    give(connection, owner, OWNER, collection)
    first = grant(connection, owner, "user ann", "reader", collection.id, now=NOW)
    assert first.changed and first.assignment.role == "Reader"
    assert (first.assignment.granted_by, first.assignment.granted_at) == ("user owner", NOW)
    again = grant(connection, SYSTEM, "user ann", "Reader", collection.id, now=NOW)
    assert (again.assignment, again.changed) == (first.assignment, False)
    require(connection, ann, Action.MODEL_READ, collection.id)
    assert revoke(connection, owner, "user ann", "Reader", collection.id) == first.assignment
    with pytest.raises(NotFoundError):
        require(connection, ann, Action.MODEL_READ, collection.id)
    with pytest.raises(NotFoundError, match="has not been given"):
        revoke(connection, owner, "user ann", "Reader", collection.id)


def test_only_who_may_assign_there_grants(connection: Connection, add: Add) -> None:
    mine, other = add(ScopeKind.COLLECTION, "mine"), add(ScopeKind.COLLECTION, "other")
    admin, reader = person(connection, "admin"), person(connection, "reader")
    give(connection, admin, "Collection administrator", mine)
    give(connection, reader, "Reader", mine)
    assert grant(connection, admin, "user reader", "Data curator", mine.id, now=NOW).changed
    for actor, scope, refused in [
        (reader, mine, ForbiddenError),
        (admin, other, NotFoundError),
        (Actor(None, "nobody", Via.PASSWORD), mine, NotFoundError),
    ]:
        with pytest.raises(refused):
            grant(connection, actor, "user reader", "Owner", scope.id, now=NOW)
        with pytest.raises(refused):
            revoke(connection, actor, "user reader", "Reader", scope.id)
    for principal, role, scope_id in [("nobody", "Reader", mine.id), ("user reader", "x", mine.id), ("x", "x", 9999)]:
        with pytest.raises(NotFoundError):
            grant(connection, SYSTEM, principal, role, scope_id, now=NOW)


def test_the_built_in_administrator_stays_one(connection: Connection) -> None:
    root = server_scope(connection)
    assert check(connection, tables.BUILT_IN_ADMINISTRATOR, Action.ROLES_ASSIGN, root)
    with pytest.raises(ConflictError):
        revoke(connection, SYSTEM, tables.BUILT_IN_ADMINISTRATOR, OWNER, root)


def test_leaving_a_group_ends_what_came_through_it(connection: Connection) -> None:
    root = server_scope(connection)
    outer = group(connection, "outer")
    inner = group(connection, "inner", outer)
    join(connection, outer, inner)
    ann = person(connection, "ann", inner)
    give(connection, outer, "Reader", root)
    assert may(connection, ann, Action.MODEL_READ, root)
    connection.execute(tables.group_members.delete().where(tables.group_members.c.member_id == "user ann"))
    assert not may(connection, ann, Action.MODEL_READ, root)


def test_assignments_are_listed_to_who_may_see_them(connection: Connection, add: Add) -> None:
    mine, other = add(ScopeKind.COLLECTION, "mine"), add(ScopeKind.COLLECTION, "other")
    reader, curator = person(connection, "reader"), person(connection, "curator")
    for principal, role, scope in [
        (reader, "Reader", mine),
        (curator, "Data curator", mine),
        (curator, "Owner", other),
    ]:
        give(connection, principal, role, scope)
    listed = list_assignments(connection, reader, limit=1)
    assert [each.role for each in listed.assignments] == ["Reader"]
    listed = list_assignments(connection, reader, limit=1, after=listed.after)
    assert ([each.role for each in listed.assignments], listed.after) == (["Data curator"], None)
    assert [each.role for each in list_assignments(connection, curator).assignments] == ["Owner"]
    everything = list_assignments(connection, SYSTEM).assignments
    assert [each.role for each in everything] == ["Owner", "Reader", "Data curator", "Owner"]
    of_one = list_assignments(connection, SYSTEM, principal_id="user curator", scope_id=mine.id).assignments
    assert [each.role for each in of_one] == ["Data curator"]


def test_a_token_is_narrower_than_its_owner(connection: Connection, add: Add) -> None:
    mine, other = add(ScopeKind.COLLECTION, "mine"), add(ScopeKind.COLLECTION, "other")
    inner = add(ScopeKind.COLLECTION, "inner", mine)
    ann = person(connection, "ann")
    give(connection, ann, OWNER, server_scope(connection))
    token = replace(ann, via=Via.TOKEN, actions=frozenset({"model.*"}), scope_id=mine.id)
    assert set(connection.scalars(allowed_to(token, Action.MODEL_READ))) == {mine.id, inner.id}
    assert set(connection.scalars(allowed_to(token, Action.TABLE_READ))) == set()
    assert [may(connection, token, Action.MODEL_READ, scope.id) for scope in (mine, inner, other)] == [
        True,
        True,
        False,
    ]
    with pytest.raises(ForbiddenError):
        require(connection, token, Action.TABLE_READ, inner.id)
    with pytest.raises(NotFoundError):
        require(connection, token, Action.MODEL_READ, other.id)
    with pytest.raises(ForbiddenError):
        grant(connection, token, "user ann", "Reader", mine.id, now=NOW)


def test_the_machine_may_do_anything_and_nobody_nothing(connection: Connection, add: Add) -> None:
    collection = add(ScopeKind.COLLECTION, "c")
    nobody = Actor(None, "nobody", Via.PASSWORD)
    require(connection, SYSTEM, Action.PEOPLE_MANAGE, collection.id)
    everything = set(connection.scalars(select(tables.scopes.c.id)))
    assert set(connection.scalars(allowed_to(SYSTEM, Action.AUDIT_READ))) == everything
    assert set(connection.scalars(allowed_to(nobody, Action.MODEL_READ))) == set()
    assert not may(connection, nobody, Action.MODEL_READ, collection.id)
