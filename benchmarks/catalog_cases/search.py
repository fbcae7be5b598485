"""Search over HTTP by a person with 50 role assignments: facets counted, a page of 50 read from the database.

The catalog lies in 200 collections, of which the person reads 50. A tenth of the queries are words that 10 to 20 of a
hundred assets have, the others are two words, rarer words, beginnings of words and whole names.
"""

from __future__ import annotations

import random
import statistics
import time

from benchmarks.catalog_cases.graph import WORDS, Graph
from benchmarks.catalog_cases.lineage import percentile
from benchmarks.catalog_cases.server import Served, metadata
from benchmarks.dataflow_cases.measuring import Results
from sqlalchemy import select

from headwater.access import SYSTEM, grant
from headwater.access.people import create_user
from headwater.access.tokens import create_token
from headwater.store import tables, utc_now

COLLECTIONS, ASSIGNED, QUERIES = 200, 50, 300
FACETS = ["type", "collection", "assetType", "classification", "owner"]


def collections(served: Served) -> list[str]:
    """Make the collections that the catalog is to lie in; their names."""
    names = [f"team{number}" for number in range(COLLECTIONS)]
    with served.client() as client:
        for name in names:
            client.post("/api/collections", json={"name": name}).raise_for_status()
    return names


def person(served: Served) -> str:
    """Somebody who reads a quarter of the collections; their token."""
    database = metadata(served.home)
    place = tables.collections.c
    with database.begin() as connection:
        who = create_user(connection, "reader", by=SYSTEM, now=utc_now())
        found = connection.execute(select(place.name, place.scope_id).order_by(place.name)).all()
        readable = [row.scope_id for row in found if row.name.startswith("team")][:ASSIGNED]
        for scope in readable:
            grant(connection, SYSTEM, who.id, "Data reader", scope, now=utc_now())
        token = create_token(connection, who.id, "benchmark", by=SYSTEM, now=utc_now()).token
    database.close()
    return token


def queries(graph: Graph) -> list[str]:
    """What is asked for, the same in every run."""
    draw = random.Random(5)
    names = [graph.entities[number]["attributes"]["name"] for number in draw.sample(graph.datasets, QUERIES)]
    asked = []
    for at in range(QUERIES):
        rare = f"{draw.choice(WORDS[10:])} {draw.choice(WORDS[10:])}"
        both = f"{draw.choice(WORDS)} AND {draw.choice(WORDS)}"
        kinds = (both, rare, names[at], names[at][:7] + "*")
        asked.append(kinds[at % 4] if at % 10 else WORDS[at // 10 % 3])
    return asked


def measure(served: Served, graph: Graph, results: Results, kind: str) -> None:
    """Ask every query once, after as many that are not measured."""
    asked = queries(graph)
    times: list[float] = []
    found: list[int] = []
    with served.client(person(served)) as client:
        for text in [*asked[:30], *asked]:
            wanted = {"keywords": text, "facets": FACETS, "limit": 50}
            began = time.perf_counter()
            told = client.post("/api/search", json=wanted).raise_for_status().json()
            times.append(time.perf_counter() - began)
            found.append(told["total"])
    times, found = times[30:], found[30:]
    common = [count for at, count in enumerate(found) if at % 10 == 0]
    others = statistics.median(count for at, count in enumerate(found) if at % 10)
    print(f"  common words find {min(common):,} to {max(common):,}, the others {others:,.0f} (median)")
    print(f"  p50 {percentile(times, 0.5):.1f} ms, common words {percentile(times[::10], 0.5):.1f} ms")
    results.add(f"search {kind}: facets, 50 assignments, p95 ms", percentile(times, 0.95), 60, 1)
