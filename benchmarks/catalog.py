"""What the catalog has to reach: ``python benchmarks/catalog.py [--only CASE …] [--small] [--database KIND …]``.

Prints each measurement, and last one JSON object {case: {ours, against, ratio, target, met}}; ``against`` is the other
side, or the promise. The cases:

- ``ingest``: 200,000 entities with 1,000,000 edges, columns and processes among them, through Atlas's endpoint in
  batches of 500: entities per second until search and lineage have the last.
- ``lineage``, on that: six levels up (guids alone, entities in Atlas's form), against a closure by rustworkx with what
  is shown read from the database; pages of a fan-out that is 50,000 wide.
- ``search``, on that: with facets, trimmed for a person with 50 role assignments.
- ``scan``: full and incremental scans of an MLflow server with 2,000 models, 10,000 versions and 20,000 runs.

The first three are over HTTP, from a client to a server in a process of its own, on SQLite and on PostgreSQL. It needs
the dependency groups ``dev`` and ``bench``. ``--small`` is a tenth of the catalog.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
sys.path.insert(0, str(Path(__file__).parent.parent))  # for the cases

from benchmarks.catalog_cases import ingest, lineage, scan, search
from benchmarks.catalog_cases.graph import Maker
from benchmarks.catalog_cases.server import database, served
from benchmarks.dataflow_cases.measuring import Results

CASES = ("ingest", "lineage", "search", "scan")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--models", type=int, default=2_000)
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--signatures", type=int, default=500)
    asked = parser.parse_args()
    results = Results()
    if {"ingest", "lineage", "search"} & {*asked.only}:
        over_http(asked, results)
    if "scan" in asked.only:
        scan.run(asked, results)
    print(json.dumps(results.cases))


def over_http(asked: argparse.Namespace, results: Results) -> None:
    """The cases that ask a server; its catalog is sent in any case."""
    graph = Maker(20_000, 100_000).make() if asked.small else Maker(200_000, 1_000_000).make()
    for kind in asked.database:
        with (
            tempfile.TemporaryDirectory(prefix="headwater-catalog-") as folder,
            database(kind, Path(folder)),
            served(Path(folder) / "home") as server,
        ):
            guids = ingest.ingest(server, graph, search.collections(server), results, kind)
            if "search" in asked.only:
                search.measure(server, graph, results, kind)
            if "lineage" in asked.only:
                lineage.measure(server, graph, guids, results, kind)


if __name__ == "__main__":
    main()
