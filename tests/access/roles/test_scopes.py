"""The tree: what may lie where, moving, removing, paths."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection
from tests.access.roles.support import give, person

from headwater.access import (
    Scope,
    ScopeKind,
    add_scope,
    add_scopes,
    check,
    display_path,
    find_scope,
    get_scope,
    move_scope,
    remove_scope,
    rename_scope,
    server_scope,
    set_restricted,
    set_subscription,
)
from headwater.errors import ConflictError, NotFoundError, UsageError

Add = Callable[..., Scope]


def test_a_path_means_one_scope_whatever_is_in_its_names(connection: Connection, add: Add) -> None:
    finance = add(ScopeKind.COLLECTION, "Finance / %2F")
    same_name = [add(kind, "sales", finance) for kind in (ScopeKind.DATAFLOW, ScopeKind.CONNECTION)]
    paths = [display_path(connection, scope.id) for scope in same_name]
    assert paths[0] == "/collection/Finance %2F %252F/dataflow/sales"
    assert [find_scope(connection, path) for path in paths] == same_name
    assert find_scope(connection, "/").id == server_scope(connection)
    assert display_path(connection, server_scope(connection)) == "/"


@pytest.mark.parametrize("path", ["collection/a", "/collection", "", "//"])
def test_what_is_no_path_is_told(connection: Connection, path: str) -> None:
    with pytest.raises((UsageError, NotFoundError)):
        find_scope(connection, path)


def test_kinds_lie_where_they_belong(connection: Connection, add: Add) -> None:
    collection, subscription = add(ScopeKind.COLLECTION, "c"), add(ScopeKind.SUBSCRIPTION, "s")
    for kind in (ScopeKind.MODEL, ScopeKind.PUBLISHED_TABLE, ScopeKind.SERVER):
        with pytest.raises(UsageError, match="cannot lie under"):
            add(kind, "x", collection)
    with pytest.raises(UsageError):
        add(ScopeKind.WORKSPACE, "x", subscription)
    with pytest.raises(UsageError):
        set_subscription(connection, collection.id, subscription.id)
    with pytest.raises(UsageError):
        set_subscription(connection, add(ScopeKind.WORKSPACE, "w", collection).id, collection.id)
    with pytest.raises(UsageError):
        set_restricted(connection, subscription.id, True)
    with pytest.raises(UsageError):
        add(ScopeKind.COLLECTION, " ")
    with pytest.raises(NotFoundError):
        add_scope(connection, ScopeKind.COLLECTION, "x", 10_000)


def test_a_name_is_taken_once_under_a_parent(connection: Connection, add: Add) -> None:
    first, second = add(ScopeKind.COLLECTION, "a"), add(ScopeKind.COLLECTION, "b")
    inner = add(ScopeKind.COLLECTION, "a", second)
    with pytest.raises(ConflictError):
        add(ScopeKind.COLLECTION, "a")
    with pytest.raises(ConflictError):
        rename_scope(connection, second.id, "a")
    with pytest.raises(ConflictError):
        move_scope(connection, inner.id, server_scope(connection))
    assert rename_scope(connection, first.id, "A").name == "A"
    assert move_scope(connection, inner.id, server_scope(connection)).name == "a"


def test_a_collection_does_not_go_into_itself(connection: Connection, add: Add) -> None:
    outer = add(ScopeKind.COLLECTION, "outer")
    inner = add(ScopeKind.COLLECTION, "inner", outer)
    for below in (outer, inner):
        with pytest.raises(UsageError):
            move_scope(connection, outer.id, below.id)
    with pytest.raises(UsageError):
        move_scope(connection, server_scope(connection), inner.id)


def test_many_are_added_at_once_and_inherit(connection: Connection, add: Add) -> None:
    outer = add(ScopeKind.COLLECTION, "outer")
    workspace = add(ScopeKind.WORKSPACE, "w", outer)
    ann = person(connection, "ann")
    give(connection, ann, "Reader", outer)
    made = add_scopes(connection, ScopeKind.MODEL, ["b", "a", "b"], workspace.id)
    assert list(made) == ["b", "a"]
    assert all(check(connection, "user ann", "model.read", scope) for scope in made.values())
    with pytest.raises(ConflictError, match="'a'"):
        add_scopes(connection, ScopeKind.MODEL, ["c", "a"], workspace.id)
    assert add_scopes(connection, ScopeKind.MODEL, [], workspace.id) == {}


def test_removing(connection: Connection, add: Add) -> None:
    collection, subscription = add(ScopeKind.COLLECTION, "c"), add(ScopeKind.SUBSCRIPTION, "s")
    workspace = add(ScopeKind.WORKSPACE, "w", collection)
    set_subscription(connection, workspace.id, subscription.id)
    model = add(ScopeKind.MODEL, "m", workspace)
    ann = person(connection, "ann")
    give(connection, ann, "Reader", subscription)
    give(connection, ann, "Reader", model)
    with pytest.raises(ConflictError, match="not empty"):
        remove_scope(connection, collection.id)
    with pytest.raises(UsageError):
        remove_scope(connection, server_scope(connection))
    assert check(connection, "user ann", "model.read", workspace.id)
    assert remove_scope(connection, subscription.id).assignments == 1
    assert get_scope(connection, workspace.id).subscription_id is None
    assert not check(connection, "user ann", "model.read", workspace.id)
    removed = remove_scope(connection, workspace.id)
    assert (removed.scope_ids, removed.assignments) == ((workspace.id, model.id), 1)
    with pytest.raises(NotFoundError):
        get_scope(connection, model.id)
    remove_scope(connection, collection.id)
    # A token for a scope that is gone must not open the next one.
    assert add(ScopeKind.COLLECTION, "later").id > model.id


def test_a_second_parent_does_not_lead_around_a_restricted_collection(connection: Connection, add: Add) -> None:
    collection, subscription = add(ScopeKind.COLLECTION, "c"), add(ScopeKind.SUBSCRIPTION, "s")
    workspace = add(ScopeKind.WORKSPACE, "w", collection)
    set_subscription(connection, workspace.id, subscription.id)
    ann, bob, eve = (person(connection, name) for name in ("ann", "bob", "eve"))
    give(connection, ann, "Reader", server_scope(connection))
    give(connection, bob, "Reader", subscription)
    give(connection, eve, "Collection administrator", server_scope(connection))
    set_restricted(connection, collection.id, True)
    assert not check(connection, "user ann", "model.read", workspace.id)
    assert check(connection, "user bob", "model.read", workspace.id)
    assert check(connection, "user eve", "roles.assign", workspace.id)
    set_restricted(connection, collection.id, False)
    assert check(connection, "user ann", "model.read", workspace.id)
