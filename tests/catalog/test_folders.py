"""A file is part of the nearest folder that is a dataset, in whatever order the two were seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from headwater.catalog import AssetRecord, AssetService
from headwater.store import Database, tables

# Names that a careless prefix, pattern or range comparison would confuse.
SEGMENTS = st.sampled_from(["a", "A", "ab", "a_", "a%", "a-b", "a0", "b", "ä"])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)


@settings(max_examples=80, deadline=None)
@given(batches=st.lists(st.lists(PATHS, max_size=5), max_size=4))
def test_the_nearest_folder_holds_it(shared: Database, batches: Sequence[Sequence[str]]) -> None:
    with shared.begin() as connection:
        connection.execute(delete(tables.assets))
    guids: dict[str, str] = {}
    for batch in batches:
        written = AssetService(shared).upsert(AssetRecord("dataset", f"s3://bucket/{path}", path) for path in batch)
        guids |= {ref.qualified_name.removeprefix("s3://bucket/"): guid for ref, guid in written.items()}
    expected = set()
    for path, guid in guids.items():
        above = [str(parent) for parent in PurePosixPath(path).parents if str(parent) in guids]
        if above:
            expected.add((guids[above[0]], guid))
    with shared.read() as connection:
        edge, folder, part = tables.flow_edges.c, tables.assets.alias("folder"), tables.assets.alias("part")
        linked = (folder.c.id == edge.target_id) & (part.c.id == edge.source_id)
        found = connection.execute(select(folder.c.guid, part.c.guid).where(linked)).all()
    assert sorted(map(tuple, found)) == sorted(expected)


def test_other_types_and_other_hosts_are_no_folders(database: Database) -> None:
    AssetService(database).upsert(
        [
            AssetRecord("ml_workspace", "mlflow://h:1", "w"),
            AssetRecord("dataset", "mlflow://h:1/experiments/1/datasets/a", "a"),
            AssetRecord("dataset", "postgres://db:5432/shop.public.orders", "orders"),
            AssetRecord("dataset", "postgres://db:5432", "db"),
            AssetRecord("dataset", "file:///a", "a"),
            AssetRecord("dataset", "s3://x/a/b", "b"),
        ]
    )
    with database.read() as connection:
        assert connection.execute(select(tables.flow_edges)).all() == []
