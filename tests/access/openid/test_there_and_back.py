"""The way to the provider and back: what is sent, what is used up, and whose browser it has to be."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from tests.access.openid.provider import CLIENT_ID, CLIENT_SECRET, as_json
from tests.access.openid.provider import Provider as Remote
from tests.access.openid.support import REDIRECT_URI, Browser, described, query_of, refusal, sign_ins, state_of
from tests.access.people.support import NOW, after

from headwater.access import sessions
from headwater.access.actors import Via
from headwater.access.openid import Completed, Directory, purge
from headwater.errors import NetworkError, UnauthenticatedError, UsageError
from headwater.store import Database, tables


def open_requests(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(tables.openid_requests)).scalar_one()


def test_somebody_comes_back_and_is_in(browser: Browser) -> None:
    old = browser.sign_in()
    done = browser.sign_in(replacing=old.started.token)
    assert done.return_to == "/models?page=2" and done.started.token not in repr(done)
    actor = sessions.authenticate_session(browser.database, done.started.token, now=NOW)
    assert (actor.name, actor.address) == ("ann", "192.0.2.1")
    with pytest.raises(UnauthenticatedError):
        sessions.authenticate_session(browser.database, old.started.token, now=NOW)
    event = sign_ins(browser.database)[-1]
    assert (event.result, event.actor_id, event.via) == ("succeeded", actor.user_id, Via.OPENID)
    assert (event.target, event.address, event.request_id) == (f"user:{actor.user_id}", "192.0.2.1", "r1")
    assert event.details == {"method": browser.remote.issuer}
    assert open_requests(browser.database) == 0


def test_what_the_provider_is_asked_for(browser: Browser, remote: Remote) -> None:
    first, second = (query_of(browser.begin().url) for _ in range(2))
    assert first.keys() == second.keys()
    assert {name for name, value in first.items() if value != second[name]} == {"state", "nonce", "code_challenge"}
    assert all(len(first[name]) >= 43 for name in ("state", "nonce", "code_challenge"))
    assert (first["client_id"], first["redirect_uri"]) == (CLIENT_ID, REDIRECT_URI)
    assert (first["response_type"], first["scope"], first["tenant"]) == ("code", "openid profile email", "1")
    assert first["code_challenge_method"] == "S256"
    assert browser.begin().url.startswith(f"{remote.issuer}/authorize?")


def test_the_exchange_proves_who_asked_for_the_code(browser: Browser, remote: Remote) -> None:
    """``Remote.exchange`` compares the verifier with the challenge; here, that it does, and what else is sent."""
    begun = browser.begin()
    remote.authorize(begun.url)
    remote.grants["the-code"].challenge = "another"
    with pytest.raises(UnauthenticatedError, match="does not accept the code"):
        browser.complete(begun, code="the-code")
    browser.sign_in()
    (_, refused), (headers, form) = remote.exchanges
    assert refused["code_verifier"] != form["code_verifier"] and 43 <= len(form["code_verifier"]) <= 128
    assert form["grant_type"] == "authorization_code" and form["redirect_uri"] == REDIRECT_URI
    assert CLIENT_SECRET not in str(form) and headers["authorization"].startswith("Basic ")


def test_a_state_is_used_up(browser: Browser) -> None:
    begun = browser.begin()
    browser.complete(begun)
    recorded = sign_ins(browser.database)
    for state in (state_of(begun), "", "nonsense", "\udcff\x00"):
        with pytest.raises(UnauthenticatedError, match="not known, or no longer"):
            browser.complete(begun, state=state)
    # What anybody can make up does not fill the log.
    assert sign_ins(browser.database) == recorded


@pytest.mark.parametrize("binding", [None, "", "nonsense", "é\udcff"])
def test_another_browser_cannot_complete_it(browser: Browser, binding: str | None) -> None:
    """Somebody begins, and makes another person's browser come back: that one would be signed in as the first."""
    assert "another browser" in str(refusal(browser, binding=binding))
    assert browser.remote.exchanges == [] and open_requests(browser.database) == 0


def test_the_cookie_of_another_sign_in_is_another_browsers(browser: Browser) -> None:
    assert "another browser" in str(refusal(browser, binding=browser.begin().binding))


def test_a_request_expires(browser: Browser) -> None:
    begun = browser.begin()
    with pytest.raises(UnauthenticatedError, match="too long"):
        browser.complete(begun, now=after(minutes=10))
    assert [event.result for event in sign_ins(browser.database)] == ["failed"]
    early = browser.begin()
    browser.begin(now=after(minutes=1))
    with browser.database.begin() as connection:
        assert purge(connection, now=after(minutes=9)) == 0
        assert purge(connection, now=after(minutes=10)) == 1
    assert open_requests(browser.database) == 1
    with pytest.raises(UnauthenticatedError, match="not known"):
        browser.complete(early)
    browser.begin(now=after(minutes=11))
    assert open_requests(browser.database) == 1


def test_a_code_is_good_once(browser: Browser, remote: Remote) -> None:
    code = remote.authorize(browser.begin().url)
    with pytest.raises(UnauthenticatedError, match="does not accept the code"):
        browser.complete(browser.begin(), code=code)  # injected into another request: another verifier
    begun = browser.begin()
    code = remote.authorize(begun.url)
    browser.complete(begun, code=code)
    with pytest.raises(UnauthenticatedError, match="does not accept the code"):
        browser.complete(browser.begin(), code=code)


def test_of_two_that_come_back_at_once_one_is_in(browser: Browser, remote: Remote) -> None:
    begun = browser.begin()
    code = remote.authorize(begun.url)
    barrier = threading.Barrier(4, timeout=30)

    def come_back(_: int) -> bool:
        barrier.wait()
        try:
            browser.complete(begun, code=code)
        except UnauthenticatedError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(come_back, range(4), timeout=60)) == 1
    assert len(remote.exchanges) == 1


def test_somebodys_first_two_sign_ins_at_once_make_one_user(browser: Browser, remote: Remote) -> None:
    begun = [browser.begin() for _ in range(4)]
    codes = [remote.authorize(one.url, f"code-{number}") for number, one in enumerate(begun)]
    browser.directory.keys(browser.provider, now=NOW)
    barrier = threading.Barrier(4, timeout=30)

    def come_back(number: int) -> Completed:
        barrier.wait()
        return browser.complete(begun[number], code=codes[number])

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(come_back, range(4), timeout=60))
    assert len({one.started.session.user_id for one in done}) == 1


@pytest.mark.parametrize("word", ["access_denied", "a canary: <script>", "canary_word"])
def test_an_error_answer_is_told_without_its_text(browser: Browser, word: str) -> None:
    error = refusal(browser, code=None, error=word)
    assert isinstance(error, UnauthenticatedError) and "'Corp'" in error.message
    assert ("access_denied" in error.message) == (word == "access_denied")
    assert "canary" not in str(error.to_dict())
    assert browser.remote.exchanges == [] and open_requests(browser.database) == 0


def test_an_answer_with_error_and_code_is_an_error(browser: Browser) -> None:
    assert "did not sign you in" in str(refusal(browser, error="access_denied"))


def test_an_answer_of_another_issuer_is_refused(browser: Browser, remote: Remote) -> None:
    assert "does not come from 'Corp'" in str(refusal(browser, issuer="https://id.example.com"))
    assert remote.exchanges == []
    browser.sign_in(issuer=remote.issuer)
    browser.directory = Directory()
    remote.document["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(UnauthenticatedError, match="does not come from"):
        browser.sign_in()
    browser.sign_in(issuer=remote.issuer)


def test_a_provider_that_is_configured_no_longer(browser: Browser) -> None:
    begun = browser.begin()
    browser.provider = replace(browser.provider, name="other")
    with pytest.raises(UnauthenticatedError, match="no longer configured"):
        browser.complete(begun)
    (event,) = sign_ins(browser.database)
    assert (event.result, event.details) == ("failed", {"method": "corp"})


def test_nobody_waits_for_a_provider_in_a_transaction(browser: Browser, remote: Remote) -> None:
    """On SQLite nobody else could write meanwhile: the provider, asked, writes."""

    def writing() -> tuple[int, dict[str, str], bytes]:
        with browser.database.begin() as connection:
            purge(connection, now=NOW)
        return as_json({"error": "invalid_grant"}, 400)

    browser.provider = described(remote, timeout=5.0)
    remote.token_answer = writing
    assert isinstance(refusal(browser), UnauthenticatedError)


@pytest.mark.parametrize("path", ["", "//example.com", "/\\example.com", "https://example.com/"])
def test_nobody_is_sent_off_who_wants_to_return_elsewhere(browser: Browser, path: str) -> None:
    with pytest.raises(UsageError, match="not a path on this server"):
        browser.begin(return_to=path)
    assert open_requests(browser.database) == 0


def test_the_provider_cannot_be_reached(browser: Browser, remote: Remote) -> None:
    browser.provider = replace(browser.provider, issuer="http://127.0.0.1:1")
    with pytest.raises(NetworkError):
        browser.begin()
    assert open_requests(browser.database) == 0
