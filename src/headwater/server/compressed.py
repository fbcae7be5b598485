"""Bodies that were compressed: unpacked as far as they may be, and no further."""

from __future__ import annotations

import zlib
from typing import Final

from headwater.errors import UsageError

__all__ = ["MOST_BYTES", "unpacked"]

#: As much as a body may unpack to; a few kilobytes of gzip can hold gigabytes.
MOST_BYTES: Final = 64 << 20
_GZIP: Final = 16 + zlib.MAX_WBITS


def unpacked(body: bytes, encoding: str, most: int = MOST_BYTES) -> bytes:
    """A body as it was before ``Content-Encoding``; it may have several parts, one after another, as gzip may.

    Raises:
        UsageError: the encoding is not known, the body is not of it, or it is too large.

    >>> import gzip
    >>> unpacked(gzip.compress(b"{}"), "gzip"), unpacked(b"{}", "")
    (b'{}', b'{}')
    """
    if encoding.strip().lower() in {"", "identity"}:
        return body
    if encoding.strip().lower() not in {"gzip", "x-gzip"}:
        raise UsageError("The body is encoded in a way that is not known here.", hint="Send it as it is, or as gzip.")
    found: list[bytes] = []
    left = most
    while body:
        reader = zlib.decompressobj(_GZIP)
        try:
            found.append(reader.decompress(body, left + 1))
        except zlib.error as error:
            raise UsageError("The body is not gzip, as it says.", hint="Compress it anew.") from error
        left -= len(found[-1])
        if left < 0:
            raise UsageError(
                f"The body unpacks to more than {most >> 20} MB.",
                code="request.too_large",
                hint="Send it in several requests.",
            )
        if not reader.eof:
            raise UsageError("The body ends too early for gzip.", hint="Send all of it.")
        body = reader.unused_data
    return b"".join(found)
