"""The column types every table shares: an always-UTC timestamp, JSON, identifiers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import JSON, BigInteger, DateTime, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["GUID", "BigId", "JsonValue", "Name", "UtcDateTime", "utc_now"]

#: JSON text on SQLite, ``jsonb`` on PostgreSQL. An absent value is SQL's NULL, never JSON's ``null``.
JsonValue = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

#: A growing integer key. SQLite only hands out row ids to a column that is literally ``INTEGER``.
BigId = BigInteger().with_variant(Integer(), "sqlite")

#: A qualified name: compared and sorted by code point, as SQLite does anyway, so that a prefix is a range.
Name = Text().with_variant(Text(collation="C"), "postgresql")

#: A UUID as its 36 characters: the form in which clients, URLs and logs show it.
GUID = String(36)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in time: goes in timezone-aware, comes out timezone-aware and in UTC, on every database.

    SQLite keeps no offset, so what is stored there is UTC by construction. A naive datetime is refused
    (``ValueError``) because its meaning would depend on the machine.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a timestamp needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc_now() -> datetime:
    """The present moment, timezone-aware, in UTC.

    >>> utc_now().utcoffset().total_seconds()
    0.0
    """
    return datetime.now(UTC)
