"""What a function may make in memory at once: one place, so that no input ends the machine instead of the query."""

from __future__ import annotations

from headwater.errors import MError

MOST_BYTES = 512 * 1024 * 1024
"""The largest binary or text that decompression, combination or writing may give: 512 MB."""


def check_size(size: int, what: str) -> None:
    """Nothing, unless ``size`` bytes are more than a value may have.

    Raises:
        MError: DataFormat.Error, naming ``what`` would be that large.
    """
    if size > MOST_BYTES:
        raise MError(
            "DataFormat.Error",
            f"{what} is larger than {MOST_BYTES // 1024 // 1024} MB, the most that one value may have.",
            hint="Work on smaller pieces.",
            code="m.too_large",
        )
