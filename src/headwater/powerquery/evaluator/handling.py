"""Errors as values: from an error to M's error record and back."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.convert import to_text
from headwater.powerquery.library.templates import fill
from headwater.powerquery.values.core import Record, Value, metadata_of, plain
from headwater.powerquery.values.operators import cannot_convert


def error_record(error: MError) -> Record:
    """What ``try`` shows of an error."""
    return Record.of(
        {
            "Reason": error.reason,
            "Message": error.message,
            "Detail": error.detail,
            "Message.Format": error.message_format,
            "Message.Parameters": error.message_parameters,
            "ErrorCode": error.error_code,
        }
    )


def error_from(value: Value) -> MError:
    """The error that ``error value`` raises: value is a text, or a record with any fields of :func:`error_record`."""
    passes_views = metadata_of(value).plain("ViewError") is True
    value = plain(value)
    if isinstance(value, str):
        return MError("Expression.Error", value)
    if isinstance(value, Record):
        error = _from_record(value)
        error.passes_views = passes_views
        return error
    if value is None:
        return MError("Expression.Error", "")
    return cannot_convert(value, "Text")


def _from_record(record: Record) -> MError:
    reason, message = _text(record, "Reason"), _text(record, "Message")
    template, parameters = _text(record, "Message.Format"), record.plain("Message.Parameters")
    if message is None and template is not None:
        message = template if parameters is None else fill(template, parameters, to_text)
    error = MError(reason or "Expression.Error", message or "", record.get("Detail") if "Detail" in record else None)
    error.message_format, error.message_parameters = template, parameters
    error.error_code = _text(record, "ErrorCode")
    return error


def _text(record: Record, name: str) -> str | None:
    value = record.plain(name)
    if value is None or isinstance(value, str):
        return value
    raise cannot_convert(value, "Text")
