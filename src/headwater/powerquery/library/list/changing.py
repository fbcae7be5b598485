"""A list with items put in, taken out or replaced."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat

from headwater.errors import MError
from headwater.powerquery.library.arguments import caller, pairs_of, whole
from headwater.powerquery.library.criteria import Bag, Equation, equation_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import List, Value
from headwater.powerquery.values.functions import Function


def _position(items: Sequence[Value], index: Value) -> int:
    at = whole(index, "index")
    if at > len(items):
        raise MError("Expression.Error", "The 'index' argument is out of range.", index)
    return at


@function(
    "List.InsertRange(list as list, index as number, values as list) as list",
    examples=[("List.InsertRange({1, 4}, 1, {2, 3})", "{1, 2, 3, 4}")],
)
def insert_range(items: List, index: Value, values: List) -> List:
    """The list with values put in at a position."""
    held = items.items
    at = _position(held, index)
    return List([*held[:at], *values.raw(), *held[at:]])


@function(
    "List.ReplaceRange(list as list, index as number, count as number, replaceWith as list) as list",
    examples=[("List.ReplaceRange({1, 7, 8, 4}, 1, 2, {2, 3})", "{1, 2, 3, 4}")],
)
def replace_range(items: List, index: Value, count: Value, values: List) -> List:
    """The list with a number of items from a position on replaced by values."""
    held = items.items
    at, gone = _position(held, index), whole(count, "count")
    if at + gone > len(held):
        raise MError("Expression.Error", "The 'count' argument is out of range.", count)
    return List([*held[:at], *values.raw(), *held[at + gone :]])


@function(
    "List.ReplaceValue(list as list, oldValue as any, newValue as any, replacer as function) as list",
    examples=[('List.ReplaceValue({"ab", "b"}, "b", "c", Replacer.ReplaceText)', '{"ac", "c"}')],
)
def replace_value(items: List, old: Value, new: Value, replacer: Function) -> List:
    """Each item as a replacer changes it."""
    change = caller(replacer, 3)
    return List(source=lambda: (change(item, old, new) for item in items))


@function(
    "List.ReplaceMatchingItems(list as list, replacements as list, optional equationCriteria as any) as list",
    examples=[("List.ReplaceMatchingItems({1, 2, 1}, {{1, 10}, {2, 20}})", "{10, 20, 10}")],
)
def replace_matching_items(items: List, replacements: List, criteria: Value = None) -> List:
    """The list with each item that is the first of a pair {old, new} replaced by the second."""
    pairs, equation = pairs_of(replacements), equation_of(criteria)

    def replaced(item: Value) -> Value:
        return next((new for old, new in pairs if equation.same(item, old)), item)

    return List(source=lambda: (replaced(item) for item in items))


@function(
    "List.Repeat(list as list, count as number) as list",
    examples=[("List.Repeat({1, 2}, 2)", "{1, 2, 1, 2}"), ("List.Repeat({1}, 0)", "{}")],
)
def repeat_list(items: List, count: Value) -> List:
    """The list a number of times over."""
    times = whole(count, "count")
    return List(source=lambda: chain.from_iterable(each.raw() for each in repeat(items, times)))


def _without(items: List, values: List, equation: Equation) -> List:
    gone = Bag(equation, values)
    return List(source=lambda: (item for item in items if not gone.count(item)))


@function(
    "List.RemoveItems(list1 as list, list2 as list) as list",
    examples=[("List.RemoveItems({1, 2, 1, 3}, {1, 9})", "{2, 3}")],
)
def remove_items(items: List, values: List) -> List:
    """The items of the first list that are not in the second."""
    return _without(items, values, equation_of(None))


@function(
    "List.RemoveMatchingItems(list1 as list, list2 as list, optional equationCriteria as any) as list",
    examples=[
        ('List.RemoveMatchingItems({"a", "B"}, {"A"}, Comparer.OrdinalIgnoreCase)', '{"B"}'),
    ],
)
def remove_matching_items(items: List, values: List, criteria: Value = None) -> List:
    """The items of the first list that are not in the second, by an equation criterion."""
    return _without(items, values, equation_of(criteria))
