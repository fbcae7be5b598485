"""Files of many formats, read for real: what is in them, what folds, and what damaged ones say."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.powerquery.data import making
from tests.powerquery.data.making import error_cell, number_cell, row, text_cell

from headwater.errors import MError
from headwater.powerquery import Session, evaluate, explain, to_text
from headwater.powerquery.library import limits

Ask = Callable[..., str]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """The text of an expression's value, in which ``@`` stands for the content of the file that was written."""

    def asked(expression: str, content: bytes, name: str = "file.bin") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return to_text(evaluate(expression.replace("@", f'File.Contents("{path}")'), folders=[tmp_path]))

    return asked


# -- delimited text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("é,“x”\n".encode(), "[Encoding = 65001]"),
        ("é,“x”\n".encode("utf-8-sig"), "[]"),
        ("é,“x”\n".encode("utf-16"), "[]"),
        ("é,“x”\n".encode("utf-16-le"), "[Encoding = 1200]"),
        (b"\xfe\xff" + "é,“x”\n".encode("utf-16-be"), "[Encoding = 65001]"),
        ("é,“x”\n".encode("cp1252"), "[Encoding = 1252]"),
        ("é,“x”\n".encode("gb18030"), "[Encoding = 54936]"),
        ("é;“x”\n".encode("cp1252"), '[Encoding = 1252, Delimiter = ";", QuoteStyle = QuoteStyle.None]'),
        ("é||“x”\n".encode("cp1252"), '[Encoding = 1252, Delimiter = "||"]'),
    ],
)
def test_delimited_text_in_its_encoding(ask: Ask, content: bytes, options: str) -> None:
    assert ask(f"Table.ToRows(Csv.Document(@, {options}))", content) == '{{"é", "“x”"}}'


def test_a_file_and_its_text_give_the_same_rows(ask: Ask) -> None:
    content = b'a,b,c\n"x\ny",2\n\n1,2,3,4\n"q""q",,\n'
    for style in ("QuoteStyle.Csv", "QuoteStyle.None"):
        file = ask(f"Csv.Document(@, [QuoteStyle = {style}])", content)
        text = ask(f"Csv.Document(Text.FromBinary(@), [QuoteStyle = {style}])", content)
        assert file == text


def test_rows_by_other_delimiters_come_back_to_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "many.txt"
    path.write_text("id||name\n" + "".join(f"{at}||n{at}\n" for at in range(3_000)))
    session = Session(folders=[tmp_path])
    source = f"""
        let rows = Table.PromoteHeaders(Csv.Document(File.Contents("{path}"), [Delimiter = "||"])) in
            Table.SelectRows(Table.TransformColumnTypes(rows, {{{{"id", Int64.Type}}}}), each [id] > 2997)
    """
    value = evaluate(source, session=session)
    assert explain(value, session).plan is not None
    assert to_text(value).endswith('{{2998, "n2998"}, {2999, "n2999"}})')


def test_a_csv_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "gone.csv"
    path.write_bytes(b"a")
    session = Session(folders=[tmp_path])
    binary = evaluate(f'File.Contents("{path}")', session=session)
    path.unlink()
    with pytest.raises(MError) as caught:
        evaluate("Csv.Document(b)", session=Session(environment={"b": binary}))
    assert caught.value.reason == "DataSource.NotFound"


# -- workbooks -----------------------------------------------------------------------------------------------------

_ROWS = (
    row(2, text_cell("B2", "Name"), text_cell("C2", "Value"), text_cell("D2", "When"), text_cell("E2", "Yes"))
    + row(3, text_cell("B3", "a"), number_cell("C3", 1.5), number_cell("D3", 45000, making.DATE),
          '<c r="E3" t="b"><v>1</v></c>')
    + row(5, text_cell("B5", "b"), error_cell("C5", "#DIV/0!"), number_cell("D5", 45000.5, making.MOMENT))
)  # fmt: skip


def _workbook(**more: object) -> bytes:
    sheets = {
        "First": _ROWS,
        "It's": row(1, number_cell("A1", 1.5, making.ELAPSED), number_cell("B1", 0.25, making.CLOCK)),
    }
    names = (
        '<definedNames><definedName name="Head">First!$B$2:$C$3</definedName>'
        "<definedName name=\"One\" hidden=\"1\">'It''s'!$A$1</definedName>"
        '<definedName name="Sum">SUM(First!$A$1)</definedName></definedNames>'
    )
    tables = {"Small": ("B2:C3", ["Name", "Value"])}
    return making.zipped(making.xlsx_parts(sheets, hidden=["It's"], names=names, tables=tables))


def test_what_a_workbook_lists(ask: Ask) -> None:
    assert ask('Table.ToRows(Table.RemoveColumns(Excel.Workbook(@), "Data"))', _workbook()) == (
        '{{"First", "First", "Sheet", false}, {"It\'s", "It\'s", "Sheet", true}, '
        '{"Small", "Small", "Table", false}, '
        '{"Head", "Head", "DefinedName", false}, {"One", "One", "DefinedName", true}}'
    )


def test_cells_of_a_sheet(ask: Ask) -> None:
    data = 'Excel.Workbook(@, true){[Item = "First", Kind = "Sheet"]}[Data]'
    assert ask(f'Table.ToRows(Table.RemoveColumns({data}, "Value"))', _workbook()) == (
        '{{"a", #datetime(2023, 3, 15, 0, 0, 0), true}, {null, null, null}, '
        '{"b", #datetime(2023, 3, 15, 12, 0, 0), null}}'
    )
    assert ask(f'Table.ToRows(Table.ReplaceErrorValues({data}, {{"Value", "bad"}})){{2}}{{1}}', _workbook()) == '"bad"'
    with pytest.raises(MError, match="#DIV/0!") as caught:
        ask(f"{data}{{2}}[Value]", _workbook())
    assert caught.value.reason == "DataFormat.Error"


def test_types_of_a_sheet_are_seen_or_left(ask: Ask) -> None:
    seen = ask('Excel.Workbook(@, true){[Item = "First"]}[Data]{[Name = "a"]}', _workbook())
    assert seen == '[Name = "a", Value = 1.5, When = #datetime(2023, 3, 15, 0, 0, 0), Yes = true]'
    kind = "Value.Type(Excel.Workbook(@, [UseHeaders = true, DelayTypes = {0}]){{0}}[Data])"
    assert "Value = nullable number" in ask(kind.format("false"), _workbook())
    assert "Value = any" in ask(kind.format("true"), _workbook())
    assert ask("Table.ColumnNames(Excel.Workbook(@){0}[Data])", _workbook()).startswith('{"Column1", "Column2"')


def test_tables_and_names_of_a_workbook(ask: Ask) -> None:
    assert ask('Excel.Workbook(@){[Item = "Small", Kind = "Table"]}[Data]', _workbook()) == (
        '#table(type table [Name = nullable text, Value = nullable number], {{"a", 1.5}})'
    )
    assert (
        ask('Table.ToRows(Excel.Workbook(@){[Item = "Head"]}[Data])', _workbook()) == '{{"Name", "Value"}, {"a", 1.5}}'
    )
    assert ask('Table.ToRows(Excel.Workbook(@){[Item = "One"]}[Data])', _workbook()) == "{{#duration(1, 12, 0, 0)}}"
    assert (
        ask('Table.ToRows(Excel.Workbook(@){[Item = "It\'s"]}[Data]){0}{1}', _workbook())
        == "#datetime(1899, 12, 31, 6, 0, 0)"
    )


def test_a_sheet_is_read_when_it_is_asked_for(ask: Ask) -> None:
    parts = making.xlsx_parts({"Good": row(1, number_cell("A1", 1)), "Bad": "<row"})
    assert ask('Table.ToRows(Excel.Workbook(@){[Item = "Good"]}[Data])', making.zipped(parts)) == "{{1}}"
    with pytest.raises(MError, match="no workbook"):
        ask('Excel.Workbook(@){[Item = "Bad"]}[Data]', making.zipped(parts))


def test_a_large_sheet_becomes_a_plan(tmp_path: Path) -> None:
    rows = "".join(row(at, number_cell(f"A{at}", at), text_cell(f"B{at}", f"t{at}")) for at in range(1, 2001))
    path = tmp_path / "large.xlsx"
    path.write_bytes(making.zipped(making.xlsx_parts({"S": rows})))
    session = Session(folders=[tmp_path])
    kept = evaluate(
        f'Table.SelectRows(Excel.Workbook(File.Contents("{path}")){{0}}[Data], each [Column1] > 1990)', session=session
    )
    assert explain(kept, session).plan is not None
    assert kept.row_count() == 10


@pytest.mark.parametrize("options", ["[Useheaders = true]", "[UseHeaders = 1]", '"yes"'])
def test_options_of_a_workbook_that_there_are_not(ask: Ask, options: str) -> None:
    with pytest.raises(MError):
        ask(f"Excel.Workbook(@, {options})", _workbook())


def test_no_workbook(ask: Ask) -> None:
    for content in (b"", b"PK\x03\x04", b"text", _workbook()[:200]):
        with pytest.raises(MError) as caught:
            ask("Excel.Workbook(@)", content)
        assert caught.value.reason == "DataFormat.Error"


# -- Parquet -------------------------------------------------------------------------------------------------------

_COLUMNS = pa.table({
    "i": pa.array([1, None, 3], pa.int32()),
    "u": pa.array([2**64 - 1, None, 0], pa.uint64()),
    "f": pa.array([1.5, None, float("nan")], pa.float32()),
    "s": pa.array(["a", None, "ß"]).dictionary_encode(),
    "b": pa.array([b"\xff", None, b""]),
    "micros": pa.array([-1, None, 10], pa.timestamp("us")),
    "nanos": pa.array([-1, None, 1_234_567_890], pa.timestamp("ns")),
    "zoned": pa.array([-1, None, 10], pa.timestamp("ms", "Europe/Berlin")),
    "time": pa.array([1, None, 10], pa.time32("ms")),
    "fine": pa.array([150, None, 10], pa.time64("ns")),
    "record": pa.array([{"p": 1, "q": "z"}, None, {"p": None, "q": ""}]),
    "list": pa.array([[1, 2], None, []], pa.list_(pa.int64())),
    "none": pa.nulls(3),
})  # fmt: skip


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def test_a_parquet_file_by_the_engine_and_by_the_evaluator(ask: Ask) -> None:
    by_engine = ask("Parquet.Document(@)", _parquet(_COLUMNS))
    assert by_engine == ask("Parquet.Document(Binary.Buffer(@))", _parquet(_COLUMNS))
    first = ask("Record.ToList(Parquet.Document(@){0})", _parquet(_COLUMNS))
    assert first == (
        '{1, 18446744073709551615, 1.5, "a", #binary("/w=="), #datetime(1969, 12, 31, 23, 59, 59.999999), '
        "#datetime(1969, 12, 31, 23, 59, 59.9999999), #datetimezone(1969, 12, 31, 23, 59, 59.999, 0, 0), "
        '#time(0, 0, 0.001), #time(0, 0, 0.0000001), [p = 1, q = "z"], {1, 2}, null}'
    )


def test_later_steps_reach_into_the_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(_parquet(_COLUMNS))
    session = Session(folders=[tmp_path])
    steps = f'Table.SelectRows(Table.SelectColumns(Parquet.Document(File.Contents("{path}")), {{"i"}}), each [i] > 1)'
    value = evaluate(steps, session=session)
    shown = explain(value, session)
    assert "READ_PARQUET" in shown.fragments[0].sql
    assert "nanos" not in shown.fragments[0].sql
    assert not shown.unfolded
    assert to_text(value) == "#table(type table [i = nullable Int64.Type], {{3}})"


def test_parquet_kinds_that_stay_with_the_evaluator(ask: Ask) -> None:
    table = pa.table({
        "m": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
        "d": pa.array([1, None, -3], pa.duration("ms")),
        "z": pa.array([-1, None, 3], pa.timestamp("ns", "UTC")),
        "x": pa.array([b"ab", None, b"cd"], pa.binary(2)),
        "Y": pa.array([1, 2, 3]),
        "y": pa.array([4, 5, 6]),
    })  # fmt: skip
    assert ask("Table.ToRows(Parquet.Document(@)){0}", _parquet(table)) == (
        '{{[Key = "k", Value = 1]}, #duration(0, 0, 0, 0.001), #datetimezone(1969, 12, 31, 23, 59, 59.9999999, 0, 0), '
        '#binary("YWI="), 1, 4}'
    )
    assert ask("Table.ToRows(Table.SelectRows(Parquet.Document(@), each [Y] = 2))", _parquet(table)) == (
        "{{null, null, null, null, 2, 5}}"
    )


def test_columns_that_differ_by_case(ask: Ask) -> None:
    table = pa.table({"Y": [1, 2], "y": [4, 5]})
    assert ask("Table.ToRows(Parquet.Document(@))", _parquet(table)) == "{{1, 4}, {2, 5}}"


def test_a_parquet_date_that_m_has_not_is_an_error_cell(ask: Ask) -> None:
    table = pa.table(
        {
            "m": pa.array([{"a": 1}]),
            "t": pa.array([2**60], pa.timestamp("ms")),
            "k": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int8())),
        }
    )
    assert ask("try Parquet.Document(@){0}[t] otherwise 0", _parquet(table)) == "0"
    assert ask("Parquet.Document(@){0}[m]", _parquet(table)) == "[a = 1]"


def test_options_of_parquet(ask: Ask) -> None:
    table = _parquet(pa.table({"a_x0020_b": [[1]]}))
    assert ask("Table.ColumnNames(Parquet.Document(@))", table) == '{"a_x0020_b"}'
    decoded = (
        'Parquet.Document(@, [LegacyColumnNameEncoding = true, TypeMapping = "Sql", Compression = 2, MaxDepth = 1])'
    )
    assert ask(f"Table.ColumnNames({decoded})", table) == '{"a b"}'
    for wrong in ("[MaxDepth = 0]", '[TypeMapping = "X"]', "[Compression = 9]", "[Depth = 1]"):
        with pytest.raises(MError):
            ask(f"Parquet.Document(@, {wrong})", table)
    with pytest.raises(MError, match="no Parquet file"):
        ask("Parquet.Document(@)", b"PAR1 and no more")


# -- PDF and R -----------------------------------------------------------------------------------------------------

_PDF = making.pdf(
    making.words((50, 380, "Title")) + making.grid([["x", "y"], ["1", ""]], top=300),
    making.grid([["3", "4"]], top=390) + making.words((50, 300, "end")),
    making.words(
        (50, 380, "Name"), (200, 380, "Age"), (50, 360, "Bob"), (200, 360, "5"), (50, 340, "Jo"), (200, 340, "6")
    ),
)


def test_tables_of_a_pdf(ask: Ask) -> None:
    listed = (
        'Table.ToRows(Table.RemoveColumns(Table.SelectRows(Pdf.Tables(@), each [Kind] = "Table"), {"Data", "Kind"}))'
    )
    assert ask(listed, _PDF) == '{{"Table001", "Table001 (Page 1-2)"}, {"Table002", "Table002 (Page 3)"}}'
    assert ask('Table.ToRows(Pdf.Tables(@){[Id = "Table001"]}[Data])', _PDF) == '{{"x", "y"}, {"1", null}, {"3", "4"}}'
    assert (
        ask('Table.ToRows(Pdf.Tables(@){[Id = "Table002"]}[Data])', _PDF)
        == '{{"Name", "Age"}, {"Bob", "5"}, {"Jo", "6"}}'
    )
    assert ask('Table.ToRows(Pdf.Tables(@){[Id = "Page001"]}[Data]){0}', _PDF) == '{"Title", null}'


def test_a_table_does_not_go_on_over_another_page(ask: Ask) -> None:
    first, last = making.grid([["x", "y"]], top=300), making.grid([["3", "4"]], top=390)
    content = making.pdf(first, making.words((50, 300, "between")), last)
    assert ask('Table.SelectRows(Pdf.Tables(@), each [Kind] = "Table")[Id]', content) == '{"Table001", "Table002"}'


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ("[MultiPageTables = false]", '{"Table001", "Table002", "Table003", "Page001", "Page002", "Page003"}'),
        ("[StartPage = 2]", '{"Table001", "Table002", "Page002", "Page003"}'),
        ("[EndPage = 1]", '{"Table001", "Page001"}'),
        ("[StartPage = 3, EnforceBorderLines = true]", '{"Page003"}'),
        ('[Implementation = "1.3", StartPage = 9]', "{}"),
    ],
)
def test_options_of_a_pdf(ask: Ask, options: str, ids: str) -> None:
    assert ask(f"Pdf.Tables(@, {options})[Id]", _PDF) == ids


@pytest.mark.parametrize(
    "options", ["[StartPage = 0]", "[StartPage = 2, EndPage = 1]", '[Implementation = "9"]', "[X = 1]"]
)
def test_options_of_a_pdf_that_there_are_not(ask: Ask, options: str) -> None:
    with pytest.raises(MError):
        ask(f"Pdf.Tables(@, {options})", _PDF)


def test_no_pdf(ask: Ask) -> None:
    for content in (b"", b"text", b"%PDF-1.4\n%%EOF"):
        with pytest.raises(MError) as caught:
            ask("Pdf.Tables(@)", content)
        assert caught.value.reason == "DataFormat.Error"


@pytest.fixture
def r_data(tmp_path: Path) -> Iterator[bytes]:
    import numpy as np
    import pandas as pd
    import rdata

    frame = pd.DataFrame({
        "a": [1.5, np.nan], "i": np.array([1, 2], np.int32), "b": [True, False], "c": pd.Categorical(["u", "v"]),
    })  # fmt: skip
    path = tmp_path / "saved.rda"
    rdata.write_rda(path, {"frame": frame, "v": np.array([1.0, 2.0]), "l": ["é", 1], "d": {"k": "x"}})
    yield path.read_bytes()


def test_what_r_saved(ask: Ask, r_data: bytes) -> None:
    expected = '[frame = {{1.5, 1, true, "u"}, {null, 2, false, "v"}}, v = {1, 2}, l = {{"é"}, {1}}, d = [k = {"x"}]]'
    rows = 'Record.TransformFields(RData.FromBinary(@), {"frame", Table.ToRows})'
    assert ask(rows, r_data) == expected
    assert ask(rows, gzip.decompress(r_data)) == expected


def test_no_r_data(ask: Ask, r_data: bytes) -> None:
    for content in (b"", b"text", r_data[:40], gzip.decompress(r_data)[:60], gzip.compress(r_data)):
        with pytest.raises(MError) as caught:
            ask("RData.FromBinary(@)", content)
        assert caught.value.reason == "DataFormat.Error"


# -- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GZip", "Deflate", "Snappy", "Brotli", "LZ4", "Zstandard"])
def test_what_would_be_too_large_is_an_error(ask: Ask, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    packed = f"Binary.Compress(@, Compression.{kind})"
    content = bytes(3_000_000)
    assert ask(f"Binary.Length(Binary.Decompress({packed}, Compression.{kind}))", content) == "3000000"
    monkeypatch.setattr(limits, "MOST_BYTES", 2_000_000)
    with pytest.raises(MError, match="larger than 1 MB") as caught:
        ask(f"Binary.Decompress({packed}, Compression.{kind})", content)
    assert caught.value.code == "m.too_large"


@pytest.mark.parametrize(
    "expression",
    [
        "Json.FromValue(List.Generate(() => 0, each true, each _ + 1))",
        'Lines.ToText(List.Generate(() => "a", each true, each _))',
        "Binary.Combine(List.Generate(() => #binary({1, 2, 3}), each true, each _))",
        "RData.FromBinary(Binary.Compress(Binary.Combine(List.Repeat({@}, 30)), Compression.GZip))",
    ],
)
def test_what_has_no_end_is_an_error(ask: Ask, monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    monkeypatch.setattr(limits, "MOST_BYTES", 50_000)
    with pytest.raises(MError) as caught:
        ask(expression, bytes(1_700))
    assert caught.value.code == "m.too_large"


def test_a_workbook_whose_parts_would_be_too_large(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_BYTES", 1_000)
    with pytest.raises(MError) as caught:
        ask("Excel.Workbook(@)", making.zipped({"xl/workbook.xml": "<a/>", "xl/x": "x" * 5_000}))
    assert caught.value.code == "m.too_large"


# -- Common Data Model ---------------------------------------------------------------------------------------------

_MODEL = """{"name": "m", "version": "1.0", "entities": [
  {"$type": "LocalEntity", "name": "Sales",
   "attributes": [{"name": "id", "dataType": "int64"}, {"name": "at", "dataType": "dateTime"},
                  {"name": "note", "dataType": "string"}],
   "partitions": [{"name": "1", "location": "https://example.com/c/m/Sales/part%201.csv?sig=x"},
                  {"name": "2", "location": "https://example.com/c/m/Sales/2.csv",
                   "fileFormatSettings": {"columnHeaders": true, "delimiter": ";"}}]},
  {"$type": "LocalEntity", "name": "Empty", "attributes": [{"name": "x", "dataType": "double"}]},
  {"$type": "LocalEntity", "name": "Gone", "attributes": [], "partitions": [{"location": "Gone/none.csv"}]},
  {"$type": "ReferenceEntity", "name": "Elsewhere"}]}"""


def test_a_folder_of_the_common_data_model(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    (folder / "Sales").mkdir(parents=True)
    (folder / "model.json").write_text(_MODEL)
    (folder / "Sales" / "part 1.csv").write_text("1,2024-02-29T08:00:00,a\n,,\n")
    (folder / "Sales" / "2.csv").write_text('id;at;note\n2;;"b;c"\n')
    entities = f'Cdm.Contents(Folder.Files("{folder}"))'

    def ask(expression: str) -> str:
        return to_text(evaluate(expression, folders=[folder]))

    assert ask(f"{entities}[Name]") == '{"Sales", "Empty", "Gone"}'
    assert ask(f'Table.ToRows({entities}{{[Name = "Sales"]}}[Data])') == (
        '{{1, #datetime(2024, 2, 29, 8, 0, 0), "a"}, {null, null, ""}, {2, null, "b;c"}}'
    )
    assert ask(f'{entities}{{[Name = "Empty"]}}[Data]') == "#table(type table [x = number], {})"
    with pytest.raises(MError, match=r"none\.csv"):
        ask(f'{entities}{{[Name = "Gone"]}}[Data]')
    with pytest.raises(MError, match="lists no files"):
        ask('Cdm.Contents(#table({"a"}, {}))')
    (folder / "model.json").write_text('{"entities": [1, {"attributes": 5, "partitions": [2]}]}')
    assert ask(f"{entities}{{0}}[Data]") == "#table({}, {})"
    (folder / "model.json").unlink()
    with pytest.raises(MError, match=r"model\.json"):
        ask(entities)
