"""The glossary as Purview's search shows it: its terms, categories and glossaries, where a filter asks for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from headwater.access import Action, Actor, allowed_to
from headwater.catalog.search import Filter
from headwater.catalog.search.documents import milliseconds
from headwater.catalog.search.filters import And, Attribute, Between, Identified, Not, Or, ValueIn
from headwater.store import tables

__all__ = ["GlossaryPart", "asks_for_terms", "counted", "matching_terms"]

_OBJECT_TYPE: Final = "Glossary terms"
#: Leaves of a filter that only what is in the glossary can meet.
_OF_GLOSSARIES: Final = frozenset({"glossaryType", "termStatus", "termTemplate"})
_glossary = tables.glossaries.c


@dataclass(frozen=True, slots=True)
class GlossaryPart:
    """A term, category or glossary; ``values``: by what it is filtered and counted."""

    row: Row[Any]
    values: Mapping[str, str]
    glossary: str

    def shown(self) -> dict[str, Any]:
        """In the shape of ``value`` of Purview's search."""
        definition = self.row.definition or {}
        kind = self.values["type"]
        shown = {
            "@search.score": 1.0,
            "objectType": _OBJECT_TYPE,
            "glossaryType": kind,
            "id": self.row.guid,
            "name": self.row.name,
            "qualifiedName": self.row.name if kind == "AtlasGlossary" else f"{self.row.name}@{self.glossary}",
            "longDescription": definition.get("longDescription"),
            "createTime": milliseconds(self.row.created_at),
            "updateTime": milliseconds(self.row.updated_at),
        }
        if kind == "AtlasGlossaryTerm":
            shown |= {"termStatus": self.row.status, "termTemplate": []}
        return shown | ({"glossary": self.glossary} if kind != "AtlasGlossary" else {})


def asks_for_terms(stated: Any) -> bool:
    """Whether a filter, as it was sent, asks for what is in the glossary: else assets alone are searched.

    >>> asks_for_terms({"or": [{"objectType": "Glossary terms"}, {"objectType": "Files"}]}), asks_for_terms(None)
    (True, False)
    """
    if isinstance(stated, list):
        return any(asks_for_terms(each) for each in stated)
    if not isinstance(stated, Mapping):
        return False
    named = stated.get("objectType")
    if _OBJECT_TYPE in (named if isinstance(named, list) else [named]) or stated.keys() & _OF_GLOSSARIES:
        return True
    return any(asks_for_terms(stated.get(key)) for key in ("and", "or", "not"))


def matching_terms(connection: Connection, actor: Actor, keywords: str, tree: Filter) -> list[GlossaryPart]:
    """What of the glossary has one of the words and meets the filter, by name; nothing where no collection is seen."""
    if connection.execute(allowed_to(actor, Action.COLLECTION_READ).limit(1)).first() is None:
        return []
    words = [word for word in keywords.casefold().split() if word != "*"]
    found = [each for each in _parts(connection) if _has(each, words) and _meets(each, tree)]
    return sorted(found, key=lambda each: (each.row.name.casefold(), each.row.guid))


def counted(parts: Sequence[GlossaryPart], column: str) -> Counter[str]:
    """How many of these have each value of what is counted by."""
    return Counter(each.values[column] for each in parts if each.values.get(column))


def _parts(connection: Connection) -> Iterator[GlossaryPart]:
    names = {row.id: row.name for row in connection.execute(select(_glossary.id, _glossary.name))}
    for row in connection.execute(select(tables.glossaries)):
        yield GlossaryPart(row, {"objectType": _OBJECT_TYPE, "type": "AtlasGlossary"}, row.name)
    for row in connection.execute(select(tables.glossary_categories)):
        values = {"objectType": _OBJECT_TYPE, "type": "AtlasGlossaryCategory"}
        yield GlossaryPart(row, values, names[row.glossary_id])
    for row in connection.execute(select(tables.glossary_terms)):
        values = {"objectType": _OBJECT_TYPE, "type": "AtlasGlossaryTerm", "termStatus": row.status}
        yield GlossaryPart(row, values, names[row.glossary_id])


def _has(part: GlossaryPart, words: Sequence[str]) -> bool:
    definition = part.row.definition or {}
    texts = (part.row.name, definition.get("longDescription"), definition.get("shortDescription"))
    told = " ".join(text for text in texts if isinstance(text, str)).casefold()
    return not words or any(word in told for word in words)


def _meets(part: GlossaryPart, tree: Filter) -> bool:
    """Whether it meets a filter; what only assets have, it has not."""
    if isinstance(tree, And):
        return all(_meets(part, each) for each in tree.parts)
    if isinstance(tree, Or):
        return any(_meets(part, each) for each in tree.parts)
    if isinstance(tree, Not):
        return not _meets(part, tree.part)
    if isinstance(tree, ValueIn):
        return part.values.get(tree.column) in tree.values
    if isinstance(tree, Identified):
        return part.row.guid in tree.guids
    if isinstance(tree, Between):
        at = milliseconds(part.row.created_at if tree.column == "created" else part.row.updated_at)
        return (tree.lower is None or at >= tree.lower) and (tree.upper is None or at < tree.upper)
    return isinstance(tree, Attribute) and _compares(str(part.row.name).casefold(), tree)


def _compares(name: str, tree: Attribute) -> bool:
    wanted = str(tree.value).casefold()
    if tree.name not in {"name", "displayName", "qualifiedName"}:
        return False
    tests = {"eq": name == wanted, "contains": wanted in name, "prefix": name.startswith(wanted)}
    return tests.get(tree.operator, False)
