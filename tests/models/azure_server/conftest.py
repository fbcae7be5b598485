"""Real servers of entry scripts, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from tests.models.azure_server.environment import Unavailable, azure_environment, entry_script

#: They run in another environment.
collect_ignore = ["scripts"]

Serve = Callable[[str], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Starts the server of an entry script, by the script's name; gives its address."""
    try:
        environment = azure_environment()
    except Unavailable as error:
        pytest.skip(f"Azure's inference server cannot be installed here: {error}")
    folder = tmp_path_factory.mktemp("entry-scripts")
    return lambda name: entry_script(name, environment, folder)
