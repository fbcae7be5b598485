"""The error of a preview that others took the place of, or whose process has ended."""

from __future__ import annotations

from headwater.errors import NotFoundError

__all__ = ["closed"]


def closed(preview: str) -> NotFoundError:
    """The error that says so."""
    return NotFoundError(
        f"There is no preview '{preview}', or it is not open any more.", hint="Open it again.", code="preview.closed"
    )
