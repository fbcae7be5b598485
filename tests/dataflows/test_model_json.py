"""Power BI's model.json: what is read and written again is equivalent, and what does not carry over is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dataflows.definitions import definitions

from headwater.dataflows import DataflowDefinition, Settings
from headwater.dataflows.definitions.model_json import export_model, import_model
from headwater.dataflows.definitions.settings import EntitySettings, LinkedEntity, Partitions, Periods
from headwater.errors import MSyntaxError, UsageError
from headwater.powerquery.language import parse_document, print_expression

GROUP = "7d6b0a52-9d8e-4c59-bd1c-3a1f0a4a6b11"

#: Written for these tests: a loaded query with a policy, one within a group, a parameter, a linked entity.
SAMPLE: dict[str, Any] = {
    "name": "Harbour",
    "description": "Ships and their calls.",
    "version": "1.0",
    "culture": "de-DE",
    "pbi:mashup": {
        "fastCombine": False,
        "allowNativeQueries": False,
        "queriesMetadata": {
            "Calls": {"queryId": "11111111-0000-4000-8000-000000000001", "queryName": "Calls", "loadEnabled": True},
            "Raw calls": {
                "queryId": "11111111-0000-4000-8000-000000000002", "queryName": "Raw calls", "queryGroupId": GROUP,
            },
            "Server": {"queryId": "11111111-0000-4000-8000-000000000003", "queryName": "Server"},
            "RangeStart": {"queryId": "11111111-0000-4000-8000-000000000004", "queryName": "RangeStart"},
            "RangeEnd": {"queryId": "11111111-0000-4000-8000-000000000005", "queryName": "RangeEnd"},
        },
        "document": 'section Section1;\r\n\r\nshared Calls = let\r\n  Kept = Table.SelectRows(#"Raw calls", each '
        "[arrived] >= RangeStart and [arrived] < RangeEnd)\r\nin\r\n  Kept;\r\n\r\n"
        'shared #"Raw calls" = Sql.Database(Server, "harbour"){[Name = "calls"]}[Data];\r\n\r\n'
        'shared Server = "db.example.org" meta [IsParameterQuery=true, Type="Text", '
        "IsParameterQueryRequired=true];\r\n\r\n"
        'shared RangeStart = #datetime(2024, 1, 1, 0, 0, 0) meta [IsParameterQuery=true, Type="DateTime"];\r\n'
        'shared RangeEnd = #datetime(2025, 1, 1, 0, 0, 0) meta [IsParameterQuery=true, Type="DateTime"];\r\n',
    },
    "annotations": [
        {
            "name": "pbi:QueryGroups",
            "value": f'[{{"id":"{GROUP}","name":"Staging","description":null,"parentId":null,"order":0}}]',
        }
    ],
    "entities": [
        {
            "$type": "LocalEntity",
            "name": "Calls",
            "description": "",
            "pbi:refreshPolicy": {
                "$type": "IncrementalRefreshPolicy", "location": "Calls.csv", "rollingWindowGranularity": "year",
                "rollingWindowPeriods": 5, "incrementalGranularity": "day", "incrementalPeriods": 10,
                "incrementalPeriodsOffset": -1, "pollingExpression": "List.Max(Calls[arrived])",
            },
            "attributes": [
                {"name": "ship", "dataType": "string"},
                {"name": "arrived", "dataType": "dateTime"},
                {"name": "tonnes", "dataType": "double"},
                {"name": "berth", "dataType": "int64"},
            ],
        },
        {"$type": "ReferenceEntity", "name": "Ships", "source": "Register", "modelId": "ws/fleet"},
    ],
    "referenceModels": [{"id": "ws/fleet", "location": "https://lake.example.org/powerbi/Lab/Fleet%20data/model.json"}],
}  # fmt: skip


def canonical(model: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two models equivalent: everything but ids, where rows lie, and how M is laid out."""
    mashup = model["pbi:mashup"]
    groups = {
        group["id"]: group["name"]
        for annotation in model["annotations"] if annotation["name"] == "pbi:QueryGroups"
        for group in json.loads(annotation["value"])
    }  # fmt: skip
    models = {each["id"]: each["location"].rsplit("/", 2)[-2] for each in model.get("referenceModels", [])}
    entities = []
    for entity in copy.deepcopy(model["entities"]):
        entity.get("pbi:refreshPolicy", {}).pop("location", None)
        if "modelId" in entity:
            entity["modelId"] = models[entity["modelId"]]
        entities.append(entity)
    return {
        "name": model["name"],
        "description": model["description"],
        "culture": model["culture"],
        "document": print_expression(parse_document(mashup["document"])),
        "queries": {
            said["queryName"]: (said.get("loadEnabled", False), groups.get(said.get("queryGroupId")))
            for said in mashup["queriesMetadata"].values()
        },
        "groups": sorted(groups.values()),
        "entities": entities,
    }


def test_a_model_becomes_a_dataflow() -> None:
    imported = import_model(SAMPLE)
    flow = imported.definition
    assert imported.notes == ()
    assert (flow.name, list(flow.queries)) == ("Harbour", ["Calls", "Raw calls", "Server", "RangeStart", "RangeEnd"])
    assert flow.settings == Settings(
        ("Calls",),
        culture="de-DE",
        description="Ships and their calls.",
        entities={
            "Calls": EntitySettings(
                "partitioned", partitions=Partitions(Periods(5, "years"), Periods(10, "days"), "arrived", True)
            )
        },
        groups={"Staging": ("Raw calls",)},
        linked={"Ships": LinkedEntity("Fleet data", "Register")},
        columns={"Calls": (("ship", "text"), ("arrived", "datetime"), ("tonnes", "number"), ("berth", "int64"))},
    )
    assert [(p.name, p.type, p.required) for p in flow.parameters()] == [
        ("Server", "Text", True),
        ("RangeStart", "DateTime", False),
        ("RangeEnd", "DateTime", False),
    ]


def test_what_was_read_is_written_equivalent() -> None:
    exported = export_model(import_model(SAMPLE).definition, {})
    assert canonical(exported.document) == canonical(SAMPLE)
    assert exported.notes == ("the rows of its tables: read them by OData",)
    again = export_model(import_model(exported.document).definition, {})
    assert again == exported, "ids, too, are the same in each export"


@given(definitions())
@settings(max_examples=60, deadline=None)
def test_any_dataflow_comes_back_equivalent(flow: DataflowDefinition) -> None:
    exported = export_model(flow, {})
    document = json.loads(json.dumps(exported.document))
    back = import_model(document).definition
    assert canonical(export_model(back, {}).document) == canonical(document)
    assert {name: text.strip() for name, text in flow.queries.items()} == back.queries
    assert (back.settings.load, back.settings.linked) == (flow.settings.load, flow.settings.linked)
    # In a group, the order is that of the document.
    assert {g: set(m) for g, m in back.settings.groups.items()} == {g: set(m) for g, m in flow.settings.groups.items()}
    for name, entity in flow.settings.entities.items():
        assert back.settings.of(name).partitions == entity.partitions


def test_what_a_dataflow_loses_is_named() -> None:
    definition = DataflowDefinition(
        "flow",
        {"a": "#table({}, {})", "b": "1"},
        Settings(
            ("a",), errors="fail", owner="ana", time_zone="Europe/Berlin", retries=0, rescore="never",
            entities={"a": EntitySettings("keyed", ("id",), errors="null", schema_changes="add")},
        ),
    )  # fmt: skip
    assert export_model(definition, {}).notes == (
        "what becomes of error cells",
        "its owner",
        "its time zone",
        "when rows are scored anew",
        "how often it is tried again",
        "the columns of 'a', which are known when it has been refreshed",
        "that 'a' is refreshed by key",
        "what becomes of error cells of 'a'",
        "what becomes of changed columns of 'a'",
        "the rows of its tables: read them by OData",
    )


def changed(**values: Any) -> dict[str, Any]:
    """The sample with other values at these places, written ``a__b__0``."""
    model = copy.deepcopy(SAMPLE)
    for path, value in values.items():
        *way, last = [int(step) if step.isdecimal() else step for step in path.split("__")]
        target: Any = model
        for step in way:
            target = target["pbi:mashup" if step == "mashup" else step]
        target[last] = value
    return model


@pytest.mark.parametrize(
    ("model", "note"),
    [
        (changed(relationships=[{"$type": "SingleKeyRelationship"}]), "'relationships'"),
        (changed(modifiedTime="2026-01-01T00:00:00Z"), "'modifiedTime'"),
        (changed(mashup__fastCombine=True), "'fastCombine' of 'pbi:mashup'"),
        (changed(mashup__connectionOverrides=[{"path": "x"}]), "'connectionOverrides' of 'pbi:mashup'"),
        (changed(mashup__queriesMetadata__Server__isHidden=True), "'isHidden' of the query 'Server'"),
        (changed(entities__0__partitions=[{"name": "p"}]), "'partitions' of the entity 'Calls'"),
        (changed(entities__0__description="Each call."), "the description of the entity 'Calls'"),
        (changed(entities__0__attributes__0__dataType="GUID"), "the type 'GUID' of the column 'ship' of 'Calls'"),
        (changed(entities__0__attributes__0__description="x"), "'description' of the column 'ship' of 'Calls'"),
        (changed(annotations__0__name="theirs"), "the annotation 'theirs'"),
        (changed(annotations__0__value="no json"), "the groups, which cannot be read"),
        (changed(annotations__0__value=f'[{{"id":"{GROUP}","name":"a","parentId":"x"}}]'),
         "that the group 'a' lies within another"),
        (changed(name="Hafen/Süd"), "the name 'Hafen/Süd': it is called 'Hafen_S_d' here"),
        (changed(mashup__queriesMetadata__Lost={"queryName": "Lost"}),
         "what is said of 'Lost', which is no query of the document"),
        (changed(entities__1={"$type": "LocalEntity", "name": "Files"}),
         "the entity 'Files', for which there is no query"),
        (changed(entities__1={"$type": "LocalEntity", "name": "Server"}),
         "the entity 'Server', whose query is not loaded"),
        (changed(entities__1__name="Server"), "the query 'Server': it is a linked entity"),
    ],
)  # fmt: skip
def test_what_a_model_loses_is_named(model: dict[str, Any], note: str) -> None:
    assert note in import_model(model).notes


@pytest.mark.parametrize(
    ("policy", "note"),
    [
        ({"$type": "AnotherPolicy"}, "the refresh policy of 'Calls', of a kind that is not known here"),
        ({"rollingWindowPeriods": "five"}, "the refresh policy of 'Calls', which does not say its periods"),
        ({"incrementalPeriodsOffset": -2}, "that periods of 'Calls' are shifted"),
        ({"incrementalPeriodsOffset": []}, "that periods of 'Calls' are shifted"),
        ({"pollingExpression": "let in"}, "how changes of 'Calls' are detected"),
        ({"pollingExpression": "Changed()"}, "how changes of 'Calls' are detected"),
        ({"mode": "hybrid"}, "'mode' of the refresh policy of 'Calls'"),
    ],
)
def test_a_policy_that_means_something_else_is_named(policy: dict[str, Any], note: str) -> None:
    stated = SAMPLE["entities"][0]["pbi:refreshPolicy"] | policy
    assert note in import_model(changed(**{"entities__0__pbi:refreshPolicy": stated})).notes


def test_another_way_to_ask_for_the_greatest_value_is_understood() -> None:
    stated = SAMPLE["entities"][0]["pbi:refreshPolicy"] | {"pollingExpression": 'List.Max(Table.Column(Calls, "x y"))'}
    imported = import_model(changed(**{"entities__0__pbi:refreshPolicy": stated}))
    partitions = imported.definition.settings.of("Calls").partitions
    assert partitions is not None
    assert (partitions.detect_changes, imported.notes) == ("x y", ())


def test_groups_within_groups_are_named_by_their_way() -> None:
    listed = [
        {"id": "a", "name": "Outer", "description": "All of it.", "parentId": None},
        {"id": GROUP, "name": "Inner", "parentId": "a"},
    ]
    imported = import_model(changed(annotations__0__value=json.dumps(listed)))
    assert imported.definition.settings.groups == {"Outer": (), "Outer/Inner": ("Raw calls",)}
    assert imported.notes == (
        "the description of the group 'Outer'",
        "that the group 'Outer/Inner' lies within another",
    )
    circle = [{"id": "a", "name": "A", "parentId": GROUP}, {"id": GROUP, "name": "B", "parentId": "a"}]
    assert import_model(changed(annotations__0__value=json.dumps(circle))).definition.settings.groups.keys() == {
        "B/A",
        "A/B",
    }


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ([], "no JSON object"),
        ({}, "'pbi:mashup' is no JSON object"),
        (changed(mashup__document=None), "holds no document"),
        (changed(mashup__document="1 + 1"), "no section document"),
        (changed(entities={}), "'entities' is no list"),
        (changed(entities__0="Calls"), "An entity is no JSON object"),
        (changed(mashup__queriesMetadata__Calls__loadEnabled=False), "None of its queries is loaded"),
        (changed(description="\x00"), "cannot be stored"),
    ],
)
def test_what_is_no_model_is_told(model: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        import_model(model)


def test_m_that_cannot_be_read_is_told_with_its_place() -> None:
    with pytest.raises(MSyntaxError) as caught:
        import_model(changed(mashup__document="section S; shared a = let in 1;"))
    assert caught.value.place.startswith("document, line 1")


JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
PLACES = (
    "name", "culture", "description", "annotations", "entities", "referenceModels", "mashup__queriesMetadata",
    "mashup__queriesMetadata__Calls", "mashup__queriesMetadata__Calls__queryGroupId", "entities__0__name",
    "entities__0__attributes", "entities__0__pbi:refreshPolicy", "entities__0__pbi:refreshPolicy__incrementalPeriods",
    "entities__0__pbi:refreshPolicy__rollingWindowGranularity", "entities__0__pbi:refreshPolicy__pollingExpression",
    "entities__1__modelId", "entities__1__source", "entities__1__$type", "annotations__0__value",
    "referenceModels__0__location", "referenceModels__0__id",
)  # fmt: skip


@given(st.sampled_from(PLACES), JSONS)
@settings(max_examples=300, deadline=None)
def test_whatever_stands_in_a_model_is_read_or_refused(place: str, value: Any) -> None:
    with suppress(UsageError, MSyntaxError):
        import_model(changed(**{place: value}))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("#table(type table [id = Int64.Type, name = nullable text], {})", [("id", "int64"), ("name", "string")]),
        ("let x = Value.ReplaceType(y, type table [a = date]), y = 1 in x", [("a", "date")]),
        ("helper", [("n", "double")]),
        ("#table({}, {})", []),
        ("let f = 1 in f", []),
    ],
)
def test_columns_are_told_by_the_text_where_it_tells(text: str, columns: list[tuple[str, str]]) -> None:
    queries = {"q": text, "helper": "#table(type table [n = number], {})"}
    exported = export_model(DataflowDefinition("flow", queries, Settings(("q",))), {})
    (entity,) = exported.document["entities"]
    assert [(a["name"], a["dataType"]) for a in entity["attributes"]] == columns
    assert any("the columns of 'q'" in note for note in exported.notes) == (not columns)


def test_published_columns_count_before_others() -> None:
    flow = DataflowDefinition("flow", {"q": "1"}, Settings(("q",), columns={"q": (("old", "text"),)}))
    exported = export_model(flow, {"q": [("when", "datetimezone"), ("parts", "list")]})
    assert exported.document["entities"][0]["attributes"] == [
        {"name": "when", "dataType": "dateTimeOffset"},
        {"name": "parts", "dataType": "unclassified"},
    ]
    assert "the type of the column 'parts' of 'q': list" in exported.notes
