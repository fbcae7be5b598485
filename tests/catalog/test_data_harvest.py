"""From data assets to records, and into the catalog."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from tests.workspaces.azureml.estate import estate
from tests.workspaces.azureml.holdings import HOME as WORKSPACE
from tests.workspaces.azureml.management import TOKEN, running_management

from headwater.access import install
from headwater.catalog.columns import columns_of
from headwater.catalog.records import AssetRef
from headwater.catalog.scans.data_harvest import data_records
from headwater.catalog.scans.native_types import published_data_type
from headwater.catalog.writing import write_assets
from headwater.plan.types import Kind, from_arrow
from headwater.store import Database, open_database, tables, utc_now
from headwater.workspaces import DataAssetInfo, make_credential
from headwater.workspaces.azureml import AzureMLConnector
from headwater.workspaces.folder import FolderSource

HOME = "postgres://db:5432/shop"
SHOP = DataAssetInfo(HOME, "shop", "folder", "postgres")
SCHEMA = DataAssetInfo(f"{HOME}.public", "public", "folder", "postgres", parent=HOME)
ORDERS = DataAssetInfo(
    f"{HOME}.public.orders",
    "orders",
    "table",
    "postgres",
    columns=(("id", "bigint"), ("price", "numeric(10,2)"), ("at", "timestamp with time zone")),
    description="What was ordered.",
    parent=f"{HOME}.public",
    rows=12,
    primary_key=("id",),
    column_descriptions={"price": "Without tax."},
    updated_at=datetime(2026, 5, 1, tzinfo=UTC),
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The metadata database, on each of both."""
    database = open_database(database_url)
    with database.begin() as connection:
        install(connection, now=utc_now())
    yield database
    database.close()


def test_a_table_becomes_a_dataset_with_its_columns() -> None:
    found = data_records([SHOP, SCHEMA, ORDERS], collection="sales", source_id=7)
    shop, schema, orders = found.assets
    assert found.warnings == ()
    assert (shop.parent, schema.parent, orders.parent) == (None, shop.ref, schema.ref)
    assert data_records([ORDERS, SCHEMA, SHOP], collection="sales", source_id=7).assets == (shop, schema, orders)
    assert {record.type_name for record in found.assets} == {"dataset"}
    assert {(record.collection, record.source_id) for record in found.assets} == {("sales", 7)}
    assert (orders.qualified_name, orders.display_name) == (ORDERS.qualified_name, "shop.public.orders")
    assert orders.attributes["registered_as"] == ["orders"]
    assert (orders.attributes["kind"], orders.attributes["rows"]) == ("table", 12)
    assert orders.attributes["description"] == "What was ordered."
    assert orders.columns is not None
    assert [(column.name, column.type) for column in orders.columns] == [
        ("id", "int64"),
        ("price", "decimal"),
        ("at", "datetimezone"),
    ]
    assert orders.columns[0].attributes == {"native_type": "bigint", "is_key": True}
    assert orders.columns[1].attributes["description"] == "Without tax."
    assert shop.columns is None


def test_what_cannot_be_read_is_a_warning_and_keeps_its_columns() -> None:
    broken = DataAssetInfo("file:///d/x.csv", "x.csv", "file", "local", problem="It is no CSV.")
    found = data_records([broken])
    (record,), (warning,) = found.assets, found.warnings
    assert record.columns is None
    assert (warning["item"], warning["message"], warning["code"]) == (
        broken.qualified_name,
        "It is no CSV.",
        "scan.item",
    )
    assert warning["hint"]


def test_a_place_that_is_registered_twice_is_one_dataset() -> None:
    first = DataAssetInfo("abfss://c@a/x", "old name", "file", "azureml", aliases=("a", "b"), archived=True)
    second = replace(first, display_name="claims", aliases=("b", "c"), archived=False, version="4", digest="4")
    for order in ([first, second], [second, first]):
        (record,) = data_records(order).assets
        assert sorted(record.attributes["registered_as"]) == ["claims", "old name"]
        assert sorted(record.attributes["aliases"]) == ["a", "b", "c"]
        assert (record.attributes["archived"], record.attributes["version"]) == (False, "4")
        assert record.attributes["digests"] == ["4"]


def test_parts_belong_to_the_whole_unless_they_are_known_better() -> None:
    whole = DataAssetInfo("abfss://c@a/t", "t", "table", "azureml", parts=("abfss://c@a/t/1", "abfss://c@b/2"))
    part = DataAssetInfo("abfss://c@b/2", "two", "file", "azureml", columns=(("a", "string"),))
    found = {record.qualified_name: record for record in data_records([whole, part]).assets}
    assert found["abfss://c@a/t/1"].parent == AssetRef("dataset", whole.qualified_name)
    assert found["abfss://c@b/2"].columns and len(found) == 3


NAMES = st.sampled_from(["file:///a", "file:///a/b", "file:///a/c", "x", "y"])
INFOS = st.builds(
    DataAssetInfo,
    NAMES,
    st.just("n"),
    st.just("file"),
    st.just("local"),
    parent=st.none() | NAMES,
    parts=st.lists(NAMES, max_size=2).map(tuple),
    archived=st.booleans(),
)


@given(st.lists(INFOS, max_size=6))
def test_every_name_is_recorded_once_and_holders_that_come_first_are_there(found: list[DataAssetInfo]) -> None:
    records = data_records(found).assets
    seen = [record.qualified_name for record in records]
    assert len(seen) == len(set(seen))
    assert set(seen) == {info.qualified_name for info in found} | {part for info in found for part in info.parts}
    assert all(record.parent is None or record.parent.qualified_name in seen for record in records)


ANY_TEXT = st.text(st.characters(exclude_categories=()) | st.sampled_from("\0\udc80\ud800"), max_size=4)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_whatever_things_are_called_can_be_kept(name: str, column: str, words: str) -> None:
    info = DataAssetInfo(
        f"file:///{name}", name, "file", "local", ((column, "int64"),), words, {column: words}, problem=words
    )
    (record,) = data_records([info]).assets
    texts = [record.qualified_name, record.display_name, *(one.name for one in record.columns or ())]
    texts.append(json.dumps(dict(record.attributes), ensure_ascii=False, default=str))
    assert all("\0" not in text and "\\u0000" not in text and text.encode() for text in texts if text)


@pytest.mark.parametrize(
    "arrow",
    [
        *(pa.bool_(), pa.int8(), pa.int64(), pa.uint32(), pa.float32(), pa.float64(), pa.decimal128(10, 2)),
        *(pa.string(), pa.large_string(), pa.binary(), pa.date32(), pa.timestamp("us"), pa.timestamp("ms")),
        *(pa.list_(pa.int64()), pa.struct([("a", pa.int64())])),
    ],
)
def test_arrows_types_are_what_m_gives_them(arrow: pa.DataType) -> None:
    expected = from_arrow(arrow)
    assert expected is not None and published_data_type(str(arrow)) == expected.kind.value


@given(st.text(max_size=30))
def test_any_type_has_a_published_one(native: str) -> None:
    assert published_data_type(native) in {kind.value for kind in Kind}


def test_a_folder_reaches_the_catalog_with_what_holds_what(database: Database, tmp_path: Path) -> None:
    (tmp_path / "lake" / "sales").mkdir(parents=True)
    pq.write_table(pa.table({"id": [1]}), tmp_path / "lake" / "sales" / "orders.parquet")
    home = (tmp_path / "lake").as_uri()
    with closing(FolderSource(home, folders=[tmp_path])) as source:
        for _ in range(2):
            with database.begin() as connection:
                guids = write_assets(connection, data_records(source.list_data_assets()).assets, now=utc_now())
    assert len(guids) == 3
    asset, edge = tables.assets.c, tables.flow_edges.c
    with database.read() as connection:
        # What is there again as it was has not been changed.
        assert set(connection.scalars(select(asset.version))) == {1}
        names = {row.id: row.qualified_name for row in connection.execute(select(asset.id, asset.qualified_name))}
        parts = connection.execute(select(edge.source_id, edge.target_id).where(edge.kind == tables.FLOW_KINDS["part"]))
        held = {(names[row.target_id], names[row.source_id]) for row in parts}
        columns = columns_of(connection, list(names))
    assert held == {(home, f"{home}/sales"), (f"{home}/sales", f"{home}/sales/orders.parquet")}
    (orders,) = [found for found in columns.values() if found]
    assert [(column.name, column.type) for column in orders] == [("id", "int64")]


def test_a_workspaces_data_reaches_the_catalog(database: Database) -> None:
    reader = make_credential("token", {}, TOKEN)
    with running_management() as management:
        management.items = estate()
        with closing(AzureMLConnector(management.url + WORKSPACE, credential=reader)) as connector:
            found = data_records(connector.list_data_assets())
    for _ in range(2):
        with database.begin() as connection:
            guids = write_assets(connection, found.assets, now=utc_now())
    asset = tables.assets.c
    with database.read() as connection:
        stored = connection.execute(select(asset.qualified_name, asset.version, asset.attributes)).all()
    assert len(stored) == len(found.assets) == len(guids) and {row.version for row in stored} == {1}
    twice = next(row for row in stored if row.qualified_name.endswith("/claims/001"))
    assert twice.attributes["registered_as"] == ["claims-001", "same-place"]
    assert {warning["item"].rpartition("/")[2] for warning in found.warnings} == {"hollow"}
