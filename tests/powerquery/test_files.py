"""Files and folders: what M may read, when it reads, and that a file is read as the same text would be."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.twins import Failure, Shown, new_session, shown

from headwater.errors import MError
from headwater.powerquery import PlanTable, Session, evaluate, to_text
from headwater.powerquery.language import quote_text
from headwater.powerquery.values.core import Value, plain

usual = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def granted(tmp_path: Path) -> Path:
    """The folder that M may read."""
    folder = tmp_path / "granted"
    folder.mkdir()
    return folder


@pytest.fixture
def session(granted: Path) -> Session:
    """May read ``granted``; M knows the folder as ``folder`` and the one around it as ``outside``."""
    session = new_session({"folder": f"{granted}/", "outside": f"{granted.parent}/"})
    session.folders = [granted]
    return session


def rows_of(table: Value | Callable[[], Value]) -> tuple[tuple[str, ...], ...]:
    found = shown(table)
    assert isinstance(found, Shown), found
    return found.rows


# Options of Csv.Document, and what is done with the document S.
OPTIONS = [
    "null",
    "3",
    '{"a", "A", "__err"}',
    '[Delimiter = ";"]',
    '[Delimiter = "#(tab)", Columns = 2]',
    "[Encoding = 28591]",
    "[QuoteStyle = QuoteStyle.None]",
    "type table [a = text, b = any]",
    "[Encoding = 65001, QuoteStyle = 1, Columns = 4]",
]
STEPS = [
    "S",
    "Table.PromoteHeaders(S)",
    "Table.Skip(S, 1)",
    "Table.FirstN(Table.Skip(S, 1), 1)",
    "Table.Distinct(S)",
    "Table.PromoteHeaders(Table.Skip(S, 1))",
    "Table.RowCount(S)",
]


def both_ways(folder: Path, content: bytes, source: str, options: str) -> tuple[object, object]:
    """What becomes of a file, and of the same bytes read as text; ``S`` in the source is the document."""
    path = folder / "twin.csv"
    path.write_bytes(content)
    session = new_session({"text": content, "path": str(path)})
    session.folders = [folder]
    file, text = f"Csv.Document(File.Contents(path), {options})", f"Csv.Document(text, {options})"
    assert isinstance(plain(evaluate(file, session=session)), PlanTable), "only a file is a plan"
    return (
        shown(lambda: evaluate(source.replace("S", file), session=session)),
        shown(lambda: evaluate(source.replace("S", text), session=session)),
    )


class TestDelimitedText:
    @usual
    @given(
        content=st.one_of(
            st.text('ab;,"\r\n\t é😀\x00', max_size=30).map(str.encode),
            st.binary(max_size=12),
            st.just(b"\xef\xbb\xbfa,b\r\n1,2"),
        ),
        options=st.sampled_from(OPTIONS),
        source=st.sampled_from(STEPS),
    )
    def test_a_file_is_read_as_its_text(self, granted: Path, content: bytes, options: str, source: str) -> None:
        file, text = both_ways(granted, content, source, options)
        assert file == text

    @usual
    @given(rows=st.lists(st.lists(st.text('ab",\r\n é😀', max_size=4), min_size=3, max_size=3), min_size=1, max_size=6))
    def test_what_was_written_is_read(self, granted: Path, rows: list[list[str]]) -> None:
        written = "\r\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
        file, text = both_ways(granted, written.encode(), "S", "null")
        assert file == text
        assert isinstance(file, Shown)
        assert file.rows == tuple(tuple(quote_text(cell) for cell in row) for row in rows)

    def test_utf16(self, granted: Path) -> None:
        content = "ä;😀\n1;2".encode("utf-16")
        file, text = both_ways(granted, content, "Table.PromoteHeaders(S)", '[Delimiter = ";", Encoding = 1200]')
        assert file == text == Shown('type table [ä = any, #"😀" = any]', (('"1"', '"2"'),))

    def test_long_fields(self, granted: Path) -> None:
        """The parser's own limit on fields is far below this."""
        source = 'Table.AddColumn(S, "n", each Text.Length([Column2]))[[n]]'
        file, text = both_ways(granted, b'a,"' + b"x" * 500_000 + b'"', source, "null")
        assert file == text == Shown("type table [n = any]", (("500000",),))

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ('[Delimiter = {""}]', "delimiter"),
            ('[Delimiter = """"]', "delimiter"),
            ('[Delimiter = "#(lf)"]', "delimiter"),
            ("[Delimiter = 1]", "delimiter"),
            ("[Encoding = 99]", "encoding"),
            ('{"a", "a"}', "already exists"),
            ("-1", "columns"),
            ("0", "columns"),
            ("{}", "columns"),
            ("type table []", "columns"),
        ],
    )
    def test_options_that_cannot_be(self, session: Session, granted: Path, options: str, message: str) -> None:
        (granted / "a.csv").write_text("a,b")
        for source in ('File.Contents(folder & "a.csv")', '"a,b"'):
            with pytest.raises(MError, match=message):
                evaluate(f"Csv.Document({source}, {options})", session=session)

    def test_only_text_and_binary_are_delimited(self, session: Session) -> None:
        with pytest.raises(MError, match="convert the value 1 to type Binary"):
            evaluate("Csv.Document(1)", session=session)

    def test_typed_columns_and_errors_in_cells(self, session: Session, granted: Path) -> None:
        (granted / "a.csv").write_text("id,when,how much\n9007199254740993,2024-02-29,NA\n,2/30/2024,-1.5e2\n")
        source = """
            let
                read = Table.PromoteHeaders(Csv.Document(File.Contents(folder & "a.csv")))
            in
                Table.TransformColumnTypes(
                    read, {{"id", Int64.Type}, {"when", type date}, {"how much", type number}}
                )
        """
        assert rows_of(evaluate(source, session=session)) == (
            ("9007199254740993", "#date(2024, 2, 29)", "DataFormat.Error: We couldn't convert to Number. NA"),
            ("null", "DataFormat.Error: We couldn't parse the input provided as a Date value. 2/30/2024", "-150"),
        )
        assert session.unfolded == []


class TestFolder:
    def test_lists_what_lies_below_in_order(self, session: Session, granted: Path) -> None:
        (granted / "b" / "c").mkdir(parents=True)
        for name in ("z.csv", "b/a.txt", "b/c/.hidden"):
            (granted / name).write_text(name)
            os.utime(granted / name, (86_400, 86_400.5))
        session.timezone = dt.timezone(dt.timedelta(hours=2))
        table = evaluate("Folder.Files(folder)", session=session)
        assert table.names[:3] == ("Content", "Name", "Extension")
        source = "Folder.Files(folder)[[Name], [Extension], [Folder Path], [Date modified]]"
        assert rows_of(evaluate(source, session=session)) == tuple(
            (quote_text(name), quote_text(extension), quote_text(f"{folder}/"), "#datetime(1970, 1, 2, 2, 0, 0.5)")
            for name, extension, folder in (
                ("a.txt", ".txt", granted / "b"),
                (".hidden", "", granted / "b" / "c"),
                ("z.csv", ".csv", granted),
            )
        )
        assert to_text(evaluate('Folder.Files(folder){[Name = "a.txt"]}[Attributes][Size]', session=session)) == "7"

    def test_files_of_a_folder_become_one_plan(self, session: Session, granted: Path) -> None:
        for month, rows in ((1, "1,x\n2,y\n"), (2, "3,x\n"), (3, "")):
            (granted / f"{month}.csv").write_text("Id,Kind\n" + rows)
        source = """
            let
                files = Folder.Files(folder),
                tables = List.Transform(files[Content], each Table.PromoteHeaders(Csv.Document(_))),
                all = Table.TransformColumnTypes(Table.Combine(tables), {{"Id", Int64.Type}})
            in
                Table.Group(all, "Kind", {{"n", Table.RowCount}, {"last", each List.Max([Id])}})
        """
        table = plain(evaluate(source, session=session))
        assert isinstance(table, PlanTable)
        assert rows_of(table) == (('"x"', "2", "3"), ('"y"', "1", "2"))
        assert session.unfolded == []


class TestGrants:
    """M reads below the granted folders, whatever a path looks like."""

    @pytest.fixture(autouse=True)
    def _secret(self, granted: Path) -> None:
        (granted.parent / "secret.csv").write_text("secret")
        (granted.parent / "granted_not").mkdir()
        (granted.parent / "granted_not" / "a.csv").write_text("secret")
        (granted / "sub").mkdir()
        (granted / "sub" / "a.csv").write_text("open")
        (granted / "link.csv").symlink_to(granted.parent / "secret.csv")
        (granted / "linked").symlink_to(granted.parent / "granted_not")
        (granted / "inner.csv").symlink_to(granted / "sub" / "a.csv")
        (granted / "circle").symlink_to(granted / "circle")

    @pytest.mark.parametrize(
        "path",
        [
            'outside & "secret.csv"',
            'folder & "../secret.csv"',
            'folder & "sub/../../secret.csv"',
            'folder & "link.csv"',
            'folder & "linked/a.csv"',
            'outside & "granted_not/a.csv"',
            '"/etc/hostname"',
            '"secret.csv"',
            '""',
            'outside & "nothing there.csv"',
            'folder & "#(0000)"',
            'folder & "circle"',
        ],
    )
    def test_nothing_else_is_read(self, session: Session, path: str) -> None:
        for function in ("File.Contents", "Folder.Files"):
            found = shown(lambda: evaluate(f"{function}({path})", session=session))  # noqa: B023 -- called at once
            assert isinstance(found, Failure)
            assert found.reason == "DataSource.Error"
            assert "not been granted" in found.message

    @pytest.mark.parametrize("path", ['folder & "sub/a.csv"', 'folder & "sub/../sub/a.csv"', 'folder & "inner.csv"'])
    def test_what_lies_below_is(self, session: Session, path: str) -> None:
        assert rows_of(evaluate(f"Csv.Document(File.Contents({path}))", session=session)) == (('"open"',),)

    def test_a_listed_link_out_of_the_folder_is_not_read(self, session: Session) -> None:
        source = (
            'Table.AddColumn(Folder.Files(folder), "read", each Csv.Document([Content]){0}[Column1])[[Name], [read]]'
        )
        found = {name: read for name, read in rows_of(evaluate(source, session=session))}  # noqa: C416 -- pairs, to mypy
        assert found['"a.csv"'] == found['"inner.csv"'] == '"open"'
        assert found['"link.csv"'].startswith("DataSource.Error: Access to ")
        assert len(found) == 3, "a linked folder is not searched"
        size = evaluate('Folder.Files(folder){[Name = "link.csv"]}[Attributes][Size]', session=session)
        assert size != len("secret"), "what is said of a link is said of the link"

    def test_no_folder_is_granted_by_itself(self, granted: Path) -> None:
        with pytest.raises(MError, match="has not been granted") as caught:
            evaluate("File.Contents(path)", environment={"path": str(granted / "sub" / "a.csv")})
        assert caught.value.code == "m.access_denied"
        assert "folders=" in caught.value.hint


class TestWhatIsMissing:
    def test_file_and_folder(self, session: Session, granted: Path) -> None:
        (granted / "file").write_text("")
        for source in (
            'File.Contents(folder & "no.csv")',
            'Folder.Files(folder & "no")',
            'Folder.Files(folder & "file")',
        ):
            with pytest.raises(MError) as caught:
                evaluate(source, session=session)
            assert caught.value.reason.startswith("DataSource.")
            assert caught.value.code == "m.data_source"

    def test_only_what_is_used_is_read(self, session: Session) -> None:
        source = """
            let
                missing = Csv.Document(File.Contents(folder & "no.csv")),
                unused = Table.SelectRows(missing, each [Column1] = "a"),
                record = [a = missing, b = 1]
            in
                if record[b] = 1 then "fine" else unused
        """
        assert evaluate(source, session=session) == "fine"
        with pytest.raises(MError, match=r"no\.csv"):
            evaluate(source.replace("= 1 then", "= 2 then"), session=session)

    def test_a_file_gone_after_the_plan_was_made(self, session: Session, granted: Path) -> None:
        (granted / "a.csv").write_text("1\n")
        table = evaluate('Csv.Document(File.Contents(folder & "a.csv"))', session=session)
        assert rows_of(table) == (('"1"',),)
        (granted / "a.csv").unlink()
        found = shown(table)
        assert isinstance(found, Failure)
        assert found.reason.startswith("DataSource.")
