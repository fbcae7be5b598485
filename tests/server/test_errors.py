"""Errors over HTTP: one shape, for every route and every way to fail."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from tests.server.conftest import ORIGIN

from headwater import errors
from headwater.app.runtime import Headwater
from headwater.errors import HeadwaterError, MSyntaxError
from headwater.server.api import _application
from headwater.server.application import create_app
from headwater.server.hosts import LOCAL_NAMES

METHODS = {"get", "post", "put", "patch", "delete"}


def problem(answer: Response, status: int) -> dict[str, str]:
    """The error in an answer, which has to be of the one shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"error"}
    found: dict[str, str] = body["error"]
    assert list(found) == ["code", "message", "where", "hint"]
    assert all(isinstance(part, str) for part in found.values())
    assert found["code"]
    assert found["message"].endswith(".")
    return found


def described(app: FastAPI) -> list[tuple[str, dict[str, Any]]]:
    """Every address of the API with its description."""
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    assert len(paths) >= 12
    return list(paths.items())


def filled(path: str) -> str:
    """An address in which every name is of something that is not there."""
    return re.sub(r"{\w+}", "nothing", path.replace("{version}", "1"))


def is_of(address: str, path: str) -> bool:
    """Whether an address is one that a described path stands for, whatever else stands for it."""
    return re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), address) is not None


def required(method: dict[str, Any]) -> dict[str, str]:
    """The parameters that an address does not do without: the first of those values that are listed, or a number."""
    stated = [one for one in method.get("parameters", []) if one["in"] == "query" and one.get("required")]
    return {one["name"]: one["schema"].get("enum", ["1"])[0] for one in stated}


def test_every_error_is_described_as_the_one_shape(app: FastAPI) -> None:
    for path, methods in described(app):
        for method in methods.values():
            for status, answer in method["responses"].items():
                if status[0] in "45":
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}, f"{path} {status}"


def test_a_wrong_method_is_refused_everywhere(app: FastAPI, client: TestClient) -> None:
    for address in {filled(path) for path, _ in described(app)}:
        methods = {method for path, found in described(app) if is_of(address, path) for method in found}
        for method in METHODS - methods:
            answer = client.request(method, address)
            assert problem(answer, 405)["code"] == "request.method"
            assert answer.headers["allow"] == ", ".join(sorted(methods)).upper()


def test_what_is_not_there_is_not_found_everywhere(app: FastAPI, client: TestClient) -> None:
    tried = [
        (path, methods["get"])
        for path, methods in described(app)
        if "{" in path and "get" in methods and "/openid/" not in path
    ]
    assert len(tried) >= 5
    for path, method in tried:
        found = problem(client.get(filled(path), params=required(method)), 404)
        assert found["code"] in {
            "not_found",
            "access.role",
            "access.scope",
            "access.principal",
            "preview.closed",
            "catalog.asset_unknown",
        }
        assert "nothing" in found["message"] or "no such" in found["message"]


@pytest.mark.parametrize("address", ["/api", "/api/nothing", "/api/tables/a/b/c", "/healthz/x", "/redoc"])
def test_an_address_that_is_none_of_the_api_is_not_found(client: TestClient, address: str) -> None:
    assert problem(client.get(address), 404)["where"] == address


def test_a_parameter_of_the_wrong_kind_is_named_everywhere(app: FastAPI, client: TestClient) -> None:
    tried = 0
    for path, methods in described(app):
        for parameter in methods.get("get", {}).get("parameters", []) if "/openid/" not in path else ():
            if parameter["in"] == "query" and parameter["schema"].get("type") != "string":
                # What kinds of event there are is not in the description.
                if parameter["name"] == "event":
                    continue
                kinds = [kind.get("items", kind) for kind in parameter["schema"].get("anyOf", [])]
                if any(kind.get("type") == "string" for kind in kinds):
                    continue
                tried += 1
                wrong = required(methods["get"]) | {parameter["name"]: "wrong"}
                found = problem(client.get(filled(path), params=wrong), 422)
                assert found["code"] == "request.invalid"
                assert found["where"].endswith(f"query.{parameter['name']}")
    assert tried >= 8


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/api/tables/sales/totals/rows?limit=1001", "limit"),
        ("/api/tables/sales/totals/rows?offset=-1", "offset"),
        ("/api/lineage/x?depth=0", "depth"),
        ("/api/lineage/x?depth=21", "depth"),
        ("/api/lineage/x?direction=sideways", "direction"),
        ("/api/assets?limit=0", "limit"),
    ],
)
def test_a_parameter_out_of_its_range_is_named(client: TestClient, address: str, name: str) -> None:
    assert problem(client.get(address), 422)["where"].endswith(f"query.{name}")


def test_a_version_that_the_table_has_not_come_to_is_not_found(client: TestClient) -> None:
    for version in (1, 2**63 - 1):
        found = problem(client.get(f"/api/tables/sales/totals/rows?version={version}"), 404)
        assert (found["code"], found["where"]) == ("not_found", "sales/totals")


@pytest.mark.parametrize("address", ["/api/tables/sales/totals/rows?offset=", "/api/assets?offset="])
def test_the_largest_number_there_is_is_no_surprise(client: TestClient, address: str) -> None:
    assert client.get(f"{address}{2**63 - 1}").status_code == 200
    assert problem(client.get(f"{address}{2**63}"), 422)["code"] == "request.invalid"


def test_what_nobody_expected_tells_nothing_and_fails_everywhere_alike(app: FastAPI, client: TestClient) -> None:
    def fail() -> Headwater:
        raise RuntimeError("the row of Mrs Smith")

    app.dependency_overrides[_application] = fail
    for path, methods in described(app):
        for method in methods if path not in {"/healthz", "/api/actions", "/api/source-kinds"} else ():
            answer = client.request(method, filled(path))
            assert problem(answer, 500)["code"] == "internal"
            assert "Smith" not in answer.text


def every_error() -> list[HeadwaterError]:
    """One of each class in the tree, made with the arguments that it needs."""
    made: list[HeadwaterError] = [HeadwaterError("It happened.", hint="Do this.", place="here")]
    for name in errors.__all__:
        kind = getattr(errors, name)
        if not isinstance(kind, type) or not issubclass(kind, HeadwaterError) or kind is MSyntaxError:
            continue
        if issubclass(kind, errors.MError):
            made.append(kind("Expression.Error", "It happened.", hint="Do this.", place="here"))
        elif issubclass(kind, errors.DefinitionError):
            made.append(kind("sales", [errors.Finding("error", "name", "It happened.", "Do this.", "totals", 1, 1)]))
        elif issubclass(kind, errors.RemoteError):
            made.append(kind("It happened.", status=500, hint="Do this.", place="here"))
        else:
            made.append(kind("It happened.", hint="Do this.", place="here"))
    finding = errors.Diagnostic("It happened.", 0, 1, 1, 1)
    return [*made, MSyntaxError([finding], source_name="here")]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
def test_each_error_of_the_tree_has_its_status(app: FastAPI, client: TestClient, error: HeadwaterError) -> None:
    def fail() -> Headwater:
        raise error

    app.dependency_overrides[_application] = fail
    assert problem(client.get("/api/overview"), error.http_status) == error.to_dict()


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "[::2]", "[::1].example", ""])
@pytest.mark.parametrize("address", ["/api/tables", "/", "/docs", "/healthz"])
def test_no_other_name_is_answered_to(client: TestClient, host: str, address: str) -> None:
    assert problem(client.get(address, headers={"host": host}), 400)["code"] == "request.host"


@pytest.mark.parametrize("host", [*sorted(LOCAL_NAMES), "127.0.0.1:8400", "LocalHost:80", "[::1]:8400"])
def test_the_names_of_this_machine_are_answered_to(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_a_database_that_cannot_be_read_makes_the_server_unready(tmp_path: Path) -> None:
    with Headwater.open(tmp_path / "home", create=True) as headwater:
        with TestClient(create_app(headwater), base_url=ORIGIN) as client:
            assert client.get("/readyz").status_code == 200
            headwater.close()
            for file in headwater.home.path.glob("headwater.db*"):
                file.write_bytes(b"no database" * 1_000)
            assert problem(client.get("/readyz"), 503)["code"] == "home.unreadable"
            assert client.get("/healthz").status_code == 200
