"""The seed of what an ordinary run only samples: printed by the tests, repeated with ``HEADWATER_TEST_SEED``."""

from __future__ import annotations

import os
import random

__all__ = ["SEED"]


def _seed() -> str:
    # The processes of one run have to choose the same.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    return os.environ.get("HEADWATER_TEST_SEED") or str(random.Random(run).randrange(10**6))


SEED = _seed()
