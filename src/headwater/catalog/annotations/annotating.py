"""What people say of assets, written as clients state it: labels, contacts, classifications, own attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import delete, insert, update

from headwater.catalog.chunks import chunked
from headwater.catalog.plain import plain
from headwater.catalog.writing import Writing
from headwater.errors import UsageError
from headwater.store import tables

__all__ = ["annotate"]

_COLUMNS = {"customAttributes": "custom_attributes", "businessAttributes": "business_attributes"}


def annotate(writing: Writing, said: Mapping[int, Mapping[str, Any]]) -> None:
    """Make these the annotations of assets, by number: of each kind that is given, what is given and nothing else.

    Classifications are the exception: those that are given are added, or changed.

    Raises:
        UsageError: one of them has not the form that Atlas gives it.
    """
    for kind, write in _WRITERS.items():
        stated = {number: each[kind] for number, each in said.items() if kind in each}
        if stated:
            write(writing, stated)
    for number, each in said.items():
        values = {column: plain(each[name]) for name, column in _COLUMNS.items() if name in each}
        values |= {"change": writing.change, "updated_at": writing.now, "updated_by": writing.by}
        writing.connection.execute(update(tables.assets).where(tables.assets.c.id == number).values(values))


def _write_labels(writing: Writing, stated: Mapping[int, Any]) -> None:
    rows = [
        {"asset_id": number, "label": str(label)}
        for number, labels in stated.items()
        for label in dict.fromkeys(_list(labels, "labels"))
    ]
    _replace(writing, tables.asset_labels, stated, rows)


def _write_contacts(writing: Writing, stated: Mapping[int, Any]) -> None:
    rows = [row for number, contacts in stated.items() for row in _contacts(number, contacts)]
    _replace(writing, tables.asset_contacts, stated, rows)


def _contacts(number: int, stated: Any) -> Iterable[dict[str, Any]]:
    if not isinstance(stated, Mapping):
        raise _form("contacts", '{"Owner": [{"id": …}]}')
    for kind, people in stated.items():
        known: set[str] = set()
        for person in _list(people, "contacts"):
            if not isinstance(person, Mapping) or not person.get("id"):
                raise _form("contacts", '{"Owner": [{"id": …}]}')
            if str(person["id"]) not in known:
                known.add(str(person["id"]))
                yield {
                    "asset_id": number,
                    "kind": str(kind),
                    "contact_id": str(person["id"]),
                    "info": person.get("info"),
                }


def _write_classifications(writing: Writing, stated: Mapping[int, Any]) -> None:
    kind = tables.asset_classifications.c
    for number, classifications in stated.items():
        for each in _list(classifications, "classifications"):
            if not isinstance(each, Mapping) or not each.get("typeName"):
                raise _form("classifications", '[{"typeName": …}]')
            same = (kind.asset_id == number, kind.type_name == str(each["typeName"]))
            writing.connection.execute(delete(tables.asset_classifications).where(*same))
            writing.connection.execute(
                insert(tables.asset_classifications).values(_classification(writing, number, each))
            )


def _classification(writing: Writing, number: int, stated: Mapping[str, Any]) -> dict[str, Any]:
    details = {name: plain(stated[name]) for name in ("propagate", "validityPeriods", "source") if name in stated}
    return {
        "asset_id": number,
        "type_name": str(stated["typeName"]),
        "attributes": plain(stated.get("attributes")),
        "details": details or None,
        "created_at": writing.now,
        "created_by": writing.by,
    }


def _replace(writing: Writing, table: Any, assets: Iterable[int], rows: list[dict[str, Any]]) -> None:
    for chunk in chunked(assets):
        writing.connection.execute(delete(table).where(table.c.asset_id.in_(chunk)))
    for chunk_of_rows in chunked(rows):
        writing.connection.execute(insert(table), chunk_of_rows)


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _form(name, "a list")
    return value


def _form(name: str, example: str) -> UsageError:
    return UsageError(f"The {name} of an entity are not as they have to be.", hint=f"Write them as {example}.")


_WRITERS: Mapping[str, Callable[[Writing, Mapping[int, Any]], None]] = {
    "labels": _write_labels,
    "contacts": _write_contacts,
    "classifications": _write_classifications,
}
