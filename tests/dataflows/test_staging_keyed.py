"""Keyed entities: the table is what the query gives, whatever was reused on the way."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dataflows.staged import Entity

from headwater.dataflows.definitions.settings import EntitySettings
from headwater.dataflows.staging import comparing, merging
from headwater.dataflows.staging.hashing import row_hashes
from headwater.errors import RefreshError, TableError
from headwater.tables import read, table_files

KEYED = EntitySettings("keyed", ("id",))
KEEPING = EntitySettings("keyed", ("id",), "keep")


def table(*rows: tuple[Any, Any, Any]) -> pa.Table:
    """Rows of an id, a number and a text."""
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    types = (pa.int64(), pa.float64(), pa.string())
    arrays = [pa.array(list(values), kind) for values, kind in zip(columns, types, strict=True)]
    return pa.table(dict(zip(("id", "n", "t"), arrays, strict=True)))


def counted(count: int, **changes: Any) -> pa.Table:
    return table(*((n, n / 2, f"text {n}") for n in range(count)))


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "KEYED_FILE_ROWS", 8)
    monkeypatch.setattr("headwater.dataflows.staging.keyed.KEYED_FILE_ROWS", 8)


@pytest.fixture
def entity(tmp_path: Path, small_files: None) -> Entity:
    return Entity(tmp_path / "table", KEYED)


def inodes(entity: Entity) -> set[int]:
    return {file.stat().st_ino for file in entity.path.glob("*.parquet")}


def replaced(rows: pa.Table, at: int, **values: Any) -> pa.Table:
    return pa.Table.from_pylist(
        [{**row, **(values if n == at else {})} for n, row in enumerate(rows.to_pylist())], rows.schema
    )


def test_rows_are_told_apart_by_key(entity: Entity) -> None:
    first = entity.refresh(table((1, 1.0, "a"), (2, 2.0, "b"), (3, None, None)))
    assert (first.inserted, first.updated, first.deleted, first.skipped) == (3, 0, 0, 0)
    changed = table((3, None, None), (2, 2.5, "b"), (4, 4.0, "d"))
    second = entity.refresh(changed)
    assert (second.inserted, second.updated, second.deleted, second.skipped) == (1, 1, 1, 1)
    assert entity.rows().equals(changed)


def test_nothing_changed_makes_no_version_and_no_file(entity: Entity) -> None:
    rows = counted(100)
    entity.refresh(rows)
    version, files, state = entity.version, entity.files(), entity.previous
    for _ in range(2):
        same = entity.refresh(rows)
        assert (same.skipped, same.inserted, same.updated, same.deleted) == (100, 0, 0, 0)
        assert (same.staged.unchanged_of, same.staged.bytes, same.staged.rows) == (version, 0, 100)
    assert (entity.version, entity.files(), entity.previous) == (version, files, state)


def test_files_whose_rows_stay_are_linked(entity: Entity) -> None:
    rows = counted(100)
    entity.refresh(rows)
    before = inodes(entity)
    staged = entity.refresh(replaced(rows, 50, n=-1.0)).staged
    linked = [file.linked for file in staged.files]
    assert linked.count(False) == 1 and sum(file.rows for file in staged.files if not file.linked) == 8
    assert len(inodes(entity) - before) == 1
    assert entity.rows().equals(replaced(rows, 50, n=-1.0))
    assert staged.bytes < sum(file.bytes for file in staged.files) / 5
    assert read(entity.path, 0).equals(rows), "the version before stays whole"


def chunks(path: Path) -> dict[str, bytes]:
    """The bytes of each column of a file with one row group."""
    group = pq.read_metadata(path).row_group(0)
    found = {}
    for at in range(group.num_columns):
        column = group.column(at)
        start = column.dictionary_page_offset or column.data_page_offset
        found[column.path_in_schema] = path.read_bytes()[start : start + column.total_compressed_size]
    return found


def test_only_columns_that_changed_are_written(entity: Entity, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = counted(100)
    entity.refresh(rows)
    (old,) = [entity.path / file.name for file in table_files(entity.path, 0)[6:7]]
    changed = replaced(rows, 50, n=-1.0)
    # Digests of the rows that stay are not needed either.
    looked_at: list[int] = []

    def noted(batch: pa.RecordBatch) -> Any:
        looked_at.append(batch.num_rows)
        return row_hashes(batch)

    monkeypatch.setattr(comparing, "row_hashes", noted)
    monkeypatch.setattr(comparing, "_PROBED_ROWS", 1)
    staged = entity.refresh(changed)
    assert (staged.updated, staged.skipped) == (1, 99)
    (new,) = [entity.path / file.name for file in staged.staged.files if not file.linked]
    before, after = chunks(old), chunks(new)
    assert before["id"] == after["id"] and before["t"] == after["t"] and before["n"] != after["n"]
    assert sum(looked_at) == 13 + 1, "one row of each file, and what changed"
    assert entity.rows().equals(changed) and read(entity.path, 0).equals(rows)
    back = entity.refresh(rows)
    assert (back.updated, back.skipped) == (1, 99) and entity.rows().equals(rows)


def test_every_kind_of_change_to_a_value_is_seen(entity: Entity) -> None:
    numbers: list[Any] = [0.0, None, 1.0, float("nan"), 4.0, 5.0, 6.0, 7.0]
    rows = pa.table({"id": range(8), "n": numbers, "m": numbers[::-1], "s": [1] * 8, "t": ["x"] * 8})
    entity.refresh(rows)
    changes = [("n", 0, -0.0), ("n", 1, 0.0), ("n", 2, None), ("n", 3, 1.0), ("m", 6, 9.0), ("m", 4, 1.0)]
    for count in range(1, len(changes) + 1):
        changed = rows
        for column, at, value in changes[:count]:
            changed = replaced(changed, at, **{column: value})
        staged = entity.refresh(changed)
        assert _bits(entity.rows()) == _bits(changed)
        assert (staged.updated, staged.skipped) == (1, 7)
    assert entity.refresh(changed).staged.unchanged_of == entity.version
    back = entity.refresh(rows)
    assert (back.updated, back.skipped) == (6, 2) and _bits(entity.rows()) == _bits(rows)
    in_two = replaced(replaced(rows, 0, n=-0.0), 6, m=9.0)
    staged = entity.refresh(in_two)
    assert (staged.updated, staged.skipped) == (2, 6) and _bits(entity.rows()) == _bits(in_two)


def test_rows_that_change_places_are_no_others(entity: Entity) -> None:
    rows = counted(40)
    for name in ("same", "as", "ever", "more"):
        # So that few columns change where rows do.
        rows = rows.append_column(name, pa.array([1] * 40))
    entity.refresh(rows)
    order = [*range(3), 4, 3, *range(5, 17), 30, *range(18, 30), 17, *range(31, 40)]
    staged = entity.refresh(rows.take(order))
    assert (staged.inserted, staged.updated, staged.deleted, staged.skipped) == (0, 0, 0, 40)
    assert entity.rows().equals(rows.take(order))


def test_a_row_in_front_moves_the_others_and_keeps_their_files(entity: Entity) -> None:
    rows = counted(100)
    entity.refresh(rows)
    moved = pa.concat_tables([table((-1, 0.5, "new")), rows])
    staged = entity.refresh(moved)
    assert (staged.inserted, staged.skipped) == (1, 100)
    assert sum(file.linked for file in staged.staged.files) >= 12
    assert entity.rows().equals(moved)


def test_deleting_the_old_names_takes_nothing_away(entity: Entity) -> None:
    rows = counted(40)
    entity.refresh(rows)
    old = list(entity.path.glob("*.parquet"))
    entity.refresh(replaced(rows, 0, n=9.0))
    for file in old:
        file.unlink()
    assert entity.rows().equals(replaced(rows, 0, n=9.0))


def test_where_links_do_not_work_files_are_copied(entity: Entity, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "no links here")

    rows = counted(40)
    entity.refresh(rows)
    monkeypatch.setattr(os, "link", refuse)
    entity.refresh(replaced(rows, 0, n=9.0))
    assert entity.rows().equals(replaced(rows, 0, n=9.0))


def test_rows_that_are_gone_can_be_kept(tmp_path: Path, small_files: None) -> None:
    entity = Entity(tmp_path / "table", KEEPING)
    rows = counted(30)
    entity.refresh(rows)
    staged = entity.refresh(pa.concat_tables([rows.slice(20), table((30, 1.0, "new"))]))
    assert (staged.inserted, staged.deleted, staged.skipped) == (1, 0, 30)
    assert entity.rows()["id"].to_pylist() == [*range(20, 31), *range(20)]
    again = entity.refresh(rows.slice(25, 5))
    assert entity.rows()["id"].to_pylist() == [*range(25, 30), *range(20, 25), 30, *range(20)]
    assert any(file.linked for file in again.staged.files), "those that were kept before are linked"
    known = {row["id"]: row for row in rows.to_pylist()}
    assert all(known.get(row["id"], row) == row for row in entity.rows().to_pylist())
    back = entity.refresh(table((3, 9.0, "back")))
    assert (back.updated, back.inserted, back.deleted) == (1, 0, 0)
    assert entity.rows().to_pylist()[0] == {"id": 3, "n": 9.0, "t": "back"} and len(entity.rows()) == 31


def test_nothing_given_and_all_kept_is_unchanged(tmp_path: Path) -> None:
    entity = Entity(tmp_path / "table", KEEPING)
    entity.refresh(counted(10))
    assert entity.refresh(counted(0)).staged.unchanged_of == 0
    assert entity.refresh(counted(0), full=True).staged.rows == 0, "in full: as though nothing were published"


@pytest.mark.parametrize(
    ("rows", "code", "named"),
    [
        (table((1, 1.0, "secret"), (2, 2.0, "b"), (1, 3.0, "c")), "refresh.key_repeated", "1 rows"),
        (table((1, 1.0, "secret"), (None, 2.0, "b"), (None, 2.5, "x")), "refresh.key_null", "2 rows"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_keys_that_tell_nothing_apart_are_refused(
    entity: Entity, rows: pa.Table, code: str, named: str, first: bool
) -> None:
    if not first:
        entity.refresh(table((1, 1.0, "secret"), (7, 7.0, "g")))
    files = entity.files()
    with pytest.raises(RefreshError) as caught:
        entity.refresh(rows)
    assert caught.value.code == code
    assert named in caught.value.message and "'id'" in caught.value.message and "secret" not in caught.value.message
    assert entity.files() == files


def test_a_changed_row_may_not_take_the_key_of_one_that_stays(entity: Entity) -> None:
    rows = counted(30)
    entity.refresh(rows)
    with pytest.raises(RefreshError, match="another row has"):
        entity.refresh(replaced(rows, 20, id=3))


def test_a_row_given_twice_is_refused(entity: Entity) -> None:
    rows = counted(30)
    entity.refresh(rows)
    with pytest.raises(RefreshError, match="another row has"):
        entity.refresh(pa.concat_tables([rows, rows.slice(4, 1)]))


def test_digests_that_are_equal_by_chance_are_looked_at(entity: Entity, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys decide, not their digests."""
    from headwater.dataflows.staging import keys

    monkeypatch.setattr(keys.KeyColumns, "digests", lambda self, rows: row_hashes(self.of(rows)) * 0 + 5)
    rows = counted(20)
    entity.refresh(rows)
    assert entity.rows().equals(rows)


def test_a_key_that_is_no_column(tmp_path: Path) -> None:
    with pytest.raises(RefreshError, match="no column 'nr'"):
        Entity(tmp_path, EntitySettings("keyed", ("nr",))).refresh(counted(2))


@pytest.mark.parametrize("broken", ["missing", "short", "text", "other version"])
def test_digests_that_are_lost_cost_a_comparison_and_nothing_else(
    entity: Entity, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = counted(30)
    entity.refresh(rows)
    (digests,) = (entity.path / "_digests").iterdir()
    if broken == "missing":
        digests.unlink()
    elif broken == "short":
        digests.write_bytes(digests.read_bytes()[:100])
    elif broken == "text":
        digests.write_text("no array")
    else:
        monkeypatch.setattr("headwater.dataflows.staging.keyed.HASHING", 99)
    changed = replaced(rows, 3, n=7.0)
    staged = entity.refresh(changed)
    assert (staged.inserted, staged.updated, staged.skipped) == (0, 30, 0)
    assert entity.rows().equals(changed)
    assert entity.refresh(changed).staged.unchanged_of == entity.version


@pytest.mark.parametrize("gone", ["remove", "keep"])
def test_other_columns_are_computed_in_full(tmp_path: Path, small_files: None, gone: Any) -> None:
    entity = Entity(tmp_path / "table", EntitySettings("keyed", ("id",), gone))
    rows = counted(20)
    entity.refresh(rows)
    wider = rows.slice(10).append_column("more", pa.array(range(10), pa.int64())).drop_columns(["t"])
    staged = entity.refresh(wider)
    assert [(one["change"], one["column"]) for one in staged.schema_changes] == [("removed", "t"), ("added", "more")]
    assert entity.rows().slice(0, 10).equals(wider)
    if gone == "keep":
        assert entity.rows()["id"].to_pylist() == [*range(10, 20), *range(10)]
        assert entity.rows()["more"].to_pylist()[10:] == [None] * 10
    else:
        assert len(entity.rows()) == 10
    other = wider.set_column(1, "n", pa.array(["x"] * 10))
    if gone == "keep":
        with pytest.raises(RefreshError, match="'n' has another type"):
            entity.refresh(other)
        entity.refresh(other, full=True)
    else:
        entity.refresh(other)
    assert entity.rows().equals(other)


def test_a_table_that_was_not_keyed_becomes_so(tmp_path: Path) -> None:
    entity = Entity(tmp_path / "table", EntitySettings("full"))
    entity.refresh(counted(20))
    entity.settings = KEEPING
    staged = entity.refresh(counted(30).slice(15))
    assert (staged.inserted, staged.updated, staged.deleted) == (10, 5, 0)
    assert entity.rows()["id"].to_pylist() == [*range(15, 30), *range(15)]


def test_what_cannot_be_read_any_more_is_computed_anew(entity: Entity) -> None:
    entity.refresh(counted(20))
    for file in entity.path.glob("*.parquet"):
        file.unlink()
    entity.refresh(counted(20))
    assert entity.rows().equals(counted(20))
    for file in entity.path.glob("*.parquet"):
        file.unlink()
    entity.settings = KEEPING
    with pytest.raises(TableError, match="not kept"):
        entity.refresh(counted(3))


@pytest.mark.parametrize("limit", [9, 12])
def test_more_rows_than_it_may_have(tmp_path: Path, limit: int) -> None:
    entity = Entity(tmp_path / "table", KEEPING)
    entity.refresh(counted(10), max_rows=10)
    files = entity.files()
    more = pa.concat_tables([counted(10).slice(6), table(*((n, 0.0, "x") for n in range(20, 26)))])
    with pytest.raises(RefreshError) as caught:
        entity.refresh(more, max_rows=limit)
    assert caught.value.code == "refresh.limit_rows" and f"{limit:,}" in caught.value.message
    assert entity.files() == files


# What the query gives from one refresh to the next, at random -----------------------------------------------------

_CELLS = st.tuples(
    st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.5, float("nan"), float("inf")])),
    st.one_of(st.none(), st.sampled_from(["", "a", "ä", "a\x00", "longer than twelve bytes"])),
)
_TABLES = st.dictionaries(st.integers(0, 60), _CELLS, max_size=50).flatmap(
    lambda rows: st.permutations(list(rows.items()))
)
_STEPS = st.lists(
    st.tuples(st.one_of(_TABLES, st.integers(0, 2**31)), st.sampled_from(["remove", "keep"])), min_size=1, max_size=6
)


def _next_rows(rows: list[Any], step: Any) -> list[Any]:
    """Rows of their own, or a few random edits of those before."""
    if isinstance(step, list):
        return step
    if step % 2:
        return _with_other_cells(rows, step // 2)
    import random

    chance, edited = random.Random(step), list(rows)
    for _ in range(chance.randrange(4)):
        if edited:
            del edited[chance.randrange(len(edited))]
    for _ in range(chance.randrange(4)):
        key = chance.randrange(61)
        edited = [row for row in edited if row[0] != key]
        edited.insert(chance.randrange(len(edited) + 1), (key, (chance.random(), f"edit {step}")))
    return edited


def _with_other_cells(rows: list[Any], step: int) -> list[Any]:
    """The same rows, some with another number, or no number, or in each other's place."""
    import random

    chance, edited = random.Random(step), list(rows)
    for at in chance.sample(range(len(rows)), min(len(rows), 1 + step % 5)):
        key, (_, text) = edited[at]
        edited[at] = key, (chance.choice([None, 0.0, -0.0, float("nan"), chance.random()]), text)
    if rows and step % 3 == 0:
        one, two = chance.randrange(len(rows)), chance.randrange(len(rows))
        edited[one], edited[two] = edited[two], edited[one]
    return edited


def _bits(rows: pa.Table) -> list[Any]:
    return [tuple(map(repr, row.values())) for row in rows.to_pylist()]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS, size=st.integers(1, 12))
def test_any_edits_give_what_the_query_gives(steps: Any, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "KEYED_FILE_ROWS", size)
        patch.setattr("headwater.dataflows.staging.keyed.KEYED_FILE_ROWS", size)
        entity = Entity(Path(folder), KEYED)
        rows: list[Any] = []
        expected: dict[Any, Any] = {}
        for step, gone in steps:
            rows = _next_rows(rows, step)
            entity.settings = EntitySettings("keyed", ("id",), gone)
            given_rows = {key: (key, *cells) for key, cells in rows}
            left = {key: row for key, row in expected.items() if key not in given_rows and gone == "keep"}
            was, expected = expected, {**given_rows, **left}
            staged = entity.refresh(table(*given_rows.values()))
            assert _bits(entity.rows()) == _bits(table(*expected.values()))
            same = [key for key in expected if key in was and repr(was[key]) == repr(expected[key])]
            assert staged.skipped == len(same)
            assert staged.inserted == len(expected.keys() - was.keys())
            assert staged.deleted == len(was.keys() - expected.keys())
            assert staged.updated == len(expected) - len(same) - (staged.inserted or 0)
