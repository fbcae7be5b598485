"""The started server of Atlas's tests, asked by Purview's other clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from azure.core.pipeline.policies import HeadersPolicy
from tests.atlas.conftest import Served, http, served
from tests.atlas.test_datamap import Token

__all__ = ["connected", "http", "served"]


@pytest.fixture
def connected(served: Served) -> Iterator[Callable[..., Any]]:
    """Makes clients of azure-purview-*: of a class, for a root, with a token or the administrator's."""
    with ExitStack() as clients:

        def connect(client: Callable[..., Any], root: str = "", token: str | None = None) -> Any:
            # They send a token by https only; this header is what they would send.
            policy = HeadersPolicy({"Authorization": f"Bearer {token or served.token}"})
            made = client(endpoint=served.url + root, credential=Token(""), authentication_policy=policy)
            return clients.enter_context(made)

        yield connect
