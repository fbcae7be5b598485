"""Homes for the command line: one to read, and new ones to change."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.server.small_home import build_home


@pytest.fixture(scope="session")
def read_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that tests only read."""
    return build_home(tmp_path_factory.mktemp("cli") / "home")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of the test's own; its warehouse and its dataflows' folders lie beside it."""
    return build_home(tmp_path / "home")
