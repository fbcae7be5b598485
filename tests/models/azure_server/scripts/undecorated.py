"""No decorators: the description says nothing."""

from __future__ import annotations

from typing import Any


def init() -> None:
    """Nothing to load."""


def run(raw: str) -> Any:
    return raw
