"""``headwater lineage``: a column's tree, what a change hits, the graph as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import failed, succeeded

TABLE = "sales/orders_scored"


def ask(home: Path, *arguments: str | Path) -> str:
    return succeeded("lineage", *arguments, "--home", home).out


def hit(home: Path, *arguments: str) -> dict[str, Any]:
    told = json.loads(ask(home, "impact", TABLE, "--json", *arguments))
    return {each["display_name"]: each for each in told["assets"] if each["type_name"] == "dataflow_table"}


def test_the_tree_of_a_column_needs_no_further_word(read_home: Path) -> None:
    tree = ask(read_home, TABLE, "amount")
    assert "orders.csv" in tree
    assert tree == ask(read_home, "column", TABLE, "amount")


def test_what_a_change_hits(read_home: Path) -> None:
    whole = hit(read_home)
    assert "totals" in whole
    listed = ask(read_home, "impact", TABLE)
    assert all(each["qualified_name"] in listed for each in whole.values())
    by_column = hit(read_home, "--column", "amount")
    assert by_column.keys() <= whole.keys()
    assert failed("lineage", "impact", TABLE, "--column", "none", "--home", read_home)


def test_the_graph_as_a_file(read_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "lineage.csv"
    ask(read_home, "export", TABLE, "--output", file)
    text = file.read_text(encoding="utf-8")
    assert text.startswith("from_guid,") and "orders.csv" in text
    assert ask(read_home, "export", TABLE).splitlines() == text.splitlines()
    assert "digraph" in ask(read_home, "export", TABLE, "--format", "dot", "--depth", "1")
    long_ago = ask(read_home, "export", TABLE, "--as-of", "2001-01-01T00:00:00Z")
    assert len(long_ago.splitlines()) == 1


@pytest.mark.parametrize("wrong", [("--format", "xls"), ("--direction", "up"), ("--as-of", "yesterday")])
def test_what_cannot_be_asked_is_refused(read_home: Path, wrong: tuple[str, str]) -> None:
    assert failed("lineage", "export", TABLE, "--home", read_home, *wrong)
