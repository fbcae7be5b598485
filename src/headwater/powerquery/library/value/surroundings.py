"""What an evaluation is set to: its culture and time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from headwater.powerquery.library.declarations import session_constant

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def _zone_name(session: Session) -> str:
    """The zone's name in the time zone database; of a zone that has none there, what it calls itself."""
    zone = session.timezone
    return zone.key if isinstance(zone, ZoneInfo) else zone.tzname(None) or str(zone)


session_constant(
    "Culture.Current",
    lambda session: session.culture,
    summary="The name of the culture that is used where none is given.",
)
session_constant("TimeZone.Current", _zone_name, summary="The name of the time zone of local times.")
