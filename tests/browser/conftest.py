"""A real browser before a real server over a small home.

Without a browser, or without a built app, these tests are skipped and say so.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from tests.cli.command import interrupt, line_with, started
from tests.server.small_home import build_home

from headwater.app.runtime import Headwater
from headwater.server.cookies import COOKIE
from headwater.server.web import static_directory

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


#: The person whose browser it is, unless a test says otherwise.
PERSON = "somebody"


@dataclass(frozen=True)
class Site:
    """A server that runs, over which home, and the catalog's ids of its tables."""

    address: str
    home: Path
    guids: dict[str, str] = field(default_factory=dict)


@contextmanager
def serving(home: Path) -> Iterator[Site]:
    """A server over a home folder; it has to end well."""
    with started("serve", "--home", home, "--port", "0") as process:
        found = re.search(r"http://[\d.]+:\d+", line_with(process.stderr, "Headwater serves"))
        assert found is not None
        yield Site(found.group(), home)
        assert interrupt(process).status == 0


def sign_in(site: Site) -> dict[str, str]:
    """The cookie of a session of ``PERSON``, who owns the server."""
    with Headwater.open(site.home) as app:
        app.identity.local_person(PERSON)
        link = app.identity.sign_in_link(PERSON)
    answer = httpx.post(f"{site.address}/api/sign-in/link", json={"token": link.token}, timeout=30, trust_env=False)
    return {COOKIE: answer.raise_for_status().cookies[COOKIE]}


def guids_of(site: Site, cookie: dict[str, str]) -> dict[str, str]:
    """The catalog's ids of the published tables, as ``cookie``'s person sees them."""
    answer = httpx.get(f"{site.address}/api/tables", cookies=cookie, timeout=30, trust_env=False)
    return {table["entity"]: table["guid"] for table in answer.raise_for_status().json()["value"]}


@pytest.fixture(scope="session")
def cookies() -> dict[str, dict[str, str]]:
    """The session of ``PERSON`` at each host and port where they are signed in."""
    return {}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, cookies: dict[str, dict[str, str]]) -> Iterator[Site]:
    """The server of a small home."""
    with serving(build_home(tmp_path_factory.mktemp("browser") / "home")) as running:
        cookie = cookies[urlsplit(running.address).netloc] = sign_in(running)
        yield replace(running, guids=guids_of(running, cookie))


@pytest.fixture(scope="session")
def empty_site(tmp_path_factory: pytest.TempPathFactory, cookies: dict[str, dict[str, str]]) -> Iterator[Site]:
    """The server of a home in which nothing has happened yet."""
    home = tmp_path_factory.mktemp("empty") / "home"
    Headwater.open(home, create=True).close()
    with serving(home) as running:
        cookies[urlsplit(running.address).netloc] = sign_in(running)
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the PATH")
    if static_directory() is None:
        pytest.skip("the browser app is not built here")
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=arguments)
        yield chromium
        chromium.close()


@dataclass
class Watched:
    """A page, and what its console was told. ``expected`` are patterns of what may be told."""

    page: Page
    told: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.told.append(f"{message.type}: {message.text}")

    def surprises(self) -> list[str]:
        return [text for text in self.told if not any(re.search(pattern, text) for pattern in self.expected)]


OpenPage = Callable[..., Watched]


@pytest.fixture
def open_page(browser: Browser, cookies: dict[str, dict[str, str]]) -> Iterator[OpenPage]:
    """Opens pages, each in a browser of its own; none may write an error to its console, the policy's included.

    The browser is ``PERSON``'s, signed in, unless it is to be a ``stranger``'s.
    """
    opened: list[Watched] = []

    def open_(
        address: str, *, scheme: str = "light", expected: list[str] | None = None, stranger: bool = False
    ) -> Watched:
        context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        context.set_default_timeout(20_000)
        if not stranger:
            # Cookies know no ports: only this site's own may be in this browser.
            for name, value in cookies.get(urlsplit(address).netloc, {}).items():
                context.add_cookies([{"name": name, "value": value, "domain": "127.0.0.1", "path": "/"}])
        watched = Watched(context.new_page(), expected=expected or [])
        watched.page.on("console", watched.hear)
        watched.page.on("pageerror", lambda error: watched.told.append(f"uncaught: {error}"))
        opened.append(watched)
        watched.page.goto(address)
        return watched

    yield open_
    for watched in opened:
        watched.page.context.close()
    assert [watched.surprises() for watched in opened] == [[] for _ in opened]
