"""The exchange of a code for tokens: how the client shows who it is, and what it does not put up with."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.openid.provider import CLIENT_ID, CLIENT_SECRET, Answer, as_json, client_of
from tests.access.openid.provider import Provider as Remote
from tests.access.openid.support import Browser, described, refusal

from headwater.errors import HeadwaterError, OriginDeniedError, RemoteError, UnauthenticatedError, UnreachableError
from headwater.secret import Secret

# Which database it is makes no difference here.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("methods", "secret", "where"),
    [
        (None, CLIENT_SECRET, "headers"),
        (["client_secret_post", "client_secret_basic"], CLIENT_SECRET, "headers"),
        (["client_secret_post", "private_key_jwt"], CLIENT_SECRET, "form"),
        (["client_secret_basic"], None, "nowhere"),
    ],
)
def test_the_client_shows_who_it_is(
    browser: Browser, remote: Remote, methods: list[str] | None, secret: str | None, where: str
) -> None:
    if methods is not None:
        remote.document["token_endpoint_auth_methods_supported"] = methods
    browser.provider = described(remote, client_secret=None if secret is None else Secret(secret))
    browser.sign_in()
    ((headers, form),) = remote.exchanges
    assert client_of(headers, form) == (CLIENT_ID, secret)
    assert ("authorization" in headers, "client_secret" in form) == (where == "headers", where == "form")


def test_a_provider_that_takes_no_secret_is_not_sent_one(browser: Browser, remote: Remote) -> None:
    remote.document["token_endpoint_auth_methods_supported"] = ["private_key_jwt", 7]
    assert "takes no client secret" in str(refusal(browser))
    assert remote.exchanges == []


@pytest.mark.parametrize("code", ["", "ä", "a\nb", "\udcff", "x" * 8193])
def test_what_is_no_code_is_not_sent(browser: Browser, code: str) -> None:
    assert "does not accept the code" in str(refusal(browser, code=code))
    assert browser.remote.exchanges == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["/elsewhere", "https://example.com/", "http://localhost:1/"])
def test_a_token_endpoint_that_redirects_is_not_followed(
    browser: Browser, remote: Remote, status: int, target: str
) -> None:
    remote.token_answer = lambda: (status, {"Location": target}, b"")
    error = refusal(browser)
    assert isinstance(error, RemoteError if target == "/elsewhere" else OriginDeniedError)
    assert [asked for asked in remote.asked if "token" in asked or "elsewhere" in asked] == ["POST /token"]


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (lambda: as_json({"error": "invalid_client", "error_description": "canary"}, 401), RemoteError, "401, inval"),
        (lambda: as_json({"error": "canary"}, 400), RemoteError, "with 400."),
        (lambda: as_json({"error": "invalid_grant"}, 400), UnauthenticatedError, "does not accept"),
        (lambda: (502, {}, b"<html>canary</html>"), RemoteError, "with 502."),
        (lambda: (200, {}, b"<html>canary</html>"), RemoteError, "without an ID token"),
        (lambda: (200, {}, b"[" * 100_000), RemoteError, "without an ID token"),
        (lambda: as_json(["canary"]), RemoteError, "without an ID token"),
        (lambda: as_json({"access_token": "canary"}), RemoteError, "without an ID token"),
        (lambda: as_json({"access_token": "canary", "id_token": 7}), RemoteError, "without an ID token"),
        (lambda: as_json({"id_token": "canary"}), RemoteError, "without an ID token"),
        (lambda: (200, {}, b'"' + b"canary" * 400_000 + b'"'), RemoteError, "larger than"),
    ],
)
def test_what_else_a_token_endpoint_answers(
    browser: Browser, remote: Remote, answer: Any, kind: type[HeadwaterError], said: str
) -> None:
    remote.token_answer = answer
    error = refusal(browser)
    assert type(error) is kind and said in error.message
    assert "canary" not in str(error.to_dict())


def test_a_provider_that_hangs_is_not_waited_for(browser: Browser, remote: Remote) -> None:
    browser.provider = described(remote, timeout=0.3)

    def hang() -> Answer:
        remote.ended.wait(30)
        return as_json({})

    remote.token_answer = hang
    assert isinstance(refusal(browser), UnreachableError)
