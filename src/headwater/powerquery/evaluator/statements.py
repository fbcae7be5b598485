"""Python statements being written for a loop: lines, blocks, variables, and checks of what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from itertools import count
from typing import Any

from headwater.errors import MError
from headwater.powerquery.values.core import Record, Thunk, Value
from headwater.powerquery.values.equality import equal
from headwater.powerquery.values.operators import EXACT, join_texts
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time

__all__ = ["Kind", "Layout", "Operand", "Statements", "Unfusable"]

_DEEPEST = 12
"""How deep the statements may nest: Python's own parser has its limits."""
_SCALARS = frozenset((int, float, Decimal, str, bool, type(None), bytes, Date, Time, DateTime, DateTimeZone, Duration))
_NAMESPACE = {
    "MError": MError,
    "Record": Record,
    "Thunk": Thunk,
    "SCALARS": _SCALARS,
    "equal": equal,
    "join_texts": join_texts,
}


class Unfusable(Exception):
    """The function has a part that cannot be written as statements. Never leaves the evaluator."""


class Kind(Enum):
    """What is known of an operand; ``ANY`` may be anything, even unevaluated, and is checked when it is used."""

    ANY = "any"
    SCALAR = "scalar"
    NUMBER = "number"
    TEXT = "text"
    LOGICAL = "logical"


LARGEST_LEAF = EXACT >> 2
"""Greater whole numbers bail out, so that sums and small multiples of others need no look at their size."""

_CHECKS = {
    Kind.NUMBER: (
        f"if type({{0}}) is int:\n    if not -{LARGEST_LEAF} <= {{0}} <= {LARGEST_LEAF}:\n        BAIL",
        "elif type({0}) is not float and {0} is not None:\n    BAIL",
    ),
    Kind.TEXT: ("if type({0}) is not str and {0} is not None:\n    BAIL",),
    Kind.LOGICAL: ("if {0} is not True and {0} is not False and {0} is not None:\n    BAIL",),
    Kind.SCALAR: ("if type({0}) not in SCALARS:\n    BAIL",),
}


@dataclass(frozen=True, slots=True)
class Operand:
    """A value in the statements: a variable or a constant, as ``text``.

    ``bound`` is of a number: no whole number is further from zero; None where it is a double for certain.
    """

    text: str
    kind: Kind
    nullable: bool = True
    literal: Value = None
    bound: int | None = LARGEST_LEAF


@dataclass(frozen=True, slots=True)
class Layout:
    """What a loop runs over: ``index`` has the columns of rows, sequences of cells; without it they are values.

    ``bail`` are the statements that give an item to the evaluator.
    """

    index: Mapping[str, int] | None
    bail: Sequence[str]


class Statements:
    """The statements of one body as they are written, what is known of their variables, and the names they need."""

    def __init__(self, layout: Layout) -> None:
        self.lines: list[str] = []
        self.prologue: list[str] = []
        self.names: dict[str, Any] = dict(_NAMESPACE)
        self.layout = layout
        self._known: dict[str, Operand] = {}
        self._numbers = count(1)
        self._depth = 0

    # -- lines -------------------------------------------------------------------------------------------------

    def line(self, *texts: str) -> None:
        self.lines += ["    " * self._depth + line for text in texts for line in text.split("\n")]

    def guard(self, template: str, variable: str) -> None:
        """Statements from a template; its last line, BAIL, becomes the layout's."""
        for line in template.format(variable).split("\n"):
            bare = line.removesuffix("BAIL")
            self.line(*([bare + way for way in self.layout.bail] if bare != line else [line]))

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Statements below ``head``; what they find out about a variable holds only there."""
        if self._depth == _DEEPEST:
            raise Unfusable
        self.line(head)
        known, self._known = self._known, dict(self._known)
        self._depth += 1
        yield
        self._depth -= 1
        self._known = known

    def variable(self) -> str:
        return f"v{next(self._numbers)}"

    def named(self, value: object) -> str:
        """A name by which the statements know a Python object."""
        name = f"n{next(self._numbers)}"
        self.names[name] = value
        return name

    # -- operands ----------------------------------------------------------------------------------------------

    def checked(self, operand: Operand, kind: Kind) -> Operand:
        """The operand as one of this kind, with a check at run time where it could be another."""
        if operand.kind is kind or (kind is Kind.SCALAR and operand.kind is not Kind.ANY):
            return operand
        known = self._known.get(operand.text)
        if known is not None and known.kind is kind:
            return known
        if operand.kind not in (Kind.ANY, Kind.SCALAR):
            raise Unfusable
        for template in _CHECKS[kind]:
            self.guard(template, operand.text)
        found = Operand(operand.text, kind)
        self._known[operand.text] = found
        return found

    def outside(self, source: str) -> Operand:
        """What is the same for every item, read before the loop; all items bail out if it is not evaluated by then."""
        variable = self.variable()
        self.prologue += [f"{variable} = {source}", f"if type({variable}) is Thunk: {variable} = {variable}.peek()"]
        return Operand(variable, Kind.ANY)

    def once(self, key: str, read: Callable[[], Operand]) -> Operand:
        """What ``read`` gives; read once in a block and the blocks inside it."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = read()
        return found
