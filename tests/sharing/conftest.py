"""The town of the policies' tests, where ann may share; no links yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete
from tests.policies.conftest import built_town
from tests.policies.town import Town
from tests.server.conftest import ORIGIN

from headwater.access import SYSTEM, grant, revoke, server_scope
from headwater.server.application import create_app
from headwater.store import tables, utc_now

__all__ = ["built_town"]

ROLE = "Data share contributor"


@pytest.fixture
def town(built_town: Town) -> Iterator[Town]:
    """With no policies and no links yet."""
    built_town.forget()
    change_role(built_town, "ann", given=True)
    yield built_town
    change_role(built_town, "ann", given=False)
    with built_town.app.database.begin() as connection:
        connection.execute(delete(tables.table_shares))


def change_role(town: Town, person: str, *, given: bool) -> None:
    """Let somebody share, or no longer."""
    with town.app.database.begin() as connection:
        where = server_scope(connection)
        if given:
            grant(connection, SYSTEM, town.principal(person), ROLE, where, now=utc_now())
        elif town.app.access.check(SYSTEM, "asset.share", "server", person):
            revoke(connection, SYSTEM, town.principal(person), ROLE, where)


@pytest.fixture
def served(town: Town) -> FastAPI:
    return create_app(town.app)


@pytest.fixture
def anybody(served: FastAPI) -> TestClient:
    """Somebody who shows nothing."""
    return TestClient(served, base_url=ORIGIN, raise_server_exceptions=False, follow_redirects=False)
