"""What people say of assets, each asset's as one value: read together, compared, written as a difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from headwater.catalog.chunks import chunked
from headwater.catalog.glossary.assigning import terms_given, write_terms
from headwater.catalog.history import Changed, record_changes
from headwater.catalog.writing import Writing
from headwater.store import tables

__all__ = ["Classification", "Said", "differences", "read_said", "write_said"]

_asset = tables.assets.c
_label, _contact, _kind = tables.asset_labels.c, tables.asset_contacts.c, tables.asset_classifications.c

#: A contact: its kind ("Owner", "Expert" …) and the id of the person or group.
Contact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Classification:
    """A classification of an asset. ``state``: ``accepted``, ``suggested``, or ``rejected`` and not made again."""

    state: str = "accepted"
    by_what: str = "person"
    attributes: Mapping[str, Any] | None = None
    confidence: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Everything that people say of one asset.

    Attributes:
        description: in a person's words; None where nobody said any.
        sensitivity: the sensitivity label.
        endorsement: "certified", or another word of the organisation's.
        labels: free words.
        contacts: what is noted of each contact.
        terms: the glossary's terms, by number, with their names.
        classifications: by the name of their type.
        custom: attributes of people's own.
    """

    description: str | None = None
    sensitivity: str | None = None
    endorsement: str | None = None
    labels: frozenset[str] = frozenset()
    contacts: Mapping[Contact, str | None] = field(default_factory=dict)
    terms: Mapping[int, str] = field(default_factory=dict)
    classifications: Mapping[str, Classification] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)


_SCALARS = {
    "description": _asset.user_description,
    "sensitivity": _asset.sensitivity,
    "endorsement": _asset.endorsement,
}


def read_said(connection: Connection, assets: Iterable[int]) -> dict[int, Said]:
    """What people say of each of some assets, by number."""
    numbers = list(dict.fromkeys(assets))
    terms = terms_given(connection, numbers)
    found: dict[int, Said] = {}
    for chunk in chunked(numbers):
        labels, contacts, classifications = _lists(connection, chunk)
        query = select(_asset.id, *_SCALARS.values(), _asset.custom_attributes).where(_asset.id.in_(chunk))
        for row in connection.execute(query):
            found[row.id] = Said(
                *row[1:4],
                labels=frozenset(labels.get(row.id, ())),
                contacts=contacts.get(row.id, {}),
                terms=terms.get(row.id, {}),
                classifications=classifications.get(row.id, {}),
                custom={name: value for name, value in (row.custom_attributes or {}).items() if value is not None},
            )
    return found


def _lists(
    connection: Connection, numbers: list[int]
) -> tuple[dict[int, list[str]], dict[int, dict[Contact, str | None]], dict[int, dict[str, Classification]]]:
    labels: dict[int, list[str]] = {}
    contacts: dict[int, dict[Contact, str | None]] = {}
    classifications: dict[int, dict[str, Classification]] = {}
    for row in connection.execute(select(tables.asset_labels).where(_label.asset_id.in_(numbers))):
        labels.setdefault(row.asset_id, []).append(row.label)
    for row in connection.execute(select(tables.asset_contacts).where(_contact.asset_id.in_(numbers))):
        contacts.setdefault(row.asset_id, {})[row.kind, row.contact_id] = row.info
    names = [each.name for each in fields(Classification)]
    query = select(_kind.asset_id, _kind.type_name, *(_kind[name] for name in names))
    for row in connection.execute(query.where(_kind.asset_id.in_(numbers))):
        classifications.setdefault(row.asset_id, {})[row.type_name] = Classification(*row[2:])
    return labels, contacts, classifications


def write_said(writing: Writing, before: Mapping[int, Said], after: Mapping[int, Said]) -> list[int]:
    """Make ``after`` what people say of these assets, of which ``before`` was said; returns those that changed.

    Only what differs is written, and each asset's history tells it.
    """
    changed = {number: said for number, said in after.items() if said != before[number]}
    for number, said in changed.items():
        _write_row(writing, number, before[number], said)
        _write_labels(writing, number, before[number].labels, said.labels)
        _write_contacts(writing, number, before[number].contacts, said.contacts)
        _write_classifications(writing, number, before[number].classifications, said.classifications)
    write_terms(writing, {n: said.terms for n, said in changed.items() if said.terms != before[n].terms})
    return record_changes(writing, "annotate", {n: differences(before[n], said) for n, said in changed.items()})


def _write_row(writing: Writing, number: int, before: Said, after: Said) -> None:
    values: dict[Any, Any] = {
        column.name: getattr(after, name)
        for name, column in _SCALARS.items()
        if getattr(before, name) != getattr(after, name)
    }
    if before.custom != after.custom:
        values["custom_attributes"] = dict(after.custom) or None
    if values:
        writing.connection.execute(update(tables.assets).where(_asset.id == number).values(values))


def _write_labels(writing: Writing, number: int, before: frozenset[str], after: frozenset[str]) -> None:
    gone, new = sorted(before - after), sorted(after - before)
    if gone:
        same = (_label.asset_id == number, _label.label.in_(gone))
        writing.connection.execute(delete(tables.asset_labels).where(*same))
    if new:
        writing.connection.execute(insert(tables.asset_labels), [{"asset_id": number, "label": each} for each in new])


def _write_contacts(
    writing: Writing, number: int, before: Mapping[Contact, str | None], after: Mapping[Contact, str | None]
) -> None:
    connection = writing.connection
    gone = [each for each, info in before.items() if each not in after or after[each] != info]
    for kind, contact in gone:
        same = (_contact.asset_id == number, _contact.kind == kind, _contact.contact_id == contact)
        connection.execute(delete(tables.asset_contacts).where(*same))
    new = [
        {"asset_id": number, "kind": kind, "contact_id": contact, "info": info}
        for (kind, contact), info in after.items()
        if (kind, contact) not in before or before[kind, contact] != info
    ]
    if new:
        connection.execute(insert(tables.asset_contacts), new)


def _write_classifications(
    writing: Writing, number: int, before: Mapping[str, Classification], after: Mapping[str, Classification]
) -> None:
    connection = writing.connection
    for name in before.keys() - after.keys():
        same = (_kind.asset_id == number, _kind.type_name == name)
        connection.execute(delete(tables.asset_classifications).where(*same))
    for name, each in after.items():
        if before.get(name) == each:
            continue
        values = {column.name: getattr(each, column.name) for column in fields(Classification)}
        if name in before:
            same = (_kind.asset_id == number, _kind.type_name == name)
            connection.execute(update(tables.asset_classifications).where(*same).values(values))
        else:
            made = {"asset_id": number, "type_name": name, "created_at": writing.now, "created_by": writing.by}
            connection.execute(insert(tables.asset_classifications).values(**made, **values))


def differences(before: Said, after: Said) -> dict[str, Changed]:
    """What changed from one to the other, by the names that a history shows.

    >>> differences(Said(labels=frozenset({"b"})), Said(labels=frozenset({"b", "a"}), custom={"team": "red"}))
    {'labels': Changed(before=['b'], after=['a', 'b']), 'custom.team': Changed(before=None, after='red')}
    """
    old, new = _told(before), _told(after)
    names = [*old, *(name for name in new if name not in old)]
    return {name: Changed(old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _told(said: Said) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(said, name) for name in _SCALARS}
    told["labels"] = sorted(said.labels)
    told["terms"] = sorted(said.terms.values())
    told["classifications"] = {name: each.state for name, each in sorted(said.classifications.items())}
    for (kind, contact), info in sorted(said.contacts.items(), key=lambda each: each[0]):
        told.setdefault(f"contacts.{kind}", []).append(contact if info is None else f"{contact} ({info})")
    return told | {f"custom.{name}": value for name, value in sorted(said.custom.items())}
