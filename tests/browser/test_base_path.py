"""The app as a part of a site: a real browser before a proxy that takes the base path off, and one that does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from tests.browser.conftest import OpenPage, Site, guids_of, sign_in
from tests.browser.people import TURNED_AWAY, add_person, come_in, make_sign_in_link
from tests.cli.command import line_with, started
from tests.server.reverse_proxy import ReverseProxy, reverse_proxy
from tests.server.small_home import build_home

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_home(tmp_path_factory.mktemp("base_path") / "home")


@pytest.fixture(scope="module", params=[True, False], ids=["strips", "keeps"])
def proxy(request: pytest.FixtureRequest, home: Path, cookies: dict[str, dict[str, str]]) -> Iterator[ReverseProxy]:
    with reverse_proxy(strips=request.param) as proxy:
        options = ("--port", "0", "--public-url", proxy.address, "--behind-proxy", "127.0.0.1")
        with started("serve", "--home", home, *options) as process:
            found = re.search(r"listening on (http://[\d.]+:\d+)\.", line_with(process.stderr, "Headwater serves"))
            assert found is not None
            proxy.upstream = found[1]
            cookie = sign_in(Site(proxy.address, home))
            cookies |= {urlsplit(address).netloc: cookie for address in (proxy.address, proxy.upstream)}
            yield proxy


def test_a_deep_link_is_opened_reloaded_and_left_by_links(open_page: OpenPage, proxy: ReverseProxy) -> None:
    page = open_page(f"{proxy.address}/tables/sales/orders_scored?row=1500").page
    row = page.get_by_role("row", name=re.compile("^1,500 "))
    expect(row).to_be_visible()
    page.reload()
    expect(row).to_be_visible()
    expect(page).to_have_url(f"{proxy.address}/tables/sales/orders_scored?row=1500")
    page.get_by_role("navigation").get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    expect(page).to_have_url(re.compile(f"^{re.escape(proxy.address)}/?$"))
    mark = page.get_by_role("banner").get_by_role("link", name="Headwater").locator("img")
    assert mark.evaluate("image => image.complete && image.naturalWidth > 0")
    page.go_back()
    expect(row).to_be_visible()


def test_lineage_is_drawn_by_its_worker(
    open_page: OpenPage, proxy: ReverseProxy, home: Path, cookies: dict[str, dict[str, str]]
) -> None:
    guid = guids_of(Site(proxy.address, home), cookies[urlsplit(proxy.address).netloc])["totals"]
    page = open_page(f"{proxy.address}/lineage/{guid}").page
    expect(page.get_by_label("Lineage graph").get_by_label("Dataset orders.csv")).to_be_visible()


def test_the_skip_link_stays_on_the_page(open_page: OpenPage, proxy: ReverseProxy) -> None:
    page = open_page(f"{proxy.address}/tables").page
    expect(page.get_by_role("heading", name="Tables")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    expect(page).to_have_url(f"{proxy.address}/tables#content")


def test_the_apis_page_calls_below_the_path(open_page: OpenPage, proxy: ReverseProxy) -> None:
    page = open_page(f"{proxy.address}/docs").page
    page.locator("#operations-status-healthz_healthz_get").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text('"status": "ok"')
    expect(page.locator(".request-url")).to_contain_text("/headwater/healthz")


def test_a_page_asked_for_past_the_path_goes_where_the_app_is(open_page: OpenPage, proxy: ReverseProxy) -> None:
    page = open_page(f"{proxy.upstream}/tables/sales/totals?row=2").page
    expect(page.get_by_role("grid", name="Rows of totals")).to_be_visible()
    expect(page).to_have_url(re.compile(f"^{re.escape(proxy.upstream)}/headwater/tables/sales/totals"))


def test_signing_in_and_out_below_the_path(open_page: OpenPage, proxy: ReverseProxy, home: Path) -> None:
    wanted = f"{proxy.address}/tables/sales/orders_scored"
    page = open_page(wanted, stranger=True, expected=TURNED_AWAY).page
    expect(page).to_have_url(f"{proxy.address}/sign-in?next={quote('/tables/sales/orders_scored', '')}")
    add_person(Site(proxy.address, home), "below")
    come_in(page, "below")
    expect(page).to_have_url(wanted)
    grid = page.get_by_role("grid")
    expect(grid.get_by_role("gridcell", name="north").first).to_be_visible()
    # The page writes its position into the address bar by itself.
    grid.evaluate("element => element.scrollTo(0, element.scrollHeight / 2)")
    expect(page).to_have_url(re.compile(r"/headwater/tables/sales/orders_scored\?row=1\d\d\d$"))
    page.get_by_role("button", name="Account: below").click()
    page.get_by_role("menuitem", name="Sign out", exact=True).click()
    expect(page).to_have_url(f"{proxy.address}/sign-in")
    assert page.context.cookies(proxy.address) == []


def test_a_link_asked_for_past_the_path_is_not_lost(open_page: OpenPage, proxy: ReverseProxy, home: Path) -> None:
    add_person(Site(proxy.address, home), "linked")
    token = make_sign_in_link(Site(proxy.address, home), "linked").token
    page = open_page(f"{proxy.upstream}/sign-in/link#{token}", stranger=True, expected=TURNED_AWAY).page
    expect(page.get_by_role("button", name="Account: linked")).to_be_visible()
    expect(page).to_have_url(re.compile(f"^{re.escape(proxy.upstream)}/headwater/?$"))
