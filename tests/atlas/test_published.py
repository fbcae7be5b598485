"""The published examples of Purview's data map, asked as published; guids are those of this server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from tests.atlas.conftest import Served
from tests.atlas.published import Example, example

from headwater.access import SYSTEM

ACCOUNT = "https://exampleaccount.core.windows.net"


def account(http: httpx.Client, name: str = ACCOUNT, **more: Any) -> str:
    """A new storage account, without anything that was said of it before."""
    attributes = {"qualifiedName": name, "name": "ExampleStorageAccount"}
    entity = {"typeName": "azure_storage_account", "guid": "-1", "attributes": attributes, "labels": [], **more}
    guid: str = http.post("/entity", json={"entity": entity}).json()["guidAssignments"]["-1"]
    for each in http.get(f"/entity/guid/{guid}/classifications").json()["list"]:
        http.delete(f"/entity/guid/{guid}/classification/{each['typeName']}")
    return guid


def check(answer: httpx.Response, wanted: Example) -> Any:
    """The answer has the status of the example, and whatever keys its body has."""
    assert answer.status_code == wanted.status, answer.text
    if wanted.answer is None or not isinstance(wanted.answer, Mapping):
        return answer.json() if answer.content and wanted.answer else None
    found = answer.json()
    assert wanted.answer.keys() <= found.keys() | {"entities"}, answer.text
    return found


@pytest.mark.parametrize("name", ["Entity_Create", "Entity_Update", "Entity_AddCustomAttribute"])
def test_one_entity_is_written(http: httpx.Client, name: str) -> None:
    wanted = example(name)
    found = check(http.post("/entity", params={"api-version": "2023-09-01"}, json=wanted.body), wanted)
    (guid,) = found["guidAssignments"].values()
    entity = http.get(f"/entity/guid/{guid}").json()["entity"]
    sent = wanted.body["entity"]
    assert sent["attributes"].items() <= entity["attributes"].items()
    for said in ("contacts", "customAttributes"):
        if said in sent:
            assert entity[said] == sent[said]


@pytest.mark.parametrize("name", ["Entity_BulkCreateOrUpdate", "Entity_CreateOrUpdateWithRichText"])
def test_entities_are_written(http: httpx.Client, name: str) -> None:
    wanted = example(name)
    address = "/entity/bulk" if "entities" in wanted.body else "/entity"
    check(http.post(address, json=wanted.body), wanted)


def test_entities_are_read(http: httpx.Client) -> None:
    guid = account(http)
    for name, address in (("Entity_Get", ""), ("Entity_GetHeader", "/header")):
        wanted = example(name)
        check(http.get(f"/entity/guid/{guid}{address}", params={"minExtInfo": True}), wanted)
    check(http.get("/entity/bulk", params={"guid": [guid]}), example("Entity_ListByGuids"))
    wanted = example("Entity_ListByUniqueAttributes")
    query = {"attr_N:qualifiedName": ACCOUNT, "minExtInfo": "true"}
    found = check(http.get("/entity/bulk/uniqueAttribute/type/azure_storage_account", params=query), wanted)
    assert [each["guid"] for each in found["entities"]] == [guid]
    wanted = example("Entity_GetByUniqueAttributes")
    check(http.get(f"/entity/uniqueAttribute/type/azure_storage_account?attr:qualifiedName={ACCOUNT}"), wanted)


def test_entities_are_changed_and_deleted(http: httpx.Client) -> None:
    guid = account(http)
    by_name = f"/entity/uniqueAttribute/type/azure_storage_account?attr:qualifiedName={ACCOUNT}"
    wanted = example("Entity_PartialUpdateAttributeByGuid")
    found = check(http.put(f"/entity/guid/{guid}", params={"name": "name"}, json=wanted.body), wanted)
    assert found["partialUpdatedEntities"][0]["guid"] == guid
    wanted = example("Entity_PartialUpdateByUniqueAttributes")
    found = check(http.put(by_name, json=wanted.body), wanted)
    assert found["mutatedEntities"]["PARTIAL_UPDATE"][0]["guid"] == guid
    check(http.delete(by_name), example("Entity_DeleteByUniqueAttribute"))
    check(http.delete(f"/entity/guid/{account(http)}"), example("Entity_Delete"))
    check(http.delete("/entity/bulk", params={"guid": [account(http)]}), example("Entity_BulkDelete"))


def test_entities_are_moved(served: Served, http: httpx.Client) -> None:
    wanted = example("Entity_MoveEntitiesToCollection")
    collection = wanted.parameters["collectionId"]
    served.app.collections.add(SYSTEM, collection)
    guids = [account(http, "exampleaccount"), account(http, "exampleaccount2")]
    with served.client(root="/datamap/api") as client:
        answer = client.post("/entity/moveTo", params={"collectionId": collection}, json={"entityGuids": guids})
    check(answer, wanted)


def test_entities_are_classified(http: httpx.Client) -> None:
    guid, other = account(http), account(http, "https://exampleaccount2.core.windows.net")
    wanted = example("Entity_AddClassificationToEntityByGuids")
    body = {**wanted.body, "entityGuids": [guid, other]}
    check(http.post("/entity/bulk/classification", json=body), wanted)
    guid = account(http)
    for name in ("Entity_AddClassifications", "Entity_GetClassifications"):
        wanted = example(name)
        address = f"/entity/guid/{guid}/classifications"
        check(http.get(address) if wanted.body is None else http.post(address, json=wanted.body), wanted)
    wanted = example("Entity_UpdateClassifications")
    guid = account(http, classifications=[{"typeName": each["typeName"]} for each in wanted.body])
    guid_of_it = f"/entity/guid/{guid}"
    http.post(f"{guid_of_it}/classifications", json=[{"typeName": each["typeName"]} for each in wanted.body])
    check(http.put(f"{guid_of_it}/classifications", json=wanted.body), wanted)
    name = wanted.body[0]["typeName"]
    check(http.get(f"{guid_of_it}/classification/{name}"), example("Entity_GetClassification"))
    check(http.delete(f"{guid_of_it}/classification/{name}"), example("Entity_RemoveClassification"))


def test_entities_are_classified_by_name(http: httpx.Client) -> None:
    account(http)
    of = "/entity/uniqueAttribute/type/azure_storage_account"
    query = {"attr:qualifiedName": ACCOUNT}
    wanted = example("Entity_AddClassificationsByUniqueAttribute")
    check(http.post(f"{of}/classifications", params=query, json=wanted.body), wanted)
    wanted = example("Entity_UpdateClassificationsByUniqueAttribute")
    names = {each["typeName"] for each in wanted.body}
    guid = account(http)
    http.post(f"/entity/guid/{guid}/classifications", json=[{"typeName": name} for name in names])
    check(http.put(f"{of}/classifications", params=query, json=wanted.body), wanted)
    wanted = example("Entity_RemoveClassificationByUniqueAttribute")
    check(http.delete(f"{of}/classification/{min(names)}", params=query), wanted)


def test_classifications_of_many_are_set(http: httpx.Client) -> None:
    wanted = example("Entity_BulkSetClassifications")
    headers = {
        account(http, header["attributes"]["qualifiedName"]): header for header in wanted.body["guidHeaderMap"].values()
    }
    answer = http.post("/entity/bulk/setClassifications", json={"guidHeaderMap": headers})
    assert answer.status_code == wanted.status and len(answer.json()) == len(wanted.answer)


@pytest.mark.parametrize(("name", "method"), [("SetLabels", "POST"), ("AddLabel", "PUT"), ("RemoveLabels", "DELETE")])
def test_entities_are_labelled(http: httpx.Client, name: str, method: str) -> None:
    wanted = example(f"Entity_{name}")
    check(http.request(method, f"/entity/guid/{account(http)}/labels", json=wanted.body), wanted)
    wanted = example(f"Entity_{name.replace('Label', 'Labels').replace('ss', 's')}ByUniqueAttribute")
    address = f"/entity/uniqueAttribute/type/azure_storage_account/labels?attr:qualifiedName={ACCOUNT}"
    check(http.request(method, address, json=wanted.body), wanted)


def test_business_attributes_are_set_and_removed(http: httpx.Client) -> None:
    guid = account(http)
    groups, of_group = f"/entity/guid/{guid}/businessmetadata", f"/entity/guid/{guid}/businessmetadata/myBizMetaData1"
    for name, method, address in (
        ("AddOrUpdate_BusinessMetadata", "POST", groups),
        ("AddOrUpdate_BusinessAttribute", "POST", of_group),
        ("RemoveBusinessAttribute", "DELETE", of_group),
        ("RemoveBusinessMetadata", "DELETE", groups),
    ):
        wanted = example(f"Entity_{name}")
        check(http.request(method, address, json=wanted.body), wanted)
    wanted = example("Entity_GetSampleBusinessMetadataTemplate")
    assert http.get("/entity/businessmetadata/import/template").text == wanted.answer


def test_lineage_is_read(served: Served, http: httpx.Client) -> None:
    guid = account(http, "https://lineage.core.windows.net")
    wanted = example("Lineage_Get")
    query = {name: wanted.parameters[name] for name in ("direction", "depth", "width")}
    found = check(http.get(f"/lineage/{guid}", params=query), wanted)
    assert (found["relations"], found["baseEntityGuid"]) == ([], guid)
    wanted = example("Lineage_GetByUniqueAttribute")
    query = {"direction": "BOTH", "depth": "2", "width": "2", "attr:qualifiedName": "https://lineage.core.windows.net"}
    found = check(http.get("/lineage/uniqueAttribute/type/azure_storage_account", params=query), wanted)
    assert found["widthCounts"] == {"INPUT": {guid: 0}, "OUTPUT": {guid: 0}}
    wanted = example("Lineage_GetNextPage")
    query = {name: wanted.parameters[name] for name in ("direction", "offset", "limit", "api-version")}
    with served.client(root="/datamap/api") as client:
        check(client.get(f"/lineage/{guid}/next", params=query), wanted)


def test_types_are_written(http: httpx.Client) -> None:
    for name, method in (
        ("Type_BulkCreate", "POST"),
        ("Type_BulkUpdate", "PUT"),
        ("Type_BulkCreateBusinessMetadataDefs", "POST"),
        ("Type_BulkDelete", "DELETE"),
    ):
        wanted = example(name)
        check(http.request(method, "/types/typedefs", json=wanted.body), wanted)
    wanted = example("Type_BulkCreate")
    http.post("/types/typedefs", json=wanted.body)
    check(http.delete(f"/types/typedef/name/{wanted.body['entityDefs'][0]['name']}"), example("Type_Delete"))
    http.delete("/types/typedef/name/myBizMetadata1")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Type_GetEntityDefBy", "entitydef"),
        ("Type_GetClassificationDefBy", "classificationdef"),
        ("Type_GetEnumDefBy", "enumdef"),
        ("Type_GetRelationshipDefBy", "relationshipdef"),
        ("Type_GetBy", "typedef"),
    ],
)
def test_types_are_read(http: httpx.Client, name: str, kind: str) -> None:
    wanted = example(f"{name}Name")
    found = check(http.get(f"/types/{kind}/name/{wanted.parameters['name']}"), wanted)
    assert found["category"] == wanted.answer["category"]
    check(http.get(f"/types/{kind}/guid/{found['guid']}"), example(f"{name}Guid"))


def test_types_are_listed(http: httpx.Client) -> None:
    check(http.get("/types/typedefs", params={"type": "ENUM"}), example("Type_ListEnumDefs"))
    answer = http.get("/types/typedefs/headers", params={"includeTermTemplate": "true"})
    assert answer.status_code == 200 and {"guid", "name", "category"} == answer.json()[0].keys()
