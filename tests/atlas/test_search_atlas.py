"""Atlas's searches by its own client, and what it does not show, against a started server."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from apache_atlas.client.base_client import AtlasClient
from apache_atlas.exceptions import AtlasServiceException
from apache_atlas.model.discovery import AtlasUserSavedSearch, FilterCriteria, QuickSearchParameters, SearchParameters
from tests.atlas.conftest import Served
from tests.atlas.test_rights import Estate
from tests.workspaces.stored.support import somebody


@pytest.fixture
def client(served: Served) -> Any:
    return AtlasClient(served.url, ("anybody", served.token))


@pytest.fixture(scope="module")
def estate(served: Served) -> Estate:
    return Estate(served)


def entity(type_name: str, name: str, guid: str = "-1", **attributes: Any) -> dict[str, Any]:
    stated = {"qualifiedName": f"search://{name}", "name": name, **attributes}
    return {"typeName": type_name, "guid": guid, "attributes": stated}


@pytest.fixture(scope="module")
def shop(served: Served) -> dict[str, str]:
    """Tables of a database, by name: their guids."""
    sales = {"typeName": "hive_db", "guid": "-1"}
    sent = [
        entity("hive_db", "shop_db", "-1"),
        entity("hive_table", "orders", "-2", createTime=5, retention=30, owner="ann", temporary=True, description="x"),
        entity("hive_table", "returns", "-3", retention=7, owner="ben", temporary=False),
        entity("hive_table", "100%_sure", "-4", owner="Ann"),
        entity("hive_table", "gone", "-5"),
    ]
    for each in sent[1:]:
        each["relationshipAttributes"] = {"db": sales}
    with served.client() as http:
        sub = {"name": "PII.EMAIL.SEARCH", "superTypes": ["PII.SEARCH"], "attributeDefs": []}
        defs = {"classificationDefs": [{"name": "PII.SEARCH", "attributeDefs": []}, sub]}
        http.post("/types/typedefs", json=defs).raise_for_status()
        made = http.post("/entity/bulk", json={"entities": sent}).json()
        guids = {each["displayText"]: each["guid"] for each in made["mutatedEntities"]["CREATE"]}
        classified = [{"typeName": "PII.EMAIL.SEARCH", "attributes": {"level": "high"}}]
        http.post(f"/entity/guid/{guids['orders']}/classifications", json=classified).raise_for_status()
        http.post(f"/entity/guid/{guids['returns']}/labels", json=["cold"]).raise_for_status()
        http.delete(f"/entity/guid/{guids['gone']}").raise_for_status()
    return guids


def names(found: Any) -> list[str]:
    return [each["displayText"] for each in found["entities"] or ()]


def test_basic_searches(client: Any, shop: dict[str, str]) -> None:
    search = client.discovery.basic_search
    found = search("hive_table", None, None, True, "name", "ASCENDING", 2, 0)
    assert names(found) == ["100%_sure", "orders"] and found.approximateCount == 3
    assert (found.queryType, found.type) == ("BASIC", "hive_table")
    assert names(search("hive_table", None, None, True, "name", "DESCENDING", 2, 2)) == ["100%_sure"]
    assert set(names(search("hive_table", None, None, False))) == {"orders", "returns", "100%_sure", "gone"}
    (orders,) = search(None, "PII.SEARCH", None, True).entities
    assert orders.guid == shop["orders"] and orders.classificationNames == ["PII.EMAIL.SEARCH"]
    assert orders.attributes["owner"] == "ann" and orders.status == "ACTIVE"
    assert names(search("hive_table", None, "orders", True)) == ["orders"]
    assert names(search("DataSet", None, "returns", True)) == ["returns"]
    with pytest.raises(AtlasServiceException, match="nonsense"):
        search("nonsense", None, None, True)


def criteria(name: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"attributeName": name, "operator": operator, "attributeValue": value}


def either(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"condition": "OR", "criterion": list(parts)}


FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    (criteria("name", "eq", "orders"), {"orders"}),
    (criteria("name", "!=", "orders"), {"returns", "100%_sure"}),
    (criteria("name", "in", "orders, returns"), {"orders", "returns"}),
    (criteria("name", "like", "*r*s"), {"orders", "returns"}),
    (criteria("name", "like", "100%_*"), {"100%_sure"}),
    (criteria("name", "startsWith", "RE"), {"returns"}),
    (criteria("name", "contains", "%_"), {"100%_sure"}),
    (criteria("name", "ENDS_WITH", "s"), {"orders", "returns"}),
    (criteria("name", "not_contains", "r"), set()),
    (criteria("owner", "eq", "ann"), {"orders"}),
    (criteria("owner", "contains_any", "ann,ben"), {"orders", "returns", "100%_sure"}),
    (criteria("retention", "gte", "8"), {"orders"}),
    (criteria("retention", "<", 8), {"returns"}),
    (criteria("retention", "eq", 7), {"returns"}),
    (criteria("temporary", "eq", True), {"orders"}),
    (criteria("temporary", "=", "false"), {"returns"}),
    (criteria("description", "is_null"), {"returns", "100%_sure"}),
    (criteria("description", "notNull"), {"orders"}),
    (criteria("__labels", "contains", "col"), {"returns"}),
    (criteria("__state", "eq", "ACTIVE"), {"orders", "returns", "100%_sure"}),
    (criteria("__timestamp", "gt", 0), {"orders", "returns", "100%_sure"}),
    (criteria("__timestamp", "lt", "2001-01-01"), set()),
    (criteria("of'no\"such", "eq", "x"), set()),
    (either(criteria("name", "eq", "orders"), criteria("retention", "lt", 8)), {"orders", "returns"}),
    ({"condition": "AND", "criterion": [criteria("owner", "notNull"), criteria("retention", "isNull")]}, {"100%_sure"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "wanted"), FILTERS, ids=lambda value: str(value)[:60] if isinstance(value, dict) else str(sorted(value))
)
def test_filters(client: Any, shop: dict[str, str], stated: dict[str, Any], wanted: set[str]) -> None:
    parameters = {"typeName": "hive_table", "excludeDeletedEntities": True, "entityFilters": FilterCriteria(stated)}
    found = client.discovery.faceted_search(SearchParameters(parameters))
    assert set(names(found)) == wanted and found.approximateCount == len(wanted)


def test_filters_of_classifications_and_paging_by_marker(http: httpx.Client, shop: dict[str, str]) -> None:
    def found(**parameters: Any) -> Any:
        answer = http.post("/search/basic", json={"excludeDeletedEntities": True, **parameters})
        assert answer.status_code == 200, answer.text
        return answer.json()

    high = criteria("level", "eq", "high")
    assert names(found(classification="PII.EMAIL.SEARCH", tagFilters=high)) == ["orders"]
    assert names(found(classification="PII.SEARCH", includeSubClassifications=False)) == []
    assert names(found(classification="PII.EMAIL.S*")) == ["orders"]
    assert "returns" in names(found(classification="_NOT_CLASSIFIED", typeName="hive_table"))
    first = found(typeName="hive_table", limit=2, marker="*", sortBy="name", attributes=["retention"])
    assert first["entities"][1]["attributes"]["retention"] == 30
    rest = found(typeName="hive_table", limit=2, marker=first["nextMarker"], sortBy="name")
    assert names(rest) == ["returns"] and "nextMarker" not in rest
    for wrong in ({"entityFilters": {"criterion": 5}}, {"entityFilters": criteria("a", "nonsense")}, {"limit": -1}):
        assert http.post("/search/basic", json=wrong).status_code == 400


def test_the_other_searches_of_the_client(client: Any, http: httpx.Client, shop: dict[str, str]) -> None:
    discovery = client.discovery
    text = http.get("/search/fulltext", params={"query": "orders"}).json()
    assert text["queryType"] == "FULL_TEXT" and text["fullTextResult"][0]["entity"]["guid"] == shop["orders"]
    assert text["fullTextResult"][0]["score"] > 0
    assert discovery.attribute_search("hive_table", "name", "ord").entities[0].guid == shop["orders"]
    related = discovery.relationship_search(shop["shop_db"], "tables", None, None, True)
    assert names(related) == ["100%_sure", "orders", "returns"]
    quick = discovery.quick_search("orders", "hive_table", True)
    assert names(quick.searchResults) == ["orders"]
    metrics = http.get("/search/quick", params={"query": "orders", "typeName": "hive_table"}).json()
    assert metrics["aggregationMetrics"]["__typeName"] == [{"name": "hive_table", "count": 1}]
    parameters = QuickSearchParameters({"typeName": "hive_table", "entityFilters": criteria("owner", "eq", "ben")})
    assert names(discovery.quick_search_with_param(parameters).searchResults) == ["returns"]
    assert discovery.get_suggestions("retu", None).suggestions == ["returns"]
    assert discovery.get_suggestions("search://ord", "qualifiedName").suggestions == ["search://orders"]


QUERIES: list[tuple[str, list[str]]] = [
    ("hive_table", ["orders", "returns", "100%_sure"]),
    ("from hive_table where name = 'orders'", ["orders"]),
    ('hive_table name = "orders"', ["orders"]),
    ("hive_table as t where t.name = 'orders' or t.retention < 8", ["orders", "returns"]),
    ("hive_table where (name = 'orders' or name = 'returns') and not retention > 8", ["returns"]),
    ("hive_table where name like '*r*s' orderby name desc", ["returns", "orders"]),
    ("hive_table where name in ['orders', 'returns'] order by name limit 1 offset 1", ["returns"]),
    ("hive_table isa 'PII.SEARCH'".replace("'", "`"), ["orders"]),
    ("hive_table where hive_table is a `PII.SEARCH`", ["orders"]),
    ("hive_table has retention", ["orders", "returns"]),
    ("hive_table where temporary = true", ["orders"]),
    ("`PII.SEARCH`", ["orders"]),
    ("hive_table where name = 'it\\'s'", []),
]


@pytest.mark.parametrize(("query", "wanted"), QUERIES)
def test_the_query_language(client: Any, shop: dict[str, str], query: str, wanted: list[str]) -> None:
    found = client.discovery.dsl_search(query)
    assert found.queryType == "DSL" and found.queryText == query
    in_order = "orderby" in query or "order by" in query
    assert (names(found) if in_order else sorted(names(found))) == (wanted if in_order else sorted(wanted))


def test_the_query_language_selects(client: Any, shop: dict[str, str]) -> None:
    search = client.discovery.dsl_search_with_params
    found = search("hive_table where retention > 0 select name, retention as days orderby name", 10, 0)
    assert found.entities is None
    assert (found.attributes.name, found.attributes["values"]) == (
        ["name", "days"],
        [["orders", "30"], ["returns", "7"]],
    )
    assert search("hive_table select count()", 1, 0).attributes["values"] == [[3]]
    assert len(search("hive_table", 2, 2).entities) == 1


@pytest.mark.parametrize(
    "query", ["", "nonsense(", "hive_table where", "hive_table select max(name)", "hive_table groupby owner",
              "hive_table where name ~ 'x'", "hive_table limit x", "hive_table where db.name = 'x'",
              "(" * 5_000, "hive_table where " + "(" * 200],
)  # fmt: skip
def test_queries_that_cannot_be_read_are_refused(http: httpx.Client, query: str) -> None:
    answer = http.get("/search/dsl", params={"query": query})
    assert answer.status_code == 400 and answer.json()["errorMessage"]


def test_searches_are_kept(client: Any, shop: dict[str, str], served: Served, http: httpx.Client) -> None:
    discovery = client.discovery
    stated = {"name": "mine", "searchType": "BASIC", "searchParameters": {"typeName": "hive_table", "query": "orders"}}
    made = discovery.add_saved_search(AtlasUserSavedSearch(stated))
    assert made.guid and discovery.get_saved_search("x", "mine").searchParameters.query == "orders"
    assert http.post("/search/saved", json=stated).status_code == 409
    assert names(discovery.execute_saved_search_with_user_name("x", "mine")) == ["orders"]
    assert names(discovery.execute_saved_search_with_search_guid(made.guid)) == ["orders"]
    changed = {**stated, "guid": made.guid, "searchParameters": {"typeName": "hive_table", "query": "returns"}}
    discovery.update_saved_search(AtlasUserSavedSearch(changed))
    assert [each["searchParameters"]["query"] for each in discovery.get_saved_searches("x")] == ["returns"]
    token = served.app.tokens.create(somebody(served.app.database, "searcher", "Data reader"), "t").token
    with served.client(token) as another:
        assert another.get("/search/saved").json() == []
        assert another.delete(f"/search/saved/{made.guid}").status_code == 404
    discovery.delete_saved_search(made.guid)
    assert http.get("/search/saved/mine").status_code == 404


def test_what_is_deleted_is_purged_by_who_runs_the_server(client: Any, served: Served, http: httpx.Client) -> None:
    sent = {"entity": entity("hive_db", "to_purge")}
    guid = http.post("/entity", json=sent).json()["guidAssignments"]["-1"]
    assert http.put("/admin/purge", json=[guid]).json()["mutatedEntities"] == {}
    http.delete(f"/entity/guid/{guid}").raise_for_status()
    token = served.app.tokens.create(somebody(served.app.database, "purger", "Data curator"), "t").token
    with served.client(token) as curator:
        assert curator.put("/admin/purge", json=[guid]).status_code in {403, 404}
    client.entity.purge_entities_by_guids([guid])
    assert http.get(f"/entity/guid/{guid}").status_code == 404


def test_what_was_classified_is_listed_by_when(client: Any, shop: dict[str, str], http: httpx.Client) -> None:
    listed = client.entity.get_entity_headers(0).guidHeaderMap
    assert listed[shop["orders"]].classificationNames == ["PII.EMAIL.SEARCH"] and shop["returns"] not in listed
    later = http.get("/entity/bulk/headers", params={"tagUpdateStartTime": 4_000_000_000_000}).json()
    assert later == {"guidHeaderMap": {}}
    assert http.get("/entity/bulk/headers", params={"tagUpdateStartTime": 10**18}).status_code == 400


def test_what_may_not_be_seen_is_in_no_answer(estate: Estate) -> None:
    hidden = "hidden-thing"
    with estate.served.client() as admin:
        classified = [{"typeName": "MICROSOFT.PERSONAL.EMAIL"}]
        admin.post(f"/entity/guid/{estate.hidden}/classifications", json=classified).raise_for_status()
        assert estate.hidden in admin.get("/entity/bulk/headers").text
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/search/basic", {"typeName": "DataSet"}),
        ("/search/basic", {"query": "hidden"}),
        ("/search/fulltext", {"query": "hidden"}),
        ("/search/quick", {"query": "hidden"}),
        ("/search/quick", {"typeName": "DataSet"}),
        ("/search/attribute", {"attrName": "name", "attrValuePrefix": "hidd"}),
        ("/search/dsl", {"query": "DataSet"}),
        ("/search/dsl", {"query": "DataSet select name"}),
        ("/search/dsl", {"query": "DataSet select count()"}),
        ("/search/suggestions", {"prefixString": "hidd"}),
        ("/search/suggestions", {"prefixString": "quirk://", "fieldName": "qualifiedName"}),
        ("/search/suggestions", {"prefixString": "hid", "fieldName": "__labels"}),
        ("/search/relationship", {"guid": estate.process, "relation": "inputs"}),
        ("/search/basic", {"classification": "MICROSOFT.PERSONAL.EMAIL"}),
        ("/entity/bulk/headers", {}),
    ]
    with estate.served.client(estate.reader) as reader:
        for address, query in asked:
            answer = reader.get(address, params=query)
            assert answer.status_code == 200, answer.text
            told = answer.text.replace('"queryText":"hidden"', "").replace('"query":"hidden"', "")
            assert hidden not in told and estate.hidden not in told, address
        assert reader.get("/search/dsl", params={"query": "DataSet select count()"}).json()["attributes"]["values"] == [
            [2]
        ]
        assert reader.get("/search/basic", params={"typeName": "DataSet"}).json()["approximateCount"] == 2
        found = reader.get("/search/relationship", params={"guid": estate.hidden, "relation": "inputToProcesses"})
        assert found.status_code == 404
