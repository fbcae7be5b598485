"""New home folders whose metadata database is of the kind that a fixture's parameter names."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.access.databases import new_postgresql_database

from headwater.app.home import Home, open_home
from headwater.app.metadata_place import VARIABLE


def home_over(request: pytest.FixtureRequest, path: Path, patch: pytest.MonkeyPatch) -> Home:
    """A home folder in ``path``; ``request.param`` is "sqlite" or "postgresql", for as long as ``patch`` holds."""
    if request.param == "postgresql":
        patch.setenv(VARIABLE, new_postgresql_database(request.getfixturevalue("postgresql_folder")))
    return open_home(path, create=True)
