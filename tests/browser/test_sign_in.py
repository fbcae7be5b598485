"""Signing in by name and password, out again, and what happens when a session ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx
import pytest
from tests.browser.accessibility import violations
from tests.browser.conftest import PERSON, OpenPage, Site
from tests.browser.people import (
    PASSWORD,
    TURNED_AWAY,
    add_person,
    come_in,
    end_sessions,
    fail_to_sign_in,
    fill_in,
)

from headwater.server.cookies import COOKIE

if TYPE_CHECKING:
    from playwright.sync_api import Route

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

WRONG = "Name and password do not belong together."
THROTTLED = [*TURNED_AWAY, r"status of 429"]


@pytest.fixture(scope="module")
def ada(site: Site) -> str:
    """The id of somebody with a password."""
    return add_person(site, "ada")


def test_a_deep_link_is_come_back_to_exactly(open_page: OpenPage, site: Site, ada: str) -> None:
    wanted = f"{site.address}/tables/sales/orders_scored?row=1500#part"
    page = open_page(wanted, stranger=True, expected=TURNED_AWAY).page
    expect(page).to_have_url(f"{site.address}/sign-in?next={quote('/tables/sales/orders_scored?row=1500#part', '')}")
    expect(page).to_have_title("Sign in · Headwater")
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    come_in(page, "ada")
    expect(page).to_have_url(wanted)
    expect(page.get_by_role("row", name=re.compile("^1,500 "))).to_be_visible()
    # Back does not lead to a form that nobody needs any more.
    page.go_back()
    assert "/sign-in" not in page.url


def test_the_servers_own_pages_are_come_back_to_as_well(open_page: OpenPage, site: Site, ada: str) -> None:
    page = open_page(f"{site.address}/docs", stranger=True, expected=TURNED_AWAY).page
    expect(page).to_have_url(f"{site.address}/sign-in?next=/docs")
    come_in(page, "ada")
    expect(page).to_have_url(f"{site.address}/docs")
    expect(page.locator(".opblock").first).to_be_visible()


@pytest.mark.parametrize("name", ["ada", "nobody-of-this-name"])
def test_a_wrong_password_and_a_wrong_name_look_alike(open_page: OpenPage, site: Site, ada: str, name: str) -> None:
    page = open_page(f"{site.address}/sign-in", stranger=True, expected=TURNED_AWAY).page
    come_in(page, name, "not the password")
    expect(page.get_by_role("alert")).to_have_text(f"{WRONG} Check both, and try again.")
    password = page.get_by_role("textbox", name="Password")
    expect(password).to_be_focused()
    expect(password).to_have_value("not the password")
    # What is typed next replaces it.
    assert page.evaluate("document.activeElement.selectionEnd - document.activeElement.selectionStart") == 16
    expect(page).to_have_url(f"{site.address}/sign-in")


def test_what_is_missing_is_told_at_its_field_and_sent_nowhere(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/sign-in", stranger=True, expected=TURNED_AWAY).page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.get_by_role("button", name="Sign in").click()
    name, password = page.get_by_role("textbox", name="Name"), page.get_by_role("textbox", name="Password")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("Enter your name.")
    expect(password).to_have_accessible_description("Enter your password.")
    name.fill("ada")
    page.keyboard.press("Enter")
    expect(password).to_be_focused()
    expect(name).not_to_have_attribute("aria-invalid", "true")
    assert "POST" not in sent


def test_password_managers_know_the_fields(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/sign-in", stranger=True, expected=TURNED_AWAY).page
    password = page.get_by_role("textbox", name="Password")
    expect(page.get_by_role("textbox", name="Name")).to_have_attribute("autocomplete", "username")
    expect(password).to_have_attribute("autocomplete", "current-password")
    expect(password).to_have_attribute("type", "password")
    # Were the form sent without its script, no password would be in an address.
    expect(page.locator("form")).to_have_attribute("method", "post")
    page.get_by_role("button", name="Show the password").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide the password").click()
    expect(password).to_have_attribute("type", "password")


@pytest.mark.long
def test_too_many_failures_are_waited_out(open_page: OpenPage, site: Site) -> None:
    user_id = add_person(site, "hasty")
    page = open_page(f"{site.address}/sign-in", stranger=True, expected=THROTTLED).page
    fill_in(page, "hasty")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    fail_to_sign_in(site, "hasty", user_id, times=8)
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(re.compile(r"Signing in failed too often of late\. You can try again in \d s\."))
    counted = alert.locator("span[aria-hidden=true]")
    first = counted.text_content()
    button = page.get_by_role("button", name="Sign in")
    expect(button).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    # It is counted down for the eye, and not read out each second.
    expect(counted).not_to_have_text(first or "")
    expect(page.get_by_role("status").filter(has_text="You can try again now.")).to_be_visible(timeout=30_000)
    assert len(sent) == 1
    expect(button).not_to_have_attribute("aria-disabled", "true")
    button.click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


HOSTILE = [
    "//evil.example/x",
    r"/\evil.example",
    r"\\evil.example",
    "/\t/evil.example",
    "/.//evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:document.title='evil'",
    "data:text/html,evil",
    "/api/me",
    "/sign-in?next=//evil.example",
]


@pytest.mark.parametrize("wanted", HOSTILE)
def test_nobody_is_led_away(open_page: OpenPage, site: Site, wanted: str) -> None:
    page = open_page(f"{site.address}/nowhere").page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # Who is signed in already is led on at once, by the same rule.
    page.goto(f"{site.address}/sign-in?next={quote(wanted, '')}")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    expect(page).to_have_url(f"{site.address}/")
    assert {f"{scheme}://{host}" for scheme, host, *_ in map(urlsplit, asked)} == {site.address}


def test_nobody_is_led_away_by_signing_in(open_page: OpenPage, site: Site, ada: str) -> None:
    page = open_page(f"{site.address}/sign-in?next=//evil.example", stranger=True, expected=TURNED_AWAY).page
    come_in(page, "ada")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    expect(page).to_have_url(f"{site.address}/")


def test_signing_out_ends_the_session_on_the_server(open_page: OpenPage, site: Site, ada: str) -> None:
    page = open_page(f"{site.address}/tables", stranger=True, expected=TURNED_AWAY).page
    come_in(page, "ada")
    expect(page.get_by_role("heading", name="Tables")).to_be_visible()
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == COOKIE)
    assert cookie["httpOnly"]
    page.get_by_role("link", name="totals").click()
    expect(page.get_by_role("grid")).to_be_visible()
    page.get_by_role("button", name="Account: ada").click()
    page.get_by_role("menuitem", name="Sign out", exact=True).click()
    expect(page).to_have_url(f"{site.address}/sign-in")
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    assert page.context.cookies() == []
    old = httpx.get(f"{site.address}/api/me", cookies={COOKIE: cookie["value"]}, timeout=30, trust_env=False)
    assert old.status_code == 401
    # What was seen before is not seen again.
    page.go_back()
    expect(page.get_by_role("textbox", name="Name")).to_be_visible()
    expect(page.get_by_text("orders_scored")).to_have_count(0)


def test_signing_out_everywhere_reaches_the_other_browser(open_page: OpenPage, site: Site) -> None:
    add_person(site, "grace")
    pages = [open_page(f"{site.address}/tables", stranger=True, expected=TURNED_AWAY).page for _ in range(2)]
    for page in pages:
        come_in(page, "grace")
        expect(page.get_by_role("heading", name="Tables")).to_be_visible()
    here, elsewhere = pages
    here.get_by_role("button", name="Account: grace").click()
    here.get_by_role("menuitem", name="Sign out everywhere").click()
    expect(here.get_by_role("status")).to_have_text("You are signed out.")
    elsewhere.get_by_role("link", name="orders_scored").click()
    expect(elsewhere.get_by_role("status")).to_contain_text("Your session has ended.")
    expect(elsewhere).to_have_url(f"{site.address}/sign-in?next={quote('/tables/sales/orders_scored', '')}")


def test_a_session_that_ends_while_a_page_is_open_loses_no_address(open_page: OpenPage, site: Site) -> None:
    user_id = add_person(site, "edsger")
    page = open_page(f"{site.address}/tables/sales/orders_scored", stranger=True, expected=TURNED_AWAY).page
    come_in(page, "edsger")
    grid = page.get_by_role("grid")
    expect(grid.get_by_role("gridcell", name="north").first).to_be_visible()
    # The page writes its position into the address bar by itself.
    grid.evaluate("element => element.scrollTo(0, element.scrollHeight / 2)")
    expect(page).to_have_url(re.compile(r"\?row=1\d\d\d$"))
    assert end_sessions(site, user_id) == 1
    # Rows are asked for that were not there yet.
    grid.evaluate("element => element.scrollTo(0, element.scrollHeight)")
    expect(page).to_have_url(re.compile(r"/sign-in\?next=%2Ftables%2Fsales%2Forders_scored%3Frow%3D\d{4}$"))
    expect(page.get_by_role("status")).to_contain_text("Your session has ended.")
    come_in(page, "edsger")
    expect(page).to_have_url(re.compile(r"/tables/sales/orders_scored\?row=\d{4}$"))
    expect(page.get_by_role("row", name=re.compile(r"^[12],\d\d\d "))).not_to_have_count(0)


def test_a_page_from_the_browsers_memory_is_not_shown_to_somebody_else(open_page: OpenPage, site: Site) -> None:
    user_id = add_person(site, "left")
    page = open_page(f"{site.address}/tables", stranger=True, expected=TURNED_AWAY).page
    come_in(page, "left")
    expect(page.get_by_role("heading", name="Tables")).to_be_visible()
    end_sessions(site, user_id)
    # Browsers under test keep no such pages: this is what they tell one that they bring back.
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_server_that_does_not_say_who_is_signed_in_is_asked_again(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/docs", expected=[r"ERR_FAILED"]).page
    page.route("**/api/me", lambda route: route.abort())
    page.goto(f"{site.address}/tables")
    expect(page.get_by_role("alert")).to_contain_text("Headwater does not answer.")
    assert violations(page) == []
    page.unroute("**/api/me")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Tables")).to_be_visible()


def test_a_page_left_open_in_another_tab_goes_on_in_a_newer_session(open_page: OpenPage, site: Site, ada: str) -> None:
    page = open_page(f"{site.address}/tables", stranger=True, expected=[*TURNED_AWAY, r"status of 403"]).page
    come_in(page, "ada")
    expect(page.get_by_role("button", name="Account: ada")).to_be_visible()
    # The same browser signs in again: another cookie, and with it another CSRF token.
    renewed = page.request.post(f"{site.address}/api/sign-in", data={"name": "ada", "password": PASSWORD})
    assert renewed.ok
    page.get_by_role("button", name="Account: ada").click()
    page.get_by_role("menuitem", name="Sign out", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")


def test_a_page_left_open_is_not_used_as_somebody_else(open_page: OpenPage, site: Site, ada: str) -> None:
    add_person(site, "barbara")
    page = open_page(f"{site.address}/tables", stranger=True, expected=[*TURNED_AWAY, r"status of 403"]).page
    come_in(page, "ada")
    expect(page.get_by_role("button", name="Account: ada")).to_be_visible()
    assert page.request.post(f"{site.address}/api/sign-in", data={"name": "barbara", "password": PASSWORD}).ok
    page.get_by_role("button", name="Account: ada").click()
    page.get_by_role("menuitem", name="Sign out", exact=True).click()
    # Barbara stays signed in, and the page is hers now.
    expect(page.get_by_role("button", name="Account: barbara")).to_be_visible()


def test_a_sign_out_that_fails_is_told(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.address, expected=[r"ERR_FAILED"]).page
    page.route("**/api/sign-out", lambda route: route.abort())
    page.get_by_role("button", name=f"Account: {PERSON}").click()
    page.get_by_role("menuitem", name="Sign out", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("You are still signed in. Headwater does not answer.")


def test_each_place_that_knows_people_has_a_button(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/nowhere", stranger=True, expected=TURNED_AWAY).page

    def add_providers(route: Route) -> None:
        ways = route.fetch().json() | {"providers": [{"name": "corp/1", "display_name": "Example Corp"}]}
        route.fulfill(json=ways)

    page.route("**/api/sign-in", add_providers)
    page.goto(f"{site.address}/sign-in?next=%2Ftables%3Fa%3Db")
    link = page.get_by_role("link", name="Sign in with Example Corp")
    expect(link).to_have_attribute("href", "/api/sign-in/openid/corp%2F1?next=%2Ftables%3Fa%3Db")


def test_what_may_not_be_seen_says_so_and_to_whom(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/lineage/lost", expected=[r"status of 404"]).page
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("You may not see this, or it is not there")
    expect(alert).to_contain_text(f"You are signed in as {PERSON} ({PERSON}).")


def test_the_account_page_tells_who_one_is(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.address).page
    page.get_by_role("button", name=f"Account: {PERSON}").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/account")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.get_by_role("definition")).to_have_text([PERSON, PERSON, "None is known", "A session of this browser"])


def test_the_apis_page_may_change_something_too(open_page: OpenPage, site: Site) -> None:
    add_person(site, "curious")
    page = open_page(f"{site.address}/docs", stranger=True, expected=TURNED_AWAY).page
    come_in(page, "curious")
    operation = page.locator("#operations-session-sign_out_api_sign_out_post")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("204")
    page.goto(f"{site.address}/tables")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
