"""The format of items that say by a key which they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headwater.errors import MError
from headwater.powerquery.library.arguments import function_of, list_of
from headwater.powerquery.library.binary_format.composed import Read
from headwater.powerquery.library.binary_format.reading import Format, Reader, required_format
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.values.core import List, Value, force, plain
from headwater.powerquery.values.equality import equal, hashable
from headwater.powerquery.values.functions import Function

OPTIONAL, REQUIRED, REPEATING = 0, 1, 2

enumeration(
    "BinaryOccurrence",
    {"Optional": OPTIONAL, "Required": REQUIRED, "Repeating": REPEATING},
    summary="How often an item of a group occurs.",
)


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of a group, as ``BinaryFormat.Group`` describes it."""

    key: Value
    form: Format
    occurrence: int
    default: Value
    change: Function | None

    def value(self, found: list[Value]) -> Value:
        """The item's place in the result, from the values that had its key."""
        if not found:
            if self.occurrence == REQUIRED:
                raise MError("DataFormat.Error", "An item that the group requires is missing.", self.key)
            return self.default
        value = List(found) if self.occurrence == REPEATING else found[-1]
        return value if self.change is None else force(self.change.invoke((value,)))


def _item(description: Value) -> _Item:
    parts = list(list_of(description).plain())
    if not 3 <= len(parts) <= 5 or parts[2] not in (OPTIONAL, REQUIRED, REPEATING):
        raise MError(
            "Expression.Error",
            "An item of a group is a list of key, format and occurrence, then perhaps a default and a function.",
            description,
        )
    occurrence = int(parts[2])
    default = parts[3] if len(parts) > 3 else List([]) if occurrence == REPEATING else None
    change = function_of(parts[4]) if len(parts) > 4 and parts[4] is not None else None
    return _Item(parts[0], required_format(parts[1]), occurrence, default, change)


@function(
    "BinaryFormat.Group(binaryFormat as function, group as list, optional extra as nullable function, optional lastKey"
    " as any) as function",
    examples=[
        (
            "let b = BinaryFormat.Byte in BinaryFormat.Group(b, {{1, b, BinaryOccurrence.Required},"
            " {2, b, BinaryOccurrence.Repeating}, {3, b, BinaryOccurrence.Optional, 0}})(#binary({2, 7, 1, 9, 2, 8}))",
            "{9, {7, 8}, 0}",
        )
    ],
)
def group(key: Function, items: List, extra: Function | None = None, last_key: Value = None) -> Function:
    """A format: the values of a group of items, each of which stands after a key that says which one it is.

    The first format reads keys. An item of the group is a list of its key, the format of its value, how often it
    occurs, and if wanted what stands for it when it is missing and a function that its value (of a repeating item: the
    list of its values) goes through. ``extra`` gives the format for a key that is none of these, which is an error
    without it. Reading ends at ``lastKey``, or with the bytes.
    """
    keys, last = required_format(key), plain(last_key)
    described = [_item(item) for item in items.plain()]
    places: dict[Any, int] = {hashable(item.key): at for at, item in enumerate(described)}

    def read(reader: Reader) -> Value:
        found: list[list[Value]] = [[] for _ in described]
        while reader.left:
            current = keys.read(reader)
            if last is not None and equal(current, last):
                break
            at = places.get(hashable(current))
            if at is not None:
                found[at].append(described[at].form.read(reader))
            else:
                _unexpected(extra, current).read(reader)
        return List([item.value(values) for item, values in zip(described, found, strict=True)])

    return Read(read).function()


def _unexpected(extra: Function | None, key: Value) -> Format:
    if extra is None:
        raise MError(
            "DataFormat.Error",
            "The group has no item of a key that was read.",
            key,
            hint="Describe the item, or give a function for unexpected keys.",
        )
    return required_format(force(extra.invoke((key,))))
