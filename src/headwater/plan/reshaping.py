"""Nodes that change a table's shape: filling, unpivoting, pivoting, lists into rows, texts into columns, ranks.

Each says of itself what others ask of a node (what it reads, where its columns come from, how it treats order, how it
reads to people), so that nobody needs to know them one by one but the engine that compiles them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal as OneOf

from headwater.plan.expressions import references
from headwater.plan.nodes import Column, Reshape, SortKey


@dataclass(frozen=True)
class Fill(Reshape):
    """Each null of the ``filled`` columns becomes the last value before it (after it: ``up``) that is not null.

    A cell that is an error is no null. Observes order, keeps it.
    """

    filled: tuple[str, ...]
    direction: OneOf["down", "up"] = "down"
    order = "observes"

    def describe(self) -> str:
        """The node for people."""
        return f"Fill {self.direction} {', '.join(self.filled)}"


@dataclass(frozen=True)
class ErrorFilter(Reshape):
    """The rows with an error in one of the ``checked`` columns, or those without any."""

    checked: tuple[str, ...]
    keep: OneOf["good", "bad"]

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        """The input's; those that were checked hold no error any more."""
        if self.keep == "bad":
            return self.input.columns
        return tuple(replace(c, may_fail=False) if c.id in self.checked else c for c in self.input.columns)

    def reads(self, wanted: set[str]) -> set[str]:
        """The ids of the input that are read when ``wanted`` are."""
        return wanted | set(self.checked)

    def describe(self) -> str:
        """The node for people."""
        kept = "without errors" if self.keep == "good" else "with an error"
        return f"Rows {kept} in {', '.join(self.checked)}"


@dataclass(frozen=True)
class ExpandList(Reshape):
    """A row for each item of the ``expanded`` column's list, which ``item`` takes the place of.

    A null, a list without items and an error make one row: with null, and with the error.
    """

    expanded: str
    item: Column

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        return tuple(self.item if c.id == self.expanded else c for c in self.input.columns)

    def reads(self, wanted: set[str]) -> set[str]:
        """The ids of the input that are read when ``wanted`` are."""
        return (wanted - {self.item.id}) | {self.expanded}

    def origins(self, identifier: str) -> tuple[str, ...]:
        """The ids of the input whose values end up in a column."""
        return (self.expanded,) if identifier == self.item.id else (identifier,)

    def describe(self) -> str:
        """The node for people."""
        return f"ExpandList {self.item.id} = each of {self.expanded}"


@dataclass(frozen=True)
class Unpivot(Reshape):
    """A row for each of the ``unpivoted`` columns (id and name) whose cell is not null, in their order.

    The columns give way to ``attribute``, the name, and ``value``, the cell, whose type all of them have.
    """

    unpivoted: tuple[tuple[str, str], ...]
    attribute: Column
    value: Column

    @property
    def kept(self) -> tuple[Column, ...]:
        """The columns that stay."""
        gone = {identifier for identifier, _ in self.unpivoted}
        return tuple(c for c in self.input.columns if c.id not in gone)

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        return (*self.kept, self.attribute, self.value)

    def reads(self, wanted: set[str]) -> set[str]:
        """The ids of the input that are read when ``wanted`` are."""
        made = {self.attribute.id, self.value.id}
        return (wanted - made) | {identifier for identifier, _ in self.unpivoted}

    def origins(self, identifier: str) -> tuple[str, ...]:
        """The ids of the input whose values end up in a column."""
        if identifier == self.value.id:
            return tuple(one for one, _ in self.unpivoted)
        return () if identifier == self.attribute.id else (identifier,)

    def describe(self) -> str:
        """The node for people."""
        return f"Unpivot {', '.join(one for one, _ in self.unpivoted)} to {self.attribute.id}, {self.value.id}"


@dataclass(frozen=True)
class Pivot(Reshape):
    """One row for each distinct combination of the columns beside ``attribute`` and ``value``, in order of first
    appearance, with a column for each text of ``made``: of the ``value`` cells whose ``attribute`` is that text.

    ``function`` names the aggregate of those cells; None: the one cell, an error where there are several, null where
    there is none.
    """

    attribute: str
    value: str
    made: tuple[tuple[Column, str], ...]
    function: str | None = None
    order = "lost"

    @property
    def keys(self) -> tuple[Column, ...]:
        """The columns that stay."""
        return tuple(c for c in self.input.columns if c.id not in (self.attribute, self.value))

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        return (*self.keys, *(column for column, _ in self.made))

    def reads(self, wanted: set[str]) -> set[str]:
        """The ids of the input that are read when ``wanted`` are."""
        return {column.id for column in self.input.columns}

    def origins(self, identifier: str) -> tuple[str, ...]:
        """The ids of the input whose values end up in a column."""
        return (self.value,) if any(c.id == identifier for c, _ in self.made) else (identifier,)

    def describe(self) -> str:
        """The node for people."""
        texts = ", ".join(f"{column.id} = {wanted!r}" for column, wanted in self.made)
        return f"Pivot {self.function or 'the only one'} of {self.value} by {self.attribute}: {texts}"


@dataclass(frozen=True)
class Rank(Reshape):
    """Adds the rank of each row by ``keys``: rows with equal keys share one; ``dense``: with no gap after them."""

    keys: tuple[SortKey, ...]
    added: Column
    dense: bool = False

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        return (*self.input.columns, self.added)

    def reads(self, wanted: set[str]) -> set[str]:
        """The ids of the input that are read when ``wanted`` are."""
        used = {one for key in self.keys for one in references(key.expression)}
        return (wanted - {self.added.id}) | used

    def origins(self, identifier: str) -> tuple[str, ...]:
        """The ids of the input whose values end up in a column."""
        return () if identifier == self.added.id else (identifier,)

    def describe(self) -> str:
        """The node for people."""
        return f"Rank {self.added.id}{' without gaps' if self.dense else ''}"


@dataclass(frozen=True)
class SplitText(Reshape):
    """A text column cut at each ``delimiter``; its first parts become the columns ``made``, in its place.

    Where a text has fewer parts, and for null, the rest are ``default``. ``quotes``: within quotation marks, which go
    away, a delimiter does not count.
    """

    split: str
    delimiter: str
    made: tuple[Column, ...]
    default: str | None = None
    quotes: bool = False

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        found: list[Column] = []
        for column in self.input.columns:
            found.extend(self.made if column.id == self.split else (column,))
        return tuple(found)

    def reads(self, wanted: set[str]) -> set[str]:
        """The ids of the input that are read when ``wanted`` are."""
        return (wanted - {c.id for c in self.made}) | {self.split}

    def origins(self, identifier: str) -> tuple[str, ...]:
        """The ids of the input whose values end up in a column."""
        return (self.split,) if any(c.id == identifier for c in self.made) else (identifier,)

    def describe(self) -> str:
        """The node for people."""
        return f"SplitText {self.split} at {self.delimiter!r} to {', '.join(c.id for c in self.made)}"


@dataclass(frozen=True)
class Alternate(Reshape):
    """The first ``offset`` rows, then by turns ``skip`` rows left out and ``take`` rows kept. Observes order."""

    offset: int
    skip: int
    take: int
    order = "observes"

    def describe(self) -> str:
        """The node for people."""
        return f"Alternate from {self.offset}: {self.skip} left out, {self.take} kept"


@dataclass(frozen=True)
class Reverse(Reshape):
    """The rows from last to first. Observes order."""

    order = "reverses"

    def describe(self) -> str:
        """The node for people."""
        return "Reverse"
