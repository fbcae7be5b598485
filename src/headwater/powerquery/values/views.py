"""Binary values whose length a handler tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwater.powerquery.values.core import Record


class ViewedBytes(bytes):
    """Bytes that a view gave, and the view's handlers."""

    handlers: Record

    @classmethod
    def of(cls, data: bytes, handlers: Record) -> ViewedBytes:
        """The bytes with their view's handlers."""
        viewed = cls(data)
        viewed.handlers = handlers
        return viewed
