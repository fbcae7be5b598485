"""The table ``[sharing]`` of ``headwater.toml``: how long tables may be shared.

::

    [sharing]
    longest_days = 90      # no link is good for longer; 0: tables are not shared at all
    uses_a_minute = 120    # of one link
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater.app.configuration import Section

__all__ = ["SharingSettings", "read_sharing"]

_KNOWN = ("longest_days", "uses_a_minute")


@dataclass(frozen=True, slots=True)
class SharingSettings:
    """How long a link may be good, and how often one may be used."""

    longest_days: int = 90
    uses_a_minute: int = 120


def read_sharing(document: Mapping[str, Any], marker: Path) -> SharingSettings:
    """What the table says; HomeError where an entry is not known or out of range (``home.unreadable``)."""
    section = Section.of(document, "sharing", marker, _KNOWN)
    usual = SharingSettings()
    return SharingSettings(
        section.number("longest_days", usual.longest_days, least=0, most=3_650),
        section.number("uses_a_minute", usual.uses_a_minute, least=1, most=100_000),
    )
