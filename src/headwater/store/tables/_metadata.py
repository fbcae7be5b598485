"""The one ``MetaData`` every table belongs to, with names for all constraints."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import CheckConstraint, MetaData

__all__ = ["metadata", "one_of"]

#: A constraint without a name cannot be altered by a migration on SQLite, so each gets a derived one.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """A check that ``column`` holds one of ``values``.

    >>> str(one_of("state", ["pending", "done"]).sqltext)
    "state IN ('pending', 'done')"
    """
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
