"""Folders of the Common Data Model: entities that a model.json describes, each in delimited files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from headwater.errors import MError
from headwater.powerquery.library.data.csv import csv_document
from headwater.powerquery.library.data.json import parsed_json
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables import columns as operations
from headwater.powerquery.tables.combining import combine
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.tables.rows import slice_rows
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, List, Record, Thunk, Value, force, plain
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_NAVIGATION = {"Name": t.TEXT, "Data": t.TABLE, "Kind": t.TEXT}
_TYPES: Mapping[str, t.Type] = {
    "boolean": t.LOGICAL,
    "date": t.DATE,
    "dateTime": t.DATETIME,
    "dateTimeOffset": t.DATETIMEZONE,
    "decimal": t.NUMBER,
    "double": t.NUMBER,
    "int64": t.INT64,
}
"""By the model's name; every other kind is text."""

_MODEL = PurePosixPath("model.json")

Files = Mapping[PurePosixPath, Value]
"""The content of each file, perhaps not read yet, by its path below the folder of the model."""


@function("Cdm.Contents(table as table) as table", session=True)
def cdm_contents(session: Session, table: Table) -> Table:
    """The entities of a Common Data Model folder, each with its Data, typed as the folder's model.json says.

    The table lists the folder's files as ``Folder.Files`` does. An entity whose data lies in another model is left out.
    """
    files = _files(table)
    described = parsed_json(force(files[_MODEL]))
    rows = [
        [str(entity.get("name", "")), Thunk(partial(_entity, session, files, entity)), "Entity"]
        for entity in _objects(described, "entities")
        if entity.get("$type", "LocalEntity") == "LocalEntity"
    ]
    return RowTable.held(table_type(list(_NAVIGATION), list(_NAVIGATION.values())), rows)


def _files(table: Table) -> Files:
    """The listed files, those of the model's folder and below it."""
    if not {"Content", "Name", "Folder Path"} <= set(table.names):
        raise MError("Expression.Error", "The table lists no files.", hint="Use Folder.Files to list them.")
    listed: dict[PurePosixPath, Value] = {}
    for record in table.records():
        listed_in = str(record.plain("Folder Path")).replace("\\", "/")
        listed[PurePosixPath(listed_in) / str(record.plain("Name"))] = record.values[record.index["Content"]]
    models = [path for path in listed if path.name.lower() == _MODEL.name]
    if not models:
        raise MError("DataSource.NotFound", "There is no model.json among the files.", hint="List the model's folder.")
    model = min(models, key=lambda path: len(path.parts))
    content, folder = listed.pop(model), model.parent
    below = {path.relative_to(folder): listed[path] for path in listed if path.is_relative_to(folder)}
    return {_MODEL: content, **below}


def _objects(described: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects in an array of the model; whatever else is there does not count."""
    found = described.get(name) if isinstance(described, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _entity(session: Session, files: Files, entity: Mapping[str, Any]) -> Table:
    attributes = _objects(entity, "attributes")
    types = {str(item.get("name", "")): _TYPES.get(str(item.get("dataType")), t.TEXT) for item in attributes}
    parts = [_partition(session, files, part, list(types)) for part in _objects(entity, "partitions")]
    if not parts:
        return RowTable.held(table_type(list(types), list(types.values())), [])
    return operations.transform_types(combine(parts), types, "en-US", session, "error")


def _partition(session: Session, files: Files, partition: Mapping[str, Any], names: Sequence[str]) -> Table:
    path = PurePosixPath(unquote(str(partition.get("location", ""))).partition("?")[0])
    settings = next(iter(_objects({"one": [partition.get("fileFormatSettings")]}, "one")), {})
    found = next((file for file in files if path.parts[-len(file.parts) :] == file.parts), None)
    content = None if found is None else plain(force(files[found]))
    if not isinstance(content, bytes | Binary):
        raise MError("DataSource.NotFound", f"The file '{path.name}' of the model is not among the files.")
    options = Record.of({"Delimiter": settings.get("delimiter", ","), "Columns": List(list(names))})
    rows: Table = csv_document(session, content, options)
    return slice_rows(rows, 1, None) if settings.get("columnHeaders") else rows
