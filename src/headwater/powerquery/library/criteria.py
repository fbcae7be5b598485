"""What "equal" and "less" mean to a library function: the criteria that many of them take.

An *equation criterion* is a key function of one argument, a comparer of two (0 or true: equal), or ``{key, comparer}``.
A *comparison criterion* is ``Order.Ascending``/``Order.Descending``, a key function, a comparer of two arguments (less
than, equal to or greater than 0), ``{key, order or comparer}``, or a list of such pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from headwater.errors import MError
from headwater.powerquery.library.arguments import caller, function_of
from headwater.powerquery.library.collation import compare_by, text_key
from headwater.powerquery.library.declarations import enumeration
from headwater.powerquery.values.core import List, Value, plain
from headwater.powerquery.values.equality import compare, equal, hashable
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert, is_number

_DESCENDING = 1


def _identity(value: Value) -> Value:
    return value


def _takes_two(function: Function) -> bool:
    """Whether it is a comparer: what one argument is enough for, such as Text.Lower, is a key."""
    return function.minimum == 2


# -- equality ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Equation:
    """How values are told apart: ``key`` of a value, ``test`` of two keys; keys hash unless a comparer decides."""

    key: Callable[[Value], Value] = _identity
    test: Callable[[Value, Value], bool] = equal
    hashes: bool = True

    def same(self, left: Value, right: Value) -> bool:
        """Whether two values are equal."""
        return self.test(self.key(left), self.key(right))

    def bucket(self, key: Value) -> Any:
        """Something hashable that equal keys share."""
        return hashable(key) if self.hashes else None


def equation_of(criteria: Value) -> Equation:
    """The equation that an argument ``equationCriteria`` asks for.

    Raises:
        MError: Expression.Error, it is neither null, a function nor a list of functions.
    """
    criteria = plain(criteria)
    if criteria is None:
        return Equation()
    if isinstance(criteria, List):
        key, *comparer = list(criteria.plain())
        select = caller(function_of(key), 1)
        if not comparer or comparer[0] is None:
            return Equation(select)
        by = equation_of(function_of(comparer[0]))
        return Equation(lambda value: by.key(select(value)), by.test, by.hashes)
    function = function_of(criteria)
    fold = text_key(function)
    if fold is not None:
        return Equation(lambda value: fold(plain(value)) if isinstance(plain(value), str) else value)
    if _takes_two(function):
        return Equation(test=_equality_test(function), hashes=False)
    return Equation(caller(function, 1))


def _equality_test(function: Function) -> Callable[[Value, Value], bool]:
    ask = caller(function, 2)

    def test(left: Value, right: Value) -> bool:
        answer = plain(ask(left, right))
        if isinstance(answer, bool):
            return answer
        if is_number(answer):
            return bool(answer == 0)
        raise cannot_convert(answer, "Logical")

    return test


class Bag:
    """Values with how often each occurs, under an equation."""

    def __init__(self, equation: Equation, values: Iterable[Value] = ()) -> None:
        self._equation = equation
        self._buckets: dict[Any, list[tuple[Value, list[int]]]] = {}
        for value in values:
            self.add(value)

    def _count(self, value: Value) -> list[int]:
        """The counter of a value, made where there is none."""
        key = self._equation.key(value)
        alike = self._buckets.setdefault(self._equation.bucket(key), [])
        for other, count in alike:
            if self._equation.test(other, key):
                return count
        alike.append((key, [0]))
        return alike[-1][1]

    def add(self, value: Value) -> int:
        """Put the value in; how many of it there are now."""
        count = self._count(value)
        count[0] += 1
        return count[0]

    def take(self, value: Value) -> bool:
        """Take one of the value out; false where there is none."""
        count = self._count(value)
        if count[0] == 0:
            return False
        count[0] -= 1
        return True

    def count(self, value: Value) -> int:
        """How many of the value there are."""
        return self._count(value)[0]


# -- order ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ordering:
    """One criterion of an order: a key, how two keys compare, and which way round."""

    key: Callable[[Value], Value] = _identity
    compare: Callable[[Value, Value], int] = compare
    descending: bool = False


def orderings_of(criteria: Value) -> list[Ordering]:
    """The orderings that an argument ``comparisonCriteria`` asks for, the most significant first.

    Raises:
        MError: Expression.Error, it is none of the forms that the head of this module lists.
    """
    criteria = plain(criteria)
    if criteria is None:
        return [Ordering()]
    if not isinstance(criteria, List):
        return [_ordering([criteria])]
    items = list(criteria.plain())
    nested = bool(items) and (isinstance(items[0], List) or _functions_of_one(items))
    return [_ordering(_parts(item)) for item in items] if nested else [_ordering(items)]


def _parts(item: Value) -> list[Value]:
    return list(item.plain()) if isinstance(item, List) else [item]


def _functions_of_one(items: Sequence[Value]) -> bool:
    """Whether the items are key functions, each a criterion of its own, rather than a key and a comparer."""
    return len(items) > 1 and all(isinstance(item, Function) and not _takes_two(item) for item in items)


def _ordering(parts: Sequence[Value]) -> Ordering:
    if not parts:
        return Ordering()
    first, *rest = parts
    if is_number(first) and not rest:
        return Ordering(descending=first == _DESCENDING)
    function = function_of(first)
    if not rest:
        return Ordering(compare=_comparison(function)) if _takes_two(function) else Ordering(caller(function, 1))
    second = rest[0]
    if isinstance(second, Function):
        return Ordering(caller(function, 1), _comparison(second))
    if second is None or is_number(second):
        return Ordering(caller(function, 1), descending=second == _DESCENDING)
    raise cannot_convert(second, "Function")


def _comparison(function: Function) -> Callable[[Value, Value], int]:
    fold = text_key(function)
    if fold is not None:
        return lambda left, right: compare_by(fold, left, right)
    ask = caller(function, 2)

    def by_function(left: Value, right: Value) -> int:
        answer = plain(ask(left, right))
        if not is_number(answer):
            raise cannot_convert(answer, "Number")
        return -1 if answer < 0 else 1 if answer > 0 else 0

    return by_function


def sorted_by(items: Iterable[Value], orderings: Sequence[Ordering]) -> list[Value]:
    """The evaluated items in order; ties stay as they were.

    Raises:
        MError: Expression.Error, two of them cannot be compared.
    """
    result = list(items)
    for ordering in reversed(orderings):
        keys = [ordering.key(item) for item in result]
        native = ordering.compare is compare and _natively_ordered(keys)
        order: Callable[[int], Any]
        if native:
            order = keys.__getitem__
        else:
            by = cmp_to_key(ordering.compare)
            order = _wrapped(keys, by)
        places = sorted(range(len(result)), key=order, reverse=ordering.descending)
        result = [result[at] for at in places]
    return result


def _wrapped(keys: Sequence[Value], by: Callable[[Value], Any]) -> Callable[[int], Any]:
    return lambda at: by(keys[at])


def _natively_ordered(keys: Sequence[Value]) -> bool:
    """Whether Python's own comparison of these keys is M's: all texts, or all numbers but NaN."""
    kinds = {type(key) for key in keys}
    if kinds <= {str}:
        return True
    return kinds <= {int, float} and not any(isinstance(key, float) and math.isnan(key) for key in keys)


def extreme(items: Iterable[Value], orderings: Sequence[Ordering], *, greatest: bool) -> list[Value]:
    """The least or greatest of the items as a list of one, the first of equals; empty when there is no item.

    Raises:
        MError: Expression.Error, two of them cannot be compared.
    """
    best: list[Value] = []
    best_keys: list[Value] = []
    for item in items:
        keys = [ordering.key(item) for ordering in orderings]
        if not best or _wins(keys, best_keys, orderings, greatest):
            best, best_keys = [item], keys
    return best


def _wins(keys: Sequence[Value], best: Sequence[Value], orderings: Sequence[Ordering], greatest: bool) -> bool:
    for ordering, key, other in zip(orderings, keys, best, strict=True):
        sign = ordering.compare(key, other)
        if sign:
            return (sign > 0) is (greatest is not ordering.descending)
    return False


def count_or_condition(value: Value) -> int | Callable[[Value], bool]:
    """An argument ``countOrCondition``: a number of items, or a test for the items at that end.

    Raises:
        MError: Expression.Error, it is neither.
    """
    value = plain(value)
    if isinstance(value, Function):
        return condition(value)
    if not is_number(value) or math.isnan(value):
        raise cannot_convert(value, "Number")
    if value < 0:
        raise MError("Expression.Error", "The 'countOrCondition' argument is out of range.", value)
    return int(min(value, 2**62))


def condition(function: Function) -> Callable[[Value], bool]:
    """A function that says true or false of an item; MError Expression.Error for anything else (null is false)."""
    ask = caller(function, 1)

    def test(item: Value) -> bool:
        answer = plain(ask(item))
        if answer is None or isinstance(answer, bool):
            return bool(answer)
        raise cannot_convert(answer, "Logical")

    return test


# -- searches ------------------------------------------------------------------------------------------------------

_FIRST, _LAST, _ALL = 0, 1, 2

enumeration(
    "Occurrence",
    {"First": _FIRST, "Last": _LAST, "All": _ALL, "Optional": 0, "Required": 1, "Repeating": 2},
    summary="Which occurrences a search gives; the last three say how often a value may occur.",
)


def occurrences(found: Iterator[int], occurrence: Value) -> Value:
    """What a search gives of the positions found: the first, the last (-1 for none), or the list of all.

    Raises:
        MError: Expression.Error, the occurrence is none of Occurrence.Type.
    """
    match occurrence:
        case None | 0:
            return next(found, -1)
        case 1:
            return max(found, default=-1)
        case 2:
            return List(list(found))
    raise MError("Expression.Error", "The value is no Occurrence.Type.", occurrence)
