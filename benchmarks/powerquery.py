"""What the M engine has to reach: ``python benchmarks/powerquery.py [--rows 5000000] [--pqtools PYTHON]``.

Every case is measured in one run, both sides as processes of their own: CPU seconds and peak resident memory are those
of the whole process, start included. Prints a table, and last one JSON object
{case: {ours, against, ratio, target, met}}.

- 5M rows of CSV with bad cells: types, filter, join, conditional column, group; against the SQL that one would write
  for DuckDB by hand: CPU seconds and peak memory; and with rows in M's order as the result, wall-clock seconds.
- a 1M-row CSV against pqtools (give the Python of an environment that has it): CPU seconds and peak memory.
- the first 1,000 rows of the last of 20 steps over that CSV, sort and group among them: seconds, process warm.
- a sort and group of 5M rows: peak memory, in MB.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

MEGABYTE = 1024 * 1024

TYPED = """
let
    Source = Csv.Document(File.Contents("{folder}/orders.csv"), [Delimiter = ",", Encoding = 65001]),
    Headed = Table.PromoteHeaders(Source),
    Typed = Table.TransformColumnTypes(Headed, {{{{"id", Int64.Type}}, {{"customer", Int64.Type}}, {{"day", type date}},
        {{"amount", type number}}, {{"status", type text}}}}, "en-US"),
    Good = Table.RemoveRowsWithErrors(Typed, {{"amount"}}),
    Large = Table.SelectRows(Good, each [amount] > 20 and [status] <> "void"),
    Customers = Table.TransformColumnTypes(
        Table.PromoteHeaders(Csv.Document(File.Contents("{folder}/customers.csv"))),
        {{{{"customer_id", Int64.Type}}, {{"region", type text}}}}, "en-US"),
    Joined = Table.NestedJoin(Large, {{"customer"}}, Customers, {{"customer_id"}}, "c", JoinKind.LeftOuter),
    Expanded = Table.ExpandTableColumn(Joined, "c", {{"region"}}),
    Banded = Table.AddColumn(Expanded, "band", each if [amount] > 500 then "high" else if [amount] > 100 then "middle"
        else "low", type text){rest}
"""

GROUPED = """,
    Grouped = Table.Group(Banded, {{"region", "band"}}, {{{{"total", each List.Sum([amount]), type number}},
        {{"rows", each Table.RowCount(_), Int64.Type}}}})
in
    Grouped
"""

SQL = """
WITH orders AS (
    SELECT TRY_CAST(id AS BIGINT) AS id, TRY_CAST(customer AS BIGINT) AS customer, TRY_CAST(day AS DATE) AS day,
        TRY_CAST(amount AS DOUBLE) AS amount, status, amount AS raw
    FROM read_csv('{folder}/orders.csv', header = true, all_varchar = true)
), customers AS (
    SELECT CAST(customer_id AS BIGINT) AS customer_id, region
    FROM read_csv('{folder}/customers.csv', header = true, all_varchar = true)
), banded AS (
    SELECT o.id, o.customer, o.day, o.amount, o.status, c.region,
        CASE WHEN amount > 500 THEN 'high' WHEN amount > 100 THEN 'middle' ELSE 'low' END AS band
    FROM orders o LEFT JOIN customers c ON o.customer = c.customer_id
    WHERE (amount IS NOT NULL OR raw IS NULL) AND amount > 20 AND status <> 'void'
)
"""

SQL_GROUPED = "SELECT region, band, sum(amount) AS total, count(*) AS rows FROM banded GROUP BY region, band"
SQL_ROWS = "SELECT * FROM banded"

MILLION = """
let
    Source = Csv.Document(File.Contents("{folder}/million.csv")),
    Headed = Table.PromoteHeaders(Source),
    Typed = Table.TransformColumnTypes(Headed, {{{{"id", Int64.Type}}, {{"value", type number}}}}),
    Large = Table.SelectRows(Typed, each [value] > 50),
    Doubled = Table.AddColumn(Large, "double", each [value] * 2, type number),
    Grouped = Table.Group(Doubled, {{"category"}}, {{{{"total", each List.Sum([double]), type number}},
        {{"rows", each Table.RowCount(_), Int64.Type}}}})
in
    Grouped
"""

STEPS = """
let
    Source = Csv.Document(File.Contents("{folder}/million.csv")),
    Headed = Table.PromoteHeaders(Source),
    Typed = Table.TransformColumnTypes(Headed, {{{{"id", Int64.Type}}, {{"value", type number}}}}, "en-US"),
    A = Table.AddColumn(Typed, "double", each [value] * 2, type number),
    B = Table.SelectRows(A, each [value] > 1),
    C = Table.AddColumn(B, "initial", each Text.Start([name], 5), type text),
    D = Table.RenameColumns(C, {{{{"name", "label"}}}}),
    E = Table.AddColumn(D, "large", each if [double] > 100 then "yes" else "no", type text),
    F = Table.TransformColumns(E, {{{{"label", Text.Upper, type text}}}}),
    G = Table.SelectRows(F, each [category] <> "c13"),
    H = Table.Group(G, {{"category", "large"}}, {{{{"total", each List.Sum([double]), type number}},
        {{"most", each List.Max([value]), type number}}, {{"rows", each Table.RowCount(_), Int64.Type}}}}),
    I = Table.AddColumn(H, "mean", each [total] / [rows], type number),
    J = Table.Join(A, "category", Table.RenameColumns(I, {{{{"category", "key"}}}}), "key"),
    K = Table.SelectColumns(J, {{"id", "category", "value", "double", "large", "mean"}}),
    L = Table.SelectRows(K, each [value] > [mean] / 4),
    M = Table.ReorderColumns(L, {{"category", "id"}}),
    N = Table.AddColumn(M, "share", each [double] / [mean], type number),
    O = Table.Sort(N, {{{{"share", Order.Descending}}, {{"id", Order.Ascending}}}}),
    P = Table.AddIndexColumn(O, "rank", 1, 1, Int64.Type),
    Q = Table.FirstN(P, 1000)
in
    Q
"""

SORTED = """
let
    Source = Csv.Document(File.Contents("{folder}/orders.csv")),
    Headed = Table.PromoteHeaders(Source),
    Typed = Table.TransformColumnTypes(Headed, {{{{"id", Int64.Type}}, {{"customer", Int64.Type}}}}, "en-US"),
    Sorted = Table.Sort(Typed, {{{{"status", Order.Ascending}}, {{"customer", Order.Descending}}}}),
    Grouped = Table.Group(Table.AddIndexColumn(Sorted, "at"), {{"customer"}},
        {{{{"first", each List.Min([at]), Int64.Type}}, {{"rows", each Table.RowCount(_), Int64.Type}}}})
in
    Grouped
"""

OURS = """
import sys
from headwater.powerquery import Session, evaluate, to_plan_table
settings = {{"memory_limit": sys.argv[2]}} if len(sys.argv) > 2 else {{}}
session = Session(folders=[{folder!r}], engine_settings=settings)
rows = sum(b.num_rows for b in to_plan_table(evaluate(open(sys.argv[1]).read(), session=session), session).reader())
assert not session.unfolded, session.unfolded
print(rows)
"""

BY_HAND = """
import sys, duckdb
rows = sum(b.num_rows for b in duckdb.connect().sql(open(sys.argv[1]).read()).to_arrow_reader(65536))
print(rows)
"""

PQTOOLS = """
import sys
from pqtools import evaluate
evaluate(open(sys.argv[1]).read(), max_steps=10**12)  # its own limit is a million
"""

WARM = """
import sys, time
from headwater.powerquery import Session, evaluate, to_text
text, other = open(sys.argv[1]).read(), open(sys.argv[2]).read()
to_text(evaluate(other, session=Session(folders=[{folder!r}])))
times = []
for _ in range(5):
    session = Session(folders=[{folder!r}])
    started = time.perf_counter()
    value = evaluate(text, session=session)
    rows = sum(1 for _ in value.rows())
    times.append(time.perf_counter() - started)
    assert not session.unfolded, session.unfolded
    assert rows == 1000
print(sorted(times)[2])
"""


@dataclass(frozen=True)
class Used:
    """What a process took."""

    cpu: float
    wall: float
    megabytes: float
    output: str


@dataclass(frozen=True)
class Case:
    """``ratio`` is ours / against, and has to be at most the target."""

    ours: float
    against: float
    target: float

    def to_json(self) -> dict[str, float | bool]:
        ratio = self.ours / self.against
        return {
            "ours": round(self.ours, 4),
            "against": round(self.against, 4),
            "ratio": round(ratio, 4),
            "target": self.target,
            "met": ratio <= self.target,
        }


def measured(command: Sequence[str], times: int = 1) -> Used:
    """The run of the least CPU time of several."""
    return min((_once(command) for _ in range(times)), key=lambda used: used.cpu)


def _once(command: Sequence[str]) -> Used:
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:3])} ended with {process.returncode}")
    wall = time.perf_counter() - started
    unit = MEGABYTE if sys.platform == "darwin" else 1024
    return Used(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / unit, output.strip())


def write_data(folder: Path, rows: int) -> None:
    """The CSV files, the same in every run."""
    draw = random.Random(7)
    states = ["open", "paid", "void", "sent", "hold"]
    with (folder / "orders.csv").open("w") as file:
        file.write("id,customer,day,amount,status\n")
        for at in range(rows):
            amount = "n/a" if at % 101 == 0 else f"{draw.random() * 1000:.2f}"
            day = f"2025-{at % 12 + 1:02d}-{at % 28 + 1:02d}"
            file.write(f"{at},{draw.randrange(20_000)},{day},{amount},{states[at % 5]}\n")
    with (folder / "customers.csv").open("w") as file:
        file.write("customer_id,region\n")
        file.writelines(f"{at},region {at % 40}\n" for at in range(18_000))
    with (folder / "million.csv").open("w") as file:
        file.write("id,category,value,name\n")
        for at in range(1_000_000):
            file.write(f"{at},c{at % 50},{draw.random() * 100:.4f},name{at}\n")


def compiled() -> None:
    """Byte code for the package, as pip makes it on installing; without, each start compiles all that it imports."""
    found = find_spec("headwater")
    assert found is not None and found.submodule_search_locations, "headwater is installed"
    compileall.compile_dir(found.submodule_search_locations[0], quiet=1)


def script(folder: Path, name: str, text: str) -> str:
    """A file with this text."""
    path = folder / name
    path.write_text(text)
    return str(path)


class Benchmark:
    """All cases over one folder of data."""

    def __init__(self, folder: Path, times: int) -> None:
        self.folder = folder
        self.times = times
        self.cases: dict[str, Case] = {}
        self.runner = script(folder, "ours.py", OURS.format(folder=str(folder)))
        self.by_hand = script(folder, "by_hand.py", BY_HAND)

    def ours(self, name: str, text: str, *more: str) -> Used:
        query = script(self.folder, f"{name}.pq", text.format(folder=self.folder))
        return measured([sys.executable, self.runner, query, *more], self.times)

    def sql(self, name: str, text: str) -> Used:
        query = script(self.folder, f"{name}.sql", text.format(folder=self.folder))
        return measured([sys.executable, self.by_hand, query], self.times)

    def add(self, name: str, case: Case) -> None:
        self.cases[name] = case
        made = case.to_json()
        print(f"{name:45} {made['ours']:>10} {made['against']:>10} {made['ratio']:>8} {case.target:>8} {made['met']}")

    def folded(self) -> None:
        """The 5M-row query, grouped and as rows."""
        grouped = TYPED.replace("{rest}", GROUPED)
        ours, theirs = self.ours("grouped", grouped), self.sql("grouped", SQL + SQL_GROUPED)
        assert ours.output == theirs.output, (ours, theirs)
        self.add("5m_grouped_cpu_seconds", Case(ours.cpu, theirs.cpu, 1.2))
        self.add("5m_grouped_peak_mb", Case(ours.megabytes, theirs.megabytes, 1.2))
        rows = TYPED.replace("{rest}", "\nin\n    Banded")
        ours, theirs = self.ours("rows", rows), self.sql("rows", SQL + SQL_ROWS)
        assert ours.output == theirs.output, (ours, theirs)
        self.add("5m_ordered_wall_seconds", Case(ours.wall, theirs.wall, 1.8))

    def million(self, pqtools: str | None) -> None:
        """The 1M-row CSV against pqtools."""
        ours = self.ours("million", MILLION)
        if pqtools is None:
            print("1M rows against pqtools: skipped, no environment with it was given (--pqtools PYTHON).")
            return
        query = script(self.folder, "pqtools.pq", MILLION.format(folder=self.folder))
        theirs = measured([pqtools, script(self.folder, "with_pqtools.py", PQTOOLS), query])
        self.add("1m_pqtools_cpu_seconds", Case(ours.cpu, theirs.cpu, 1 / 50))
        self.add("1m_pqtools_peak_mb", Case(ours.megabytes, theirs.megabytes, 1 / 4))

    def first_rows(self) -> None:
        """The first rows of the last of twenty steps."""
        warm = script(self.folder, "warm.py", WARM.format(folder=str(self.folder)))
        query = script(self.folder, "steps.pq", STEPS.format(folder=self.folder))
        other = script(self.folder, "other.pq", '#table({"a"}, {{1}})')
        used = measured([sys.executable, warm, query, other])
        self.add("first_1000_rows_seconds", Case(float(used.output), 0.3, 1))

    def larger_than_memory(self) -> None:
        """Sort and group with little memory."""
        used = self.ours("sorted", SORTED, "600MB")
        self.add("5m_sort_group_peak_mb", Case(used.megabytes, 1280, 1))


def main() -> None:
    """Run all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--pqtools", help="the Python of an environment with pqtools")
    parser.add_argument("--folder", type=Path, help="where the data is kept for the next run")
    arguments = parser.parse_args()
    compiled()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "million.csv").exists():
            write_data(folder, arguments.rows)
        benchmark = Benchmark(folder, arguments.times)
        print(f"{'case':45} {'ours':>10} {'against':>10} {'ratio':>8} {'target':>8} met")
        benchmark.folded()
        benchmark.million(arguments.pqtools)
        benchmark.first_rows()
        benchmark.larger_than_memory()
    print(json.dumps({name: case.to_json() for name, case in benchmark.cases.items()}))


if __name__ == "__main__":
    main()
