"""Refreshes of whole dataflows through the application, with and without models.

CPU seconds are those of this process and all below it; files are written between refreshes, when nobody measures. Of
some refreshes the median counts, after one that nobody measures.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.dataflow_cases.measuring import Results, Spent, measured, middle
from benchmarks.dataflow_cases.sources import FEATURES, Source, reading

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.workspaces.mlflow.local import LocalServer

TIMES = 5
FULL_TIMES = 2
KEYED = 'mode = "keyed"\nkey = ["id"]'
MODELS = {"gb": "LightGBM", "lr": "logistic pipeline"}


class Flows:
    """Dataflows in a home of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = Headwater.open(folder / "home", create=True, folders=(str(folder),))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.app.close()

    def save(self, name: str, queries: Mapping[str, str], settings: str = "", helpers: Mapping[str, str] = {}) -> str:
        """Save a dataflow that loads these queries, each with these settings."""
        folder = self.folder / "flows" / name
        folder.mkdir(parents=True)
        loaded = ", ".join(f'"{query}"' for query in queries)
        sections = "".join(f"[entities.{query}]\n{settings}\n" for query in queries)
        (folder / "dataflow.toml").write_text(f'[dataflow]\nname = "{name}"\nload = [{loaded}]\n{sections}', "utf-8")
        for query, text in {**queries, **helpers}.items():
            (folder / f"{query}.pq").write_text(text, "utf-8")
        self.app.apply(SYSTEM, folder)
        return name

    def refresh(self, name: str) -> tuple[Spent, Any]:
        """What a refresh spends, and what it tells."""
        with measured() as spent:
            result = self.app.refresh(SYSTEM, name)
        return spent, result


class Bench:
    """The cases; each adds to the results."""

    def __init__(self, folder: Path, rows: int, results: Results) -> None:
        self.folder = folder
        self.rows = rows
        self.results = results

    # -- without a model -------------------------------------------------------------------------------------------

    def plain(self) -> None:
        """A thousandth of the rows changed, anywhere."""
        for kind in ("parquet", "csv"):
            self._against_full(f"plain, {kind}", kind, Source.change)

    def rows_changed(self) -> None:
        """The same where a row that changed has other values in all columns."""
        self._against_full("plain, all columns, parquet", "parquet", Source.change_rows)

    def appended(self) -> None:
        """A thousandth of the rows more, at the end."""
        for kind in ("parquet", "csv"):
            self._against_full(f"appended, {kind}", kind, Source.append)

    def _against_full(self, case: str, kind: str, change: Callable[[Source], None]) -> None:
        folder = self.folder / case.replace(", ", "-").replace(" ", "-")
        folder.mkdir()
        source = Source(folder / f"source.{kind}", self.rows)
        with Flows(folder) as flows:
            query = {"rows": reading(source.path)}
            names = flows.save("keyed", query, KEYED), flows.save("full", query)
            keyed, full = self._in_turn(flows, names, lambda: change(source))
        self.results.add(f"{case}: CPU s, 0.1%", middle(keyed).cpu, middle(full).cpu, 1.0)

    def _in_turn(
        self, flows: Flows, names: tuple[str, str], change: Callable[[], None]
    ) -> tuple[list[Spent], list[Spent]]:
        """Refresh two dataflows in turn, each after every change, so that both meet the machine in the same state."""
        found: dict[str, list[Spent]] = {name: [] for name in names}
        for number in range(TIMES + 1):
            for name in names:
                spent, _ = flows.refresh(name)
                if number:
                    found[name].append(spent)
            change()
        return found[names[0]], found[names[1]]

    def same(self) -> None:
        """Ten entities of which nothing has changed."""
        rows = self.rows // 10
        folder = self.folder / "same"
        folder.mkdir()
        sources = [Source(folder / f"source-{n}.parquet", rows, seed=n) for n in range(10)]
        with Flows(folder) as flows:
            flows.save("same", {f"rows_{n}": reading(source.path) for n, source in enumerate(sources)}, KEYED)
            flows.refresh("same")
            spent = [flows.refresh("same")[0] for _ in range(TIMES)]
        self.results.add(f"same: s for 10 entities of {rows:,} rows", middle(spent).wall, 3.0, 1.0)

    def periods(self) -> None:
        """Three days of two years computed anew."""
        folder = self.folder / "periods"
        folder.mkdir()
        source = Source(folder / "source.parquet", self.rows)
        ranged = f"Table.SelectRows({reading(source.path)}, each [at] >= RangeStart and [at] < RangeEnd)"
        moment = '#datetime(2024, 1, 1, 0, 0, 0) meta [IsParameterQuery = true, Type = "DateTime"]'
        settings = 'mode = "partitioned"\nstore = "2 years"\nrefresh = "2 days"'
        with Flows(folder) as flows:
            flows.save("periods", {"rows": ranged}, settings, {"RangeStart": moment, "RangeEnd": moment})
            flows.save("full", {"rows": reading(source.path)})
            ours, full = self._in_turn(flows, ("periods", "full"), lambda: None)
        self.results.add("periods: CPU s, 3 days of 2 years", middle(ours).cpu, middle(full).cpu, 1.0)

    # -- with a model ----------------------------------------------------------------------------------------------

    def model(self) -> None:
        """A thousandth of the rows changed, anywhere, and a model scores each; against all rows scored."""
        folder = self.folder / "model"
        folder.mkdir()
        with LocalServer(folder / "mlflow") as server, Flows(folder) as flows:
            train(server.url)
            flows.app.sources.add(SYSTEM, "bench", "", "mlflow", server.url, trusted=True)
            for model, called in MODELS.items():
                self._model(flows, model, called)

    def _model(self, flows: Flows, model: str, called: str) -> None:
        def scored(source: Source) -> dict[str, str]:
            arguments = ", ".join(f"[{name}]" for name in FEATURES)
            called = f'Table.AddColumn({reading(source.path)}, "p", each bench.{model}({arguments}))'
            return {"rows": called}

        # Loads the model, before the clock runs.
        warm = Source(flows.folder / f"{model}-warm.parquet", 2_000, seed=99)
        flows.refresh(flows.save(f"{model}_warm", scored(warm)))
        full = []
        for number in range(FULL_TIMES):
            # Other rows each time: none of them is in the ledger.
            source = Source(flows.folder / f"{model}-{number}.parquet", self.rows, seed=10 + number)
            full.append(flows.refresh(flows.save(f"{model}_full_{number}", scored(source)))[0])
        source = Source(flows.folder / f"{model}.parquet", self.rows, seed=1)
        flows.refresh(flows.save(f"{model}_keyed", scored(source), KEYED))
        keyed = []
        for _ in range(TIMES):
            source.change()
            spent, result = flows.refresh(f"{model}_keyed")
            assert result.entities[0].summary.rows_scored == self.rows // 1000, result.entities[0].summary
            keyed.append(spent)
        self.results.add(f"model, {called}: CPU s, 0.1%", middle(keyed).cpu, middle(full).cpu, 0.25)


def train(url: str) -> None:
    """Train and register the models, in a process of its own as a data scientist would."""
    script = Path(__file__).with_name("training.py")
    subprocess.run([sys.executable, "-W", "ignore", str(script), url], check=True, timeout=600)
