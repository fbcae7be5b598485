"""Business attributes of many entities in a file: a line for each value."""

from __future__ import annotations

import csv
import io
from typing import Any

from headwater.access import Actor
from headwater.catalog.entities.business import put_groups
from headwater.catalog.records import AssetRef
from headwater.errors import HeadwaterError, UsageError
from headwater.store import Database

__all__ = ["TEMPLATE", "import_lines"]

TEMPLATE = (
    "EntityType,EntityUniqueAttributeValue,BusinessAttributeName,BusinessAttributeValue,"
    "EntityUniqueAttributeName[optional]"
)
_CELLS = 4


def import_lines(database: Database, actor: Actor, file: bytes) -> dict[str, list[dict[str, Any]]]:
    """Set what each line says; one that cannot be carried out says why, and the others are carried out.

    A line has a type, a qualified name, an attribute as ``group.attribute`` and its value; the first line names these.

    Raises:
        UsageError: the file is no text in UTF-8.
    """
    try:
        lines = list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError("The file is no CSV text.", hint="Save it as CSV in UTF-8.") from error
    told: dict[str, list[dict[str, Any]]] = {"successImportInfoList": [], "failedImportInfoList": []}
    for number, cells in enumerate(lines[1:], start=1):
        if any(cells):
            problem = _import(database, actor, cells)
            told["failedImportInfoList" if problem else "successImportInfoList"].append(_info(number, cells, problem))
    return told


def _import(database: Database, actor: Actor, cells: list[str]) -> str:
    """Carry out a line; returns why it could not be."""
    if len(cells) < _CELLS:
        return f"The line has fewer than {_CELLS} cells."
    type_name, qualified_name, attribute, value = (cell.strip() for cell in cells[:_CELLS])
    group, dot, name = attribute.partition(".")
    if not dot:
        return f"'{attribute}' names no attribute as group.attribute."
    try:
        put_groups(database, actor, AssetRef(type_name, qualified_name), {group: {name: value}})
    except HeadwaterError as error:
        return error.message
    return ""


def _info(number: int, cells: list[str], problem: str) -> dict[str, Any]:
    return {
        "parentObjectName": cells[1] if len(cells) > 1 else "",
        "childObjectName": cells[2] if len(cells) > 2 else "",
        "importStatus": "FAILED" if problem else "SUCCESS",
        "remarks": problem,
        "rowNumber": number,
    }
