"""People at a running server, and what a test does with them behind its back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.conftest import Site

from headwater.access import SYSTEM, people, sessions, throttling
from headwater.access.invitations import Link, password_link
from headwater.app.runtime import Headwater
from headwater.store import utc_now

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "a sentence nobody guesses"
#: Where the browser is, as the server sees it.
ADDRESS = "127.0.0.1"

#: What a browser writes to its console at each request that is turned away.
TURNED_AWAY = [r"status of 401"]


def add_person(site: Site, name: str) -> str:
    """Add somebody who owns the server and whose password is ``PASSWORD``; their id."""
    with Headwater.open(site.home) as app:
        user_id = app.identity.local_person(name).user_id
        assert user_id is not None
        with app.database.begin() as connection:
            people.set_password(connection, user_id, PASSWORD, by=SYSTEM, now=utc_now())
    return user_id


def make_sign_in_link(site: Site, name: str) -> Link:
    with Headwater.open(site.home) as app:
        return app.identity.sign_in_link(name)


def make_password_link(site: Site, user_id: str) -> Link:
    with Headwater.open(site.home) as app, app.database.begin() as connection:
        return password_link(connection, user_id, by=SYSTEM, now=utc_now())


def end_sessions(site: Site, user_id: str) -> int:
    """End somebody's sessions on the server; how many there were."""
    with Headwater.open(site.home) as app, app.database.begin() as connection:
        return sessions.end_all(connection, user_id, by=SYSTEM, now=utc_now())


def fail_to_sign_in(site: Site, name: str, user_id: str, times: int) -> None:
    """Count attempts as failed, far enough apart, the last of them now: the next one waits 2**(times - 5) s."""
    with Headwater.open(site.home) as app, app.database.begin() as connection:
        for ago in reversed(range(times)):
            moment = utc_now() - ago * throttling.LONGEST_WAIT
            throttling.reserve(connection, name, ADDRESS, user_id=user_id, now=moment)


def fill_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Type a name and a password into the sign-in form."""
    page.get_by_label("Name", exact=False).fill(name)
    page.get_by_role("textbox", name="Password").fill(password)


def come_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Sign in by name and password, with Enter."""
    fill_in(page, name, password)
    page.keyboard.press("Enter")
