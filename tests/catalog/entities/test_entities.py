"""Entities as clients send them: what a request creates and changes, what it refers to, and how it is read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from tests.workspaces.stored.support import somebody

from headwater.access import SYSTEM, Actor, find_scope
from headwater.catalog import column_tree, edges_upstream
from headwater.catalog.entities.reading import entities_by_id
from headwater.catalog.entities.saving import Mutation, save_entities
from headwater.catalog.relation_keys import RelationKey
from headwater.errors import ForbiddenError, NotFoundError, UsageError
from headwater.store import Database, tables, utc_now
from headwater.store.changes import next_types_change

Entity = dict[str, Any]


def table(name: str, guid: Any = None, **more: Any) -> Entity:
    made: Entity = {"typeName": "DataSet", "attributes": {"qualifiedName": f"db://{name}", "name": name}, **more}
    return made if guid is None else {**made, "guid": guid}


def named(name: str) -> Entity:
    return {"typeName": "DataSet", "uniqueAttributes": {"qualifiedName": f"db://{name}"}}


def process(name: str, inputs: Sequence[Entity] | None, outputs: Sequence[Entity] | None, **more: Any) -> Entity:
    attributes = {"qualifiedName": f"job://{name}", "name": name, "inputs": inputs, "outputs": outputs, **more}
    return {"typeName": "Process", "guid": -99, "attributes": attributes}


def read(database: Database, *names: str, actor: Actor = SYSTEM) -> list[Entity]:
    asset = tables.assets.c
    with database.read() as connection:
        query = select(asset.id).where(asset.qualified_name.in_(names)).order_by(asset.qualified_name)
        return entities_by_id(connection, actor, list(connection.scalars(query)))


def assets(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(tables.assets)) or 0


def texts(references: Sequence[Entity]) -> list[str]:
    return [reference["displayText"] for reference in references]


def test_placeholders_lead_forward_and_may_be_numbers_or_texts(database: Database) -> None:
    made = save_entities(
        database, SYSTEM, [process("p", [{"guid": "-1"}], [{"guid": -2}]), table("a", -1), table("b", "-2")]
    )
    assert sorted(made.assigned) == ["-1", "-2", "-99"]
    assert [each.display_name for each in made.created] == ["p", "a", "b"] and not made.updated
    a, b, p = read(database, "db://a", "db://b", "job://p")
    assert (a["guid"], b["guid"]) == (made.assigned["-1"], made.assigned["-2"])
    assert texts(p["attributes"]["inputs"]) == ["a"] and texts(p["relationshipAttributes"]["outputs"]) == ["b"]
    assert texts(a["relationshipAttributes"]["inputToProcesses"]) == ["p"]
    assert texts(b["relationshipAttributes"]["outputFromProcesses"]) == ["p"]
    assert set(edges_upstream(database, SYSTEM, "db://b")) == {("job://p", "db://b"), ("db://a", "job://p")}


def test_an_entity_without_a_guid_is_told_one_that_it_did_not_have(database: Database) -> None:
    made = save_entities(database, SYSTEM, [table("a")])
    (given_,) = made.assigned
    assert int(given_) < 0 and made.assigned[given_] == made.created[0].guid


def test_referred_entities_are_written_too(database: Database) -> None:
    save_entities(database, SYSTEM, [process("p", [{"guid": "-7"}], [])], [table("a", "-7")])
    (p,) = read(database, "job://p")
    assert texts(p["attributes"]["inputs"]) == ["a"]


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (process("p", [named("nowhere")], []), NotFoundError),
        (process("p", [{"guid": "-5"}], []), NotFoundError),
        (process("p", [{"guid": "00000000-0000-0000-0000-000000000001"}], []), NotFoundError),
        ({"typeName": "DataSet", "guid": "00000000-0000-0000-0000-000000000001", "attributes": {}}, NotFoundError),
        ({"typeName": "nonsense", "attributes": {"qualifiedName": "x"}}, UsageError),
        ({"typeName": "Asset", "attributes": {"qualifiedName": "x"}}, UsageError),
        ({"typeName": "DataSet", "attributes": {}}, UsageError),
        ({"typeName": "DataSet", "attributes": {"qualifiedName": "x"}, "labels": "a"}, UsageError),
        ({"typeName": "DataSet", "attributes": {"qualifiedName": "x"}, "contacts": {"Owner": ["a"]}}, UsageError),
        ({"attributes": {"qualifiedName": "x"}}, UsageError),
        ({"typeName": "DataSet", "attributes": ["x"]}, UsageError),
        (process("p", [{}], []), UsageError),
    ],
)
def test_one_that_is_wrong_leaves_all_unwritten(database: Database, broken: Entity, error: type[Exception]) -> None:
    with pytest.raises(error):
        save_entities(database, SYSTEM, [table("a", -1), broken])
    assert assets(database) == 0


def test_null_leaves_what_a_process_reads_and_an_empty_list_takes_it_away(database: Database) -> None:
    save_entities(database, SYSTEM, [table("a", -1), table("b", -2), process("p", [named("a"), named("b")], [])])
    save_entities(database, SYSTEM, [process("p", None, None)])
    assert texts(read(database, "job://p")[0]["attributes"]["inputs"]) == ["a", "b"]
    changed = save_entities(database, SYSTEM, [process("p", [named("b")], None)])
    assert [each.display_name for each in changed.updated] == ["p"]
    assert texts(read(database, "job://p")[0]["attributes"]["inputs"]) == ["b"]
    save_entities(database, SYSTEM, [process("p", [], None)])
    assert read(database, "job://p")[0]["attributes"]["inputs"] == []


def test_the_same_again_changes_nothing(database: Database) -> None:
    request = [table("a", -1), process("p", [{"guid": -1}], [])]
    first = save_entities(database, SYSTEM, request)
    before = read(database, "db://a", "job://p")
    again: Mutation = save_entities(database, SYSTEM, request)
    assert not again.created and not again.updated and again.assigned == first.assigned
    assert read(database, "db://a", "job://p") == before


def test_attributes_that_are_not_given_stay_and_what_changed_is_on_record(database: Database) -> None:
    made = save_entities(database, SYSTEM, [table("a", attributes={"qualifiedName": "a", "name": "a", "owner": "ann"})])
    entity = {"typeName": "DataSet", "guid": made.created[0].guid, "attributes": {"description": "rows"}}
    changed = save_entities(database, SYSTEM, [entity])
    assert [each.guid for each in changed.updated] == [made.created[0].guid]
    (a,) = read(database, "a")
    assert (a["attributes"]["owner"], a["attributes"]["description"], a["version"]) == ("ann", "rows", 2)
    with database.read() as connection:
        (history,) = connection.execute(select(tables.asset_history)).all()
    assert (history.by, history.changes) == ("system", {"description": {"before": None, "after": "rows"}})


def test_two_of_one_name_in_a_request_are_one(database: Database) -> None:
    first = table("a", -1, attributes={"qualifiedName": "db://a", "owner": "ann", "name": "a"})
    made = save_entities(database, SYSTEM, [first, table("a", -2, labels=["x"])])
    assert made.assigned["-1"] == made.assigned["-2"] and assets(database) == 1
    (a,) = read(database, "db://a")
    assert (a["attributes"]["owner"], a["labels"]) == ("ann", ["x"])


def test_what_people_say_is_kept_and_read(database: Database) -> None:
    said = {
        "labels": ["b", "a", "b"],
        "contacts": {"Owner": [{"id": "ann", "info": "asks first"}], "Expert": [{"id": "ben"}]},
        "customAttributes": {"team": "red"},
        "businessAttributes": {"Cost": {"centre": "12"}},
        "classifications": [{"typeName": "PII", "attributes": {"kind": "mail"}, "propagate": False}],
    }
    save_entities(database, SYSTEM, [table("a", **said)])
    (a,) = read(database, "db://a")
    assert a["labels"] == ["a", "b"]
    assert a["contacts"] == {"Owner": [{"id": "ann", "info": "asks first"}], "Expert": [{"id": "ben", "info": None}]}
    assert (a["customAttributes"], a["businessAttributes"]) == ({"team": "red"}, {"Cost": {"centre": "12"}})
    (kind,) = a["classifications"]
    assert (kind["typeName"], kind["attributes"], kind["propagate"]) == ("PII", {"kind": "mail"}, False)
    save_entities(database, SYSTEM, [table("a", labels=[])])
    (a,) = read(database, "db://a")
    assert a["labels"] == [] and a["contacts"]["Owner"] and a["classifications"]


def test_columns_are_in_the_order_that_they_are_given(database: Database) -> None:
    columns = [
        {"typeName": "column", "guid": -number, "attributes": {"qualifiedName": f"db://t#{name}", "name": name}}
        for number, name in ((2, "z"), (3, "a"), (4, "m"))
    ]
    request = table("t", -1, relationshipAttributes={"columns": [{"guid": -2}, {"guid": -3}, {"guid": -4}]})
    save_entities(database, SYSTEM, [request, *columns])
    assert texts(read(database, "db://t")[0]["relationshipAttributes"]["columns"]) == ["z", "a", "m"]
    late = {"typeName": "column", "attributes": {"qualifiedName": "db://t#b", "name": "b"}}
    save_entities(database, SYSTEM, [{**late, "relationshipAttributes": {"dataset": named("t")}}])
    t, b = read(database, "db://t", "db://t#b")
    assert texts(t["relationshipAttributes"]["columns"]) == ["z", "a", "m", "b"]
    assert b["relationshipAttributes"]["dataset"]["displayText"] == "t"


def test_columns_are_mapped_through_a_process(database: Database) -> None:
    mapping = [
        {
            "DatasetMapping": {"Source": "db://a", "Sink": "db://b"},
            "ColumnMapping": [{"Source": "x", "Sink": "y"}, {"Source": "gone"}],
        },
        {
            "DatasetMapping": {"Source": "db://elsewhere", "Sink": "db://b"},
            "ColumnMapping": [{"Source": "x", "Sink": "y"}],
        },
    ]
    column = {"typeName": "column", "guid": -5, "attributes": {"qualifiedName": "db://b#y", "name": "y"}}
    save_entities(
        database,
        SYSTEM,
        [
            table("a", -1),
            table("b", -2, relationshipAttributes={"columns": [{"guid": -5}]}),
            column,
            process("p", [named("a")], [named("b")], columnMapping=json.dumps(mapping)),
        ],
    )
    tree = column_tree(database, SYSTEM, "db://b", "y")
    (step,) = tree.sources
    (source,) = step.sources
    assert (step.qualified_name, source.qualified_name, source.columns) == ("job://p", "db://a", ("x",))


def test_relationships_of_types_of_peoples_own(database: Database) -> None:
    """What can have one owner has one: another takes it away."""
    define(database)
    page = {"typeName": "page", "guid": -2, "attributes": {"qualifiedName": "page", "name": "page"}}
    report = {"typeName": "report", "guid": -1, "attributes": {"qualifiedName": "r1", "name": "r1"}}
    other = {"typeName": "report", "guid": -3, "attributes": {"qualifiedName": "r2", "name": "r2"}}
    save_entities(database, SYSTEM, [{**report, "relationshipAttributes": {"pages": [{"guid": -2}]}}, page])
    assert read(database, "page")[0]["relationshipAttributes"]["report"]["displayText"] == "r1"
    reference = {"typeName": "page", "uniqueAttributes": {"qualifiedName": "page"}}
    save_entities(database, SYSTEM, [{**other, "relationshipAttributes": {"pages": [reference]}}])
    moved, r1, r2 = read(database, "page", "r1", "r2")
    assert moved["relationshipAttributes"]["report"]["displayText"] == "r2"
    assert (r1["relationshipAttributes"]["pages"], texts(r2["relationshipAttributes"]["pages"])) == ([], ["page"])


def test_an_asset_is_referred_to_by_a_type_above_its_own(database: Database) -> None:
    define(database)
    report = {"typeName": "report", "guid": -1, "attributes": {"qualifiedName": "db://r", "name": "r"}}
    save_entities(database, SYSTEM, [report, process("p", [named("r")], [])])
    assert texts(read(database, "job://p")[0]["attributes"]["inputs"]) == ["r"]


def define(database: Database) -> None:
    own: list[tuple[str, str, Entity]] = [
        ("ENTITY", "report", {"name": "report", "superTypes": ["DataSet"]}),
        ("ENTITY", "page", {"name": "page", "superTypes": ["DataSet"]}),
        (
            "RELATIONSHIP",
            "report_pages",
            {
                "name": "report_pages",
                "endDef1": {"type": "report", "name": "pages", "isContainer": True, "cardinality": "SET"},
                "endDef2": {"type": "page", "name": "report", "cardinality": "SINGLE"},
                "relationshipCategory": "COMPOSITION",
            },
        ),
    ]
    now = utc_now()
    with database.begin() as connection:
        next_types_change(connection)
        for category, name, definition in own:
            by = {"created_at": now, "created_by": "x", "updated_at": now, "updated_by": "x"}
            row = {"guid": name, "name": name, "category": category, "definition": definition, **by}
            connection.execute(insert(tables.type_definitions).values(row))


def test_who_may_what(database: Database) -> None:
    with database.read() as connection:
        root = find_scope(connection, "/collection/root").id
    reader, curator = somebody(database, "rea", "Data reader", root), somebody(database, "cur", "Data curator", root)
    nobody = somebody(database, "non")
    with pytest.raises(ForbiddenError):
        save_entities(database, reader, [table("a")])
    with pytest.raises(NotFoundError):
        save_entities(database, nobody, [table("a")])
    made = save_entities(database, curator, [table("a")])
    with pytest.raises(ForbiddenError):
        save_entities(database, reader, [table("a", labels=["x"])])
    with pytest.raises(ForbiddenError, match="cannot be used"):
        save_entities(database, nobody, [table("a")])
    assert read(database, "db://a", actor=nobody) == []
    assert read(database, "db://a", actor=reader)[0]["createdBy"] == curator.name == "cur"
    assert made.created


@given(kind=st.integers(1, 4), source=st.integers(1, 2**50), target=st.integers(1, 2**50))
def test_a_relationships_guid_gives_back_what_it_is_made_of(kind: int, source: int, target: int) -> None:
    for key in (
        RelationKey.of_edge(kind, source, target),
        RelationKey.of_row(source),
        RelationKey.of_column(source, target),
    ):
        assert RelationKey.read(str(key)) == key


@pytest.mark.parametrize("guid", ["", "none", "5c1d3e0a-1111-4222-8333-444455556666"])
def test_another_guid_is_no_relationships(guid: str) -> None:
    assert RelationKey.read(guid) is None
