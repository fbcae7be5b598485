"""A site on each of both databases, with the service that its model is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.durability.service import Service, scoring_service
from tests.durability.site import Site

from headwater.app.metadata_place import VARIABLE

__all__ = ["service", "site"]


@pytest.fixture
def service() -> Iterator[Service]:
    with scoring_service() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, database_url: str, service: Service, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A home with generation 1 published."""
    if database_url.startswith("postgresql"):
        monkeypatch.setenv(VARIABLE, database_url)
    site = Site(tmp_path / "site", service.url)
    site.refresh(1)
    return site
