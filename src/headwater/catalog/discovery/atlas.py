"""Atlas's searches: basic, by attribute, by relationship, quick, in its query language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, or_, select

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.discovery.classifications import subclassifications
from headwater.catalog.discovery.conditions import Compare, Condition, Statements
from headwater.catalog.discovery.criteria import read_criteria
from headwater.catalog.discovery.dsl import COUNT, DslQuery, read_query
from headwater.catalog.entities.finding import find_by_guid
from headwater.catalog.entities.reading import entities_by_id
from headwater.catalog.entities.relations import relations_of
from headwater.catalog.finding import Search
from headwater.catalog.search import SearchRequest
from headwater.catalog.seeing import may_read
from headwater.catalog.types import Types, types_of
from headwater.errors import UsageError
from headwater.store import Database, tables

__all__ = ["AtlasSearch", "Page"]

Json = dict[str, Any]
_asset, _kind, _given = tables.assets.c, tables.asset_classifications.c, tables.asset_terms.c
_MOST: Final = 10_000
_EVERY_TYPE: Final = "_ALL_ENTITY_TYPES"
_CLASSIFIED, _NOT_CLASSIFIED, _EVERY_CLASSIFICATION = "_CLASSIFIED", "_NOT_CLASSIFIED", "_ALL_CLASSIFICATION_TYPES"
#: What an entity in short has of an entity.
_HEADER: Final = (
    "typeName", "guid", "status", "displayText", "classificationNames", "classifications", "meaningNames", "meanings",
    "isIncomplete", "labels", "lastModifiedTS", "createTime", "updateTime", "createdBy", "updatedBy",
)  # fmt: skip
_IN_SHORT: Final = ("qualifiedName", "name", "owner", "description", "createTime")


@dataclass(frozen=True, slots=True)
class Page:
    """Which of what is found is answered, and in which order; ``sort_by`` "": the best first, or the oldest."""

    limit: int = 100
    offset: int = 0
    sort_by: str = ""
    descending: bool = False
    attributes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Matched:
    """What was found, in order; ``scores`` where words were searched for."""

    rows: Sequence[Row[Any]]
    scores: Mapping[int, float]


class AtlasSearch:
    """Atlas's searches, trimmed for whoever asks.

    Words are looked up in the index, all else in the database: of what has the words, the best 10,000 are looked at.
    """

    def __init__(self, database: Database, search: Search) -> None:
        self._database = database
        self._search = search

    def basic(self, actor: Actor, parameters: Mapping[str, Any]) -> Json:
        """A search by words, type, classification, term and filters; ``parameters`` are Atlas's SearchParameters.

        Raises:
            UsageError: one of them cannot be read (``catalog.type_unknown`` where there is no such type).
        """
        page, matched, entities = self._found(actor, parameters)
        answer = _result("BASIC", parameters, entities, len(matched.rows))
        if page.offset + page.limit < len(matched.rows):
            answer["nextMarker"] = str(page.offset + page.limit)
        return answer

    def full_text(self, actor: Actor, parameters: Mapping[str, Any]) -> Json:
        """A search by words alone, with how well each fits."""
        _, matched, entities = self._found(actor, parameters)
        by_guid = {row.guid: matched.scores.get(row.id, 0.0) for row in matched.rows}
        answer = _result("FULL_TEXT", parameters, [], len(matched.rows))
        del answer["entities"]
        answer["fullTextResult"] = [{"entity": each, "score": by_guid[each["guid"]]} for each in entities]
        return answer

    def quick(self, actor: Actor, parameters: Mapping[str, Any]) -> Json:
        """A search by words and filters, with how many of each type and status there are."""
        _, matched, entities = self._found(actor, parameters)
        counts = {
            "__typeName": Counter(row.type_name for row in matched.rows),
            "__state": Counter("DELETED" if row.status == "deleted" else "ACTIVE" for row in matched.rows),
        }
        return {
            "searchResults": _result("BASIC", parameters, entities, len(matched.rows)),
            "aggregationMetrics": {
                name: [{"name": value, "count": number} for value, number in counter.most_common()]
                for name, counter in counts.items()
            },
        }

    def by_attribute(self, actor: Actor, type_name: str, attribute: str, prefix: str, page: Page) -> Json:
        """Entities of a type with an attribute that begins so; without a name, the qualified name."""
        condition = Compare(attribute or "qualifiedName", "startswith", prefix)
        with self._database.read() as connection:
            matched = self._matched(connection, actor, {"typeName": type_name}, condition, page)
            entities = _headers(connection, actor, matched.rows, page)
        answer = _result("ATTRIBUTE", {"typeName": type_name, "limit": page.limit}, entities, len(matched.rows))
        return answer | {"queryText": prefix}

    def related(self, actor: Actor, guid: str, relation: str, page: Page) -> Json:
        """What an entity is related to, by what its type calls it.

        Raises:
            NotFoundError: there is no such entity to be seen.
            UsageError: its type has no relationship of that name.
        """
        with self._database.read() as connection:
            row, types = find_by_guid(connection, actor, [guid])[guid], types_of(connection)
            found = relations_of(connection, actor, types, {row.id: row.type_name}).get(row.id, {})
            if relation not in found:
                raise UsageError(
                    f"A {row.type_name} has no relationship '{relation[:80]}'.", hint=f"It has {', '.join(found)}."
                )
            listed = found[relation] if isinstance(found[relation], list) else filter(None, [found[relation]])
            rows = find_by_guid(connection, actor, [each["guid"] for each in listed])
            ordered = sorted(rows.values(), key=lambda each: (each.display_name, each.id), reverse=page.descending)
            entities = _headers(connection, actor, ordered, page)
        return _result("RELATIONSHIP", {"limit": page.limit, "offset": page.offset}, entities, len(ordered))

    def dsl(self, actor: Actor, text: str, limit: int | None, offset: int | None) -> Json:
        """Entities, or attributes of them, that a query asks for; a limit of its own is kept to.

        Raises:
            UsageError: the query cannot be read (``catalog.dsl``).
        """
        query = read_query(text)
        most = min(each for each in (query.limit, limit, _MOST) if each is not None)
        start = query.offset if query.offset is not None else offset or 0
        page = Page(most, start, query.order_by, query.descending)
        with self._database.read() as connection:
            matched = self._matched(connection, actor, _source(connection, query), query.condition, page)
            answer = _result("DSL", None, [], len(matched.rows)) | {"queryText": text}
            if query.select:
                del answer["entities"]
                answer["attributes"] = self._selected(connection, query, matched, page)
            else:
                answer["entities"] = _headers(connection, actor, matched.rows, page)
        return answer

    def suggestions(self, actor: Actor, prefix: str, field: str) -> Json:
        """Words that a prefix may become: of names, or values of an attribute."""
        if field in {"", "name", "displayName", "displayText"}:
            found = self._search.autocomplete(actor, prefix, 5) if prefix.strip() else []
            return {"suggestions": found, "prefixString": prefix, "fieldName": field}
        with self._database.read() as connection:
            made = _statements(connection)
            value = made.value(field)
            begins = made.where(Compare(field, "startswith", prefix))
            shown = (_asset.status == "active", _asset.type_name != "column", may_read(actor))
            texts = connection.scalars(select(value).where(begins, *shown).distinct().order_by(value).limit(5))
            return {"suggestions": [str(each) for each in texts], "prefixString": prefix, "fieldName": field}

    # -- finding --

    def _found(self, actor: Actor, parameters: Mapping[str, Any]) -> tuple[Page, _Matched, list[Json]]:
        page = _page(parameters)
        with self._database.read() as connection:
            condition = read_criteria(parameters.get("entityFilters"))
            matched = self._matched(connection, actor, parameters, condition, page)
            return page, matched, _headers(connection, actor, matched.rows, page)

    def _matched(
        self,
        connection: Connection,
        actor: Actor,
        parameters: Mapping[str, Any],
        condition: Condition | None,
        page: Page,
    ) -> _Matched:
        made, types = _statements(connection), types_of(connection)
        conditions = [may_read(actor), *_narrowed(connection, types, made, parameters)]
        if condition is not None:
            conditions.append(made.where(condition))
        query: Select[Any] = select(_asset.id, _asset.guid, _asset.type_name, _asset.status, _asset.display_name)
        if page.sort_by:
            by = made.value(page.sort_by)
            query = query.order_by(by.desc() if page.descending else by.asc(), _asset.id)
        else:
            query = query.order_by(_asset.id)
        query = query.where(*conditions)
        words = _text(parameters, "query")
        if not words.strip() or words.strip() == "*":
            return _Matched(connection.execute(query).all(), {})
        scores = self._scores(actor, words)
        rows = [row for chunk in chunked(scores) for row in connection.execute(query.where(_asset.id.in_(chunk)))]
        if page.sort_by:
            rows.sort(key=lambda row: (row.display_name, row.id), reverse=page.descending)
        else:
            place = {number: at for at, number in enumerate(scores)}
            rows.sort(key=lambda row: place[row.id])
        return _Matched(rows, scores)

    def _scores(self, actor: Actor, words: str) -> dict[int, float]:
        """The assets that have the words, the best first."""
        scores: dict[int, float] = {}
        after = ""
        while len(scores) < _MOST:
            request = SearchRequest(words, limit=1_000, after=after, highlight=False)
            found = self._search.search(actor, request)
            scores |= {asset.id: asset.score for asset in found.assets}
            after = found.continuation
            if not after:
                break
        return scores

    @staticmethod
    def _selected(connection: Connection, query: DslQuery, matched: _Matched, page: Page) -> Json:
        names = [label for _, label in query.select]
        if all(name == COUNT for name, _ in query.select):
            return {"name": names, "values": [[len(matched.rows)] * len(names)]}
        made = _statements(connection)
        columns = [made.value(name).label(f"c{at}") for at, (name, _) in enumerate(query.select) if name != COUNT]
        rows = matched.rows[page.offset : page.offset + page.limit]
        values: dict[int, list[Any]] = {}
        for chunk in chunked(row.id for row in rows):
            found = connection.execute(select(_asset.id, *columns).where(_asset.id.in_(chunk)))
            values |= {row.id: [_plain(value) for value in tuple(row)[1:]] for row in found}
        shown = [values[row.id] for row in rows if row.id in values]
        return {"name": [label for name, label in query.select if name != COUNT], "values": shown}


def _plain(value: Any) -> Any:
    return int(value.timestamp() * 1000) if hasattr(value, "timestamp") else value


def _statements(connection: Connection) -> Statements:
    return Statements(types_of(connection), connection.dialect.name, subclassifications(connection))


def _source(connection: Connection, query: DslQuery) -> Json:
    """What a query is of: a type, or else a classification."""
    known = query.source in types_of(connection)
    return {"excludeDeletedEntities": True, ("typeName" if known else "classification"): query.source}


# -- what is searched among --


def _narrowed(
    connection: Connection, types: Types, made: Statements, parameters: Mapping[str, Any]
) -> Iterable[ColumnElement[bool]]:
    deleted_too = not _flag(parameters, "excludeDeletedEntities", False)
    yield _asset.status.in_(["active", "deleted"] if deleted_too else ["active"])
    yield _typed(types, _text(parameters, "typeName"), _flag(parameters, "includeSubTypes", True))
    classification = _text(parameters, "classification")
    if classification:
        below = subclassifications(connection) if _flag(parameters, "includeSubClassifications", True) else {}
        yield _classified(made, below, classification, read_criteria(parameters.get("tagFilters")))
    term = _text(parameters, "termName")
    if term:
        name, _, glossary = term.rpartition("@") if "@" in term else (term, "", "")
        yield _asset.id.in_(_with_term(name, glossary))


def _typed(types: Types, stated: str, below: bool) -> ColumnElement[bool]:
    names = [name.strip() for name in stated.split(",") if name.strip() and name.strip() != _EVERY_TYPE]
    if not names:
        # Columns are found with what they are of, unless they are asked for.
        return _asset.type_name != "column"
    # Looked up one by one, so that a type that there is not is told.
    stated_types = [types.get(name).name for name in names]
    wanted = {each for name in stated_types for each in types.subtypes(name)} if below else set(stated_types)
    return _asset.type_name.in_(sorted(wanted - ({"column"} if "column" not in names else set())))


def _classified(
    made: Statements, below: Mapping[str, frozenset[str]], stated: str, condition: Condition | None
) -> ColumnElement[bool]:
    some = select(_kind.asset_id).where(_kind.state == "accepted")
    if stated in {_CLASSIFIED, _EVERY_CLASSIFICATION, "*"}:
        return _asset.id.in_(some)
    if stated == _NOT_CLASSIFIED:
        return _asset.id.not_in(some)
    found: list[ColumnElement[bool]] = []
    for name in filter(None, (each.strip() for each in stated.split(","))):
        if name.endswith("*"):
            found.append(_asset.id.in_(some.where(_kind.type_name.startswith(name[:-1], autoescape=True))))
        else:
            found.append(made.classified([name, *sorted(below.get(name, ()))], condition))
    return or_(*found)


def _with_term(name: str, glossary: str) -> Select[Any]:
    term, of = tables.glossary_terms.c, tables.glossaries.c
    query = select(_given.asset_id).join(tables.glossary_terms, term.id == _given.term_id).where(term.name == name)
    if glossary:
        query = query.join(tables.glossaries, of.id == term.glossary_id).where(of.name == glossary)
    return query


# -- requests and answers --


def _page(parameters: Mapping[str, Any]) -> Page:
    marker = _text(parameters, "marker")
    attributes = parameters.get("attributes") or ()
    return Page(
        min(_whole(parameters.get("limit"), "limit", 100), _MOST),
        _whole(marker if marker not in {"", "*"} else parameters.get("offset"), "offset", 0),
        _text(parameters, "sortBy"),
        _text(parameters, "sortOrder").upper().endswith("DESCENDING")
        or _text(parameters, "sortOrder").upper() == "DESC",
        [str(each) for each in attributes] if isinstance(attributes, (list, tuple)) else (),
    )


def _headers(connection: Connection, actor: Actor, rows: Sequence[Row[Any]], page: Page) -> list[Json]:
    numbers = [row.id for row in rows[page.offset : page.offset + page.limit]]
    shown = (*_IN_SHORT, *page.attributes)
    return [_header(each, shown) for each in entities_by_id(connection, actor, numbers, relationships=False)]


def _header(entity: Json, shown: Sequence[str]) -> Json:
    attributes = {name: entity["attributes"][name] for name in shown if entity["attributes"].get(name) is not None}
    return {**{name: entity[name] for name in _HEADER if name in entity}, "attributes": attributes}


def _result(kind: str, parameters: Mapping[str, Any] | None, entities: list[Json], count: int) -> Json:
    answer: Json = {"queryType": kind, "entities": entities, "approximateCount": count}
    if parameters is not None:
        answer["searchParameters"] = {name: value for name, value in parameters.items() if value is not None}
        for name in ("query", "typeName", "classification"):
            if parameters.get(name):
                answer[{"query": "queryText", "typeName": "type"}.get(name, name)] = parameters[name]
    return answer


def _text(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 10_000 or "\0" in value:
        raise UsageError(f"'{name}' is not text.", hint="Give a text, or leave it out.")
    return value


def _flag(parameters: Mapping[str, Any], name: str, usual: bool) -> bool:
    value = parameters.get(name)
    return usual if value is None else value is True or str(value).lower() == "true"


def _whole(value: Any, name: str, usual: int) -> int:
    if value is None or value == "":
        return usual
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number < 2**31:
        raise UsageError(f"'{name}' is no whole number.", hint=f"Leave it out for {usual}.")
    return number
