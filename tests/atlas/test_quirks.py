"""What clients of Atlas do that no documentation says, one by one."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from tests.atlas.conftest import Served

Entity = dict[str, Any]


def dataset(name: str, guid: Any = None, **more: Any) -> Entity:
    made = {"typeName": "DataSet", "attributes": {"qualifiedName": f"quirk://{name}", "name": name}, **more}
    return made if guid is None else {**made, "guid": guid}


def put(http: httpx.Client, *entities: Entity, address: str = "/entity/bulk", **query: str) -> Entity:
    answer = http.post(address, params=query, json={"entities": list(entities)})
    assert answer.status_code == 200, answer.text
    found: Entity = answer.json()
    return found


@pytest.mark.parametrize("address", ["/entity/bulk/", "/entity//bulk", "/entity", "/entity/"])
def test_slashes_and_either_address(http: httpx.Client, address: str) -> None:
    """One client doubles a slash, another ends with one, one sends many entities where one belongs."""
    assert put(http, dataset("slash", -1), address=address)["guidAssignments"].keys() == {"-1"}


def test_placeholders_are_numbers_or_texts_and_told_as_texts(http: httpx.Client) -> None:
    assert put(http, dataset("a", -1), dataset("b", "-2"))["guidAssignments"].keys() == {"-1", "-2"}
    ((given, _),) = put(http, dataset("c"))["guidAssignments"].items()
    assert int(given) < 0


def test_referred_entities_are_known_by_their_keys(http: httpx.Client) -> None:
    process = {
        "typeName": "Process",
        "guid": "-1",
        "attributes": {"qualifiedName": "quirk://p", "name": "p", "inputs": [{"guid": "-7"}], "outputs": []},
    }
    body = {"entity": process, "referredEntities": {"-7": dataset("referred")}}
    guids = http.post("/entity", json=body).json()["guidAssignments"]
    found = http.get(f"/entity/guid/{guids['-1']}").json()["entity"]["attributes"]["inputs"]
    assert [each["guid"] for each in found] == [guids["-7"]]


def test_what_is_read_can_be_sent_back_and_changes_nothing(http: httpx.Client) -> None:
    said = {"labels": ["x"], "contacts": {"Owner": [{"id": "ann", "info": None}]}, "customAttributes": {"k": "v"}}
    table = dataset("table", -1, **said, relationshipAttributes={"columns": [{"guid": "-2"}]})
    column = {"typeName": "column", "guid": "-2", "attributes": {"qualifiedName": "quirk://table#c", "name": "c"}}
    guid = put(http, table, column)["guidAssignments"]["-1"]
    read = http.get(f"/entity/guid/{guid}").json()
    assert http.post("/entity", json=read).status_code == 200
    again = http.get(f"/entity/guid/{guid}").json()
    assert strip(again["entity"]) == strip(read["entity"])
    assert again["referredEntities"].keys() == read["referredEntities"].keys()


def strip(entity: Entity) -> Entity:
    return {name: value for name, value in entity.items() if name not in {"updateTime", "version", "lastModifiedTS"}}


def test_an_answer_without_entities_has_none(http: httpx.Client) -> None:
    found = http.get("/entity/bulk/uniqueAttribute/type/DataSet", params={"attr_0:qualifiedName": "quirk://no"}).json()
    assert found == {"referredEntities": {}}


def test_names_are_of_types_above_their_own_too(http: httpx.Client) -> None:
    name = {"attr:qualifiedName": "quirk://hive"}
    put(http, {**dataset("hive"), "typeName": "hive_table"})
    found = http.get("/entity/uniqueAttribute/type/DataSet", params=name).json()["entity"]
    assert found["typeName"] == "hive_table"
    assert http.get("/entity/uniqueAttribute/type/Process", params=name).json()["errorCode"] == "ATLAS-404-00-009"


def test_what_an_entity_contains_comes_with_it_or_in_short_or_not(http: httpx.Client) -> None:
    column = {"typeName": "column", "guid": "-2", "attributes": {"qualifiedName": "quirk://ext#c", "name": "c"}}
    guids = put(http, dataset("ext", -1, relationshipAttributes={"columns": [{"guid": "-2"}]}), column)
    guid, inner = (guids["guidAssignments"][each] for each in ("-1", "-2"))
    full = http.get(f"/entity/guid/{guid}").json()
    assert full["referredEntities"][inner]["relationshipAttributes"]["dataset"]["guid"] == guid
    short = http.get(f"/entity/guid/{guid}", params={"minExtInfo": "True"}).json()
    assert "relationshipAttributes" not in short["referredEntities"][inner]
    bare = http.get(f"/entity/guid/{guid}", params={"ignoreRelationships": "true"}).json()
    assert bare["referredEntities"] == {} and "relationshipAttributes" not in bare["entity"]


def test_deleting_a_table_deletes_its_columns_and_sending_it_again_brings_it_back(http: httpx.Client) -> None:
    column = {"typeName": "column", "guid": "-2", "attributes": {"qualifiedName": "quirk://del#c", "name": "c"}}
    table = dataset("del", -1, labels=["kept"], relationshipAttributes={"columns": [{"guid": "-2"}]})
    guids = put(http, table, column)["guidAssignments"]
    gone = http.delete(f"/entity/guid/{guids['-1']}").json()["mutatedEntities"]["DELETE"]
    assert {each["guid"] for each in gone} == {guids["-1"], guids["-2"]}
    assert http.get(f"/entity/guid/{guids['-1']}/header").json()["status"] == "DELETED"
    assert http.delete(f"/entity/guid/{guids['-1']}").json()["mutatedEntities"] == {}
    back = put(http, dataset("del", -1))
    assert [each["guid"] for each in back["mutatedEntities"]["CREATE"]] == [guids["-1"]]
    assert http.get(f"/entity/guid/{guids['-1']}").json()["entity"]["labels"] == ["kept"]


def test_what_is_deleted_is_in_no_lineage_and_comes_back_with_it(http: httpx.Client) -> None:
    process = {
        "typeName": "Process",
        "guid": "-3",
        "attributes": {
            "qualifiedName": "quirk://flow",
            "name": "flow",
            "inputs": [{"guid": "-1"}],
            "outputs": [{"guid": "-2"}],
        },
    }
    guids = put(http, dataset("from", -1), dataset("to", -2), process)["guidAssignments"]
    address = f"/lineage/{guids['-2']}?direction=INPUT"
    assert len(http.get(address).json()["relations"]) == 2
    http.delete(f"/entity/guid/{guids['-3']}")
    assert http.get(address).json()["relations"] == []
    put(http, {**process, "attributes": {"qualifiedName": "quirk://flow", "name": "flow"}})
    assert len(http.get(address).json()["relations"]) == 2


def test_a_level_of_depth_leads_through_a_process(http: httpx.Client) -> None:
    names = ["d0", "d1", "d2"]
    entities = [dataset(name, f"-{number + 1}") for number, name in enumerate(names)]
    for number in (0, 1):
        ends = {"inputs": [{"guid": f"-{number + 1}"}], "outputs": [{"guid": f"-{number + 2}"}]}
        attributes = {"qualifiedName": f"quirk://depth{number}", "name": f"p{number}", **ends}
        entities.append({"typeName": "Process", "guid": f"-{number + 11}", "attributes": attributes})
    guids = put(http, *entities)["guidAssignments"]
    for depth, edges in ((1, 2), (2, 4), (-1, 4)):
        found = http.get(f"/lineage/{guids['-1']}", params={"direction": "OUTPUT", "depth": depth}).json()
        assert len(found["relations"]) == edges
    assert found["widthCounts"] == {"OUTPUT": {guid: 0 if guid == guids["-3"] else 1 for guid in guids.values()}}
    shown = {each["relationshipId"] for each in found["relations"]}
    assert all(http.get(f"/relationship/guid/{guid}").status_code == 200 for guid in shown)


def test_a_wide_fan_out_comes_in_pages(http: httpx.Client) -> None:
    outputs = [dataset(f"wide{number}", f"-{number + 2}") for number in range(25)]
    ends = {"inputs": [], "outputs": [{"guid": each["guid"]} for each in outputs]}
    process = {
        "typeName": "Process",
        "guid": "-1",
        "attributes": {"qualifiedName": "quirk://wide", "name": "w", **ends},
    }
    guids = put(http, process, *outputs)["guidAssignments"]
    seen: list[str] = []
    for offset in range(0, 30, 10):
        query: dict[str, str | int] = {"direction": "OUTPUT", "offset": offset, "limit": 10}
        page = http.get(f"/lineage/{guids['-1']}/next", params=query).json()
        assert page["childrenCount"] == 25
        seen += [each["toEntityId"] for each in page["relations"]]
    assert sorted(seen) == sorted(guids[each["guid"]] for each in outputs)
    few = http.get(f"/lineage/{guids['-1']}", params={"width": 3}).json()
    assert len(few["relations"]) == 3 and few["widthCounts"]["OUTPUT"][guids["-1"]] == 25


@pytest.mark.parametrize(("behaviour", "after"), [("ignore", "1"), ("merge", "12"), ("replace", "2"), ("", "12")])
def test_business_attributes_of_an_update(http: httpx.Client, behaviour: str, after: str) -> None:
    name = f"business {behaviour}"
    guid = put(http, dataset(name, -1, businessAttributes={"g": {"1": "x"}}))["guidAssignments"]["-1"]
    query = {"businessAttributeUpdateBehavior": behaviour} if behaviour else {}
    put(http, dataset(name, -1, businessAttributes={"g": {"2": "x"}}), **query)
    found = http.get(f"/entity/guid/{guid}").json()["entity"]["businessAttributes"]
    assert "".join(sorted(found["g"])) == after


@pytest.mark.parametrize(
    ("method", "address", "body", "status", "code"),
    [
        ("GET", "/entity/guid/nothing", None, 404, "ATLAS-404-00-005"),
        ("GET", "/entity/uniqueAttribute/type/DataSet", None, 400, "ATLAS-400-00-029"),
        ("POST", "/entity", b"{", 400, "ATLAS-400-00-029"),
        ("POST", "/entity", b"", 400, "ATLAS-400-00-029"),
        ("POST", "/entity", b'{"entity": {"typeName": "nonsense", "attributes": {}}}', 400, "ATLAS-400-00-029"),
        ("POST", "/entity", b'{"entity": 5}', 400, "ATLAS-400-00-029"),
        ("GET", "/types/typedef/name/nonsense", None, 404, "ATLAS-404-00-001"),
        ("GET", "/types/typedef/guid/nonsense", None, 404, "ATLAS-404-00-002"),
        ("GET", "/types/nonsensedef/name/DataSet", None, 404, "ATLAS-404-00-00B"),
        ("GET", "/relationship/guid/nonsense", None, 404, "ATLAS-404-00-00C"),
        ("GET", "/lineage/nothing?depth=many", None, 422, "ATLAS-400-00-029"),
        ("GET", "/lineage/nothing?direction=UP", None, 400, "ATLAS-400-00-029"),
        ("GET", "/nothing", None, 404, "ATLAS-404-00-00B"),
        ("PATCH", "/entity", None, 405, "ATLAS-405-00-001"),
    ],
)
def test_errors_are_atlas_s(
    http: httpx.Client, method: str, address: str, body: bytes | None, status: int, code: str
) -> None:
    answer = http.request(method, address, content=body)
    found = answer.json()
    assert (answer.status_code, found["errorCode"]) == (status, code)
    assert found.keys() == {"requestId", "errorCode", "errorMessage"} and found["errorMessage"]


def test_who_is_not_known_is_told_as_atlas_tells_it(served: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic bm9uZTpub25l"}):
        answer = httpx.get(f"{served.atlas}/types/typedefs", headers=headers, trust_env=False, timeout=30)
        assert (answer.status_code, answer.json()["errorCode"]) == (401, "ATLAS-401-00-001")
        assert answer.headers["www-authenticate"].startswith("Basic")


def test_administration_lies_above_the_version_too(served: Served) -> None:
    for root in ("/api/atlas", "/api/atlas/v2", "/datamap/api/atlas/v2"):
        with served.client(root=root) as client:
            assert client.get("/admin/version").json()["Name"] == "headwater"
            assert client.get("/admin/status").json() == {"Status": "ACTIVE"}


def test_a_well_known_type_gives_way_to_one_s_own_and_comes_back(http: httpx.Client) -> None:
    known = http.get("/types/entitydef/name/spark_application").json()
    own = {
        "name": "spark_application",
        "superTypes": ["Process"],
        "attributeDefs": [{"name": "mine", "typeName": "int"}],
    }
    made = http.post("/types/typedefs", json={"entityDefs": [own]}).json()["entityDefs"][0]
    assert made["guid"] == known["guid"] and [each["name"] for each in made["attributeDefs"]] == ["mine"]
    assert http.delete("/types/typedef/name/spark_application").status_code == 204
    assert http.get("/types/entitydef/name/spark_application").json() == known
    assert http.delete("/types/typedef/name/spark_application").status_code == 409


@pytest.mark.parametrize(
    "definition",
    [
        {"entityDefs": [{"name": "wrong", "superTypes": ["nonsense"]}]},
        {"entityDefs": [{"name": "wrong", "superTypes": ["wrong"]}]},
        {"entityDefs": [{"name": "wrong", "attributeDefs": [{"name": "a", "typeName": "array<nonsense>"}]}]},
        {"entityDefs": [{"name": "wrong", "attributeDefs": [{}]}]},
        {"entityDefs": [{"name": "wrong"}, {"superTypes": []}]},
        {"relationshipDefs": [{"name": "wrong", "endDef1": {"type": "DataSet", "name": "a"}}]},
        {},
        [],
    ],
)
def test_a_type_that_is_wrong_is_not_defined(http: httpx.Client, definition: Any) -> None:
    answer = http.post("/types/typedefs", content=orjson.dumps(definition))
    assert answer.status_code == 400, answer.text
    assert http.get("/types/typedef/name/wrong").status_code == 404


def test_an_entity_is_renamed_by_its_guid_and_found_by_its_old_name(http: httpx.Client) -> None:
    guid = put(http, dataset("old", -1), dataset("taken", -2))["guidAssignments"]["-1"]
    put(http, dataset("new", guid))
    for name in ("new", "old"):
        found = http.get("/entity/uniqueAttribute/type/DataSet", params={"attr:qualifiedName": f"quirk://{name}"})
        assert found.json()["entity"]["guid"] == guid
    assert found.json()["entity"]["attributes"]["qualifiedName"] == "quirk://new"
    assert http.post("/entity", json={"entity": dataset("taken", guid)}).status_code == 409
    put(http, dataset("old", guid))
    assert http.get(f"/entity/guid/{guid}").json()["entity"]["attributes"]["qualifiedName"] == "quirk://old"


def test_references_that_a_type_declares_as_values_are_resolved(http: httpx.Client) -> None:
    own = {
        "name": "quirk_book",
        "superTypes": ["DataSet"],
        "attributeDefs": [{"name": "sheets", "typeName": "array<DataSet>", "cardinality": "SET"}],
    }
    assert http.post("/types/typedefs", json={"entityDefs": [own]}).status_code == 200
    book = {**dataset("book", -1), "typeName": "quirk_book"}
    book["attributes"]["sheets"] = [{"guid": "-2", "typeName": "DataSet"}]
    guids = put(http, book, dataset("sheet", -2))["guidAssignments"]
    found = http.get(f"/entity/guid/{guids['-1']}").json()["entity"]["attributes"]["sheets"]
    assert found == [{"guid": guids["-2"], "typeName": "DataSet"}]
