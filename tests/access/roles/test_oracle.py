"""The SQL against the rules written out in plain Python, over worlds that Hypothesis makes up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select
from tests.access.databases import new_postgresql_database, new_sqlite_database
from tests.access.roles.support import NOW
from tests.access.roles.world import World, make_people, read_scopes

from headwater.access import (
    SYSTEM,
    Action,
    Listing,
    ScopeKind,
    add_scope,
    allowed,
    check,
    create_role,
    get_role,
    grant,
    install,
    may_see,
    move_scope,
    remove_scope,
    server_scope,
    set_restricted,
    set_subscription,
)
from headwater.access.actors import Actor, Via
from headwater.errors import HeadwaterError
from headwater.store import Database, open_database, tables

ACTIONS = (Action.MODEL_READ, Action.MODEL_INVOKE, Action.ROLES_ASSIGN)
BUILT_IN = ("Collection administrator", "Reader", "Owner")
PATTERNS = ("model.read", "model.invoke", "model.*", "roles.assign", "*.read", "*", "audit.read")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all examples, each of which is undone."""
    if request.param == "sqlite":
        url = new_sqlite_database(tmp_path_factory.mktemp("oracle"))
    else:
        url = new_postgresql_database(request.getfixturevalue("postgresql_folder"))
    database = open_database(url)
    with database.begin() as connection:
        install(connection, now=NOW)
    yield database
    database.close()


class _Undone(Exception):
    pass


@contextmanager
def undone(database: Database) -> Iterator[Connection]:
    with suppress(_Undone), database.begin() as connection:
        yield connection
        raise _Undone


def make_scopes(draw: Random, connection: Connection, world: World) -> None:
    """Collections in collections, workspaces with up to two parents, models; then some of it moved and removed."""
    root = server_scope(connection)
    collections, subscriptions, workspaces = [root], [], []
    for at in range(draw.randint(2, 6)):
        collections.append(add_scope(connection, ScopeKind.COLLECTION, f"c{at}", draw.choice(collections[-2:])).id)
    for at in range(2):
        subscriptions.append(add_scope(connection, ScopeKind.SUBSCRIPTION, f"s{at}", draw.choice(collections)).id)
    for collection in draw.sample(collections[1:], draw.randint(0, 2)):
        set_restricted(connection, collection, True)
    for at in range(draw.randint(1, 4)):
        subscription = draw.choice([None, *subscriptions])
        parent = draw.choice(collections)
        made = add_scope(connection, ScopeKind.WORKSPACE, f"w{at}", parent, subscription_id=subscription).id
        workspaces.append(made)
        add_scope(connection, ScopeKind.MODEL, "m", made)
    for _ in range(draw.randint(0, 4)):
        scope = draw.choice([*collections[1:], *subscriptions, *workspaces])
        # What the tree refuses (a cycle, a collection with something in it) leaves it as it was.
        with suppress(HeadwaterError):
            match draw.choice(["move", "move", "attach", "restrict", "remove"]):
                case "move":
                    move_scope(connection, scope, draw.choice(collections))
                case "attach":
                    set_subscription(connection, scope, draw.choice([None, *subscriptions]))
                case "restrict":
                    set_restricted(connection, scope, draw.random() < 0.5)
                case _:
                    remove_scope(connection, scope)
    read_scopes(connection, world)


def make_roles(draw: Random, connection: Connection, world: World, principals: list[str]) -> None:
    for name in BUILT_IN:
        role = get_role(connection, name)
        world.roles[name] = list(role.actions), list(role.not_actions), name == "Collection administrator"
    for at in range(2):
        actions, exceptions = draw.sample(PATTERNS, 2), draw.sample(PATTERNS, draw.randint(0, 2))
        with suppress(HeadwaterError):
            create_role(connection, SYSTEM, f"r{at}", actions=actions, not_actions=exceptions)
            world.roles[f"r{at}"] = actions, exceptions, False
    world.assignments = {
        (draw.choice(principals), draw.choice(sorted(world.roles)), draw.choice(sorted(world.parents)))
        for _ in range(draw.randint(1, 6))
    }
    for principal, given_role, scope in world.assignments:
        assert grant(connection, SYSTEM, principal, given_role, scope, now=NOW).changed


def assert_ancestors(connection: Connection, world: World) -> None:
    table = tables.scope_ancestors
    stored = {(row.ancestor_id, row.scope_id): row.cut for row in connection.execute(select(table))}
    assert stored == {
        (above, scope): not world.reaches(above, scope, passes=False)
        for scope in world.parents
        for above in world.above(scope)
    }


def assert_listing(connection: Connection, listing: Listing, expected: set[int]) -> None:
    """Pages, count and facets are of one and the same rows."""
    keys = [tables.scopes.c.name, tables.scopes.c.id]
    rows, after = [], None
    while True:
        page = listing.page(connection, keys, limit=2, after=after)
        rows += page.rows
        if (after := page.after) is None:
            break
    assert [row.id for row in rows] == [row.id for row in sorted(rows, key=lambda row: (row.name, row.id))]
    assert sorted(row.id for row in rows) == sorted(expected)
    assert listing.count(connection) == len(expected)
    kinds = [row.kind for row in rows]
    assert listing.facets(connection, tables.scopes.c.kind) == {kind: kinds.count(kind) for kind in set(kinds)}


def assert_agrees(draw: Random, connection: Connection, world: World, who: str) -> None:
    for action in ACTIONS:
        within = draw.choice([None, None, *sorted(world.parents)])
        expected = world.scopes_of(who, action, within)
        rights = allowed(who, action, within=within)
        assert set(connection.scalars(rights)) == expected
        assert_listing(connection, Listing(select(tables.scopes), tables.scopes.c.id, rights), expected)
        for scope in draw.sample(sorted(world.parents), 4):
            assert check(connection, who, action, scope, within=within) == (scope in expected)
    seen = world.scopes_of(who, None)
    actor = Actor(who, who, Via.SESSION)
    for scope in draw.sample(sorted(world.parents), 4):
        assert may_see(connection, actor, scope) == (scope in seen)


# A number stands for a world: worlds drawn value by value are mostly empty ones. 30 of them find every mutant.
@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_sql_and_rules_agree(shared: Database, seed: int) -> None:
    draw, world = Random(seed), World()
    with undone(shared) as connection:
        make_scopes(draw, connection, world)
        principals = make_people(draw, connection, world)
        make_roles(draw, connection, world, principals)
        assert_ancestors(connection, world)
        for who in principals[:3]:
            assert_agrees(draw, connection, world, who)
