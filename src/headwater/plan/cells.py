"""Error cells: an M error as the value of one cell.

A column that can hold errors travels with a sentinel column beside it, text, null where the cell is good. Its id is
the column's id plus ``ERROR_SUFFIX``. The sentinel holds reason, message and detail, separated by a control
character that M text literals rarely hold and that :func:`encode_error` strips.

>>> decode_error(encode_error("DataFormat.Error", "We couldn't convert to Number.", "NA"))
('DataFormat.Error', "We couldn't convert to Number.", 'NA')
"""

from __future__ import annotations

ERROR_SUFFIX = "__err"
SEPARATOR = "\x1f"


def error_column(column_id: str) -> str:
    """The id of the sentinel column of ``column_id``."""
    return column_id + ERROR_SUFFIX


def encode_error(reason: str, message: str, detail: str | None = None) -> str:
    """The sentinel text of an error; ``detail`` None is an error without detail."""
    parts = [reason, message] if detail is None else [reason, message, detail]
    return SEPARATOR.join(part.replace(SEPARATOR, " ") for part in parts)


def decode_error(sentinel: str) -> tuple[str, str, str | None]:
    """(reason, message, detail) of a sentinel text."""
    reason, message, *detail = sentinel.split(SEPARATOR, 2)
    return reason, message, detail[0] if detail else None
