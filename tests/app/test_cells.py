"""Cells as JSON: every type, and the ends of its range."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from headwater.app.reading.cells import json_cell
from headwater.plan.types import DataType, Field, Kind

SECOND = 10_000_000
DAY = 86_400 * SECOND

CASES: list[tuple[Kind, Any, Any]] = [
    (Kind.TEXT, "é", "é"),
    (Kind.LOGICAL, True, True),
    (Kind.INT64, 2**53, 2**53),
    (Kind.INT64, 2**53 + 1, "9007199254740993"),
    (Kind.INT64, -(2**63), "-9223372036854775808"),
    (Kind.DOUBLE, 0.1, 0.1),
    (Kind.DOUBLE, float("nan"), "NaN"),
    (Kind.DOUBLE, float("-inf"), "-Infinity"),
    (Kind.DECIMAL, Decimal("1.10"), "1.10"),
    (Kind.BINARY, b"\x00\xff", "AP8="),
    (Kind.DATE, dt.date(1, 1, 1), "0001-01-01"),
    (Kind.TIME, 0, "00:00:00"),
    (Kind.TIME, DAY - 1, "23:59:59.9999999"),
    (Kind.TIME, DAY, "24:00:00"),
    (Kind.DATETIME, dt.datetime(9999, 12, 31, 23, 59, 59, 1), "9999-12-31T23:59:59.000001"),
    (Kind.DATETIME, DAY + 1, "0001-01-02T00:00:00.0000001"),
    (Kind.DATETIMEZONE, {"instant": DAY, "offset": -330}, "0001-01-01T18:30:00-05:30"),
    (Kind.DATETIMEZONE, {"instant": DAY, "offset": 0}, "0001-01-02T00:00:00+00:00"),
    (Kind.DURATION, 0, "P0DT0H0M0S"),
    (Kind.DURATION, -(DAY + SECOND // 2), "-P1DT0H0M0.5S"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), CASES)
def test_a_cell_keeps_its_worth(kind: Kind, value: Any, expected: Any) -> None:
    found = json_cell(value, DataType(kind))
    assert found == expected
    assert type(found) is type(expected)
    assert json.loads(json.dumps(found, allow_nan=False)) == expected


@pytest.mark.parametrize("kind", Kind)
def test_null_is_null(kind: Kind) -> None:
    assert json_cell(None, DataType(kind)) is None


def test_members_of_records_and_lists_are_written_by_their_own_types() -> None:
    times = DataType(Kind.LIST, item=DataType(Kind.TIME))
    record = DataType(Kind.RECORD, fields=(Field("big", DataType(Kind.INT64)), Field("times", times)))
    assert json_cell({"big": 2**60, "times": [0, None]}, record) == {"big": str(2**60), "times": ["00:00:00", None]}
