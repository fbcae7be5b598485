"""Assets are their identity: written by many, in any order, none losing what another knew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from headwater.access import SYSTEM
from headwater.catalog import AssetRecord, AssetRef, AssetService, CollectionService, ColumnRecord
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import Database, tables

MODEL = AssetRecord("ml_model", "mlflow://h:1/models/m", "m", {"description": "first"})
VERSION = AssetRecord(
    "ml_model_version",
    "mlflow://h:1/models/m/versions/1",
    "m v1",
    {"tags": {"a": "b"}, "aliases": ("x",)},
    (ColumnRecord("in", "number", {"role": "input"}), ColumnRecord("in", "text", {"role": "output"})),
    parent=MODEL.ref,
)


@pytest.fixture
def assets(database: Database) -> AssetService:
    return AssetService(database)


def test_what_is_written_is_read(assets: AssetService) -> None:
    guids = assets.upsert([VERSION, MODEL])
    found = assets.get(SYSTEM, guids[VERSION.ref])
    assert (found.type_name, found.qualified_name, found.display_name) == (
        "ml_model_version",
        VERSION.qualified_name,
        "m v1",
    )
    assert found.attributes == {"tags": {"a": "b"}, "aliases": ["x"]}
    assert found.columns == VERSION.columns
    assert (found.status, found.collection) == ("active", "root")
    assert assets.find(SYSTEM, "ml_model_version", VERSION.qualified_name) == found
    assert assets.find(SYSTEM, "ml_model", VERSION.qualified_name) is None
    with pytest.raises(NotFoundError):
        assets.get(SYSTEM, "none")


def rows(database: Database) -> list[Any]:
    with database.read() as connection:
        return [
            connection.execute(select(table)).all()
            for table in (tables.asset_columns, tables.relationships, tables.assets, tables.asset_history)
        ]


def test_writing_it_again_changes_only_when_it_was_seen(database: Database, assets: AssetService) -> None:
    special = AssetRecord(
        "ml_job",
        "j",
        "j",
        {
            "started_at": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "metrics": {"nan": float("nan"), "inf": float("inf"), "x": 0.1},
        },
    )
    first = assets.upsert([MODEL, VERSION, special])
    before = rows(database)
    assert assets.upsert([VERSION, special, MODEL]) == first
    after = rows(database)
    assert before[:2] == after[:2]
    assert before[3] == after[3] == []
    for old, new in zip(before[2], after[2], strict=True):
        assert old._asdict() | {"last_seen_at": None} == new._asdict() | {"last_seen_at": None}
        # A column is seen with what it is of.
        assert new.last_seen_at > old.last_seen_at or new.type_name == "column"
    attributes = assets.get(SYSTEM, first[special.ref]).attributes
    assert attributes["started_at"] == "2025-12-31T22:00:00+00:00"
    assert attributes["metrics"] == {"nan": "nan", "inf": "inf", "x": 0.1}


def test_a_change_is_dated_and_the_rest_is_kept(assets: AssetService) -> None:
    guid = assets.upsert([MODEL])[MODEL.ref]
    before = assets.get(SYSTEM, guid)
    assets.upsert([AssetRecord("ml_model", MODEL.qualified_name, "renamed", {"tags": {}})])
    after = assets.get(SYSTEM, guid)
    assert after.display_name == "renamed"
    assert after.attributes == {"description": "first", "tags": {}}
    assert after.created_at == before.created_at
    assert after.updated_at > before.updated_at
    column = ColumnRecord("c", "text")
    assets.upsert([AssetRecord("ml_model", MODEL.qualified_name, "renamed", columns=(column,))])
    assert assets.get(SYSTEM, guid).columns == (column,)
    assert assets.get(SYSTEM, guid).updated_at > after.updated_at


def test_a_dataset_keeps_every_digest_in_the_order_seen(assets: AssetService) -> None:
    def seen(*digests: str) -> AssetRecord:
        return AssetRecord("dataset", "file:///a.csv", "a.csv", {"digests": digests} if digests else {})

    for batch in ([seen("1"), seen("2", "1")], [seen("3")], [seen()], [seen("2")]):
        guids = assets.upsert(batch)
    assert assets.get(SYSTEM, guids[seen().ref]).attributes["digests"] == ["1", "2", "3"]


def test_an_asset_stays_where_it_was_put(database: Database, assets: AssetService) -> None:
    CollectionService(database).add(SYSTEM, "ml")
    CollectionService(database).add(SYSTEM, "other")
    guid = assets.upsert([AssetRecord("dataset", "file:///a", "a", collection="ml")])[AssetRef("dataset", "file:///a")]
    assets.upsert([AssetRecord("dataset", "file:///a", "a", collection="other")])
    assert assets.get(SYSTEM, guid).collection == "ml"


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (AssetRecord("nonsense", "x", "x"), UsageError),
        (AssetRecord("Asset", "x", "x"), UsageError),
        (AssetRecord("dataset", "", "x"), UsageError),
        (AssetRecord("dataset", "x", "x", collection="nowhere"), UsageError),
        (AssetRecord("ml_model", "x", "x", parent=AssetRef("dataset", "y")), UsageError),
        (AssetRecord("ml_model", "x", "x", parent=AssetRef("ml_workspace", "none")), NotFoundError),
    ],
)
def test_a_batch_with_something_wrong_writes_nothing(
    assets: AssetService, record: AssetRecord, error: type[Exception]
) -> None:
    with pytest.raises(error):
        assets.upsert([MODEL, record])
    assert assets.list(SYSTEM) == (0, [])


def test_listings_and_counts_agree_page_by_page(database: Database, assets: AssetService) -> None:
    CollectionService(database).add(SYSTEM, "ml")
    assets.upsert(AssetRecord("dataset", f"file:///d{number}", f"d{number % 7}") for number in range(25))
    assets.upsert(AssetRecord("ml_model", f"m{number}", "m", collection="ml") for number in range(3))
    with database.begin() as connection:
        gone = tables.assets.c.qualified_name == "file:///d3"
        connection.execute(update(tables.assets).where(gone).values(status="missing"))
    assert assets.counts_by_type(SYSTEM) == {"dataset": 24, "ml_model": 3}
    assert assets.counts_by_type(SYSTEM, "ml") == {"ml_model": 3}
    for criteria, expected in (({}, 27), ({"type": "dataset"}, 24), ({"collection": "ml"}, 3), ({"type": "x"}, 0)):
        pages = [assets.list(SYSTEM, **criteria, limit=10, offset=offset) for offset in (0, 10, 20, 30)]
        assert {total for total, _ in pages} == {expected}
        listed = [asset for _, page in pages for asset in page]
        assert len({asset.guid for asset in listed}) == len(listed) == expected
        keys = [(asset.type_name, asset.display_name, asset.qualified_name) for asset in listed]
        assert keys == sorted(keys)
    assert assets.find(SYSTEM, "dataset", "file:///d3") is not None
    assets.upsert([AssetRecord("dataset", "file:///d3", "d3")])
    assert assets.counts_by_type(SYSTEM)["dataset"] == 25


def test_collections_form_a_tree(database: Database) -> None:
    collections = CollectionService(database)
    added = collections.add(SYSTEM, "ml", "Machine learning")
    assert (added.display_name, added.parent) == ("Machine learning", "root")
    assert collections.add(SYSTEM, "inner", parent="ml").parent == "ml"
    assert [collection.name for collection in collections.list(SYSTEM)] == ["inner", "ml", "root"]
    assert collections.get(SYSTEM, "root").parent is None
    with pytest.raises(ConflictError):
        collections.add(SYSTEM, "ml")
    with pytest.raises(NotFoundError):
        collections.add(SYSTEM, "x", parent="nowhere")
    with pytest.raises(UsageError):
        collections.add(SYSTEM, "no spaces")


KEYS = st.sampled_from("abc")
NAMES = st.sampled_from([f"file:///{name}" for name in "xyz"])
RECORDS = st.builds(
    AssetRecord,
    st.just("dataset"),
    NAMES,
    st.text(max_size=3),
    st.fixed_dictionaries(
        {}, optional={"a": st.integers(), "b": st.text(max_size=2), "digests": st.lists(KEYS, max_size=3)}
    ),
    st.none() | st.lists(st.builds(ColumnRecord, KEYS, st.sampled_from(["text", "int64"])), max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(st.lists(RECORDS, max_size=6), max_size=4))
def test_any_batches_come_to_what_one_record_after_another_would(
    shared: Database, batches: Sequence[Sequence[AssetRecord]]
) -> None:
    with shared.begin() as connection:
        connection.execute(delete(tables.assets))
    assets = AssetService(shared)
    expected: dict[str, tuple[str, dict[str, Any], tuple[ColumnRecord, ...]]] = {}
    for batch in batches:
        assets.upsert(batch)
        for record in batch:
            _, attributes, columns = expected.get(record.qualified_name, ("", {}, ()))
            digests = [*attributes.get("digests", []), *record.attributes.get("digests", [])]
            attributes = {**attributes, **record.attributes}
            if "digests" in attributes:
                attributes["digests"] = list(dict.fromkeys(digests))
            expected[record.qualified_name] = (
                record.display_name,
                attributes,
                columns if record.columns is None else record.columns,
            )
    for name, wanted in expected.items():
        found = assets.find(SYSTEM, "dataset", name)
        assert found is not None
        assert (found.display_name, found.attributes, found.columns) == wanted
    assert assets.list(SYSTEM)[0] == len(expected)


def test_moments_are_in_utc(assets: AssetService) -> None:
    found = assets.get(SYSTEM, assets.upsert([MODEL])[MODEL.ref])
    assert found.created_at.tzinfo is UTC


def test_a_table_lies_in_its_schema_and_a_file_flows_into_its_folder(database: Database, assets: AssetService) -> None:
    schema, folder = AssetRef("dataset", "postgres://db:5432/shop.public"), AssetRef("dataset", "file:///d")
    assets.upsert(
        [
            AssetRecord("dataset", schema.qualified_name, "public"),
            AssetRecord("dataset", "postgres://db:5432/shop.public.orders", "orders", parent=schema),
            AssetRecord("dataset", folder.qualified_name, "d"),
            AssetRecord("dataset", "file:///d/a.csv", "a.csv", parent=folder),
        ]
    )
    with database.read() as connection:
        assert connection.scalars(select(tables.relationships.c.type_name)).all() == ["dataset_dataset"]
        assert connection.scalars(select(tables.flow_edges.c.kind)).all() == [tables.FLOW_KINDS["part"]]


def test_what_others_know_of_a_column_stays(database: Database, assets: AssetService) -> None:
    """A scan knows the source's own type; a refresh that reads the table does not, and takes nothing away."""
    known = ColumnRecord("id", "int64", {"native_type": "integer"})
    scanned = AssetRecord("dataset", "file:///t", "t", columns=(known,))
    read = AssetRecord("dataset", "file:///t", "t", columns=(ColumnRecord("id", "int64"),))
    guid = assets.upsert([scanned])[scanned.ref]
    before = rows(database)[0]
    for record in (read, scanned):
        assets.upsert([record])
        assert assets.get(SYSTEM, guid).columns == (known,)
    with database.read() as connection:
        assert connection.execute(select(tables.asset_history)).all() == []
    assert rows(database)[0] == before
