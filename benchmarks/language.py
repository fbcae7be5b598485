"""The M language by itself: reading a query, and running one function over a million rows outside any engine.

Run: ``python benchmarks/language.py [rows]``. Both sides of each comparison run in this process, one after the other,
the best of three in CPU time. The last line is JSON: ``{case: {ours, against, ratio, target, met}}``, in rows a second
for loops (``ratio`` is how many times as long we take) and in seconds for reading.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from headwater.powerquery import evaluate, on_deep_stack
from headwater.powerquery.language import parse_document
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values.core import List, Thunk

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
MOST_TIMES = 3.0
LEAST_ROWS_A_SECOND = 600_000
PARSE_SECONDS = 0.020

Numbers = list[int]
Rows = list[tuple[int, float]]


def cpu_seconds(work: Callable[[], object]) -> float:
    """The least CPU time of three runs."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def table_of(text: str, rows: Rows) -> Any:
    """A table made by M from rows that no engine holds."""
    return evaluate(text, environment={"T": RowTable.held(table_type(["a", "b"]), rows)})


def list_transform(numbers: Numbers) -> tuple[Callable[[], object], Callable[[], object]]:
    def ours() -> object:
        changed = evaluate("List.Transform(L, each _ * 2 + 1)", environment={"L": List(numbers)})
        return list(iter(changed))  # iterating evaluates every item

    def plain() -> object:
        result = []
        for number in numbers:
            result.append(number * 2 + 1)
        return result

    return ours, plain


def add_column_unfolded(rows: Rows) -> tuple[Callable[[], object], Callable[[], object]]:
    def ours() -> object:
        table = table_of('Table.AddColumn(T, "c", each [a] * 2 + 1)', rows)
        return [row for row in table.rows() if type(row[-1]) is not Thunk or row[-1].get()]  # every cell evaluated

    def plain() -> object:
        result = []
        for row in rows:
            result.append([*row, row[0] * 2 + 1])
        return result

    return ours, plain


def select_rows_unfolded(rows: Rows) -> tuple[Callable[[], object], Callable[[], object]]:
    def ours() -> object:
        return list(table_of("Table.SelectRows(T, each [a] * 2 + 1 > 100 and [b] <> 7)", rows).rows())

    def plain() -> object:
        result = []
        for row in rows:
            if row[0] * 2 + 1 > 100 and row[1] != 7:
                result.append(row)
        return result

    return ours, plain


def query_of(steps: int) -> str:
    """A query of so many steps such as people write."""
    forms = [
        'Table.AddColumn({0}, "c{1}", each if [a] > {1} then [b] * 2 + 1 else Text.Length([Order Date]), type number)',
        "Table.SelectRows({0}, each [a] <> null and [b] < {1}.5)",
        'Table.TransformColumnTypes({0}, {{{{"a", Int64.Type}}, {{"b", type nullable text}}}})',
        'Table.RenameColumns({0}, {{{{"old{1}", "new ""{1}"""}}}}, MissingField.Ignore)',
    ]
    names = [f'#"Step {n}"' for n in range(steps)]
    lines = [f"    {name} = {forms[n % 4].format(names[n - 1] if n else 'Source', n)}" for n, name in enumerate(names)]
    return "let\n" + ",\n".join(lines) + f'\nin\n    #"Step {steps - 1}"'


def loop_case(ours: Callable[[], object], plain: Callable[[], object]) -> dict[str, float | bool]:
    """Rows a second on both sides, and how many times the plain loop's time ours is."""
    our_seconds, plain_seconds = cpu_seconds(ours), cpu_seconds(plain)
    ratio, rate = our_seconds / plain_seconds, ROWS / our_seconds
    met = ratio <= MOST_TIMES and rate >= LEAST_ROWS_A_SECOND
    return {"ours": rate, "against": ROWS / plain_seconds, "ratio": ratio, "target": MOST_TIMES, "met": met}


def parse_case() -> dict[str, float | bool]:
    text = query_of(200)
    seconds = cpu_seconds(lambda: parse_document(text))
    ratio = seconds / PARSE_SECONDS
    return {"ours": seconds, "against": PARSE_SECONDS, "ratio": ratio, "target": 1.0, "met": ratio <= 1}


def main() -> None:
    numbers = list(range(ROWS))
    rows = [(n, float(n)) for n in numbers]
    cases = {
        "list_transform": loop_case(*list_transform(numbers)),
        "add_column_unfolded": loop_case(*add_column_unfolded(rows)),
        "select_rows_unfolded": loop_case(*select_rows_unfolded(rows)),
        "parse_200_steps": parse_case(),
    }
    for name, case in cases.items():
        print(f"{name:22} ours {case['ours']:14,.3f}   against {case['against']:14,.3f}   ratio {case['ratio']:5.2f}")
    print(json.dumps(cases))


if __name__ == "__main__":
    on_deep_stack(main)
