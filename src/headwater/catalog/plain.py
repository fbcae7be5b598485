"""Values as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """``value`` as JSON has it, so that what is read back compares equal to what is written anew.

    >>> plain({1: (float("nan"), datetime(2026, 1, 2, tzinfo=UTC))})
    {'1': ['nan', '2026-01-02T00:00:00+00:00']}
    """
    if isinstance(value, (str, int, type(None))):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no word for it, PostgreSQL refuses it.
        return str(value)
    return value
