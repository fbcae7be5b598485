"""``headwater run``, ``eval`` and ``fmt``."""

from __future__ import annotations

from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest
from tests.cli.command import failed, headwater, succeeded

SECTION = """section Sales;

shared Orders = Table.TransformColumnTypes(
    Table.PromoteHeaders(Csv.Document(File.Contents("orders.csv"))), {{"amount", type number}, {"id", Int64.Type}}
);
shared Large = Table.SelectRows(Orders, each [amount] > 10);
shared Reversed = Table.AddColumn(Large, "name", each Text.Proper([region]));
shared Wrong = Orders{0}[nothing];
shared Nested = #table({"a"}, {{[b = 1]}});
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orders.csv").write_text("id,region,amount\n1,north,5\n2,south,20.5\n3,east,much\n")
    (tmp_path / "section.pq").write_text(SECTION)
    (tmp_path / "one.pq").write_text('[a = 1, b = {true, null, "x"}]\n')
    return tmp_path


def test_an_expression_file_is_printed_as_m_text(folder: Path) -> None:
    assert succeeded("run", folder / "one.pq").out == '[a = 1, b = {true, null, "x"}]\n'


def test_a_section_with_one_member_needs_no_name(tmp_path: Path) -> None:
    (tmp_path / "s.pq").write_text("section S; shared Only = 1 + 1;")
    assert succeeded("run", tmp_path / "s.pq").out == "2\n"


def test_a_member_is_written_as_parquet(folder: Path) -> None:
    run = succeeded("run", "section.pq", "--query", "Orders", "-o", folder / "out.parquet", cwd=folder)
    assert run.out == ""
    assert run.err == f"3 rows written to {folder / 'out.parquet'}; 1 error cells as null\n"
    assert pyarrow.parquet.read_table(folder / "out.parquet").to_pydict() == {
        "id": [1, 2, 3],
        "region": ["north", "south", "east"],
        "amount": [5.0, 20.5, None],
    }


def test_a_member_is_written_as_csv(folder: Path) -> None:
    (folder / "orders.csv").write_text("id,region,amount\n1,north,5\n2,south,20.5\n")
    succeeded("run", "section.pq", "--query", "Large", "-o", folder / "OUT.CSV", cwd=folder)
    written = pyarrow.csv.read_csv(folder / "OUT.CSV").to_pydict()
    assert written == {"id": [2], "region": ["south"], "amount": [20.5]}


def test_explain_shows_plan_and_sql_and_runs_nothing(folder: Path) -> None:
    (folder / "orders.csv").write_text("id,region,amount\n")
    shown = succeeded("run", "section.pq", "--query", "Large", "--explain", cwd=folder).out
    assert shown.startswith("Plan\n")
    assert "SELECT" in shown
    assert "Every step folded." in shown


def test_explain_shows_where_and_why_folding_stops(folder: Path) -> None:
    (folder / "orders.csv").write_text("id,region,amount\n1,north,5\n")
    shown = succeeded("run", "section.pq", "--query", "Reversed", "--explain", cwd=folder).out
    assert "Steps that did not fold:" in shown
    assert "Table.AddColumn" in shown
    assert "Text.Proper" in shown
    assert "section.pq, line 7, column" in shown
    assert "Every step folded." not in shown


@pytest.mark.parametrize(
    ("arguments", "code", "message", "where"),
    [
        (["no.pq"], "not_found", "There is no file", "no.pq"),
        (["section.pq"], "usage", "no query of it is named", "section.pq"),
        (["section.pq", "--query", "Lost"], "not_found", "no query 'Lost'", "section.pq"),
        (["one.pq", "--query", "a"], "not_found", "no query 'a'", "one.pq"),
        (["section.pq", "--query", "Wrong"], "m.expression", "'nothing'", "query Wrong, section.pq, line 8, column 16"),
        (["section.pq", "--query", "Large"], "m.expression", "convert to Number", "query Large"),
        (["section.pq", "--query", "Orders", "-o", "out.txt"], "usage", "neither .parquet nor .csv", ""),
        (["section.pq", "--query", "Orders", "-o", "no/out.csv"], "file.unwritable", "no folder 'no'", "no/out.csv"),
        (["section.pq", "--query", "Nested", "-o", "out.csv"], "usage", "that .csv cannot hold", "out.csv"),
        (["one.pq", "-o", "out.csv"], "m.expression", "not a table", ""),
        (["."], "file.unreadable", "cannot be read", "."),
        (["binary.pq"], "file.unreadable", "not UTF-8", "binary.pq"),
        (["syntax.pq"], "m.syntax", "Expected", "syntax.pq, line 3, column 5"),
        (["outside.pq"], "m.access_denied", "has not been granted", "outside.pq, line 1, column 14"),
        (["lost.pq"], "m.data_source", "Could not find 'lost.csv'", "lost.pq, line 2, column 22"),
    ],
)
def test_what_is_wrong_is_told(folder: Path, arguments: list[str], code: str, message: str, where: str) -> None:
    (folder / "binary.pq").write_bytes(b"\xff\xfe\x00")
    (folder / "syntax.pq").write_text("let\n    a = 1\n    b = 2\nin\n    a\n")
    (folder / "outside.pq").write_text('Csv.Document(File.Contents("/etc/passwd"))')
    (folder / "lost.pq").write_text('let\n    a = Csv.Document(File.Contents("lost.csv"))\nin\n    a\n')
    before = sorted(file.name for file in folder.iterdir())
    found = failed("run", *arguments, cwd=folder)
    assert found.code == code
    assert message in found.message
    assert where in found.where
    assert sorted(file.name for file in folder.iterdir()) == before


def test_a_further_folder_can_be_allowed(folder: Path) -> None:
    (folder / "sub").mkdir()
    query = folder / "sub" / "q.pq"
    query.write_text(f'Table.RowCount(Csv.Document(File.Contents("{folder}/orders.csv")))')
    assert failed("run", query, cwd=folder / "sub").code == "m.access_denied"
    assert succeeded("run", query, "--allow-folder", folder, cwd=folder / "sub").out == "4\n"


def test_an_output_that_was_there_stays_when_the_query_fails(folder: Path) -> None:
    (folder / "out.csv").write_text("before")
    failed("run", folder / "section.pq", "--query", "Wrong", "-o", folder / "out.csv")
    assert (folder / "out.csv").read_text() == "before"


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["1 + 1"], "2"),
        (["Number.ToText(1.5)", "--culture", ""], '"1.5"'),
        (['{1, null, "a"}'], '{1, null, "a"}'),
    ],
)
def test_eval_prints_a_value(arguments: list[str], printed: str) -> None:
    assert succeeded("eval", *arguments).out == printed + "\n"


@pytest.mark.parametrize(
    ("expression", "code", "where"),
    [
        ("1 +", "m.syntax", "expression, line 1, column 4"),
        ('1 + "x"', "m.expression", "expression, line 1, column 1"),
        ("let f = (x) => @f(x) in f(1)", "m.stack_overflow", ""),
        ('File.Contents("/etc/passwd")', "m.access_denied", "expression, line 1, column 1"),
    ],
)
def test_eval_tells_what_is_wrong(expression: str, code: str, where: str) -> None:
    found = failed("eval", expression)
    assert (found.code, found.where) == (code, where)


def test_an_errors_detail_is_shown() -> None:
    shown = headwater("eval", 'Number.FromText("twelve")')
    assert shown.status == 1
    assert '\n  detail: "twelve"\n' in shown.err


def test_every_syntax_error_is_listed(tmp_path: Path) -> None:
    (tmp_path / "q.pq").write_text("let\n    a = 1,\n    b = a +\nin\n    a b\n")
    shown = headwater("run", tmp_path / "q.pq")
    assert "  line 4, column 1: " in shown.err
    assert "  line 5, column 7: " in shown.err


def test_fmt_formats_in_place_and_check_only_looks(tmp_path: Path) -> None:
    ugly, tidy = tmp_path / "ugly.pq", tmp_path / "tidy.pq"
    ugly.write_text("let a=1,b=2 in a+b // sum\n")
    tidy.write_text("1 + 1\n")
    found = failed("fmt", "--check", "ugly.pq", "tidy.pq", cwd=tmp_path)
    assert found.message == "1 of 2 files are not formatted."
    assert ugly.read_text() == "let a=1,b=2 in a+b // sum\n"
    assert succeeded("fmt", ugly, tidy).err == f"formatted: {ugly}\n"
    assert "// sum" in ugly.read_text()
    assert ugly.read_text() != "let a=1,b=2 in a+b // sum\n"
    assert succeeded("fmt", "--check", ugly, tidy).err == ""


def test_fmt_leaves_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.pq").write_text("let a = in")
    assert failed("fmt", "bad.pq", cwd=tmp_path).code == "m.syntax"
    assert (tmp_path / "bad.pq").read_text() == "let a = in"
    assert failed("fmt", "lost.pq", cwd=tmp_path).code == "not_found"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command"),
        (["run", "--nonsense"], "No such option"),
        (["run"], "Missing argument"),
        (["serve", "--port", "http"], "'--port'"),
        (["source", "nonsense"], "No such command"),
    ],
)
def test_a_wrong_command_line_is_told(arguments: list[str], message: str) -> None:
    found = failed(*arguments, status=2)
    assert found.code == "usage"
    assert message in found.message
    assert "--help" in found.hint
