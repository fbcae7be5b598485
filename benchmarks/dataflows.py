"""What dataflows have to reach: ``python benchmarks/dataflows.py [--only CASE …] [--rows 1000000]``.

Prints each measurement, and last one JSON object {case: {ours, against, ratio, target, met}}. The cases:

- ``model``: a keyed entity that calls a model, 0.1% of its rows changed, against all rows scored; a LightGBM model and
  a logistic pipeline.
- ``plain``: a keyed entity that calls none, 0.1% changed anywhere in one column, against the mode "full", from Parquet
  and from CSV; ``rows_changed``: in all columns of numbers; ``appended``: 0.1% new rows at the end.
- ``same``: ten keyed entities of which nothing has changed, in seconds.
- ``periods``: three days of two years computed anew, against the mode "full".
- ``odata``: rows per second over HTTP with $filter and $orderby, and the last page against the first.
- ``claims``: 1,000 dataflows that are due: each claimed once, and claims per second, on PostgreSQL and SQLite.

Refreshes are those of saved dataflows through the application; CPU seconds are those of all processes. It needs the
extra ``demo`` and the dependency group ``bench``.
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

from benchmarks.dataflow_cases import claims, odata
from benchmarks.dataflow_cases.measuring import Results
from benchmarks.dataflow_cases.refreshes import Bench

REFRESHES = ("model", "plain", "rows_changed", "appended", "same", "periods")
CASES = (*REFRESHES, "odata", "claims")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    results = Results()
    for case in asked.only:
        with tempfile.TemporaryDirectory(prefix="headwater-dataflows-") as folder:
            if case in REFRESHES:
                getattr(Bench(Path(folder), asked.rows, results), case)()
            elif case == "odata":
                odata.measure(Path(folder), asked.rows, results)
            else:
                claims.measure(results)
    print(json.dumps(results.cases))


if __name__ == "__main__":
    main()
