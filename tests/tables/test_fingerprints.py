"""Fingerprints of columns: the same for the same values, however they come, and for no others."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables.test_delta import stream
from tests.tables.test_staging import SCHEMA
from tests.tables.test_types import TYPES

from headwater.plan.types import to_arrow
from headwater.tables import StageWriter, fingerprint
from headwater.tables.fingerprints import fingerprints_of

_VALUES = st.one_of(
    st.tuples(st.just(pa.string()), st.lists(st.none() | st.sampled_from(["", "a", "ab", "b", "\0"]), max_size=6)),
    st.tuples(st.just(pa.int64()), st.lists(st.none() | st.integers(-1, 1), max_size=6)),
    st.tuples(st.just(pa.bool_()), st.lists(st.none() | st.booleans(), max_size=6)),
    st.tuples(st.just(pa.float64()), st.lists(st.none() | st.sampled_from([0.0, -0.0, 1.0]), max_size=6)),
)


def cut(values: Any, places: list[int]) -> list[Any]:
    bounds = sorted({0, len(values), *(place for place in places if place < len(values))})
    return [values[start:end] for start, end in pairwise(bounds)]


@settings(deadline=None, max_examples=300)
@given(_VALUES, _VALUES, st.lists(st.integers(0, 6)), st.lists(st.integers(0, 6)))
def test_equal_exactly_where_the_values_are(one: Any, two: Any, cuts: list[int], others: list[int]) -> None:
    columns: list[Any] = [pa.array(values, kind) for kind, values in (one, two)]
    first, second = fingerprint(cut(columns[0], cuts)), fingerprint(cut(columns[1], others))
    assert first == fingerprint([columns[0]])
    if one[0] == two[0]:
        assert (first == second) == (repr(one[1]) == repr(two[1]))


def test_where_a_text_ends_is_told() -> None:
    assert len({fingerprint([pa.array(texts)]) for texts in (["a", "b"], ["ab", ""], ["", "ab"], ["ab"])}) == 4


@pytest.mark.parametrize("case", TYPES, ids=[case[0].kind.value for case in TYPES])
def test_values_of_every_type(case: Any) -> None:
    values: Any = pa.array([*case[2], None, *case[2]], to_arrow(case[0]))
    if pa.types.is_nested(values.type):
        assert fingerprint([values]) is None
        return
    assert fingerprint([values]) == fingerprint([pa.concat_arrays([values])]) == fingerprint(cut(values, [1, 2]))
    assert fingerprint([values]) != fingerprint([values[1:]])
    for at in range(len(values)):
        other: Any = values.to_pylist()
        other[at] = None if other[at] is not None else case[2][0]
        assert fingerprint([pa.array(other, values.type)]) != fingerprint([values])


def test_what_lies_beneath_a_null_is_nothing() -> None:
    def column(value: int) -> Any:
        values = pa.array([1, value, 3], pa.int64())
        return pa.Array.from_buffers(pa.int64(), 3, [pa.py_buffer(b"\x05"), values.buffers()[1]])

    assert fingerprint([column(7)]) == fingerprint([column(8)]) == fingerprint([pa.array([1, None, 3])])


def test_files_have_those_of_their_columns(tmp_path: Path) -> None:
    def written(fingerprints: bool) -> Any:
        with StageWriter(tmp_path, SCHEMA, 20, fingerprints=fingerprints) as writer:
            for batch in stream(0, 50, batch=7):
                writer.add(batch.select(["n", "t"]).rename_columns(SCHEMA.stored.names).cast(SCHEMA.stored))
        return writer

    assert [fingerprints_of(tmp_path / file.name) for file in written(False).files] == [{}, {}, {}]
    files = written(True).files
    numbers = [fingerprint([pa.array(range(start, min(start + 20, 50)))]) for start in (0, 20, 40)]
    assert [fingerprints_of(tmp_path / file.name)["Row No."] for file in files] == numbers
    texts = pa.table({"Text (long)": pa.array(["x"] * 20)})
    with StageWriter(tmp_path, SCHEMA) as writer:
        writer.rewrite(files[0], texts)
        writer.link(files[1])
    found = [fingerprints_of(tmp_path / file.name) for file in writer.files]
    assert found[0] == {"Row No.": numbers[0], "Text (long)": fingerprint([pa.array(["x"] * 20)])}
    assert found[1] == fingerprints_of(tmp_path / files[1].name)
