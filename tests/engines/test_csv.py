"""Delimited text without an engine, and the look at a file that decides who reads it."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.engines import csv as reader
from headwater.engines import csv_first_row
from headwater.engines.csv import CsvShape, csv_batches, csv_rows, inspect_csv
from headwater.engines.duckdb import DuckDBEngine
from headwater.errors import EngineError, MError
from headwater.plan.nodes import CsvScan, text_columns


def written(folder: Path, content: bytes) -> str:
    path = folder / "file.csv"
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("content", "encoding", "row"),
    [
        (b'\xef\xbb\xbf"a\nb",c\nd', "utf-8", ["a\nb", "c"]),
        (b"", "utf-8", []),
        (b"\na", "utf-8", [""]),
        ("é;ü".encode("latin-1"), "latin-1", ["é;ü"]),
        ("é,ü\r\n".encode("utf-16"), "utf-16", ["é", "ü"]),
        (b"a,b,\n", "utf-8", ["a", "b", ""]),
    ],
)
def test_first_row(tmp_path: Path, content: bytes, encoding: str, row: list[str]) -> None:
    assert csv_first_row(written(tmp_path, content), ",", True, encoding) == row


def test_the_first_row_is_all_that_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, b"a,b\n" + b"x" * 10_000_000)
    taken: list[int] = []

    class Counting(io.FileIO):
        def readinto(self, buffer: object) -> int:
            count = super().readinto(buffer)  # type: ignore[arg-type]  # whatever io hands over
            taken.append(count or 0)
            return count or 0

    def counted(self: Path, *args: object, **kwargs: str) -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BufferedReader(Counting(str(self))), encoding=kwargs["encoding"], newline="")

    monkeypatch.setattr(Path, "open", counted)
    assert csv_first_row(path) == ["a", "b"]
    assert 0 < sum(taken) < 100_000


SHAPES: list[tuple[str, bytes, CsvShape]] = [
    ("plain", b"a,b\nc,d\n", CsvShape(True)),
    ("empty", b"", CsvShape(True)),
    ("a mark alone", b"\xef\xbb\xbf", CsvShape(True)),
    ("returns", b"a,b\r\nc,d\r\n", CsvShape(True)),
    ("quotes", b'"a","b ""x"""\n"",c\n', CsvShape(True)),
    ("a break in quotes", b'"a\nb",c\n', CsvShape(True, True)),
    ("a break in quotes at the end", b'c,"a\nb"', CsvShape(True, True)),
    ("beyond ASCII", "é,😀\n".encode(), CsvShape(True)),
    ("a blank line", b"a\n\nb", CsvShape(False)),
    ("a blank line first", b"\na", CsvShape(False)),
    ("a blank line last", b"a\n\n", CsvShape(False)),
    ("a blank line with returns", b"a\r\n\r\nb", CsvShape(False)),
    ("a return alone", b"a\rb", CsvShape(False)),
    ("a return at the end", b"a\r", CsvShape(False)),
    ("a quote inside", b'a,5" x\n', CsvShape(False)),
    ("text after a quote", b'"a"b,c\n', CsvShape(False)),
    ("an open quote", b'"a,b\n', CsvShape(False)),
    ("not UTF-8", b"a\xff\n", CsvShape(False)),
    ("cut in a character", "aé".encode()[:-1], CsvShape(False)),
]


@pytest.mark.parametrize(("name", "content", "shape"), SHAPES, ids=[s[0] for s in SHAPES])
@pytest.mark.parametrize("chunk", [3, 4, 5, 7, 1000])
def test_shape_whatever_the_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, shape: CsvShape, chunk: int
) -> None:
    monkeypatch.setattr(reader, "CHUNK_BYTES", chunk)
    found = inspect_csv(written(tmp_path, content))
    # A short chunk makes ordinary lines long ones, which is the safe side.
    assert found.ordinary == shape.ordinary or (chunk < 20 and not found.ordinary)
    if found.ordinary:
        assert found == shape


def test_shape_of_other_encodings(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,\xe9\n")
    assert inspect_csv(path, encoding="latin-1").ordinary
    assert not inspect_csv(path, encoding="utf-16").ordinary
    assert not inspect_csv(path, delimiter="¦", encoding="latin-1").ordinary


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n"])
def test_what_no_delimiter_can_be(tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(EngineError, match="one character"):
        list(csv_rows(written(tmp_path, b"a"), delimiter, True, "utf-8"))


def test_an_unknown_encoding_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no such"):
        csv_first_row(written(tmp_path, b"a"), encoding="no such")
    with pytest.raises(MError, match="Could not find file"):
        csv_batches(str(tmp_path / "none.csv"), ["a"])


def test_batches(tmp_path: Path) -> None:
    path = written(tmp_path, b"".join(f"{i},x\n".encode() for i in range(1000)))
    batches = list(csv_batches(path, ["a"], skip_rows=10, max_rows=700, batch_rows=300))
    assert [b.num_rows for b in batches] == [300, 300, 100]
    assert pa.Table.from_batches(batches)["a"].to_pylist() == [str(i) for i in range(10, 710)]


FIELDS = st.one_of(
    st.text(alphabet="ab ;é😀'\\#\t", max_size=4),
    st.text(alphabet='a,"\n\r', max_size=5).map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.sampled_from(["", '""', "NULL", "1"]),
)
LINES = st.lists(st.lists(FIELDS, min_size=1, max_size=5).map(",".join), max_size=8)
BYTES = st.one_of(
    st.tuples(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans()).map(
        lambda t: (t[1].join(t[0]) + (t[1] if t[2] else "")).encode()
    ),
    st.text(alphabet='ab,"\n\ré ', max_size=30).map(str.encode),
    st.binary(max_size=20),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=BYTES, quote=st.booleans(), skip=st.integers(0, 2), breaks=st.booleans())
def test_the_engine_reads_any_bytes_by_the_rules(
    engine: DuckDBEngine, tmp_path: Path, content: bytes, quote: bool, skip: int, breaks: bool
) -> None:
    path = written(tmp_path, content)
    scan = CsvScan(path, text_columns(["a", "b", "c"]), quote=quote, skip_rows=skip, quoted_breaks=breaks)
    rules = csv_batches(path, ["a", "b", "c"], quote=quote, skip_rows=skip, quoted_breaks=breaks).read_all()
    assert engine.table(scan).to_pylist() == rules.to_pylist()
