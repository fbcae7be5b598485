"""What azure-purview-datamap's documentation shows, done against a started server."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import HeadersPolicy
from azure.purview.datamap import DataMapClient
from tests.atlas.conftest import Served

from headwater.access import SYSTEM

Entity = dict[str, Any]


class Token:
    """A credential that has its token already."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)


@pytest.fixture
def client(served: Served) -> Iterator[Any]:
    # The client sends its token by https only, unless it is told at each call; this header is what it would send.
    policy = HeadersPolicy({"Authorization": f"Bearer {served.token}"})
    with DataMapClient(served.url, Token(served.token), authentication_policy=policy) as client:
        yield client


def account(name: str, **more: Any) -> Entity:
    attributes = {"qualifiedName": f"https://{name}.core.windows.net", "name": name, "createTime": 0}
    return {"typeName": "azure_storage_account", "attributes": attributes, "status": "ACTIVE", **more}


def create(client: Any, *entities: Entity, **options: Any) -> list[str]:
    client.entity.batch_create_or_update({"referredEntities": {}, "entities": list(entities)}, **options)
    return [find(client, each)["guid"] for each in entities]


def find(client: Any, entity: Entity) -> Entity:
    options = {"attribute": entity["attributes"]["qualifiedName"]}
    found: Entity = client.entity.get_by_unique_attribute(entity["typeName"], **options)["entity"]
    return found


def test_entities(client: Any) -> None:
    contacts = {"Expert": [{"id": "ann", "info": "knows it"}], "Owner": [{"id": "ben", "info": "owns it"}]}
    made = client.entity.create_or_update({"referredEntities": {}, "entity": account("one", contacts=contacts)})
    ((given, guid),) = made["guidAssignments"].items()
    assert int(given) < 0 and made["mutatedEntities"]["CREATE"][0]["guid"] == guid
    found = client.entity.get(guid)["entity"]
    assert found["contacts"]["Owner"] == [{"id": "ben", "info": "owns it"}]
    assert found["lastModifiedTS"] == "1" and found["attributes"]["publicAccessLevel"] is None
    assert [each["guid"] for each in client.entity.get_by_ids(guid=[guid])["entities"]] == [guid]
    assert client.entity.get_header(guid)["displayText"] == "one"
    client.entity.update_attribute_by_id(guid, '"hot"', name="accountType", content_type="application/json")
    changed = account("one") | {"guid": guid}
    changed["attributes"] |= {"owner": "cat"}
    options = {"attribute": changed["attributes"]["qualifiedName"]}
    answer = client.entity.update_by_unique_attribute("azure_storage_account", {"entity": changed}, **options)
    assert answer["partialUpdatedEntities"][0]["guid"] == guid
    assert client.entity.get(guid)["entity"]["attributes"]["owner"] == "cat"
    assert client.entity.delete(guid)["mutatedEntities"]["DELETE"][0]["guid"] == guid
    with pytest.raises(ResourceNotFoundError, match="ATLAS-404-00-009"):
        find(client, account("one"))


def test_entities_in_batches_by_name(client: Any) -> None:
    guids = create(client, account("b1"), account("b2"))
    options = {"attr_n_qualified_name": account("b1")["attributes"]["qualifiedName"]}
    found = client.entity.batch_get_by_unique_attributes("azure_storage_account", **options)["entities"]
    assert [each["guid"] for each in found] == [guids[0]]
    assert len(client.entity.batch_delete(guid=guids)["mutatedEntities"]["DELETE"]) == 2


def test_classifications_labels_and_business_attributes(client: Any) -> None:
    one, two = create(client, account("c1"), account("c2"))
    client.entity.add_classification({"classification": {"typeName": "PII"}, "entityGuids": [one, two]})
    client.entity.add_classifications(one, [{"typeName": "Secret"}])
    client.entity.update_classifications(one, [{"typeName": "Secret", "attributes": {"level": 2}}])
    assert client.entity.get_classification(one, "Secret")["attributes"] == {"level": 2}
    assert client.entity.get_classifications(one)["totalCount"] == 2
    client.entity.remove_classification(one, "Secret")
    name = {"attribute": account("c2")["attributes"]["qualifiedName"]}
    of = "azure_storage_account"
    client.entity.add_classifications_by_unique_attribute(of, [{"typeName": "Secret"}], **name)
    client.entity.update_classifications_unique_by_attribute(of, [{"typeName": "Secret"}], **name)
    client.entity.remove_classification_by_unique_attribute(of, "Secret", **name)
    headers = {one: {"typeName": of, "classifications": [{"typeName": "Other"}]}}
    lines = client.entity.batch_set_classifications({"guidHeaderMap": headers})
    assert any(line.startswith(f"Add:{one}") and line.endswith("(Done)") for line in lines)
    client.entity.set_labels(one, ["a"])
    client.entity.add_label(one, ["b"])
    client.entity.remove_labels(one, ["a"])
    client.entity.set_labels_by_unique_attribute(of, ["x"], **name)
    client.entity.add_labels_by_unique_attribute(of, ["y"], **name)
    client.entity.remove_labels_by_unique_attribute(of, ["x"], **name)
    client.entity.add_or_update_business_metadata(one, {"g": {"a": "1", "b": "2"}}, overwrite=True)
    client.entity.add_or_update_business_metadata_attributes("g", one, {"c": "3"})
    client.entity.remove_business_metadata_attributes("g", one, {"b": ""})
    client.entity.remove_business_metadata(one, {"g": {"c": ""}})
    assert [client.entity.get(each)["entity"]["labels"] for each in (one, two)] == [["b"], ["y"]]
    assert client.entity.get(one)["entity"]["businessAttributes"] == {"g": {"a": "1"}}
    assert [each["typeName"] for each in client.entity.get_classifications(one)["list"]] == ["Other"]


def test_business_attributes_from_a_file(client: Any) -> None:
    (guid,) = create(client, account("f1"))
    head = b"".join(client.entity.get_business_metadata_template())
    assert head.startswith(b"EntityType,EntityUniqueAttributeValue,BusinessAttributeName,BusinessAttributeValue")
    name = account("f1")["attributes"]["qualifiedName"]
    lines = f'\nazure_storage_account,{name},cost.centre,"12, of 13"\nazure_storage_account,nowhere,cost.centre,1\n'
    told = client.entity.import_business_metadata({"file": io.BytesIO(head + lines.encode())})
    assert [each["importStatus"] for each in told["successImportInfoList"]] == ["SUCCESS"]
    assert [each["importStatus"] for each in told["failedImportInfoList"]] == ["FAILED"]
    assert client.entity.get(guid)["entity"]["businessAttributes"] == {"cost": {"centre": "12, of 13"}}


def test_moving_between_collections(served: Served, client: Any) -> None:
    for name in ("here", "there"):
        served.app.collections.add(SYSTEM, name)
    one, two = create(client, account("m1"), account("m2"), collection_id="here")
    assert client.entity.get(one)["entity"]["collectionId"] == "here"
    moved = client.entity.move_entities_to_collection({"entityGuids": [one, two]}, collection_id="there")
    assert {each["guid"] for each in moved["mutatedEntities"]["UPDATE"]} == {one, two}
    assert client.entity.get(two)["entity"]["collectionId"] == "there"
    with pytest.raises(HttpResponseError, match="no collection 'nowhere'"):
        client.entity.move_entities_to_collection({"entityGuids": [one]}, collection_id="nowhere")


def test_lineage_and_relationships(client: Any) -> None:
    source, sink = create(client, account("l1") | {"typeName": "DataSet"}, account("l2") | {"typeName": "DataSet"})
    stated = {"typeName": "direct_lineage_dataset_dataset", "end1": {"guid": source}, "end2": {"guid": sink}}
    made = client.relationship.create(stated | {"attributes": {"columnMapping": "[]"}})
    lineage = client.lineage.get(sink, direction="INPUT", depth=1)
    assert lineage["relations"] == [{"fromEntityId": source, "toEntityId": sink, "relationshipId": made["guid"]}]
    name = {"attribute": account("l1")["attributes"]["qualifiedName"]}
    assert client.lineage.get_by_unique_attribute("DataSet", direction="OUTPUT", **name)["relations"]
    page = client.lineage.get_next_page(sink, direction="INPUT", offset=0, limit=5)
    assert (page["childrenCount"], set(page["guidEntityMap"])) == (1, {source, sink})
    client.relationship.update({"guid": made["guid"], "attributes": {"columnMapping": "[1]"}})
    found = client.relationship.get(made["guid"], extended_info=True)
    assert found["relationship"]["attributes"] == {"columnMapping": "[1]"} and len(found["referredEntities"]) == 2
    client.relationship.delete(made["guid"])
    assert client.lineage.get(sink, direction="INPUT")["relations"] == []


def test_types(client: Any) -> None:
    types = client.type_definition
    attributes = [{"name": "a", "typeName": "array<azure_sql_db>", "cardinality": "SET", "isOptional": True}]
    definition = {"name": "map_server", "superTypes": ["azure_resource"], "attributeDefs": attributes}
    made = types.batch_create({"entityDefs": [definition]})["entityDefs"][0]
    assert types.get_by_id(made["guid"])["name"] == types.get_entity_by_name("map_server")["name"] == "map_server"
    assert types.get_entity_by_id(made["guid"])["superTypes"] == ["azure_resource"]
    assert types.get_by_name("column")["category"] == "ENTITY"
    assert types.get_enum_by_name("hive_principal_type")["elementDefs"][0] == {"value": "USER", "ordinal": 0}
    assert types.get_relationship_by_name("storm_topology_nodes")["endDef1"]["type"] == "storm_topology"
    assert types.batch_update({"entityDefs": [definition]})["entityDefs"][0]["version"] == 2
    types.batch_create({"termTemplateDefs": [{"name": "KPI", "attributeDefs": []}]})
    template = types.get_term_template_by_name("KPI")
    assert types.get_term_template_by_id(template["guid"])["category"] == "TERM_TEMPLATE"
    assert {each["name"] for each in types.get_headers(include_term_template=True, type="TERM_TEMPLATE")} == {"KPI"}
    assert [each["category"] for each in types.get(type="ENUM")["enumDefs"]].count("ENUM") >= 4
    types.batch_delete({"entityDefs": [definition]})
    with pytest.raises(ResourceNotFoundError, match="ATLAS-404-00-001"):
        types.get_by_name("map_server")
    with pytest.raises(HttpResponseError, match="itself is made of"):
        types.delete("DataSet")
