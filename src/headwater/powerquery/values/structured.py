"""Lists and records that have been given a type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.powerquery.values.core import List, Record

if TYPE_CHECKING:
    from headwater.powerquery.values.types import ListType, RecordType


class TypedList(List):
    """A list that says what its items are."""

    __slots__ = ("type",)

    def __init__(self, value: List, of: ListType) -> None:
        super().__init__(source=value.raw)
        self.type = of


class TypedRecord(Record):
    """A record that says what its fields are."""

    __slots__ = ("type",)

    def __init__(self, value: Record, of: RecordType) -> None:
        super().__init__(value.index, value.values)
        self.type = of
