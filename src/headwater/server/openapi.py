"""The OpenAPI file, as text: ``python -m headwater.server.openapi``."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from headwater.app.runtime import Headwater
from headwater.server.application import create_app


def openapi_text() -> str:
    """The description of the API, in the form in which ``web/openapi.json`` is kept."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Headwater.open(Path(folder) / "home", create=True) as headwater,
    ):
        return json.dumps(create_app(headwater).openapi(), indent=2) + "\n"


if __name__ == "__main__":
    print(openapi_text(), end="")  # noqa: T201 -- that is what it is for
