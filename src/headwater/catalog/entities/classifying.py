"""Classifications of entities: added, changed, taken away, set as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete

from headwater.access import Action, Actor
from headwater.catalog.annotations.annotating import annotate
from headwater.catalog.entities.changing import Changing, changing
from headwater.catalog.entities.finding import Target, find_all, find_by_guid
from headwater.catalog.entities.reading import classifications_of
from headwater.catalog.history import record_changes
from headwater.catalog.records import AssetRef
from headwater.catalog.types import types_of
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables

__all__ = [
    "add_classifications",
    "classification",
    "classifications",
    "remove_classification",
    "set_classifications",
    "update_classifications",
]

Classification = Mapping[str, Any]
_kind = tables.asset_classifications.c


def classifications(database: Database, actor: Actor, guid: str) -> list[dict[str, Any]]:
    """Those that an entity has; NotFoundError where there is no such entity to be seen."""
    with database.read() as connection:
        row = find_by_guid(connection, actor, [guid])[guid]
        return classifications_of(connection, [row.id]).get(row.id, [])


def classification(database: Database, actor: Actor, guid: str, name: str) -> dict[str, Any]:
    """One that an entity has; NotFoundError where it has none of that name, or is not there to be seen."""
    found = next((each for each in classifications(database, actor, guid) if each["typeName"] == name), None)
    if found is None:
        raise _unknown(name)
    return found


def add_classifications(
    database: Database, actor: Actor, targets: Sequence[Target], stated: Sequence[Classification]
) -> None:
    """Give these to each of the entities. What a rule suggested, or somebody rejected, is thereby accepted.

    Raises:
        UsageError: one has one of them already (``catalog.classified``), or they are not as they have to be.
        NotFoundError: one of the entities is not there to be seen.
        ForbiddenError: the actor may not annotate one of them.
    """
    names = _names(stated)
    with changing(database, actor, targets, Action.ASSET_ANNOTATE) as change:
        for row, before in _with_names(change):
            given = next((name for name in names if name in before), None)
            if given is not None:
                raise UsageError(
                    f"The asset '{row.guid}' has the classification '{given}' already.",
                    code="catalog.classified",
                    hint="Update it instead.",
                )
        _put(change, {row.id: stated for row in change.rows}, "classification.add")


def update_classifications(database: Database, actor: Actor, target: Target, stated: Sequence[Classification]) -> None:
    """Change these, which the entity has.

    Raises:
        NotFoundError: it has not one of them (``catalog.classification_unknown``), or is not there to be seen.
        UsageError: they are not as they have to be.
        ForbiddenError: the actor may not annotate it.
    """
    with changing(database, actor, [target], Action.ASSET_ANNOTATE) as change:
        ((row, before),) = _with_names(change)
        _check_has(before, _names(stated))
        _put(change, {row.id: stated}, "classification.update")


def remove_classification(database: Database, actor: Actor, target: Target, name: str) -> None:
    """Take a classification away; errors as those of :func:`update_classifications`."""
    with changing(database, actor, [target], Action.ASSET_ANNOTATE) as change:
        ((row, before),) = _with_names(change)
        _check_has(before, [name])
        _take(change, row, [name])


def set_classifications(database: Database, actor: Actor, headers: Mapping[str, Any]) -> list[str]:
    """Make these the classifications of entities, by guid; returns a line on each that was changed.

    ``headers`` holds what ``guidHeaderMap`` does: each entity's header with the classifications that it is to have. An
    entity that is not found by its guid is looked for by its header's type and name.

    Raises:
        NotFoundError: one of the entities is not there to be seen.
        UsageError: a header is not as it has to be.
        ForbiddenError: the actor may not annotate one of the entities.
    """
    done: list[str] = []
    for guid, header in headers.items():
        if not isinstance(header, Mapping):
            raise UsageError("A header is no object.", hint='Send {"guidHeaderMap": {GUID: {…}}}.')
        stated = header.get("classifications") or []
        names = _names(stated)
        with database.read() as connection:
            target = _target(connection, actor, guid, header)
        with changing(database, actor, [target], Action.ASSET_ANNOTATE) as change:
            ((row, before),) = _with_names(change)
            gone = [name for name in before if name not in names]
            _put(change, {row.id: stated}, "classification.set")
            _take(change, row, gone)
        done += _lines(row, before, names, gone)
    return done


def _target(connection: Connection, actor: Actor, guid: str, header: Mapping[str, Any]) -> Target:
    try:
        find_by_guid(connection, actor, [guid])
    except NotFoundError:
        attributes = header.get("attributes")
        name = attributes.get("qualifiedName") if isinstance(attributes, Mapping) else None
        if name is None or not header.get("typeName"):
            raise
        ref = AssetRef(str(header["typeName"]), str(name))
        find_all(connection, actor, types_of(connection), [ref])
        return ref
    return guid


def _lines(row: Row[Any], before: Sequence[str], names: Sequence[str], gone: Sequence[str]) -> list[str]:
    where = f"{row.guid}:{row.type_name}:{row.qualified_name}"
    what: Callable[[str], str] = lambda name: "Update" if name in before else "Add"  # noqa: E731
    put = [f"{what(name)}:{where} -> {name}:(Done)" for name in names]
    return put + [f"Delete:{where} -> {name}:(Done)" for name in gone]


def _with_names(change: Changing) -> list[tuple[Row[Any], list[str]]]:
    """Each entity with the names of the classifications that it has."""
    found = classifications_of(change.writing.connection, [row.id for row in change.rows])
    return [(row, [each["typeName"] for each in found.get(row.id, ())]) for row in change.rows]


def _put(change: Changing, stated: Mapping[int, Sequence[Classification]], what: str) -> None:
    said = {number: each for number, each in stated.items() if each}
    annotate(change.writing, {number: {"classifications": list(each)} for number, each in said.items()})
    changes = {number: {"classifications": {"after": _names(each)}} for number, each in said.items()}
    record_changes(change.writing, what, changes)


def _take(change: Changing, row: Row[Any], names: Sequence[str]) -> None:
    if not names:
        return
    gone = delete(tables.asset_classifications).where(_kind.asset_id == row.id, _kind.type_name.in_(names))
    change.writing.connection.execute(gone)
    record_changes(change.writing, "classification.remove", {row.id: {"classifications": {"before": list(names)}}})


def _names(stated: Any) -> list[str]:
    if not isinstance(stated, list) or not all(isinstance(each, Mapping) and each.get("typeName") for each in stated):
        raise UsageError("The classifications are not as they have to be.", hint='Write them as [{"typeName": …}].')
    return [str(each["typeName"]) for each in stated]


def _check_has(before: Sequence[str], names: Sequence[str]) -> None:
    missing = next((name for name in names if name not in before), None)
    if missing is not None:
        raise _unknown(missing)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(
        f"The asset has no classification '{name}'.",
        code="catalog.classification_unknown",
        hint="List the classifications that it has.",
    )
