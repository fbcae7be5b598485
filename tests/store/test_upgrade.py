"""Databases of every older revision, with rows in each of their tables, brought up: nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Boolean, Column, Connection, Float, Integer, MetaData, Table, inspect
from tests.access.databases import new_bare_database

from headwater.access import install
from headwater.store import Database, migrations, open_database, tables, utc_now
from headwater.store.portable import reflected, rows, write
from headwater.store.types import JsonValue, UtcDateTime

OLDER = sorted(script.revision for script in migrations._scripts().walk_revisions())[:-1]
#: What is computed from other rows whenever an installation is opened.
MADE_ANEW = {"scope_ancestors", "role_actions"}

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    server = request.getfixturevalue("postgresql_folder") if request.param == "postgresql" else None
    yield new_bare_database(tmp_path, server)


class Filler:
    """Writes two rows into every table, with a value in every column that takes one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._written: Rows = {}

    def fill(self, found: MetaData) -> None:
        for table in found.sorted_tables:
            before = list(rows(self._connection, table))
            made = [self._row(table, number) for number in range(2)]
            write(self._connection, table, made)
            self._written[table.name] = [*made, *before]

    def _row(self, table: Table, number: int) -> dict[str, Any]:
        return {column.name: self._value(table, column, number) for column in table.columns}

    def _value(self, table: Table, column: Column[Any], number: int) -> Any:
        for key in column.foreign_keys:
            if key.column.table is table:
                return None
            return self._written[key.column.table.name][number][key.column.name]
        if listed := self._allowed(table.name, column.name):
            # One running job a subject, one pending …: the first is as good as any.
            return listed[0]
        return _value(column, number)

    def _allowed(self, table: str, column: str) -> list[str]:
        """What a check says that a column holds."""
        for check in inspect(self._connection).get_check_constraints(table):
            if str(check["name"]).endswith(f"_{column}"):
                return re.findall(r"'([^']*)'", check["sqltext"])
        return []


def _value(column: Column[Any], number: int) -> Any:
    if isinstance(column.type, Boolean):
        return bool(number)
    if isinstance(column.type, UtcDateTime):
        return f"2026-01-0{number + 1}T06:30:00.000001+00:00"
    if isinstance(column.type, Integer):
        return 1_000 + number
    if isinstance(column.type, Float):
        return 0.1 + number
    if column.type is JsonValue or "JSON" in str(column.type):
        return {"text": f"ü {number}", "list": [1, None, {"a": True}]}
    if getattr(column.type, "length", None) == 36:
        return str(UUID(int=number + 7))
    return f"{column.name} {number}"[: getattr(column.type, "length", None) or 255]


def everything(database: Database) -> Rows:
    with database.read() as connection:
        return {table.name: list(rows(connection, table)) for table in reflected(connection).sorted_tables}


@pytest.mark.parametrize("revision", OLDER)
def test_an_older_database_is_brought_up_with_every_row(bare_url: str, revision: str) -> None:
    old = Database(bare_url)
    with old.begin() as connection:
        migrations.upgrade(connection, place="", to=revision)
        Filler(connection).fill(reflected(connection))
    before = everything(old)
    assert all(len(found) >= 2 for found in before.values()), "a table without rows would show nothing"
    assert old.revision() == revision
    old.close()
    new = open_database(bare_url, upgrade=True)
    with new.begin() as connection:
        install(connection, now=utc_now())
    after = everything(new)
    assert new.revision() == migrations.head_revision()
    new.close()
    if "containment" in before:
        after |= _as_before(after)
    for table, found in before.items():
        if table not in MADE_ANEW:
            _same(table, [_without_number(table, row) for row in found], after[table])


#: Links between columns are numbered anew: nothing refers to them. How often what a scope grants changed goes on
#: being counted when roles are installed.
COUNTED_ON = {("column_lineage", "id"), ("scopes", "policy_version")}


def _without_number(table: str, row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if (table, name) not in COUNTED_ON}


def _as_before(after: Rows) -> Rows:
    """What revision 9 put elsewhere, in its earlier form: by guid, columns as rows, an edge a table."""
    guids = {row["id"]: row["guid"] for row in after["assets"]}
    columns = {row["id"]: row for row in after["assets"]}
    edges: Rows = {"process_inputs": [], "process_outputs": [], "containment": []}
    for row in after["flow_edges"]:
        source, target = guids[row["source_id"]], guids[row["target_id"]]
        if row["kind"] == tables.FLOW_KINDS["input"]:
            edges["process_inputs"].append({"process_guid": target, "asset_guid": source})
        elif row["kind"] == tables.FLOW_KINDS["output"]:
            edges["process_outputs"].append({"process_guid": source, "asset_guid": target})
    edges["containment"] = [
        {"parent_guid": guids[row["end1_id"]], "child_guid": guids[row["end2_id"]]} for row in after["relationships"]
    ]
    edges["asset_columns"] = [
        {
            "asset_guid": guids[row["asset_id"]],
            "ordinal": row["ordinal"],
            "name": columns[row["column_id"]]["display_name"],
            "type": columns[row["column_id"]]["attributes"].get("data_type"),
            "attributes": {
                name: value for name, value in columns[row["column_id"]]["attributes"].items() if name != "data_type"
            },
        }
        for row in after["asset_columns"]
    ]
    edges["column_lineage"] = [
        {
            **row,
            "process_guid": guids[row["process_id"]],
            "source_asset_guid": guids[row["source_id"]],
            "target_asset_guid": guids[row["target_id"]],
        }
        for row in after["column_lineage"]
    ]
    return edges


def _same(table: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Every row of before is there, with every value that it had."""
    left = list(after)
    for row in before:
        stated = {name: value for name, value in row.items() if value is not None}
        match = next((new for new in left if all(new.get(name) == value for name, value in stated.items())), None)
        assert match is not None, (table, row)
        left.remove(match)
