"""The server as a part of a site, below a path, behind proxies that take the path off and that do not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from tests.cli.command import ADMINISTRATOR, line_with, started
from tests.server.conftest import ADMINISTRATOR as HEADWATERS_ADMINISTRATOR
from tests.server.reverse_proxy import ReverseProxy, reverse_proxy
from tests.server.small_home import ROWS

from headwater.app.runtime import Headwater
from headwater.server import web
from headwater.server.application import create_app
from headwater.server.base_path import BasePath, path_below, with_base_path
from headwater.server.public_url import PublicUrl
from headwater.server.settings import ServerSettings

HOST = "data.example.org"
PUBLIC = f"https://{HOST}/headwater"


@pytest.fixture(scope="module", params=[True, False], ids=["strips", "keeps"])
def proxy(request: pytest.FixtureRequest, small_home: object) -> Iterator[ReverseProxy]:
    """A site at https (in its own words) with the real server below /headwater."""
    options = ("--port", "0", "--public-url", PUBLIC, "--behind-proxy", "127.0.0.1")
    with started("serve", "--home", str(small_home), *options) as process:
        line = line_with(process.stderr, "Headwater serves")
        assert f"{PUBLIC} (API: {PUBLIC}/docs)" in line
        found = re.search(r"listening on (http://[\d.]+:\d+)\.", line)
        assert found is not None, line
        with reverse_proxy(strips=request.param, scheme="https") as proxy:
            proxy.upstream = found[1]
            yield proxy


@pytest.fixture
def site(proxy: ReverseProxy) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"http://127.0.0.1:{proxy.port}", headers={"host": HOST, **ADMINISTRATOR}, trust_env=False, timeout=30
    ) as client:
        yield client


def test_the_api_answers_below_the_path(site: httpx.Client) -> None:
    assert site.get("/headwater/readyz").json()["status"] == "ready"
    assert site.get("/headwater/api/tables/sales/orders_scored/rows?limit=1").json()["total"] == ROWS
    lost = site.get("/headwater/api/tables/sales/lost")
    assert (lost.status_code, lost.headers["content-type"]) == (404, "application/json")
    wrong = site.get("/headwater/api/nothing").json()["error"]
    assert (wrong["code"], wrong["where"]) == ("not_found", "/headwater/api/nothing")


def test_names_are_read_as_they_were_written(site: httpx.Client) -> None:
    message = site.get("/headwater/api/tables/caf%C3%A9%20x/a%25b").json()["error"]["message"]
    assert "'a%b'" in message
    assert "'café x'" in message


def test_who_has_to_sign_in_is_led_there_below_the_path(site: httpx.Client) -> None:
    found = site.get("/headwater/docs", headers={"accept": "text/html", "authorization": "Bearer none"})
    assert (found.status_code, found.headers["location"]) == (303, "/headwater/sign-in?next=/docs")


def test_an_address_is_not_led_to_another_one(site: httpx.Client) -> None:
    assert site.get("/headwater/api/tables/").status_code == 404


@pytest.mark.parametrize("address", ["/headwater", "/headwater/"])
def test_the_path_itself_is_the_app(site: httpx.Client, address: str) -> None:
    found = site.get(address)
    assert found.status_code == 200 and found.headers["content-type"].startswith("text/html")


def test_the_description_says_where_the_api_is(site: httpx.Client) -> None:
    assert site.get("/headwater/openapi.json").json()["servers"] == [{"url": "/headwater"}]


@pytest.mark.parametrize("address", ["/", "/tables", "/tables/sales/a.b", "/lineage/1-2?column=a", "/docs"])
def test_pages_and_all_they_name_are_below_the_path(site: httpx.Client, address: str) -> None:
    if web.static_directory() is None:
        pytest.skip("the browser app is not built here")
    page = site.get(f"/headwater{address}")
    assert page.status_code == 200
    assert page.headers["strict-transport-security"]
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) >= 4
    for name in named:
        assert name.startswith("/headwater/"), name
        found = site.get(name)
        assert found.status_code == 200, name
        assert "text/html" not in found.headers["content-type"], name
    assert '<meta name="base-path" content="/headwater/"' in page.text


def test_an_address_of_the_site_that_only_begins_alike_is_another_part(site: httpx.Client) -> None:
    assert site.get("/headwaters/api/tables").text == "another part of the site"


def test_the_server_is_reached_without_its_proxy_too(proxy: ReverseProxy) -> None:
    with httpx.Client(base_url=proxy.upstream, headers=ADMINISTRATOR, trust_env=False, timeout=30) as local:
        assert local.get("/healthz").status_code == 200
        assert local.get("/headwater/healthz").status_code == 200
        assert local.get("/api/tables").status_code == local.get("/headwater/api/tables").status_code == 200


@pytest.mark.parametrize("base_path", ["", "/headwater", "/a/b"])
def test_without_a_built_app_the_pages_link_below_the_path(
    headwater: Headwater, monkeypatch: pytest.MonkeyPatch, tmp_path: object, base_path: str
) -> None:
    monkeypatch.setattr(web, "STATIC", tmp_path)
    app = create_app(headwater, ServerSettings((PublicUrl.parse(f"https://{HOST}{base_path}"),)))
    with TestClient(app, base_url=f"https://{HOST}", headers=HEADWATERS_ADMINISTRATOR) as client:
        for address, link in (("/", "/docs"), ("/tables/a/b", "/docs"), ("/docs", "/openapi.json")):
            page = client.get(base_path + address)
            assert page.status_code == 503
            assert f'href="{base_path}{link}"' in page.text
            assert client.get(base_path + link).status_code in {200, 503}


segments = st.text("/ab%é .headwtr", max_size=12)


@given(st.sampled_from(["/headwater", "/a", "/a/b"]), segments)
@example("/headwater", "s/api/tables")
@example("/headwater", "")
def test_with_and_without_the_path_an_address_is_the_same(base_path: str, rest: str) -> None:
    path = f"/{rest}"
    seen = [arrives(base_path, base_path + path)]
    # What begins with the base path is taken to have it still: no address of Headwater's own does.
    if not f"{path}/".startswith(f"{base_path}/"):
        seen.append(arrives(base_path, path))
    for scope in seen:
        assert (scope["root_path"], scope["path"], path_below(scope)) == (base_path, base_path + path, path)
        assert scope["raw_path"] == quote(base_path + path).encode()


def arrives(base_path: str, path: str) -> Scope:
    """The request as the application behind the base path sees it."""
    seen: list[Scope] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def nothing(*_: object) -> Any:
        return None

    scope = {"type": "http", "path": path, "raw_path": quote(path).encode()}
    # In a thread of its own: a browser that is under test keeps a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, BasePath(application, base_path)(scope, nothing, nothing)).result(30)
    return seen[0]


def test_only_addresses_of_files_are_rewritten() -> None:
    page = '<a href="#content" title="./x"><img src="./a.svg"><a href="https://example.org/./b">'
    assert with_base_path(page, "/hw") == page.replace('src="./a.svg"', 'src="/hw/a.svg"')
    assert with_base_path(page, "") == page.replace('src="./a.svg"', 'src="/a.svg"')


def test_the_settings_are_at_hand_for_the_application(headwater: Headwater) -> None:
    settings = ServerSettings((PublicUrl.parse(PUBLIC),))
    assert create_app(headwater, settings).state.settings is settings
    assert create_app(headwater).state.settings == ServerSettings()
