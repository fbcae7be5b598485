"""Why, why not, and what is not given away by the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection
from tests.access.roles.support import give, group, join, person

from headwater.access import (
    SYSTEM,
    Action,
    Actor,
    Grant,
    Scope,
    ScopeKind,
    Via,
    explain,
    server_scope,
    set_restricted,
)
from headwater.errors import ForbiddenError, NotFoundError

Add = Callable[..., Scope]


@pytest.fixture
def place(add: Add) -> list[Scope]:
    """A collection, one in it, a workspace and a model."""
    secret = add(ScopeKind.COLLECTION, "secret")
    inner = add(ScopeKind.COLLECTION, "inner", secret)
    workspace = add(ScopeKind.WORKSPACE, "w", inner)
    return [secret, inner, workspace, add(ScopeKind.MODEL, "m", workspace)]


def test_what_gives_it_and_by_which_way(connection: Connection, place: list[Scope]) -> None:
    outer = group(connection, "outer")
    inner = group(connection, "inner", outer)
    join(connection, outer, inner)
    ann = person(connection, "ann", inner)
    give(connection, outer, "Reader", place[1])
    give(connection, ann, "Owner", place[3])
    found = explain(connection, ann, "user ann", Action.MODEL_INVOKE, place[3].id)
    assert (found.allowed, found.roles_wanted, found.givers, found.cut) == (True, (), (), ())
    path = "/…/collection/inner/workspace/w/model/m"
    assert found.grants == (
        Grant("Reader", "/…/collection/inner", ("inner", "outer")),
        Grant("Owner", path, ()),
    )


def test_what_is_missing_and_who_could_give_it(connection: Connection, place: list[Scope]) -> None:
    ann, boss = person(connection, "ann"), person(connection, "boss")
    admins = group(connection, "admins")
    person(connection, "gone", active=False)
    give(connection, ann, "Data reader", place[3])
    give(connection, boss, "Owner", place[0])
    give(connection, admins, "Collection administrator", server_scope(connection))
    give(connection, "user gone", "Owner", place[3])
    of_her_own = explain(connection, ann, "user ann", Action.MODEL_INVOKE, place[3].id)
    assert not of_her_own.allowed
    assert (of_her_own.roles_held, of_her_own.grants) == (("Data reader",), ())
    assert of_her_own.roles_wanted == ("Reader", "Contributor", "Owner")
    # She may not see who has which role.
    assert of_her_own.givers == ()
    for asker in (boss, SYSTEM):
        asked = explain(connection, asker, "user ann", Action.MODEL_INVOKE, place[3].id)
        assert asked.givers[:2] == ("admins", "boss") and "gone" not in asked.givers
        assert (asked.allowed, asked.roles_held) == (False, ("Data reader",))


def test_a_cut_is_named_to_who_may_see_it(connection: Connection, place: list[Scope]) -> None:
    ann = person(connection, "ann")
    give(connection, ann, "Reader", place[0])
    give(connection, ann, "Data reader", place[3])
    set_restricted(connection, place[1].id, True)
    found = explain(connection, ann, "user ann", Action.MODEL_READ, place[3].id)
    assert (found.allowed, found.grants) == (False, ())
    assert found.cut == (Grant("Reader", "/collection/secret", (), cut_at=""),)
    (seen,) = explain(connection, SYSTEM, "user ann", Action.MODEL_READ, place[3].id).cut
    assert seen == Grant("Reader", "/collection/secret", (), cut_at="/collection/secret/collection/inner")


def test_nothing_is_named_that_the_asker_may_not_see(connection: Connection, place: list[Scope]) -> None:
    circle = group(connection, "circle")
    person(connection, "ann", circle)
    give(connection, circle, "Reader", place[0])
    asker = person(connection, "asker")
    give(connection, asker, "Reader", place[3])
    found = explain(connection, asker, "user ann", Action.MODEL_READ, place[3].id)
    assert found.grants == (Grant("Reader", None, (None,)),)
    assert "secret" not in str(found) and "circle" not in str(found)


def test_who_may_ask(connection: Connection, place: list[Scope]) -> None:
    ann, bob = person(connection, "ann"), person(connection, "bob")
    with pytest.raises(NotFoundError):
        explain(connection, ann, "user ann", Action.MODEL_READ, place[3].id)
    with pytest.raises(NotFoundError):
        explain(connection, Actor(None, "nobody", Via.PASSWORD), "user ann", Action.MODEL_READ, place[3].id)
    give(connection, bob, "Data reader", place[3])
    with pytest.raises(ForbiddenError):
        explain(connection, bob, "user ann", Action.MODEL_READ, place[3].id)
    with pytest.raises(NotFoundError):
        explain(connection, SYSTEM, "user ann", Action.MODEL_READ, 10_000)
    with pytest.raises(NotFoundError, match="no user"):
        explain(connection, SYSTEM, "nobody", Action.MODEL_READ, place[3].id)


def test_an_inactive_account_and_a_narrow_token_are_told(connection: Connection, place: list[Scope]) -> None:
    person(connection, "gone", active=False)
    give(connection, "user gone", "Reader", place[3])
    found = explain(connection, SYSTEM, "user gone", Action.MODEL_READ, place[3].id)
    assert (found.allowed, found.active, found.grants) == (False, False, ())
    ann = person(connection, "ann")
    give(connection, ann, "Reader", place[3])
    token = replace(ann, via=Via.TOKEN, actions=frozenset({"table.read"}))
    assert explain(connection, token, "user ann", Action.MODEL_READ, place[3].id).token_narrows
    assert not explain(connection, ann, "user ann", Action.MODEL_READ, place[3].id).token_narrows
