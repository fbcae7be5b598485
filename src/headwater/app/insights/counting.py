"""Counting assets: by type and collection, with how many have an owner, a classification, a label, a term, a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, case, cast, func, or_, select, union

from headwater.access import Action, Actor, Via, allowed_to
from headwater.store import tables

__all__ = ["MEASURES", "AssetCounts", "counted", "labels_counted", "readable", "readable_assets"]

_asset, _link = tables.assets.c, tables.asset_columns.c
MEASURES = ("assets", "owned", "classified", "labelled", "termed", "described")


@dataclass(frozen=True, slots=True)
class AssetCounts:
    """How many assets of a type a collection has, and how many of them something is said of.

    Attributes:
        collection: its name.
        type_name: their type; columns are not counted.
        assets: how many there are.
        owned: how many have an owner.
        classified: how many have a classification that is accepted or inherited, of their own or of a column's.
        labelled: how many have a label or a sensitivity label, their own or inherited.
        termed: how many have a glossary term, of their own or of a column's.
        described: how many somebody described.
    """

    collection: str
    type_name: str
    assets: int
    owned: int
    classified: int
    labelled: int
    termed: int
    described: int


def readable_assets(actor: Actor) -> ColumnElement[bool]:
    """Assets that count for whoever asks: that are there, may be seen, and are no columns."""
    return readable(actor) & (_asset.type_name != "column")


def readable(actor: Actor) -> ColumnElement[bool]:
    """As :func:`readable_assets`, and columns."""
    there = (_asset.status == "active") & _asset.scope_id.is_not(None)
    return there if actor.via is Via.SYSTEM else there & _asset.scope_id.in_(allowed_to(actor, Action.ASSET_READ))


def counted(*by: Any) -> Select[Any]:
    """A query for the measures of assets, apart by ``by``; whoever uses it says which assets."""
    measures = [func.count().label("assets"), *(_how_many(name, having) for name, having in _conditions())]
    place = tables.collections
    return select(*by, *measures).join_from(tables.assets, place, place.c.id == _asset.collection_id).group_by(*by)


def labels_counted(connection: Connection, actor: Actor) -> Iterator[tuple[str, str, str, int]]:
    """Of each classification, label and sensitivity label: kind, name, how it came, and of how many assets or columns.

    How: ``accepted``, ``suggested``, ``rejected`` or ``inherited``.
    """
    given, label, inherited = tables.asset_classifications.c, tables.asset_labels.c, tables.inherited_labels.c
    seen = readable(actor)

    def of(table: Any, number: Any, *by: Any) -> Iterable[Any]:
        joined = select(*by, func.count()).join_from(table, tables.assets, _asset.id == number)
        return connection.execute(joined.where(seen).group_by(*by).order_by(*by))

    for row in of(tables.asset_classifications, given.asset_id, given.type_name, given.state):
        yield "classification", row[0], row[1], row[2]
    for row in of(tables.asset_labels, label.asset_id, label.label):
        yield "label", row[0], "accepted", row[1]
    for row in of(tables.inherited_labels, inherited.asset_id, inherited.kind, inherited.name):
        yield row[0], row[1], "inherited", row[2]
    query = select(_asset.sensitivity, func.count()).where(seen, _asset.sensitivity.is_not(None))
    for row in connection.execute(query.group_by(_asset.sensitivity).order_by(_asset.sensitivity)):
        yield "sensitivity", row[0], "accepted", row[1]


def _how_many(name: str, having: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(case((having, 1), else_=0)), 0), Integer).label(name)


def _conditions() -> Iterator[tuple[str, ColumnElement[bool]]]:
    given, label, inherited = tables.asset_classifications.c, tables.asset_labels.c, tables.inherited_labels.c
    contact, term = tables.asset_contacts.c, tables.asset_terms.c
    accepted = select(given.asset_id).where(given.state == "accepted")
    inherits = select(inherited.asset_id).where(inherited.kind == "classification")
    labels = union(
        select(label.asset_id), select(inherited.asset_id).where(inherited.kind.in_(("label", "sensitivity")))
    )
    yield "owned", _asset.id.in_(select(contact.asset_id).where(func.lower(contact.kind) == "owner"))
    yield "classified", _asset.id.in_(_with_holders(union(accepted, inherits).subquery()))
    yield "labelled", or_(_asset.sensitivity.is_not(None), _asset.id.in_(labels))
    yield "termed", _asset.id.in_(_with_holders(select(term.asset_id).subquery()))
    yield "described", _asset.user_description.is_not(None)


def _with_holders(numbers: Any) -> Any:
    """These assets, and what those that are columns are of."""
    holders = select(_link.asset_id).where(_link.column_id.in_(select(numbers.c[0])))
    return union(select(numbers.c[0]), holders)
