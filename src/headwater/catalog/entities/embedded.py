"""References among an entity's attributes that are no relationships: types may declare an attribute so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from headwater.catalog.entities.incoming import is_placeholder
from headwater.catalog.writing import Writing
from headwater.store import tables

__all__ = ["resolved", "write_embedded"]


def write_embedded(writing: Writing, stored: Mapping[int, Mapping[str, Any]], guids: Mapping[str, str]) -> None:
    """Put true guids where attributes that were just written, by asset number, have placeholders of the request."""
    for number, attributes in stored.items():
        after = resolved(attributes, guids)
        if after != attributes:
            changed = update(tables.assets).where(tables.assets.c.id == number)
            writing.connection.execute(changed.values(attributes=after))


def resolved(value: Any, guids: Mapping[str, str]) -> Any:
    """A value with the guids that its placeholders stand for.

    >>> resolved({"sheets": [{"guid": "-1", "typeName": "sheet"}, "-1"]}, {"-1": "5d3c"})
    {'sheets': [{'guid': '5d3c', 'typeName': 'sheet'}, '-1']}
    """
    if isinstance(value, list):
        return [resolved(each, guids) for each in value]
    if isinstance(value, Mapping):
        made = {name: resolved(each, guids) for name, each in value.items()}
        guid = str(made.get("guid", ""))
        return {**made, "guid": guids[guid]} if is_placeholder(guid) and guid in guids else made
    return value
