"""A provider, and a browser that goes there and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.access.openid.provider import Provider as Remote
from tests.access.openid.provider import running_provider
from tests.access.openid.support import Browser, described

from headwater.store import Database


@pytest.fixture
def remote() -> Iterator[Remote]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def browser(database: Database, remote: Remote) -> Browser:
    return Browser(database, remote, described(remote))
