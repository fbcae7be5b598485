"""What is in a list: search, sets, and logical questions about all items."""

from __future__ import annotations

from collections.abc import Iterator

from headwater.errors import MError
from headwater.powerquery.library.arguments import list_of
from headwater.powerquery.library.criteria import Bag, condition, equation_of, occurrences
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.list.folds import contains as contains_fold
from headwater.powerquery.values.core import List, Value
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import logical


@function(
    "List.Contains(list as list, value as any, optional equationCriteria as any) as logical",
    examples=[
        ("List.Contains({1, 2}, 2)", "true"),
        ('List.Contains({"a"}, "A", Comparer.OrdinalIgnoreCase)', "true"),
    ],
    fold=contains_fold,
)
def contains(items: List, value: Value, criteria: Value = None) -> bool:
    """Whether the list has the value."""
    equation = equation_of(criteria)
    return any(equation.same(item, value) for item in items)


@function(
    "List.ContainsAll(list as list, values as list, optional equationCriteria as any) as logical",
    examples=[("List.ContainsAll({1, 2, 3}, {3, 1})", "true"), ("List.ContainsAll({1, 2}, {3, 1})", "false")],
)
def contains_all(items: List, values: List, criteria: Value = None) -> bool:
    """Whether the list has every one of the values."""
    present = Bag(equation_of(criteria), items)
    return all(present.count(value) for value in values)


@function(
    "List.ContainsAny(list as list, values as list, optional equationCriteria as any) as logical",
    examples=[("List.ContainsAny({1, 2}, {3, 1})", "true"), ("List.ContainsAny({1, 2}, {3})", "false")],
)
def contains_any(items: List, values: List, criteria: Value = None) -> bool:
    """Whether the list has some of the values."""
    wanted = Bag(equation_of(criteria), values)
    return any(wanted.count(item) for item in items)


@function(
    "List.PositionOf(list as list, value as any, optional occurrence as nullable number, optional equationCriteria as"
    " any) as any",
    examples=[("List.PositionOf({5, 6, 5}, 5)", "0"), ("List.PositionOf({5, 6, 5}, 5, Occurrence.All)", "{0, 2}")],
)
def position_of(items: List, value: Value, occurrence: Value = None, criteria: Value = None) -> Value:
    """Where the value stands in the list, counted from 0; -1 where it does not."""
    equation = equation_of(criteria)
    return occurrences((at for at, item in enumerate(items) if equation.same(item, value)), occurrence)


@function(
    "List.PositionOfAny(list as list, values as list, optional occurrence as nullable number, optional"
    " equationCriteria as any) as any",
    examples=[("List.PositionOfAny({5, 6, 7}, {7, 6})", "1")],
)
def position_of_any(items: List, values: List, occurrence: Value = None, criteria: Value = None) -> Value:
    """Where one of the values stands in the list, counted from 0; -1 where none does."""
    equation, wanted = equation_of(criteria), list(values)
    found = (at for at, item in enumerate(items) if any(equation.same(item, value) for value in wanted))
    return occurrences(found, occurrence)


# -- sets ----------------------------------------------------------------------------------------------------------


@function(
    "List.Distinct(list as list, optional equationCriteria as any) as list",
    examples=[("List.Distinct({1, 2, 1})", "{1, 2}"), ("List.Distinct({1, 3, 2}, each Number.Mod(_, 2))", "{1, 2}")],
)
def distinct(items: List, criteria: Value = None) -> List:
    """The first of each group of equal items."""
    equation = equation_of(criteria)

    def firsts() -> Iterator[Value]:
        seen = Bag(equation)
        return (item for item in items if seen.add(item) == 1)

    return List(source=firsts)


@function(
    "List.IsDistinct(list as list, optional equationCriteria as any) as logical",
    examples=[("List.IsDistinct({1, 2, 1})", "false"), ("List.IsDistinct({1, 2})", "true")],
)
def is_distinct(items: List, criteria: Value = None) -> bool:
    """Whether no two items are equal."""
    seen = Bag(equation_of(criteria))
    return all(seen.add(item) == 1 for item in items)


@function(
    "List.Difference(list1 as list, list2 as list, optional equationCriteria as any) as list",
    examples=[("List.Difference({1, 1, 2, 3}, {1, 3})", "{1, 2}")],
)
def difference(items: List, others: List, criteria: Value = None) -> List:
    """The first list without the items of the second; each one there takes one away here."""
    equation = equation_of(criteria)

    def remaining() -> Iterator[Value]:
        gone = Bag(equation, others)
        return (item for item in items if not gone.take(item))

    return List(source=remaining)


@function(
    "List.Intersect(lists as list, optional equationCriteria as any) as list",
    examples=[("List.Intersect({{1, 1, 2, 3}, {3, 1, 1}})", "{1, 1, 3}")],
)
def intersect(lists: List, criteria: Value = None) -> List:
    """The items that all lists have, each as often as the list that has it least."""
    equation = equation_of(criteria)
    held = [list_of(item) for item in lists]
    common = held[0] if held else List([])
    for other in held[1:]:
        present = Bag(equation, other)
        common = List([item for item in common if present.take(item)])
    return common


@function(
    "List.Union(lists as list, optional equationCriteria as any) as list",
    examples=[("List.Union({{1, 1, 2}, {1, 3}})", "{1, 1, 2, 3}")],
)
def union(lists: List, criteria: Value = None) -> List:
    """The items that some list has, each as often as the list that has it most."""
    equation = equation_of(criteria)
    together: list[Value] = []
    for other in lists:
        there = Bag(equation, together)
        together += [item for item in list_of(other) if not there.take(item)]
    return List(together)


@function(
    "List.Modes(list as list, optional equationCriteria as any) as list",
    examples=[("List.Modes({1, 2, 2, 3, 3})", "{2, 3}")],
)
def modes(items: List, criteria: Value = None) -> List:
    """The items that occur most often, in the order in which they first occur."""
    counts, firsts = Bag(equation_of(criteria)), []
    for item in items:
        if counts.add(item) == 1:
            firsts.append(item)
    most = max((counts.count(item) for item in firsts), default=0)
    return List([item for item in firsts if counts.count(item) == most])


@function(
    "List.Mode(list as list, optional equationCriteria as any) as any",
    examples=[("List.Mode({1, 2, 2, 3, 3})", "3"), ("List.Mode({4, 4, 5})", "4")],
)
def mode(items: List, criteria: Value = None) -> Value:
    """The item that occurs most often; of several, the one that first occurs last."""
    most = modes(items, criteria).items
    if not most:
        raise MError("Expression.Error", "There weren't enough elements in the enumeration to complete the operation.")
    return most[-1]


# -- logical -------------------------------------------------------------------------------------------------------


@function(
    "List.AllTrue(list as list) as logical",
    examples=[("List.AllTrue({true, 2 > 1})", "true"), ("List.AllTrue({})", "true")],
)
def all_true(items: List) -> bool:
    """Whether every item is true."""
    return all(logical(item) is True for item in items)


@function(
    "List.AnyTrue(list as list) as logical",
    examples=[("List.AnyTrue({false, 2 > 1})", "true"), ("List.AnyTrue({})", "false")],
)
def any_true(items: List) -> bool:
    """Whether some item is true."""
    return any(logical(item) is True for item in items)


@function(
    "List.MatchesAll(list as list, condition as function) as logical",
    examples=[("List.MatchesAll({5, 6}, each _ > 4)", "true")],
)
def matches_all(items: List, wanted: Function) -> bool:
    """Whether a condition holds for every item."""
    holds = condition(wanted)
    return all(holds(item) for item in items)


@function(
    "List.MatchesAny(list as list, condition as function) as logical",
    examples=[("List.MatchesAny({1, 6}, each _ > 4)", "true")],
)
def matches_any(items: List, wanted: Function) -> bool:
    """Whether a condition holds for some item."""
    holds = condition(wanted)
    return any(holds(item) for item in items)
