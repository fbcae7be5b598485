"""``headwater dataflow``: begun, checked, saved, compared, written back, exchanged with Power BI, removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.command import Outcome, failed, headwater, succeeded


@pytest.fixture
def home(tmp_path: Path) -> Path:
    succeeded("init", "--home", tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A dataflow that has just begun."""
    succeeded("dataflow", "init", tmp_path / "sales")
    yield tmp_path / "sales"


def run(home: Path, *arguments: str | Path) -> Outcome:
    return succeeded("dataflow", *arguments, "--home", home)


def test_a_dataflow_from_its_beginning_to_its_end(home: Path, folder: Path, tmp_path: Path) -> None:
    assert run(home, "validate", folder).err.endswith("dataflow sales: nothing stands against it\n")
    assert run(home, "apply", folder, "--comment", "the first").err == "dataflow sales, version 1: greetings\n"
    assert run(home, "diff", folder).err == "no difference\n"
    succeeded("refresh", "sales", "--home", home)
    (folder / "more.pq").write_text('// More.\n#table({"a"}, {{1}})\n')
    changed = run(home, "diff", folder).out
    assert changed.startswith("--- sales@1/more\n") and "+// More." in changed
    run(home, "apply", folder, "--comment", "more")
    newest, first = run(home, "history", "sales").out.splitlines()
    assert newest.startswith("2\t") and newest.endswith("\tmore")
    assert first.endswith(" at the command line\tthe first")
    assert [v["version"] for v in json.loads(run(home, "history", "sales", "--json").out)] == [2, 1]
    assert run(home, "diff", "sales", "--versions", "1", "2").out.startswith("--- sales@1/more\n+++ sales@2/more\n")
    assert run(home, "diff", "sales").out == run(home, "diff", "sales", "--versions", "1", "2").out
    assert "// More." in run(home, "show", "sales").out
    assert "// More." not in run(home, "show", "sales", "--version", "1").out
    run(home, "show", "sales", "--out", tmp_path / "again")
    for name in ("greetings.pq", "more.pq"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert run(home, "diff", tmp_path / "again").err == "no difference\n"
    assert json.loads(run(home, "list", "--json").out)[0]["latest_refresh"]["status"] == "succeeded"
    assert "runs with the rights of" in run(home, "take-over", "sales").err
    assert (home / "tables" / "sales" / "greetings").is_dir()
    assert run(home, "delete", "sales").err == "dataflow sales is gone\n"
    assert run(home, "list").out == ""
    assert list((home / "tables").iterdir()) == []


def test_what_stands_against_it_is_listed(home: Path, folder: Path) -> None:
    (folder / "greetings.pq").write_text("Greetings(Tabel.Sort)")
    for command in ("validate", "apply"):
        outcome = headwater("dataflow", command, folder, "--home", home)
        assert outcome.status == 1
        assert "error [dataflow.invalid]: The dataflow 'sales' cannot be saved" in outcome.err
        assert "error greetings, line 1, column 11: The name 'Tabel.Sort' is defined nowhere." in outcome.err
    found = json.loads(headwater("dataflow", "validate", folder, "--json", "--home", home).out)
    assert [(each["query"], each["line"], each["column"]) for each in found] == [
        ("greetings", 1, 1),
        ("greetings", 1, 11),
    ]
    assert run(home, "list").out == ""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["show", "lost"], "not_found", "no dataflow 'lost'"),
        (["history", "lost"], "not_found", "no dataflow 'lost'"),
        (["delete", "lost"], "not_found", "no dataflow 'lost'"),
        (["validate", "lost"], "not_found", "no dataflow 'lost'"),
        (["diff", "lost"], "not_found", "no dataflow 'lost'"),
        (["import", "lost.json", "--out", "x"], "not_found", "no file 'lost.json'"),
    ],
)
def test_what_is_not_there_is_told(home: Path, arguments: list[str], code: str, message: str) -> None:
    more = () if arguments[0] == "import" else ("--home", str(home))
    found = failed("dataflow", *arguments, *more)
    assert found.code == code
    assert message in found.message


def test_a_dataflow_goes_to_power_bi_and_comes_back(home: Path, folder: Path, tmp_path: Path) -> None:
    run(home, "apply", folder)
    printed = run(home, "export", "sales")
    assert json.loads(printed.out)["name"] == "sales"
    assert "does not carry over: the rows of its tables" in printed.err
    run(home, "export", "sales", "--out", tmp_path / "model.json")
    assert json.loads((tmp_path / "model.json").read_text()) == json.loads(printed.out)
    succeeded("dataflow", "import", tmp_path / "model.json", "--out", tmp_path / "back")
    assert sorted(file.name for file in (tmp_path / "back").iterdir()) == ["dataflow.toml", "queries.pq"]
    refused = failed("dataflow", "import", tmp_path / "model.json", "--out", tmp_path / "back")
    assert (refused.code, "not empty" in refused.message) == ("conflict", True)
    run(home, "apply", tmp_path / "back")
    assert "2\t" in run(home, "history", "sales").out
    (tmp_path / "model.json").write_text("[" * 5000)
    assert failed("dataflow", "import", tmp_path / "model.json", "--out", tmp_path / "more").code == "usage"
