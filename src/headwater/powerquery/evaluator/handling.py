"""Errors as values: from an error to M's error record and back."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert


def error_record(error: MError) -> Record:
    """What ``try`` shows of an error: [Reason, Message, Detail]."""
    return Record.of({"Reason": error.reason, "Message": error.message, "Detail": error.detail})


def error_from(value: Value) -> MError:
    """The error that ``error value`` raises: value is a text, or a record as :func:`error_record` makes it."""
    value = plain(value)
    if isinstance(value, str):
        return MError("Expression.Error", value)
    if isinstance(value, Record):
        reason, message = value.plain("Reason"), value.plain("Message")
        return MError(
            "Expression.Error" if reason is None else str(reason),
            "" if message is None else str(message),
            value.get("Detail") if "Detail" in value else None,
        )
    if value is None:
        return MError("Expression.Error", "")
    return cannot_convert(value, "Text")
