"""Lineage over HTTP: six levels up, the guids alone and whole entities; a wide fan-out page by page.

Against it: the same closure in memory by rustworkx, with what is shown of each asset read from the database and written
as JSON, in a process that does nothing else.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson
import rustworkx
from benchmarks.catalog_cases.graph import Graph
from benchmarks.catalog_cases.ingest import post
from benchmarks.catalog_cases.server import Served, metadata
from benchmarks.dataflow_cases.measuring import Results
from sqlalchemy import Connection, select

from headwater.catalog.numbers import one_of
from headwater.store import tables

ATLAS = "/datamap/api/atlas/v2/lineage"
WIDE = 50_000


def percentile(times: list[float], share: float) -> float:
    """The time in milliseconds below which a share of all is."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def timed(ask: Callable[[str], Any], asked: list[str]) -> tuple[list[float], list[Any]]:
    """Seconds of each question, and the answers; each is asked once before, unmeasured."""
    for each in asked[:10]:
        ask(each)
    times, answers = [], []
    for each in asked:
        began = time.perf_counter()
        answers.append(ask(each))
        times.append(time.perf_counter() - began)
    return times, answers


def measure(served: Served, graph: Graph, guids: list[str], results: Results, kind: str, asked: int = 100) -> None:
    """All cases of lineage."""
    draw = random.Random(11)
    of = [guids[number] for number in draw.sample(graph.datasets[len(graph.datasets) // 2 :], asked)]
    with served.client() as client:

        def told(path: str, **query: Any) -> Callable[[str], Any]:
            return lambda guid: orjson.loads(client.get(path.format(guid), params=query).raise_for_status().content)

        cpu = served.cpu()
        ids, reached = timed(told("/api/lineage/{}/guids", direction="input", depth=6), of)
        cpu = (served.cpu() - cpu) / (asked + 10) * 1000
        whole, _ = timed(told(f"{ATLAS}/{{}}", direction="INPUT", depth=3), of)
        deep, deepest = timed(told(f"{ATLAS}/{{}}", direction="INPUT", depth=6), of[:20])
        own, _ = timed(told("/api/lineage/{}", direction="input", depth=6), of)
    sizes = [sum(map(len, each["up"])) for each in reached]
    print(f"  six edges up: {statistics.median(sizes):,.0f} assets, at most {max(sizes):,}; CPU {cpu:.1f} ms a request")
    print(f"  Atlas's six levels: {statistics.median(len(each['guidEntityMap']) for each in deepest):,.0f} entities")
    results.add(f"lineage {kind}: six levels up, guids, p50 ms", percentile(ids, 0.5), 10, 1)
    results.add(f"lineage {kind}: six levels up, guids, p95 ms", percentile(ids, 0.95), 50, 1)
    for name, times in (("Atlas, three", whole), ("Atlas, six", deep), ("our own, six edges", own)):
        print(
            f"  {name} levels with entities: p50 {percentile(times, 0.5):.1f} ms, p95 {percentile(times, 0.95):.1f} ms"
        )
    memory, found = in_memory(served, graph, guids, of)
    assert [set(each) for each in found] == [set().union(*each["up"]) for each in reached]
    case = f"lineage {kind}: six levels up with entities against rustworkx and hydration, p50 ms"
    results.add(case, percentile(whole, 0.5), percentile(memory, 0.5), 3)
    fan_out(served, results, kind)


def in_memory(served: Served, graph: Graph, guids: list[str], of: list[str]) -> tuple[list[float], list[list[str]]]:
    """Seconds and what is found, by a graph in memory."""
    digraph: Any = rustworkx.PyDiGraph(multigraph=False)
    digraph.add_nodes_from(range(len(graph.entities)))
    digraph.add_edges_from_no_data(graph.edges)
    with metadata(served.home).read() as connection:
        asset = tables.assets.c
        numbers = {row.guid: row.id for row in connection.execute(select(asset.guid, asset.id))}
        place = {guid: at for at, guid in enumerate(guids)}

        def found(guid: str) -> list[str]:
            level, known = [place[guid]], {place[guid]}
            for _ in range(6):
                level = [each for each in digraph_up(digraph, level) if each not in known]
                known.update(level)
            return hydrated(connection, [numbers[guids[each]] for each in known - {place[guid]}])

        return timed(found, of)


def digraph_up(digraph: Any, level: list[int]) -> set[int]:
    """What is one edge above."""
    return {above for each in level for above in digraph.predecessor_indices(each)}


def hydrated(connection: Connection, numbers: list[int]) -> list[str]:
    """What is shown of assets, read and written as JSON; their guids."""
    asset = tables.assets.c
    shown = (asset.guid, asset.type_name, asset.qualified_name, asset.display_name, asset.status)
    rows = connection.execute(select(*shown).where(one_of(connection, asset.id, numbers))).all()
    names = [column.name for column in shown]
    orjson.dumps({row[0]: dict(zip(map(str, names), row, strict=True)) for row in rows})
    return [row[0] for row in rows]


def fan_out(served: Served, results: Results, kind: str) -> None:
    """A dataset that 50,000 processes read, page by page, by Purview's paging and our own."""
    with served.client() as client:
        hub = {"typeName": "hive_table", "uniqueAttributes": {"qualifiedName": "hub@lab"}}
        named = {"qualifiedName": "hub@lab", "name": "hub"}
        answer = post(
            client, orjson.dumps({"entities": [{"typeName": "hive_table", "guid": "-1", "attributes": named}]})
        )
        guid = answer["guidAssignments"]["-1"]
        for start in range(0, WIDE, 500):
            readers = [
                {
                    "typeName": "hive_process",
                    "guid": str(-2 - at),
                    "attributes": {"qualifiedName": f"reader://{at}", "name": f"reader {at}", "inputs": [hub]},
                }
                for at in range(start, start + 500)
            ]
            post(client, orjson.dumps({"entities": readers}))
        times: dict[str, list[float]] = {"Purview's": [], "our own": []}
        for offset in range(0, WIDE, 2_500):
            page: dict[str, str | int] = {"direction": "OUTPUT", "offset": offset, "limit": 100}
            began = time.perf_counter()
            told = client.get(f"{ATLAS}/{guid}/next", params=page).raise_for_status().json()
            times["Purview's"].append(time.perf_counter() - began)
            assert len(told["relations"]) == 100 and told["childrenCount"] == WIDE
            began = time.perf_counter()
            client.get(f"/api/lineage/{guid}/neighbours", params=page | {"direction": "output"}).raise_for_status()
            times["our own"].append(time.perf_counter() - began)
        for name, each in times.items():
            print(f"  {name} pages: p50 {percentile(each, 0.5):.1f} ms")
            results.add(f"lineage {kind}: a page of 50,000, {name}, longest ms", max(each) * 1000, 100, 1)
        began = time.perf_counter()
        client.get(f"{ATLAS}/{guid}", params={"direction": "OUTPUT", "width": 100}).raise_for_status()
        print(f"  Atlas's graph of it, 100 wide: {(time.perf_counter() - began) * 1000:.1f} ms")
