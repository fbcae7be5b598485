"""Registering sources: what a name may be, where they are kept, what removing leaves."""

from __future__ import annotations

import socket

import pytest
from sqlalchemy import insert, select
from tests.conftest import SeededMLflow

from headwater.access import SYSTEM
from headwater.errors import ConflictError, NotFoundError, UnreachableError, UsageError
from headwater.store import Database, tables, utc_now
from headwater.workspaces import SourceService, list_kinds, load_connector

URL = "http://127.0.0.1:5000"


@pytest.fixture
def sources(database: Database) -> SourceService:
    return SourceService(database)


def test_a_source_is_what_was_registered(database: Database, sources: SourceService) -> None:
    with database.begin() as connection:
        connection.execute(insert(tables.collections).values(name="ml", display_name="ML", parent_id=1, scope_id=2))
    added = sources.add(SYSTEM, "demo", "Demo workspace", "mlflow", URL + "/", collection="ml")
    assert (added.name, added.display_name, added.kind, added.url, added.collection) == (
        "demo",
        "Demo workspace",
        "mlflow",
        URL,
        "ml",
    )
    other = sources.add(SYSTEM, "another", "", "mlflow", URL)
    assert (other.display_name, other.collection) == ("another", "root")
    assert list(sources.list(SYSTEM)) == [other, added]
    assert sources.get(SYSTEM, "demo") == added


@pytest.mark.parametrize("name", ["", "1st", "a b", "a.b", "a-b", "ä", "a\n"])
def test_a_name_that_m_could_not_write_is_refused(sources: SourceService, name: str) -> None:
    with pytest.raises(UsageError):
        sources.add(SYSTEM, name, "", "mlflow", URL)
    assert list(sources.list(SYSTEM)) == []


@pytest.mark.parametrize(
    ("kind", "url", "collection", "error"),
    [
        ("nonsense", URL, "root", UsageError),
        ("mlflow", "not a url", "root", UsageError),
        ("mlflow", "http://ann:hunter2@127.0.0.1:5000", "root", UsageError),
        ("mlflow", URL, "nowhere", NotFoundError),
    ],
)
def test_what_cannot_be_registered(
    sources: SourceService, kind: str, url: str, collection: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        sources.add(SYSTEM, "demo", "", kind, url, collection)
    assert "hunter2" not in str(caught.value)


def test_a_name_is_taken_once_and_free_again(sources: SourceService) -> None:
    sources.add(SYSTEM, "demo", "", "mlflow", URL)
    with pytest.raises(ConflictError):
        sources.add(SYSTEM, "demo", "", "mlflow", "http://127.0.0.1:5001")
    sources.remove(SYSTEM, "demo")
    for gone in (sources.get, sources.remove, sources.test):
        with pytest.raises(NotFoundError):
            gone(SYSTEM, "demo")
    sources.add(SYSTEM, "demo", "", "mlflow", URL)


def test_removing_a_source_keeps_its_assets_as_deleted(database: Database, sources: SourceService) -> None:
    source = sources.add(SYSTEM, "demo", "", "mlflow", URL)
    now = utc_now()
    asset = {
        "type_name": "ml_model",
        "display_name": "m",
        "collection_id": 1,
        "created_at": now,
        "updated_at": now,
        "last_seen_at": now,
    }
    with database.begin() as connection:
        for guid, source_id in (("a", source.id), ("b", None)):
            connection.execute(
                insert(tables.assets).values(guid=guid, qualified_name=guid, source_id=source_id, **asset)
            )
    sources.remove(SYSTEM, "demo")
    with database.read() as connection:
        columns = tables.assets.c
        rows = connection.execute(select(columns.guid, columns.status, columns.source_id).order_by(columns.guid)).all()
    assert [tuple(row) for row in rows] == [("a", "deleted", None), ("b", "active", None)]


@pytest.mark.xdist_group("mlflow")
def test_testing_a_source_calls_it(sources: SourceService, mlflow_server: SeededMLflow) -> None:
    sources.add(SYSTEM, "alive", "", "mlflow", mlflow_server.url)
    assert sources.test(SYSTEM, "alive").url == mlflow_server.url
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        sources.add(SYSTEM, "dead", "", "mlflow", f"http://127.0.0.1:{held.getsockname()[1]}")
        with pytest.raises(UnreachableError):
            sources.test(SYSTEM, "dead")


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        load_connector("nonsense", URL)
    assert all(kind in caught.value.hint for kind in list_kinds())
    assert "mlflow" in list_kinds()
