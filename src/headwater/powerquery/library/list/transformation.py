"""Lists made from lists item by item, and values made from whole lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, zip_longest

from headwater.powerquery.evaluator.loops import transformed
from headwater.powerquery.library.arguments import caller, list_of
from headwater.powerquery.library.criteria import condition, orderings_of, sorted_by
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import List, Thunk, Value, force
from headwater.powerquery.values.functions import Function


@function(
    "List.Transform(list as list, transform as function) as list",
    examples=[("List.Transform({1, 2}, each _ * 10)", "{10, 20}")],
)
def transform(items: List, change: Function) -> List:
    """A function of each item; an item is computed when it is asked for."""
    caller(change, 1)
    return transformed(change, items)


def _later(apply: Callable[..., Value], item: Value) -> Callable[[], Value]:
    return lambda: apply(force(item))


@function(
    "List.TransformMany(list as list, collectionTransform as function, resultTransform as function) as list",
    examples=[("List.TransformMany({1, 2}, each {_, _ * 10}, (x, y) => x + y)", "{2, 11, 4, 22}")],
)
def transform_many(items: List, collection: Function, result: Function) -> List:
    """For each item a list made from it, and for each pair of item and member a result; all in one list."""
    expand, combine = caller(collection, 1), caller(result, 2)

    def pairs() -> Iterator[Value]:
        for item in items:
            for member in list_of(expand(item)):
                yield combine(item, member)

    return List(source=pairs)


@function(
    "List.Accumulate(list as list, seed as any, accumulator as function) as any",
    examples=[("List.Accumulate({1, 2, 3}, 100, (total, item) => total - item)", "94")],
)
def accumulate(items: List, seed: Value, accumulator: Function) -> Value:
    """A value carried along the list: from a seed, a function of what there is so far and the next item."""
    step = caller(accumulator, 2)
    state = seed
    for item in items:
        state = step(state, item)
    return state


@function(
    "List.Generate(initial as function, condition as function, next as function, optional selector as nullable"
    " function) as list",
    examples=[
        ("List.Generate(() => 1, each _ < 20, each _ * 3)", "{1, 3, 9}"),
        (
            "List.Generate(() => [a = 1, b = 1], each [a] < 9, each [a = [b], b = [a] + [b]], each [a])",
            "{1, 1, 2, 3, 5, 8}",
        ),
    ],
)
def generate(initial: Function, going_on: Function, following: Function, selector: Function | None = None) -> List:
    """The list of values from a first one on, each made from the one before, while a condition holds."""
    begin, holds, advance = caller(initial, 0), condition(going_on), caller(following, 1)
    choose = None if selector is None else caller(selector, 1)

    def states() -> Iterator[Value]:
        state = begin()
        while holds(state):
            yield state if choose is None else Thunk(_later(choose, state))
            state = advance(state)

    return List(source=states)


@function(
    "List.Zip(lists as list) as list",
    examples=[('List.Zip({{1, 2}, {"a"}})', '{{1, "a"}, {2, null}}')],
)
def zip_lists(lists: List) -> List:
    """The lists' first items as a list, then their second ones …; missing items are null."""
    held = [list_of(item) for item in lists]
    return List(source=lambda: (List(list(row)) for row in zip_longest(*(each.raw() for each in held))))


@function(
    "List.Combine(lists as list) as list",
    examples=[("List.Combine({{1}, {}, {2, 3}})", "{1, 2, 3}")],
)
def combine_lists(lists: List) -> List:
    """The items of all lists, one list after another."""
    return List(source=lambda: chain.from_iterable(list_of(item).raw() for item in lists))


@function("List.Reverse(list as list) as list", examples=[("List.Reverse({1, 2, 3})", "{3, 2, 1}")])
def reverse(items: List) -> List:
    """The items from last to first."""
    return List(source=lambda: reversed(items.items))


@function(
    "List.Sort(list as list, optional comparisonCriteria as any) as list",
    examples=[
        ("List.Sort({2, null, 1})", "{null, 1, 2}"),
        ("List.Sort({2, 3, 1}, Order.Descending)", "{3, 2, 1}"),
        ('List.Sort({"bb", "a", "cc"}, {{each Text.Length(_), Order.Descending}, {each _, Order.Ascending}})',
         '{"bb", "cc", "a"}'),
    ],
)  # fmt: skip
def sort(items: List, criteria: Value = None) -> List:
    """The items in order, nulls first; by an order, a key, a comparer, or several of these."""
    orderings = orderings_of(criteria)
    return List(sorted_by(items, orderings))
