"""Functions on texts, characters and GUIDs."""

from headwater.powerquery.library.text import (
    changing,
    characters,
    combining,
    conversion,
    delimiters,
    parts,
    searching,
)

__all__ = ["changing", "characters", "combining", "conversion", "delimiters", "parts", "searching"]
