"""The terms of a glossary as a sheet, in the columns that Purview has, and in more where it has none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from headwater.access import Actor
from headwater.catalog.glossary.finding import begin_changing, find, require_reader
from headwater.catalog.glossary.kinds import RELATION_WORDS
from headwater.catalog.glossary.showing import terms_json
from headwater.catalog.glossary.stating import StatedTerm, read_term
from headwater.catalog.glossary.terms import add_terms, change_term
from headwater.catalog.history import Changed
from headwater.catalog.sheets.cells import Line, join, read_sheet, read_value, split, write_sheet, write_value
from headwater.catalog.sheets.changes import LineChanges, carried_out
from headwater.catalog.writing import Writing
from headwater.errors import HeadwaterError, NotFoundError, UsageError
from headwater.store import Database, tables

__all__ = ["TermSheets"]

Json = Mapping[str, Any]
_term = tables.glossary_terms.c

_NAME, _PARENT = "Name", "Parent Term Name"
_TEXTS = {
    "Nick Name": "nickName",
    "Status": "status",
    "Definition": "longDescription",
    "Short Description": "shortDescription",
    "Acronym": "abbreviation",
    "Usage": "usage",
}
_CONTACTS = {"Experts": "Expert", "Stewards": "Steward"}
_RELATIONS = {
    "Related Terms": "seeAlso",
    **{re.sub(r"(?=[A-Z])", " ", word).title(): word for word in RELATION_WORDS if word != "seeAlso"},
}
#: Every column that is always there. What a template adds is ``[Attribute][TEMPLATE]NAME``.
_COLUMNS = (_NAME, *_TEXTS, "Examples", "Resources", *_CONTACTS, _PARENT, *_RELATIONS)
_ATTRIBUTE = re.compile(r"\[Attribute\]\[(?P<template>[^\]]*)\](?P<name>.+)", re.S)
#: Of Purview's columns, those that say nothing here.
_IGNORED = ("Term Template Names", "IsDefinitionRichText")


class TermSheets:
    """Exports the terms of a glossary, and imports them again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def export(self, actor: Actor, glossary: str, terms: Sequence[str] | None = None) -> str:
        """These terms of a glossary, or all of them, by name, as CSV.

        Raises:
            NotFoundError: there is no such glossary, or no such term in it.
        """
        with self._database.read() as connection:
            require_reader(connection, actor)
            number = find(connection, tables.glossaries, glossary).id
            shown = _terms_of(connection, actor, number)
        wanted = list(shown.values()) if terms is None else [_by_guid(shown.values(), guid) for guid in terms]
        rows = [_cells(each) for each in wanted]
        further = sorted({name for row in rows for name in row} - set(_COLUMNS))
        return write_sheet([*_COLUMNS, *further], rows)

    def load(self, actor: Actor, glossary: str, content: bytes, *, dry_run: bool = False) -> list[LineChanges]:
        """Make what a sheet says the terms of a glossary; returns what that changes, line by line.

        Terms are told apart by their names; those that there are not are made, none is deleted. A column that the
        sheet has not stays as it is; an empty cell takes away what was said, but a status. All lines or none.

        Raises:
            UsageError: a file, line or cell that cannot be read; ``place`` says where.
            NotFoundError: there is no such glossary, or no term that a line refers to.
            ForbiddenError: the actor may not change the glossary.
        """
        columns, lines = read_sheet(content)
        _check_columns(columns)
        _check_names(lines)

        def work(connection: Connection) -> list[LineChanges]:
            return _load(begin_changing(connection, actor), actor, glossary, lines)

        return carried_out(self._database, work, dry_run=dry_run)


def _check_columns(columns: Sequence[str]) -> None:
    if _NAME not in columns:
        raise UsageError("The file has no column 'Name'.", hint="Begin with a line of columns.", code="catalog.sheet")
    for name in columns:
        if name not in {*_COLUMNS, *_IGNORED} and not _ATTRIBUTE.fullmatch(name):
            raise UsageError(
                f"There is no column '{name}'.", hint="Begin with the line that was exported.", code="catalog.sheet"
            )


def _check_names(lines: Iterable[Line]) -> None:
    known: set[str] = set()
    for line in lines:
        name = line.cells[_NAME].strip()
        if not name or name in known:
            message = "Two lines are about one term." if name else "A line names no term."
            raise UsageError(message, place=f"line {line.number}", hint="Write each name once.", code="catalog.sheet")
        known.add(name)


def _terms_of(connection: Connection, actor: Actor, glossary_id: int) -> dict[str, Json]:
    """The terms of a glossary in full, by name and in its order."""
    query = select(tables.glossary_terms).where(_term.glossary_id == glossary_id).order_by(_term.name)
    return {each["name"]: each for each in terms_json(connection, actor, connection.execute(query).all())}


def _by_guid(terms: Iterable[Json], guid: str) -> Json:
    found = next((each for each in terms if each["guid"] == guid), None)
    if found is None:
        raise NotFoundError(f"There is no term '{guid}' in the glossary.", hint="List its terms.")
    return found


# -- writing -----------------------------------------------------------------------------------------------------------


def _cells(term: Json) -> dict[str, str]:
    """A term's line; what is not stated has no cell."""
    cells = {_NAME: term["name"]}
    cells |= {column: str(term[name]) for column, name in _TEXTS.items() if term.get(name)}
    cells["Examples"] = join(map(str, term.get("examples") or ()))
    cells["Resources"] = join(_pair(each.get("displayName"), each.get("url")) for each in term.get("resources") or ())
    for column, kind in _CONTACTS.items():
        people = (term.get("contacts") or {}).get(kind) or ()
        cells[column] = join(_pair(each["id"], each.get("info")) for each in people)
    cells[_PARENT] = (term.get("parentTerm") or {}).get("displayText", "")
    cells |= {column: join(each["displayText"] for each in term.get(word, ())) for column, word in _RELATIONS.items()}
    for template, attributes in (term.get("attributes") or {}).items():
        for name, value in (attributes or {}).items():
            cells[f"[Attribute][{template}]{name}"] = "" if value is None else write_value(value)
    return {column: cell for column, cell in cells.items() if cell}


def _pair(first: Any, second: Any) -> str:
    """``first:second``, as Purview writes a person or a resource.

    >>> _pair("ann", None), _unpair(_pair("a:b", "c:d"))
    ('ann', ('a:b', 'c:d'))
    """
    told = re.sub(r"([\\:])", r"\\\1", str(first or ""))
    return told if second is None else f"{told}:{second}"


def _unpair(text: str) -> tuple[str, str | None]:
    found = re.fullmatch(r"((?:[^\\:]|\\.)*)(?::(.*))?", text, re.S)
    if found is None:
        return text, None
    return re.sub(r"\\(.)", r"\1", found[1], flags=re.S), found[2]


# -- reading -----------------------------------------------------------------------------------------------------------


def _load(writing: Writing, actor: Actor, glossary: str, lines: Sequence[Line]) -> list[LineChanges]:
    connection = writing.connection
    number = find(connection, tables.glossaries, glossary).id
    old = _terms_of(connection, actor, number)
    new = [line.cells[_NAME].strip() for line in lines if line.cells[_NAME].strip() not in old]
    add_terms(writing, actor, [StatedTerm(name, glossary=glossary) for name in new])
    terms = {**old, **_named(_terms_of(connection, actor, number), new)}
    guids = {name: str(each["guid"]) for name, each in terms.items()}
    found: list[LineChanges] = []
    for line in lines:
        name = line.cells[_NAME].strip()
        changes = _differences(_cells(terms[name]), line.cells, is_new=name not in old)
        if changes:
            _change(writing, actor, _Change(line, terms[name], set(changes), guids))
            found.append(LineChanges(line.number, name, guids[name], changes))
    return found


def _named(terms: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    return {name: terms[name] for name in names}


def _differences(before: Mapping[str, str], cells: Mapping[str, str], *, is_new: bool) -> dict[str, Changed]:
    stated = {column: cell for column, cell in cells.items() if column not in {_NAME, *_IGNORED}}
    if not stated.get("Status", "x"):
        del stated["Status"]
    changed = {
        column: Changed(None if is_new else before.get(column), cell or None)
        for column, cell in stated.items()
        if not _same(column, before.get(column, ""), cell)
    }
    return {_NAME: Changed(None, cells[_NAME].strip()), **changed} if is_new else changed


def _same(column: str, before: str, after: str) -> bool:
    """Whether two cells say the same, however they are parted and in whatever order they name terms."""
    if column in _RELATIONS:
        return sorted(split(before)) == sorted(split(after))
    return before == after


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be changed of a term: these columns of a line."""

    line: Line
    term: Json
    columns: set[str]
    guids: Mapping[str, str]


def _change(writing: Writing, actor: Actor, change: _Change) -> None:
    try:
        stated = read_term(_stated(change))
        row = find(writing.connection, tables.glossary_terms, str(change.term["guid"]))
        change_term(writing, actor, row, stated, whole=False)
    except HeadwaterError as error:
        error.place = f"line {change.line.number}"
        raise


def _stated(change: _Change) -> dict[str, Any]:
    """The changed columns of a line as a term's JSON."""
    cells = {column: change.line.cells[column] for column in change.columns if column != _NAME}
    stated: dict[str, Any] = {name: cells[column] or None for column, name in _TEXTS.items() if column in cells}
    if "Examples" in cells:
        stated["examples"] = split(cells["Examples"]) or None
    if "Resources" in cells:
        pairs = map(_unpair, split(cells["Resources"]))
        stated["resources"] = [{"displayName": name, "url": url} for name, url in pairs] or None
    if cells.keys() & _CONTACTS.keys():
        stated["contacts"] = _contacts(change.term, cells)
    if _PARENT in cells:
        stated["parentTerm"] = _referred(change, cells[_PARENT]) if cells[_PARENT] else None
    for column, word in _RELATIONS.items():
        if column in cells:
            kept = {each["termGuid"]: each for each in change.term.get(word, ())}
            guids = [_referred(change, name)["termGuid"] for name in split(cells[column])]
            stated[word] = [kept.get(guid, {"termGuid": guid}) for guid in guids]
    if any(_ATTRIBUTE.fullmatch(column) for column in cells):
        stated["attributes"] = _attributes(change.term, cells)
    return stated


def _referred(change: _Change, name: str) -> dict[str, str]:
    if name not in change.guids:
        raise NotFoundError(f"There is no term '{name}' in the glossary.", hint="Give it a line of its own.")
    return {"termGuid": change.guids[name]}


def _contacts(term: Json, cells: Mapping[str, str]) -> dict[str, Any]:
    contacts = dict(term.get("contacts") or {})
    for column, kind in _CONTACTS.items():
        if column in cells:
            people = map(_unpair, split(cells[column]))
            contacts[kind] = [{"id": who} if info is None else {"id": who, "info": info} for who, info in people]
    return {kind: people for kind, people in contacts.items() if people}


def _attributes(term: Json, cells: Mapping[str, str]) -> dict[str, Any]:
    attributes = {template: dict(each or {}) for template, each in (term.get("attributes") or {}).items()}
    for column, cell in cells.items():
        if found := _ATTRIBUTE.fullmatch(column):
            attributes.setdefault(found["template"], {})[found["name"]] = read_value(cell) if cell else None
    return {
        template: {name: value for name, value in each.items() if value is not None}
        for template, each in attributes.items()
    }
