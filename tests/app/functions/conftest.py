"""A function that runs in this process."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tests.app.functions.support import HALVES, Answering, OpenCall

from headwater.access import SYSTEM
from headwater.models.discovery import Discovery
from headwater.models.environment import ModelEnvironment
from headwater.models.functions import ModelFunction
from headwater.models.options import CallOptions
from headwater.models.results import ResultForm
from headwater.models.rights import ActorsRights
from headwater.models.run import Calling
from headwater.models.service import OpenFunction
from headwater.models.signature import Signature
from headwater.store import Database


@pytest.fixture
def call(database: Database) -> OpenCall:
    """Opens a function that runs in this process."""

    def opened(signature: Signature = HALVES, scorer: Any = None, **options: Any) -> OpenFunction:
        rights = ActorsRights(database, SYSTEM, {})
        environment = ModelEnvironment(Discovery({}, rights), rights, cast("Any", None))
        calling = Calling(
            "demo.m",
            signature,
            lambda: scorer or Answering(),
            lambda: None,
            ResultForm(signature),
            options=CallOptions(),
        )
        return OpenFunction(environment, ModelFunction("id", "1", calling).configured(options))

    return opened
