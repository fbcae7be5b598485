"""Listings, counts, pages, single reads and uses of sources and connections against the rules in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select
from tests.access.databases import new_postgresql_database, new_sqlite_database
from tests.access.roles.support import give, group, person
from tests.workspaces.stored.support import PUBLIC, new_collection, secret_store, set_up

from headwater.access import SYSTEM, Actor, set_restricted
from headwater.access.builtin_roles import BUILT_IN_ROLES
from headwater.errors import HeadwaterError, NotFoundError
from headwater.store import Database, open_database, tables
from headwater.workspaces import ConnectionService, SourceService

ROLES = {
    role.name: (role.actions, role.not_actions, role.survives_cut)
    for role in BUILT_IN_ROLES
    if role.name in {"Owner", "Reader", "Data source administrator", "Connection user", "Connection manager",
                     "Collection administrator"}
}  # fmt: skip
_numbers = count()


@dataclass
class World:
    """What was put into the database, by the ids of scopes, and the rules."""

    parents: dict[int, int | None] = field(default_factory=dict)
    restricted: set[int] = field(default_factory=set)
    given: set[tuple[str, str, int]] = field(default_factory=set)
    groups: dict[str, set[str]] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    connections: dict[str, int] = field(default_factory=dict)

    def may(self, who: str, action: str, scope: int) -> bool:
        principals = {who} | self.groups[who]
        here, walled = scope, False
        while True:
            roles = [ROLES[role] for principal, role, at in self.given if principal in principals and at == here]
            if any(acts(role, action) and (role[2] or not walled) for role in roles):
                return True
            walled = walled or here in self.restricted
            above = self.parents[here]
            if above is None:
                return False
            here = above

    def seen(self, who: str, action: str, of: dict[str, int]) -> list[str]:
        return sorted(name for name, scope in of.items() if self.may(who, action, scope))


def acts(role: tuple[tuple[str, ...], tuple[str, ...], bool], action: str) -> bool:
    return any(fnmatchcase(action, each) for each in role[0]) and not any(fnmatchcase(action, each) for each in role[1])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all examples: each has a collection of its own, above which nobody has a role."""
    if request.param == "sqlite":
        url = new_sqlite_database(tmp_path_factory.mktemp("oracle"))
    else:
        url = new_postgresql_database(request.getfixturevalue("postgresql_folder"))
    database = open_database(url)
    set_up(database)
    yield database
    database.close()


def make(draw: Random, database: Database, tag: str) -> tuple[World, list[Actor]]:
    """A few collections in one another, some closed, sources and connections in them, people and groups with roles."""
    world = World()
    collections: dict[str, int] = {}
    with database.begin() as connection:
        for at in range(draw.randint(1, 4)):
            above = draw.choice(list(collections)) if collections else "root"
            scope = new_collection(connection, f"{tag}_c{at}", above)
            world.parents[scope] = collections.get(above)
            collections[f"{tag}_c{at}"] = scope
            if draw.random() < 0.3:
                set_restricted(connection, scope, True)
                world.restricted.add(scope)
        groups = [group(connection, f"{tag} {at}") for at in range(2)]
        people = [person(connection, f"{tag} {at}", *draw.sample(groups, draw.randint(0, 2))) for at in range(3)]
    fill(draw, database, world, collections, tag)
    with database.begin() as connection:
        for actor in people:
            world.groups[actor.user_id or ""] = members_of(connection, actor)
        for _ in range(draw.randint(1, 6)):
            who = draw.choice([*groups, *(actor.user_id or "" for actor in people)])
            grant = (who, draw.choice(sorted(ROLES)), draw.choice(sorted(world.parents)))
            world.given.add(grant)
            give(connection, *grant)
    return world, people


def members_of(connection: Connection, actor: Actor) -> set[str]:
    columns = tables.group_members.c
    return set(connection.scalars(select(columns.group_id).where(columns.member_id == actor.user_id)))


def fill(draw: Random, database: Database, world: World, collections: dict[str, int], tag: str) -> None:
    sources, connections = SourceService(database, secret_store()), ConnectionService(database, secret_store())
    for at in range(draw.randint(0, 3)):
        place = draw.choice(list(collections))
        source = sources.add(SYSTEM, f"{tag}_s{at}", "", "mlflow", PUBLIC, place)
        world.parents[source.scope_id] = collections[place]
        world.sources[source.name] = source.scope_id
        if draw.random() < 0.3:
            place = draw.choice(list(collections))
            sources.change(SYSTEM, source.name, collection=place)
            world.parents[source.scope_id] = collections[place]
    for at in range(draw.randint(0, 3)):
        place = draw.choice(list(collections))
        made = connections.add(SYSTEM, f"{tag}_d{at}", "Web", f"{PUBLIC}/{tag}/{at}", collection=place)
        world.parents[made.scope_id] = collections[place]
        world.connections[made.name] = made.scope_id
        if draw.random() < 0.2:
            connections.remove(SYSTEM, made.name)
            del world.parents[made.scope_id], world.connections[made.name]


def paged(listed: Callable[..., Any], actor: Actor, rows: str) -> list[str]:
    names: list[str] = []
    after = None
    while True:
        page = listed(actor, limit=1, after=after)
        names += [row.name for row in getattr(page, rows)]
        if (after := page.after) is None:
            return names


def found(get: Callable[[Actor, str], object], actor: Actor, names: dict[str, int]) -> list[str]:
    seen = []
    for name in names:
        with suppress(NotFoundError):
            get(actor, name)
            seen.append(name)
    return sorted(seen)


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_services_and_rules_agree(shared: Database, seed: int) -> None:
    world, people = make(Random(seed), shared, f"w{next(_numbers)}")
    sources, connections = SourceService(shared), ConnectionService(shared)
    ids = {one.name: one.id for one in connections.list(SYSTEM, limit=1_000).connections}
    for actor in people:
        who = actor.user_id or ""
        readable = world.seen(who, "source.read", world.sources)
        assert paged(sources.list, actor, "sources") == found(sources.get, actor, world.sources) == readable
        assert sources.count(actor) == len(readable)
        visible = world.seen(who, "connection.read", world.connections)
        assert paged(connections.list, actor, "connections") == visible
        assert found(connections.get, actor, world.connections) == visible
        assert connections.count(actor) == len(visible)
        usable = world.seen(who, "connection.use", world.connections)
        assert sorted(one.name for one in connections.usable(actor)) == usable
        resolved = []
        for name in world.connections:
            with suppress(HeadwaterError):
                connections.resolve(actor, ids[name], purpose="test")
                resolved.append(name)
        assert sorted(resolved) == usable
