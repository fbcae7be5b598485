"""A real browser before a real server over a small home.

Without a browser, or without a built app, these tests are skipped and say so.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.cli.command import interrupt, line_with, started
from tests.server.small_home import build_home

from headwater.server.web import static_directory

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Site:
    """A server that runs, and the catalog's ids of its tables."""

    address: str
    guids: dict[str, str] = field(default_factory=dict)


def serving(home: Path) -> Iterator[Site]:
    with started("serve", "--home", home, "--port", "0") as process:
        found = re.search(r"http://[\d.]+:\d+", line_with(process.stderr, "Headwater serves"))
        assert found is not None
        tables = httpx.get(f"{found.group()}/api/tables", timeout=30, trust_env=False).json()["value"]
        yield Site(found.group(), {table["entity"]: table["guid"] for table in tables})
        assert interrupt(process).status == 0


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server of a small home."""
    yield from serving(build_home(tmp_path_factory.mktemp("browser") / "home"))


@pytest.fixture(scope="session")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server of a home in which nothing has happened yet."""
    from headwater.app.runtime import Headwater

    home = tmp_path_factory.mktemp("empty") / "home"
    Headwater.open(home, create=True).close()
    yield from serving(home)


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
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages, each as a new visitor; none may write an error to its console, the policy's refusals included."""
    opened: list[Watched] = []

    def open_(address: str, *, scheme: str = "light", expected: list[str] | None = None) -> Watched:
        context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        context.set_default_timeout(20_000)
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
