"""Purview's discovery as its clients ask for it, and as its published examples do, against a started server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.pipeline.policies import HeadersPolicy
from azure.purview.catalog import PurviewCatalogClient
from azure.purview.datamap import DataMapClient
from pyapacheatlas.auth import BasicAuthentication
from pyapacheatlas.core import PurviewClient
from tests.atlas.conftest import Served
from tests.atlas.published import example
from tests.atlas.test_datamap import Token
from tests.atlas.test_rights import Estate
from tests.workspaces.stored.support import somebody

from headwater.access import SYSTEM


@pytest.fixture(scope="module")
def estate(served: Served) -> Estate:
    return Estate(served)


@pytest.fixture
def client(served: Served) -> Iterator[Any]:
    policy = HeadersPolicy({"Authorization": f"Bearer {served.token}"})
    with DataMapClient(served.url, Token(served.token), authentication_policy=policy) as client:
        yield client


def entity(name: str, type_name: str = "azure_blob_path", **more: Any) -> dict[str, Any]:
    attributes = {"qualifiedName": f"https://shop.blob.core.windows.net/{name}", "name": name, **more.pop("a", {})}
    return {"typeName": type_name, "attributes": attributes, **more}


@pytest.fixture(scope="module")
def blobs(served: Served) -> dict[str, str]:
    """Some files, by name: their guids."""
    served.app.collections.add(SYSTEM, "blobs")
    contacts = {"Expert": [{"id": "ann", "info": "knows it"}]}
    sent = [
        entity("orders_2024.csv", contacts=contacts, a={"owner": "$superuser", "description": "All orders"}),
        entity("orders_2025.csv", labels=["Example.Label"]),
        entity("returns.txt", a={"size": 0}),
        entity("shop", "azure_blob_container"),
    ]
    with served.client() as http:
        answer = http.post("/entity/bulk?collectionId=blobs", json={"entities": sent})
        assert answer.status_code == 200, answer.text
        made = {each["displayText"]: each["guid"] for each in answer.json()["mutatedEntities"]["CREATE"]}
        classified = [{"typeName": "MICROSOFT.PERSONAL.EMAIL"}]
        http.post(f"/entity/guid/{made['returns.txt']}/classifications", json=classified).raise_for_status()
    return made


@pytest.fixture(params=["/datamap/api", "/catalog/api"])
def purview(served: Served, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    with served.client(root=request.param) as http:
        yield http


def names(answer: Any) -> list[str]:
    return [each["name"] for each in answer["value"]]


def test_a_query_answers_all_that_is_known(blobs: dict[str, str], client: Any) -> None:
    found = client.discovery.query({"keywords": "orders_2024", "limit": 5, "filter": {"collectionId": "blobs"}})
    assert (found["@search.count"], found["@search.count.approximate"]) == (1, False)
    (value,) = found["value"]
    assert value["@search.score"] > 0
    assert value["@search.highlights"]["name"] == ["<em>orders</em>_<em>2024</em>.csv"]
    shown = {
        "id": blobs["orders_2024.csv"],
        "name": "orders_2024.csv",
        "qualifiedName": "https://shop.blob.core.windows.net/orders_2024.csv",
        "entityType": "azure_blob_path",
        "objectType": "Files",
        "assetType": ["Azure Blob Storage"],
        "collectionId": "blobs",
        "description": "All orders",
        "owner": "$superuser",
        "classification": [],
        "label": [],
        "term": [],
        "contact": [{"id": "ann", "info": "knows it", "contactType": "Expert"}],
        "isIndexed": True,
    }
    assert {name: value[name] for name in shown} == shown
    assert value["createTime"] <= value["updateTime"]


def test_pages_are_continued_and_facets_count_all(blobs: dict[str, str], purview: httpx.Client) -> None:
    body: dict[str, Any] = {
        "keywords": None,
        "filter": {"and": [{"collectionId": "blobs"}, {"entityType": "azure_blob_path"}]},
        "orderby": [{"name": "ASC"}, {"updateTime": "DESC"}],
        "facets": [{"facet": "label", "count": 10, "sort": {"count": "desc"}}, {"facet": "fileExtension", "count": 0}],
        "limit": 2,
    }
    first = purview.post("/search/query", json=body).json()
    assert names(first) == ["orders_2024.csv", "orders_2025.csv"] and first["@search.count"] == 3
    assert first["@search.facets"] == {
        "label": [{"count": 1, "value": "Example.Label"}],
        "fileExtension": [{"count": 2, "value": "csv"}, {"count": 1, "value": "txt"}],
    }
    last = purview.post("/search/query", json=body | {"continuationToken": first["continuationToken"]}).json()
    assert names(last) == ["returns.txt"] and "continuationToken" not in last
    assert names(purview.post("/search/query", json=body | {"offset": 1}).json())[0] == "orders_2025.csv"
    assert purview.post("/search/query", json=body | {"limit": 1_001}).status_code == 400


def test_filters_and_taxonomy(blobs: dict[str, str], purview: httpx.Client) -> None:
    def found(stated: Any, **more: Any) -> set[str]:
        answer = purview.post("/search/query", json={"keywords": "*", "filter": stated, **more})
        assert answer.status_code == 200, answer.text
        return set(names(answer.json()))

    csv = {"orders_2024.csv", "orders_2025.csv"}
    assert found({"and": [{"collectionId": "blobs"}, {"fileExtension": "csv"}]}) == csv
    assert found({"id": blobs["shop"]}) == {"shop"}
    assert found({"and": [{"collectionId": "blobs"}, {"classification": "MICROSOFT.PERSONAL.EMAIL"}]}) == {
        "returns.txt"
    }
    by_prefix = {"attributeName": "name", "operator": "prefix", "attributeValue": "orders"}
    assert found({"and": [{"collectionId": "blobs"}, {"not": by_prefix}]}) == {"returns.txt", "shop"}
    assert found({"collectionId": "blobs"}, taxonomySetting={"assetTypes": ["Azure Files"]}) == set()
    assert len(found({"collectionId": "blobs"}, taxonomySetting={"assetTypes": ["Azure Blob Storage"]})) == 4


def test_suggestions_and_completions(blobs: dict[str, str], client: Any) -> None:
    inside = {"and": [{"collectionId": "blobs"}]}
    suggested = client.discovery.suggest({"keywords": "ord", "limit": 10, "filter": inside})["value"]
    assert {each["@search.text"] for each in suggested} == {"<em>orders</em>_2024.csv", "<em>orders</em>_2025.csv"}
    completed = client.discovery.auto_complete({"keywords": "csv or", "limit": 10, "filter": inside})["value"]
    assert completed == [{"text": "orders", "queryPlusText": "csv orders"}]


def test_pyapacheatlas_searches_and_browses(served: Served, blobs: dict[str, str]) -> None:
    client: Any = PurviewClient("anything", BasicAuthentication("anybody", served.token))
    client.endpoint_url = f"{served.url}/catalog/api/atlas/v2"
    discovery = client.discovery
    discovery.endpoint_url = f"{served.url}/catalog/api"
    inside = {"collectionId": "blobs"}
    assert discovery.query("orders_2025", inside, facets=[{"facet": "entityType"}])["@search.count"] == 1
    assert discovery.autocomplete("ret", inside)["value"][0]["text"] == "returns"
    assert names(discovery.suggest("ret", inside, limit=3)) == ["returns.txt"]
    paged = {each["name"] for each in discovery.search_entities("*", limit=2, search_filter=inside)}
    assert paged == set(blobs)
    with pytest.warns(UserWarning, match="deprecated"):
        older = list(
            client.search_entities("orders_2024", search_filter={"typeName": "DataSet", "includeSubTypes": True})
        )
    assert "orders_2024.csv" in {each["name"] for each in older}
    assert names(discovery.browse("azure_blob_container", limit=5)) == ["shop"]


def test_the_glossary_is_found_where_it_is_asked_for(
    served: Served, blobs: dict[str, str], purview: httpx.Client, estate: Estate
) -> None:
    name = f"Margin {purview.base_url.path}"
    with served.client() as http:
        glossary = http.post("/glossary", json={"name": f"Finance {purview.base_url.path}"}).json()["guid"]
        for each in ("a", "b"):
            stated = {"name": f"{name} {each}", "anchor": {"glossaryGuid": glossary}, "longDescription": "Profit"}
            http.post("/glossary/term", json=stated).raise_for_status()
    asked = {
        "keywords": "profit",
        "filter": {"or": [{"glossaryType": "AtlasGlossaryTerm"}, {"collectionId": "blobs"}]},
        "facets": [{"facet": "termStatus"}, {"facet": "objectType"}],
        "limit": 1,
    }
    pages = [purview.post("/search/query", json=asked).json()]
    while token := pages[-1].get("continuationToken"):
        pages.append(purview.post("/search/query", json=asked | {"continuationToken": token}).json())
    found = [value for page in pages for value in page["value"]]
    mine = [value for value in found if value["name"].startswith(name)]
    assert [value["name"] for value in mine] == [f"{name} a", f"{name} b"]
    assert len(found) == pages[0]["@search.count"] == len(pages)
    assert mine[0]["qualifiedName"] == f"{name} a@Finance {purview.base_url.path}"
    assert mine[0]["objectType"] == "Glossary terms" and mine[0]["glossaryType"] == "AtlasGlossaryTerm"
    assert pages[0]["@search.facets"]["objectType"] == [{"count": len(found), "value": "Glossary terms"}]
    assert purview.post("/search/query", json={"keywords": name}).json()["@search.count"] == 0
    stranger = somebody(served.app.database, f"stranger {name}")
    with served.client(served.app.tokens.create(stranger, "t").token, root="/catalog/api") as theirs:
        assert theirs.post("/search/query", json=asked).json()["@search.count"] == 0


def test_the_catalogs_own_client_searches_and_browses(served: Served, blobs: dict[str, str]) -> None:
    policy = HeadersPolicy({"Authorization": f"Bearer {served.token}"})
    with PurviewCatalogClient(served.url, Token(served.token), authentication_policy=policy) as client:
        inside = {"collectionId": "blobs"}
        assert client.discovery.query({"keywords": "orders_2025", "filter": inside})["@search.count"] == 1
        assert names(client.discovery.suggest({"keywords": "ret", "filter": inside})) == ["returns.txt"]
        assert client.discovery.auto_complete({"keywords": "ret", "filter": inside})["value"][0]["text"] == "returns"
        assert names(client.discovery.browse({"entityType": "azure_blob_container"})) == ["shop"]


def test_browsing_goes_from_types_to_what_is_inside(served: Served, purview: httpx.Client) -> None:
    name = f"browse{purview.base_url.path}"
    table = entity(name, "hive_table", guid="-1")
    column = entity(f"{name}#id", "hive_column", guid="-2", relationshipAttributes={"table": {"guid": "-1"}})
    with served.client() as http:
        http.post("/entity/bulk", json={"entities": [table, column]}).raise_for_status()
    first = purview.post("/browse", json={"entityType": "hive_table", "limit": 100}).json()
    found = next(each for each in first["value"] if each["name"] == name)
    assert first["@search.count"] >= 1 and not found["isLeaf"] and found["path"] == f"/hive_table#{found['id']}"
    (inner,) = purview.post("/browse", json={"path": found["path"]}).json()["value"]
    assert (inner["name"], inner["isLeaf"]) == (f"{name}#id", True)
    assert inner["path"] == f"{found['path']}/hive_column#{inner['id']}"
    assert purview.post("/browse", json={}).status_code == 400
    assert purview.post("/browse", json={"path": "/hive_table#00000000"}).status_code == 404


QUERIES = (
    "", "_And", "_AndOrNested", "_AssetType", "_Attribute", "_BusinessMetadataAttribute", "_Classification",
    "_Collection", "_Facet", "_FileExtension", "_GlossaryTerm", "_Id", "_Not", "_ObjectType", "_PaginationFirstPage",
    "_SystemTime", "_Taxonomy", "_TermAssignment", "_Type",
)  # fmt: skip


@pytest.mark.parametrize("which", QUERIES)
def test_published_queries(blobs: dict[str, str], purview: httpx.Client, which: str) -> None:
    wanted = example(f"Discovery_Query{which}")
    answer = purview.post("/search/query", params={"api-version": "2023-09-01"}, json=wanted.body)
    assert answer.status_code == wanted.status, answer.text
    found = answer.json()
    assert wanted.answer.keys() - {"continuationToken", "@search.facets"} <= found.keys()
    for facet in wanted.body.get("facets", ()):
        assert facet["facet"] in found["@search.facets"]
    for value in found["value"]:
        of_other_kind = ASSETS if "glossaryType" in value else TERMS
        assert (wanted.answer["value"][0].keys() - {"@search.highlights", "glossary"}) <= value.keys() | of_other_kind


ASSETS = {"entityType", "assetType"}
TERMS = {"glossaryType", "longDescription", "termStatus", "termTemplate"}


@pytest.mark.parametrize(("which", "address"), [("Suggest", "suggest"), ("AutoComplete", "autocomplete")])
def test_published_suggestions(purview: httpx.Client, which: str, address: str) -> None:
    wanted = example(f"Discovery_{which}")
    answer = purview.post(f"/search/{address}", json=wanted.body)
    assert answer.status_code == wanted.status and answer.json().keys() == wanted.answer.keys()


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("query", {"filter": {"nonsense": 1}}),
        ("query", {"keywords": 5}),
        ("query", {"facets": [{"facet": "nonsense"}]}),
        ("query", {"orderby": [{"nonsense": "ASC"}]}),
        ("query", {"continuationToken": "nonsense"}),
        ("query", []),
        ("suggest", {}),
        ("autocomplete", {"keywords": "a", "limit": 101}),
    ],
)
def test_what_cannot_be_read_is_refused_in_atlas_shape(purview: httpx.Client, address: str, body: Any) -> None:
    answer = purview.post(f"/search/{address}", json=body)
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "ATLAS-400-00-029" and answer.json()["errorMessage"]


def test_what_may_not_be_seen_is_not_found_not_counted_not_browsed(estate: Estate) -> None:
    hidden, asked = "hidden-thing", {"keywords": "hidden thing", "facets": [{"facet": "label"}]}
    with estate.served.client(root="/datamap/api") as admin:
        assert hidden in names(admin.post("/search/query", json=asked).json())
    with estate.served.client(estate.reader, root="/datamap/api") as reader:
        found = reader.post("/search/query", json=asked)
        suggested = reader.post("/search/suggest", json={"keywords": "hidden"})
        completed = reader.post("/search/autocomplete", json={"keywords": "hidd"})
        browsed = reader.post("/browse", json={"entityType": "DataSet"})
        for answer in (found, suggested, completed, browsed):
            assert answer.status_code == 200 and hidden not in answer.text, answer.text
        assert found.json()["@search.count"] == 0 and found.json()["@search.facets"] == {"label": []}
        assert browsed.json()["@search.count"] == 2
        assert reader.post("/browse", json={"path": f"/DataSet#{estate.hidden}"}).status_code == 404
