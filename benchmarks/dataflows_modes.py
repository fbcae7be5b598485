"""What refreshing only what changed has to reach: ``python benchmarks/dataflows_modes.py [--rows N] [--only CASE …]``.

One entity of so many rows (a million) and fourteen columns is staged and committed again and again, without a dataflow
around it, so that each figure is of the mode alone. CPU seconds are those of this process and of the model's. Prints
each measurement, and last one JSON object {case: {ours, against, ratio, target, met}}. The cases:

- ``model``: a keyed entity that calls a model, 0.1% of its rows changed, anywhere, against all rows scored.
- ``plain``: a keyed entity that calls none, 0.1% changed anywhere, against the mode "full", from Parquet and from CSV.
- ``appended``: the same where the changes are new rows at the end.
- ``same``: ten keyed entities of which nothing has changed, in seconds.
- ``periods``: three days of two years computed anew, against the mode "full".

It needs the extra ``demo`` and the dependency group ``bench``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from headwater.dataflows.definitions.settings import EntitySettings, Partitions, Periods
from headwater.dataflows.staging import EntityWork, Previous, StagedRows, stage_entity
from headwater.models.functions import ModelFunction
from headwater.models.ledger import Ledger, LedgerPredictions
from headwater.models.results import ResultForm
from headwater.models.run import Calling
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.workers.process import WorkerScorer
from headwater.plan.nodes import Call, Column, Node, select
from headwater.powerquery import PlanTable, Session, Value, evaluate_queries, to_plan_table
from headwater.store import Database, open_database
from headwater.tables import commit, schema
from headwater.workspaces.mlflow.extract import parse_mlmodel

CASES = ("model", "plain", "appended", "same", "periods")
FEATURES = [f"c{number}" for number in range(12)]
TIMES = 3
PARQUET = "Parquet.Document(File.Contents(Path))"
CSV = (
    """Table.TransformColumnTypes(
    Table.PromoteHeaders(Csv.Document(File.Contents(Path), [Delimiter = ",", Encoding = 65001])),
    {{"id", Int64.Type}, """
    + ", ".join(f'{{"{name}", type number}}' for name in FEATURES)
    + "})"
)
RANGED = f"Table.SelectRows({PARQUET}, each [at] >= RangeStart and [at] < RangeEnd)"


@dataclass
class Results:
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, case: str, ours: float, against: float, target: float) -> None:
        """``ours`` may be at most ``target`` times ``against``."""
        ratio = ours / against
        self.cases[case] = {"ours": ours, "against": against, "ratio": ratio, "target": target, "met": ratio <= target}
        met = "met" if ratio <= target else "NOT MET"
        print(
            f"{case:40} ours {ours:9.3f}  against {against:9.3f}  ratio {ratio:6.3f}  <= {target:g}  {met}", flush=True
        )


class Source:
    """A file whose rows change."""

    def __init__(self, path: Path, rows: int, seed: int = 1) -> None:
        self.path = path
        self._random = np.random.default_rng(seed)
        self.columns = {name: self._random.normal(size=rows) for name in FEATURES}
        self.write()

    def write(self) -> None:
        count = len(self.columns["c0"])
        moments = pa.array(np.arange(count) * (63_072_000_000_000 // count) + 1_640_995_200_000_000, pa.timestamp("us"))
        columns: dict[str, Any] = {"id": np.arange(count), **self.columns}
        table = pa.table({**columns, "name": [f"name {n}" for n in range(count)]})
        if self.path.suffix == ".csv":
            pyarrow.csv.write_csv(table, self.path)
        else:
            pq.write_table(table.append_column("at", moments), self.path, row_group_size=100_000)

    def change(self) -> None:
        """A thousandth of the rows, anywhere."""
        count = len(self.columns["c0"])
        self.columns["c0"][self._random.choice(count, count // 1000, replace=False)] += 1.0
        self.write()

    def append(self) -> None:
        """A thousandth of the rows more."""
        count = len(self.columns["c0"]) // 1000
        self.columns = {n: np.concatenate([old, self._random.normal(size=count)]) for n, old in self.columns.items()}
        self.write()


class Entity:
    """A table that is staged and committed again and again."""

    def __init__(self, folder: Path, settings: EntitySettings, query: str, path: Path) -> None:
        self.folder = folder
        self.settings = settings
        self.query = query
        self.path = path
        self.previous: Previous | None = None
        self.refreshes = 0
        self.plan: Callable[[Node], Node] = lambda node: node
        self.cpu: Callable[[], float] = lambda: 0.0

    def refresh(self, *, full: bool = False) -> tuple[float, float, StagedRows]:
        """CPU seconds, seconds, and what was staged."""
        cpu, wall = time.process_time() + self.cpu(), time.perf_counter()
        staged = stage_entity(self._work(full))
        self.refreshes += 1
        version = commit(self.folder, staged.staged, transaction=str(self.refreshes))
        spent = time.process_time() + self.cpu() - cpu, time.perf_counter() - wall
        columns = schema(self.folder, version)
        self.previous = Previous(version, staged.staged.rows, columns, staged.state)
        return *spent, staged

    def _work(self, full: bool) -> EntityWork:
        now = datetime(2024, 1, 1, tzinfo=UTC) - timedelta(hours=1)
        return EntityWork(
            "entity", self.settings, "null", self.folder, self.previous, full, now, self._evaluate, lambda rows: rows
        )

    def _evaluate(self, parameters: Mapping[str, Value]) -> PlanTable:
        session = Session(environment={**parameters, "Path": str(self.path)}, folders=(self.path.parent,))
        table = to_plan_table(evaluate_queries({"q": self.query}, session, {}).get("q"), session)
        return PlanTable(self.plan(table.plan), session)


def keyed(folder: Path, query: str, path: Path) -> Entity:
    return Entity(folder, EntitySettings("keyed", ("id",)), query, path)


def middle(found: list[float]) -> float:
    return statistics.median(found)


class Bench:
    def __init__(self, folder: Path, rows: int) -> None:
        self.folder = folder
        self.rows = rows
        self.results = Results()

    def model(self) -> None:
        database = open_database(f"sqlite:///{self.folder}/headwater.db")
        for name in ("lr", "gb"):
            self._model(name, database)
        database.close()

    def _model(self, name: str, database: Database) -> None:
        source = Source(self.folder / f"model-{name}.parquet", self.rows)
        folder = train(name, self.folder / name, source)
        declared, _ = parse_mlmodel((folder / "MLmodel").read_bytes(), name)
        assert declared is not None
        signature = from_mlflow(declared.inputs, declared.outputs, declared.params, model=name)
        scorer = WorkerScorer(folder, signature, name=name, log=self.folder / f"{name}.log")
        ledger = Ledger(self.folder / "ledger", database)
        ledger.register(name, {})
        calling = Calling(name, signature, lambda: scorer, lambda: None, ResultForm(signature))
        scorer.score(pa.RecordBatch.from_pydict({n: [0.0] for n in FEATURES}, schema=signature.wire_schema))

        def plan(node: Node) -> Node:
            function = ModelFunction(name, "1", calling, predictions=lambda _: LedgerPredictions(ledger, name))
            arguments = tuple(column.id for column in node.columns if column.name in FEATURES)
            called = Call(node, function, arguments, Column("p", "p", function.result, True))
            return select(called, called.columns)

        entity = keyed(self.folder / f"keyed-{name}", PARQUET, source.path)
        entity.plan, entity.cpu = plan, scorer.cpu_seconds
        full, _, _ = entity.refresh()
        changed = []
        for _ in range(TIMES):
            source.change()
            cpu, _, staged = entity.refresh()
            assert staged.updated == self.rows // 1000
            changed.append(cpu)
        self.results.add(f"model {name}: CPU s, 0.1% changed", middle(changed), full, 0.25)
        scorer.close()

    def plain(self) -> None:
        for kind, query in (("parquet", PARQUET), ("csv", CSV)):
            self._against_full(f"plain {kind}", kind, query, Source.change, 1.0)

    def appended(self) -> None:
        self._against_full("appended parquet", "parquet", PARQUET, Source.append, 1.0)

    def _against_full(self, case: str, kind: str, query: str, change: Callable[[Source], None], target: float) -> None:
        source = Source(self.folder / f"{case}.{kind}", self.rows)
        one = keyed(self.folder / f"{case} keyed", query, source.path)
        other = Entity(self.folder / f"{case} full", EntitySettings(), query, source.path)
        found: dict[str, list[float]] = {"keyed": [], "full": []}
        for number in range(TIMES + 1):
            for name, entity in (("keyed", one), ("full", other)):
                cpu, _, _ = entity.refresh()
                if number:
                    found[name].append(cpu)
            change(source)
        self.results.add(f"{case}: CPU s, 0.1% changed", middle(found["keyed"]), middle(found["full"]), target)

    def same(self) -> None:
        source = Source(self.folder / "same.parquet", self.rows // 10)
        entities = [keyed(self.folder / f"same-{number}", PARQUET, source.path) for number in range(10)]
        for entity in entities:
            entity.refresh()
        wall = sum(entity.refresh()[1] for entity in entities)
        self.results.add(f"same: s for 10 entities of {self.rows // 10:,} rows", wall, 3.0, 1.0)

    def periods(self) -> None:
        source = Source(self.folder / "periods.parquet", self.rows)
        partitions = Partitions(Periods(2, "years"), Periods(2, "days"))
        one = Entity(self.folder / "periods", EntitySettings("partitioned", partitions=partitions), RANGED, source.path)
        other = Entity(self.folder / "periods full", EntitySettings(), PARQUET, source.path)
        found: dict[str, list[float]] = {"ours": [], "full": []}
        for number in range(TIMES + 1):
            for name, entity in (("ours", one), ("full", other)):
                cpu, _, _ = entity.refresh()
                if number:
                    found[name].append(cpu)
        self.results.add("periods: CPU s, 3 days of 2 years", middle(found["ours"]), middle(found["full"]), 1.0)


def train(name: str, folder: Path, source: Source) -> Path:
    """A model over the twelve columns, saved as MLflow saves it."""
    import lightgbm
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame: Any = pd.DataFrame({n: values[:50_000] for n, values in source.columns.items()})
    target: Any = (frame["c0"] + frame["c1"] * frame["c2"] > 0).astype(int)
    made: Any = make_pipeline(StandardScaler(), LogisticRegression())
    save: Any = mlflow.sklearn
    if name == "gb":
        made, save = lightgbm.LGBMClassifier(n_estimators=100, n_jobs=1, verbose=-1), mlflow.lightgbm
    made.fit(frame, target)
    save.save_model(made, folder, signature=infer_signature(frame, made.predict(frame)))
    return folder


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="headwater-modes-") as folder:
        bench = Bench(Path(folder), asked.rows)
        for case in asked.only:
            getattr(bench, case)()
    print(json.dumps(bench.results.cases))


if __name__ == "__main__":
    main()
