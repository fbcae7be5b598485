"""Rows as JSON, turned into the arguments of a model by its signature.

==============  ==============================================================
a parameter of  is given as
==============  ==============================================================
logical         ``true``, ``false``
whole numbers   a number without a fraction, ``3`` or ``3.0``
numbers         a number
text            a text
date            ``"2026-01-31"``
datetime        ``"2026-01-31T12:00:00"``, without a zone; or a date
binary          its bytes in Base64
list            a list
record          an object with these fields; one that is missing is null
==============  ==============================================================

A value of another kind is an error of its row, and of no other row. No message holds a value.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from headwater.models.arrow import Array, nulls
from headwater.models.signature import Parameter, Signature
from headwater.plan.cells import encode_error, error_column

__all__ = ["Misfit", "arguments_schema", "carrier", "encoded", "json_arguments", "json_cells"]

Convert: TypeAlias = Callable[[Any], Any]

_REASON = "Expression.Error"
_TOO_LARGE = "cannot hold a value that large"
_FORM = "cannot hold this value"
_FAILURES = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeError)


class Misfit(Exception):
    """A value is not of the kind that a parameter takes; the text says what it takes, and follows its name."""


def arguments_schema(parameters: Iterable[Parameter]) -> pa.Schema:
    """The columns of converted arguments: each parameter's, and the one of the errors in it."""
    fields = []
    for parameter in parameters:
        fields += [
            pa.field(parameter.name, carrier(parameter.wire)),
            pa.field(error_column(parameter.name), pa.string()),
        ]
    return pa.schema(fields)


def json_arguments(signature: Signature, function: str, rows: Sequence[Any]) -> pa.RecordBatch:
    """The arguments of rows, each an object by the parameters' names or a list in their order.

    >>> from headwater.models.schemas.mlflow import from_mlflow
    >>> signature = from_mlflow([{"name": "n", "type": "long"}], [{"type": "double"}])
    >>> batch = json_arguments(signature, "demo.m", [{"n": 1}, [2], {"n": "3"}])
    >>> batch.column("n").to_pylist(), batch.column("n__err").null_count
    ([1, 2, None], 2)
    """
    parameters = signature.parameters
    values: list[list[Any]] = [[None] * len(rows) for _ in parameters]
    complaints: list[list[str | None]] = [[None] * len(rows) for _ in parameters]
    for at, row in enumerate(rows):
        try:
            cells = _cells(row, parameters)
        except Misfit as misfit:
            complaints[0][at] = f"{function} {misfit}"
            continue
        for place, cell in enumerate(cells):
            if cell is not _MISSING:
                values[place][at] = cell
            elif not parameters[place].type.nullable:
                complaints[place][at] = _said(parameters[place], function, "is not in the row")
    columns: list[Array] = []
    for parameter, given, found in zip(parameters, values, complaints, strict=True):
        columns += json_cells(parameter, function, given, found)
    return pa.RecordBatch.from_arrays(columns, schema=arguments_schema(parameters))


def json_cells(
    parameter: Parameter, function: str, values: Sequence[Any], known: Sequence[str | None]
) -> tuple[Array, Array]:
    """A parameter's column and the errors in it; ``known`` are errors found before."""
    convert, kind = _converter(parameter.wire), carrier(parameter.wire)
    converted: list[Any] = [None] * len(values)
    errors = list(known)
    for at, value in enumerate(values):
        if value is not None:
            try:
                converted[at] = convert(value)
            except Misfit as misfit:
                errors[at] = _said(parameter, function, str(misfit))
    try:
        column = pa.array(converted, kind)
    except _FAILURES:
        column = _one_by_one(converted, kind, errors, _said(parameter, function, _FORM))
    return column, encoded(errors)


def encoded(messages: Sequence[str | None]) -> Array:
    """Messages as the texts of error cells."""
    return pa.array([None if text is None else encode_error(_REASON, f"{text}.") for text in messages], pa.string())


def carrier(wire: pa.DataType) -> pa.DataType:
    """The type that converted values are in: the model's, with moments by the microsecond."""
    if pa.types.is_timestamp(wire):
        return pa.timestamp("us")
    if pa.types.is_list(wire):
        return pa.list_(carrier(wire.value_type))
    if pa.types.is_struct(wire):
        return pa.struct([pa.field(field.name, carrier(field.type)) for field in wire])
    return wire


_MISSING = object()


def _cells(row: Any, parameters: Sequence[Parameter]) -> Sequence[Any]:
    if isinstance(row, Mapping):
        return [row.get(parameter.name, _MISSING) for parameter in parameters]
    if not isinstance(row, list):
        raise Misfit("takes a row as an object, or as a list of its arguments")
    if len(row) > len(parameters):
        raise Misfit(f"takes {len(parameters)} arguments, and the row has {len(row)}")
    return [*row, *[_MISSING] * (len(parameters) - len(row))]


def _said(parameter: Parameter, function: str, complaint: str) -> str:
    return f"The parameter '{parameter.name}' of {function} {complaint}"


def _one_by_one(values: Sequence[Any], kind: pa.DataType, errors: list[str | None], complaint: str) -> Array:
    """A column of values that do not all fit; those that do not are noted in ``errors``."""
    cells = []
    for at, value in enumerate(values):
        try:
            cells.append(pa.array([value], kind))
        except _FAILURES:
            cells.append(nulls(1, kind))
            errors[at] = complaint
    return pa.concat_arrays(cells)


# Conversions --------------------------------------------------------------------------------------------------------


def _converter(wire: pa.DataType) -> Convert:
    """What turns a JSON value that is not null into one of this type; it raises :class:`Misfit`."""
    if pa.types.is_integer(wire):
        signed = pa.types.is_signed_integer(wire)
        high = 2 ** (wire.bit_width - signed) - 1
        return partial(_whole, -high - 1 if signed else 0, high)
    if pa.types.is_floating(wire):
        return partial(_number, float(np.finfo(f"f{wire.bit_width // 8}").max))
    if pa.types.is_list(wire):
        return partial(_list, _converter(wire.value_type))
    if pa.types.is_struct(wire):
        return partial(_record, {field.name: _converter(field.type) for field in wire})
    simple: Mapping[bool, Convert] = {
        pa.types.is_boolean(wire): _logical,
        pa.types.is_string(wire): _text,
        pa.types.is_date(wire): _date,
        pa.types.is_timestamp(wire): _moment,
        pa.types.is_binary(wire): _binary,
    }
    return simple[True]


def _logical(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise Misfit("takes true or false")


def _whole(low: int, high: int, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misfit("takes whole numbers")
    if isinstance(value, float) and not value.is_integer():
        raise Misfit("takes whole numbers only")
    if not low <= value <= high:
        raise Misfit(_TOO_LARGE)
    return int(value)


def _number(largest: float, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misfit("takes numbers")
    try:
        number = float(value)
    except OverflowError:
        raise Misfit(_TOO_LARGE) from None
    if math.isfinite(number) and abs(number) > largest:
        raise Misfit(_TOO_LARGE)
    return number


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Misfit("takes text")


def _date(value: Any) -> dt.date:
    try:
        return dt.date.fromisoformat(_text(value))
    except (Misfit, ValueError):
        raise Misfit("takes dates, as text like 2026-01-31") from None


def _moment(value: Any) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(_text(value))
    except (Misfit, ValueError):
        raise Misfit("takes dates with a time, as text like 2026-01-31T12:00:00") from None
    if moment.tzinfo is not None:
        raise Misfit("takes dates with a time, and without a zone")
    return moment


def _binary(value: Any) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except (Misfit, binascii.Error, ValueError):
        raise Misfit("takes bytes, as text in Base64") from None


def _list(convert: Convert, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Misfit("takes lists")
    return [None if item is None else convert(item) for item in value]


def _record(convert: Mapping[str, Convert], value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value.keys() <= convert.keys():
        raise Misfit(f"takes records of {', '.join(convert)}")
    return {name: None if value.get(name) is None else of(value[name]) for name, of in convert.items()}
