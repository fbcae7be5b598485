"""A test for membership in many values that takes one statement, whatever their count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, Connection, Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

__all__ = ["one_of"]


def one_of(
    connection: Connection, column: ColumnElement[Any], values: Iterable[int] | Iterable[str]
) -> ColumnElement[bool]:
    """Whether a column is one of ``values``, numbers or texts, which travel as one value.

    A list of placeholders is limited by the databases, is written out anew for each length, and costs more to write
    than the lookup itself where there are thousands.
    """
    wanted: list[Any] = list(values)
    if connection.dialect.name == "postgresql":
        return column == any_(literal(wanted, ARRAY(Text if wanted and isinstance(wanted[0], str) else BigInteger)))
    return column.in_(select(func.json_each(orjson.dumps(wanted).decode()).table_valued("value").c.value))
