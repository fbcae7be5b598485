"""Browsing: what is below what, counted, and trimmed as everything is; on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select, update
from tests.access.conftest import database
from tests.workspaces.stored.support import new_collection, set_up, somebody

from headwater.access import SYSTEM
from headwater.catalog import AssetRecord, AssetRef, AssetService, ColumnRecord
from headwater.catalog.browsing import (
    browse_children,
    browse_collection,
    browse_collections,
    browse_entities,
    browse_source,
    browse_sources,
)
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["database"]

WORKSPACE = AssetRef("ml_workspace", "mlflow://lab")
MODEL = AssetRef("ml_model", "mlflow://lab/models/churn")


@pytest.fixture
def lab(database: Database) -> Iterator[dict[str, int]]:
    """Two collections, one in the other; a source in the inner one; scopes by the collections' names."""
    set_up(database)
    with database.begin() as connection:
        scopes = {"outer": new_collection(connection, "outer")}
        scopes["inner"] = new_collection(connection, "inner", "outer")
        place = connection.scalar(select(tables.collections.c.id).where(tables.collections.c.name == "inner"))
        values = {"name": "lab", "display_name": "Lab", "kind": "mlflow", "url": "http://127.0.0.1:1"}
        more = {"collection_id": place, "created_at": utc_now(), "scope_id": scopes["inner"]}
        made = connection.execute(insert(tables.sources).values(**values, **more))
        (source,) = made.inserted_primary_key or (None,)
    records = [
        AssetRecord(*_names(WORKSPACE), "lab", collection="inner", source_id=source),
        AssetRecord(*_names(MODEL), "churn", collection="inner", parent=WORKSPACE, source_id=source),
        AssetRecord(
            "ml_model_version", f"{MODEL.qualified_name}/versions/1", "1", parent=MODEL, collection="inner",
            source_id=source, columns=(ColumnRecord("x", "int64"),),
        ),
        AssetRecord("dataset", "file:///data", "data", collection="outer"),
        AssetRecord("dataset", "file:///data/a.csv", "a.csv", collection="outer"),
    ]  # fmt: skip
    AssetService(database).upsert(records)
    yield scopes


def _names(ref: AssetRef) -> tuple[str, str]:
    return ref.type_name, ref.qualified_name


def test_collections_count_what_lies_in_them_and_below(database: Database, lab: dict[str, int]) -> None:
    found = {each.name: each for each in browse_collections(database, SYSTEM)}
    assert {name: (each.parent, each.assets, each.assets_below) for name, each in found.items()} == {
        "root": (None, 0, 5),
        "outer": ("root", 2, 5),
        "inner": ("outer", 3, 3),
    }
    reader = somebody(database, "reader", "Data reader", lab["inner"])
    (only,) = browse_collections(database, reader)
    assert (only.name, only.parent, only.assets_below) == ("inner", None, 3)


def test_one_goes_from_sources_and_collections_to_columns(database: Database, lab: dict[str, int]) -> None:
    (source,) = browse_sources(database, SYSTEM)
    assert (source.kind, source.name, source.assets) == ("mlflow", "lab", 3)
    level = browse_source(database, SYSTEM, "lab")
    seen = []
    while level.assets:
        (asset,) = level.assets
        seen.append((asset.display_name, asset.has_children))
        level = browse_children(database, SYSTEM, asset.guid)
    assert seen == [("lab", True), ("churn", True), ("1", True), ("x", False)]
    assert [each.display_name for each in browse_collection(database, SYSTEM, "outer").assets] == ["data"]
    (folder,) = browse_collection(database, SYSTEM, "outer").assets
    assert [each.display_name for each in browse_children(database, SYSTEM, folder.guid).assets] == ["a.csv"]


def test_what_is_above_and_may_not_be_seen_hides_nothing_below(database: Database, lab: dict[str, int]) -> None:
    with database.begin() as connection:
        # The model is trimmed as the inner collection is, what contains it as nobody but the machine sees.
        own = update(tables.assets).where(tables.assets.c.type_name == "ml_workspace")
        scope = select(tables.collections.c.scope_id).where(tables.collections.c.name == "outer")
        connection.execute(own.values(scope_id=scope.scalar_subquery()))
    reader = somebody(database, "reader", "Data reader", lab["inner"])
    curator = somebody(database, "curator", "Data source administrator", lab["inner"])
    assert [each.display_name for each in browse_collection(database, reader, "inner").assets] == ["churn"]
    assert browse_collection(database, curator, "inner").total == 0
    with pytest.raises(NotFoundError):
        browse_collection(database, reader, "outer")
    hidden = AssetService(database).find(SYSTEM, *_names(WORKSPACE))
    assert hidden is not None
    for ask in (
        lambda: browse_children(database, reader, hidden.guid),
        lambda: browse_entities(database, reader, {"path": f"/ml_workspace#{hidden.guid}"}),
        lambda: browse_source(database, reader, "nothing"),
    ):
        with pytest.raises(NotFoundError):
            ask()
    assert browse_entities(database, reader, {"entityType": "ml_workspace"})["@search.count"] == 0


def test_pages(database: Database, lab: dict[str, int]) -> None:
    first = browse_entities(database, SYSTEM, {"entityType": "dataset", "limit": 1})
    second = browse_entities(database, SYSTEM, {"entityType": "dataset", "limit": 1, "offset": 1})
    assert [first["@search.count"], first["value"][0]["name"], second["value"][0]["name"]] == [2, "a.csv", "data"]
    with pytest.raises(UsageError):
        browse_entities(database, SYSTEM, {"entityType": "dataset", "limit": -1})
