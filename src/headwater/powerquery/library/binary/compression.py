"""Compressed bytes, by the standard library and the codecs that Arrow carries."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any, Literal

from headwater.errors import MError
from headwater.powerquery.library import limits
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.library.limits import check_size
from headwater.powerquery.values.core import Value, binary_bytes

KINDS = {"None": -1, "GZip": 0, "Deflate": 1, "Snappy": 2, "Brotli": 3, "LZ4": 4, "Zstandard": 5}

enumeration("Compression", KINDS, summary="How bytes are compressed.")

_StreamCodec = Literal["brotli", "lz4", "zstd"]
_STREAMS: dict[int, _StreamCodec] = {3: "brotli", 4: "lz4", 5: "zstd"}
_PIECE = 1024 * 1024
_RAW_DEFLATE = -15


def compression_of(kind: Value) -> int:
    """The number of a kind of compression.

    Raises:
        MError: Expression.Error, there is no such kind.
    """
    if kind in KINDS.values():
        return int(kind)
    listed = ", ".join(f"Compression.{name}" for name in KINDS)
    raise MError("Expression.Error", f"The compression is none of Compression.Type: it has {listed}.", kind)


@function(
    "Binary.Compress(binary as nullable binary, compressionType as number) as nullable binary",
    examples=[
        (
            "Binary.Decompress(Binary.Compress(#binary({1, 1, 1, 1}), Compression.GZip), Compression.GZip)",
            "#binary({1, 1, 1, 1})",
        )
    ],
)
def binary_compress(binary: Value, kind: Value) -> Value:
    """The bytes, compressed."""
    number = compression_of(kind)
    if binary is None:
        return None
    data = binary_bytes(binary)
    if number == KINDS["None"]:
        return data
    if number == KINDS["GZip"]:
        return gzip.compress(data, mtime=0)
    if number == KINDS["Deflate"]:
        packer = zlib.compressobj(wbits=_RAW_DEFLATE)
        return packer.compress(data) + packer.flush()
    return _snappy_packed(data) if number == KINDS["Snappy"] else _stream_packed(data, _STREAMS[number])


def _snappy_packed(data: bytes) -> bytes:
    import pyarrow as pa

    return bytes(pa.Codec("snappy").compress(data, asbytes=True))


def _stream_packed(data: bytes, codec: _StreamCodec) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(data)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


@function(
    "Binary.Decompress(binary as nullable binary, compressionType as number) as nullable binary",
    examples=[
        (
            'Text.FromBinary(Binary.Decompress(Binary.FromText("S0xKBgA="), Compression.Deflate))',
            '"abc"',
        )
    ],
)
def binary_decompress(binary: Value, kind: Value) -> Value:
    """The bytes as they were before they were compressed; no more than 512 MB."""
    number = compression_of(kind)
    if binary is None:
        return None
    data = binary_bytes(binary)
    if number == KINDS["None"]:
        return data
    try:
        return _UNPACKERS[number](data)
    except (zlib.error, EOFError, OSError, ValueError) as error:
        name = next(name for name, value in KINDS.items() if value == number)
        raise MError(
            "DataFormat.Error",
            f"The bytes are not compressed as Compression.{name} says, or are damaged.",
            hint="Check the kind of compression.",
        ) from error


def _inflate(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(_RAW_DEFLATE)
    result = unpacker.decompress(data, limits.MOST_BYTES + 1)
    check_size(len(result), "The decompressed binary")
    result += unpacker.flush()
    if not unpacker.eof:
        raise EOFError
    return result


def _gunzip(data: bytes) -> bytes:
    if not data:
        raise EOFError
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        return _drained(stream.read)


def _drained(read: Callable[[int], bytes]) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := read(_PIECE):
        size += len(piece)
        check_size(size, "The decompressed binary")
        pieces.append(piece)
    return b"".join(pieces)


def _stream(codec: _StreamCodec) -> Callable[[bytes], bytes]:
    def unpack(data: bytes) -> bytes:
        import pyarrow as pa

        if not data:
            raise EOFError
        with pa.CompressedInputStream(pa.BufferReader(data), codec) as stream:
            read: Callable[[int], Any] = stream.read
            return _drained(read)

    return unpack


def _snappy(data: bytes) -> bytes:
    import pyarrow as pa

    size = _varint(data)
    check_size(size, "The decompressed binary")
    return bytes(pa.Codec("snappy").decompress(data, decompressed_size=size, asbytes=True))


def _varint(data: bytes) -> int:
    """The number at the head of a Snappy block: how long it is unpacked."""
    value = 0
    for at, byte in enumerate(data[:5]):
        value |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:
            return value
    raise EOFError


_UNPACKERS: dict[int, Callable[[bytes], bytes]] = {
    0: _gunzip,
    1: _inflate,
    2: _snappy,
    **{number: _stream(codec) for number, codec in _STREAMS.items()},
}
