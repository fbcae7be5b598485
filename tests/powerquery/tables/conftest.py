"""The one engine of these tests is closed when they are done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.powerquery.tables import twins

from headwater.powerquery import on_deep_stack


@pytest.fixture(scope="session", autouse=True)
def _closed_engine() -> Iterator[None]:
    on_deep_stack(lambda: None)  # sets the recursion limit, which Hypothesis would rather not see change under it
    yield
    twins.engine().close()
