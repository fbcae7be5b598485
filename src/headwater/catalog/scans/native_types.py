"""The types of files and databases in the catalog's words: those that M gives such columns."""

from __future__ import annotations

import re

__all__ = ["published_data_type"]

_TYPES = {
    "logical": "bool boolean",
    "int64": "int8 int16 int32 int64 uint8 uint16 uint32 byte short long tinyint smallint int integer bigint oid",
    "number": "uint64 halffloat half_float float float16 float32 float64 double real numeric",
    "decimal": "decimal decimal32 decimal64 decimal128 decimal256",
    "text": "string string_view large_string utf8 varchar char text uuid json jsonb xml citext",
    "date": "date date32 date64",
    "time": "time time32 time64",
    "datetime": "timestamp timestamp_ntz",
    "datetimezone": "timestamptz",
    "duration": "duration",
    "binary": "binary binary_view large_binary fixed_size_binary bytea",
    "list": "list large_list fixed_size_list list_view array",
    "record": "struct map variant",
}
_WORDS = {word: published for published, words in _TYPES.items() for word in words.split()}
#: Types of several words.
_PHRASES = {
    "double precision": "number",
    "character varying": "text",
    "timestamp without time zone": "datetime",
    "timestamp with time zone": "datetimezone",
    "time without time zone": "time",
}
#: What follows the name of a type: ``(10,2)``, ``[us]``, ``<item: long>``.
_DETAILS = re.compile(r"\s*(\(.*?\)|\[.*?\]|<.*)")


def published_data_type(native: str) -> str:
    """The published type of a column, by its type in Arrow's, Delta's or PostgreSQL's words; text where it has none.

    >>> [published_data_type(name) for name in ("numeric(10,2)", "numeric", "decimal128(10, 2)", "bigint")]
    ['decimal', 'number', 'decimal', 'int64']
    >>> [published_data_type(name) for name in ("timestamp[us]", "timestamp[us, tz=UTC]", "timestamp with time zone")]
    ['datetime', 'datetimezone', 'datetimezone']
    >>> [published_data_type(name) for name in ("list<item: int64>", "struct<a:long>", "text[]", "point")]
    ['list', 'record', 'text', 'text']
    """
    text = native.strip().lower()
    plain = " ".join(_DETAILS.sub("", text).split())
    if plain == "numeric" and "(" in text:
        return "decimal"
    if text.endswith("[]"):
        return "text"
    if plain == "timestamp" and "tz=" in text:
        return "datetimezone"
    return _PHRASES.get(plain) or _WORDS.get(plain, "text")
