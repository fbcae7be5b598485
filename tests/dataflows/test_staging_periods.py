"""Partitioned entities: periods by the calendar, computed where they may have changed, taken over where not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dataflows.staged import Entity

from headwater.dataflows.definitions.settings import EntitySettings, Partitions, Periods
from headwater.dataflows.staging import StagedRows
from headwater.dataflows.staging.periods import Period, floor, layout_of, missing, pieces
from headwater.engines.duckdb import DuckDBEngine
from headwater.errors import RefreshError
from headwater.powerquery import PlanTable, Session, Value, evaluate_queries, to_plan_table, to_text

BERLIN = ZoneInfo("Europe/Berlin")
SALES = """let
    Source = Parquet.Document(File.Contents(Path)),
    Chosen = Table.SelectRows(Source, each [at] >= RangeStart and [at] < RangeEnd)
in
    Chosen"""
SCHEMA = pa.schema({"at": pa.timestamp("us"), "n": pa.int64(), "changed": pa.int64()})


def settings_of(store: str, refresh: str, detect: str = "", complete: bool = False) -> EntitySettings:
    partitions = Partitions(Periods.parse(store), Periods.parse(refresh), detect, complete)
    return EntitySettings("partitioned", partitions=partitions)


@dataclass
class Sales:
    """A source in a CSV file, and the entity over it. ``evaluated`` are the periods that were asked for."""

    folder: Path
    settings: EntitySettings
    rows: dict[int, tuple[datetime, int, int]] = field(default_factory=dict)
    query: str = SALES
    evaluated: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entity = Entity(self.folder / "table", self.settings)
        self.engine = DuckDBEngine(threads=1)

    def put(self, *rows: tuple[str, int, int]) -> None:
        for at, n, changed in rows:
            self.rows[n] = (datetime.fromisoformat(at), n, changed)

    def evaluate(self, parameters: Mapping[str, Value]) -> PlanTable:
        session = Session(environment={**parameters, "Path": str(self.source)}, folders=(self.folder,))
        vars(session)["engine"] = self.engine  # one for all, because starting one takes longer than these queries
        queries = evaluate_queries({"Sales": self.query}, session, {})
        start, end = (parameters[name] for name in ("RangeStart", "RangeEnd"))
        self.evaluated.append(f"{_day(start)}..{_day(end)}")
        return to_plan_table(lambda: queries.get("Sales"), session)

    @property
    def source(self) -> Path:
        return self.folder / "sales.parquet"

    def refresh(self, now: str, **options: Any) -> StagedRows:
        rows = [dict(zip(SCHEMA.names, row, strict=True)) for row in self.rows.values()]
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), self.source)
        self.evaluated.clear()
        moment = datetime.fromisoformat(now).replace(tzinfo=BERLIN)
        given = {"made_by": "this", "reads": frozenset({"RangeStart", "RangeEnd"}), "now": moment, **options}
        return self.entity.publish(self.entity.stage(self.evaluate, **given))

    def numbers(self) -> list[int]:
        return [int(row["n"]) for row in self.entity.rows().to_pylist()]

    def published(self) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.entity.rows().to_pylist()]


def _day(moment: Any) -> str:
    return str(to_text(moment))


# The calendar -----------------------------------------------------------------------------------------------------


def day(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("store", "refresh", "complete", "now", "kept", "window"),
    [
        ("5 years", "10 days", False, "2024-06-15T12:00", "2019-01-01 to 2024-06-16", ("2024-06-05", 11)),
        ("5 years", "10 days", True, "2024-06-15T12:00", "2019-01-01 to 2024-06-15", ("2024-06-05", 10)),
        ("3 months", "1 months", False, "2024-01-31T23:59", "2023-10-01 to 2024-02-01", ("2023-12-01", 2)),
        ("2 quarters", "1 quarters", False, "2024-02-29T00:00", "2023-07-01 to 2024-04-01", ("2023-10-01", 2)),
        ("10 days", "1 years", False, "2024-01-05T00:00", "2023-12-26 to 2025-01-01", ("2023-12-26", 2)),
        ("1 years", "1 years", True, "2024-01-01T00:00", "2023-01-01 to 2024-01-01", ("2023-01-01", 1)),
    ],
)
def test_what_is_kept_and_refreshed(
    store: str, refresh: str, complete: bool, now: str, kept: str, window: tuple[str, int]
) -> None:
    partitions = Partitions(Periods.parse(store), Periods.parse(refresh), "", complete)
    layout = layout_of(partitions, datetime.fromisoformat(now))
    assert str(layout.kept) == kept
    assert (f"{layout.window[0].start:%Y-%m-%d}", len(layout.window)) == window
    assert layout.window[-1].end == layout.kept.end


_MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1)).map(lambda moment: floor(moment, "days"))
_UNITS = st.sampled_from(["days", "months", "quarters", "years"])


@given(_MOMENTS, st.integers(1, 3000), _UNITS)
def test_pieces_cover_a_time_exactly(start: datetime, length: int, unit: Any) -> None:
    gap = Period(start, start + timedelta(days=length))
    found = list(pieces(gap, unit))
    assert list(missing(gap, found)) == []
    assert found[0].start == gap.start and found[-1].end == gap.end
    assert all(a.end == b.start for a, b in pairwise(found))


@given(_MOMENTS, st.integers(1, 400), _UNITS, st.integers(1, 40), _UNITS, st.booleans())
def test_the_window_ends_what_is_kept(
    now: datetime, store: int, by: Any, refresh: int, of: Any, complete: bool
) -> None:
    layout = layout_of(Partitions(Periods(store, by), Periods(refresh, of), "", complete), now)
    assert layout.kept.start <= layout.kept.end
    window = layout.window
    assert list(missing(Period(min(layout.refreshed, layout.kept.end), layout.kept.end), window)) == []


def test_what_known_periods_leave_out() -> None:
    kept = Period(day("2024-01-01"), day("2024-02-01"))
    known = [Period(day("2024-01-03"), day("2024-01-05")), Period(day("2024-01-05"), day("2024-01-10"))]
    assert [str(one) for one in missing(kept, known)] == ["2024-01-01 to 2024-01-03", "2024-01-10 to 2024-02-01"]


# Refreshing -------------------------------------------------------------------------------------------------------


@pytest.fixture
def sales(tmp_path: Path) -> Sales:
    made = Sales(tmp_path, settings_of("1 years", "2 days"))
    made.put(
        ("2022-12-31 23:59:59", 1, 0),
        ("2023-01-01 00:00:00", 2, 0),
        ("2023-08-15 10:00:00", 3, 0),
        ("2024-05-20 10:00:00", 4, 0),
        ("2024-06-03 23:59:59", 5, 0),
        ("2024-06-04 00:00:00", 6, 0),
        ("2024-06-04 12:30:00", 7, 0),
    )
    return made


def test_the_first_refresh_loads_all_that_is_kept(sales: Sales) -> None:
    sales.refresh("2024-06-04T12:00")
    assert sales.numbers() == [2, 3, 4, 5, 6, 7], "in the order of the periods; what is too old is not loaded"
    # A year, a quarter, two months, a day, and the window of three.
    assert len(sales.evaluated) == 1 + 1 + 2 + 1 + 3


def test_only_the_newest_periods_are_computed_again(sales: Sales) -> None:
    sales.refresh("2024-06-04T12:00")
    sales.put(("2023-08-15 11:00:00", 8, 0), ("2024-06-03 01:00:00", 9, 0))
    staged = sales.refresh("2024-06-04T18:00")
    assert len(sales.evaluated) == 3
    assert sales.numbers() == [2, 3, 4, 5, 9, 6, 7], "what changed in an old period is not looked for"
    assert staged.skipped == 3 and sum(file.linked for file in staged.staged.files) == 2
    sales.refresh("2024-06-04T18:00", full=True)
    assert sales.numbers() == [2, 3, 8, 4, 5, 9, 6, 7]


def test_periods_that_are_too_old_go(sales: Sales) -> None:
    sales.refresh("2024-06-04T12:00")
    sales.put(("2025-01-01 10:00:00", 20, 0))
    sales.refresh("2025-01-01T12:00")
    assert sales.numbers() == [4, 5, 6, 7, 20]


def test_gaps_are_filled(sales: Sales) -> None:
    sales.refresh("2024-06-04T12:00")
    sales.put(("2024-06-20 10:00:00", 10, 0), ("2024-07-20 10:00:00", 11, 0), ("2024-08-05 10:00:00", 12, 0))
    sales.put(("2024-06-03 23:00:00", 13, 0), ("2024-05-20 11:00:00", 14, 0))
    sales.refresh("2024-08-05T12:00")
    assert sales.numbers() == [2, 3, 4, 5, 6, 7, 10, 11, 12], "all that was not loaded yet, and nothing twice"
    assert not any("#datetime(2024, 6, 3," in period.partition("..")[0] for period in sales.evaluated)


@pytest.mark.parametrize("next_refresh", ["2024-06-06T12:00", "2024-06-17T12:00"])
def test_a_period_that_was_running_is_completed(sales: Sales, next_refresh: str) -> None:
    """Whether or not it lies in the window by then."""
    sales.refresh("2024-06-04T12:00")
    sales.put(("2024-06-04 23:00:00", 13, 0))
    sales.refresh(next_refresh)
    assert sales.numbers() == [2, 3, 4, 5, 6, 7, 13]


def test_complete_periods_leave_the_running_one_out(tmp_path: Path, sales: Sales) -> None:
    complete = Sales(tmp_path / "complete", settings_of("1 years", "2 days", complete=True), sales.rows)
    complete.folder.mkdir()
    complete.refresh("2024-06-04T12:00")
    assert complete.numbers() == [2, 3, 4, 5]
    complete.refresh("2024-06-05T00:00")
    assert complete.numbers() == [2, 3, 4, 5, 6, 7]


def test_periods_that_did_not_change_are_not_computed(tmp_path: Path, sales: Sales) -> None:
    detecting = Sales(tmp_path / "detecting", settings_of("1 years", "2 days", "changed"), sales.rows)
    detecting.folder.mkdir()
    detecting.put(("2024-06-03 12:00:00", 15, 1))
    detecting.refresh("2024-06-04T12:00")
    detecting.put(("2024-06-03 12:00:00", 15, 0), ("2024-06-03 23:59:59", 5, 1))
    staged = detecting.refresh("2024-06-04T12:00")
    assert detecting.published()[3:5] != [] and 15 in detecting.numbers()
    # The greatest value of the 3rd is 1 as before; of the empty 2nd there is none; of the 4th it is 0 as before.
    assert staged.skipped == 7
    detecting.put(("2024-06-04 12:30:00", 7, 2))
    detecting.refresh("2024-06-04T12:00")
    assert detecting.published()[-1][2] == 2
    assert [row[2] for row in detecting.published() if row[1] in (5, 15)] == [0, 1], "the 3rd was not computed"


def test_no_marker_no_trust(tmp_path: Path) -> None:
    sales = Sales(tmp_path, settings_of("2 days", "2 days", "changed"))
    sales.query = SALES.replace('Chosen"', "").replace(
        "in\n    Chosen",
        ',\n    Nulls = Table.TransformColumns(Chosen, {{"changed", each null, Int64.Type}})\nin\n    Nulls',
    )
    sales.put(("2024-06-03 10:00:00", 1, 0))
    sales.refresh("2024-06-04T12:00")
    sales.put(("2024-06-03 11:00:00", 2, 0))
    sales.refresh("2024-06-04T12:00")
    assert sales.numbers() == [1, 2]


def test_nothing_changed_makes_no_version(tmp_path: Path) -> None:
    sales = Sales(tmp_path, settings_of("2 days", "2 days", "changed"))
    sales.put(*((f"2024-06-{day} 10:00:00", int(day), int(day)) for day in ("02", "03", "04")))
    sales.refresh("2024-06-04T12:00")
    files = sales.entity.files()
    staged = sales.refresh("2024-06-04T12:00")
    assert (staged.staged.unchanged_of, staged.skipped, sales.entity.files()) == (0, 3, files)


@pytest.mark.parametrize("what", ["definition", "columns"])
def test_another_definition_or_other_columns_load_all_anew(sales: Sales, what: str) -> None:
    sales.refresh("2024-06-04T12:00")
    sales.put(("2023-08-15 11:00:00", 8, 0))
    if what == "definition":
        sales.refresh("2024-06-04T12:00", made_by="that")
    else:
        sales.query = SALES.replace(
            "in\n    Chosen", ',\n    More = Table.AddColumn(Chosen, "m", each 1, Int64.Type)\nin\n    More'
        )
        staged = sales.refresh("2024-06-04T12:00")
        assert [change["column"] for change in staged.schema_changes] == ["m"]
    assert sales.numbers() == [2, 3, 8, 4, 5, 6, 7]


def test_a_query_that_does_not_read_the_range(sales: Sales) -> None:
    with pytest.raises(RefreshError) as caught:
        sales.refresh("2024-06-04T12:00", reads=frozenset({"RangeStart", "rangeend"}))
    assert caught.value.code == "refresh.range_missing" and "RangeEnd" in caught.value.message
    assert "each [Date] >= RangeStart" in caught.value.hint


@pytest.mark.parametrize(("column", "said"), [("nothing", "no column"), ("at", None)])
def test_the_column_that_tells_of_changes(tmp_path: Path, sales: Sales, column: str, said: str | None) -> None:
    other = Sales(tmp_path / "other", settings_of("1 years", "2 days", column), sales.rows)
    other.folder.mkdir()
    if said is None:
        other.refresh("2024-06-04T12:00")
        assert other.numbers() == [2, 3, 4, 5, 6, 7]
        return
    with pytest.raises(RefreshError, match=said):
        other.refresh("2024-06-04T12:00")


def test_more_rows_than_it_may_have_in_all_periods_together(sales: Sales) -> None:
    with pytest.raises(RefreshError, match="more than 5 rows"):
        sales.refresh("2024-06-04T12:00", max_rows=5)
    assert sales.entity.files() == []


def test_summer_time_neither_skips_nor_doubles_a_day(tmp_path: Path) -> None:
    sales = Sales(tmp_path, settings_of("5 days", "1 days"))
    sales.put(*((f"2024-03-{day} {hour:02}:30:00", day * 100 + hour, 0) for day in range(29, 32) for hour in range(24)))
    for now in ("2024-03-30T12:00", "2024-03-31T03:30", "2024-04-01T00:00", "2024-04-01T23:00"):
        sales.refresh(now)
    assert sales.numbers() == [day * 100 + hour for day in range(29, 32) for hour in range(24)]


_CHANGES = st.lists(
    st.tuples(st.integers(0, 4), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), max_size=5)),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(deadline=None, max_examples=6)
@given(steps=_CHANGES, detect=st.booleans())
def test_changes_within_the_window_give_what_loading_all_gives(
    tmp_path_factory: pytest.TempPathFactory, steps: Any, detect: bool
) -> None:
    """Rows change only within the window, and ``changed`` grows with each change, as it must."""
    sales = Sales(tmp_path_factory.mktemp("sales"), settings_of("1 months", "2 days", "changed" if detect else ""))
    now, clock = datetime(2024, 6, 4, 12), 0
    for passing, edits in steps:
        now += timedelta(days=passing)
        for hours, number in edits:
            clock += 1
            at = floor(now, "days") - timedelta(hours=hours)
            sales.put((at.isoformat(" "), int(at.strftime("%m%d%H")) * 10 + number, clock))
        sales.refresh(now.isoformat())
        kept = layout_of(sales.settings.partitions or pytest.fail(), now).kept
        expected = {n for at, n, _ in sales.rows.values() if kept.start <= at < kept.end}
        assert set(sales.numbers()) == expected and len(sales.numbers()) == len(expected)
        assert {row[1]: row[2] for row in sales.published()} == {n: sales.rows[n][2] for n in expected}
        assert [floor(row[0], "days") for row in sales.published()] == sorted(
            floor(row[0], "days") for row in sales.published()
        )
