"""Ingest: the whole catalog through Atlas's endpoint, 500 entities a request, from one client.

The clock stops when a search finds the last entity and its lineage is told.
"""

from __future__ import annotations

import time

import httpx
from benchmarks.catalog_cases.graph import Graph
from benchmarks.catalog_cases.server import Served
from benchmarks.dataflow_cases.measuring import Results

TARGET = 3_000.0


def ingest(served: Served, graph: Graph, collections: list[str], results: Results, kind: str) -> list[str]:
    """Send everything, the batches into these collections in turn; returns the guids, by the entities' numbers."""
    bodies = list(graph.batches())
    guids: list[str] = [""] * len(graph.entities)
    with served.client() as client:
        began, cpu = time.perf_counter(), served.cpu()
        for at, body in enumerate(bodies):
            answer = post(client, body, collections[at % len(collections)])
            for placeholder, guid in answer["guidAssignments"].items():
                guids[-1 - int(placeholder)] = guid
            if at % 50 == 49:
                print(f"  {(at + 1) * 500 / (time.perf_counter() - began):,.0f} entities/s", flush=True)
        sent = time.perf_counter() - began
        last = graph.entities[graph.processes[-1]]["attributes"]["name"]
        found = client.post("/api/search", json={"keywords": f'"{last}"', "limit": 10}).raise_for_status().json()
        assert guids[graph.processes[-1]] in {each["guid"] for each in found["value"]}
        told = client.get(f"/datamap/api/atlas/v2/lineage/{guids[graph.processes[-1]]}", params={"direction": "INPUT"})
        assert told.raise_for_status().json()["relations"]
        spent, cpu = time.perf_counter() - began, served.cpu() - cpu
    count, edges = len(graph.entities), len(graph.edges) + graph.column_edges
    print(
        f"  {count:,} entities, {edges:,} edges: sent in {sent:.1f} s, found after {spent - sent:.1f} s more;"
        f" the server's CPU {cpu:.1f} s, its memory {served.memory() / 1e6:,.0f} MB"
    )
    results.add(f"ingest {kind}: entities/s, search and lineage up to date", count / spent, TARGET, 1, at_least=True)
    return guids


def post(client: httpx.Client, body: bytes, collection: str | None = None) -> dict[str, dict[str, str]]:
    """Send a batch; its answer."""
    answer = client.post(
        "/datamap/api/atlas/v2/entity/bulk",
        content=body,
        params={} if collection is None else {"collectionId": collection},
        headers={"Content-Type": "application/json"},
    )
    if answer.is_error:
        raise RuntimeError(answer.text[:1000])
    found: dict[str, dict[str, str]] = answer.json()
    return found
