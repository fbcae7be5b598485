"""Laziness, metadata and containers: what every M value is made of in Python.

==============  ==============================================================
M kind          Python
==============  ==============================================================
null            ``None``
logical         ``bool``
number          ``int`` (whole, exact beyond 2**53 as Int64 columns are), ``float``, ``decimal.Decimal``
text            ``str``
date, time …    :mod:`headwater.powerquery.values.times`
binary          ``bytes`` or :class:`Binary`
list            :class:`List`
record          :class:`Record`
table           :class:`headwater.powerquery.values.table.Table`
function        :class:`headwater.powerquery.values.functions.Function`
type            :class:`headwater.powerquery.values.types.Type`
==============  ==============================================================

Members of lists, records and table rows may be a :class:`Thunk`; :func:`force` gives its value. A value that carries
metadata is wrapped in :class:`WithMetadata`; :func:`plain` takes the wrapping off.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from headwater.errors import MError

Value: TypeAlias = Any
"""Any M value; the table above says which Python classes occur."""


class Thunk:
    """A computation done at most once; what it raised, it raises again."""

    __slots__ = ("_compute", "_error", "_value")

    def __init__(self, compute: Callable[[], Value]) -> None:
        self._compute: Callable[[], Value] | None = compute
        self._value: Value = None
        self._error: MError | None = None

    @classmethod
    def failed(cls, error: MError) -> Thunk:
        """A member that is an error: an error cell."""
        thunk = cls(_cyclic)
        thunk._compute = None
        thunk._error = error
        return thunk

    def get(self) -> Value:
        """The value; raises the MError that the computation ended in."""
        if self._error is not None:
            raise self._error
        compute = self._compute
        if compute is None:
            return self._value
        self._compute = _cyclic
        try:
            value = compute()
        except MError as error:
            self._error = error
            self._compute = None
            raise
        except BaseException:
            self._compute = compute  # interrupted, not failed: the next reader tries again
            raise
        if type(value) is Thunk:
            value = value.get()
        self._value = value
        self._compute = None
        return value

    def peek(self) -> Value:
        """The value if it has been computed, else this thunk; computes nothing."""
        return self if self._compute is not None or self._error is not None else self._value


def _cyclic() -> Value:
    raise MError("Expression.Error", "A cyclic reference was encountered during evaluation.")


def force(member: Value) -> Value:
    """The value of a member that may still be unevaluated."""
    return member.get() if type(member) is Thunk else member


class WithMetadata:
    """A value together with its metadata record."""

    __slots__ = ("metadata", "value")

    def __init__(self, value: Value, metadata: Record) -> None:
        self.value = value
        self.metadata = metadata


def plain(value: Value) -> Value:
    """The value without metadata."""
    return value.value if type(value) is WithMetadata else value


def metadata_of(value: Value) -> Record:
    """The value's metadata record; empty where it carries none."""
    return value.metadata if type(value) is WithMetadata else EMPTY_RECORD


class Record:
    """Fields in order; ``index`` maps a name to its place and may be shared by many records (rows of a table)."""

    __slots__ = ("index", "values")

    def __init__(self, index: dict[str, int], values: Sequence[Value]) -> None:
        self.index = index
        self.values = values

    @classmethod
    def of(cls, fields: dict[str, Value]) -> Record:
        """A record of these fields, which may be thunks."""
        return cls({name: at for at, name in enumerate(fields)}, list(fields.values()))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.index)

    def __len__(self) -> int:
        return len(self.index)

    def __contains__(self, name: object) -> bool:
        return name in self.index

    def get(self, name: str) -> Value:
        """The field's value, evaluated; KeyError where there is no such field."""
        return force(self.values[self.index[name]])

    def plain(self, name: str, default: Value = None) -> Value:
        """The field's value without metadata, or ``default`` where there is no such field."""
        return plain(self.get(name)) if name in self.index else default

    def raw(self) -> dict[str, Value]:
        """The fields as they are, evaluated or not."""
        return {name: self.values[at] for name, at in self.index.items()}

    def items(self) -> Iterator[tuple[str, Value]]:
        """Names and evaluated values."""
        for name, at in self.index.items():
            yield name, force(self.values[at])


EMPTY_RECORD = Record({}, ())


def name_taken(name: str) -> MError:
    """The error of a field or column that would be the second of its name."""
    detail = Record.of({"Name": name, "Value": None})
    return MError("Expression.Error", f"The field '{name}' already exists in the record.", detail)


def wrong_width(names: int, values: int) -> MError:
    """The error of a row or record with another number of values than there are names."""
    return MError("Expression.Error", f"{names} keys were specified, but {values} values were provided.")


class List:
    """Items in order; either held, or made anew by ``source`` for each reader until something needs them all.

    ``evaluated`` is a source of the same items, all evaluated, for a reader that wants them so.
    """

    __slots__ = ("_evaluated", "_items", "_source")

    def __init__(
        self,
        items: Sequence[Value] | None = None,
        source: Callable[[], Iterable[Value]] | None = None,
        evaluated: Callable[[], Iterable[Value]] | None = None,
    ) -> None:
        self._items: Sequence[Value] | None = items if source is None else None
        self._source = source
        self._evaluated = evaluated

    @property
    def items(self) -> Sequence[Value]:
        """All items as they are, evaluated or not; held from then on."""
        if self._items is None:
            assert self._source is not None, "a list has items or a source"
            items = self._source()
            if isinstance(items, range) and items and abs((items[-1] - items[0]) // items.step) >= sys.maxsize:
                raise MemoryError  # Python's own word for it would be that an integer is too large
            self._items = list(items)
            self._source = self._evaluated = None
        return self._items

    def raw(self) -> Iterator[Value]:
        """The items one by one as they are, without holding them."""
        if self._items is not None:
            return iter(self._items)
        assert self._source is not None, "a list has items or a source"
        return iter(self._source())

    def __iter__(self) -> Iterator[Value]:
        """The evaluated items, one by one."""
        if self._evaluated is not None:
            return iter(self._evaluated())
        return (item.get() if type(item) is Thunk else item for item in self.raw())

    def plain(self) -> Iterator[Value]:
        """The evaluated items without metadata."""
        for item in self.raw():
            yield plain(force(item))

    def first(self, count: int) -> list[Value]:
        """Up to ``count`` leading items as they are, reading no further."""
        return list(islice(self.raw(), min(count, sys.maxsize)))

    def count(self) -> int:
        """The number of items, without holding them."""
        items = self.raw() if self._items is None else self._items
        return len(items) if isinstance(items, Sequence) else sum(1 for _ in items)

    def at(self, index: int) -> Value:
        """The item at an index from 0 as it is, evaluated or not; reads no further, and holds nothing.

        Raises:
            IndexError: when there are fewer.
        """
        if self._items is not None:
            return self._items[index]
        assert self._source is not None, "a list has items or a source"
        items = self._source()
        if isinstance(items, range):
            return items[index]
        for item in islice(items, min(index, sys.maxsize), None):
            return item
        raise IndexError

    def __len__(self) -> int:
        return len(self.items)


class Binary:
    """The bytes of a file, read when they are needed; ``path`` lets an engine read the file itself."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes:
        """All bytes; MError DataSource.Error where the file cannot be read."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise missing_file(str(self.path), error) from error


def binary_bytes(value: bytes | Binary) -> bytes:
    """The bytes of either form of a binary value."""
    return value.read() if isinstance(value, Binary) else value


def missing_file(path: str, error: OSError) -> MError:
    """The M error for a file or folder that cannot be read."""
    what = "Could not find" if isinstance(error, FileNotFoundError) else "Could not read"
    return MError(
        "DataSource.NotFound" if isinstance(error, FileNotFoundError) else "DataSource.Error",
        f"{what} '{path}'.",
        hint="Check the path, and that this process may read it.",
        code="m.data_source",
    )
