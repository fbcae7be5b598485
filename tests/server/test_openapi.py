"""The API's description: the file that the browser app's client is made of, and the page that shows it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headwater.server import web
from headwater.server.openapi import openapi_text

PROJECT = Path(__file__).parents[2]
DESCRIPTION = PROJECT / "web" / "openapi.json"
CLIENT = PROJECT / "web" / "src" / "api" / "schema.ts"


def test_the_kept_description_is_the_servers_own() -> None:
    assert DESCRIPTION.read_text("utf-8") == openapi_text(), "run 'make openapi'"


def test_it_is_served(client: TestClient) -> None:
    assert client.get("/openapi.json").json() == json.loads(DESCRIPTION.read_text("utf-8"))


def test_the_client_names_what_the_description_names() -> None:
    described: dict[str, Any] = json.loads(DESCRIPTION.read_text("utf-8"))
    client = CLIENT.read_text("utf-8")
    assert re.findall(r'^ {4}"(/[^"]*)": {$', client, re.M) == list(described["paths"])
    components = client.split("export interface components")[1].split("responses: never")[0]
    bodies = dict(re.findall(r"^ {8}(\w+): {$(.*?)^ {8}};$", components, re.M | re.S))
    assert bodies.keys() == described["components"]["schemas"].keys()
    for name, schema in described["components"]["schemas"].items():
        assert re.findall(r"^ {12}(\w+)\??:", bodies[name], re.M) == list(schema["properties"]), name


def test_the_client_is_what_its_generator_makes_of_the_description() -> None:
    if not (PROJECT / "web" / "node_modules" / "openapi-typescript").is_dir():
        pytest.skip("openapi-typescript is not installed: 'python hatch_build.py ci' brings it")
    command = [sys.executable, "hatch_build.py", "exec", "--", "openapi-typescript", "openapi.json", "--check"]
    run = subprocess.run(
        [*command, "-o", "src/api/schema.ts"], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_page_fetches_nothing_from_elsewhere_and_has_nothing_in_line(client: TestClient) -> None:
    if web.static_directory() is None:
        pytest.skip("the browser app is not built here")
    page = client.get("/docs")
    assert page.status_code == 200
    used = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(used) >= 3
    assert all(address.startswith("/") for address in used)
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=", page.text)
    assert "script-src 'self';" in page.headers["content-security-policy"]
    for address in used:
        assert client.get(address).status_code == 200, address
        assert "text/html" not in client.get(address).headers["content-type"] or address == "/openapi.json"


def test_without_a_built_page_it_says_where_the_description_is(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "STATIC", tmp_path)
    answer = client.get("/docs")
    assert answer.status_code == 503
    assert "/openapi.json" in answer.text
