"""The ways in for those who see, read or point differently."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.browser.accessibility import violations
from tests.browser.conftest import PERSON, OpenPage, Site
from tests.browser.people import TURNED_AWAY, add_person, fail_to_sign_in, fill_in, make_password_link

if TYPE_CHECKING:
    from playwright.sync_api import Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

EXPECTED = [*TURNED_AWAY, r"status of 429"]


def _empty_form(page: Page, _site: Site) -> None:
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").first).to_be_visible()


def _wait(page: Page, site: Site) -> None:
    name = f"patient-{page.evaluate('crypto.randomUUID()')}"
    user_id = add_person(site, name)
    fill_in(page, name)
    fail_to_sign_in(site, name, user_id, times=12)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("You can try again in")


def _busy(page: Page, site: Site) -> None:
    # Asked, and not answered.
    page.route("**/api/sign-in", lambda route: None if route.request.method == "POST" else route.continue_())
    fill_in(page, "anybody")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Signing in")).to_have_attribute("aria-disabled", "true")


def _first_administrator(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/sign-in/first-administrator#hwl_x")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").first).to_be_visible()


def _new_password(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/sign-in/password#{make_password_link(site, add_person(site, 'new')).token}")
    expect(page.get_by_label("New password")).to_be_visible()


def _used_link(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/sign-in/link#hwl_x")
    expect(page.get_by_role("alert")).to_be_visible()


STATES: dict[str, Callable[[Page, Site], None]] = {
    "sign-in": lambda page, _site: expect(page.get_by_role("textbox", name="Name")).to_be_visible(),
    "empty": _empty_form,
    "busy": _busy,
    "wait": _wait,
    "first-administrator": _first_administrator,
    "password": _new_password,
    "used-link": _used_link,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_in_the_way_of_assistive_technology(
    open_page: OpenPage, site: Site, state: str, scheme: str
) -> None:
    page = open_page(f"{site.address}/sign-in", scheme=scheme, expected=EXPECTED, stranger=True).page
    STATES[state](page, site)
    assert violations(page) == []


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_cut_off_on_a_small_or_magnified_screen(open_page: OpenPage, site: Site, state: str) -> None:
    page = open_page(f"{site.address}/sign-in", expected=EXPECTED, stranger=True).page
    # What 1280 pixels are at 400 %.
    page.set_viewport_size({"width": 320, "height": 256})
    STATES[state](page, site)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 320
    wide = "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > 320).length"
    assert page.evaluate(wide) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_account_menu_and_page_are_for_everybody(open_page: OpenPage, site: Site, scheme: str) -> None:
    page = open_page(f"{site.address}/account", scheme=scheme).page
    page.get_by_role("button", name=f"Account: {PERSON}").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Your account")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=f"Account: {PERSON}")).to_be_focused()
    assert violations(page) == []


def test_the_form_is_walked_with_keys_alone(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/sign-in", expected=EXPECTED, stranger=True).page
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    for reached in (
        page.get_by_role("textbox", name="Password"),
        page.get_by_role("button", name="Show the password"),
        page.get_by_role("button", name="Sign in"),
    ):
        page.keyboard.press("Tab")
        expect(reached).to_be_focused()
