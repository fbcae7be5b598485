"""Arrow IPC streams that somebody else wrote: whether there is more in them than their size tells."""

from __future__ import annotations

import struct
from io import IOBase

import pyarrow as pa

__all__ = ["is_compressed"]

#: Kinds of message (Arrow's ``Message.fbs``), and where their tables have what is looked at here.
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_HEADER_TYPE, _HEADER, _BATCH_OF_DICTIONARY, _COMPRESSION = 1, 2, 1, 3


def is_compressed(stream: IOBase) -> bool:
    """Whether any batch in the stream is compressed: a few bytes of it could then stand for more than fits into memory.

    Arrow tells only by unpacking it. What is looked at is each message's own description, which Arrow has verified.

    Raises:
        pyarrow.ArrowException, OSError: it is no such stream.
    """
    messages = pa.ipc.MessageReader.open_stream(stream)
    while True:
        try:
            message = messages.read_next_message()
        except StopIteration:
            return False
        if _has_compression(message.metadata.to_pybytes()):
            return True


def _has_compression(description: bytes) -> bool:
    (root,) = struct.unpack_from("<I", description)
    kind = _field(description, root, _HEADER_TYPE)
    header = _field(description, root, _HEADER)
    if kind is None or header is None or description[kind] not in {_DICTIONARY_BATCH, _RECORD_BATCH}:
        return False
    batch = _table(description, header)
    if description[kind] == _DICTIONARY_BATCH:
        inner = _field(description, batch, _BATCH_OF_DICTIONARY)
        if inner is None:
            return False
        batch = _table(description, inner)
    return _field(description, batch, _COMPRESSION) is not None


def _field(description: bytes, table: int, index: int) -> int | None:
    """Where a flatbuffer's table has its field; None where it is left out."""
    (back,) = struct.unpack_from("<i", description, table)
    fields = table - back
    (size,) = struct.unpack_from("<H", description, fields)
    if 4 + 2 * index >= size:
        return None
    (offset,) = struct.unpack_from("<H", description, fields + 4 + 2 * index)
    return table + offset if offset else None


def _table(description: bytes, place: int) -> int:
    (offset,) = struct.unpack_from("<I", description, place)
    return int(place + offset)
