"""The policy store, as azure-purview-administration documents it, against a started server."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.purview.administration.metadatapolicies import PurviewMetadataPoliciesClient
from tests.atlas.conftest import Served

from headwater.access import SYSTEM, Action, Actor, Via
from headwater.access.groups import create_group
from headwater.access.people import create_user
from headwater.store import utc_now

PREFIX = "purviewmetadatarole_builtin_"
Policy = dict[str, Any]


def somebody(served: Served, name: str, role: str | None = None, scope: str = "server") -> Actor:
    """A new person, with the id that people have; with a role."""
    with served.app.database.begin() as connection:
        made = create_user(connection, name, by=SYSTEM, now=utc_now())
    if role is not None:
        served.app.access.grant(SYSTEM, made.id, role, scope)
    return Actor(made.id, made.name, Via.SESSION)


class Place:
    """A collection below another, a person and a group."""

    def __init__(self, served: Served, name: str) -> None:
        self.served, self.name = served, name
        served.app.collections.add(SYSTEM, f"{name}-above")
        served.app.collections.add(SYSTEM, name, parent=f"{name}-above")
        self.person = somebody(served, f"{name}.person")
        with served.app.database.begin() as connection:
            self.group = create_group(connection, f"{name} group", by=SYSTEM, now=utc_now()).id

    def administrator(self, of: str | None = None) -> tuple[Actor, str]:
        scope = f"collection:{of or self.name}"
        actor = somebody(self.served, f"{self.name}.admin", "Collection administrator", scope)
        return actor, self.served.app.tokens.create(actor, "test").token

    def may(self, action: Action, actor: Actor | None = None) -> bool:
        scope = f"collection:{self.name}"
        return self.served.app.access.check(SYSTEM, action, scope, (actor or self.person).name)


@pytest.fixture
def place(served: Served, request: pytest.FixtureRequest) -> Place:
    return Place(served, f"p{abs(hash(request.node.name)) % 10**8}")


@pytest.fixture
def client(connected: Callable[..., Any]) -> Any:
    return connected(PurviewMetadataPoliciesClient)


def of_collection(client: Any, name: str) -> Policy:
    (found,) = client.metadata_policy.list_all(collection_name=name)
    policy: Policy = found
    return policy


def rule(policy: Policy, role: str) -> Any:
    wanted = f"{PREFIX}{role}:{policy['properties']['collection']['referenceName']}"
    (found,) = (each for each in policy["properties"]["attributeRules"] if each["id"] == wanted)
    return found


def permission(policy: Policy) -> Any:
    (found,) = (each for each in policy["properties"]["attributeRules"] if each["id"].startswith("permission:"))
    return found["dnfCondition"]


def users(policy: Policy, role: str) -> Any:
    condition = rule(policy, role)["dnfCondition"][0][0]
    assert condition["attributeName"] == "principal.microsoft.id"
    return condition["attributeValueIncludedIn"]


def groups(values: list[str], role: str) -> list[Policy]:
    named = {"attributeName": "principal.microsoft.groups", "attributeValueIncludedIn": values}
    has = {"fromRule": PREFIX + role, "attributeName": "derived.purview.role", "attributeValueIncludes": PREFIX + role}
    return [named, has]


def without_version(policy: Policy) -> Policy:
    return {name: value for name, value in policy.items() if name != "version"}


def test_the_roles(client: Any) -> None:
    roles = {each["name"]: each for each in client.metadata_roles.list()}
    names = {"collection-administrator", "data-source-administrator", "data-curator", "purview-reader"}
    assert set(roles) == names | {"data-share-contributor"}
    ((condition,),) = roles["purview-reader"]["properties"]["cnfCondition"]
    assert condition["attributeValueIncludedIn"] == ["asset.read", "collection.read"]
    assert roles["purview-reader"]["id"] == f"{PREFIX}purview-reader"


def test_what_was_put_is_read_back_and_holds(place: Place, client: Any) -> None:
    policy = of_collection(client, place.name)
    assert client.metadata_policy.get(policy["id"]) == policy
    assert policy["properties"]["parentCollectionName"] == f"{place.name}-above"
    assert [policy["properties"]["collection"]["referenceName"], users(policy, "data-curator")] == [place.name, []]
    assert not place.may(Action.ASSET_EDIT)
    users(policy, "data-curator").append(place.person.user_id)
    rule(policy, "purview-reader")["dnfCondition"].append(groups([place.group], "purview-reader"))
    put = client.metadata_policy.update(policy["id"], policy)
    assert without_version(put) == without_version(policy) and put["version"] > policy["version"]
    assert of_collection(client, place.name) == put
    assert place.may(Action.ASSET_EDIT)
    given = place.served.app.access.assignments(SYSTEM, scope=f"collection:{place.name}").given
    assert {(each.principal.kind, each.role) for each in given} == {("user", "Data curator"), ("group", "Data reader")}
    users(put, "data-curator").clear()
    after = client.metadata_policy.update(put["id"], put)
    assert without_version(after) == without_version(put) and not place.may(Action.ASSET_EDIT)


def test_nothing_changed_is_nothing_done(place: Place, client: Any) -> None:
    policy = of_collection(client, place.name)
    assert client.metadata_policy.update(policy["id"], policy) == policy


@pytest.mark.parametrize("way", ["client", "command"])
def test_a_stale_version_is_a_conflict(place: Place, client: Any, way: str) -> None:
    stale = of_collection(client, place.name)
    fresh = copy.deepcopy(stale)
    if way == "client":
        users(fresh, "purview-reader").append(place.person.user_id)
        client.metadata_policy.update(fresh["id"], fresh)
    else:
        place.served.app.access.grant(SYSTEM, place.person.name, "Data reader", f"collection:{place.name}")
    users(stale, "data-curator").append(place.person.user_id)
    with pytest.raises(HttpResponseError, match="has been changed since") as error:
        client.metadata_policy.update(stale["id"], stale)
    assert error.value.status_code == 409 and not place.may(Action.ASSET_EDIT)


def test_inheritance_is_cut_and_restored(place: Place, connected: Callable[..., Any]) -> None:
    # Of what is given above, only collection administrators see beyond the cut.
    _, token = place.administrator(f"{place.name}-above")
    client = connected(PurviewMetadataPoliciesClient, token=token)
    above = of_collection(client, f"{place.name}-above")
    users(above, "purview-reader").append(place.person.user_id)
    client.metadata_policy.update(above["id"], above)
    assert place.may(Action.ASSET_READ)
    policy = of_collection(client, place.name)
    inherited = permission(policy).pop()
    assert inherited[0]["fromRule"] == f"permission:{place.name}-above"
    cut = client.metadata_policy.update(policy["id"], policy)
    assert without_version(cut) == without_version(policy) and not place.may(Action.ASSET_READ)
    permission(cut).append(inherited)
    assert without_version(client.metadata_policy.update(cut["id"], cut)) == without_version(cut)
    assert place.may(Action.ASSET_READ)


def test_every_spelling_of_the_addresses(place: Place, served: Served, client: Any) -> None:
    policy = of_collection(client, place.name)
    with served.client(root="") as http:
        for address in (
            f"/policystore/metadataPolicies/{policy['id']}",
            f"/policystore/collections/{place.name}/metadataPolicy",
            f"/policyStore/collections/{place.name}/metadataPolicy?api-version=2021-07-01",
        ):
            assert http.get(address).json() == policy
        assert http.get("/policystore/metadataroles").json() == http.get("/policyStore/metadataRoles").json()


def test_who_may_give_no_roles_changes_nothing(place: Place, client: Any, connected: Callable[..., Any]) -> None:
    reader = somebody(place.served, f"{place.name}.reader", "Reader")
    token = place.served.app.tokens.create(reader, "test").token
    seen = connected(PurviewMetadataPoliciesClient, token=token)
    policy = of_collection(seen, place.name)
    users(policy, "collection-administrator").append(reader.user_id)
    with pytest.raises(HttpResponseError) as error:
        seen.metadata_policy.update(policy["id"], policy)
    assert error.value.status_code == 403 and not place.may(Action.ROLES_ASSIGN, reader)


def test_who_sees_less_is_told_less(place: Place, client: Any, connected: Callable[..., Any]) -> None:
    actor, token = place.administrator()
    own = connected(PurviewMetadataPoliciesClient, token=token)
    assert [each["name"] for each in own.metadata_policy.list_all()] == [f"policy_{place.name}"]
    policy = of_collection(own, place.name)
    assert f"{place.name}-above" not in str(policy) and "parentCollectionName" not in policy["properties"]
    assert permission(policy)[-1][0]["fromRule"] == "parentcollectionpermission"
    users(policy, "data-curator").append(place.person.user_id)
    assert without_version(own.metadata_policy.update(policy["id"], policy)) == without_version(policy)
    other = of_collection(client, f"{place.name}-above")
    with pytest.raises(ResourceNotFoundError):
        own.metadata_policy.get(other["id"])
    with pytest.raises(ResourceNotFoundError):
        own.metadata_policy.update(other["id"], other)
    with pytest.raises(HttpResponseError) as error:
        list(own.metadata_policy.list_all(collection_name=f"{place.name}-above"))
    assert error.value.status_code == 404
    # Giving up one's own right is the last thing that one does, and happens.
    latest = of_collection(own, place.name)
    users(latest, "collection-administrator").remove(actor.user_id)
    users(latest, "data-curator").clear()
    own.metadata_policy.update(latest["id"], latest)
    assert not place.may(Action.ROLES_ASSIGN, actor) and not place.may(Action.ASSET_EDIT)


def test_what_no_role_can_express_is_refused_whole(place: Place, served: Served, client: Any) -> None:
    policy = of_collection(client, place.name)

    def refused(status: int, change: Callable[[Policy], Any]) -> str:
        wanted = copy.deepcopy(policy)
        users(wanted, "data-curator").append(place.person.user_id)
        change(wanted)
        with served.client(root="/policystore") as http:
            answer: httpx.Response = http.put(f"/metadataPolicies/{policy['id']}", json=wanted)
        assert answer.status_code == status, answer.text
        assert of_collection(client, place.name) == policy and not place.may(Action.ASSET_EDIT)
        return str(answer.json()["error"]["message"])

    def excluding(wanted: Policy) -> None:
        rule(wanted, "data-curator")["dnfCondition"][0][0]["attributeValueExcludedIn"] = [place.group]

    def strange(wanted: Policy) -> None:
        rule(wanted, "data-curator")["id"] = f"{PREFIX}workflow-administrator:{place.name}"

    nobody = "00000000-0000-4000-8000-00000000dead"
    assert "no role here can express" in refused(400, excluding)
    assert "data-curator" in refused(400, strange)
    assert "is a group" in refused(400, lambda wanted: users(wanted, "data-curator").append(place.group))
    assert nobody in refused(404, lambda wanted: users(wanted, "data-curator").append(nobody))
    assert "no version" in refused(400, lambda wanted: wanted.pop("version"))
    assert "decision rules" in refused(400, lambda wanted: wanted["properties"].update(decisionRules=[]))
    assert "another" in refused(400, lambda wanted: wanted.update(id=nobody))
