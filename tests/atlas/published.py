"""Requests that Purview's published examples show, where somebody keeps them beside the project."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

#: Where the examples lie; HEADWATER_TEST_PURVIEW says another place.
_VARIABLE = "HEADWATER_TEST_PURVIEW"


@dataclass(frozen=True)
class Example:
    """An example: what is asked, and what the answer was."""

    name: str
    parameters: dict[str, Any]
    status: int
    answer: Any

    @property
    def body(self) -> Any:
        return self.parameters.get("body")


@cache
def folder() -> Path | None:
    """Where the examples are; None where nobody said, or they are not there."""
    beside = Path(__file__).parents[3] / "shared" / "azure" / "purview"
    stated = Path(os.environ.get(_VARIABLE) or beside)
    return stated if stated.is_dir() else None


def example(name: str, service: str = "datamap") -> Example:
    """An example of a service; skips the test, and says why, where there are none.

    Of several answers it is the last, which is that to what was not there before.
    """
    place = folder()
    if place is None:
        pytest.skip(f"{_VARIABLE} names no folder with Purview's published examples, and none lies beside the project")
    stated = json.loads((place / service / f"{name}.json").read_text("utf-8"))
    status, answer = max(stated["responses"].items())
    return Example(name, stated["parameters"], int(status), answer.get("body"))
