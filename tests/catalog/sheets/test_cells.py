"""Cells: safe in a spreadsheet, and read back as they were."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalog.sheets.cells import join, read_sheet, read_value, split, write_sheet, write_value
from headwater.errors import UsageError

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])) | st.text("=+-@'\"\\;,\r\n\t a")


@given(st.lists(st.tuples(TEXT, TEXT)))
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    text = write_sheet(["a", "b"], [{"a": "x", "b": b} for _, b in rows])
    assert [line.cells["b"] for line in read_sheet(text.encode())[1]] == [b for _, b in rows]


@given(TEXT)
def test_no_cell_is_a_formula(text: str) -> None:
    written = write_sheet(["a", "b"], [{"a": "x", "b": text}])
    cells = list(csv.reader(io.StringIO(written.removeprefix("\ufeff"), newline="")))[1]
    assert not cells[1].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.lists(TEXT.filter(bool)))
def test_things_in_one_cell_are_parted_again(items: list[str]) -> None:
    assert split(join(items)) == items


VALUES = st.recursive(TEXT | st.integers() | st.booleans() | st.none(), st.lists)


@given(VALUES)
def test_values_keep_their_kind(value: object) -> None:
    assert read_value(write_value(value)) == value
    assert write_value(value).strip()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_other_spreadsheets_part_cells_otherwise(delimiter: str) -> None:
    text = f'a{delimiter}b\n"1\n2"{delimiter}3\n\n4\n'.encode("utf-8-sig")
    columns, lines = read_sheet(text)
    assert columns == ["a", "b"]
    assert [(line.number, dict(line.cells)) for line in lines] == [(2, {"a": "1\n2", "b": "3"}), (5, {"a": "4"})]


@pytest.mark.parametrize(
    ("content", "place"),
    [(b"\xff", ""), (b"", ""), (b"a,a\n", ""), (b"a\nx,y\n", "line 2"), (b'a\n"x"y\n', "line 2"), (b"a\n\x00", "")],
)
def test_what_is_no_sheet_is_refused(content: bytes, place: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_sheet(content)
    assert refused.value.place == place
