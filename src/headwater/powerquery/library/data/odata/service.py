"""An OData service: its documents as M values, fetched when they are needed, page by page."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from headwater.errors import MError
from headwater.powerquery.library.data.odata.contexts import Shape, columns_of, key_of, shape_of
from headwater.powerquery.library.data.odata.metadata import Property, ServiceTypes, read_metadata
from headwater.powerquery.library.data.odata.values import is_annotation, untyped, value_of
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Thunk, Value, WithMetadata

if TYPE_CHECKING:
    from headwater.powerquery.connections import Connection
    from headwater.powerquery.connections.web import Request
    from headwater.powerquery.evaluator.session import Session

MORE_COLUMNS = "More Columns"

Document = Mapping[str, Any]


class Service:
    """A service, reached as one request of M describes.

    Args:
        session: the evaluation.
        request: headers, timeout and the like of every request; its address is the first one asked for.
        connection: what serves the first address; further ones have to be served by it too.
        query: query parameters of every request.
        more_columns: give what entities have beyond their declared properties in one further column.
        annotated: give what the service notes about values as their metadata.
    """

    def __init__(
        self,
        session: Session,
        request: Request,
        connection: Connection,
        query: Sequence[tuple[str, str]] = (),
        *,
        more_columns: bool = False,
        annotated: bool = False,
    ) -> None:
        self._session = session
        self._request = request
        self._connection = connection
        self._query = query
        self._more_columns = more_columns
        self._annotated = annotated
        self._types: dict[str, ServiceTypes] = {}

    def at(self, url: str) -> Value:
        """What an address gives: the service's navigation table, a table, a record, a value, or null.

        Raises:
            MError: DataSource.Error or DataFormat.Error, the service fails or writes no OData.
        """
        document = self._document(url)
        if document is None:
            return None
        context = str(document.get("@odata.context", document.get("@odata.metadata", "")))
        root, _, fragment = context.partition("#")
        root = _joined(url, root)
        content = document.get("value")
        if isinstance(content, list) and context and not fragment:
            return self._navigation(content, root)
        types = self._types_at(root)
        answer = Property("value", fragment)
        is_structure = answer.is_collection and answer.of in types.structures
        if "value" in document and (not isinstance(content, list) or (answer.is_collection and not is_structure)):
            return value_of(content, answer, types)
        page = _Page(self, root, types, Shape(answer.of) if is_structure else shape_of(fragment, types))
        return page.table(url, document) if isinstance(content, list) else page.record(document)

    # -- documents ---------------------------------------------------------------------------------------------

    def _document(self, url: str) -> Document | None:
        body = self._bytes(url)
        if not body:
            return None
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise _no_odata(url, "The answer is no JSON object.")
        if "d" in document and len(document) == 1:
            raise _no_odata(url, "The service speaks version 2 of OData; versions 3 and 4 are read.")
        return {(f"@{name}" if name.startswith("odata.") else name): value for name, value in document.items()}

    def _bytes(self, url: str, accept: str = "") -> bytes:
        from headwater.powerquery.connections.web import with_query

        if self._session.find_connection(self._connection.kind, url) != self._connection:
            raise _no_odata(url, "The service leads to an address that another connection serves.")
        given = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
        full = with_query(url, [(name, value) for name, value in self._query if name not in given])
        headers = {**self._request.headers, **({"Accept": accept} if accept else {})}
        request = dataclasses.replace(self._request, url=full, headers=headers)
        return self._session.web.fetch(request, self._connection).body

    def _types_at(self, root: str) -> ServiceTypes:
        """The types that the service declares; none where the answer did not say where they are."""
        if not urlsplit(root).path.endswith("$metadata"):
            return ServiceTypes()
        if root not in self._types:
            self._types[root] = read_metadata(self._bytes(root, "application/xml"))
        return self._types[root]

    def pages(self, url: str, first: Document, link_name: str = "@odata.nextLink") -> Iterator[tuple[str, Document]]:
        """A document and those that follow it, with their addresses."""
        seen = {url}
        document: Document | None = first
        while document is not None:
            yield url, document
            link = document.get(link_name)
            if not isinstance(link, str):
                return
            url, link_name = _joined(url, link), "@odata.nextLink"
            if url in seen:
                raise _no_odata(url, "The service's pages lead in a circle.")
            seen.add(url)
            document = self._document(url)

    # -- the service itself ------------------------------------------------------------------------------------

    def _navigation(self, entries: Sequence[Any], root: str) -> RowTable:
        """A row a set or singleton; in version 3 nothing says which, and all are sets."""
        signatures = {"EntitySet": "table", "Singleton": "record", None: "table"}
        rows: list[list[Value]] = []
        for entry in entries:
            if isinstance(entry, dict) and isinstance(entry.get("name"), str) and entry.get("kind") in signatures:
                url = _joined(root, str(entry.get("url", entry["name"])))
                rows.append([entry["name"], Thunk(self.later(url)), signatures[entry.get("kind")]])
        return RowTable.held(table_type(["Name", "Data", "Signature"], [t.TEXT, t.ANY, t.TEXT]), rows)

    def later(self, url: str) -> Callable[[], Value]:
        """What an address gives, not yet asked for."""
        return lambda: self.at(url)

    @property
    def more_columns(self) -> bool:
        return self._more_columns

    def noted(self, value: Value, entity: Document, name: str) -> Value:
        """A value with what the service notes about it as metadata, where that is asked for."""
        if not self._annotated:
            return value
        notes = {key.partition("@")[2]: untyped(note) for key, note in entity.items() if key.startswith(f"{name}@")}
        notes = {key: note for key, note in notes.items() if not key.startswith("odata.")}
        return WithMetadata(value, Record.of(notes)) if notes else value


@dataclasses.dataclass(frozen=True, slots=True)
class _Page:
    """How entities of one shape become rows and records."""

    service: Service
    root: str
    types: ServiceTypes
    shape: Shape

    def table(self, url: str, document: Document, values: str = "value", link: str = "@odata.nextLink") -> RowTable:
        """The entities of a document and of the pages that follow it; those are fetched as rows are read."""
        entities = _entities(url, document, values)
        columns = columns_of(self.shape, self.types, entities[0] if entities else None)
        names = [column.name for column in columns]
        kinds = [self.types.m_type(column) for column in columns]
        if self.service.more_columns:
            names, kinds = [*names, MORE_COLUMNS], [*kinds, t.RECORD]

        def rows() -> Iterator[list[Value]]:
            name = values
            for at, page in self.service.pages(url, document, link):
                for entity in _entities(at, page, name):
                    yield self._cells(entity, columns)
                name = "value"

        return RowTable(table_type(names, kinds), rows)

    def record(self, entity: Document) -> Record:
        """One entity."""
        columns = columns_of(self.shape, self.types, entity)
        names = [column.name for column in columns] + ([MORE_COLUMNS] if self.service.more_columns else [])
        return Record({name: at for at, name in enumerate(names)}, self._cells(entity, columns))

    def _cells(self, entity: Document, columns: Sequence[Property]) -> list[Value]:
        cells = [self._cell(entity, column) for column in columns]
        if self.service.more_columns:
            known = {column.name for column in columns}
            beyond = {n: untyped(v) for n, v in entity.items() if n not in known and not is_annotation(n)}
            cells.append(Record.of(beyond))
        return cells

    def _cell(self, entity: Document, column: Property) -> Value:
        if column.leads_to:
            return Thunk(lambda: self._led_to(entity, column))
        written = entity.get(column.name)
        if not column.type:
            return self.service.noted(untyped(written), entity, column.name)
        try:
            return self.service.noted(value_of(written, column, self.types), entity, column.name)
        except MError as error:
            return Thunk.failed(error)

    def _led_to(self, entity: Document, column: Property) -> Value:
        """What a navigation property leads to: sent along, or fetched now."""
        below = dataclasses.replace(self, shape=Shape(column.of))
        if column.name not in entity:
            return self.service.at(self._address(entity, column.name))
        sent = entity[column.name]
        if isinstance(sent, list):
            return below.table(self.root, entity, column.name, f"{column.name}@odata.nextLink")
        return None if sent is None else below.record(sent)

    def _address(self, entity: Document, name: str) -> str:
        for link in (f"{name}@odata.navigationLink", f"{name}@odata.navigationLinkUrl"):
            if link in entity:
                return _joined(self.root, str(entity[link]))
        for link in ("@odata.id", "odata.id", "@odata.editLink", "odata.editLink"):
            if link in entity:
                return f"{_joined(self.root, str(entity[link]))}/{name}"
        key = key_of(entity, self.shape, self.types)
        if not self.shape.entity_set or not key:
            raise MError(
                "DataSource.Error",
                f"The OData service does not say where '{name}' of this entity is.",
                hint=f"Ask for it with $expand={name}.",
            )
        return _joined(self.root, f"{self.shape.entity_set}{key}/{name}")


def _entities(url: str, document: Document, name: str) -> list[Document]:
    content = document.get(name)
    if not isinstance(content, list) or not all(isinstance(entity, dict) for entity in content):
        raise _no_odata(url, "A page holds no list of entities.")
    return content


def _joined(base: str, link: str) -> str:
    """The address that a link on a page leads to; MError DataSource.Error where it is none."""
    try:
        return urljoin(base, link)
    except ValueError:
        raise _no_odata(base, "A link in the answer is no address.") from None


def _no_odata(url: str, why: str) -> MError:
    place = url.partition("?")[0]
    return MError(
        "DataSource.Error",
        f"The OData service cannot be read at '{place}'. {why}",
        Record.of({"DataSourceKind": "OData", "DataSourcePath": place}),
        hint="Check that the address is that of an OData service, or read it with Web.Contents.",
        code="m.data_source",
    )
