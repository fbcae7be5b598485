"""One-time links: what they do, what is left of them in the browser, and what is said when they are used up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from tests.browser.conftest import PERSON, OpenPage, Site
from tests.browser.people import PASSWORD, TURNED_AWAY, add_person, come_in, make_password_link, make_sign_in_link
from tests.cli.command import interrupt, line_with, started

from headwater.app.runtime import Headwater

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Route

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

USED = "This link is not good any more"
REFUSED = [*TURNED_AWAY, r"status of 400"]


@pytest.fixture(scope="module")
def new_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A server to which nobody has been added, and the token of the link that it printed."""
    home = tmp_path_factory.mktemp("new") / "home"
    Headwater.open(home, create=True).close()
    with started("serve", "--home", home, "--port", "0") as process:
        link = line_with(process.stderr, "/sign-in/first-administrator#").strip()
        line_with(process.stderr, "Headwater serves")
        address, _, token = link.partition("/sign-in/first-administrator#")
        yield Site(address, home), token
        assert interrupt(process).status == 0


class Trail:
    """All that a page asks for, and where its history leads."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.sent: list[str] = []
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        # A fragment is not sent.
        self.sent.append(urlsplit(request.url)._replace(fragment="").geturl())
        self.sent += [f"{name}: {value}" for name, value in request.headers.items()]

    def history(self) -> list[str]:
        """The addresses that Back and Forward lead to, and the current one."""
        debugger = self._page.context.new_cdp_session(self._page)
        entries = debugger.send("Page.getNavigationHistory")["entries"]
        return [entry["url"] for entry in entries]


def test_the_first_administrator_comes_in_by_the_link(open_page: OpenPage, new_site: tuple[Site, str]) -> None:
    site, token = new_site
    page = open_page(site.address, stranger=True, expected=REFUSED).page
    expect(page.get_by_role("heading", name="Nobody can sign in yet")).to_be_visible()
    trail = Trail(page)
    page.goto(f"{site.address}/sign-in/first-administrator#{token}")
    expect(page).to_have_url(f"{site.address}/sign-in/first-administrator")
    name, password = page.get_by_role("textbox", name="Name", exact=True), page.get_by_label("New password")
    # What the server alone knows to refuse is shown at its field, and the link stays good.
    name.fill("a name with spaces")
    page.get_by_role("textbox", name="Display name").fill("Ada Lovelace")
    password.fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description(re.compile("no spaces or slashes"))
    name.fill("Ada")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.get_by_role("button", name="Account: Ada Lovelace").click()
    expect(page.get_by_role("menu")).to_contain_text("Ada Lovelaceada")
    assert token not in " ".join(trail.sent + trail.history())


def test_the_first_administrators_link_works_once(open_page: OpenPage, new_site: tuple[Site, str]) -> None:
    site, token = new_site
    with Headwater.open(site.home) as app:
        app.identity.local_person("somebody")
    page = open_page(f"{site.address}/sign-in/first-administrator#{token}", stranger=True, expected=TURNED_AWAY).page
    page.get_by_role("textbox", name="Name", exact=True).fill("mallory")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").get_by_role("heading", name=USED)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("The server prints a new one each time it is started")


def test_a_link_signs_in_and_leaves_no_trace(open_page: OpenPage, site: Site) -> None:
    add_person(site, "linked")
    token = make_sign_in_link(site, "linked").token
    page = open_page(f"{site.address}/sign-in", stranger=True, expected=TURNED_AWAY).page
    trail = Trail(page)
    page.goto(f"{site.address}/sign-in/link?next=%2Ftables%2Fsales%2Ftotals%3Frow%3D2#{token}")
    expect(page).to_have_url(f"{site.address}/tables/sales/totals?row=2")
    expect(page.get_by_role("button", name="Account: linked")).to_be_visible()
    assert any(sent.endswith("/api/sign-in/link") for sent in trail.sent)
    assert token not in " ".join(trail.sent + trail.history())
    stored = page.evaluate("JSON.stringify([localStorage, sessionStorage, history.state, document.cookie])")
    assert token not in stored


def test_a_fragment_is_gone_before_anything_is_asked_for(open_page: OpenPage, site: Site) -> None:
    token = make_password_link(site, add_person(site, "hidden")).token
    page = open_page(f"{site.address}/sign-in", stranger=True, expected=[*TURNED_AWAY, "ERR_FAILED"]).page
    # What the sign-in page still asks for must not be taken for what the link's page asks for.
    page.goto("about:blank")
    trail = Trail(page)
    shown: list[str] = []

    def look(route: Route) -> None:
        shown.extend(trail.history())
        route.abort()

    page.route("**/api/**", look)
    page.goto(f"{site.address}/sign-in/password#{token}")
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert shown
    assert token not in " ".join(shown)


def test_a_used_link_says_so_and_a_new_one_is_taken_in_the_same_tab(open_page: OpenPage, site: Site) -> None:
    add_person(site, "twice")
    token = make_sign_in_link(site, "twice").token
    first = open_page(f"{site.address}/sign-in/link#{token}", stranger=True, expected=TURNED_AWAY).page
    expect(first.get_by_role("heading", name="Home")).to_be_visible()
    page = open_page(f"{site.address}/sign-in/link?next=%2Ftables#{token}", stranger=True, expected=TURNED_AWAY).page
    alert = page.get_by_role("alert")
    expect(alert.get_by_role("heading", name=USED)).to_be_visible()
    expect(alert).to_contain_text("Whoever runs this server can make you a new one.")
    expect(page).to_have_title(f"{USED} · Headwater")
    expect(alert.get_by_role("link")).to_have_attribute("href", "/sign-in?next=%2Ftables")
    # Pasted over the old one it differs in its fragment alone: the browser loads nothing.
    trail, new = Trail(page), make_sign_in_link(site, "twice").token
    page.goto(f"{page.url}#{new}")
    expect(page).to_have_url(f"{site.address}/tables")
    assert new not in " ".join(trail.sent + trail.history())


def test_who_is_signed_in_goes_on_and_the_link_stays_good(open_page: OpenPage, site: Site) -> None:
    add_person(site, "later")
    token = make_sign_in_link(site, "later").token
    page = open_page(f"{site.address}/sign-in/link?next=%2Ftables#{token}").page
    expect(page).to_have_url(f"{site.address}/tables")
    expect(page.get_by_role("button", name=f"Account: {PERSON}")).to_be_visible()
    other = open_page(f"{site.address}/sign-in/link#{token}", stranger=True, expected=TURNED_AWAY).page
    expect(other.get_by_role("button", name="Account: later")).to_be_visible()


def test_a_password_is_chosen_by_a_link(open_page: OpenPage, site: Site) -> None:
    user_id = add_person(site, "forgetful")
    before = open_page(f"{site.address}/tables", stranger=True, expected=TURNED_AWAY).page
    come_in(before, "forgetful")
    expect(before.get_by_role("heading", name="Tables")).to_be_visible()
    address = f"{site.address}/sign-in/password#{make_password_link(site, user_id).token}"
    page = open_page(address, stranger=True, expected=REFUSED).page
    password, repeated = page.get_by_label("New password"), page.get_by_label("The same password again")
    for field in (password, repeated):
        expect(field).to_have_attribute("autocomplete", "new-password")
    expect(password).to_be_focused()
    expect(password).to_have_accessible_description(re.compile("12 characters or more"))
    password.fill("too short")
    page.keyboard.press("Enter")
    expect(password).to_have_accessible_description(re.compile("It has 9 characters; 12 are the fewest"))
    password.fill("another long sentence")
    repeated.fill("another long sentense")
    page.keyboard.press("Enter")
    expect(repeated).to_be_focused()
    expect(repeated).to_have_accessible_description("The two passwords differ.")
    # The page does not know whose link it is; the server does, and refuses a password with their name in it.
    for field in (password, repeated):
        field.fill("forgetful as ever I am")
    page.get_by_role("button", name="Set the password").click()
    expect(password).to_have_accessible_description(re.compile("too easy to guess.*Leave your name out"))
    for field in (password, repeated):
        field.fill("another long sentence")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Account: forgetful")).to_be_visible()
    # Where they were signed in before, they are no longer.
    before.get_by_role("link", name="totals").click()
    expect(before.get_by_role("status")).to_contain_text("Your session has ended.")
    come_in(before, "forgetful", "another long sentence")
    expect(before).to_have_url(f"{site.address}/tables/sales/totals")


@pytest.mark.parametrize("kind", ["link", "password", "first-administrator"])
def test_a_page_that_lost_its_link_asks_for_it(open_page: OpenPage, site: Site, kind: str) -> None:
    page = open_page(f"{site.address}/sign-in/{kind}", stranger=True, expected=TURNED_AWAY).page
    expect(page.get_by_role("alert").get_by_role("heading", name="Open the link once more")).to_be_visible()
