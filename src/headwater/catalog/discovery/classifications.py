"""Which classifications lie beneath which."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from headwater.store import tables

__all__ = ["subclassifications"]


def subclassifications(connection: Connection) -> Mapping[str, frozenset[str]]:
    """The classifications beneath each one that has any, however deep, as their definitions say."""
    defined = tables.type_definitions.c
    query = select(defined.name, defined.definition).where(defined.category == "CLASSIFICATION")
    above = {row.name: set(row.definition.get("superTypes") or ()) for row in connection.execute(query)}
    below: dict[str, set[str]] = {}
    for name, direct in above.items():
        waiting, seen = [*direct], set[str]()
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                below.setdefault(each, set()).add(name)
                waiting += above.get(each, ())
    return {name: frozenset(found - {name}) for name, found in below.items()}
