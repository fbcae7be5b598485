"""The connector to scoring services: where their description is found, what is read from it, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.workspaces.authority import CLIENT, TENANT
from tests.workspaces.contract import ConnectorContract, Expected
from tests.workspaces.liar import Liar, lying
from tests.workspaces.openapi.service import running_service

from headwater.errors import RemoteError, UsageError, WorkspaceError
from headwater.workspaces import Credential, make_credential
from headwater.workspaces.openapi import OpenAPIConnector, read_document
from headwater.workspaces.openapi.configuration import OpenAPIConfiguration

#: As Azure ML's inference server writes it where it is not asked for another version.
VERSION_2: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "hail-cost", "description": "API specification for hail-cost", "version": "1.0"},
    "host": "hail-cost.example.com",
    "schemes": ["https"],
    "consumes": ["application/json"],
    "paths": {"/score": {"post": {"operationId": "RunMLService", "responses": {"200": {"description": "ok"}}}}},
    "definitions": {"ServiceInput": {"type": "object", "properties": {"data": {"type": "array"}}}},
}
VERSION_3_0: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "  Broker\n churn ", "version": "7"},
    "paths": {"/predict": {"post": {"responses": {"200": {"description": "ok"}, "default": {"description": "?"}}}}},
}
VERSION_3_1: dict[str, Any] = {"openapi": "3.1.0", "info": {"version": ""}, "paths": {}}


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with running_service() as url:
        yield url


@pytest.fixture
def liar() -> Iterator[Liar]:
    with lying() as liar:
        yield liar


def written(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


class TestContract(ConnectorContract):
    @pytest.fixture
    def expected(self, service: str) -> Expected:
        return Expected(
            factory=OpenAPIConnector,
            kind="openapi",
            url=service + "/score",
            models=frozenset({"Late arrival"}),
            model="Late arrival",
            version="2.1",
            latest="2.1",
            endpoints=frozenset({"Late arrival"}),
            endpoint="Late arrival",
            rows=b'[{"distance": 1.5, "carrier": "AA"}]',
            shapes=(
                {},
                {"openapi": "3.1.0"},
                {"openapi": "4.0.0", "info": {}, "paths": {}},
                {"swagger": "1.2", "info": {}, "paths": {}},
                {"openapi": "3.1.0", "info": {}, "paths": []},
                {"openapi": ["3.1.0"], "info": {}, "paths": {}},
            ),
        )


def test_a_service_is_one_model_of_one_version(service: str) -> None:
    with closing(OpenAPIConnector(service)) as connector:
        (model,) = connector.list_models()
        (version,) = connector.list_versions()
        assert connector.test().display_name == "Late arrival (OpenAPI 3.1.0)"
        assert (model.name, model.description, model.latest_version) == (
            "Late arrival",
            "Will the adjuster be late?",
            "2.1",
        )
        assert (version.version, version.signature, version.source) == ("2.1", None, service)
        assert version.digest == connector.document().digest and version.digest.startswith("sha256:")
        assert "/score" in connector.document().content["paths"]


@pytest.mark.parametrize(
    ("given", "at", "name"),
    [
        ("", "/openapi.json", "hail-cost"),
        ("/", "/swagger.json", "hail-cost"),
        ("/score", "/swagger.json", "hail-cost"),
        ("/score", "/swagger.json?version=3", "hail-cost"),
        ("/api/v1/score", "/api/v1/openapi.json", "hail-cost"),
        ("/api/v1/score", "/swagger.json", "hail-cost"),
        ("/api/v1/", "/api/v1/swagger.json", "hail-cost"),
        ("/swagger.json?version=3.1", "/swagger.json?version=3.1", "hail-cost"),
        ("/api/schema", "/api/schema", "hail-cost"),
        ("/docs/service.yaml", "/docs/service.yaml", "hail-cost"),
        ("/docs/gone.json", "/docs/swagger.json", "hail-cost"),
    ],
)
def test_where_a_description_is_found(liar: Liar, given: str, at: str, name: str) -> None:
    liar.answers = {at: written(VERSION_2), "/nothing.json": b""}
    with closing(OpenAPIConnector(liar.url + given)) as connector:
        assert [model.name for model in connector.list_models()] == [name]
        before = len(liar.seen)
        connector.test()
        # It is not looked for again.
        assert [request["path"] for request in liar.seen[before:]] == [at]


def test_a_page_for_people_is_passed_by(liar: Liar) -> None:
    """Many servers answer every address with their page."""
    liar.answers = {"/swagger.json": b"<html>Welcome</html>", "/openapi.json": written(VERSION_3_0)}
    with closing(OpenAPIConnector(liar.url)) as connector:
        assert [model.name for model in connector.list_models()] == ["Broker churn"]


def test_the_service_itself_is_asked_last(liar: Liar) -> None:
    liar.answers = {"/score": b'{"prediction": 1}'}
    with closing(OpenAPIConnector(liar.url + "/score")) as connector, pytest.raises(WorkspaceError) as caught:
        connector.test()
    assert liar.seen[-1]["path"] == "/score" and len(liar.seen) == 7
    assert "swagger.json" in caught.value.hint and caught.value.place == liar.url + "/score"


def test_a_refusal_ends_the_search(liar: Liar) -> None:
    liar.status = 401
    with closing(OpenAPIConnector(liar.url)) as connector, pytest.raises(RemoteError) as caught:
        connector.test()
    assert (caught.value.status, len(liar.seen)) == (401, 1)


@pytest.mark.parametrize(
    ("document", "specification", "name", "version"),
    [
        (VERSION_2, "2.0", "hail-cost", "1.0"),
        (VERSION_3_0, "3.0.3", "Broker churn", "7"),
        (VERSION_3_1, "3.1.0", "127.0.0.1", "1"),
    ],
)
@pytest.mark.parametrize("dump", [written, lambda document: yaml.safe_dump(document).encode()])
def test_each_version_in_json_and_yaml(
    liar: Liar, document: dict[str, Any], specification: str, name: str, version: str, dump: Any
) -> None:
    liar.answers = {"/openapi.json": dump(document)}
    with closing(OpenAPIConnector(liar.url)) as connector:
        found = connector.get_version(name)
        assert (found.model, found.version) == (name, version)
        assert connector.document().specification == specification
        assert found.digest == read_document(written(document)).digest


def test_a_number_in_yaml_is_the_text_of_json() -> None:
    unquoted = b"swagger: 2.0\ninfo: {title: hail, version: 1.0}\npaths: {/score: {post: {responses: {200: {}}}}}"
    document = read_document(unquoted)
    assert (document.specification, document.version) == ("2.0", "1.0")
    assert document.content["paths"]["/score"]["post"]["responses"] == {"200": {}}


def test_a_digest_is_of_what_is_said_and_not_how(liar: Liar) -> None:
    turned = dict(reversed(VERSION_2.items()))
    changed = {**VERSION_2, "definitions": {}}
    same = {read_document(content).digest for content in (written(turned), json.dumps(VERSION_2, indent=2).encode())}
    assert same == {read_document(written(VERSION_2)).digest}
    assert read_document(written(changed)).digest not in same
    with closing(OpenAPIConnector(liar.url)) as connector:
        identities = set()
        for document in (VERSION_2, turned, changed):
            liar.answers = {"/swagger.json": written(document)}
            (version,) = connector.list_versions()
            identities.add(connector.model_identity(version))
    assert len(identities) == 2


BOMB = b"a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (level, level, b",".join([b"*a%d" % (level - 1)] * 10)) for level in range(1, 12)
)


@pytest.mark.parametrize(
    "content",
    [
        BOMB + b"openapi: 3.1.0\ninfo: {}\npaths: {}\n",
        b"openapi: 3.1.0\ninfo: {}\npaths: &me {self: *me}\n",
        b'{"openapi":"3.1.0","info":{},"paths":{},"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b"[" * 100_000,
        b"a: b\n" * 200_000,
        b"\xff\xfe\x00",
        b"",
        b"\x00",
        b"swagger: 2.0",
        b"? [a, b]\n: c",
        b"a: !!int ''",
        b"a: !!bool perhaps",
        b"a: !!timestamp soon",
    ],
)
def test_what_is_no_description_is_refused_within_bounds(content: bytes) -> None:
    with pytest.raises(WorkspaceError):
        read_document(content)


def test_a_description_runs_nothing(tmp_path: Path) -> None:
    trap = f"openapi: 3.1.0\ninfo: {{}}\npaths: {{}}\nx: !!python/object/apply:os.mkdir ['{tmp_path}/ran']\n"
    with pytest.raises(WorkspaceError):
        read_document(trap.encode())
    assert not (tmp_path / "ran").exists()


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(WorkspaceError):
        read_document(b"openapi: 3.1.0\ninfo: {}\npaths: {}\n" + content)


def test_a_key_does_not_belong_into_the_address() -> None:
    with pytest.raises(UsageError) as caught:
        OpenAPIConnector("https://score.example.com/api?code=canary-key")
    assert "canary" not in str(caught.value.to_dict())
    assert OpenAPIConfiguration.from_url("https://score.example.com/s.json?version=3").url.endswith("/s.json")


class Recording(Credential):
    def __init__(self) -> None:
        self.resources: list[str] = []

    def headers(self) -> dict[str, str]:
        return {}

    def for_resource(self, resource: str) -> Credential:
        self.resources.append(resource)
        return self


def test_a_token_of_entra_goes_to_azures_endpoints_alone() -> None:
    principal = make_credential("entra_client_secret", {"tenant_id": TENANT, "client_id": CLIENT}, "canary")
    for url in ("https://score.example.com", "https://inference.ml.azure.com.example.com", "http://127.0.0.1:1"):
        with pytest.raises(UsageError):
            OpenAPIConnector(url, credential=principal)
    recording = Recording()
    OpenAPIConnector("https://hail.westeurope.inference.ml.azure.com/score", credential=recording).close()
    OpenAPIConnector("https://score.example.com", credential=recording).close()
    assert recording.resources == ["https://ml.azure.com"]
    OpenAPIConnector("https://hail.westeurope.inference.ml.azure.com/score", credential=principal).close()
