"""Trees of $filter and $orderby as expressions of a plan, with OData's meaning of null.

OData's comparisons are never null: one with null is false but for ``ne``. In a plan ``<`` of null is null, which a
filter takes for false too; only where something is made of the answer (``not``, a comparison) is the difference seen,
and only there is it made good, so that a plain filter stays one that an engine can look up in a file's statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

from headwater.errors import NotFoldableError, UsageError
from headwater.plan.expressions import Call, Expr, Literal, call, may_be_null
from headwater.plan.nodes import Column, SortKey
from headwater.plan.types import DOUBLE, INT64, LOGICAL, TEXT, DataType, Kind
from headwater.powerquery.library.text.characters import WHITESPACE
from headwater.server.odata.constants import literal, zoned_literal
from headwater.server.odata.names import encoded
from headwater.server.odata.syntax import Binary, Chain, Constant, Function, Member, Path, Tree, Unary

__all__ = ["Translator"]

_COMPARISONS: Final = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_ARITHMETIC: Final = {"add": "+", "sub": "-", "mul": "*", "divby": "/"}


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a function's arguments are (None: left to the operator), and what it is in a plan."""

    kinds: tuple[DataType | None, ...]
    build: Callable[..., Expr]


class Translator:
    """Translates over the columns of a scan.

    Args:
        columns: the columns; properties are their encoded names.
        now: what ``now()`` is, in UTC.
        option: the query option, for errors.
    """

    def __init__(self, columns: Sequence[Column], now: datetime, option: str) -> None:
        self._columns: Mapping[str, Column] = {encoded(column.name): column for column in columns}
        self._now = now
        self._option = option

    def condition(self, tree: Tree) -> Expr:
        """A condition, for a filter; UsageError where it is none, or asks for what is not offered."""
        return self._condition(tree, exact=False)

    def key(self, tree: Tree, *, descending: bool) -> SortKey:
        """A term to sort by; UsageError as for :meth:`condition`."""
        value = self._value(tree)
        if value.type.kind in (Kind.RECORD, Kind.LIST, Kind.BINARY):
            self._fail(f"Rows cannot be put in order by a value of type {value.type.kind.value}.", tree.at)
        return SortKey(value, descending)

    # -- conditions ------------------------------------------------------------------------------------------------

    def _condition(self, tree: Tree, *, exact: bool) -> Expr:
        """``exact``: null is told from false, because something else is made of it."""
        match tree:
            case Chain(operator=operator, operands=operands):
                return self._balanced(operator, [self._condition(one, exact=exact) for one in operands], tree.at)
            case Unary(operator="not", operand=operand):
                return self._call(tree.at, "not", self._condition(operand, exact=True))
            case Binary(operator=operator) if operator in _COMPARISONS:
                return self._comparison(tree, exact=exact)
            case Member():
                return self._member(tree)
            case Constant(kind="null"):
                return Literal(None, LOGICAL)
        found = self._value(tree)
        if found.type.kind is not Kind.LOGICAL:
            self._fail("Here should be a condition, which is true or false.", tree.at)
        return found

    def _balanced(self, operator: str, parts: Sequence[Expr], at: int) -> Expr:
        """A chain as a tree that is no deeper than it has to be: what runs it is recursive."""
        if len(parts) == 1:
            return parts[0]
        middle = len(parts) // 2
        halves = (self._balanced(operator, half, at) for half in (parts[:middle], parts[middle:]))
        return self._call(at, operator, *halves)

    def _comparison(self, tree: Binary, *, exact: bool) -> Expr:
        left, right = self._pair(tree.left, tree.right)
        made = self._call(tree.at, _COMPARISONS[tree.operator], left, right)
        ordering = tree.operator not in ("eq", "ne")
        if exact and ordering and (may_be_null(left) or may_be_null(right)):
            return self._call(tree.at, "??", made, Literal(False, LOGICAL))
        return made

    def _member(self, tree: Member) -> Expr:
        value = self._value(tree.value)
        listed = [self._value(item, value.type) for item in tree.listed]
        constants = [item for item in listed if isinstance(item, Literal) and item.value is not None]
        alike = [item for item in constants if item.type.same_kind(value.type)]
        others = [item for item in listed if not any(item is one for one in alike)]
        parts = [self._call(tree.at, "=", value, item) for item in others]
        if alike and value.type.kind is not Kind.DATETIMEZONE:
            parts.append(self._call(tree.at, "List.Contains", value, *alike))
        else:
            parts += [self._call(tree.at, "=", value, item) for item in alike]
        return self._balanced("or", parts, tree.at)

    # -- values ----------------------------------------------------------------------------------------------------

    def _pair(self, left: Tree, right: Tree) -> tuple[Expr, Expr]:
        """Two sides; a constant takes the type of the other one."""
        if isinstance(left, Constant) or (isinstance(left, Function) and left.name == "now"):
            second = self._value(right)
            return self._value(left, second.type), second
        first = self._value(left)
        return first, self._value(right, first.type)

    def _value(self, tree: Tree, beside: DataType | None = None) -> Expr:
        match tree:
            case Constant():
                return literal(tree, beside, self._option)
            case Path():
                return self._property(tree)
            case Function():
                return self._function(tree, beside)
            case Unary(operator="-", operand=operand):
                return self._call(tree.at, "negate", self._value(operand))
            case Binary(operator=operator) if operator not in _COMPARISONS:
                return self._arithmetic(tree)
            case _:
                return self._condition(tree, exact=True)

    def _property(self, tree: Path) -> Expr:
        column = self._columns.get(tree.names[0])
        if column is None:
            self._fail(f"There is no property '{tree.names[0]}'.", tree.at)
        value: Expr = column.ref
        for name in tree.names[1:]:
            value = self._field(value, name, tree.at)
        return value

    def _field(self, record: Expr, name: str, at: int) -> Expr:
        named = {encoded(field.name): field.name for field in record.type.fields}
        if record.type.kind is not Kind.RECORD or name not in named:
            self._fail(f"There is no property '{name}' here.", at)
        field = self._call(at, "[]", record, option=named[name])
        # A field of null is an error in M, and null in OData.
        return self._call(at, "otherwise", field, Literal(None, field.type))

    def _arithmetic(self, tree: Binary) -> Expr:
        # A duration beside a moment is no moment, so that constants here are of their own types.
        left, right = self._value(tree.left), self._value(tree.right)
        operator = _ARITHMETIC.get(tree.operator)
        if operator is not None:
            return self._call(tree.at, operator, left, right)
        if tree.operator == "mod":
            return self._call(tree.at, "Number.Mod", self._plain(left, tree.at), self._plain(right, tree.at))
        if left.type.kind is right.type.kind is Kind.INT64:
            # Of whole numbers the quotient is one.
            return self._call(tree.at, "Number.IntegerDivide", left, right)
        return self._call(tree.at, "/", left, right)

    def _plain(self, value: Expr, at: int) -> Expr:
        """A number that functions take: a decimal as the nearest double."""
        return self._call(at, "Number.From", value, option="") if value.type.kind is Kind.DECIMAL else value

    # -- functions -------------------------------------------------------------------------------------------------

    def _function(self, tree: Function, beside: DataType | None) -> Expr:
        if tree.name == "now" and not tree.arguments:
            return self._moment(beside)
        rules = _FUNCTIONS.get(tree.name)
        if rules is None:
            self._fail(f"There is no function '{tree.name}'.", tree.at)
        rule = next((rule for rule in rules if len(rule.kinds) == len(tree.arguments)), None)
        if rule is None:
            self._fail(f"The function '{tree.name}' takes another number of arguments.", tree.at)
        given = [self._value(one, kind) for one, kind in zip(tree.arguments, rule.kinds, strict=True)]
        for value, kind in zip(given, rule.kinds, strict=True):
            if kind is not None and value.type.kind is not kind.kind and not _both_numbers(value.type, kind):
                self._fail(f"'{tree.name}' does not take a value of type {value.type.kind.value}.", tree.at)
        return rule.build(self, tree.at, *given)

    def _moment(self, beside: DataType | None) -> Expr:
        since = self._now.replace(tzinfo=None) - datetime(1, 1, 1)
        microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        if beside is not None and beside.kind is Kind.DATETIME:
            value = microseconds * 10 if beside.unit == "tick" else self._now.replace(tzinfo=None)
            return Literal(value, beside)
        return zoned_literal(microseconds * 10)

    def searched(self, value: Expr, other: Expr, operator: str, at: int) -> Expr:
        """A text searched in another; where what is searched for is null, so is the answer."""
        if isinstance(other, Literal) and other.value is not None:
            return self._call(at, operator, value, other)
        found = self._call(at, operator, value, self._call(at, "??", other, Literal("", TEXT)))
        return self._call(at, "and", found, self._call(at, "<>", other, Literal(None, TEXT)))

    def call(self, at: int, operator: str, *arguments: Expr, option: object = None) -> Call:
        """An operator of a plan, for the table of functions."""
        return self._call(at, operator, *arguments, option=option)

    def number(self, value: Expr, at: int) -> Expr:
        """As :meth:`_plain`, for the table of functions."""
        return self._plain(value, at)

    def _call(self, at: int, operator: str, *arguments: Expr, option: object = None) -> Call:
        try:
            return call(operator, *arguments, option=option)
        except NotFoldableError as error:
            kinds = " and ".join(a.type.kind.value for a in arguments)
            raise UsageError(
                f"This is not offered for values of type {kinds}.",
                place=f"{self._option}, character {at + 1}",
                hint="Compare values of one type; a constant is written as its type's are.",
                code="odata.types",
            ) from error

    def _fail(self, message: str, at: int) -> NoReturn:
        raise UsageError(
            message,
            place=f"{self._option}, character {at + 1}",
            hint="$metadata lists the properties, and the documentation the functions.",
            code="odata.unknown",
        )


def _both_numbers(one: DataType, other: DataType) -> bool:
    numbers = (Kind.INT64, Kind.DOUBLE, Kind.DECIMAL)
    return one.kind in numbers and other.kind in numbers


def _operator(name: str, option: object = None) -> Callable[..., Expr]:
    return lambda to, at, *given: to.call(at, name, *given, option=option)


def _searching(name: str) -> Callable[..., Expr]:
    return lambda to, at, value, other: to.searched(value, other, name, at)


def _rounding(mode: str) -> Callable[..., Expr]:
    return lambda to, at, value: to.call(at, "Number.Round", to.number(value, at), option=(0, mode))


def _position(to: Translator, at: int, value: Expr, other: Expr) -> Expr:
    found = to.call(
        at, "Text.PositionOf", *(to.call(at, "??", v, Literal("", TEXT)) for v in (value, other)), option="first"
    )
    known = to.call(at, "and", *(to.call(at, "<>", v, Literal(None, TEXT)) for v in (value, other)))
    return to.call(at, "if", known, found, Literal(None, INT64))


def _substring(to: Translator, at: int, value: Expr, *places: Expr) -> Expr:
    return to.call(at, "Text.Middle", value, *places)


def _second(to: Translator, at: int, value: Expr) -> Expr:
    return to.call(at, "Number.Round", to.call(at, "Time.Second", value), option=(0, "Down"))


def _fraction(to: Translator, at: int, value: Expr) -> Expr:
    return to.call(at, "-", to.call(at, "Time.Second", value), _second(to, at, value))


_FUNCTIONS: Final[Mapping[str, tuple[_Rule, ...]]] = {
    "contains": (_Rule((TEXT, TEXT), _searching("Text.Contains")),),
    "startswith": (_Rule((TEXT, TEXT), _searching("Text.StartsWith")),),
    "endswith": (_Rule((TEXT, TEXT), _searching("Text.EndsWith")),),
    "indexof": (_Rule((TEXT, TEXT), _position),),
    "length": (_Rule((TEXT,), _operator("Text.Length")),),
    "tolower": (_Rule((TEXT,), _operator("Text.Lower")),),
    "toupper": (_Rule((TEXT,), _operator("Text.Upper")),),
    "trim": (_Rule((TEXT,), _operator("Text.Trim", WHITESPACE)),),
    "concat": (_Rule((TEXT, TEXT), _operator("&")),),
    "substring": (_Rule((TEXT, INT64), _substring), _Rule((TEXT, INT64, INT64), _substring)),
    "year": (_Rule((None,), _operator("Date.Year")),),
    "month": (_Rule((None,), _operator("Date.Month")),),
    "day": (_Rule((None,), _operator("Date.Day")),),
    "hour": (_Rule((None,), _operator("Time.Hour")),),
    "minute": (_Rule((None,), _operator("Time.Minute")),),
    "second": (_Rule((None,), _second),),
    "fractionalseconds": (_Rule((None,), _fraction),),
    "date": (_Rule((None,), _operator("Date.From", "")),),
    "time": (_Rule((None,), _operator("Time.From")),),
    "round": (_Rule((DOUBLE,), _rounding("HalfAwayFromZero")),),
    "floor": (_Rule((DOUBLE,), _rounding("Down")),),
    "ceiling": (_Rule((DOUBLE,), _rounding("Up")),),
}
