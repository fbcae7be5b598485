"""The browser app beside an API: who answers which address, what may be kept, what may run."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from headwater.server import web

#: What a browser must have fetched before it shows the first page's frame.
SHELL_BUDGET = 300 * 1024

APP = '<title>the app</title><link href="{base}/favicon.svg">'


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text(APP.format(base="."))
    (static / "favicon.svg").write_text("<svg/>")
    (static / ".source-sha256").write_text("abc")
    (static / "assets" / "index-B1c2.js").write_text("export {}")
    monkeypatch.setattr(web, "STATIC", static)
    return static


@pytest.fixture
def client(bundle: Path) -> Iterator[TestClient]:
    with TestClient(server()) as client:
        yield client


def server() -> FastAPI:
    app = FastAPI()

    @app.get("/api/tables")
    def tables() -> dict[str, list[str]]:
        return {"value": []}

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    web.mount(app)
    return app


@pytest.mark.parametrize(
    "address",
    ["/", "/tables", "/tables/sales/a.b", "/tables/sales/caf%C3%A9%2Fx", "/lineage/1-2?column=a", "/apiary", "/assets"],
)
def test_every_address_of_the_app_is_answered_with_the_app(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.text == APP.format(base="")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("address", ["/api", "/api/nothing", "/api/tables/x/y", "/readyz", "/healthz/x"])
def test_a_wrong_address_of_the_api_stays_the_servers_error(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"


def test_the_servers_own_addresses_are_left_alone(client: TestClient) -> None:
    assert client.get("/api/tables").json() == {"value": []}
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/openapi.json").json()["paths"].keys() == {"/api/tables", "/healthz"}
    assert "swagger" in client.get("/docs").text
    assert client.post("/api/tables").status_code == 405


def test_files_with_a_hash_in_their_name_are_kept_for_good(client: TestClient) -> None:
    answer = client.get("/assets/index-B1c2.js")
    assert answer.text == "export {}"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    unchanged = client.get("/assets/index-B1c2.js", headers={"if-none-match": answer.headers["etag"]})
    assert unchanged.status_code == 304


@pytest.mark.parametrize("address", ["/assets/index-old.js", "/assets/../.source-sha256", "/assets/%2e%2e/index.html"])
def test_a_file_that_is_not_there_is_not_the_app(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404 or "abc" not in answer.text
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_the_icon_is_served_and_the_builds_notes_are_not(client: TestClient) -> None:
    assert client.get("/favicon.svg").text == "<svg/>"
    assert client.get("/.source-sha256").text == APP.format(base="")


@pytest.mark.parametrize("address", ["/", "/favicon.svg", "/assets/index-B1c2.js"])
def test_nothing_may_run_but_the_servers_own_scripts(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_bundle_that_is_replaced_while_the_server_runs_is_served(client: TestClient, bundle: Path) -> None:
    (bundle / "index.html").write_text("<title>newer</title>")
    assert client.get("/tables").text == "<title>newer</title>"


def test_without_a_bundle_pages_say_how_to_build_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "STATIC", tmp_path / "nowhere")
    assert web.static_directory() is None
    with TestClient(server()) as client:
        answer = client.get("/tables/a/b")
        assert answer.status_code == 503
        assert "pip install" in answer.text
        assert client.get("/api/tables").status_code == 200
        assert client.get("/api/nothing").status_code == 404


def test_the_shell_of_the_built_app_is_within_its_budget() -> None:
    static = web.static_directory()
    if static is None:
        pytest.skip("the browser app is not built here")
    index = (static / "index.html").read_text()
    first = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', index)
    assert any(name.endswith(".js") for name in first)
    assert sum(len(gzip.compress((static / name).read_bytes())) for name in first) <= SHELL_BUDGET
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", index), "nothing may stand in line"


@pytest.mark.parametrize("page", ["index.html", "docs.html"])
def test_the_built_pages_name_everything_relative_to_where_the_app_begins(page: str) -> None:
    static = web.static_directory()
    if static is None:
        pytest.skip("the browser app is not built here")
    text = (static / page).read_text()
    assert all(address.startswith("./") for address in re.findall(r'(?:src|href)="([^"]+)"', text))
    assert '<meta name="base-path" content="./"' in text
    scripts = [file.read_text() for file in (static / "assets").glob("*.js")]
    assert not [script for script in scripts if re.search(r"[\"'`]/(assets|favicon|openapi)[^\"'`]*[\"'`]", script)]
