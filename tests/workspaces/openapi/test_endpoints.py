"""The operations of a service as endpoints: which there are, what they are called, where they are, what they want."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.workspaces.liar import Liar, lying

from headwater.errors import NotFoundError, UsageError, WorkspaceError
from headwater.net import parse_origin
from headwater.workspaces import make_credential
from headwater.workspaces.addresses import source_url
from headwater.workspaces.base import EndpointInfo
from headwater.workspaces.openapi import OpenAPIConnector
from headwater.workspaces.openapi.configuration import OpenAPIConfiguration
from headwater.workspaces.openapi.operations import Operation, endpoint_kind, list_operations, name_operations
from headwater.workspaces.openapi.servers import scoring_url

BODY = {"content": {"application/json": {"schema": {"type": "object", "properties": {"x": {"type": "number"}}}}}}


def takes_json(**more: Any) -> dict[str, Any]:
    return {"requestBody": BODY, "responses": {}, **more}


def document(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": {"title": "Claims", "version": "1"}, "paths": paths, **more}


def document_2(paths: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    one = {"/score": {"post": {"parameters": [{"in": "body", "name": "b", "schema": {"type": "object"}}]}}}
    return {"swagger": "2.0", "info": {"title": "Claims", "version": "1"}, "paths": paths or one, **more}


SEVERAL = document(
    {
        "/": {"get": {"responses": {}}, "post": takes_json()},
        "/triage": {"post": takes_json(operationId="triageClaim", description="How urgent?"), "put": takes_json()},
        "/fraud/score": {"post": takes_json(summary=" Is it honest? ")},
        "/fraud_score": {"post": takes_json(operationId="fraud_score")},
        "/photos": {"post": {"requestBody": {"content": {"multipart/form-data": {}}}, "responses": {}}},
        "/ping": {"post": {"responses": {}}},
        "/models/{name}": {"post": takes_json(operationId="byName")},
    }
)


@pytest.fixture
def liar() -> Iterator[Liar]:
    with lying() as liar:
        yield liar


def endpoints(liar: Liar, found: dict[str, Any], given: str = "/openapi.json") -> dict[str, EndpointInfo]:
    """The endpoints of a service that was registered as ``given``."""
    place = given.partition("#")[0]
    liar.answers = {place if place.endswith(".json") else "/openapi.json": json.dumps(found).encode()}
    with closing(OpenAPIConnector(liar.url + given)) as connector:
        return {endpoint.name: endpoint for endpoint in connector.list_endpoints()}


def test_one_operation_alone_is_called_by_the_services_name(liar: Liar) -> None:
    found = endpoints(liar, document({"/predict": {"post": takes_json()}, "/health": {"get": {"responses": {}}}}))
    (one,) = found.values()
    assert (one.name, one.kind, one.url, one.operation) == ("Claims", "openapi", f"{liar.url}/predict", ("", ""))
    assert (one.state, one.deployments, one.revision, one.problem) == ("Succeeded", (), "", "")


def test_several_are_called_by_their_ids_or_paths(liar: Liar) -> None:
    found = endpoints(liar, SEVERAL)
    assert {name: endpoint.operation for name, endpoint in found.items()} == {
        "post": ("/", "post"),
        "fraud_score": ("/fraud/score", "post"),
        "fraud_score_post": ("/fraud_score", "post"),
        "byName": ("/models/{name}", "post"),
        "triageClaim": ("/triage", "post"),
        "triage": ("/triage", "put"),
    }
    assert (found["triageClaim"].description, found["fraud_score"].description) == ("How urgent?", "Is it honest?")
    assert found["byName"].url == "" and "parameters" in found["byName"].problem


def test_an_endpoint_that_cannot_be_called_says_so(liar: Liar) -> None:
    liar.answers = {"/openapi.json": json.dumps(SEVERAL).encode()}
    with closing(OpenAPIConnector(liar.url)) as connector:
        assert connector.get_endpoint("byName").document == SEVERAL
        with pytest.raises(WorkspaceError, match="parameters"):
            connector.endpoint_client("byName")
        with pytest.raises(NotFoundError):
            connector.get_endpoint("/triage")


@pytest.mark.parametrize(
    ("fragment", "name", "operation"),
    [
        ("#/fraud/score", "Claims", ("/fraud/score", "post")),
        ("#triageClaim", "Claims", ("/triage", "post")),
        ("#/models/%7Bname%7D", "Claims", ("/models/{name}", "post")),
        ("#/triage", "triageClaim", ("/triage", "post")),
    ],
)
def test_a_fragment_means_one_operation(liar: Liar, fragment: str, name: str, operation: tuple[str, str]) -> None:
    found = endpoints(liar, SEVERAL, f"/api/openapi.json{fragment}")
    assert found[name].operation == operation
    assert len(found) == (2 if fragment == "#/triage" else 1)
    # The fragment is for us: no request holds it.
    assert {request["path"] for request in liar.seen} == {"/api/openapi.json"}


def test_a_fragment_that_means_nothing_says_so(liar: Liar) -> None:
    with pytest.raises(WorkspaceError) as caught:
        endpoints(liar, SEVERAL, "/openapi.json#/photos")
    assert caught.value.place.endswith("/openapi.json#/photos")
    with pytest.raises(UsageError):
        OpenAPIConnector("https://score.example.com/openapi.json#access_token=canary")


def test_a_fragment_can_be_registered_where_it_means_something() -> None:
    address = "https://score.example.com/openapi.json#/score"
    assert source_url(address, takes_fragment=True).path == address
    with pytest.raises(UsageError):
        source_url(address)


@pytest.mark.parametrize(
    ("found", "registered", "below"),
    [
        (document({"/score": {"post": takes_json()}}), "/api/openapi.json", "/score"),
        (document({"/score": {"post": takes_json()}}, servers=[{"url": "/v1"}]), "/api/openapi.json", "/v1/score"),
        (document({"/score": {"post": takes_json()}}, servers=[{"url": "."}]), "/api/openapi.json", "/api/score"),
        (document({"/score": {"post": takes_json()}}, servers=[{"url": "v2/"}]), "/api/openapi.json", "/api/v2/score"),
        (document({"/score": {"post": takes_json(servers=[{"url": "/own"}])}}), "/openapi.json", "/own/score"),
        (document({"/score": {"post": takes_json(), "servers": [{"url": "/own"}]}}), "/openapi.json", "/own/score"),
        (
            document(
                {"/score": {"post": takes_json()}},
                servers=[{"url": "/{stage}", "variables": {"stage": {"default": "live", "enum": ["live"]}}}],
            ),
            "/openapi.json",
            "/live/score",
        ),
        (document_2(), "/api/swagger.json", "/score"),
        (document_2(basePath="/v1/"), "/api/swagger.json", "/v1/score"),
        (document_2(schemes=["https"]), "/swagger.json", "/score"),
        # The registered address is a service's own: it is where it is.
        (document_2(host="another.example.com"), "/gateway/score", "/gateway/score"),
        (document({"/score": {"post": takes_json()}}), "/gateway/score?slot=2", "/gateway/score?slot=2"),
        (document({"/score": {"post": takes_json()}}), "/gateway", "/score"),
    ],
)
def test_where_an_operation_is(liar: Liar, found: dict[str, Any], registered: str, below: str) -> None:
    (one,) = endpoints(liar, found, registered).values()
    assert (one.url, one.problem) == (liar.url + below, "")


def test_of_several_servers_the_registered_one_is_taken(liar: Liar) -> None:
    servers = [{"url": "https://elsewhere.example.com"}, {"url": f"{liar.url}/v3"}, {"url": "/v4"}]
    (one,) = endpoints(liar, document({"/score": {"post": takes_json()}}, servers=servers)).values()
    assert one.url == f"{liar.url}/v3/score"
    host = liar.url.removeprefix("http://")
    # What ends TLS before the service does not change where it is.
    for schemes in (["https"], ["http"], [], None):
        (one,) = endpoints(liar, document_2(host=host, schemes=schemes, basePath="/v5"), "/swagger.json").values()
        assert one.url == f"{liar.url}/v5/score"


@pytest.mark.parametrize(
    "found",
    [
        document({"/score": {"post": takes_json()}}, servers=[{"url": "https://elsewhere.example.com/v1"}]),
        document({"/score": {"post": takes_json()}}, servers=[{"url": "//elsewhere.example.com"}]),
        document({"/score": {"post": takes_json()}}, servers=[{"url": "http://169.254.169.254/"}]),
        document({"/score": {"post": takes_json()}}, servers=[{"url": "file:///etc"}]),
        document({"/score": {"post": takes_json()}}, servers=[{"url": "https://["}]),
        document({"/score": {"post": takes_json()}}, servers=[{"url": "http://127.0.0.1:1"}]),
        document_2(host="elsewhere.example.com"),
        document_2(host="127.0.0.1:1", schemes=["http"]),
        document_2(host="user@127.0.0.1"),
    ],
)
def test_another_server_is_not_called(liar: Liar, found: dict[str, Any]) -> None:
    (one,) = endpoints(liar, found).values()
    assert one.url == "" and "another server" in one.problem
    liar.answers = {"/openapi.json": json.dumps(found).encode()}
    credential = make_credential("token", {}, "canary")
    with closing(OpenAPIConnector(liar.url, credential=credential)) as connector:
        with pytest.raises(WorkspaceError, match="another server") as caught:
            connector.endpoint_client("Claims")
    assert "source of its own" in caught.value.hint or "register" in caught.value.hint


@pytest.mark.parametrize("path", ["/score?code=canary-code", "/score?sig=canary"])
def test_an_address_with_a_key_in_it_is_not_called(liar: Liar, path: str) -> None:
    (one,) = endpoints(liar, document({path: {"post": takes_json()}})).values()
    assert one.url == "" and "canary" not in one.problem


CLASSIC = {
    "ExecutionRequest": {
        "type": "object",
        "properties": {"Inputs": {"$ref": "#/definitions/Inputs"}, "GlobalParameters": {"type": "object"}},
    },
    "Inputs": {"type": "object", "properties": {"input1": {"$ref": "#/definitions/Table"}}},
    "Table": {"type": "object", "properties": {"ColumnNames": {"type": "array"}, "Values": {"type": "array"}}},
}


def body_2(name: str) -> dict[str, Any]:
    return {"post": {"parameters": [{"in": "body", "name": "b", "schema": {"$ref": f"#/definitions/{name}"}}]}}


@pytest.mark.parametrize(
    ("found", "kind", "below"),
    [
        (
            document_2({"/execute": body_2("ExecutionRequest")}, definitions=CLASSIC, basePath="/services/1f"),
            "azureml_classic",
            "/services/1f/execute?api-version=2.0&details=true",
        ),
        (
            document_2({"/execute?api-version=2.0&details=false": body_2("ExecutionRequest")}, definitions=CLASSIC),
            "azureml_classic",
            "/execute?api-version=2.0&details=false",
        ),
        (document_2({"/score": body_2("ExecutionRequest")}, definitions=CLASSIC), "openapi", "/score"),
        (
            document_2({"/score": body_2("ServiceInput")}, definitions={"ServiceInput": {"type": "object"}}),
            "azureml",
            "/score",
        ),
        (
            document_2(
                {"/score": body_2("ServiceInput")},
                definitions={"ServiceInput": {"properties": {"input_data": {"type": "object"}}}},
            ),
            "azureml_mlflow",
            "/score",
        ),
        (
            document_2(
                {"/score": body_2("Renamed")},
                definitions={
                    "Renamed": {"allOf": [{"$ref": "#/definitions/Part"}]},
                    "Part": {"properties": {"data": {"type": "array", "format": "pandas.DataFrame:records"}}},
                },
            ),
            "azureml",
            "/score",
        ),
        (document_2({"/score": body_2("Missing")}), "openapi", "/score"),
        (
            document_2(
                {"/score": body_2("Me")},
                definitions={"Me": {"properties": {"me": {"$ref": "#/definitions/Me"}, "x": {"type": "number"}}}},
            ),
            "openapi",
            "/score",
        ),
        (
            document_2({"/score": body_2("A")}, definitions={"A": {"$ref": "#/definitions/A"}}),
            "openapi",
            "/score",
        ),
    ],
)
def test_the_kind_is_seen_at_the_body(liar: Liar, found: dict[str, Any], kind: str, below: str) -> None:
    (one,) = endpoints(liar, found, "/swagger.json").values()
    assert (one.kind, one.url) == (kind, liar.url + below)


@pytest.mark.parametrize(
    ("operation", "is_one"),
    [
        ({"requestBody": {"content": {"application/json; charset=utf-8": {}}}}, True),
        ({"requestBody": {"content": {"application/vnd.claims+json": {}}}}, True),
        ({"requestBody": {"content": {"*/*": {}}}}, True),
        ({"requestBody": {"$ref": "#/components/requestBodies/Rows"}}, True),
        ({"requestBody": {"$ref": "https://elsewhere.example.com/#/rows"}}, False),
        ({"requestBody": {"content": {"text/csv": {}}}}, False),
        ({"requestBody": {}}, False),
        ({"consumes": ["application/json"], "parameters": [{"in": "body"}]}, True),
        ({"consumes": ["application/xml"], "parameters": [{"in": "body"}]}, False),
        ({"parameters": [{"$ref": "#/components/parameters/Body"}]}, True),
        ({"parameters": [{"in": "query"}]}, False),
        ({"parameters": "none"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_which_operations_take_json(operation: Any, is_one: bool) -> None:
    components = {
        "requestBodies": {"Rows": BODY},
        "parameters": {"Body": {"in": "body", "schema": {"type": "object"}}},
    }
    found = list_operations({"paths": {"/score": {"put": operation}}, "components": components})
    assert bool(found) == is_one


def test_a_client_asks_once_and_shows_the_credential(liar: Liar) -> None:
    liar.answers = {"/openapi.json": json.dumps(document({"/score": {"post": takes_json()}})).encode()}
    credential = make_credential("key", {"header": "X-Api-Key"}, "canary")
    with closing(OpenAPIConnector(liar.url, credential=credential)) as connector:
        with connector.endpoint_client("Claims") as client:
            before = len(liar.seen)
            liar.answers, liar.status, liar.headers = {}, 503, {"Retry-After": "0"}
            assert client.request("GET", "/score").status == 503
            assert client.request("POST", "/score", content=b"{}").status == 503
            assert "canary" not in repr(client) + str(vars(client)) + str(vars(connector))
    assert [request["x-api-key"] for request in liar.seen[before:]] == ["canary", "canary"]


def test_an_identity_is_of_what_the_service_says(liar: Liar) -> None:
    liar.answers = {"/openapi.json": json.dumps(SEVERAL).encode()}
    with closing(OpenAPIConnector(liar.url)) as connector:
        (fraud,) = [endpoint for endpoint in connector.list_endpoints() if endpoint.name == "fraud_score"]
        before = connector.endpoint_identity(fraud)
        assert before == connector.endpoint_identity(connector.get_endpoint("fraud_score"))
        assert before.partition("#sha256:")[0].endswith("/endpoints/fraud_score")
        # Two sources may each mean another operation of one description, under one name.
        with closing(OpenAPIConnector(f"{liar.url}/openapi.json#triageClaim")) as one:
            with closing(OpenAPIConnector(f"{liar.url}/openapi.json#/fraud/score")) as other:
                pair = [each.endpoint_identity(each.get_endpoint("Claims")) for each in (one, other)]
                assert pair[0] != pair[1]
        liar.answers = {"/openapi.json": json.dumps({**SEVERAL, "x": 1}).encode()}
        assert connector.endpoint_identity(fraud) != before


KEYS = st.sampled_from(
    ["paths", "/score", "//evil", "post", "requestBody", "content", "application/json", "schema", "$ref", "properties"]
) | st.sampled_from(
    ["allOf", "items", "servers", "url", "variables", "parameters", "in", "host", "basePath", "schemes"]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["#/paths", "#/", "#/paths/~1score/post", "http://[", "//evil.example.com", "body", "{x}"])
)
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
BODIES = st.fixed_dictionaries({"requestBody": st.just(BODY) | JSON}, optional={"servers": JSON, "operationId": JSON})
PATHS = st.dictionaries(
    st.text(max_size=8) | st.sampled_from(["/score", "//evil.example.com/x", "/@evil.example.com", "/\\evil"]),
    st.dictionaries(st.sampled_from(["post", "put", "get"]), BODIES | JSON) | JSON,
    max_size=4,
)


@given(
    st.fixed_dictionaries(
        {"paths": PATHS},
        optional={"swagger": st.just("2.0"), "servers": JSON, "host": JSON, "basePath": JSON, "schemes": JSON},
    ),
    st.sampled_from(["https://score.example.com/openapi.json", "https://score.example.com/api/score"]),
)
def test_whatever_a_description_says_nobody_is_led_elsewhere(content: dict[str, Any], registered: str) -> None:
    configuration = OpenAPIConfiguration.from_url(registered)
    known = list_operations(content)
    assert len(name_operations(known, "service")) == len(known)
    for operation in known:
        try:
            url = scoring_url(content, operation, endpoint_kind(content, operation), configuration, registered)
        except WorkspaceError:
            continue
        assert str(parse_origin(url)) == configuration.origin


PARTS = st.tuples(
    st.sampled_from(["/a", "/b", "/a/b", "/a_b", "/"]),
    st.sampled_from(["post", "put"]),
    st.sampled_from(["", "a", "a_b", "a_post"]),
)


@given(st.lists(PARTS, unique_by=lambda part: part[:2], max_size=8))
def test_no_two_operations_share_a_name(parts: list[tuple[str, str, str]]) -> None:
    operations = [Operation(path, method, name, "", {}) for path, method, name in parts]
    named = name_operations(operations, "service")
    assert list(named.values()) == operations and all(named)
