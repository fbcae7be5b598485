"""Thrift's compact protocol, in which Parquet writes a file's footer: structs whose meaning nobody here has to know.

What is read can be changed and written again; members that are newer than this program come along as they are.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["BINARY", "I64", "LIST", "STRUCT", "Member", "Struct", "read_struct", "write_struct"]

TRUE: Final = 1
FALSE: Final = 2
BYTE: Final = 3
I64: Final = 6
_INTEGERS: Final = frozenset({4, 5, I64})
DOUBLE: Final = 7
BINARY: Final = 8
LIST: Final = 9
_LISTS: Final = frozenset({LIST, 10})
STRUCT: Final = 12

#: Lists of so many members have their length in the byte that begins them.
_SHORT_LIST: Final = 15


@dataclass(slots=True)
class Member:
    """A value of a struct; for a list ``value`` is a list, and ``of`` the kind of its items."""

    kind: int
    value: Any
    of: int = 0


Struct = dict[int, Member]


def read_struct(data: bytes) -> Struct:
    """The struct that bytes begin with.

    Raises:
        ValueError: they are none.
    """
    try:
        return _Reader(data).struct()
    except IndexError as error:
        raise ValueError("the bytes end too early") from error


def write_struct(value: Struct) -> bytes:
    """A struct as bytes.

    >>> written = write_struct({1: Member(5, -7), 40: Member(9, [b"a", b"b"], BINARY), 41: Member(TRUE, True)})
    >>> write_struct(read_struct(written)) == written
    True
    """
    out = bytearray()
    _write_struct(out, value)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def struct(self) -> Struct:
        found: Struct = {}
        number = 0
        while head := self._byte():
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else self._signed()
            found[number] = self._member(kind)
        return found

    def _member(self, kind: int) -> Member:
        if kind in (TRUE, FALSE):
            return Member(kind, kind == TRUE)
        if kind in _LISTS:
            return self._list(kind)
        return Member(kind, self._value(kind))

    def _list(self, kind: int) -> Member:
        head = self._byte()
        count = self._unsigned() if head >> 4 == _SHORT_LIST else head >> 4
        of = head & 15
        return Member(kind, [self._value(of) for _ in range(count)], of)

    def _value(self, kind: int) -> Any:
        if kind in _INTEGERS:
            return self._signed()
        if kind in (TRUE, FALSE, BYTE):
            return self._byte()
        if kind == DOUBLE:
            return struct.unpack("<d", self._bytes(8))[0]
        if kind == BINARY:
            return self._bytes(self._unsigned())
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"a value of the kind {kind}")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._data):
            raise IndexError(count)
        return self._data[self._at - count : self._at]

    def _unsigned(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)


def _write_struct(out: bytearray, value: Struct) -> None:
    last = 0
    for number, member in sorted(value.items()):
        if 0 < number - last <= 15:
            out.append((number - last) << 4 | member.kind)
        else:
            out.append(member.kind)
            _write_signed(out, number)
        last = number
        if member.kind in _LISTS:
            _write_list(out, member)
        elif member.kind not in (TRUE, FALSE):
            _write_value(out, member.kind, member.value)
    out.append(0)


def _write_list(out: bytearray, member: Member) -> None:
    count = len(member.value)
    out.append(min(count, _SHORT_LIST) << 4 | member.of)
    if count >= _SHORT_LIST:
        _write_unsigned(out, count)
    for item in member.value:
        _write_value(out, member.of, item)


def _write_value(out: bytearray, kind: int, value: Any) -> None:
    if kind in _INTEGERS:
        _write_signed(out, value)
    elif kind in (TRUE, FALSE, BYTE):
        out.append(value)
    elif kind == DOUBLE:
        out += struct.pack("<d", value)
    elif kind == BINARY:
        _write_unsigned(out, len(value))
        out += value
    else:
        _write_struct(out, value)


def _write_unsigned(out: bytearray, value: int) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _write_signed(out: bytearray, value: int) -> None:
    _write_unsigned(out, value << 1 ^ value >> 63)
