"""Functions on records."""

from headwater.powerquery.library.record import changing, information

__all__ = ["changing", "information"]
