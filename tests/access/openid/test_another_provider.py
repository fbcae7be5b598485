"""Signing in at a provider that somebody else wrote."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread  # type: ignore[import-untyped]  # has no type information
from tests.access.openid.support import REDIRECT_URI, query_of, sign_ins, state_of

from headwater.access import groups, sessions
from headwater.access.actors import SYSTEM
from headwater.access.openid import Begun, Directory, Provider, begin, complete, tie_group
from headwater.errors import UnauthenticatedError
from headwater.secret import Secret
from headwater.store import Database
from headwater.store.types import utc_now

#: It is written for an older version of the library that it stands on.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    claims = {"preferred_username": "ann", "name": "Ann Example", "groups": ["staff"]}
    with run_server_in_thread(require_nonce=True, user_claims=[User(sub="4711", claims=claims)]) as server:
        yield f"http://localhost:{server.server_port}"


def visit(begun: Begun, **answers: str) -> dict[str, str]:
    """What the person's browser does there, and the parameters that it comes back with."""
    sent = httpx.post(begun.url, data=answers, follow_redirects=False, timeout=10, trust_env=False)
    assert sent.headers["location"].startswith(REDIRECT_URI)
    return query_of(sent.headers["location"])


def provider(issuer: str) -> Provider:
    return Provider("mock", "Mock", issuer, "headwater", Secret("any"), create_users=True, groups_claim="groups")


def test_signing_in(database: Database, issuer: str) -> None:
    mock, directory = provider(issuer), Directory()
    with database.begin() as connection:
        staff = groups.create_group(connection, "staff", by=SYSTEM, now=utc_now())
        tie_group(connection, staff.id, issuer, by=SYSTEM, now=utc_now())
    for _ in range(2):
        begun = begin(database, mock, redirect_uri=REDIRECT_URI, return_to="/", now=utc_now(), directory=directory)
        back = visit(begun, sub="4711")
        done = complete(
            database, [mock], state=back["state"], code=back["code"], binding=begun.binding, now=utc_now(),
            directory=directory,
        )  # fmt: skip
        actor = sessions.authenticate_session(database, done.started.token, now=utc_now())
        assert actor.name == "ann"
    with database.read() as connection:
        assert [group.id for group in groups.groups_of(connection, actor.user_id or "")] == [staff.id]


def test_saying_no(database: Database, issuer: str) -> None:
    mock, directory = provider(issuer), Directory()
    begun = begin(database, mock, redirect_uri=REDIRECT_URI, return_to="/", now=utc_now(), directory=directory)
    back = visit(begun, action="deny")
    with pytest.raises(UnauthenticatedError, match="access_denied"):
        complete(
            database, [mock], state=back.get("state", state_of(begun)), code=None, binding=begun.binding,
            now=utc_now(), error=back["error"], directory=directory,
        )  # fmt: skip
    assert [event.result for event in sign_ins(database)] == ["failed"]
