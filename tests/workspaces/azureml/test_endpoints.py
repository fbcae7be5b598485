"""Online endpoints of Azure Machine Learning: what is listed, how they are called, and with what."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.workspaces.authority import CLIENT, TENANT, running_authority
from tests.workspaces.azureml.holdings import HOME, QUALIFIED
from tests.workspaces.azureml.management import TOKEN, Management, running_management
from tests.workspaces.azureml.scoring import (
    ENTRY_SCRIPT,
    ENTRY_SCRIPT_2,
    MLFLOW,
    UNDECORATED,
    Scoring,
    deploy_all,
    deployment,
    running_scoring,
    token,
)
from tests.workspaces.liar import lying

from headwater.errors import (
    HeadwaterError,
    NotFoundError,
    OriginDeniedError,
    RemoteError,
    UnreachableError,
    UsageError,
    WorkspaceError,
)
from headwater.net import HttpClient, parse_origin
from headwater.workspaces import Credential, make_credential
from headwater.workspaces.azureml import AzureMLConnector, extract
from headwater.workspaces.azureml.endpoint_credentials import EndpointToken, entra_token
from headwater.workspaces.azureml.scoring_addresses import scoring_origin
from headwater.workspaces.base import EndpointInfo

READER = make_credential("token", {}, TOKEN)
AZURE = parse_origin("https://management.azure.com")


@pytest.fixture
def management() -> Iterator[Management]:
    with running_management() as management:
        yield management


@pytest.fixture
def scoring(management: Management) -> Iterator[Scoring]:
    with running_scoring() as scoring:
        deploy_all(scoring, management)
        yield scoring


@pytest.fixture
def connector(management: Management, scoring: Scoring) -> Iterator[AzureMLConnector]:
    with closing(connect(management)) as connector:
        yield connector


def connect(management: Management, credential: Credential = READER) -> AzureMLConnector:
    return AzureMLConnector(management.url + HOME, credential=credential)


def listed(connector: AzureMLConnector) -> dict[str, EndpointInfo]:
    return {endpoint.name: endpoint for endpoint in connector.list_endpoints()}


def score(client: HttpClient, name: str = "hail-cost") -> int:
    return client.request("POST", f"/{name}/score", content=b"{}", deadline=10).status


def test_the_parts_of_an_endpoint(connector: AzureMLConnector, scoring: Scoring, management: Management) -> None:
    found = listed(connector)
    hail = found["hail-cost"]
    assert (hail.url, hail.state, hail.tags) == (f"{scoring.url}/hail-cost/score", "Succeeded", {"team": "claims"})
    assert (hail.description, hail.created_at) == (
        "About hail-cost.",
        datetime(2026, 3, 2, 8, 15, 30, 123456, tzinfo=UTC),
    )
    (blue,) = hail.deployments
    assert (blue.name, blue.traffic, blue.model, blue.model_version) == ("blue", 100, "late-arrival", "10")
    assert hail.revision == blue.revision and hail.revision.startswith("sha256:")
    # It is listed, whatever became of it.
    assert (found["being-made"].state, found["being-made"].url) == ("Creating", "")
    assert (found["broken"].state, found["broken"].deployments) == ("Failed", ())
    assert len([target for target in management.seen if "onlineEndpoints?" in target]) == 2
    # Listing asks nobody but the management plane, and for no key.
    assert scoring.seen == [] and not [target for target in management.seen if target.startswith("POST")]


def test_a_model_is_named_if_it_is_the_workspaces_own(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    elsewhere = HOME.replace("claims-ml", "other")
    references = {
        f"azureml:{HOME}/models/late-arrival/versions/2": ("late-arrival", "2"),
        f"azureml:/{HOME}/models/late-arrival/versions/2": ("late-arrival", "2"),
        f"{HOME.lower()}/models/premium/versions/spring": ("premium", "spring"),
        "azureml://locations/westeurope/workspaces/1f0e/models/premium/versions/spring": ("premium", "spring"),
        "azureml:premium@latest": ("premium", ""),
        f"{elsewhere}/models/premium/versions/spring": ("", ""),
        "azureml://registries/shared/models/premium/versions/1": ("", ""),
        "": ("", ""),
    }
    for reference, (model, version) in references.items():
        scoring.deploy(management, "hail-cost", deployments=[deployment("hail-cost", "blue", reference)])
        (found,) = connector.get_endpoint("hail-cost").deployments
        assert (found.model, found.model_version) == (model, version), reference


def test_the_kind_is_seen_at_the_deployment_and_told_by_the_document(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    kinds = {name: endpoint.kind for name, endpoint in listed(connector).items()}
    assert kinds.pop("late-arrival") == "azureml_mlflow"
    assert set(kinds.values()) == {"azureml"}
    unscripted = deployment("hail-cost", "blue", "azureml:late-arrival:2", codeConfiguration=None)
    scripted = deployment("hail-cost", "blue", "azureml:late-arrival:2")
    for documents, behind, kind in [
        ({"3": ENTRY_SCRIPT}, scripted, "azureml"),
        ({"3": MLFLOW}, scripted, "azureml_mlflow"),
        ({}, unscripted, "azureml_mlflow"),
        ({"3": UNDECORATED}, unscripted, "azureml_mlflow"),
        ({"3": UNDECORATED}, scripted, "azureml"),
        ({"3": {**ENTRY_SCRIPT, "paths": {}}}, unscripted, "azureml_mlflow"),
    ]:
        scoring.deploy(management, "hail-cost", documents=documents, deployments=[behind])
        assert connector.get_endpoint("hail-cost").kind == kind


def test_of_several_deployments_the_one_with_most_calls_tells_the_kind(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    behind = [
        deployment("hail-cost", "blue"),
        deployment("hail-cost", "green", "azureml:late-arrival:2", codeConfiguration=None),
    ]
    for traffic, kind in (({"blue": 90, "green": 10}, "azureml"), ({"blue": 10, "green": 90}, "azureml_mlflow")):
        scoring.deploy(management, "hail-cost", traffic=traffic, deployments=behind)
        assert connector.get_endpoint("hail-cost").kind == kind


@pytest.mark.parametrize("name", ["..", ".", "../../models/lapse", "", None, 3])
def test_a_name_that_is_none_leads_nowhere(connector: AzureMLConnector, management: Management, name: object) -> None:
    management.items["onlineEndpoints/hail-cost"]["name"] = name
    management.items["onlineEndpoints/hail-cost/deployments/blue"]["properties"]["model"] = "azureml:..:.."
    for ask in (lambda: listed(connector), lambda: connector.endpoint_client("hail-cost")):
        with suppress(NotFoundError, WorkspaceError):
            ask()
    assert not [target for target in management.seen if "/../" in target or "onlineEndpoints//" in target]


def test_a_model_that_may_not_be_looked_up_leaves_the_kind_open(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    management.forbidden = "/models/late-arrival"
    assert listed(connector)["late-arrival"].kind == "azureml"
    management.forbidden, management.broken = "nothing", "/models/late-arrival"
    with pytest.raises(RemoteError):
        listed(connector)
    management.broken = "nothing"
    assert listed(connector)["late-arrival"].kind == "azureml_mlflow"


def test_a_description_is_asked_for_in_version_3_and_then_2(connector: AzureMLConnector, scoring: Scoring) -> None:
    hail = connector.get_endpoint("hail-cost")
    assert (hail.document, hail.operation, hail.problem) == (ENTRY_SCRIPT, ("", ""), "")
    assert connector.get_endpoint("premium").document == ENTRY_SCRIPT_2
    assert [target for _, target, _ in scoring.seen] == [
        "/hail-cost/swagger.json?version=3",
        "/premium/swagger.json?version=3",
        "/premium/swagger.json?version=2",
    ]


def test_an_endpoint_without_a_description_has_no_problem(connector: AzureMLConnector, scoring: Scoring) -> None:
    for name in ("undescribed", "broken", "being-made"):
        found = connector.get_endpoint(name)
        assert (found.document, found.problem) == (None, "")
    with pytest.raises(WorkspaceError, match="Creating"):
        connector.endpoint_client("being-made")


def test_of_several_operations_the_one_at_the_address_is_meant(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    paths = ENTRY_SCRIPT["paths"]
    several = {**ENTRY_SCRIPT, "paths": {**paths, "/feedback": paths["/score"], "/rescore": paths["/score"]}}
    scoring.deploy(management, "hail-cost", documents={"3": several})
    assert connector.get_endpoint("hail-cost").operation == ("/score", "post")


CHANGES: list[dict[str, Any]] = [
    {"systemData": {"createdAt": "2026-03-02T08:15:30Z", "lastModifiedAt": "2026-05-21T00:00:00Z"}},
    {"systemData": {"createdAt": "2026-05-20T00:00:00Z", "lastModifiedAt": "2026-05-20T17:00:00.0000000Z"}},
    {"model": "azureml:late-arrival:2"},
    {"environmentId": "azureml:sklearn:5"},
    {"codeConfiguration": {"codeId": "azureml:code:2", "scoringScript": "score.py"}},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_a_revision_changes_with_the_deployment(
    connector: AzureMLConnector, management: Management, change: dict[str, Any]
) -> None:
    before = connector.get_endpoint("hail-cost")
    assert listed(connector)["hail-cost"].revision == before.revision
    item = management.items["onlineEndpoints/hail-cost/deployments/blue"]
    if "systemData" in change:
        item["systemData"] |= change["systemData"]
    else:
        item["properties"] |= change
    after = connector.get_endpoint("hail-cost")
    assert after.revision and after.revision != before.revision
    assert connector.endpoint_identity(before) != connector.endpoint_identity(after)


@pytest.mark.parametrize(
    ("traffic", "state", "modified", "is_known"),
    [
        ({"blue": 100}, "Succeeded", "2026-05-20T17:00:00Z", True),
        ({"BLUE": 100, "green": 0}, "Succeeded", "2026-05-20T17:00:00Z", True),
        ({"blue": 100}, "Updating", "2026-05-20T17:00:00Z", False),
        ({"blue": 100}, "Succeeded", None, False),
        ({"blue": 90, "green": 10}, "Succeeded", "2026-05-20T17:00:00Z", False),
        # Not in the list yet, or no longer; calls go there all the same.
        ({"blue": 90, "red": 10}, "Succeeded", "2026-05-20T17:00:00Z", False),
        ({"red": 100}, "Succeeded", "2026-05-20T17:00:00Z", False),
        ({}, "Succeeded", "2026-05-20T17:00:00Z", False),
    ],
)
def test_a_revision_is_known_of_one_called_deployment_alone(
    connector: AzureMLConnector,
    scoring: Scoring,
    management: Management,
    traffic: dict[str, int],
    state: str,
    modified: str | None,
    is_known: bool,
) -> None:
    behind = [deployment("hail-cost", name, provisioningState=state) for name in ("blue", "green")]
    for item in behind:
        item["systemData"]["lastModifiedAt"] = modified
    scoring.deploy(management, "hail-cost", traffic=traffic, deployments=behind, documents={"3": ENTRY_SCRIPT})
    found = connector.get_endpoint("hail-cost")
    assert bool(found.revision) == is_known
    # What tells it then is what it says of itself.
    identity = connector.endpoint_identity(found)
    assert identity.startswith(f"{QUALIFIED}/endpoints/hail-cost#sha256:")
    scoring.deploy(management, "hail-cost", traffic=traffic, deployments=behind, documents={"3": UNDECORATED})
    assert (connector.endpoint_identity(connector.get_endpoint("hail-cost")) == identity) == is_known


def test_a_key_is_shown_to_its_own_endpoint_alone(connector: AzureMLConnector, management: Management) -> None:
    with running_scoring() as other:
        other.deploy(management, "elsewhere", documents={"3": ENTRY_SCRIPT})
        assert connector.get_endpoint("elsewhere").document
        with connector.endpoint_client("elsewhere") as client:
            assert score(client, "elsewhere") == 200
        assert {shown for *_, shown in other.seen} == {"Bearer canary-elsewhere"}
        with connector.endpoint_client("hail-cost") as client:
            assert score(client) == 200
            with pytest.raises(OriginDeniedError):
                client.request("POST", f"{other.url}/elsewhere/score", content=b"{}")
        assert len([*other.seen]) == 2


def test_the_second_key_serves_where_there_is_no_first(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    management.secrets["onlineEndpoints/hail-cost/listKeys"] = [{"primaryKey": None, "secondaryKey": "canary-second"}]
    scoring.accepts["hail-cost"] = "canary-second"
    with connector.endpoint_client("hail-cost") as client:
        assert score(client) == 200


def test_a_token_is_renewed_also_after_the_connector_was_closed(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    soon = int(time.time()) + 3600
    path = "onlineEndpoints/late-arrival/token"
    management.secrets[path] = [token("canary-1", soon, 1), token("canary-2", soon, soon), token("canary-3")]
    with connector.endpoint_client("late-arrival") as client:
        connector.close()
        scoring.accepts["late-arrival"] = "canary-2"
        assert [score(client, "late-arrival") for _ in range(3)] == [200, 200, 200]
    assert len(management.secrets[path]) == 1
    assert {shown for *_, shown in scoring.seen} == {"Bearer canary-2"}


class Issuer:
    """Gives out tokens, or fails."""

    def __init__(self, *answers: dict[str, Any] | HeadwaterError) -> None:
        self.answers = list(answers)

    def __call__(self) -> dict[str, Any]:
        answer = self.answers.pop(0)
        if isinstance(answer, HeadwaterError):
            raise answer
        return answer


def shown(credential: Credential) -> str:
    return credential.headers()["Authorization"]


def test_a_token_in_hand_outlives_a_failure_to_renew_it() -> None:
    away = UnreachableError("Nobody answered.")
    lasting, ended = int(time.time()) + 3600, int(time.time()) - 1
    credential = EndpointToken(Issuer(token("canary-1", lasting, 1), away, token("canary-2")), "here")
    # After the failure it is not asked for at every call.
    assert [shown(credential) for _ in range(3)] == ["Bearer canary-1"] * 3
    credential = EndpointToken(Issuer(token("canary-1", ended, ended), away, token("canary-2")), "here")
    assert shown(credential) == "Bearer canary-1"
    with pytest.raises(UnreachableError):
        credential.headers()
    assert shown(credential) == "Bearer canary-2"


@pytest.mark.parametrize("unit", [1, 1000])
def test_when_a_token_ends_is_told_in_seconds_or_milliseconds(unit: int) -> None:
    soon, ended = int(time.time()) + 3600, int(time.time()) - 3600
    lasting = token("canary-1", soon * unit, soon * unit)
    credential = EndpointToken(Issuer(lasting, token("canary-2")), "here")
    assert [shown(credential) for _ in range(2)] == ["Bearer canary-1"] * 2
    credential = EndpointToken(Issuer(token("canary-1", ended * unit, soon * unit), token("canary-2")), "here")
    assert [shown(credential) for _ in range(2)] == ["Bearer canary-1", "Bearer canary-2"]


def test_a_token_that_does_not_say_when_it_ends_is_used_for_a_while() -> None:
    credential = EndpointToken(Issuer({"accessToken": "canary-1"}, {"accessToken": "canary-2"}), "here")
    assert shown(credential) == "Bearer canary-1"
    assert repr(credential) == "EndpointToken(***)"


@pytest.mark.parametrize(
    ("action", "answer"),
    [("listKeys", {}), ("listKeys", {"primaryKey": 3}), ("token", {}), ("token", {"accessToken": ["canary"]})],
)
def test_an_answer_without_a_key_or_token_says_so(
    connector: AzureMLConnector, scoring: Scoring, management: Management, action: str, answer: dict[str, Any]
) -> None:
    scoring.deploy(management, "hail-cost", "Key" if action == "listKeys" else "AMLToken")
    management.secrets[f"onlineEndpoints/hail-cost/{action}"] = [answer]
    with pytest.raises(WorkspaceError, match="key" if action == "listKeys" else "token"):
        connector.endpoint_client("hail-cost")
    assert connector.get_endpoint("hail-cost").problem
    assert scoring.seen == []


def test_an_unknown_way_of_authentication_says_so(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    scoring.deploy(management, "hail-cost", "Handshake")
    with pytest.raises(WorkspaceError, match="not known"):
        connector.endpoint_client("hail-cost")


def test_an_accounts_token_is_issued_to_whom_it_is_shown(
    management: Management, scoring: Scoring, tmp_path: Path
) -> None:
    scoring.deploy(management, "hail-cost", "AADToken", documents={"3": ENTRY_SCRIPT})
    with running_authority(tmp_path, "canary-secret") as authority:
        fields = {"tenant_id": TENANT, "client_id": CLIENT, "authority": authority.url}
        credential = make_credential("entra_client_secret", fields, "canary-secret", tls=authority.tls)
        management.accepts = lambda shown: shown == f"Bearer {authority.token(1)}"
        scoring.accepts["hail-cost"] = authority.token(2)
        with closing(connect(management, credential)) as connector:
            with connector.endpoint_client("hail-cost") as client:
                assert score(client) == 200
        public = parse_origin("https://hail.westeurope.inference.ml.azure.com")
        entra_token(credential, public, AZURE, "here").headers()
        government = parse_origin("https://hail.usgovvirginia.inference.ml.azure.us")
        entra_token(credential, government, AZURE, "here").headers()
        scopes = [scope.split()[0].removesuffix("/.default") for scope in authority.scopes]
        assert scopes == [management.url, scoring.url, "https://ml.azure.com", "https://ml.azure.us"]
        for elsewhere in ("https://graph.microsoft.com", "https://inference.ml.azure.com.example.com"):
            with pytest.raises(OriginDeniedError):
                entra_token(credential, parse_origin(elsewhere), AZURE, "here")
        assert len(authority.scopes) == 4


def test_a_token_stored_for_the_workspace_is_not_shown_to_an_endpoint(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    scoring.deploy(management, "hail-cost", "AADToken", documents={"3": ENTRY_SCRIPT})
    with pytest.raises(UsageError, match="no account is stored"):
        connector.endpoint_client("hail-cost")
    assert "no account is stored" in connector.get_endpoint("hail-cost").problem
    assert scoring.seen == []


HOSTILE = [
    "http://169.254.169.254/metadata/instance",
    "https://169.254.169.254/score",
    "https://[fe80::1]/score",
    "https://10.0.0.5/score",
    "https://[::ffff:10.0.0.5]/score",
    "https://0.0.0.0/score",
    "http://score.example.com/score",
    "file:///etc/passwd",
    "ftp://score.example.com/score",
    "https://ann:canary-password@score.example.com/score",
    "https://score.example.com/score?code=canary-code",
    "score",
    "https://[",
]
ON_THIS_MACHINE = ["http://127.0.0.1:8080/score", "https://localhost/score", "https://[::1]/", "http://127.9.9.9:22/"]


@pytest.mark.parametrize("address", [*HOSTILE, *ON_THIS_MACHINE])
def test_a_workspace_does_not_lead_into_inner_networks(address: str) -> None:
    with pytest.raises((OriginDeniedError, WorkspaceError)) as caught:
        scoring_origin(address, AZURE, ())
    assert caught.value.hint and "canary" not in str(caught.value.to_dict())


@pytest.mark.parametrize(
    ("address", "management", "networks"),
    [
        ("https://hail.westeurope.inference.ml.azure.com/score", "https://management.azure.com", []),
        ("http://10.0.0.5/api/v1/service/hail/score", "https://management.azure.com", ["10.0.0.0/8"]),
        ("http://127.0.0.1:8080/score", "https://management.azure.com", ["127.0.0.0/8"]),
        ("http://127.0.0.1:8080/score", "http://127.0.0.1:9000", []),
        ("http://127.0.0.1:8080/score", "http://localhost:9000", []),
    ],
)
def test_where_an_endpoint_may_be(address: str, management: str, networks: list[str]) -> None:
    allowed = [ip_network(network) for network in networks]
    assert address.startswith(str(scoring_origin(address, parse_origin(management), allowed)))


@pytest.mark.parametrize("address", HOSTILE)
def test_an_endpoint_at_such_an_address_is_listed_and_never_called(
    connector: AzureMLConnector, scoring: Scoring, management: Management, address: str
) -> None:
    scoring.deploy(management, "hail-cost", scoringUri=address, swaggerUri=address)
    for found in (listed(connector)["hail-cost"], connector.get_endpoint("hail-cost")):
        assert found.url == "" and found.problem and "canary" not in repr(found)
    with pytest.raises((OriginDeniedError, WorkspaceError)):
        connector.endpoint_client("hail-cost")
    # Nobody asked for the key, either.
    assert not [target for target in management.seen if target.startswith("POST")]


def test_a_description_elsewhere_is_not_fetched(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    with lying() as elsewhere:
        elsewhere.body = json.dumps(ENTRY_SCRIPT).encode()
        for address in (f"{elsewhere.url}/swagger.json", "http://169.254.169.254/swagger.json", "nonsense"):
            scoring.deploy(management, "hail-cost", swaggerUri=address)
            assert connector.get_endpoint("hail-cost").document is None
        assert elsewhere.seen == []
    assert scoring.seen == [] and not [target for target in management.seen if target.startswith("POST")]


@pytest.mark.parametrize(
    "content",
    [
        b"<html>Sign in</html>",
        b'{"openapi":"3.0.3","info":{},"paths":{},"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"openapi":"3.0.3","info":{},"paths":{},"x":"' + b"a" * (5 * 1024 * 1024) + b'"}',
        b"{}",
    ],
    ids=["a page", "deep", "huge", "another form"],
)
def test_a_description_that_cannot_be_used_is_a_problem_and_no_failure(
    connector: AzureMLConnector, scoring: Scoring, content: bytes
) -> None:
    scoring.documents["hail-cost"] = {"3": content, "2": content}
    found = connector.get_endpoint("hail-cost")
    assert found.document is None and found.problem and found.url
    with connector.endpoint_client("hail-cost") as client:
        assert score(client) == 200


def test_who_may_see_an_endpoint_and_not_its_key_is_told_the_role(
    connector: AzureMLConnector, scoring: Scoring, management: Management
) -> None:
    management.forbidden = "/listKeys"
    with pytest.raises(RemoteError) as caught:
        connector.endpoint_client("hail-cost")
    assert caught.value.status == 403 and "AzureML Data Scientist" in caught.value.hint
    assert "AzureML Data Scientist" in connector.get_endpoint("hail-cost").problem
    assert listed(connector)["hail-cost"].url


def test_an_endpoint_that_fails_is_still_found(connector: AzureMLConnector, scoring: Scoring) -> None:
    scoring.status = 500
    found = connector.get_endpoint("hail-cost")
    assert found.url and "500" in found.problem and "canary" not in found.problem


def test_a_listing_that_cannot_be_completed_says_so(connector: AzureMLConnector, management: Management) -> None:
    management.broken = "/broker/deployments"
    with pytest.raises(RemoteError):
        listed(connector)
    management.broken = "nothing"
    management.items["onlineEndpoints/premium"]["name"] = None
    with pytest.raises(WorkspaceError):
        listed(connector)


def test_an_endpoint_that_is_deleted_meanwhile_ends_no_listing(
    connector: AzureMLConnector, management: Management
) -> None:
    find = management.find
    gone = "/onlineEndpoints/hail-cost/deployments"
    management.find = lambda path, query: None if path.endswith(gone) else find(path, query)  # type: ignore[method-assign]  # a race, run slowly
    assert listed(connector)["hail-cost"].revision == ""


@pytest.mark.parametrize("at", ["/onlineEndpoints", "/deployments"])
def test_the_next_page_is_not_fetched_elsewhere(connector: AzureMLConnector, management: Management, at: str) -> None:
    with lying() as elsewhere:
        management.next_link = lambda path: f"{elsewhere.url}/next" if path.endswith(at) else None
        with pytest.raises(OriginDeniedError):
            listed(connector)
        assert elsewhere.seen == []


def test_no_key_is_found_anywhere(
    connector: AzureMLConnector, scoring: Scoring, management: Management, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = ""
    for mode in ("Key", "AMLToken"):
        scoring.deploy(management, "hail-cost", mode, documents={"3": ENTRY_SCRIPT})
        told += repr(connector.get_endpoint("hail-cost"))
        with connector.endpoint_client("hail-cost") as client:
            told += repr(client) + str(vars(client)) + str(vars(connector))
            scoring.accepts["hail-cost"] = "another"
            assert score(client) == 401
            with pytest.raises(RemoteError) as caught:
                client.get_json("/hail-cost/score")
            told += "".join(traceback.format_exception(caught.value)) + str(caught.value.to_dict())
        told += connector.get_endpoint("hail-cost").problem
    assert "/hail-cost/score" in caplog.text
    assert "canary" not in caplog.text + told


@pytest.mark.parametrize("name", ["nightly", "onlineEndpoints", "HAIL/COST"])
def test_what_is_no_online_endpoint_is_not_found(connector: AzureMLConnector, name: str) -> None:
    with pytest.raises(NotFoundError):
        connector.get_endpoint(name)


FIELDS = st.sampled_from(
    ["traffic", "scoringUri", "blue", "systemData", "lastModifiedAt", "codeConfiguration", "codeId", "model", "tags"]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


@given(properties=JSON, behind=JSON, dates=JSON, tags=JSON)
def test_nothing_but_the_name_has_to_be_of_any_form(properties: Any, behind: Any, dates: Any, tags: Any) -> None:
    item = {"name": "x", "properties": properties, "systemData": dates, "tags": tags}
    one = {"name": "Blue", "properties": behind, "systemData": dates}
    assert extract.endpoint(item).name == "x"
    found = extract.deployments(item, [one], [("", "")])
    assert found[0].name == "Blue" and all(0 <= deployed.traffic <= 100 for deployed in found)
    assert extract.is_scripted(one) in {True, False}
