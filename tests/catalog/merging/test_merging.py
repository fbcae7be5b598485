"""Two assets that are one: what both had stays, and both are had again."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select
from tests.catalog.glossary.support import change_of, new_asset, new_glossary, new_term, told
from tests.workspaces.stored.support import new_collection, somebody

from headwater.access import SYSTEM
from headwater.catalog import (
    AssetRecord,
    AssetRef,
    AssetService,
    ColumnEdge,
    ColumnRecord,
    LineageRecord,
    column_tree,
    edges_upstream,
    record_process,
)
from headwater.catalog.annotations.saying import Saying
from headwater.catalog.annotations.service import AnnotationService
from headwater.catalog.glossary import GlossaryService
from headwater.catalog.merging import AssetName, MergingService
from headwater.catalog.stored import stored_by_guid
from headwater.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from headwater.store import Database, tables

LEFT, RIGHT = "db://left", "db://right"


def seen(name: str, *columns: str, **attributes: Any) -> AssetRecord:
    made = tuple(ColumnRecord(column, "text") for column in columns)
    return AssetRecord("dataset", name, name.removeprefix("db://"), attributes, made)


def guid_of(database: Database, name: str, type_name: str = "dataset") -> str:
    found = AssetService(database).find(SYSTEM, type_name, name)
    assert found is not None
    return found.guid


def two(database: Database) -> tuple[str, str]:
    """Two datasets with columns, annotations and lineage; what is above and below them differs."""
    left, right = seen(LEFT, "id", "name"), seen(RIGHT, "id", "price", size=3)
    for name, record in (("l", left), ("r", right)):
        process = AssetRecord("Process", f"job://{name}", name)
        source, target = seen(f"db://from-{name}", "x"), seen(f"db://to-{name}", "y")
        edges = (ColumnEdge(source.ref, "x", record.ref, "id"),)
        record_process(database, LineageRecord(process, (source,), (record,), edges))
        further = AssetRecord("Process", f"job://after-{name}", name)
        edges = (ColumnEdge(record.ref, "id", target.ref, "y"),)
        record_process(database, LineageRecord(further, (record,), (target,), edges))
    shared = AssetRecord("Process", "job://both", "both")
    record_process(database, LineageRecord(shared, (left.ref, right.ref), (seen("db://both", "z"),)))
    one, other = guid_of(database, LEFT), guid_of(database, RIGHT)
    annotate, fare = AnnotationService(database).annotate, new_term(database, new_glossary(database), "Fare")
    annotate(SYSTEM, [one], Saying(labels=["both", "left"], description="Left", custom={"a": 1}))
    right_said = Saying(labels=["both", "right"], description="Right", sensitivity="Secret", custom={"a": 2, "b": 3})
    annotate(SYSTEM, [other], right_said)
    annotate(SYSTEM, [other], Saying(terms=[fare], contacts={"Owner": {"ann": "x"}}, classify={"PII": {"k": "v"}}))
    annotate(SYSTEM, [guid_of(database, f"{RIGHT}#id", "column")], Saying(labels=["key"]))
    return one, other


def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of the catalog, but for when, by whom and how often something was changed."""
    changing = {"change", "updated_at", "updated_by", "version"}
    found: dict[str, list[dict[str, Any]]] = {}
    with database.read() as connection:
        for name, table in tables.metadata.tables.items():
            if name.startswith(("asset", "flow", "column", "relation")) and name != "asset_history":
                rows = connection.execute(select(table)).mappings()
                kept = [{key: value for key, value in row.items() if key not in changing} for row in rows]
                found[name] = sorted(kept, key=repr)
    return found


def test_what_both_had_stays(database: Database) -> None:
    one, other = two(database)
    MergingService(database).merge(SYSTEM, one, other)
    said = AnnotationService(database).get(SYSTEM, one).said
    assert said.labels == {"both", "left", "right"} and said.custom == {"a": 1, "b": 3}
    assert (said.description, said.sensitivity) == ("Left", "Secret")
    assert said.contacts and said.terms and said.classifications["PII"].attributes == {"k": "v"}
    asset = AssetService(database).get(SYSTEM, one)
    assert [column.name for column in asset.columns] == ["id", "name", "price"]
    assert AnnotationService(database).get(SYSTEM, guid_of(database, f"{LEFT}#id", "column")).said.labels == {"key"}
    upstream = set(edges_upstream(database, SYSTEM, LEFT))
    assert {("db://from-l", "job://l"), ("db://from-r", "job://r"), ("job://l", LEFT), ("job://r", LEFT)} == upstream
    tree = column_tree(database, SYSTEM, "db://to-r", "y")
    assert {node.qualified_name for _, node in tree.walk()} >= {LEFT, "db://from-l", "db://from-r"}
    with pytest.raises(NotFoundError):
        AssetService(database).get(SYSTEM, other)
    assert told(database, one)[-1] == {"merged": {"before": None, "after": RIGHT}}
    assert [each.qualified_name for each in MergingService(database).names(SYSTEM, one)] == [RIGHT]
    with database.read() as connection:
        assert connection.execute(select(tables.asset_tombstones)).all()


def test_taken_apart_both_are_as_they_were(database: Database) -> None:
    one, other = two(database)
    before, said = everything(database), AnnotationService(database).get(SYSTEM, other)
    history = told(database, other)
    service = MergingService(database)
    service.merge(SYSTEM, one, other)
    assert everything(database) != before
    assert service.unmerge(SYSTEM, one, RIGHT) == other
    assert everything(database) == before
    assert AnnotationService(database).get(SYSTEM, other) == said and told(database, other) == history
    with pytest.raises(NotFoundError):
        service.unmerge(SYSTEM, one, RIGHT)


def test_three_are_taken_apart_in_any_order(database: Database) -> None:
    one, other = two(database)
    third = new_asset(database, "third")
    AnnotationService(database).annotate(SYSTEM, [third], Saying(labels=["third"], description="Third"))
    before, service = everything(database), MergingService(database)
    service.merge(SYSTEM, other, third)
    service.merge(SYSTEM, one, other)
    assert AssetService(database).find(SYSTEM, "dataset", "db://third") is None
    service.unmerge(SYSTEM, one, "db://third")
    service.unmerge(SYSTEM, one, RIGHT)
    assert everything(database) == before


def test_whoever_sees_either_finds_the_merged_one(database: Database) -> None:
    one, other = two(database)
    MergingService(database).merge(SYSTEM, one, other)
    service = AssetService(database)
    assert set(service.upsert([seen(RIGHT, size=4), seen(LEFT)]).values()) == {one}
    record_process(
        database, LineageRecord(AssetRecord("Process", "job://new", "new"), (AssetRef("dataset", RIGHT),), ())
    )
    assert service.get(SYSTEM, one).attributes["size"] == 4
    with database.read() as connection:
        asset = tables.assets.c
        assert connection.execute(select(asset.id).where(asset.qualified_name == RIGHT)).all() == []
    MergingService(database).unmerge(SYSTEM, one, RIGHT)
    assert service.upsert([seen(RIGHT)]) == {AssetRef("dataset", RIGHT): other}


def test_what_changed_since_stays(database: Database) -> None:
    one, other = two(database)
    MergingService(database).merge(SYSTEM, one, other)
    say = AnnotationService(database).annotate
    say(SYSTEM, [one], Saying(add_labels=["new"], remove_labels=["right"], sensitivity="Public", custom={"b": 4}))
    GlossaryService(database).remove_glossary(SYSTEM, GlossaryService(database).glossary_guid(SYSTEM, "Glossary"))
    MergingService(database).unmerge(SYSTEM, one, RIGHT)
    left, right = (AnnotationService(database).get(SYSTEM, guid).said for guid in (one, other))
    assert left.labels == {"both", "left", "new"} and right.labels == {"both"}
    assert (left.sensitivity, right.sensitivity, left.custom) == ("Public", "Secret", {"a": 1, "b": 4})
    assert right.contacts and not right.terms


def test_who_may_what(database: Database) -> None:
    with database.begin() as connection:
        inside = new_collection(connection, "inside")
        new_collection(connection, "beside")
    service = MergingService(database)
    mine, more = new_asset(database, "mine", "inside"), new_asset(database, "more", "inside")
    theirs, column = new_asset(database, "theirs", "beside"), new_asset(database, "c", "inside", "column")
    curator, reader = somebody(database, "cur", "Data curator", inside), somebody(database, "rea", "Data reader")
    with pytest.raises(NotFoundError):
        service.merge(curator, mine, theirs)
    for act in (service.merge, service.add_alias, service.remove_alias, service.unmerge):
        with pytest.raises(ForbiddenError):
            act(reader, mine, theirs)
    for wrong in (mine, column):
        with pytest.raises(UsageError):
            service.merge(curator, mine, wrong)
    service.merge(SYSTEM, mine, theirs)
    with pytest.raises(NotFoundError):
        service.unmerge(curator, mine, "db://theirs")
    service.merge(curator, mine, more)
    assert service.unmerge(curator, mine, "db://more") == more


def test_further_addresses(database: Database) -> None:
    service, one = MergingService(database), new_asset(database, "one")
    other, before = new_asset(database, "other"), change_of(database, one)
    service.add_alias(SYSTEM, one, "s3://bucket/one")
    assert change_of(database, one) > before
    assert service.names(SYSTEM, one) == [AssetName("dataset", "s3://bucket/one", "alias")]
    assert AssetService(database).upsert([seen("s3://bucket/one")]) == {AssetRef("dataset", "s3://bucket/one"): one}
    for taken in ("s3://bucket/one", "db://other"):
        with pytest.raises(ConflictError):
            service.add_alias(SYSTEM, other, taken)
    with pytest.raises(UsageError):
        service.add_alias(SYSTEM, one, " ")
    service.remove_alias(SYSTEM, one, "s3://bucket/one")
    assert service.names(SYSTEM, one) == []
    with pytest.raises(NotFoundError):
        service.remove_alias(SYSTEM, one, "s3://bucket/one")


def test_what_related_the_two_to_one_another_comes_back(database: Database) -> None:
    one, other = new_asset(database, "one"), new_asset(database, "other")
    with database.begin() as connection:
        found = stored_by_guid(connection, [one, other])
        ends = {"source_id": found[one].id, "target_id": found[other].id, "kind": tables.FLOW_KINDS["direct"]}
        connection.execute(insert(tables.flow_edges).values(ends))
    before, service = everything(database), MergingService(database)
    service.merge(SYSTEM, one, other)
    assert everything(database)["flow_edges"] == []
    service.unmerge(SYSTEM, one, "db://other")
    assert everything(database) == before
