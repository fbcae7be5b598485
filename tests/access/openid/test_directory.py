"""What a provider publishes about itself, and what is not believed of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.access.openid.provider import Answer, as_json, public
from tests.access.openid.provider import Provider as Remote
from tests.access.openid.support import Browser, described
from tests.access.people.support import NOW, after

from headwater.access.openid import Directory
from headwater.errors import NetworkError, OriginDeniedError, RemoteError, UnreachableError

DOCUMENT = "/.well-known/openid-configuration"


@pytest.mark.parametrize("issuer", ["https://id.example.com", "{issuer}/", "{issuer}/{{tenantid}}/v2.0", None, 7])
def test_the_issuer_is_the_one_configured_letter_by_letter(remote: Remote, issuer: str | None) -> None:
    provider = described(remote)
    remote.document = {"issuer": issuer.format(issuer=remote.issuer) if isinstance(issuer, str) else issuer}
    with pytest.raises(RemoteError, match="another issuer"):
        Directory().metadata(provider, now=NOW)


def test_an_issuer_with_a_path(remote: Remote) -> None:
    provider = replace(described(remote), issuer=f"{remote.issuer}/realms/corp/")
    remote.answers[f"/realms/corp{DOCUMENT}"] = lambda: as_json({**remote.metadata(), "issuer": provider.issuer})
    assert Directory().metadata(provider, now=NOW).token_endpoint == f"{remote.issuer}/token"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://id.example.com/x", OriginDeniedError),
        ("http://127.0.0.1:1/x", OriginDeniedError),
        ("http://localhost:1/x", OriginDeniedError),
        ("https://localhost/x", OriginDeniedError),
        ("https://127.0.0.1:8443/x", OriginDeniedError),
        ("https://[::1]/x", OriginDeniedError),
        ("https://ann:pw@id.example.com/x", RemoteError),
        ("javascript:alert(1)", RemoteError),
        ("https://id.example.com/x\r\nSet-Cookie: a=b", RemoteError),
        ("https://id.example.com\\@evil.example.com", RemoteError),
        ("https://id.example.com/x#y", RemoteError),
        ("//id.example.com/x", RemoteError),
        ("/x", RemoteError),
        ("", RemoteError),
        (None, RemoteError),
        (["https://id.example.com"], RemoteError),
    ],
)
def test_where_no_endpoint_may_be(remote: Remote, name: str, url: Any, kind: type[NetworkError]) -> None:
    remote.document = {name: url}
    with pytest.raises(kind, match=name):
        Directory().metadata(described(remote), now=NOW)


def test_an_endpoint_elsewhere_by_https(remote: Remote) -> None:
    remote.document = {"token_endpoint": "https://tokens.example.com/x?tenant=1"}
    metadata = Directory().metadata(described(remote), now=NOW)
    assert metadata.token_endpoint == "https://tokens.example.com/x?tenant=1"


@pytest.mark.parametrize("path", [DOCUMENT, "/keys"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: (200, {}, b"<html>"), RemoteError),
        (lambda: (200, {}, b""), RemoteError),
        (lambda: (200, {}, b"[" * 100_000), RemoteError),
        (lambda: (200, {}, b"\xff"), RemoteError),
        (lambda: as_json([]), RemoteError),
        (lambda: as_json({}), RemoteError),
        (lambda: as_json({"keys": {}, "token_endpoint_auth_methods_supported": 7}), RemoteError),
        (lambda: as_json({"keys": [{"kty": "oct", "k": "YQ"}]}), RemoteError),
        (lambda: as_json({"error": "canary"}, 500), RemoteError),
        (lambda: (302, {"Location": "https://example.com/"}, b""), OriginDeniedError),
    ],
)
def test_what_is_no_document(remote: Remote, path: str, answer: Callable[[], Answer], kind: type[NetworkError]) -> None:
    remote.answers[path] = answer
    directory, provider = Directory(), described(remote)
    with pytest.raises(kind) as caught:
        directory.keys(provider, now=NOW)
    assert "://" in caught.value.place
    # Nothing of it is kept: once the provider is well, people come in.
    remote.answers.clear()
    assert list(directory.keys(provider, now=NOW))


@pytest.mark.parametrize("path", [DOCUMENT, "/keys"])
def test_a_document_without_end(remote: Remote, path: str) -> None:
    content = remote.metadata() if path == DOCUMENT else {"keys": remote.keys}
    remote.answers[path] = lambda: as_json({**content, "more": "x" * 1_100_000})
    with pytest.raises(RemoteError, match="larger than"):
        Directory().keys(described(remote), now=NOW)


def test_a_list_of_methods_that_is_none(remote: Remote) -> None:
    remote.document = {"token_endpoint_auth_methods_supported": "client_secret_post"}
    with pytest.raises(RemoteError, match="a list that is none"):
        Directory().metadata(described(remote), now=NOW)


@pytest.mark.parametrize("path", [DOCUMENT, "/keys"])
def test_a_provider_that_hangs(remote: Remote, path: str) -> None:
    def hang() -> Answer:
        remote.ended.wait(30)
        return as_json({})

    remote.answers[path] = hang
    with pytest.raises(UnreachableError):
        Directory().keys(described(remote, timeout=0.3), now=NOW)


def test_a_document_is_asked_for_once_an_hour(browser: Browser, remote: Remote) -> None:
    for minute in (0, 30, 59):
        browser.begin(now=after(minutes=minute))
    assert remote.asked == [f"GET {DOCUMENT}"]
    browser.begin(now=after(minutes=60))
    browser.begin(now=after(minutes=-1))  # a clock that was set back makes nothing good for longer
    assert remote.asked == [f"GET {DOCUMENT}"] * 3


def test_a_provider_that_hangs_holds_up_nobody_else(remote: Remote) -> None:
    """While one thread waits for the keys, another one takes those that are known; here, the provider waits for it."""
    directory, provider = Directory(), described(remote, timeout=5.0)
    directory.keys(provider, now=NOW)
    seen: list[int] = []

    def keys() -> Answer:
        seen.append(len(list(directory.keys(provider, now=NOW))))
        return as_json({"keys": public()})

    remote.answers["/keys"] = keys
    with pytest.raises(RemoteError, match="no key"):
        directory.renewed_keys(provider, now=NOW)
    assert seen == [1]
    assert list(directory.keys(provider, now=NOW))
