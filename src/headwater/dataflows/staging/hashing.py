"""Hashes of rows, computed over Arrow's buffers in numpy.

Each column gives a word of 64 bits for each row, and the words of a row are mixed one after another. What a step does
to one word can be undone, so rows that differ in one word never have one hash; where they differ in several, the
chance is one in 2^64. A short text's words are its bytes, eight at a time, after its length; a long one's is its XXH3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from xxhash import xxh3_64_intdigest

from headwater.models.keys import row_keys

__all__ = ["HASHING", "Words", "row_hashes"]

#: What hashes are made by: those of two versions do not compare.
HASHING = 2

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_ABSENT = np.uint64(0xD6E8FEB86659FD93)
_ALL_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)
_FIRST_SHIFT = np.uint64(32)
_SECOND_SHIFT = np.uint64(29)

#: Rows mixed at a time: few enough to stay in the processor's cache.
_BLOCK_ROWS = 65_536

#: Longer texts go through XXH3 one by one, which costs as much as reading so many bytes in words does.
_SHORT_TEXT = 128


def row_hashes(rows: pa.RecordBatch) -> Words:
    """The hash of each row; it depends on all columns, in their order, and on nothing else. Never 0.

    >>> len(set(row_hashes(pa.record_batch({"a": [1, 1, None, 1], "b": ["x", "y", "x", "x"]})).tolist()))
    3
    """
    starts = range(0, rows.num_rows, _BLOCK_ROWS)
    blocks = [_hashed(rows.slice(start, _BLOCK_ROWS)) for start in starts]
    return blocks[0] if len(blocks) == 1 else np.concatenate([np.empty(0, np.uint64), *blocks])


def _hashed(rows: pa.RecordBatch) -> Words:
    mixed = np.zeros(rows.num_rows, np.uint64)
    for column in rows.columns:
        for word in _words(column):
            _mix(mixed, word)
    mixed[mixed == 0] = 1
    return mixed


def _mix(mixed: Words, word: Words) -> None:
    """Take one word of each row in; each step can be undone, so no two words give one result."""
    mixed ^= word
    # High bits go down before the product carries them up: numbers often differ in those alone.
    mixed ^= mixed >> _FIRST_SHIFT
    mixed *= _FACTOR
    mixed ^= mixed >> _SECOND_SHIFT


def _words(column: Any) -> list[Words]:
    """A column as words of 64 bits, one or two for each row; a null is one that no value is likely to be."""
    kind = column.type
    if pa.types.is_nested(kind):
        keys = row_keys(pa.RecordBatch.from_arrays([column], ["c"]))
        return [(keys.high ^ keys.low).view(np.uint64)]
    if pa.types.is_decimal128(kind):
        raw = np.frombuffer(column.buffers()[1], np.uint64, count=2 * len(column), offset=column.offset * 16)
        words = [raw[0::2].copy(), raw[1::2].copy()]
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        words = [_text_words(column)]
    else:
        words = [_whole(column)]
    if column.null_count:
        # The hash of a row is its own: it may not depend on whether another row of the batch has a null.
        null = column.is_null().to_numpy(zero_copy_only=False)
        for word in words:
            word[null] = _ABSENT
    return words


def _whole(column: Any) -> Words:
    """A primitive column's bits, widened to 64, in memory of its own where it has nulls."""
    kind = column.type
    if pa.types.is_boolean(kind):
        column, kind = column.cast(pa.int8()), pa.int8()
    bits = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}[kind.bit_width // 8]
    width = np.dtype(bits).itemsize
    raw = np.frombuffer(column.buffers()[1], bits, count=len(column), offset=column.offset * width)
    wide = raw.astype(np.int64, copy=bool(column.null_count))
    return wide.view(np.uint64)


def _text_words(column: Any) -> Words:
    """One word for each text, in memory of its own."""
    _, ends, data = column.buffers()
    bounds = np.frombuffer(ends, np.int32, count=len(column) + 1, offset=column.offset * 4).astype(np.int64)
    first, size = int(bounds[0]), int(bounds[-1] - bounds[0])
    # A word that begins at the last byte is read too.
    text = np.zeros(size + 8, np.uint8)
    if size:
        text[:size] = np.frombuffer(data, np.uint8, count=size, offset=first)
    bounds -= first
    lengths = np.diff(bounds)
    mixed = lengths.astype(np.uint64)
    _mix_short(mixed, text, bounds[:-1], lengths)
    for at in np.flatnonzero(lengths > _SHORT_TEXT).tolist():
        mixed[at] = xxh3_64_intdigest(text[bounds[at] : bounds[at + 1]].data)
    return mixed


def _mix_short(mixed: Words, text: npt.NDArray[np.uint8], starts: Places, lengths: Places) -> None:
    """Take in the bytes of short texts, eight of each at a time; the last ones are filled up with zeros."""
    words = np.ndarray((len(text) - 7,), "<u8", buffer=text, strides=(1,))
    rows = np.flatnonzero((lengths > 0) & (lengths <= _SHORT_TEXT))
    part, starts, left = mixed[rows], starts[rows], lengths[rows]
    while len(rows):
        unused = 8 * (8 - np.minimum(left, 8))
        _mix(part, words[starts] & (_ALL_BITS >> unused.view(np.uint64)))
        more = left > 8
        starts, left = starts + 8, left - 8
        if not more.all():
            mixed[rows] = part
            rows, part, starts, left = rows[more], part[more], starts[more], left[more]
