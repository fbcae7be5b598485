"""A faulty service, and scorers that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.models.services.faults import Doubling, FaultServer, serving
from tests.models.services.split_form import DOUBLING, SplitForm

from headwater.models.services import ServiceOptions, ServiceScorer
from headwater.net import HttpClient

#: Waits are short here, and a service that answers does so at once.
QUICK: dict[str, Any] = {"call_timeout": 5.0, "first_backoff": 0.01, "longest_pause": 1.0, "patience": 60.0}

OpenScorer = Callable[..., ServiceScorer]


def doubling_scorer(
    client: HttpClient, *, max_rows: int | None = None, check: Callable[[], None] = lambda: None, **options: Any
) -> ServiceScorer:
    """A scorer of the doubling model behind this client."""
    return ServiceScorer(
        client,
        SplitForm(DOUBLING, max_rows),
        DOUBLING,
        name="demo.twice",
        url_path="/invocations",
        options=ServiceOptions(**QUICK | options),
        check=check,
    )


@pytest.fixture
def model() -> Doubling:
    return Doubling()


@pytest.fixture
def service(model: Doubling) -> Iterator[FaultServer]:
    with serving(model) as server:
        yield server


@pytest.fixture
def open_scorer(service: FaultServer) -> Iterator[OpenScorer]:
    """Opens scorers of the service, and closes them at the end."""
    opened: list[ServiceScorer] = []

    def open_one(*, client: HttpClient | None = None, **more: Any) -> ServiceScorer:
        opened.append(doubling_scorer(client or HttpClient(service.url, timeout=60), **more))
        return opened[-1]

    yield open_one
    for scorer in opened:
        scorer.close()
