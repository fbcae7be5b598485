"""Terms as a sheet in the columns of Apache Atlas's own import, of several glossaries in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select

from headwater.access import Actor
from headwater.catalog.glossary.finding import begin_changing, find
from headwater.catalog.glossary.stating import StatedTerm, read_term
from headwater.catalog.glossary.terms import add_terms, change_term
from headwater.catalog.sheets.cells import Line, read_sheet
from headwater.catalog.writing import Writing
from headwater.errors import HeadwaterError, NotFoundError, UsageError
from headwater.store import Database, tables

__all__ = ["TEMPLATE", "ImportedTerm", "load_atlas_terms"]

_GLOSSARY, _NAME, _FURTHER, _EXAMPLES = "GlossaryName", "TermName", "AdditionalAttributes", "Examples"
_TEXTS = {
    "ShortDescription": "shortDescription",
    "LongDescription": "longDescription",
    "Abbreviation": "abbreviation",
    "Usage": "usage",
}
_RELATIONS = {
    f"{word[0].upper()}{word[1:]}": word
    for word in (
        *("translationTerms", "validValuesFor", "synonyms", "replacedBy", "validValues", "replacementTerms", "seeAlso"),
        *("translatedTerms", "isA", "antonyms", "classifies", "preferredToTerms", "preferredTerms"),
    )
}
_COLUMNS = (_GLOSSARY, _NAME, *_TEXTS, _EXAMPLES, _FURTHER, *_RELATIONS)
#: A file with no lines yet.
TEMPLATE = f"{','.join(_COLUMNS)}\r\n"

#: A term by its glossary's name and its own.
ImportedTerm = tuple[str, str]


def load_atlas_terms(database: Database, actor: Actor, content: bytes) -> dict[ImportedTerm, str]:
    """Make and change the terms of a file, and the glossaries that there are not; returns the terms' guids.

    A relation is written ``GLOSSARY:TERM``, several are parted by ``|``. An empty cell leaves what is there.

    Raises:
        UsageError: a file, line or cell that cannot be read; ``place`` says where.
        NotFoundError: a relation to a term that there is not.
        ForbiddenError: the actor may not change the glossary.
    """
    columns, lines = read_sheet(content)
    unknown = next((name for name in columns if name.strip() not in _COLUMNS), None)
    if unknown is not None or not {_GLOSSARY, _NAME} <= {name.strip() for name in columns}:
        raise UsageError(
            "The columns are not those of the template.", hint="Begin with the template.", code="catalog.sheet"
        )
    stripped = [Line(line.number, {name.strip(): cell.strip() for name, cell in line.cells.items()}) for line in lines]
    with database.begin() as connection:
        return _load(begin_changing(connection, actor), actor, stripped)


def _load(writing: Writing, actor: Actor, lines: Sequence[Line]) -> dict[ImportedTerm, str]:
    for line in lines:
        if not line.cells.get(_GLOSSARY) or not line.cells.get(_NAME):
            raise UsageError(
                "A line names no glossary, or no term.", place=f"line {line.number}", hint="Name both.",
                code="catalog.sheet",
            )  # fmt: skip
    wanted = dict.fromkeys((line.cells[_GLOSSARY], line.cells[_NAME]) for line in lines)
    glossaries = _glossaries(writing, [glossary for glossary, _ in wanted])
    known = _terms(writing)
    new = [each for each in wanted if each not in known]
    add_terms(writing, actor, [StatedTerm(name, glossary=glossaries[glossary]) for glossary, name in new])
    known = _terms(writing)
    for line in lines:
        _change(writing, actor, line, known)
    return {each: known[each] for each in wanted}


def _glossaries(writing: Writing, names: Sequence[str]) -> Mapping[str, str]:
    """The guids of glossaries, by name; those that there are not are made."""
    glossary = tables.glossaries.c
    there = {row.name: row.guid for row in writing.connection.execute(select(glossary.name, glossary.guid))}
    by = {"created_at": writing.now, "created_by": writing.by, "updated_at": writing.now, "updated_by": writing.by}
    for name in dict.fromkeys(names):
        if name not in there:
            there[name] = str(uuid4())
            values = {"guid": there[name], "name": name, "definition": {}, **by}
            writing.connection.execute(insert(tables.glossaries).values(values))
    return there


def _terms(writing: Writing) -> dict[ImportedTerm, str]:
    term, glossary = tables.glossary_terms.c, tables.glossaries.c
    query = select(glossary.name.label("glossary"), term.name, term.guid)
    rows = writing.connection.execute(query.join(tables.glossaries, glossary.id == term.glossary_id))
    return {(row.glossary, row.name): row.guid for row in rows}


def _change(writing: Writing, actor: Actor, line: Line, known: Mapping[ImportedTerm, str]) -> None:
    try:
        row = find(writing.connection, tables.glossary_terms, known[line.cells[_GLOSSARY], line.cells[_NAME]])
        change_term(writing, actor, row, read_term(_stated(line.cells, known)), whole=False)
    except HeadwaterError as error:
        error.place = f"line {line.number}"
        raise


def _stated(cells: Mapping[str, str], known: Mapping[ImportedTerm, str]) -> dict[str, Any]:
    stated: dict[str, Any] = {name: cells[column] for column, name in _TEXTS.items() if cells.get(column)}
    if cells.get(_EXAMPLES):
        stated["examples"] = _parts(cells[_EXAMPLES])
    if cells.get(_FURTHER):
        pairs = [part.partition(":") for part in _parts(cells[_FURTHER])]
        stated["additionalAttributes"] = {name.strip(): value.strip() for name, _, value in pairs}
    for column, word in _RELATIONS.items():
        if cells.get(column):
            stated[word] = [{"termGuid": _referred(part, known)} for part in _parts(cells[column])]
    return stated


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|") if part.strip()]


def _referred(text: str, known: Mapping[ImportedTerm, str]) -> str:
    glossary, _, name = text.partition(":")
    found = known.get((glossary.strip(), name.strip()))
    if found is None:
        raise NotFoundError(f"There is no term '{text}'.", hint="Write it as GLOSSARY:TERM, and give it a line.")
    return found
