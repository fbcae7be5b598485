"""Telling the search index what changed: documents made of the database's rows, change by change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from headwater.catalog.chunks import chunked
from headwater.catalog.numbers import one_of
from headwater.catalog.search import SearchDocument, SearchIndex
from headwater.catalog.types import Types, types_of
from headwater.store import Database, tables

__all__ = ["catch_up", "documents_of"]

#: Assets that are handed over at a time; a change of more is handed over whole.
_AT_A_TIME = 2_000

#: The condition that a column is one of some numbers.
Among: TypeAlias = Callable[[ColumnElement[int]], ColumnElement[bool]]

_asset, _column = tables.assets.c, tables.asset_columns.c


@dataclass(slots=True)
class _Around:
    """What is known of some assets beside their rows, by number."""

    columns: dict[int, list[str]] = field(default_factory=dict)
    classifications: dict[int, list[str]] = field(default_factory=dict)
    labels: dict[int, list[str]] = field(default_factory=dict)
    terms: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    contacts: dict[int, list[tuple[str, str]]] = field(default_factory=dict)


def catch_up(database: Database, index: SearchIndex) -> int:
    """Tell the index everything that changed since what it knows; returns the change that it knows then."""
    with database.read() as connection:
        newest = _newest(connection)
        if newest < index.position or index.position == 0:
            # It was restored from a backup, and what the index knows may never have been; or all is to be told anew.
            _fill(connection, index, newest)
        while index.position < newest:
            _hand_over(connection, index, newest)
    return index.position


def _fill(connection: Connection, index: SearchIndex, newest: int) -> None:
    """Tell it of every asset; only the last word gives the position, so that half of it counts for nothing."""
    index.reset()
    numbers = connection.scalars(select(_asset.id).order_by(_asset.id)).all()
    for chunk in chunked(numbers, _AT_A_TIME):
        index.update(_documents(connection, chunk), (), 0)
    index.update((), (), newest)


def _newest(connection: Connection) -> int:
    state = tables.catalog_state.c
    return int(connection.scalar(select(state.change).where(state.id == 1)) or 0)


def _hand_over(connection: Connection, index: SearchIndex, newest: int) -> None:
    known = index.position
    changed = connection.execute(
        select(_asset.id, _asset.change)
        .where(_asset.change > known, _asset.change <= newest)
        .order_by(_asset.change)
        .limit(_AT_A_TIME)
    ).all()
    # Whole changes: what is told is all there is up to the last of them.
    upto = newest if len(changed) < _AT_A_TIME else changed[-1].change
    numbers = set(connection.scalars(select(_asset.id).where(_asset.change > known, _asset.change <= upto)))
    numbers |= _holders(connection, numbers)
    gone = tables.asset_tombstones.c
    removed = set(connection.scalars(select(gone.asset_id).where(gone.change > known, gone.change <= upto)))
    documents = {document.id: document for document in _documents(connection, numbers)}
    index.update(documents.values(), removed | (numbers - documents.keys()), upto)


def _holders(connection: Connection, numbers: Iterable[int]) -> set[int]:
    """What the columns among these assets are of: a column is found with it."""
    found: set[int] = set()
    for chunk in chunked(numbers):
        found |= set(connection.scalars(select(_column.asset_id).where(_column.column_id.in_(chunk))))
    return found


def _documents(connection: Connection, numbers: Iterable[int]) -> Iterator[SearchDocument]:
    """Those of these assets that can be found: that are there, and are no columns."""
    types, paths = types_of(connection), _collection_paths(connection)
    for chunk in chunked(numbers):
        rows = connection.execute(_rows(partial(one_of, connection, values=chunk))).all()
        around = _around(connection, [row.id for row in rows])
        for row in rows:
            yield _document(types, paths, row, around)


def documents_of(connection: Connection, numbers: Iterable[int]) -> dict[int, SearchDocument]:
    """What an index is told of these assets now, by number; whoever shows it has looked at rights."""
    return {document.id: document for document in _documents(connection, numbers)}


def _rows(among: Among) -> Select[Any]:
    place, source = tables.collections.c, tables.sources.c
    return (
        select(tables.assets, place.name.label("collection"), source.name.label("source"), source.kind.label("kind"))
        .join(tables.collections, place.id == _asset.collection_id)
        .outerjoin(tables.sources, source.id == _asset.source_id)
        .where(among(_asset.id), _asset.status == "active", _asset.type_name != "column")
        .where(_asset.scope_id.is_not(None))
    )


def _collection_paths(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Every collection with all above it, itself first."""
    place = tables.collections.c
    rows = connection.execute(select(place.id, place.name, place.parent_id))
    by_id = {number: (name, parent) for number, name, parent in rows}
    paths: dict[str, tuple[str, ...]] = {}
    for name, parent in by_id.values():
        path, above = [name], parent
        while above is not None:
            path.append(by_id[above][0])
            above = by_id[above][1]
        paths[name] = tuple(path)
    return paths


def _around(connection: Connection, numbers: Sequence[int]) -> _Around:
    found = _Around()
    among: Among = partial(one_of, connection, values=numbers)

    column = tables.assets.alias("of_column").c
    label, contact = tables.asset_labels.c, tables.asset_contacts.c
    columns = (
        select(_column.asset_id, column.display_name)
        .join(column.id.table, column.id == _column.column_id)
        .where(among(_column.asset_id))
        .order_by(_column.asset_id, _column.ordinal)
    )
    contacts = select(contact.asset_id, contact.kind, contact.contact_id).where(among(contact.asset_id))
    for asset_id, name in connection.execute(columns):
        found.columns.setdefault(asset_id, []).append(name)
    for query in _classified(among):
        for asset_id, type_name in connection.execute(query):
            found.classifications.setdefault(asset_id, []).append(type_name)
    for asset_id, text in connection.execute(select(label.asset_id, label.label).where(among(label.asset_id))):
        found.labels.setdefault(asset_id, []).append(text)
    for query in _inherited(among, "label"):
        for asset_id, text in connection.execute(query):
            found.labels.setdefault(asset_id, []).append(text)
    for asset_id, kind, person in connection.execute(contacts):
        found.contacts.setdefault(asset_id, []).append((kind.lower(), person))
    for asset_id, guid, term, glossary in connection.execute(_meant(among)):
        found.terms.setdefault(asset_id, []).append((guid, f"{term}@{glossary}"))
    return found


def _classified(among: Among) -> Iterable[Select[Any]]:
    """The classifications of assets, and of their columns."""
    kind = tables.asset_classifications.c
    yield select(kind.asset_id, kind.type_name).where(among(kind.asset_id), kind.state == "accepted")
    yield (
        select(_column.asset_id, kind.type_name)
        .join(tables.asset_classifications, kind.asset_id == _column.column_id)
        .where(among(_column.asset_id), kind.state == "accepted")
        .distinct()
    )
    yield from _inherited(among, "classification")


def _inherited(among: Among, kind: str) -> Iterable[Select[Any]]:
    """What assets, and their columns, inherit down lineage."""
    label = tables.inherited_labels.c
    yield select(label.asset_id, label.name).where(among(label.asset_id), label.kind == kind)
    of_columns = select(_column.asset_id, label.name).join(tables.inherited_labels, label.asset_id == _column.column_id)
    yield of_columns.where(among(_column.asset_id), label.kind == kind).distinct()


def _meant(among: Among) -> Select[Any]:
    given, term, glossary = tables.asset_terms.c, tables.glossary_terms.c, tables.glossaries.c
    return (
        select(given.asset_id, term.guid, term.name, glossary.name.label("glossary"))
        .join(tables.glossary_terms, term.id == given.term_id)
        .join(tables.glossaries, glossary.id == term.glossary_id)
        .where(among(given.asset_id))
    )


def _document(types: Types, paths: Mapping[str, tuple[str, ...]], row: Row[Any], around: _Around) -> SearchDocument:
    attributes = row.attributes or {}
    known = row.type_name in types
    return SearchDocument(
        id=row.id,
        guid=row.guid,
        scope_id=row.scope_id,
        type_name=row.type_name,
        display_name=row.display_name,
        qualified_name=row.qualified_name,
        created_at=row.created_at,
        updated_at=row.updated_at,
        types=(row.type_name, *(types.supertypes(row.type_name) if known else ())),
        object_type=_object_type(types, row.type_name, attributes),
        asset_type=_asset_type(row.type_name, row.kind),
        collection=row.collection,
        collections=paths.get(row.collection, ()),
        source=row.source or "",
        description=" ".join(filter(None, (row.user_description, _text(attributes.get("description"))))),
        columns=tuple(around.columns.get(row.id, ())),
        tags=tuple(_tags(attributes)),
        classifications=tuple(dict.fromkeys(around.classifications.get(row.id, ()))),
        labels=tuple(dict.fromkeys(around.labels.get(row.id, ()))),
        sensitivity=row.sensitivity or "",
        terms=tuple(around.terms.get(row.id, ())),
        contacts=tuple(around.contacts.get(row.id, ())),
        endorsement=row.endorsement or "",
        attributes=_scalars(attributes, row.business_attributes or {}, row.custom_attributes or {}),
    )


#: What people call a thing of a type, in a catalog's words.
_OBJECT_TYPES = {
    "dataflow": "Dataflows",
    "dataflow_table": "Tables",
    "ml_endpoint": "Endpoints",
    "ml_model": "Models",
    "ml_model_version": "Models",
    "ml_workspace": "Workspaces",
}
#: What a type's name tells of one that is not ours; the first that is in it counts.
_BY_NAME = {
    "table": "Tables",
    "view": "Tables",
    "folder": "Folders",
    "directory": "Folders",
    "container": "Folders",
    "filesystem": "Folders",
    "file": "Files",
    "blob": "Files",
    "path": "Files",
    "report": "Reports",
    "dashboard": "Dashboards",
    "procedure": "Stored procedures",
}
_KINDS = {"table": "Tables", "view": "Tables", "folder": "Folders", "file": "Files"}
_SOURCES = {"azureml": "Azure Machine Learning", "mlflow": "MLflow", "mlflow_serving": "MLflow", "openapi": "OpenAPI"}
#: What Purview calls the products that types of its own begin like; the first that fits counts.
_PRODUCTS = {
    "azure_blob": "Azure Blob Storage",
    "azure_datalake_gen1": "Azure Data Lake Storage Gen1",
    "azure_datalake_gen2": "Azure Data Lake Storage Gen2",
    "azure_files": "Azure Files",
    "azure_sql_dw": "Azure SQL Data Warehouse",
    "azure_sql_mi": "Azure SQL Managed Instance",
    "azure_sql": "Azure SQL Database",
    "azure_storage_account": "Azure Storage Account",
    "azure_table": "Azure Table Storage",
    "azure_cosmosdb": "Azure Cosmos DB",
    "azure_data_factory": "Azure Data Factory",
    "azure_synapse": "Azure Synapse Analytics",
    "powerbi": "Power BI",
    "aws_s3": "Amazon S3",
    "mssql": "SQL Server",
}


def _object_type(types: Types, type_name: str, attributes: Mapping[str, Any]) -> str:
    if types.is_process(type_name):
        return "Data pipelines"
    if type_name == "dataset":
        return _KINDS.get(str(attributes.get("kind")), "Files")
    found = _OBJECT_TYPES.get(type_name)
    return found or next((word for part, word in _BY_NAME.items() if part in type_name), "")


def _asset_type(type_name: str, source_kind: str | None) -> str:
    if source_kind is not None:
        return _SOURCES.get(source_kind, source_kind)
    if type_name.startswith("dataflow"):
        return "Headwater"
    return next((name for start, name in _PRODUCTS.items() if type_name.startswith(start)), type_name.partition("_")[0])


def _tags(attributes: Mapping[str, Any]) -> Iterator[str]:
    """Further texts that people look for: tags, aliases, the experiment, parameters by name."""
    for name in ("tags", "aliases", "params"):
        value = attributes.get(name)
        if isinstance(value, Mapping):
            yield from (f"{key} {item}" for key, item in value.items() if isinstance(item, (str, int, float)))
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, str))
    yield from filter(None, (_text(attributes.get(name)) for name in ("experiment", "stage", "state", "run_id")))


def _scalars(*attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What can be filtered by; an attribute of a group is ``Group.Attribute``."""
    found: dict[str, Any] = {}
    for stated in attributes:
        for name, value in stated.items():
            if isinstance(value, (str, int, float)):
                found[name] = value
            elif isinstance(value, Mapping):
                found |= {f"{name}.{key}": item for key, item in value.items() if isinstance(item, (str, int, float))}
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
