"""What pyapacheatlas's documentation shows, done against a started server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyapacheatlas.auth import BasicAuthentication
from pyapacheatlas.core import (
    AtlasClassification,
    AtlasClient,
    AtlasEntity,
    AtlasProcess,
    EntityTypeDef,
    RelationshipTypeDef,
)
from pyapacheatlas.core.typedef import (
    AtlasAttributeDef,
    ChildEndDef,
    ClassificationTypeDef,
    ParentEndDef,
    TypeCategory,
)
from pyapacheatlas.core.util import AtlasException, GuidTracker
from pyapacheatlas.readers import ExcelConfiguration, ExcelReader
from tests.atlas.conftest import Served


@pytest.fixture(params=["/datamap/api/atlas/v2", "/catalog/api/atlas/v2", "/api/atlas/v2"])
def root(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(served: Served) -> Any:
    return client_of(served, "/datamap/api/atlas/v2")


def client_of(served: Served, root: str) -> Any:
    return AtlasClient(served.url + root, BasicAuthentication("anybody", served.token))


def test_entities_are_uploaded_with_lineage_and_read_again(served: Served, root: str) -> None:
    client, name = client_of(served, root), f"pyapacheatlas://{root}"
    guids = GuidTracker()
    first = AtlasEntity("in", "DataSet", f"{name}/in", guids.get_guid())
    second = AtlasEntity("out", "DataSet", f"{name}/out", guids.get_guid())
    process = AtlasProcess("job", "Process", f"{name}/job", [first], [second], guids.get_guid())
    results = client.upload_entities([first, second, process])
    assert {each["typeName"] for each in results["mutatedEntities"]["CREATE"]} == {"DataSet", "Process"}
    assert set(results["guidAssignments"]) == {"-1001", "-1002", "-1003"}
    guid = results["guidAssignments"]["-1003"]
    (found,) = client.get_entity(guid=guid)["entities"]
    assert [each["displayText"] for each in found["attributes"]["inputs"]] == ["in"]
    assert client.get_single_entity(guid=guid)["entity"] == found
    names = [f"{name}/in", f"{name}/nowhere", f"{name}/out"]
    listed = client.get_entity(qualifiedName=names, typeName="DataSet")
    assert [each["attributes"]["name"] for each in listed["entities"]] == ["in", "out"]
    assert "entities" not in client.get_entity(qualifiedName="nowhere", typeName="DataSet")
    lineage = client.get_entity_lineage(results["guidAssignments"]["-1001"], direction="OUTPUT")
    assert len(lineage["guidEntityMap"]) == 3 and len(lineage["relations"]) == 2
    assert client.get_entity_header(guid)["displayText"] == "job"


def test_a_process_is_uploaded_with_null_and_no_inputs(client: Any) -> None:
    inputs = [AtlasEntity("a", "DataSet", "keep://a", guid="-1")]
    process = AtlasProcess("p", "Process", "keep://p", inputs, [], guid="-2")
    client.upload_entities([*inputs, process])
    for kept, count in ((None, 1), ([], 0)):
        client.upload_entities([AtlasProcess("p", "Process", "keep://p", kept, kept, guid="-2")])
        (found,) = client.get_entity(qualifiedName="keep://p", typeName="Process")["entities"]
        assert len(found["attributes"]["inputs"]) == count


def test_entities_are_updated_in_part(client: Any) -> None:
    entity = AtlasEntity("a", "DataSet", "part://a", guid="-1", attributes={"owner": "ann"})
    guid = client.upload_entities(entity)["guidAssignments"]["-1"]
    client.partial_update_entity(guid=guid, attributes={"description": "one"})
    client.partial_update_entity(typeName="DataSet", qualifiedName="part://a", attributes={"owner": "ben"})
    found = client.get_single_entity(guid)["entity"]["attributes"]
    assert (found["description"], found["owner"], found["name"]) == ("one", "ben", "a")


def test_entities_are_deleted(client: Any) -> None:
    made = client.upload_entities([AtlasEntity(n, "DataSet", f"gone://{n}", guid=f"-{n}") for n in ("1", "2", "3")])
    guids = made["guidAssignments"]
    gone = client.delete_entity(guid=[guids["-1"], guids["-2"]])
    assert [each["guid"] for each in gone["mutatedEntities"]["DELETE"]] == [guids["-1"], guids["-2"]]
    client.delete_entity(qualifiedName="gone://3", typeName="DataSet")
    assert "entities" not in client.get_entity(qualifiedName=["gone://1", "gone://3"], typeName="DataSet")
    assert client.get_single_entity(guids["-1"])["entity"]["status"] == "DELETED"
    again = client.upload_entities(AtlasEntity("1", "DataSet", "gone://1", guid="-9"))
    assert again["guidAssignments"]["-9"] == guids["-1"] and "CREATE" in again["mutatedEntities"]


def test_many_guids_fit_into_an_address(client: Any) -> None:
    batch = [AtlasEntity(str(n), "DataSet", f"many://{n}", guid=f"-{n + 1}") for n in range(1000)]
    answers = client.upload_entities(batch, batch_size=500)
    guids = [guid for answer in answers for guid in answer["guidAssignments"].values()]
    assert len(client.get_entity(guid=guids, ignoreRelationships=True)["entities"]) == len(guids) == 1000
    assert len(client.delete_entity(guid=guids)["mutatedEntities"]["DELETE"]) == 1000


def test_types_are_defined_changed_and_deleted(client: Any) -> None:
    attribute = AtlasAttributeDef("colour", typeName="string", isOptional=False)
    table = EntityTypeDef("py_table", superTypes=["DataSet"], attributeDefs=[attribute])
    column = EntityTypeDef("py_column", superTypes=["DataSet"])
    related = RelationshipTypeDef(
        "py_table_columns",
        relationshipCategory="COMPOSITION",
        endDef1=ParentEndDef("py_columns", "py_table"),
        endDef2=ChildEndDef("py_table", "py_column"),
    )
    made = client.upload_typedefs(entityDefs=[table, column], relationshipDefs=[related])
    assert [each["name"] for each in made["entityDefs"]] == ["py_table", "py_column"]
    with pytest.raises(AtlasException, match="ATLAS-409-00-001"):
        client.upload_typedefs(entityDefs=[table])
    table.addAttributeDef(AtlasAttributeDef("size", typeName="int"))
    changed = client.upload_typedefs(entityDefs=[table], force_update=True)
    assert changed["entityDefs"][0]["version"] == 2
    shown = client.get_typedef(TypeCategory.ENTITY, name="py_table")
    assert [each["name"] for each in shown["attributeDefs"]] == ["colour", "size"]
    assert "py_columns" in {each["name"] for each in shown["relationshipAttributeDefs"]}
    assert client.get_typedef(guid=shown["guid"])["name"] == "py_table"
    assert "py_table" in client.get_typedef(name="DataSet")["subTypes"]
    assert {"entityDefs", "relationshipDefs"} <= client.get_all_typedefs().keys()
    with pytest.raises(AtlasException, match="no 'colour'"):
        client.upload_entities(AtlasEntity("t", "py_table", "py://t", guid="-1"))
    t = AtlasEntity("t", "py_table", "py://t", guid="-1", attributes={"colour": "red"})
    c = AtlasEntity("c", "py_column", "py://t#c", guid="-2")
    c.addRelationship(py_table=t)
    client.upload_entities([t, c])
    found = client.get_entity(qualifiedName="py://t", typeName="py_table")
    assert [each["displayText"] for each in found["entities"][0]["relationshipAttributes"]["py_columns"]] == ["c"]
    assert [each["attributes"]["name"] for each in found["referredEntities"].values()] == ["c"]
    with pytest.raises(AtlasException, match="ATLAS-409-00-002"):
        client.delete_type("py_column")
    gone = client.delete_entity(qualifiedName="py://t", typeName="py_table")["mutatedEntities"]["DELETE"]
    assert {each["typeName"] for each in gone} == {"py_table", "py_column"}
    client.delete_typedefs(entityDefs=[table, column], relationshipDefs=[related])
    with pytest.raises(AtlasException, match="ATLAS-404-00-001"):
        client.get_typedef(name="py_table")


def test_entities_are_classified(client: Any) -> None:
    client.upload_typedefs(classificationDefs=[ClassificationTypeDef("py_secret")])
    made = client.upload_entities([AtlasEntity(n, "DataSet", f"class://{n}", guid=f"-{n}") for n in ("1", "2")])
    one, two = (made["guidAssignments"][each] for each in ("-1", "-2"))
    client.classify_bulk_entities([one, two], AtlasClassification("py_secret"))
    with pytest.raises(AtlasException):
        client.classify_entity(one, AtlasClassification("py_secret"))
    done = client.classify_entity(
        one, [AtlasClassification("py_secret"), AtlasClassification("py_other")], force_update=True
    )
    assert "py_other" in json.dumps(done)
    names = [each["typeName"] for each in client.get_entity_classifications(one)["list"]]
    assert names == ["py_other", "py_secret"]
    assert client.get_entity_classification(one, "py_secret")["entityGuid"] == one
    client.declassify_entity(one, "py_secret")
    with pytest.raises(AtlasException):
        client.get_entity_classification(one, "py_secret")
    with pytest.raises(AtlasException, match="ATLAS-409-00-002"):
        client.delete_type("py_secret")


def test_entities_are_labelled(client: Any) -> None:
    guid = client.upload_entities(AtlasEntity("a", "DataSet", "label://a", guid="-1"))["guidAssignments"]["-1"]
    client.update_entity_labels(["x", "y"], guid=guid)
    client.update_entity_labels(["z"], typeName="DataSet", qualifiedName="label://a")
    client.delete_entity_labels(["x"], guid=guid)
    assert client.get_single_entity(guid)["entity"]["labels"] == ["y", "z"]
    client.update_entity_labels(["only"], guid=guid, force_update=True)
    assert client.get_single_entity(guid)["entity"]["labels"] == ["only"]


def test_business_attributes_are_set_and_removed(client: Any) -> None:
    attributes = [{"name": each, "typeName": "string", "isOptional": True} for each in ("code", "critical")]
    client.upload_typedefs(businessMetadataDefs=[{"name": "operations", "attributeDefs": attributes}])
    guid = client.upload_entities(AtlasEntity("a", "DataSet", "business://a", guid="-1"))["guidAssignments"]["-1"]
    client.update_businessMetadata(guid, {"operations": {"code": "123", "critical": "low"}})
    client.delete_businessMetadata(guid, {"operations": {"critical": ""}})
    assert client.get_single_entity(guid)["entity"]["businessAttributes"] == {"operations": {"code": "123"}}
    with pytest.raises(AtlasException, match="no attribute 'nonsense'"):
        client.update_businessMetadata(guid, {"operations": {"nonsense": "1"}})
    client.update_businessMetadata(guid, {"other": {"a": "1"}}, force_update=True)
    assert client.get_single_entity(guid)["entity"]["businessAttributes"] == {"other": {"a": "1"}}


def test_relationships_are_uploaded_and_deleted(client: Any) -> None:
    made = client.upload_entities(
        [AtlasEntity("t", "hive_table", "rel://t", guid="-1"), AtlasEntity("c", "hive_column", "rel://c", guid="-2")]
    )
    table, column = (made["guidAssignments"][each] for each in ("-1", "-2"))
    relationship = {
        "typeName": "hive_table_columns",
        "attributes": {},
        "guid": -100,
        "end1": {"guid": table},
        "end2": {"guid": column},
    }
    uploaded = client.upload_relationship(relationship)
    found = client.get_relationship(uploaded["guid"])["relationship"]
    assert (found["end1"]["guid"], found["end2"]["guid"]) == (table, column)
    (shown,) = client.get_single_entity(table)["entity"]["relationshipAttributes"]["columns"]
    assert shown["relationshipGuid"] == uploaded["guid"]
    client.delete_relationship(uploaded["guid"])
    with pytest.raises(AtlasException, match="ATLAS-404-00-00C"):
        client.get_relationship(uploaded["guid"])


def test_a_spreadsheet_of_entities_and_lineage_is_uploaded(client: Any, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    file = tmp_path / "template.xlsx"
    reader = ExcelReader(ExcelConfiguration())
    reader.make_template(str(file))
    book = load_workbook(file)
    book["BulkEntities"].append(["DataSet", "x1", "excel://x1"])
    book["BulkEntities"].append(["DataSet", "x2", "excel://x2"])
    lineage = book["UpdateLineage"]
    lineage.append(["DataSet", "excel://x2", "DataSet", "excel://x1", "job", "excel://job", "Process"])
    book.save(file)
    client.upload_entities(reader.parse_bulk_entities(str(file)))
    client.upload_entities(reader.parse_update_lineage(str(file)))
    (found,) = client.get_entity(qualifiedName="excel://job", typeName="Process")["entities"]
    assert [each["displayText"] for each in found["attributes"]["outputs"]] == ["x2"]
