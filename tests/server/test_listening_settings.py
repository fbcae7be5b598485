"""What a server may be told of the way to it, and what it refuses to start with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import ServeError
from headwater.server.public_url import OWN_SEGMENTS, PublicUrl
from headwater.server.settings import ServerSettings, settings_for
from headwater.server.web import RESERVED

ROUTES = Path(__file__).parents[2] / "web" / "src" / "app" / "routes.tsx"
ELSEWHERE = ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"]
NAME = ["https://data.example.org"]


def refusal(
    host: str = "127.0.0.1", urls: list[str] | None = None, proxies: list[str] | None = None, **more: bool
) -> str:
    with pytest.raises(ServeError) as caught:
        settings_for(host, urls or [], proxies or [], **more)
    assert caught.value.hint
    return caught.value.code


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9", "::ffff:127.0.0.1"])
def test_this_machine_alone_needs_nothing(host: str) -> None:
    settings = settings_for(host)
    assert settings == ServerSettings()
    assert (settings.base_path, settings.cookie_path, settings.secure) == ("", "/", False)
    assert settings.address("http://127.0.0.1:8400/") == "http://127.0.0.1:8400"


@pytest.mark.parametrize("host", ELSEWHERE)
def test_other_machines_need_protection_and_a_name(host: str) -> None:
    assert refusal(host) == "serve.not_protected"
    assert refusal(host, NAME) == "serve.not_protected"
    assert refusal(host, tls=True) == "serve.no_name"
    assert refusal(host, proxies=["10.0.0.1"]) == "serve.no_name"
    assert settings_for(host, NAME, tls=True).secure
    assert settings_for(host, NAME, ["10.0.0.1"]).proxies == ("10.0.0.1",)
    assert not settings_for(host, NAME, tls=True).on_loopback


@pytest.mark.parametrize("host", ["data.example.org", "", "*", "127.0.0.1:8400", "[::1]", "localhost."])
def test_what_is_no_address_is_refused(host: str) -> None:
    assert refusal(host, NAME, tls=True) == "serve.address"


@pytest.mark.parametrize(
    ("text", "shown", "name", "base_path"),
    [
        ("https://data.example.org", "https://data.example.org", "data.example.org", ""),
        ("HTTPS://Data.Example.Org:443/", "https://data.example.org", "data.example.org", ""),
        ("http://example.org:81/a-b/_c.d~/", "http://example.org:81/a-b/_c.d~", "example.org", "/a-b/_c.d~"),
        ("https://[2001:db8::1]:8443/hw", "https://[2001:db8::1]:8443/hw", "[2001:db8::1]", "/hw"),
    ],
)  # fmt: skip
def test_a_public_url_is_read(text: str, shown: str, name: str, base_path: str) -> None:
    url = PublicUrl.parse(text)
    assert (str(url), url.name, url.base_path) == (shown, name, base_path)
    settings = settings_for("127.0.0.1", [text])
    assert settings.address("http://127.0.0.1:1") == shown
    assert settings.cookie_path == (base_path or "/")
    assert settings.secure is shown.startswith("https")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "data.example.org",
        "ftp://data.example.org",
        "https://",
        "https://data.example.org:no",
        "https://data.example.org/?secret=canary",
        "https://data.example.org/#canary",
        "https://canary:canary@data.example.org",
        "https://dätä.example.org",
        "https://data.example.org/a//b",
        "https://data.example.org/a/../b",
        "https://data.example.org/./a",
        "https://data.example.org/a b",
        "https://data.example.org/a%2Fb",
        'https://data.example.org/"><script>',
        *(f"https://data.example.org/{segment}/x" for segment in sorted(OWN_SEGMENTS)),
    ],
)
def test_what_is_no_public_url_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ServeError) as caught:
        settings_for("127.0.0.1", [text])
    assert caught.value.code == "serve.public_url"
    assert "canary" not in str(caught.value.to_dict())


@given(st.text())
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        url = PublicUrl.parse(f"https://data.example.org/{text}")
    except ServeError as error:
        assert error.code == "serve.public_url"
    else:
        assert re.fullmatch(r"(/[\w~-][\w.~-]*)*", url.base_path, re.ASCII)
        assert PublicUrl.parse(str(url)) == url


@pytest.mark.parametrize("other", ["http://data.example.org", "https://inside.example.org/hw"])
def test_public_urls_may_differ_in_names_alone(other: str) -> None:
    assert refusal(urls=[*NAME, other]) == "serve.public_url"
    assert settings_for("127.0.0.1", [*NAME, "https://inside.example.org:8443"]).names == {
        "data.example.org",
        "inside.example.org",
    }


def test_a_server_that_speaks_tls_is_not_reached_by_http() -> None:
    assert refusal(urls=["http://data.example.org"], tls=True) == "serve.public_url"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.1.2.0/24", "10.1.2.0/24"),
        ("10.0.0.1/32", "10.0.0.1"),
        ("2001:DB8::/32", "2001:db8::/32"),
    ],
)
def test_proxies_are_addresses_and_networks(text: str, kept: str) -> None:
    assert settings_for("127.0.0.1", [], [text]).proxies == (kept,)


@pytest.mark.parametrize(
    "text", ["*", "proxy.example.org", "10.1.2.3/24", "0.0.0.0/0", "::/0", "", "10.0.0.1,10.0.0.2"]
)
def test_whom_to_believe_is_never_guessed(text: str) -> None:
    assert refusal(proxies=[text]) == "serve.proxy"


def test_no_base_path_is_taken_for_an_address_of_the_app() -> None:
    routes = ROUTES.read_text("utf-8")
    pages = {page.partition("/")[0] for page in re.findall(r'path: "([\w:/-]+)"', routes)}
    # Pages below "sign-in".
    below = set(re.findall(r'path: "([\w-]+)"', routes[routes.index("children:") : routes.index("const pages")]))
    pages -= below
    assert len(pages) > 1 and len(below) > 1
    assert pages | RESERVED | {"assets"} == OWN_SEGMENTS, "headwater.server.public_url.OWN_SEGMENTS names them"
