"""What M types become in a published table, what comes back, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from deltalake import Schema

from headwater.errors import TableError
from headwater.plan.conversions import EPOCH_TICKS
from headwater.plan.nodes import Column
from headwater.plan.types import (
    BINARY,
    DATE,
    DATETIME,
    DATETIME_TICKS,
    DATETIMEZONE,
    DOUBLE,
    DURATION,
    INT64,
    LOGICAL,
    TEXT,
    TIME,
    DataType,
    Kind,
    list_type,
    record_type,
    to_arrow,
)
from headwater.tables import PublishedSchema, published_schema, type_from_json, type_to_json
from headwater.tables.convert import from_stored, to_stored
from headwater.tables.types import plan_type, restored

MORNING = datetime(2024, 2, 29, 8, 0, 0, 1)
TICKS = EPOCH_TICKS + 10
EVENTS = list_type(record_type({"at": DATETIME, "took": DURATION}))

# plan type, Delta's type of what is stored, values, the same values as Arrow shows the stored ones
TYPES: list[tuple[DataType, list[str], list[Any], list[list[Any]]]] = [
    (LOGICAL, ["boolean"], [True, None], [[True, None]]),
    (INT64, ["long"], [2**63 - 1, None], [[2**63 - 1, None]]),
    (DOUBLE, ["double"], [0.1, float("inf"), None], [[0.1, float("inf"), None]]),
    (DataType(Kind.DECIMAL, precision=38, scale=6), ["decimal(38,6)"], [Decimal("1.234567")], [[Decimal("1.234567")]]),
    (TEXT, ["string"], ["é😀", "", None], [["é😀", "", None]]),
    (DATE, ["date"], [date(1, 1, 1), date(9999, 12, 31)], [[date(1, 1, 1), date(9999, 12, 31)]]),
    (TIME, ["long"], [863_999_999_999, None], [[863_999_999_999, None]]),
    (DATETIME, ["timestamp"], [MORNING, datetime(1, 1, 1), None],
     [[MORNING.replace(tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), None]]),
    (DATETIME_TICKS, ["timestamp"], [TICKS, 0, None],
     [[datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), None]]),
    (DATETIMEZONE, ["timestamp", "short"], [{"instant": TICKS, "offset": -90}, None],
     [[datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), None], [-90, None]]),
    (DURATION, ["long"], [-1, None], [[-1, None]]),
    (BINARY, ["binary"], [b"\x00\xff", None], [[b"\x00\xff", None]]),
    (record_type({"p": DOUBLE, "Late Label": TEXT}), ["struct"], [{"p": 0.5, "Late Label": None}, None],
     [[{"p": 0.5, "Late Label": None}, None]]),
    (EVENTS, ["array"], [[{"at": MORNING, "took": 5}, None], [], None],
     [[[{"at": MORNING.replace(tzinfo=UTC), "took": 5}, None], [], None]]),
]  # fmt: skip
IDS = [str(to_arrow(case[0])) + case[0].kind.value for case in TYPES]


@pytest.mark.parametrize(("data_type", "delta", "values", "stored"), TYPES, ids=IDS)
def test_values_go_and_come_back(data_type: DataType, delta: list[str], values: Any, stored: Any) -> None:
    schema = published_schema([Column("c", "C", data_type)])
    fields = json.loads(Schema.from_arrow(schema.stored).to_json())["fields"]
    names = [f["type"] if isinstance(f["type"], str) else f["type"]["type"] for f in fields]
    assert names == delta
    arrays, lost = to_stored(pa.array(values, to_arrow(data_type)), data_type)
    assert [array.type for array in arrays] == schema.stored.types
    assert [array.to_pylist() for array in arrays] == stored
    assert lost == 0
    read = restored(data_type)
    back = from_stored(arrays, read)
    assert back.type == to_arrow(read)
    if data_type != DATETIME_TICKS:
        assert back.to_pylist() == values


@pytest.mark.parametrize("data_type", [case[0] for case in TYPES], ids=IDS)
def test_the_type_is_in_the_field_and_in_json(data_type: DataType) -> None:
    assert type_from_json(json.loads(json.dumps(type_to_json(data_type)))) == data_type
    schema = published_schema([Column("c", "C", data_type)])
    assert plan_type(schema.stored.field("C")) == restored(data_type)
    assert PublishedSchema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_parts_of_an_array_and_slices_convert() -> None:
    values: Any = pa.array([[{"at": MORNING, "took": 1}], None, [], [{"at": None, "took": 2}]] * 2, to_arrow(EVENTS))
    part = values.slice(3, 3)
    arrays, _ = to_stored(part, EVENTS)
    assert from_stored(arrays, EVENTS).to_pylist() == part.to_pylist()
    zoned: Any = pa.array([None, {"instant": TICKS, "offset": 0}, None], to_arrow(DATETIMEZONE)).slice(1)
    arrays, _ = to_stored(zoned, DATETIMEZONE)
    assert from_stored(arrays, DATETIMEZONE).to_pylist() == zoned.to_pylist()


@pytest.mark.parametrize(
    ("data_type", "values", "lost"),
    [
        (DATETIME_TICKS, [TICKS, TICKS + 1, None, TICKS + 9], 2),
        (DATETIMEZONE, [{"instant": TICKS + 5, "offset": 0}, {"instant": TICKS, "offset": 1}], 1),
        (list_type(DATETIME_TICKS), [[TICKS + 1, TICKS], [TICKS + 2]], 2),
    ],
)
def test_ticks_below_a_microsecond_are_counted(data_type: DataType, values: list[Any], lost: int) -> None:
    assert to_stored(pa.array(values, to_arrow(data_type)), data_type)[1] == lost


def test_a_cut_goes_down_before_1970_too() -> None:
    arrays, _ = to_stored(pa.array([EPOCH_TICKS - 1]), DATETIME_TICKS)
    assert arrays[0].to_pylist() == [datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([("Total", INT64), ("TOTAL", INT64)], "'Total' and 'TOTAL'"),
        ([("", INT64)], "without a name"),
        ([("At", DATETIMEZONE), ("at.Offset", INT64)], r"'At.offset' and 'at.Offset'"),
        ([("r", record_type({"x": INT64, "X": INT64}))], "field of column 'r's 'x' and 'X'"),
        ([("r", list_type(record_type({})))], "'r' cannot be published"),
    ],
)
def test_names_that_delta_cannot_hold_are_refused(columns: list[tuple[str, DataType]], message: str) -> None:
    with pytest.raises(TableError, match=message):
        published_schema([Column(f"c{i}", name, kind) for i, (name, kind) in enumerate(columns)])


def test_columns_of_other_writers() -> None:
    assert plan_type(pa.field("a", pa.timestamp("us", "UTC"))) == DATETIME
    assert plan_type(pa.field("a", pa.int32())) == INT64
    assert plan_type(pa.field("a", pa.uint64())) is None


def test_a_type_of_another_version_is_refused() -> None:
    with pytest.raises(TableError, match="does not know"):
        type_from_json("quaternion")
