"""Columns of any values as JSON, against the values themselves; what lies in memory beyond a slice is not written."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.plan.types import (
    BINARY,
    DATE,
    DATETIME,
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
from headwater.server.odata.json_rows import json_objects

DECIMAL = DataType(Kind.DECIMAL, precision=38, scale=10)
EPOCH = dt.datetime(1, 1, 1)
DAY = 864_000_000_000

texts = st.text(max_size=12)
wholes = st.integers(-(2**63), 2**63 - 1)
#: By type, values as Arrow takes them.
VALUES: dict[DataType, st.SearchStrategy[Any]] = {
    LOGICAL: st.booleans(),
    INT64: wholes,
    DOUBLE: st.floats(),
    DECIMAL: st.decimals(-(10**27), 10**27, places=10),
    TEXT: texts,
    DATE: st.dates(),
    TIME: st.integers(0, DAY - 1),
    DATETIME: st.datetimes().map(lambda moment: moment.replace(fold=0)),
    DATETIMEZONE: st.fixed_dictionaries(
        # Published moments are by the microsecond.
        {
            "instant": st.integers(DAY // 10, 3_652_058 * DAY // 10).map(lambda us: us * 10),
            "offset": st.integers(-840, 840),
        }
    ),
    DURATION: wholes,
    BINARY: st.binary(max_size=8),
}  # fmt: skip
VALUES[record_type({"a b": INT64, "t": TEXT})] = st.fixed_dictionaries(
    {"a b": st.none() | wholes, "t": st.none() | texts}
)
VALUES[list_type(TEXT)] = st.lists(st.none() | texts, max_size=3)
VALUES[list_type(record_type({"d": DOUBLE}))] = st.lists(
    st.none() | st.fixed_dictionaries({"d": st.none() | st.floats().filter(bool)}), max_size=2
)
VALUES[list_type(list_type(INT64))] = st.lists(st.none() | st.lists(st.none() | wholes, max_size=2), max_size=2)


def read_back(written: Any, of: DataType) -> Any:
    """The value that OData's JSON stands for, as Arrow takes it."""
    if written is None:
        return None
    match of.kind:
        case Kind.DOUBLE:
            # That a number of JSON has no point does not make it whole.
            return {"NaN": math.nan, "INF": math.inf, "-INF": -math.inf}.get(written) or float(written) + 0.0
        case Kind.DATE:
            return dt.date.fromisoformat(written)
        case Kind.TIME:
            return clock_ticks(written)
        case Kind.DATETIME:
            assert written.endswith("Z")
            return dt.datetime.fromisoformat(written.removesuffix("Z"))
        case Kind.DATETIMEZONE:
            local, sign, zone = written[:26], written[26], written[27:]
            minutes = (int(zone[:2]) * 60 + int(zone[3:])) * (-1 if sign == "-" else 1)
            ticks = (dt.datetime.fromisoformat(local) - EPOCH) // dt.timedelta(microseconds=1) * 10
            return {"instant": ticks - minutes * 600_000_000, "offset": minutes}
        case Kind.DURATION:
            days, _, rest = written.lstrip("-").removeprefix("P").partition("DT")
            clock = rest.replace("H", ":").replace("M", ":").removesuffix("S")
            return (int(days) * DAY + clock_ticks(clock)) * (-1 if written[0] == "-" else 1)
        case Kind.BINARY:
            return base64.urlsafe_b64decode(written)
        case Kind.RECORD:
            named = {field.name: field for field in of.fields}
            return {name: read_back(written[name.replace(" ", "_x0020_")], field.type) for name, field in named.items()}
        case Kind.LIST:
            assert of.item is not None
            inner = of.item.kind is Kind.LIST
            return [read_back(item["value"] if inner else item, of.item) for item in written]
        case _:
            return written


def clock_ticks(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    return (int(hours) * 3600 + int(minutes) * 60) * 10_000_000 + int(Decimal(seconds) * 10_000_000)


@pytest.mark.parametrize("of", VALUES, ids=lambda of: of.kind.value)
def test_any_values_come_back(of: DataType) -> None:
    @settings(max_examples=60, deadline=None)
    @given(values=st.lists(st.none() | VALUES[of], min_size=1, max_size=6), start=st.integers(0, 5))
    def check(values: list[Any], start: int) -> None:
        rows = pa.table({"v": pa.array(values, to_arrow(of))}).slice(start)
        written = json.loads(b"[" + json_objects(rows, [of]) + b"]", parse_float=Decimal if of is DECIMAL else float)
        found = [read_back(row["v"], of) for row in written]
        # Of two NaN none equals the other; their texts do.
        assert repr(list(map(shown, found))) == repr(list(map(shown, rows.column(0).to_pylist())))

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return sorted((name, shown(member)) for name, member in value.items())
        return value + 0.0 if isinstance(value, float) else value

    check()


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.none() | wholes, min_size=1, max_size=5))
def test_numbers_as_text_keep_their_digits(values: list[int | None]) -> None:
    rows = pa.table({"v": pa.array(values, pa.int64())})
    written = json.loads(b"[" + json_objects(rows, [INT64], numbers_as_text=True) + b"]")
    assert [row["v"] for row in written] == [None if value is None else str(value) for value in values]


def test_chunks_are_one_column() -> None:
    rows = pa.concat_tables([pa.table({"v": ["a"]}), pa.table({"v": ['"']})])
    assert json_objects(rows, [TEXT]) == b'{"v":"a"},{"v":"\\""}'
    assert json_objects(rows.slice(2), [TEXT]) == b""
