"""From what an OData service writes in JSON to M values of the types it declares."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from headwater.errors import MError
from headwater.powerquery.library.data.iso_reading import (
    read_date,
    read_datetime,
    read_datetimezone,
    read_duration,
    read_time,
)
from headwater.powerquery.library.data.odata.metadata import Property, ServiceTypes
from headwater.powerquery.values.core import List, Record, Value

_NUMBERS = {"INF": float("inf"), "-INF": float("-inf"), "NaN": float("nan")}


def value_of(written: Any, of: Property, types: ServiceTypes) -> Value:
    """The M value of what a service wrote for a property.

    Raises:
        MError: DataFormat.Error, it is not written as the service's own types say.
    """
    if written is None:
        return None
    if of.is_collection:
        item = Property(of.name, of.of)
        return List([value_of(one, item, types) for one in _list(written, of)])
    read = _READERS.get(types.values.get(of.type, of.type))
    if read is not None:
        try:
            return read(written)
        except (TypeError, ValueError, ArithmeticError, AttributeError, binascii.Error):
            raise MError(
                "DataFormat.Error", f"The service wrote no {of.type} for '{of.name}'.", untyped(written)
            ) from None
    if isinstance(written, dict):
        return complex_value(written, types.properties(of.type), types)
    return untyped(written)


def complex_value(written: Mapping[str, Any], properties: Mapping[str, Property], types: ServiceTypes) -> Record:
    """The record of a structure: its declared properties that are there, then any others."""
    fields: dict[str, Value] = {}
    for name, one in written.items():
        if not is_annotation(name):
            fields[name] = value_of(one, properties[name], types) if name in properties else untyped(one)
    return Record.of(fields)


def untyped(written: Any) -> Value:
    """The M value of JSON of which nothing is declared."""
    if isinstance(written, dict):
        return Record.of({name: untyped(one) for name, one in written.items() if not is_annotation(name)})
    if isinstance(written, list):
        return List([untyped(one) for one in written])
    return written


def is_annotation(name: str) -> bool:
    """Whether a name in JSON is something about the data instead of the data."""
    return "@" in name or name.startswith("odata.")


def _list(written: Any, of: Property) -> list[Any]:
    if not isinstance(written, list):
        raise MError("DataFormat.Error", f"The OData service wrote no collection for '{of.name}'.", untyped(written))
    return written


def _number(written: Any) -> Value:
    if isinstance(written, bool):
        raise TypeError
    return _NUMBERS[written] if written in _NUMBERS else float(written)


def _decimal(written: Any) -> Value:
    number = _whole_or_none(written)
    return number if number is not None else float(Decimal(str(written)))


def _whole(written: Any) -> Value:
    found = _whole_or_none(written)
    if found is None:
        raise ValueError
    return found


def _whole_or_none(written: Any) -> int | None:
    if isinstance(written, int) and not isinstance(written, bool):
        return written
    number = Decimal(str(written))
    return int(number) if number == number.to_integral_value() else None


def _text(written: Any) -> str:
    return written if isinstance(written, str) else str(written)


def _logical(written: Any) -> bool:
    if not isinstance(written, bool):
        raise TypeError
    return written


def _binary(written: Any) -> bytes:
    padded = written + "=" * (-len(written) % 4)
    return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)


_READERS: dict[str, Callable[[Any], Value]] = {
    "Edm.Binary": _binary,
    "Edm.Boolean": _logical,
    "Edm.Byte": _whole,
    "Edm.Date": read_date,
    "Edm.DateTime": read_datetime,
    "Edm.DateTimeOffset": read_datetimezone,
    "Edm.Decimal": _decimal,
    "Edm.Double": _number,
    "Edm.Duration": read_duration,
    "Edm.Guid": _text,
    "Edm.Int16": _whole,
    "Edm.Int32": _whole,
    "Edm.Int64": _whole,
    "Edm.SByte": _whole,
    "Edm.Single": _number,
    "Edm.String": _text,
    "Edm.Time": read_duration,
    "Edm.TimeOfDay": read_time,
}
