"""Signing in at a provider, step by step or all at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from tests.access.openid.provider import CLIENT_ID, CLIENT_SECRET
from tests.access.openid.provider import Provider as Remote
from tests.access.people.support import NOW

from headwater.access import audit
from headwater.access.audit import AuditEvent
from headwater.access.events import Event
from headwater.access.openid import Begun, Completed, Directory, Provider, begin, complete
from headwater.errors import HeadwaterError
from headwater.secret import Secret
from headwater.store import Database, tables

REDIRECT_URI = "https://headwater.example/auth/openid/corp/callback"


def described(remote: Remote, **fields: Any) -> Provider:
    """The provider as an administrator describes it."""
    given: dict[str, Any] = {"client_secret": Secret(CLIENT_SECRET), "create_users": True, "timeout": 2.0, **fields}
    return Provider("corp", "Corp", remote.issuer, CLIENT_ID, **given)


@dataclass
class Browser:
    """Somebody's browser between Headwater and the provider; each part of what it brings back may be replaced."""

    database: Database
    remote: Remote
    provider: Provider
    directory: Directory = field(default_factory=Directory)

    def begin(self, **options: Any) -> Begun:
        given: dict[str, Any] = {"redirect_uri": REDIRECT_URI, "return_to": "/models?page=2", "now": NOW, **options}
        return begin(self.database, self.provider, directory=self.directory, **given)

    def complete(self, begun: Begun, *, now: datetime = NOW, **brought: Any) -> Completed:
        given: dict[str, Any] = {"state": state_of(begun), "binding": begun.binding, **brought}
        if "code" not in given:
            given["code"] = self.remote.authorize(begun.url)
        return complete(
            self.database, [self.provider], now=now, address="192.0.2.1", request_id="r1",
            directory=self.directory, **given,
        )  # fmt: skip

    def sign_in(self, *, now: datetime = NOW, **brought: Any) -> Completed:
        return self.complete(self.begin(now=now), now=now, **brought)


def state_of(begun: Begun) -> str:
    return query_of(begun.url)["state"]


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def sign_ins(database: Database) -> list[AuditEvent]:
    """The sign-ins that were recorded, the first one first."""
    with database.read() as connection:
        return audit.page(connection, audit.Filter(events=frozenset({Event.SIGNED_IN})))[::-1]


def refusal(browser: Browser, **brought: Any) -> HeadwaterError:
    """The error that a sign-in ends with; that it failed is recorded, and nobody is in."""
    with pytest.raises(HeadwaterError) as caught:
        browser.sign_in(**brought)
    (event,) = sign_ins(browser.database)
    assert (event.result, event.actor_id, event.target) == ("failed", None, None)
    assert event.details == {"method": browser.provider.issuer}
    with browser.database.read() as connection:
        assert connection.execute(select(tables.sessions)).all() == []
    return caught.value
