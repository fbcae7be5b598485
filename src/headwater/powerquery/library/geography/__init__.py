"""Geographic and geometric values: records, and their well-known text."""

from headwater.powerquery.library.geography import points, text

__all__ = ["points", "text"]
