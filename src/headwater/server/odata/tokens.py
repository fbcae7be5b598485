"""What a nextLink carries: which version of the table it goes on in, how far the reader is, and what time it was."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from headwater.errors import UsageError

__all__ = ["SkipToken"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SkipToken:
    """A place in a result.

    It holds no secret and grants nothing: rights are looked up for every page. ``moment`` is what ``now()`` was when
    the first page was asked for, in microseconds since 1970; ``size`` is the size of a page.
    """

    version: int
    offset: int
    size: int
    moment: int

    @property
    def now(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.moment)

    @staticmethod
    def moment_of(now: datetime) -> int:
        """A moment as a token carries it."""
        return (now - _EPOCH) // timedelta(microseconds=1)

    def text(self) -> str:
        """The token as a link carries it."""
        return base64.urlsafe_b64encode(orjson.dumps([self.version, self.offset, self.size, self.moment])).decode()

    @classmethod
    def parse(cls, text: str, most: int) -> SkipToken:
        """What :meth:`text` wrote; ``most`` rows are on a page.

        Raises:
            UsageError: it is no such token (``odata.skiptoken``).
        """
        try:
            parts = orjson.loads(base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True))
        except (ValueError, binascii.Error):
            parts = None
        whole = isinstance(parts, list) and len(parts) == 4 and all(type(part) is int for part in parts)
        if not whole or not _within(parts, most):
            raise UsageError(
                "The link to the next page is not one of this server's.",
                place="$skiptoken",
                hint="Follow the links as they are, or start again without $skiptoken.",
                code="odata.skiptoken",
            )
        return cls(*parts)


def _within(parts: list[int], most: int) -> bool:
    version, offset, size, moment = parts
    return 0 <= version < 2**63 and 0 <= offset < 2**62 and 0 < size <= most and 0 <= moment < 2**57
