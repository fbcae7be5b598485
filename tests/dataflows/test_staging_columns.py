"""What changed of an entity's columns, and whether it may; digests of rows of every type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dataflows.staged import Entity
from tests.tables.test_types import TYPES

from headwater.dataflows.definitions.settings import EntitySettings, SchemaPolicy
from headwater.dataflows.staging.digests import Digests, read_digests, write_digests
from headwater.dataflows.staging.hashing import row_hashes
from headwater.errors import RefreshError
from headwater.plan.types import to_arrow

FIRST = pa.table({"id": [1, 2], "n": [1.5, None]})
WIDER = FIRST.append_column("t", pa.array(["a", "b"]))
RETYPED = FIRST.set_column(1, "n", pa.array(["x", "y"]))
NARROWER = FIRST.drop_columns(["n"])
TURNED = FIRST.select(["n", "id"])

#: Texts as long as those that are hashed otherwise.
_LONG = st.builds(lambda count, last: "x" * count + last, st.integers(120, 140), st.sampled_from(["", "y", "z", "\0"]))


@pytest.mark.parametrize("mode", ["full", "keyed"])
@pytest.mark.parametrize(
    ("policy", "rows", "allowed"),
    [
        ("follow", WIDER, True), ("follow", RETYPED, True), ("follow", NARROWER, True), ("follow", TURNED, True),
        ("add", WIDER, True), ("add", RETYPED, False), ("add", NARROWER, False), ("add", TURNED, True),
        ("fail", WIDER, False), ("fail", RETYPED, False), ("fail", NARROWER, False), ("fail", FIRST, True),
        ("fail", TURNED, True),
    ],
)  # fmt: skip
def test_other_columns_by_policy(
    tmp_path: Path, mode: Any, policy: SchemaPolicy, rows: pa.Table, allowed: bool
) -> None:
    entity = Entity(tmp_path / "table", EntitySettings(mode, ("id",)), more={"schema_changes": policy})
    entity.refresh(FIRST)
    files = entity.files()
    if allowed:
        entity.refresh(rows)
        assert entity.rows().equals(rows)
        return
    with pytest.raises(RefreshError) as caught:
        entity.refresh(rows)
    assert caught.value.code == "refresh.schema_changed" and "'follow'" not in caught.value.message
    assert "schema_changes" in caught.value.hint
    assert entity.files() == files, "refused before anything is written"


def test_what_changed_is_told(tmp_path: Path) -> None:
    entity = Entity(tmp_path / "table", EntitySettings("full"))
    assert entity.refresh(FIRST).schema_changes == ()
    told = entity.refresh(RETYPED.append_column("m", pa.array([True, None])).drop_columns(["id"])).schema_changes
    assert list(told) == [
        {"change": "removed", "column": "id", "before": "int64", "after": None},
        {"change": "retyped", "column": "n", "before": "number", "after": "text"},
        {"change": "added", "column": "m", "before": None, "after": "logical"},
    ]


@pytest.mark.parametrize("case", TYPES, ids=[case[0].kind.value for case in TYPES])
def test_digests_tell_values_of_every_type_apart(case: Any) -> None:
    values: Any = pa.array([*case[2], None, case[2][0]], to_arrow(case[0]))
    whole = row_hashes(pa.record_batch({"a": values, "b": pa.array(["x"] * len(values))}))
    parts = [row_hashes(pa.record_batch({"a": values[at : at + 1], "b": pa.array(["x"])})) for at in range(len(values))]
    assert [int(part[0]) for part in parts] == whole.tolist(), "a row's digest is its own, wherever it stands"
    shown = [repr(value) for value in values.to_pylist()]
    assert len(set(whole.tolist())) == len(set(shown)) and 0 not in whole


def test_a_null_is_no_zero_and_columns_are_told_apart() -> None:
    rows = pa.record_batch({"a": pa.array([0, None, 1, 2]), "b": pa.array([0, 0, 2, 1])})
    assert len(set(row_hashes(rows).tolist())) == 4
    bits = pa.record_batch({"x": pa.array([0.0, -0.0, float("nan"), float("inf")])})
    assert len(set(row_hashes(bits).tolist())) == 4


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.none() | st.text(max_size=20) | _LONG, st.none() | st.integers(-2, 2)), max_size=12),
    st.integers(0, 12),
)
def test_texts_of_any_length_are_told_apart(rows: list[tuple[str | None, int | None]], cut: int) -> None:
    """Wherever they stand: rows are one batch, two, or a part of one."""
    texts, numbers = (pa.array([row[at] for row in rows], kind) for at, kind in ((0, pa.string()), (1, pa.int64())))
    batch = pa.record_batch({"t": texts, "n": numbers, "again": texts})
    hashes = row_hashes(batch).tolist()
    assert hashes == [*row_hashes(batch.slice(0, cut)).tolist(), *row_hashes(batch.slice(cut)).tolist()]
    assert len(set(hashes)) == len(set(rows))


def test_zeros_at_the_end_of_a_text_count() -> None:
    texts = [text + "\0" * zeros for text in ("", "a", "x" * 8, "x" * 127, "x" * 128) for zeros in range(4)]
    assert len(set(row_hashes(pa.record_batch({"t": texts})).tolist())) == len(texts)


def test_rows_by_the_million_have_hashes_of_their_own() -> None:
    """Numbers and texts that differ in few bits, where a weak step would let some fall together."""
    count = 1024
    for left in (np.arange(count), np.arange(count) / 4, np.arange(count) * 86_400_000_000):
        a, b = np.repeat(left, count), np.tile(np.arange(count, dtype=float), count)
        texts = pa.array([f"{n:04d}name{n % 7}" for n in range(count)]).take(np.repeat(np.arange(count), count))
        columns: list[Any] = [pa.array(a), pa.array(b), texts]
        hashes = np.sort(row_hashes(pa.RecordBatch.from_arrays(columns, ["a", "b", "t"])))
        assert not (hashes[1:] == hashes[:-1]).any()


def test_digests_are_kept_and_read(tmp_path: Path) -> None:
    words = row_hashes(pa.record_batch({"a": range(10)}))
    name = write_digests(tmp_path, Digests(words, words + 1))
    found = read_digests(tmp_path, name, 10)
    assert found is not None and found.rows.tolist() == words.tolist() and found.keys.tolist() == (words + 1).tolist()
    assert read_digests(tmp_path, name, 9) is None and read_digests(tmp_path, "_digests/none.npy", 10) is None
