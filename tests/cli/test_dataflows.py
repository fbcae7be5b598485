"""``headwater dataflow``, ``refresh`` and ``lineage``; what goes wrong leaves the last good tables."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from tests.cli.command import SECONDS, Outcome, failed, failure_in, headwater, interrupt, started, succeeded
from tests.server.small_home import REGIONS, ROWS, write_warehouse

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater


def tables(home: Path) -> dict[str, tuple[int, int]]:
    """The published tables by name: version and rows, each table read to its end."""
    with Headwater.open(home) as app:
        found = app.tables.list(SYSTEM)
        for table in found:
            assert app.tables.rows(SYSTEM, table, 0, 10**6).rows.num_rows == table.rows
        return {f"{table.dataflow}/{table.entity}": (table.delta_version, table.rows) for table in found}


GOOD = {"sales/orders_scored": (0, ROWS), "sales/totals": (0, len(REGIONS))}


def latest(home: Path, dataflow: str = "sales") -> tuple[str, str]:
    """How the newest refresh ended, and the code of its error."""
    with Headwater.open(home) as app:
        refresh = app.refreshes(SYSTEM, dataflow, limit=1)[0]
        return refresh.status, "" if refresh.error is None else refresh.error["code"]


def test_a_new_home_a_dataflow_a_refresh(tmp_path: Path) -> None:
    write_warehouse(tmp_path / "warehouse", rows=10)
    made = succeeded("init", "--home", tmp_path / "home", "--folder", tmp_path / "warehouse")
    assert f"dataflows may read: {tmp_path / 'warehouse'}" in made.err
    folder = tmp_path / "first"
    folder.mkdir()
    (folder / "dataflow.toml").write_text('[dataflow]\nname = "first"\nload = ["orders"]\n')
    (folder / "orders.pq").write_text(
        f'Table.PromoteHeaders(Csv.Document(File.Contents("{tmp_path}/warehouse/orders.csv")))\n'
    )
    home = ("--home", tmp_path / "home")
    assert succeeded("dataflow", "apply", folder, *home).err == "dataflow first, version 1: orders\n"
    assert succeeded("dataflow", "list", *home).out == "first\tversion 1\tnever refreshed\n"
    refreshed = succeeded("refresh", "first", *home)
    assert "first/orders: 10 rows, 0 scored, 0 reused, 0 error cells, version 0\n" in refreshed.err
    assert refreshed.out == ""
    assert succeeded("dataflow", "list", *home).out.startswith("first\tversion 1\tsucceeded ")
    # Nothing has changed: no version is added.
    assert "version 1:" in succeeded("dataflow", "apply", folder, *home).err
    # Making it again leaves it as it is.
    succeeded("init", *home)
    assert tables(tmp_path / "home") == {"first/orders": (0, 10)}


def test_dataflows_are_listed_with_their_state(read_home: Path) -> None:
    broken, sales = succeeded("dataflow", "list", "--home", read_home).out.splitlines()
    assert broken.startswith("broken\tversion 1\tfailed ")
    assert sales.startswith("sales\tversion 1\tsucceeded ")


def test_lineage_is_a_tree_back_to_the_file(read_home: Path) -> None:
    shown = succeeded("lineage", "sales/totals", "mean_score", "--home", read_home).out
    file = (read_home.parent / "warehouse" / "orders.csv").as_uri()
    assert shown.splitlines() == [
        "table totals [mean_score]",
        "└─ query totals",
        "   └─ table orders_scored [score]",
        "      └─ query orders_scored",
        f"         └─ dataset {file} [amount]",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["lineage", "totals", "mean_score"], "usage", "names no published table"),
        (["lineage", "sales/lost", "mean_score"], "not_found", "lost"),
        (["lineage", "sales/totals", "lost"], "not_found", "lost"),
        (["refresh", "lost"], "not_found", "no dataflow 'lost'"),
        (["dataflow", "apply", "lost"], "not_found", "no dataflow in 'lost'"),
    ],
)
def test_what_is_not_there_is_told(read_home: Path, arguments: list[str], code: str, message: str) -> None:
    found = failed(*arguments, "--home", read_home)
    assert found.code == code
    assert message in found.message


@pytest.mark.parametrize(
    ("settings", "query", "code", "where"),
    [
        ("load = [", "1", "usage", "dataflow.toml"),
        ('load = ["lost"]', "1", "usage", "dataflow.toml"),
        ('load = ["q"]\nspeed = 1', "1", "usage", "dataflow.toml"),
        ('load = ["q"]', "let a = 1\nin", "m.syntax", "q.pq, line 2, column 3"),
    ],
)
def test_a_folder_that_is_no_dataflow_is_not_saved(
    home: Path, tmp_path: Path, settings: str, query: str, code: str, where: str
) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "dataflow.toml").write_text(f'[dataflow]\nname = "new"\n{settings}\n')
    (folder / "q.pq").write_text(query)
    found = failed("dataflow", "apply", folder, "--home", home)
    assert found.code == code
    assert where in found.where
    assert "new" not in succeeded("dataflow", "list", "--home", home).out


def test_a_missing_source_file_leaves_the_last_good_tables(home: Path) -> None:
    (home.parent / "warehouse" / "orders.csv").unlink()
    found = failed("refresh", "sales", "--home", home)
    assert found.code == "refresh.m.data_source"
    assert "Could not find" in found.message
    step = "step 'Source' of the query 'Orders'"
    assert found.where.startswith(f"sales, query orders_scored, {step}, Orders.pq, line 3, column")
    assert latest(home) == ("failed", "refresh.m.data_source")
    assert tables(home) == GOOD


def test_a_query_that_fails_leaves_the_last_good_tables(home: Path) -> None:
    folder = home.parent / "dataflows" / "sales"
    (folder / "totals.pq").write_text("let\n    Rows = orders_scored,\n    Wrong = Rows{0}[nothing]\nin\n    Wrong\n")
    succeeded("dataflow", "apply", folder, "--home", home)
    found = failed("refresh", "sales", "--home", home)
    assert found.code == "refresh.m.expression"
    assert "'nothing'" in found.message
    assert found.where == "sales, query totals, step 'Wrong', totals.pq, line 3, column 13"
    assert latest(home) == ("failed", "refresh.m.expression")
    assert tables(home) == GOOD


#: Minutes of work, each in another part of the machinery.
ENDLESS = {
    "evaluator": '#table({"a"}, List.Transform({1..100000000}, each {_ * 2}))',
    "engine": """let
    Rows = Table.TransformColumnTypes(
        Table.PromoteHeaders(Csv.Document(File.Contents("FILE"))), {{"k", Int64.Type}, {"v", Int64.Type}}
    ),
    Squared = Table.ExpandTableColumn(Table.NestedJoin(Rows, {"k"}, Rows, {"k"}, "all"), "all", {"v"}, {"w"}),
    Summed = Table.Group(Squared, {"w"}, {{"sum", each List.Sum([v]), type number}})
in
    Summed
""",
}
ENDLESS["engine, asked by the evaluator"] = ENDLESS["engine"].replace("in\n    Summed", "in\n    Table.Buffer(Summed)")


def endless_refresh_interrupted(home: Path, text: str, with_signal: signal.Signals) -> Outcome:
    """Refresh a dataflow whose second table takes minutes, and interrupt it on its way."""
    pairs = home.parent / "warehouse" / "pairs.csv"
    pairs.write_text("k,v\n" + "".join(f"1,{number}\n" for number in range(100_000)))
    folder = home.parent / "dataflows" / "sales"
    (folder / "totals.pq").write_text(text.replace("FILE", str(pairs)))
    succeeded("dataflow", "apply", folder, "--home", home)
    staged = home / "tables" / "sales" / "orders_scored"
    before = set(staged.glob("*.parquet"))
    with started("refresh", "sales", "--home", home) as process:
        give_up = time.monotonic() + SECONDS
        while set(staged.glob("*.parquet")) == before:
            assert process.poll() is None, "it ended before the second table"
            assert time.monotonic() < give_up, "it never came to the second table"
            time.sleep(0.02)
        # The first table's file is there: what takes minutes is next.
        time.sleep(0.5)
        outcome = interrupt(process, with_signal)
    assert set(staged.glob("*.parquet")) == before
    return outcome


@pytest.mark.parametrize(
    ("work", "with_signal"),
    [
        ("evaluator", signal.SIGINT),
        pytest.param("engine", signal.SIGINT, marks=pytest.mark.long),
        ("engine", signal.SIGTERM),
        ("engine, asked by the evaluator", signal.SIGINT),
    ],
)
def test_ctrl_c_in_the_middle_of_a_refresh(home: Path, work: str, with_signal: signal.Signals) -> None:
    outcome = endless_refresh_interrupted(home, ENDLESS[work], with_signal)
    found = failure_in(outcome, status=130)
    assert found.code == "interrupted"
    assert latest(home) == ("cancelled", "")
    assert tables(home) == GOOD
    # Nothing stands in the way of the next one.
    folder = home.parent / "dataflows" / "sales"
    (folder / "totals.pq").write_text("orders_scored")
    succeeded("dataflow", "apply", folder, "--home", home)
    succeeded("refresh", "sales", "--home", home)
    assert tables(home) == {"sales/orders_scored": (1, ROWS), "sales/totals": (1, ROWS)}


def test_two_refreshes_at_once_are_one(home: Path) -> None:
    folder = home.parent / "dataflows" / "sales"
    (folder / "totals.pq").write_text(ENDLESS["evaluator"])
    succeeded("dataflow", "apply", folder, "--home", home)
    with started("refresh", "sales", "--home", home) as process:
        give_up = time.monotonic() + SECONDS
        while latest(home)[0] != "running":
            assert time.monotonic() < give_up
            time.sleep(0.05)
        found = failed("refresh", "sales", "--home", home)
        assert found.code == "refresh.active"
        assert "being refreshed already" in found.message
        interrupt(process)
    assert tables(home) == GOOD


def test_a_table_that_cannot_be_written_is_told(home: Path) -> None:
    folder = home / "tables" / "sales" / "totals"
    folder.rename(folder.with_name("aside"))
    folder.write_text("in the way")
    outcome = headwater("refresh", "sales", "--home", home)
    found = failure_in(outcome)
    assert found.code.startswith("refresh.table")
    assert latest(home)[0] == "failed"
