"""Search over the database: what is written is found at once, what is hidden or gone never, nor counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update
from tests.workspaces.stored.support import scope_of, somebody

from headwater.access import SYSTEM, Actor, ScopeKind, add_scope, find_scope
from headwater.catalog import AssetRecord, AssetRef, AssetService, CollectionService, ColumnRecord
from headwater.catalog.entities.saving import save_entities
from headwater.catalog.finding import Found, Search
from headwater.catalog.search import FacetRequest, SearchIndex, SearchRequest
from headwater.store import Database, open_database, tables, utc_now
from headwater.store.changes import next_change


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    from headwater.access import install

    database = open_database(database_url)
    with database.begin() as connection:
        install(connection, now=utc_now())
    yield database
    database.close()


@pytest.fixture
def search(database: Database) -> Iterator[Search]:
    search = Search(database, SearchIndex.open(None))
    yield search
    search.close()


def names(found: Found) -> list[str]:
    return [asset.display_name for asset in found.assets]


def ask(search: Search, words: str = "", actor: Actor = SYSTEM, **more: object) -> Found:
    return search.search(actor, replace(SearchRequest(words), **more))  # type: ignore[arg-type]  # any field of it


def test_what_is_written_is_found_by_the_next_search(database: Database, search: Search) -> None:
    assets = AssetService(database)
    assert ask(search).total == 0
    orders = AssetRecord(
        "dataset",
        "db://orders",
        "sales_orders",
        {"description": "what customers bought", "tags": {"team": "red"}},
        columns=(ColumnRecord("customer_email", "text"),),
    )
    assets.upsert([orders])
    for words in ("sales_orders", "sales", "customers", "customer_email", "red", "bought NOT refunds"):
        assert names(ask(search, words)) == ["sales_orders"], words
    assert ask(search, "customer_email").assets[0].type_name == "dataset", "a column is found with what it is of"
    assets.upsert([replace(orders, display_name="purchases")])
    assert ask(search, "sales_orders").total == 0 and names(ask(search, "purchases")) == ["purchases"]


def test_what_people_say_is_found_and_counted(database: Database, search: Search) -> None:
    said = {
        "labels": ["gold"],
        "contacts": {"Owner": [{"id": "ann"}]},
        "classifications": [{"typeName": "PII"}],
        "businessAttributes": {"Cost": {"centre": "c12"}},
    }
    entity = {"typeName": "DataSet", "attributes": {"qualifiedName": "db://a", "name": "a"}, **said}
    save_entities(database, SYSTEM, [entity, {"typeName": "DataSet", "attributes": {"qualifiedName": "b"}}])
    facets = [FacetRequest(name) for name in ("label", "classification", "owner", "type")]
    found = ask(search, facets=facets)
    counted = {name: {each.value: each.count for each in values} for name, values in found.facets.items()}
    assert counted == {"label": {"gold": 1}, "classification": {"PII": 1}, "owner": {"ann": 1}, "type": {"DataSet": 2}}
    for words in ("label:gold", "classification:PII", "owner:ann"):
        assert names(ask(search, words)) == ["a"]


def test_a_columns_classification_is_its_tables(database: Database, search: Search) -> None:
    AssetService(database).upsert([AssetRecord("dataset", "t", "t", columns=(ColumnRecord("mail", "text"),))])
    assert ask(search, "classification:PII").total == 0
    column = {"typeName": "column", "attributes": {"qualifiedName": "t#mail"}, "classifications": [{"typeName": "PII"}]}
    save_entities(database, SYSTEM, [column])
    assert names(ask(search, "classification:PII")) == ["t"]


def test_what_is_gone_is_not_found(database: Database, search: Search) -> None:
    guids = AssetService(database).upsert([AssetRecord("dataset", name, name) for name in ("a", "b", "c")])
    assert ask(search).total == 3
    asset = tables.assets.c
    with database.begin() as connection:
        gone = update(tables.assets).where(asset.qualified_name == "a")
        connection.execute(gone.values(status="missing", change=next_change(connection)))
    assert sorted(names(ask(search))) == ["b", "c"]
    with database.begin() as connection:
        change = next_change(connection)
        (number,) = connection.execute(
            delete(tables.assets).where(asset.guid == guids[AssetRef("dataset", "b")]).returning(asset.id)
        ).one()
        connection.execute(insert(tables.asset_tombstones).values(asset_id=number, change=change))
    assert names(ask(search)) == ["c"]
    AssetService(database).upsert([AssetRecord("dataset", "a", "a")])
    assert sorted(names(ask(search))) == ["a", "c"], "seen again, it is there again"


def test_nobody_finds_or_counts_what_they_may_not_see(database: Database, search: Search) -> None:
    CollectionService(database).add(SYSTEM, "secret")
    with database.read() as connection:
        hidden, root = scope_of(connection, "secret"), find_scope(connection, "/collection/root").id
    with database.begin() as connection:
        place = add_scope(connection, ScopeKind.DATAFLOW, "flow", root).id
    assets = AssetService(database)
    assets.upsert([AssetRecord("dataset", "open", "zebra open", scope_id=place)])
    assets.upsert([AssetRecord("dataset", "shut", "zebra shut", collection="secret")])
    ann, ben = somebody(database, "ann", "Data reader", place), somebody(database, "ben", "Data reader", hidden)
    nobody = somebody(database, "non")
    facets = [FacetRequest("collection")]
    for actor, expected in ((ann, ["zebra open"]), (ben, ["zebra shut"]), (nobody, [])):
        found = ask(search, "zebra", actor, facets=facets)
        assert names(found) == expected and found.total == len(expected)
        assert sum(each.count for each in found.facets["collection"]) == len(expected)
        assert [each.display_name for each in search.suggest(actor, "zeb")] == expected
        assert search.autocomplete(actor, "zeb") == (["zebra"] if expected else [])
    assert ask(search, "zebra").total == 2


def test_a_right_that_is_taken_away_is_gone_at_once(database: Database, search: Search) -> None:
    AssetService(database).upsert([AssetRecord("dataset", "a", "a")])
    ann = somebody(database, "ann", "Data reader")
    assert ask(search, actor=ann).total == 1
    with database.begin() as connection:
        connection.execute(delete(tables.role_assignments).where(tables.role_assignments.c.principal_id == ann.user_id))
    assert ask(search, actor=ann).total == 0


def test_an_index_on_disk_goes_on_where_it_was_and_begins_anew_after_a_restore(
    database: Database, tmp_path: Path
) -> None:
    assets = AssetService(database)
    assets.upsert([AssetRecord("dataset", f"d{number}", f"d{number}") for number in range(5)])
    first = Search(database, SearchIndex.open(tmp_path / "index"))
    assert ask(first).total == 5
    first.close()
    again = Search(database, SearchIndex.open(tmp_path / "index"))
    assert ask(again).total == 5
    with database.begin() as connection:
        # As in a backup of some time ago: less was changed, and other things were there.
        connection.execute(delete(tables.assets).where(tables.assets.c.qualified_name != "d3"))
        connection.execute(update(tables.assets).values(change=1, display_name="old"))
        connection.execute(update(tables.catalog_state).values(change=1))
    assert names(ask(again)) == ["old"]
    again.close()
