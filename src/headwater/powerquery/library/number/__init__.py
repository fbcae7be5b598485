"""Functions on numbers."""

from headwater.powerquery.library.number import (
    arithmetic,
    bitwise,
    constants,
    conversion,
    precision,
    rounding,
    trigonometry,
)

__all__ = ["arithmetic", "bitwise", "constants", "conversion", "precision", "rounding", "trigonometry"]
