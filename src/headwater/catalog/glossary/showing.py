"""Glossaries, terms and categories as clients are answered them, in Atlas's JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, select

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.reading import milliseconds
from headwater.catalog.glossary.kinds import word_of
from headwater.catalog.seeing import may_read
from headwater.store import tables

__all__ = [
    "ASSIGNMENT",
    "assigned_json",
    "assigned_query",
    "categories_json",
    "glossaries_json",
    "related_terms",
    "relation_guid",
    "term_header",
    "terms_json",
]  # fmt: skip

Json = dict[str, Any]

_glossary, _term, _category = tables.glossaries.c, tables.glossary_terms.c, tables.glossary_categories.c
_link, _relation = tables.glossary_term_categories.c, tables.glossary_term_relations.c
_given, _asset = tables.asset_terms.c, tables.assets.c

#: The relationship between a term and an asset, as Atlas calls it.
ASSIGNMENT = "AtlasGlossarySemanticAssignment"
#: What a relation's guid begins with; 3 is what entities show of their terms.
ASSIGNED, _RELATED, _TERM_OF, _CATEGORY_OF, _CATEGORISED, _BELOW_TERM, _BELOW_CATEGORY = 3, 4, 5, 6, 7, 8, 9


def relation_guid(kind: int, number: int) -> str:
    """The guid of a relation: made of its kind and its number.

    >>> relation_guid(3, 17)
    '03000000-0000-0000-0000-000000000011'
    """
    return str(UUID(int=(kind << 120) | number))


def term_header(row: Any, relation: str) -> Json:
    """A term in short; ``row`` has guid, name and details of the relation."""
    return {"termGuid": row.guid, "relationGuid": relation, "displayText": row.name, **_details(row)}


def _details(row: Any) -> Json:
    return dict(getattr(row, "details", None) or {})


# -- glossaries --------------------------------------------------------------------------------------------------------


def glossaries_json(connection: Connection, rows: Sequence[Row[Any]], *, with_members: bool = True) -> list[Json]:
    """Glossaries with the headers of their terms and categories."""
    numbers = [row.id for row in rows]
    terms: dict[int, list[Json]] = {}
    categories: dict[int, list[Json]] = {}
    if with_members:
        for row in _of(connection, tables.glossary_terms, _term.glossary_id, numbers):
            terms.setdefault(row.glossary_id, []).append(term_header(row, relation_guid(_TERM_OF, row.id)))
        for row in _of(connection, tables.glossary_categories, _category.glossary_id, numbers):
            header = _category_header(row, relation_guid(_CATEGORY_OF, row.id))
            categories.setdefault(row.glossary_id, []).append(header)
    return [
        _without_nothing(
            {
                **_base(row, row.name),
                "terms": terms.get(row.id),
                "categories": categories.get(row.id),
            }
        )
        for row in rows
    ]


def _of(connection: Connection, table: Any, column: Any, numbers: Iterable[int]) -> Iterable[Row[Any]]:
    for chunk in chunked(numbers):
        yield from connection.execute(select(table).where(column.in_(chunk)).order_by(table.c.name, table.c.id))


def _base(row: Row[Any], qualified_name: str) -> Json:
    return {
        **{name: value for name, value in row.definition.items() if value is not None},
        "guid": row.guid,
        "qualifiedName": qualified_name,
        "name": row.name,
        "createTime": milliseconds(row.created_at),
        "createdBy": row.created_by,
        "updateTime": milliseconds(row.updated_at),
        "updatedBy": row.updated_by,
        "lastModifiedTS": str(row.version),
    }


def _without_nothing(shown: Json) -> Json:
    """What is None or an empty list of references is not shown."""
    return {name: value for name, value in shown.items() if value is not None}


def _anchors(connection: Connection, rows: Iterable[Row[Any]]) -> dict[int, Row[Any]]:
    found: dict[int, Row[Any]] = {}
    for chunk in chunked({row.glossary_id for row in rows}):
        query = select(_glossary.id, _glossary.guid, _glossary.name).where(_glossary.id.in_(chunk))
        found |= {row.id: row for row in connection.execute(query)}
    return found


def _anchor(glossary: Row[Any], relation: str) -> Json:
    return {"glossaryGuid": glossary.guid, "relationGuid": relation, "displayText": glossary.name}


# -- terms -------------------------------------------------------------------------------------------------------------


def terms_json(connection: Connection, actor: Actor, rows: Sequence[Row[Any]]) -> list[Json]:
    """Terms in full, with the assets that whoever asks may see."""
    numbers = [row.id for row in rows]
    glossaries, related = _anchors(connection, rows), related_terms(connection, numbers)
    categories = _grouped(connection, _categories_of, numbers, _categorised)
    assigned = _grouped(connection, lambda chunk: assigned_query(actor, chunk), numbers, assigned_json)
    parents = _grouped(connection, lambda chunk: _parents(_term, chunk), numbers, _parent_term)
    return [
        _without_nothing(
            {
                **_base(row, f"{row.name}@{glossaries[row.glossary_id].name}"),
                "status": row.status,
                "anchor": _anchor(glossaries[row.glossary_id], relation_guid(_TERM_OF, row.id)),
                "parentTerm": next(iter(parents.get(row.id, ())), None),
                "categories": categories.get(row.id),
                "assignedEntities": assigned.get(row.id),
                **related.get(row.id, {}),
            }
        )
        for row in rows
    ]


def _grouped(
    connection: Connection,
    query: Callable[[Sequence[int]], Select[Any]],
    numbers: Iterable[int],
    shown: Callable[[Row[Any]], Json],
) -> dict[int, list[Json]]:
    """What a query gives for each of some numbers; its rows say of which they are as ``of_id``."""
    found: dict[int, list[Json]] = {}
    for chunk in chunked(numbers):
        for row in connection.execute(query(chunk)):
            found.setdefault(row.of_id, []).append(shown(row))
    return found


def related_terms(connection: Connection, numbers: Iterable[int]) -> dict[int, dict[str, list[Json]]]:
    """The terms that each of some terms is related to, by the words of its side."""
    found: dict[int, dict[str, list[Json]]] = {}
    for chunk in chunked(numbers):
        for near, far, is_first in ((_relation.term_id, _relation.other_id, True),
                                    (_relation.other_id, _relation.term_id, False)):  # fmt: skip
            query = (
                select(near.label("of_id"), _relation.id, _relation.kind, _relation.details, _term.guid, _term.name)
                .join(tables.glossary_terms, _term.id == far)
                .where(near.in_(chunk))
                .order_by(_term.name, _term.id)
            )
            for row in connection.execute(query):
                word = word_of(row.kind, is_first=is_first)
                header = term_header(row, relation_guid(_RELATED, row.id))
                found.setdefault(row.of_id, {}).setdefault(word, []).append(header)
    return found


def _categories_of(numbers: Sequence[int]) -> Select[Any]:
    return (
        select(_link.term_id.label("of_id"), _link.id, _link.details, _category.guid, _category.name)
        .join(tables.glossary_categories, _category.id == _link.category_id)
        .where(_link.term_id.in_(numbers))
        .order_by(_category.name, _category.id)
    )


def _categorised(row: Row[Any]) -> Json:
    return _category_header(row, relation_guid(_CATEGORISED, row.id))


def _parents(table: Any, numbers: Sequence[int]) -> Select[Any]:
    above = table.id.table.alias("above")
    return (
        select(table.id.label("of_id"), above.c.guid, above.c.name)
        .join(above, above.c.id == table.parent_id)
        .where(table.id.in_(numbers))
    )


def _parent_term(row: Row[Any]) -> Json:
    return term_header(row, relation_guid(_BELOW_TERM, row.of_id))


def assigned_query(actor: Actor, numbers: Sequence[int]) -> Select[Any]:
    """The assets of some terms that whoever asks may see."""
    return (
        select(
            _given.term_id.label("of_id"),
            _given.id,
            _given.details,
            _asset.guid,
            _asset.type_name,
            _asset.display_name,
            _asset.qualified_name,
        )
        .join(tables.assets, _asset.id == _given.asset_id)
        .where(_given.term_id.in_(numbers), _asset.status != "deleted", may_read(actor))
        .order_by(_asset.display_name, _asset.id)
    )


def assigned_json(row: Row[Any]) -> Json:
    """An asset that a term is given to, as a related entity."""
    return {
        "guid": row.guid,
        "typeName": row.type_name,
        "displayText": row.display_name,
        "uniqueAttributes": {"qualifiedName": row.qualified_name},
        "entityStatus": "ACTIVE",
        "relationshipType": ASSIGNMENT,
        "relationshipGuid": relation_guid(ASSIGNED, row.id),
        "relationshipStatus": "ACTIVE",
        "relationshipAttributes": {"typeName": ASSIGNMENT, "attributes": _details(row)},
    }


# -- categories --------------------------------------------------------------------------------------------------------


def categories_json(connection: Connection, rows: Sequence[Row[Any]]) -> list[Json]:
    """Categories in full."""
    numbers = [row.id for row in rows]
    glossaries, paths = _anchors(connection, rows), _paths(connection, rows)
    parents = _grouped(connection, lambda chunk: _parents(_category, chunk), numbers, _parent_category)
    children = _grouped(connection, _children, numbers, _child)
    terms = _grouped(connection, _terms_in, numbers, _term_in)
    return [
        _without_nothing(
            {
                **_base(row, f"{paths[row.id]}@{glossaries[row.glossary_id].name}"),
                "anchor": _anchor(glossaries[row.glossary_id], relation_guid(_CATEGORY_OF, row.id)),
                "parentCategory": next(iter(parents.get(row.id, ())), None),
                "childrenCategories": children.get(row.id),
                "terms": terms.get(row.id),
            }
        )
        for row in rows
    ]


def _paths(connection: Connection, rows: Sequence[Row[Any]]) -> Mapping[int, str]:
    """The names from each category up to its root, as ``inner.outer``."""
    tree: dict[int, tuple[int | None, str]] = {}
    for chunk in chunked({row.glossary_id for row in rows}):
        query = select(_category.id, _category.parent_id, _category.name).where(_category.glossary_id.in_(chunk))
        tree |= {row.id: (row.parent_id, row.name) for row in connection.execute(query)}
    paths: dict[int, str] = {}
    for row in rows:
        names, above = [], row.id
        while above is not None:
            above, name = tree[above]
            names.append(name)
        paths[row.id] = ".".join(names)
    return paths


def _category_header(row: Row[Any], relation: str) -> Json:
    return {"categoryGuid": row.guid, "relationGuid": relation, "displayText": row.name, **_details(row)}


def _parent_category(row: Row[Any]) -> Json:
    return _category_header(row, relation_guid(_BELOW_CATEGORY, row.of_id))


def _children(numbers: Sequence[int]) -> Select[Any]:
    return (
        select(_category.parent_id.label("of_id"), _category.id, _category.guid, _category.name)
        .where(_category.parent_id.in_(numbers))
        .order_by(_category.name, _category.id)
    )


def _child(row: Row[Any]) -> Json:
    return _category_header(row, relation_guid(_BELOW_CATEGORY, row.id))


def _terms_in(numbers: Sequence[int]) -> Select[Any]:
    return (
        select(_link.category_id.label("of_id"), _link.id, _link.details, _term.guid, _term.name)
        .join(tables.glossary_terms, _term.id == _link.term_id)
        .where(_link.category_id.in_(numbers))
        .order_by(_term.name, _term.id)
    )


def _term_in(row: Row[Any]) -> Json:
    return term_header(row, relation_guid(_CATEGORISED, row.id))
