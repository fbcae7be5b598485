"""What is secret goes through a sign-in that works and many that fail, and is then looked for everywhere."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.access.openid import provider as remotes
from tests.access.openid.provider import Provider as Remote
from tests.access.openid.provider import as_json, sign, unsigned
from tests.access.openid.support import Browser, described, query_of
from tests.access.people.support import NOW, after
from tests.access.people.test_canaries import Canaries, database_bytes

from headwater.access import audit
from headwater.errors import HeadwaterError
from headwater.secret import Secret
from headwater.store import open_database


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that any logger says, every SQL statement and every request among it."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="sqlalchemy.engine")
    yield caplog


def failing(browser: Browser, canaries: Canaries, **brought: Any) -> HeadwaterError:
    """A sign-in that fails; of what it sends along, all that the browser alone may know is a canary."""
    number = len(canaries.values)
    begun = browser.begin()
    canaries.values[f"state-{number}"] = query_of(begun.url)["state"]
    canaries.values[f"binding-{number}"] = begun.binding
    brought.setdefault("code", browser.remote.authorize(begun.url, canaries.new(f"code-{number}")))
    with pytest.raises(HeadwaterError) as caught:
        browser.complete(begun, **brought)
    return caught.value


def live(browser: Browser, canaries: Canaries) -> list[HeadwaterError]:
    """A sign-in that works, and one that fails for each reason in which something secret is at hand."""
    remote, secret = browser.remote, canaries.values["client-secret"]
    access, claim = canaries.new("access-token"), canaries.new("claim")
    remote.claims = {"sub": "subject-1", "email": claim, "email_verified": False, "phone_number": claim}
    begun = browser.begin()
    canaries.values["binding"], canaries.values["state"] = begun.binding, query_of(begun.url)["state"]
    code = remote.authorize(begun.url, canaries.new("code"))
    canaries.values["session"] = browser.complete(begun, code=code).started.token
    errors = [
        failing(browser, canaries, code=code),
        failing(browser, canaries, binding="other"),
        failing(browser, canaries, now=after(hours=1)),
        failing(browser, canaries, code=None, error=claim),
        failing(browser, canaries, issuer=f"https://{claim}.example.com"),
    ]
    for answer in (
        lambda: as_json({"error": secret, "error_description": secret}, 400),
        lambda: as_json({"error": "invalid_client", "error_description": secret}, 401),
        lambda: (302, {"Location": f"/elsewhere?code={access}"}, b""),
        lambda: (302, {"Location": f"https://example.com/?code={access}"}, b""),
        lambda: (200, {}, f"<html>{access}".encode()),
        lambda: as_json({"access_token": access, "id_token": claim}),
        lambda: as_json({"access_token": access, "id_token": sign({"iss": claim, "sub": claim})}),
        lambda: as_json({"access_token": access, "id_token": sign({"sub": claim}, remotes.OTHER_KEY, kid=claim)}),
        lambda: as_json({"access_token": access, "id_token": unsigned({}, "RS256", crit=[claim])}),
        lambda: as_json({"access_token": access, "id_token": unsigned({}, claim)}),
    ):
        remote.token_answer = answer
        errors.append(failing(browser, canaries))
    return errors


def test_no_canary_sings(
    database_url: str, tmp_path: Path, remote: Remote, said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    canaries = Canaries()
    secret = canaries.new("client-secret")
    monkeypatch.setattr(remotes, "CLIENT_SECRET", secret)
    database = open_database(database_url)
    browser = Browser(database, remote, described(remote, client_secret=Secret(secret)))
    errors = live(browser, canaries)
    with database.read() as connection:
        log = "".join(audit.export(connection))
    shown = "".join("".join(traceback.format_exception(error)) + str(vars(error)) for error in errors)
    stored = database_bytes(database, tmp_path)
    database.close()
    # What is looked for can be found: it arrived at the provider, and what is no secret is in the database.
    assert len(errors) == 15 and any(canaries.values["code"] in str(form) for _, form in remote.exchanges)
    assert b"subject-1" in stored and "INSERT INTO openid_requests" in said.text
    assert "POST" in said.text and remote.issuer in said.text
    assert canaries.found_in(log.encode()) == []
    assert canaries.found_in(shown.encode()) == []
    assert canaries.found_in(said.text.encode()) == []
    assert canaries.found_in(stored) == []


def test_nothing_shows_what_it_holds(browser: Browser) -> None:
    begun = browser.begin()
    with browser.database.begin() as connection:
        from headwater.access.openid import requests

        new = requests.add(connection, provider="corp", redirect_uri="", return_to="/", user_id=None, now=NOW)
        request = requests.take(connection, new.state)
    assert begun.binding not in repr(begun) and query_of(begun.url)["state"] not in repr(begun)
    assert request is not None
    for text in (new.state, new.binding, new.nonce, new.code_verifier):
        assert text not in repr(new) and text not in repr(request)
