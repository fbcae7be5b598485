"""A small home folder: files in, two dataflows, tables published, one refresh that failed, a source never scanned."""

from __future__ import annotations

from pathlib import Path

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.errors import RefreshError

ROWS = 3_000
BIG = 2**53 + 1
REGIONS = ("north", "south", "east", "west")

_SETTINGS = """[dataflow]
name = "{name}"
description = "{description}"
load = [{load}]
"""

_ORDERS = """// The orders, with the types that a published table can have.
let
    Source = Csv.Document(File.Contents(Warehouse & "/orders.csv")),
    Headers = Table.PromoteHeaders(Source),
    Typed = Table.TransformColumnTypes(Headers, {
        {"id", Int64.Type}, {"amount", type number}, {"ordered", type date}, {"seen", type datetime},
        {"express", type logical}, {"account", Int64.Type}
    })
in
    Typed
"""

_SCORED = """// Every order with a score: what a model would give, here by arithmetic.
let
    Scored = Table.AddColumn(Orders, "score", each if [amount] = null then null else [amount] / 1000, type number),
    Opened = Table.AddColumn(Scored, "opened", each #time(9, 30, 0), type time),
    Taken = Table.AddColumn(Opened, "taken", each #duration(1, 2, 0, 0), type duration)
in
    Taken
"""

_TOTALS = """// What each region ordered: computed from the stored rows of orders_scored.
let
    Grouped = Table.Group(orders_scored, {"region"}, {
        {"orders", each Table.RowCount(_), Int64.Type},
        {"mean_score", each List.Average([score]), type number}
    })
in
    Grouped
"""


def build_home(path: Path) -> Path:
    """Make the home folder and return its path; its warehouse lies in it."""
    write_warehouse(path.parent / "warehouse")
    with Headwater.open(path, create=True, folders=("../warehouse",)) as app:
        apply_sales(app, path.parent / "dataflows")
        app.refresh(SYSTEM, "sales")
        _apply(app, path.parent / "dataflows", "broken", "A dataflow whose file is missing.", {"lost": _lost(path)})
        try:
            app.refresh(SYSTEM, "broken")
        except RefreshError:
            pass
        else:
            raise AssertionError("a refresh that reads a missing file fails")
        app.sources.add(SYSTEM, "lab", "The lab's workspace", "mlflow", "http://127.0.0.1:9", "root")
    return path


def write_warehouse(folder: Path, rows: int = ROWS) -> None:
    """Write ``orders.csv``; the last row's amount is empty, the first row's account is beyond 2**53."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["id,region,amount,ordered,seen,express,account"]
    for number in range(rows):
        region = REGIONS[number % len(REGIONS)]
        amount = "" if number == rows - 1 else f"{number % 997}.5"
        day = f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}"
        express = "true" if number % 3 else "false"
        lines.append(f"{number},{region},{amount},{day},{day}T10:30:00,{express},{BIG + number}")
    (folder / "orders.csv").write_text("\n".join(lines) + "\n", "utf-8")


def apply_sales(app: Headwater, folder: Path) -> None:
    """Save the dataflow ``sales`` of the files in the warehouse."""
    warehouse = app.home.folders[0]
    queries = {"Orders": _ORDERS, "orders_scored": _SCORED, "totals": _TOTALS, "Warehouse": f'"{warehouse}"'}
    _apply(app, folder, "sales", "Orders and what they are worth.", queries, load=("orders_scored", "totals"))


def _lost(path: Path) -> str:
    return f'Table.PromoteHeaders(Csv.Document(File.Contents("{path.parent / "warehouse"}/lost.csv")))'


def _apply(
    app: Headwater, folder: Path, name: str, description: str, queries: dict[str, str], load: tuple[str, ...] = ()
) -> None:
    mine = folder / name
    mine.mkdir(parents=True, exist_ok=True)
    loaded = ", ".join(f'"{query}"' for query in load or queries)
    (mine / "dataflow.toml").write_text(_SETTINGS.format(name=name, description=description, load=loaded), "utf-8")
    for query, text in queries.items():
        (mine / f"{query}.pq").write_text(text, "utf-8")
    app.apply(SYSTEM, mine)
