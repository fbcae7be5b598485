"""A database on each of both, and a server over one that takes what clients send."""

from __future__ import annotations

from tests.access.conftest import database
from tests.atlas.conftest import served

__all__ = ["database", "served"]
