"""Collections and the account, as azure-purview-administration documents them, against a started server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.purview.administration.account import PurviewAccountClient
from pyapacheatlas.auth import BasicAuthentication
from pyapacheatlas.core.collections.purview import PurviewCollectionsClient
from tests.atlas.conftest import Served
from tests.atlas.test_quirks import dataset, put
from tests.workspaces.stored.support import scope_of, somebody

from headwater.server.purview import pages


@pytest.fixture(params=["/account", ""])
def client(request: pytest.FixtureRequest, connected: Callable[..., Any]) -> Any:
    return connected(PurviewAccountClient, request.param)


def named(friendly: str, parent: str = "root") -> dict[str, Any]:
    return {"friendlyName": friendly, "parentCollection": {"referenceName": parent, "type": "CollectionReference"}}


def test_the_life_of_a_collection(client: Any) -> None:
    made = client.collections.create_or_update_collection("finance", named("Finance") | {"description": "money"})
    assert (made["name"], made["friendlyName"], made["description"]) == ("finance", "Finance", "money")
    assert made["parentCollection"] == {"type": "CollectionReference", "referenceName": "root"}
    assert made["collectionProvisioningState"] == "Succeeded" and made["systemData"]["createdBy"]
    client.collections.create_or_update_collection("risk-eu", named("Risk", "finance"))
    assert client.collections.get_collection("risk-eu")["parentCollection"]["referenceName"] == "finance"
    path = client.collections.get_collection_path("risk-eu")
    assert path["parentNameChain"] == ["root", "finance"] and path["parentFriendlyNameChain"][-1] == "Finance"
    children = list(client.collections.list_child_collection_names("finance"))
    assert children == [{"name": "risk-eu", "friendlyName": "Risk"}]
    assert {"finance", "risk-eu", "root"} <= {each["name"] for each in client.collections.list_collections()}
    with pytest.raises(ResourceExistsError, match="not empty"):
        client.collections.delete_collection("finance")
    client.collections.create_or_update_collection("risk-eu", named("Risk, moved"))
    assert client.collections.get_collection_path("risk-eu")["parentNameChain"] == ["root"]
    client.collections.delete_collection("finance")
    client.collections.delete_collection("risk-eu")
    with pytest.raises(ResourceNotFoundError):
        client.collections.get_collection("finance")


def test_collections_are_listed_in_pages(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"paged-{number}" for number in range(7)]
    client.collections.create_or_update_collection("pages", named("Pages"))
    for name in names:
        client.collections.create_or_update_collection(name, named(name, "pages"))
    monkeypatch.setattr(pages, "PAGE_SIZE", 3)
    assert [each["name"] for each in client.collections.list_child_collection_names("pages")] == names
    listed = [each["name"] for each in client.collections.list_collections()]
    assert len(listed) == len(set(listed)) and set(names) < set(listed)
    for name in [*names, "pages"]:
        client.collections.delete_collection(name)


@pytest.mark.parametrize("name", ["ab", "x" * 37, "with space", "a.b"])
def test_names_are_purviews(client: Any, name: str) -> None:
    with pytest.raises(HttpResponseError, match="3 to 36 letters"):
        client.collections.create_or_update_collection(name, named("x"))


def test_a_collection_lies_in_no_circle(client: Any) -> None:
    client.collections.create_or_update_collection("above", named("Above"))
    client.collections.create_or_update_collection("under", named("Under", "above"))
    with pytest.raises(HttpResponseError, match="lies below"):
        client.collections.create_or_update_collection("above", named("Above", "under"))
    with pytest.raises(HttpResponseError, match="root collection"):
        client.collections.create_or_update_collection("root", named("Root", "under"))
    with pytest.raises(ResourceExistsError, match="root collection stays"):
        client.collections.delete_collection("root")
    with pytest.raises(ResourceNotFoundError):
        client.collections.create_or_update_collection("lost", named("Lost", "nowhere"))
    client.collections.delete_collection("under")
    client.collections.delete_collection("above")


def test_assets_keep_a_collection_and_go_along(served: Served, http: httpx.Client, client: Any) -> None:
    for name, parent in (("one", "root"), ("two", "root"), ("inner", "one")):
        client.collections.create_or_update_collection(name, named(name, parent))
    guid = put(http, dataset(f"goes-along-{id(client)}", -1, collectionId="inner"))["guidAssignments"]["-1"]
    with pytest.raises(ResourceExistsError, match="not empty"):
        client.collections.delete_collection("inner")

    def found_below(collection: str) -> list[str]:
        wanted = {"collectionId": collection, "includeSubCollections": True}
        with served.client(root="/api") as asked:
            answer = asked.post("/search", json={"keywords": "goes-along", "filter": wanted})
        return [each["guid"] for each in answer.json()["value"]]

    assert (found_below("one"), found_below("two")) == ([guid], [])
    client.collections.create_or_update_collection("inner", named("inner", "two"))
    assert (found_below("one"), found_below("two")) == ([], [guid])
    http.delete(f"/entity/guid/{guid}")
    for name in ("inner", "one", "two"):
        client.collections.delete_collection(name)
    with pytest.raises(ResourceNotFoundError):
        client.collections.get_collection("inner")


def test_pyapacheatlas(served: Served, http: httpx.Client) -> None:
    client = PurviewCollectionsClient(f"{served.url}/", BasicAuthentication("token", served.token))
    for name, parent in (("pya", "root"), ("pya-inner", "pya")):
        made = client.create_or_update_collection(name, name.upper(), parent, description="by pyapacheatlas")
        assert made["friendlyName"] == name.upper() and made["parentCollection"]["referenceName"] == parent
    assert {"pya", "pya-inner"} <= {each["name"] for each in client.list_collections()}
    one = client.upload_single_entity({"entity": dataset("pya-one", -1), "referredEntities": {}}, "pya")
    two = client.upload_entities([dataset("pya-two", -2)], "pya")
    guids = [one["guidAssignments"]["-1"], two["guidAssignments"]["-2"]]

    def lies_in(guid: str) -> str:
        return str(http.get(f"/entity/guid/{guid}").json()["entity"]["collectionId"])

    assert [lies_in(guid) for guid in guids] == ["pya", "pya"]
    moved = client.move_entities(guids, "pya-inner")
    assert {each["guid"] for each in moved["mutatedEntities"]["UPDATE"]} == set(guids)
    assert [lies_in(guid) for guid in guids] == ["pya-inner", "pya-inner"]
    http.delete("/entity/bulk", params={"guid": guids})
    for name in ("pya-inner", "pya"):
        assert name in client.delete_collection(name)["message"]


def test_the_account(served: Served, connected: Callable[..., Any]) -> None:
    client = connected(PurviewAccountClient, "/account")
    account = client.accounts.get_account_properties()
    assert account["properties"]["endpoints"]["scan"] == f"{served.url}/scan"
    assert client.collections.get_collection(account["name"])["name"] == "root"
    changed = client.accounts.update_account_properties({"friendlyName": "Our catalog"})
    assert changed["properties"]["friendlyName"] == "Our catalog"
    assert client.collections.get_collection("root")["friendlyName"] == "Our catalog"
    with pytest.raises(HttpResponseError, match="no access keys"):
        client.accounts.get_access_keys()
    with pytest.raises(HttpResponseError, match="no access keys"):
        client.accounts.regenerate_access_key({"keyType": "PrimaryAtlasKafkaKey"})
    assert list(client.resource_set_rules.list_resource_set_rules()) == []
    with pytest.raises(ResourceNotFoundError, match="no resource set rules"):
        client.resource_set_rules.get_resource_set_rule()


def test_the_account_page_is_still_a_page(served: Served) -> None:
    wanted = {"Accept": "text/html"}
    assert (
        httpx.get(f"{served.url}/account", headers=wanted, trust_env=False).headers["content-type"].startswith("text")
    )
    assert httpx.get(f"{served.url}/account", trust_env=False).json()["error"]["code"] == "unauthenticated"


def test_what_may_not_be_seen_is_not_there(served: Served, client: Any, connected: Callable[..., Any]) -> None:
    for name, parent in (("visible", "root"), ("hidden", "root"), ("below", "visible")):
        if name not in {each["name"] for each in client.collections.list_collections()}:
            client.collections.create_or_update_collection(name, named(name, parent))
    database = served.app.database
    with database.read() as connection:
        scope = scope_of(connection, "visible")
    reader = somebody(database, f"reader{id(client)}", "Data reader", scope)
    token = served.app.tokens.create(reader, "test").token
    seen = connected(PurviewAccountClient, "/account", token)
    assert {each["name"] for each in seen.collections.list_collections()} == {"visible", "below"}
    assert seen.collections.get_collection_path("below")["parentNameChain"] == ["visible"]
    assert "parentCollection" not in seen.collections.get_collection("visible")
    for refused in (seen.collections.get_collection, seen.collections.delete_collection):
        with pytest.raises(ResourceNotFoundError):
            refused("hidden")
    with pytest.raises(HttpResponseError) as error:
        seen.collections.create_or_update_collection("visible", {"friendlyName": "mine"})
    assert error.value.status_code == 403
    administrator = somebody(database, f"admin{id(client)}", "Collection administrator", scope)
    token = served.app.tokens.create(administrator, "test").token
    other = connected(PurviewAccountClient, "/account", token)
    # Names are the installation's: taken is all that is told of this one.
    with pytest.raises(ResourceExistsError, match="There is a collection 'hidden' already"):
        other.collections.create_or_update_collection("hidden", named("x", "visible"))
    with pytest.raises(ResourceNotFoundError):
        other.collections.create_or_update_collection("below", named("x", "hidden"))
