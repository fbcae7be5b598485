"""Fold rules that several library functions share: how a call on columns becomes a plan expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Call, Expr, Literal, call
from headwater.plan.operators import FOLDED_CULTURES
from headwater.powerquery.library.collation import ordinal_key, ordinal_upper, text_key
from headwater.powerquery.library.declarations import Argument, Constant, Fold, Items, plain_arguments
from headwater.powerquery.values.functions import Function

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def exactly(operator: str, count: int, *, option: Any = None) -> Fold:
    """Fold to an operator, unless arguments are given that it does not take."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        if len(arguments) != count:
            raise NotFoldableError(f"'{operator}' folds with {count} {'argument' if count == 1 else 'arguments'} only.")
        return call(operator, *plain_arguments(operator, arguments), option=option)

    return rule


def of_kinds(operator: str, *kinds: p.Kind, option: Any = None) -> Fold:
    """As :func:`exactly` with one argument, of one of these kinds: others are errors to M."""

    def rule(arguments: tuple[Argument, ...], session: Session) -> Expr:
        (value,) = plain_arguments(operator, arguments[:1])
        if value.type.kind not in kinds:
            raise NotFoldableError(f"'{operator}' does not fold for a {value.type.kind.value}.")
        return exactly(operator, 1, option=option)(arguments, session)

    return rule


def conversion(operator: str) -> Fold:
    """Fold to a conversion operator: the value, and perhaps a constant culture; nothing further."""

    def rule(arguments: tuple[Argument, ...], session: Session) -> Expr:
        value, *further = arguments
        if len(further) > 1 and not is_null(further[1]):
            raise NotFoldableError(f"'{operator}' does not fold with a rounding mode.")
        culture = folded_culture(operator, further[0] if further else None, session)
        return call(operator, *plain_arguments(operator, [value]), option=culture)

    return rule


def from_text(operator: str) -> Fold:
    """As :func:`conversion`, of text alone."""
    rule = conversion(operator)

    def text_rule(arguments: tuple[Argument, ...], session: Session) -> Expr:
        (value,) = plain_arguments(operator, arguments[:1])
        if value.type.kind is not p.Kind.TEXT:
            raise NotFoldableError(f"'{operator}' does not fold for a {value.type.kind.value} here.")
        return rule(arguments, session)

    return text_rule


# -- constant arguments --------------------------------------------------------------------------------------------


def is_null(argument: Argument | None) -> bool:
    """Whether an argument is left out or the constant null."""
    return argument is None or (isinstance(argument, Literal) and argument.value is None)


def given(arguments: tuple[Argument, ...], at: int) -> Argument | None:
    """The argument at a position; None where it is left out or null."""
    found = arguments[at] if at < len(arguments) else None
    return None if is_null(found) else found


def constant(operator: str, argument: Argument | None) -> Any:
    """The value of a constant argument, None where it is left out or null.

    Raises:
        NotFoldableError: it depends on the row.
    """
    match argument:
        case None:
            return None
        case Literal(value=value) | Constant(value=value):
            return value
    raise NotFoldableError(f"'{operator}' folds only where its further arguments are constants.")


def constant_text(operator: str, argument: Argument | None) -> str:
    """A constant text without the zero character, which engines take for its end.

    Raises:
        NotFoldableError: it is something else.
    """
    value = constant(operator, argument)
    if not isinstance(value, str) or "\0" in value:
        raise NotFoldableError(f"'{operator}' folds only with a constant text here.")
    return value


def choice(operator: str, argument: Argument | None, names: dict[Any, str]) -> str:
    """What a constant argument chooses.

    Raises:
        NotFoldableError: it is none of the choices.
    """
    value = constant(operator, argument)
    if isinstance(value, bool) or value not in names:
        raise NotFoldableError(f"'{operator}' does not fold with this argument.")
    return names[value]


def folded_culture(operator: str, argument: Argument | None, session: Session) -> str:
    """The culture of a call, the session's where none is given.

    Raises:
        NotFoldableError: engines do not know it.
    """
    named = constant(operator, argument)
    wanted = session.culture if named is None else named
    if wanted not in FOLDED_CULTURES:
        raise NotFoldableError(f"'{operator}' does not fold with this culture.")
    return str(wanted)


def refused(operator: str, error: MError) -> NotFoldableError:
    """The refusal of constants that are an error: the error belongs into the cells."""
    return NotFoldableError(f"'{operator}' with these arguments is an error: {error.message}")


# -- what is known of expressions ----------------------------------------------------------------------------------

_WHOLE_RESULTS = frozenset({"+", "-", "*", "negate", "Number.IntegerDivide", "Number.Abs", "Number.Sign"})


def is_whole(expression: Expr) -> bool:
    """Whether a number is surely whole, or no finite number at all."""
    match expression:
        case Literal(value=value):
            return isinstance(value, int | float) and value == value // 1
        case Call(operator="Number.Round", option=(0, _)):
            return True
        case Call(operator=operator, arguments=arguments) if operator in _WHOLE_RESULTS:
            return operator == "Number.IntegerDivide" or all(is_whole(a) for a in arguments)
    return expression.type.kind is p.Kind.INT64


def unified_items(operator: str, argument: Argument) -> tuple[Expr, ...]:
    """The items of a written list, numbers that are constants in the type of the others.

    Raises:
        NotFoldableError: it is no written list, or empty.
    """
    if not isinstance(argument, Items) or not argument.items:
        raise NotFoldableError(f"'{operator}' folds of a list of the row's values only.")
    kinds = {item.type.kind for item in argument.items if not isinstance(item, Literal)}
    if len(kinds) != 1:
        raise NotFoldableError(f"'{operator}' folds of values of one kind only.")
    of = next(item.type for item in argument.items if not isinstance(item, Literal))
    return tuple(as_literal_of(operator, item, of) for item in argument.items)


def as_literal_of(operator: str, item: Expr, of: p.DataType) -> Expr:
    """A constant in the type of what stands beside it; any other expression as it is.

    Raises:
        NotFoldableError: the constant has no such form.
    """
    if not isinstance(item, Literal) or item.type.same_kind(of):
        return item
    if item.value is None:
        return Literal(None, of)
    if of.kind is p.Kind.DOUBLE and item.type.kind is p.Kind.INT64 and abs(item.value) <= 2**53:
        return Literal(float(item.value), of)
    raise NotFoldableError(f"'{operator}' folds of values of one kind only.")


def ordinal_form(operator: str, comparer: Argument | None, *texts: Expr) -> tuple[Expr, ...]:
    """Texts in a form in which a comparer's equality is that of their characters.

    Raises:
        NotFoldableError: there is no such form.
    """
    if comparer is None:
        return texts
    function = constant(operator, comparer)
    key = text_key(function) if isinstance(function, Function) else None
    if key is ordinal_key:
        return texts
    if key is ordinal_upper:
        return tuple(call("Text.Upper", one) for one in texts)
    raise NotFoldableError(f"'{operator}' does not fold with this comparer.")
