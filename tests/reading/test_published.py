"""What readers ask the metadata database, on SQLite and PostgreSQL: keys, versions by refresh, what is on record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select

from headwater.access import SYSTEM, ScopeKind, add_scope, install
from headwater.dataflows import DataflowDefinition, DataflowService, PublishedTable, PublishedTables, Settings
from headwater.dataflows.definitions.settings import EntitySettings
from headwater.errors import NotFoundError
from headwater.store import Database, open_database, tables, utc_now

REFRESHES = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    with database.begin() as connection:
        install(connection, now=utc_now())
    yield database
    database.close()


@pytest.fixture
def table(database: Database) -> PublishedTable:
    """Published twice: version 3, then version 5; a second entity by the newer refresh alone."""
    settings = Settings(("t", "u"), entities={"t": EntitySettings(key=("a", "b"))})
    flow = DataflowService(database).apply(SYSTEM, DataflowDefinition("f", {"t": "1", "u": "2"}, settings))
    with database.begin() as connection:
        scope = add_scope(connection, ScopeKind.PUBLISHED_TABLE, "t", flow.scope_id).id
        for refresh, version in zip(REFRESHES, (3, 5), strict=True):
            run = {"id": refresh, "dataflow_id": flow.id, "status": "succeeded", "trigger": "manual"}
            connection.execute(insert(tables.refreshes).values(**run, started_at=utc_now()))
            written = {"refresh_id": refresh, "entity": "t", "delta_version": version}
            connection.execute(insert(tables.refresh_entities).values(written))
        published = {"dataflow_id": flow.id, "entity": "t", "path": "nowhere", "delta_version": 5, "rows": 1}
        more = {"schema": [], "refresh_id": REFRESHES[1], "published_at": utc_now(), "scope_id": scope}
        connection.execute(insert(tables.published_tables).values(published | more))
    return PublishedTables(database).get(SYSTEM, "f", "t")


def test_keys_are_those_of_the_settings(database: Database, table: PublishedTable) -> None:
    published = PublishedTables(database)
    assert published.keys("f") == {"t": ("a", "b"), "u": ()}
    assert published.keys("nothing") == {}


def test_a_refresh_leads_to_the_version_that_it_published(database: Database, table: PublishedTable) -> None:
    published = PublishedTables(database)
    assert [published.version_of(table, refresh) for refresh in REFRESHES] == [3, 5]
    for wrong in ("", "x", "00000000-0000-4000-8000-000000000009"):
        with pytest.raises(NotFoundError):
            published.version_of(table, wrong)


def test_no_version_is_read_that_the_pointer_has_not_come_to(database: Database, table: PublishedTable) -> None:
    published = PublishedTables(database)
    assert (published.version(table), published.version(table, 2)) == (5, 2)
    for wrong in (6, -1):
        with pytest.raises(NotFoundError):
            published.version(table, wrong)


def test_reading_is_on_record(database: Database, table: PublishedTable) -> None:
    PublishedTables(database).record_reading(SYSTEM, table, 5, rows=None, form="sql")
    PublishedTables(database).record_reading(SYSTEM, table, 5, rows=7, form="csv")
    with database.read() as connection:
        event = tables.audit_events.c
        found = connection.execute(select(event.details).where(event.event == "table.read").order_by(event.id))
        assert [row.details for row in found] == [
            {"version": "5", "format": "sql"},
            {"version": "5", "format": "csv", "rows": 7},
        ]
