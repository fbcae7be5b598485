"""How calls of functions of text become plan expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.errors import MError, NotFoldableError
from headwater.plan.expressions import Expr, Literal, call
from headwater.plan.types import TEXT
from headwater.powerquery.library.declarations import Argument, Fold, Items, plain_arguments
from headwater.powerquery.library.fold_rules import (
    as_literal_of,
    choice,
    constant,
    constant_text,
    folded_culture,
    given,
    ordinal_form,
    refused,
)
from headwater.powerquery.library.text.characters import character_of, characters_of
from headwater.powerquery.library.text.occurrences import wanted

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def search(operator: str) -> Fold:
    """A text in another one, perhaps whatever their case."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        texts = plain_arguments(operator, arguments[:2])
        return call(operator, *ordinal_form(operator, given(arguments, 2), *texts))

    return rule


def position(arguments: tuple[Argument, ...], _session: Session) -> Expr:
    """Text.PositionOf: the first or the last occurrence."""
    operator = "Text.PositionOf"
    which = choice(operator, given(arguments, 2), {None: "first", 0: "first", 1: "last"})
    texts = ordinal_form(operator, given(arguments, 3), *plain_arguments(operator, arguments[:2]))
    if which == "last" and not (isinstance(texts[1], Literal) and constant_text(operator, texts[1])):
        raise NotFoldableError("The last occurrence folds only of a constant text.")
    return call(operator, *texts, option=which)


def cased(operator: str) -> Fold:
    """A change of case, in a culture that changes letters as most do."""

    def rule(arguments: tuple[Argument, ...], session: Session) -> Expr:
        folded_culture(operator, given(arguments, 1), session)
        return call(operator, *plain_arguments(operator, arguments[:1]))

    return rule


def parts(operator: str, most: int) -> Fold:
    """Parts by position; an optional count that is given has to be a constant."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        optional = most == len(arguments) == 3 and operator != "Text.Insert"
        kept = arguments[:2] if optional and constant(operator, arguments[2]) is None else arguments
        return call(operator, *plain_arguments(operator, kept))

    return rule


def with_characters(operator: str, default: str | None = None) -> Fold:
    """A text, and a constant character or list of them."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        value = constant(operator, given(arguments, 1))
        try:
            characters = default if value is None and default is not None else characters_of(value)
        except MError as error:
            raise refused(operator, error) from error
        return call(operator, *plain_arguments(operator, arguments[:1]), option=_checked(operator, characters))

    return rule


def padding(operator: str) -> Fold:
    """A text, a length, and perhaps a constant character."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        value = constant(operator, given(arguments, 2))
        try:
            filler = " " if value is None else character_of(value)
        except MError as error:
            raise refused(operator, error) from error
        return call(operator, *plain_arguments(operator, arguments[:2]), option=_checked(operator, filler))

    return rule


def _checked(operator: str, characters: str) -> str:
    return constant_text(operator, Literal(characters, TEXT))


def combined(arguments: tuple[Argument, ...], _session: Session) -> Expr:
    """Text.Combine of a list that is written out."""
    operator = "Text.Combine"
    items, separator = arguments[0], given(arguments, 1)
    if not isinstance(items, Items):
        raise NotFoldableError(f"'{operator}' folds of a list of the row's values only.")
    texts = (as_literal_of(operator, item, TEXT) for item in items.items)
    return call(operator, *texts, option="" if separator is None else constant_text(operator, separator))


# -- delimiters ----------------------------------------------------------------------------------------------------


def by_delimiter(operator: str) -> Fold:
    """The text before or after an occurrence of a constant delimiter."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        option = _delimiter(operator, arguments[1], given(arguments, 2), "index")
        return call(operator, *plain_arguments(operator, arguments[:1]), option=option)

    return rule


def between(arguments: tuple[Argument, ...], _session: Session) -> Expr:
    """Text.BetweenDelimiters of constant delimiters."""
    operator = "Text.BetweenDelimiters"
    option = (
        _delimiter(operator, arguments[1], given(arguments, 3), "startIndex"),
        _delimiter(operator, arguments[2], given(arguments, 4), "endIndex"),
    )
    return call(operator, *plain_arguments(operator, arguments[:1]), option=option)


def _delimiter(operator: str, delimiter: Argument, index: Argument | None, name: str) -> tuple[str, int, bool]:
    """(delimiter, which occurrence, whether counted from the end)."""
    text = constant_text(operator, delimiter)
    try:
        which, from_end = wanted(constant(operator, index), name)
    except MError as error:
        raise refused(operator, error) from error
    if not text or which > _MOST_OCCURRENCES:
        raise NotFoldableError(f"'{operator}' does not fold with this delimiter.")
    # Counted from the end, occurrences of such a delimiter are others than those counted from the start.
    if from_end and any(text.startswith(text[at:]) for at in range(1, len(text))):
        raise NotFoldableError(f"'{operator}' does not fold from the end with a delimiter that overlaps itself.")
    return text, which, from_end


_MOST_OCCURRENCES = 10**6
