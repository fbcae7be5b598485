"""The types of attributes, between the words of a ``model.json`` and those of published columns."""

from __future__ import annotations

from headwater.dataflows.definitions.settings import ColumnKind

__all__ = ["COLUMN_KINDS", "DATA_TYPES"]

#: A published column's type as an attribute's; what is not here has no word of its own.
DATA_TYPES: dict[str, str] = {
    "text": "string",
    "int64": "int64",
    "number": "double",
    "decimal": "decimal",
    "logical": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "dateTime",
    "datetimezone": "dateTimeOffset",
    "duration": "duration",
    "any": "unclassified",
}

#: And back, whichever way they are capitalised.
COLUMN_KINDS: dict[str, ColumnKind] = {
    "string": "text",
    "int64": "int64",
    "double": "number",
    "decimal": "decimal",
    "boolean": "logical",
    "date": "date",
    "time": "time",
    "datetime": "datetime",
    "datetimeoffset": "datetimezone",
    "duration": "duration",
    "unclassified": "any",
}
