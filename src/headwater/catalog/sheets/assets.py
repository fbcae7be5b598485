"""What people say of assets as a sheet: a line an asset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select

from headwater.access import Action, Actor
from headwater.catalog.annotations.chosen import chosen, require_everywhere
from headwater.catalog.annotations.said import Classification, Contact, Said, differences, read_said, write_said
from headwater.catalog.annotations.saying import Saying, check_saying
from headwater.catalog.chunks import chunked
from headwater.catalog.glossary.finding import require_reader
from headwater.catalog.records import AssetRef
from headwater.catalog.seeing import may_read
from headwater.catalog.sheets.cells import Line, join, read_sheet, read_value, split, write_sheet, write_value
from headwater.catalog.sheets.changes import LineChanges, carried_out
from headwater.catalog.stored import find_guids
from headwater.catalog.writing import begin_writing
from headwater.errors import HeadwaterError, NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["AssetSheets"]

_asset, _term, _glossary = tables.assets.c, tables.glossary_terms.c, tables.glossaries.c

_IDENTITY = ("guid", "type", "qualified name", "name")
_TEXTS = ("description", "sensitivity", "endorsement")
_LISTS = ("labels", "terms", "classifications")
_CONTACT, _CUSTOM = "contact:", "custom:"
_CONTACTS = ("Owner", "Expert")


class AssetSheets:
    """Exports what people say of assets, and imports it again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def export(self, actor: Actor, guids: Sequence[str] | None = None, *, type_name: str | None = None) -> str:
        """What people say of these assets, or of all that the actor may see, as CSV.

        Columns are left out of all, unless ``type_name`` asks for them.

        Raises:
            NotFoundError: one of these assets may not be seen.
            ForbiddenError: the actor may see no collection at all.
        """
        with self._database.read() as connection:
            require_reader(connection, actor)
            if guids is not None:
                chosen(connection, actor, guids, Action.ASSET_READ)
            rows = [row for chunk in _wanted(connection, actor, guids, type_name) for row in chunk]
            said = read_said(connection, (row.id for row in rows))
            return _sheet(rows, said, _term_texts(connection))

    def load(self, actor: Actor, content: bytes, *, dry_run: bool = False) -> list[LineChanges]:
        """Make what a sheet says what is said of its assets; returns what that changes, line by line.

        A column that the sheet has not stays as it is; an empty cell takes away what was said. All lines or none.

        Raises:
            UsageError: a file, line or cell that cannot be read; ``place`` says where.
            NotFoundError: an asset that may not be seen, or a term that there is not.
            ForbiddenError: the actor may not annotate an asset that it changes.
        """
        columns, lines = read_sheet(content)
        for name in columns:
            if name not in {*_IDENTITY, *_TEXTS, *_LISTS} and not name.startswith((_CONTACT, _CUSTOM)):
                raise UsageError(
                    f"There is no column '{name}'.", hint="Begin with the line that was exported.", code="catalog.sheet"
                )
        return carried_out(self._database, lambda connection: _load(connection, actor, lines), dry_run=dry_run)


def _wanted(
    connection: Connection, actor: Actor, guids: Sequence[str] | None, type_name: str | None
) -> Iterable[Sequence[Any]]:
    columns = (_asset.id, _asset.guid, _asset.type_name, _asset.qualified_name, _asset.display_name)
    query = select(*columns).where(_asset.status != "deleted", may_read(actor))
    query = query.order_by(_asset.type_name, _asset.qualified_name)
    if type_name is not None:
        query = query.where(_asset.type_name == type_name)
    if guids is None:
        yield connection.execute(query if type_name else query.where(_asset.type_name != "column")).all()
    for chunk in chunked(guids or ()):
        yield connection.execute(query.where(_asset.guid.in_(chunk))).all()


def _term_texts(connection: Connection) -> dict[int, str]:
    """Every term as a sheet names it."""
    query = select(_term.id, _term.name, _glossary.name.label("glossary"))
    rows = connection.execute(query.join(tables.glossaries, _glossary.id == _term.glossary_id))
    return {row.id: f"{row.name}@{row.glossary}" for row in rows}


def _sheet(rows: Sequence[Row[Any]], said: Mapping[int, Said], terms: Mapping[int, str]) -> str:
    cells = [_identity(row) | _cells(said[row.id], terms) for row in rows]
    fixed = [*_IDENTITY, *_TEXTS, *_LISTS, *(f"{_CONTACT}{kind}" for kind in _CONTACTS)]
    further = sorted({name for each in cells for name in each} - set(fixed))
    return write_sheet([*fixed, *further], cells)


def _identity(row: Row[Any]) -> dict[str, str]:
    return dict(zip(_IDENTITY, (row.guid, row.type_name, row.qualified_name, row.display_name), strict=True))


def _cells(said: Said, terms: Mapping[int, str]) -> dict[str, str]:
    cells = {name: getattr(said, name) or "" for name in _TEXTS}
    cells["labels"] = join(sorted(said.labels))
    cells["terms"] = join(sorted(terms[number] for number in said.terms))
    cells["classifications"] = join(_accepted(said))
    for kind in {kind for kind, _ in said.contacts}:
        cells[f"{_CONTACT}{kind}"] = join(sorted(who for each, who in said.contacts if each == kind))
    return cells | {f"{_CUSTOM}{name}": write_value(value) for name, value in said.custom.items()}


def _accepted(said: Said) -> list[str]:
    return sorted(name for name, each in said.classifications.items() if each.state == "accepted")


# -- reading -----------------------------------------------------------------------------------------------------------


def _load(connection: Connection, actor: Actor, lines: Sequence[Line]) -> list[LineChanges]:
    writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
    by_line = _assets_of(connection, lines)
    assets = chosen(connection, actor, by_line.values(), Action.ASSET_READ)
    before = read_said(connection, (asset.id for asset in assets.values()))
    texts = {text: number for number, text in _term_texts(connection).items()}
    after: dict[int, Said] = {}
    found: list[LineChanges] = []
    for line in lines:
        asset = assets[by_line[line.number]]
        after[asset.id] = _said_after(before[asset.id], line, texts)
        changes = differences(before[asset.id], after[asset.id])
        if changes:
            found.append(LineChanges(line.number, asset.display_name, asset.guid, changes))
    changed = {each.guid for each in found}
    require_everywhere(connection, actor, Action.ASSET_ANNOTATE, (assets[guid].scope_id for guid in changed))
    write_said(writing, before, after)
    return found


def _assets_of(connection: Connection, lines: Sequence[Line]) -> dict[int, str]:
    """The guid of the asset that each line is about, by the line's number."""
    named = {line.number: AssetRef(line.cells.get("type", ""), line.cells.get("qualified name", "")) for line in lines}
    guids = find_guids(connection, {named[line.number] for line in lines if not line.cells.get("guid")})
    found: dict[int, str] = {}
    known: set[str] = set()
    for line in lines:
        guid = line.cells.get("guid") or guids.get(named[line.number])
        if guid is None:
            raise NotFoundError(
                "A line is about an asset that there is not.",
                place=f"line {line.number}",
                hint="Give its guid, or its type and qualified name.",
            )
        if guid in known:
            raise UsageError(
                "Two lines are about one asset.", place=f"line {line.number}", hint="Keep one of them.",
                code="catalog.sheet",
            )  # fmt: skip
        known.add(guid)
        found[line.number] = guid
    return found


def _said_after(before: Said, line: Line, terms: Mapping[str, int]) -> Said:
    try:
        return _said(before, line.cells, terms)
    except HeadwaterError as error:
        error.place = f"line {line.number}"
        raise


def _said(before: Said, cells: Mapping[str, str], terms: Mapping[str, int]) -> Said:
    """What is said where a line's cells are said; what has no column stays."""
    given: dict[str, Any] = {name: cells[name] or None for name in _TEXTS if name in cells}
    if "labels" in cells:
        given["labels"] = frozenset(split(cells["labels"]))
    if "terms" in cells:
        given["terms"] = dict(_term_of(text, terms) for text in split(cells["terms"]))
    if "classifications" in cells:
        given["classifications"] = _classified(before, split(cells["classifications"]))
    after = replace(before, **given, contacts=_contacts(before, cells), custom=_custom(before, cells))
    _check(after)
    return after


def _term_of(text: str, terms: Mapping[str, int]) -> tuple[int, str]:
    if text not in terms:
        raise NotFoundError(
            f"There is no term '{text}'.", hint="Write it as TERM@GLOSSARY, or import the glossary before."
        )
    return terms[text], text.rpartition("@")[0]


def _classified(before: Said, names: Sequence[str]) -> Mapping[str, Classification]:
    kept = {
        name: each for name, each in before.classifications.items() if each.state != "accepted" or name in set(names)
    }
    accepted = [name for name in names if kept.get(name, Classification("rejected")).state != "accepted"]
    return kept | {
        name: replace(kept.get(name, Classification()), state="accepted", by_what="person") for name in accepted
    }


def _contacts(before: Said, cells: Mapping[str, str]) -> Mapping[Contact, str | None]:
    stated = {name.removeprefix(_CONTACT): split(cell) for name, cell in cells.items() if name.startswith(_CONTACT)}
    kept = {each: info for each, info in before.contacts.items() if each[0] not in stated}
    named = [(kind, who) for kind, people in stated.items() for who in people]
    return kept | {each: before.contacts.get(each) for each in named}


def _custom(before: Said, cells: Mapping[str, str]) -> Mapping[str, Any]:
    stated = {name.removeprefix(_CUSTOM): cell for name, cell in cells.items() if name.startswith(_CUSTOM)}
    kept = {name: value for name, value in before.custom.items() if stated.get(name, "kept")}
    return kept | {name: read_value(cell) for name, cell in stated.items() if cell}


def _check(said: Said) -> None:
    check_saying(
        Saying(
            description=said.description,
            sensitivity=said.sensitivity,
            endorsement=said.endorsement,
            labels=sorted(said.labels),
            classify=dict.fromkeys(said.classifications),
            contacts={kind: {who: info} for (kind, who), info in said.contacts.items()},
            custom=said.custom,
        )
    )
