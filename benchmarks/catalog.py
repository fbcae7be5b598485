"""What the catalog has to reach: ``python benchmarks/catalog.py [--only CASE …] [--small] [--database …]``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the cases

from benchmarks.catalog_cases import ingest, lineage
from benchmarks.catalog_cases.graph import Maker
from benchmarks.catalog_cases.server import database, served
from benchmarks.dataflow_cases.measuring import Results


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entities", type=int, default=200_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    if asked.small:
        asked.entities, asked.edges = 20_000, 100_000
    results = Results()
    graph = Maker(asked.entities, asked.edges).make()
    print(len(graph.entities), len(graph.edges), graph.column_edges, len(graph.processes), len(graph.datasets))
    for kind in asked.database:
        with (
            tempfile.TemporaryDirectory(prefix="headwater-catalog-") as folder,
            database(kind, Path(folder)),
            served(Path(folder) / "home") as server,
        ):
            guids = ingest.ingest(server, graph, results, kind)
            lineage.measure(server, graph, guids, results, kind)
    print(json.dumps(results.cases))


if __name__ == "__main__":
    main()
