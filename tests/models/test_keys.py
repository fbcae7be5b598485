"""Prediction keys against committed vectors, and against the encoding written out row by row."""

from __future__ import annotations

import json
import math
import struct
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh3_128_digest

from headwater.errors import SchemaError
from headwater.models.keys import KEY_VERSION, row_keys

VECTORS = json.loads((Path(__file__).parent / "cases" / "key_vectors.json").read_text(encoding="utf-8"))

FIELDS: list[tuple[str, Any]] = [
    ("flag", pa.bool_()),
    ("count", pa.int64()),
    ("share", pa.float64()),
    ("text", pa.string()),
    ("bytes", pa.binary()),
    ("items", pa.list_(pa.int32())),
    ("point", pa.struct([("x", pa.float32()), ("names", pa.list_(pa.string()))])),
]
SCHEMA = pa.schema(FIELDS)

ROWS = st.fixed_dictionaries(
    {
        "flag": st.none() | st.booleans(),
        "count": st.none() | st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63)]),
        "share": st.none() | st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, 5e-324]),
        "text": st.none() | st.sampled_from(["", "a", "ab", "ä", "😀", "a\x00"]),
        "bytes": st.none() | st.sampled_from([b"", b"a", b"\x00"]),
        "items": st.none() | st.lists(st.none() | st.integers(-2, 2), max_size=3),
        "point": st.none()
        | st.fixed_dictionaries(
            {
                "x": st.none() | st.sampled_from([0.0, -0.0, math.nan]),
                "names": st.none() | st.lists(st.text("ab"), max_size=2),
            }
        ),
    }
)


def written(value: Any, kind: pa.DataType) -> bytes:
    """One cell as the documentation of ``headwater.models.keys`` has it."""
    if pa.types.is_struct(kind):
        names = [kind.field(i) for i in range(kind.num_fields)]
        width = sum(len(written(None, field.type)) for field in names)
        return b"\0" * (1 + width) if value is None else b"\1" + b"".join(written(value[f.name], f.type) for f in names)
    if value is None:
        return b"\0" * (9 if pa.types.is_primitive(kind) and not pa.types.is_decimal(kind) else 17)
    if pa.types.is_list(kind):
        return b"\1" + xxh3_128_digest(b"".join(written(item, kind.value_type) for item in value))
    if pa.types.is_floating(kind):
        return b"\1" + (b"\0\0\0\0\0\0\xf8\x7f" if math.isnan(value) else struct.pack("<d", value + 0.0))
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return b"\1" + xxh3_128_digest(value.encode() if isinstance(value, str) else value)
    return b"\1" + struct.pack("<q", int(value))


def keys_of(batch: pa.RecordBatch) -> list[str]:
    keys = row_keys(batch)
    return [struct.pack(">qq", *pair).hex() for pair in zip(keys.high.tolist(), keys.low.tolist(), strict=True)]


def comparable(value: Any) -> Any:
    """Equal for rows that are equal to a model: NaN is NaN, and the zeros are one."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value + 0.0
    if isinstance(value, dict):
        return tuple((name, comparable(member)) for name, member in sorted(value.items()))
    return tuple(map(comparable, value)) if isinstance(value, list) else value


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_committed_vectors_hold(vector: dict[str, Any]) -> None:
    assert VECTORS["key_version"] == KEY_VERSION
    types: dict[str, Any] = {"date": pa.date32(), "timestamp": pa.timestamp("us"), "decimal": pa.decimal128(10, 2)}
    kind = types.get(vector["type"]) or pa.type_for_alias(vector["type"])
    read: dict[str, Any] = {
        "date": date.fromisoformat,
        "timestamp": datetime.fromisoformat,
        "decimal": Decimal,
        "binary": bytes.fromhex,
    }
    values = [value if value is None else read.get(vector["type"], lambda v: v)(value) for value in vector["values"]]
    numbers = [float(value) if pa.types.is_floating(kind) and value is not None else value for value in values]
    assert keys_of(pa.record_batch([pa.array(numbers, kind)], names=["c"])) == vector["keys"]


@settings(deadline=None)
@given(st.lists(ROWS, max_size=20))
def test_vectorised_encoding_is_the_documented_one(rows: list[dict[str, Any]]) -> None:
    expected = [xxh3_128_digest(b"".join(written(row[f.name], f.type) for f in SCHEMA)).hex() for row in rows]
    assert keys_of(pa.RecordBatch.from_pylist(rows, schema=SCHEMA)) == expected


@settings(deadline=None)
@given(st.lists(ROWS, min_size=2, max_size=20))
def test_keys_are_equal_exactly_where_rows_are(rows: list[dict[str, Any]]) -> None:
    keys = keys_of(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))
    same_rows = [[comparable(a) == comparable(b) for b in rows] for a in rows]
    assert same_rows == [[a == b for b in keys] for a in keys]


@settings(deadline=None)
@given(st.lists(ROWS, max_size=20), st.integers(0, 20))
def test_keys_do_not_depend_on_where_batches_are_cut(rows: list[dict[str, Any]], cut: int) -> None:
    batch = pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
    assert keys_of(batch) == keys_of(batch.slice(0, cut)) + keys_of(batch.slice(cut))


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.int64(), pa.float64()], ids=str)
def test_dictionary_encoding_changes_nothing(kind: pa.DataType) -> None:
    values: Any = {"string": ["b", None, "a", "b"], "binary": [b"b", None, b"a", b"b"]}.get(str(kind), [3, None, 1, 3])
    plain = pa.array(values, kind)
    assert keys_of(pa.record_batch({"c": plain.dictionary_encode()})) == keys_of(pa.record_batch({"c": plain}))


def test_wide_and_narrow_numbers_have_the_same_key() -> None:
    integers = [
        keys_of(pa.record_batch({"c": pa.array([1, -5], kind)})) for kind in (pa.int8(), pa.int32(), pa.int64())
    ]
    floats = [keys_of(pa.record_batch({"c": pa.array([1.5, None], kind)})) for kind in (pa.float32(), pa.float64())]
    assert integers[0] == integers[1] == integers[2] and floats[0] == floats[1]


def test_every_nan_is_the_same() -> None:
    bits = np.array([0x7FF8000000000000, 0xFFF8000000000000, 0x7FF8000000000001], np.uint64)
    assert len(set(keys_of(pa.record_batch([pa.array(bits.view(np.float64))], names=["c"])))) == 1


def test_rows_beyond_one_chunk_are_keyed_alike() -> None:
    numbers = np.arange(50_000) % 1000
    columns: dict[str, Any] = {"c": numbers, "t": [str(n) for n in numbers]}
    keys = keys_of(pa.record_batch(columns))
    assert keys == keys[:1000] * 50


def test_no_columns_and_no_rows() -> None:
    assert keys_of(pa.record_batch({"c": pa.array([], pa.int64())})) == []


def test_a_type_without_an_encoding_is_refused() -> None:
    with pytest.raises(SchemaError, match="no prediction key"):
        row_keys(pa.record_batch([pa.nulls(1, pa.month_day_nano_interval())], names=["c"]))
