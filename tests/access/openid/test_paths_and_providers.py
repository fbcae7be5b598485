"""Where one may return to, and what a provider can be."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headwater.access.openid import Provider
from headwater.access.openid.requests import check_return_to
from headwater.errors import UsageError
from headwater.secret import Secret

LOCAL = ["/", "/a", "/a/b?c=d#e", "/?next=https://example.com", "/a//b", "/ä", "/a:b@c", "/.//example.com"]
ELSEWHERE = [
    "", "a", "//example.com", "///example.com", "https://example.com", "javascript:alert(1)", "\\\\example.com",
    "/\\example.com", "/a\\b", "/\t/example.com", "\t//example.com", " //example.com", "/a\r\nSet-Cookie: x", "/a\x00",
    "/\u2028", "/\udcff", "/" + "a" * 2048,
]  # fmt: skip


@pytest.mark.parametrize("path", LOCAL)
def test_where_one_may_return_to(path: str) -> None:
    check_return_to(path)


@pytest.mark.parametrize("path", ELSEWHERE)
def test_where_one_may_not_return_to(path: str) -> None:
    with pytest.raises(UsageError, match="not a path on this server"):
        check_return_to(path)


@given(st.text(st.sampled_from("/\\.:@?#%\t\r\n\x00 aé2fh") | st.characters(), max_size=12))
@example("/.//example.com")
def test_a_return_leads_to_this_server_however_it_is_read(path: str) -> None:
    try:
        check_return_to(path)
    except UsageError:
        return
    here = httpx.URL("https://headwater.example/auth/callback")
    # Browsers take backslashes for slashes and leave control characters out.
    for read in (path, path.replace("\\", "/"), "".join(c for c in path if c.isprintable()).strip()):
        assert (here.join(read).scheme, here.join(read).host) == ("https", "headwater.example")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Corp"), ("name", ""), ("name", "a/b"), ("display_name", " "), ("display_name", "a\nb"),
        ("issuer", "id.example.com"), ("issuer", "http://id.example.com"), ("issuer", "https://id.example.com?a=b"),
        ("issuer", "https://id.example.com#a"), ("issuer", "https://ann:pw@id.example.com"), ("issuer", "HTTPS://a.b"),
        ("issuer", "https://id.example.com/a b"), ("client_id", ""), ("client_secret", Secret("")),
        ("scopes", ("profile",)), ("scopes", ("openid", "a b")), ("groups_claim", ""),
        ("allowed_email_domains", ("@example.com",)), ("timeout", 0.0), ("timeout", float("nan")),
    ],
)  # fmt: skip
def test_what_no_provider_can_be(field: str, value: object) -> None:
    good = Provider("corp", "Corp", "https://id.example.com/tenant/", "headwater", Secret("canary"))
    assert "canary" not in repr(good)
    with pytest.raises(UsageError, match=f"'{field}'"):
        replace(good, **{field: value})  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    "issuer", ["https://id.example.com", "https://id.example.com:8443/a/", "http://localhost:8080/a", "http://[::1]:80"]
)
def test_what_an_issuer_can_be(issuer: str) -> None:
    assert Provider("corp", "Corp", issuer, "headwater").issuer == issuer


def test_plain_http_within_a_private_network_that_was_allowed() -> None:
    issuer, networks = "http://10.1.2.3:8080/realms/corp", (ip_network("10.0.0.0/8"),)
    assert Provider("corp", "Corp", issuer, "headwater", private_networks=networks).issuer == issuer
    with pytest.raises(UsageError, match="'issuer'"):
        Provider("corp", "Corp", issuer, "headwater")
