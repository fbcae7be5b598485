"""What apache-atlas's documentation shows, done against a started server: Basic, slashes at the end, exact statuses."""

from __future__ import annotations

from typing import Any

import pytest
from apache_atlas.client.base_client import AtlasClient
from apache_atlas.exceptions import AtlasServiceException
from apache_atlas.model.instance import (
    AtlasClassification,
    AtlasEntitiesWithExtInfo,
    AtlasEntity,
    AtlasEntityWithExtInfo,
    AtlasObjectId,
)
from apache_atlas.model.misc import SearchFilter
from apache_atlas.model.relationship import AtlasRelationship
from apache_atlas.model.typedef import AtlasTypesDef
from tests.atlas.conftest import Served


@pytest.fixture
def client(served: Served) -> Any:
    return AtlasClient(served.url, ("anybody", served.token))


def entity(type_name: str, name: str, **attributes: Any) -> Any:
    return AtlasEntity(
        {"typeName": type_name, "attributes": {"qualifiedName": f"apache://{name}", "name": name, **attributes}}
    )


def created(client: Any, *entities: Any) -> list[str]:
    answer = client.entity.create_entities(AtlasEntitiesWithExtInfo({"entities": list(entities)}))
    return [answer.guidAssignments[each.guid] for each in entities]


def test_entities_are_created_read_changed_and_deleted(client: Any) -> None:
    one = entity("hive_db", "db")
    answer = client.entity.create_entity(AtlasEntityWithExtInfo({"entity": one}))
    guid = answer.guidAssignments[one.guid]
    assert [each.guid for each in answer.mutatedEntities["CREATE"]] == [guid]
    assert client.entity.get_entity_by_guid(guid).entity.attributes["name"] == "db"
    unique = {"qualifiedName": "apache://db"}
    assert client.entity.get_entity_by_attribute("hive_db", unique).entity.guid == guid
    assert [each.guid for each in client.entity.get_entities_by_guids([guid]).entities] == [guid]
    listed = client.entity.get_entities_by_attribute("hive_db", [unique, {"qualifiedName": "nowhere"}])
    assert [each.guid for each in listed.entities] == [guid]
    assert client.entity.get_entity_header_by_guid(guid).displayText == "db"
    assert client.entity.get_entity_header_by_attribute("hive_db", unique).guid == guid
    client.entity.partial_update_entity_by_guid(guid, "metastore", "description")
    assert client.entity.get_entity_by_guid(guid).entity.attributes["description"] == "metastore"
    one.attributes["description"] = "changed"
    changed = client.entity.update_entity(AtlasEntityWithExtInfo({"entity": one}))
    assert [each.guid for each in changed.mutatedEntities["UPDATE"]] == [guid]
    audit = client.entity.get_audit_events(guid, None, None, 10)
    assert [each["action"] for each in audit] == ["ENTITY_UPDATE", "ENTITY_UPDATE", "ENTITY_CREATE"]
    later = client.entity.get_audit_events(guid, audit[1]["eventKey"], None, 1)
    assert later == [audit[1]]
    client.entity.delete_entity_by_guid(guid)
    with pytest.raises(AtlasServiceException, match="ATLAS-404-00-009"):
        client.entity.get_entity_by_attribute("hive_db", unique)


def test_many_are_deleted_and_one_by_name(client: Any) -> None:
    guids = created(client, entity("hive_db", "d1"), entity("hive_db", "d2"), entity("hive_db", "d3"))
    client.entity.delete_entities_by_guids(guids[:2])
    client.entity.delete_entity_by_attribute("hive_db", {"qualifiedName": "apache://d3"})
    found = client.entity.get_entities_by_guids(guids).entities
    assert [each.status for each in found] == ["DELETED"] * 3


def test_lineage_and_a_whole_database_of_hive(client: Any) -> None:
    db, table, first, second = (
        entity("hive_db", "sales"),
        entity("hive_table", "orders"),
        entity("hive_column", "orders.id"),
        entity("hive_table", "totals"),
    )
    table.relationshipAttributes = {"db": AtlasObjectId({"guid": db.guid}), "columns": [{"guid": first.guid}]}
    process = entity("hive_process", "sum", inputs=[{"guid": table.guid}], outputs=[{"guid": second.guid}])
    guids = created(client, db, table, first, second, process)
    found = client.entity.get_entity_by_guid(guids[1])
    assert found.entity.relationshipAttributes["db"]["displayText"] == "sales"
    assert list(found.referredEntities) == [guids[2]]
    lineage = client.lineage.get_lineage_info(guids[3], "INPUT", 3)
    assert (lineage.baseEntityGuid, len(lineage.relations)) == (guids[3], 2)
    assert set(lineage.guidEntityMap) == {guids[1], guids[3], guids[4]}
    unique = {"qualifiedName": "apache://orders"}
    assert len(client.lineage.get_lineage_info_attr("hive_table", unique, "BOTH", 1).relations) == 2


def test_classifications(client: Any) -> None:
    one, two = created(client, entity("hive_db", "c1"), entity("hive_db", "c2"))
    kind, other = AtlasClassification({"typeName": "apache_pii"}), AtlasClassification({"typeName": "apache_other"})
    client.entity.add_classification({"classification": kind, "entityGuids": [one, two]})
    client.entity.add_classifications_by_guid(one, [other])
    assert [each.typeName for each in client.entity.get_classifications(one).list] == ["apache_other", "apache_pii"]
    client.entity.update_classifications(one, [AtlasClassification({"typeName": "apache_pii", "propagate": False})])
    assert [each.propagate for each in client.entity.get_classifications(one).list] == [None, False]
    unique = {"qualifiedName": "apache://c2"}
    client.entity.add_classifications_by_type("hive_db", unique, [other])
    client.entity.update_classifications_by_attr("hive_db", unique, [other])
    with pytest.raises(AtlasServiceException):
        client.entity.delete_classification(one, "nonsense")
    # The client takes the answer to every DELETE of a classification for an error unless it is 204.
    client.entity.delete_classification(one, "apache_other")
    client.entity.remove_classification(two, "apache_other", None)
    client.entity.set_classifications({"guidHeaderMap": {one: {"classifications": [other]}}})
    assert [each.typeName for each in client.entity.get_classifications(one).list] == ["apache_other"]


def test_labels_and_business_attributes(client: Any) -> None:
    (guid,) = created(client, entity("hive_db", "said"))
    client.entity.add_labels_by_guid(guid, ["a", "b"])
    client.entity.remove_labels_by_guid(guid, ["a"])
    client.entity.add_or_update_business_attributes(guid, False, {"cost": {"centre": "12"}})
    client.entity.add_or_update_business_attributes_bm_name(guid, "cost", {"year": 2026})
    found = client.entity.get_entity_by_guid(guid).entity
    assert found.labels == ["b"] and found.businessAttributes == {"cost": {"centre": "12", "year": 2026}}
    client.entity.remove_business_attributes_bm_name(guid, "cost", {"year": ""})
    client.entity.remove_business_attributes(guid, {"cost": {"centre": ""}})
    assert client.entity.get_entity_by_guid(guid).entity.businessAttributes == {}


def test_relationships(client: Any) -> None:
    db, table = created(client, entity("hive_db", "rdb"), entity("hive_table", "rtable"))
    stated = {"typeName": "hive_table_db", "end1": {"guid": db}, "end2": {"guid": table}}
    made = client.relationship.create_relationship(AtlasRelationship(stated))
    # The client cannot read what it is answered when it asks for one: its own model fails.
    assert (made.end1.guid, made.end2.guid) == (db, table)
    assert client.relationship.update_relationship(made).guid == made.guid
    with pytest.raises(AtlasServiceException, match="ATLAS-409-00-004"):
        client.relationship.create_relationship(AtlasRelationship(stated))
    client.relationship.delete_relationship_by_guid(made.guid)
    with pytest.raises(AtlasServiceException, match="ATLAS-404-00-00C"):
        client.relationship.get_relationship_by_guid(made.guid)


def test_types(client: Any) -> None:
    definitions = {
        "enumDefs": [{"name": "apache_level", "elementDefs": [{"value": "low"}, {"value": "high"}]}],
        "structDefs": [{"name": "apache_point", "attributeDefs": [{"name": "x", "typeName": "int"}]}],
        "classificationDefs": [{"name": "apache_kind", "superTypes": []}],
        "entityDefs": [
            {
                "name": "apache_thing",
                "superTypes": ["DataSet"],
                "attributeDefs": [{"name": "level", "typeName": "apache_level"}],
            }
        ],
        "businessMetadataDefs": [{"name": "apache_group", "attributeDefs": [{"name": "a", "typeName": "string"}]}],
    }
    made = client.typedef.create_atlas_typedefs(AtlasTypesDef(definitions))
    thing = made.entityDefs[0]
    assert client.typedef.type_with_name_exists("apache_thing") and client.typedef.type_with_guid_exists(thing.guid)
    assert not client.typedef.type_with_name_exists("apache_nothing")
    assert client.typedef.get_entitydef_by_name("apache_thing").guid == thing.guid
    assert client.typedef.get_enumdef_by_name("apache_level").elementDefs[1].value == "high"
    assert client.typedef.get_classificationdef_by_name("apache_kind").category == "CLASSIFICATION"
    assert client.typedef.get_businessmetadatadef_by_name("apache_group").name == "apache_group"
    assert client.typedef.get_relationshipdef_by_name("hive_table_columns").endDef1.type == "hive_table"
    assert client.typedef.get_all_typedefs(SearchFilter()).entityDefs
    assert {"name": "apache_thing", "guid": thing.guid, "category": "ENTITY"} in headers(client)
    with pytest.raises(AtlasServiceException, match="none of its values"):
        created(client, entity("apache_thing", "t", level="middle"))
    created(client, entity("apache_thing", "t", level="low"))
    thing.description = "changed"
    assert client.typedef.update_atlas_typedefs(AtlasTypesDef({"entityDefs": [thing]})).entityDefs[0].version == 2
    with pytest.raises(AtlasServiceException, match="ATLAS-409-00-002"):
        client.typedef.delete_type_by_name("apache_thing")
    client.entity.delete_entity_by_attribute("apache_thing", {"qualifiedName": "apache://t"})
    client.typedef.delete_type_by_name("apache_thing")


def headers(client: Any) -> Any:
    class Everything:
        params = None

    # The client reads its own answer as a list only where it is one.
    return client.typedef.get_all_typedef_headers(Everything())


def test_administration(client: Any) -> None:
    assert client.admin.get_metrics().general["typeCount"] > 100


def test_a_wrong_token_is_told(served: Served) -> None:
    with pytest.raises(AtlasServiceException, match="ATLAS-401-00-001"):
        AtlasClient(served.url, ("anybody", "nonsense")).typedef.get_entitydef_by_name("DataSet")
