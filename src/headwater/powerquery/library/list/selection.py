"""Parts of a list: its ends, ranges, and what meets a condition."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import dropwhile, islice, takewhile

from headwater.errors import MError
from headwater.powerquery.evaluator.loops import selected
from headwater.powerquery.library.arguments import caller, whole
from headwater.powerquery.library.criteria import condition, count_or_condition
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.functions import Function


def _tested(items: List, test: Function) -> tuple[List, List]:
    """The items before the first that fails the test, and the rest."""
    holds = condition(test)

    def head(item: Value) -> bool:
        return holds(force(item))

    return (
        List(source=lambda: takewhile(head, items.raw())),
        List(source=lambda: dropwhile(head, items.raw())),
    )


def _trailing(items: List, wanted: Value) -> int:
    """How many items at the end a count or condition covers."""
    chosen = count_or_condition(wanted)
    held = items.items
    if isinstance(chosen, int):
        return min(chosen, len(held))
    matching = takewhile(lambda item: chosen(force(item)), reversed(held))
    return sum(1 for _ in matching)


def too_few() -> MError:
    """The error of a list with fewer items than needed."""
    return MError("Expression.Error", "There weren't enough elements in the enumeration to complete the operation.")


@function(
    "List.First(list as list, optional defaultValue as any) as any",
    examples=[("List.First({5, 6})", "5"), ("List.First({}, 0)", "0")],
)
def first(items: List, default: Value = None) -> Value:
    """The first item, or the default value of an empty list."""
    head = items.first(1)
    return force(head[0]) if head else default


@function(
    "List.Last(list as list, optional defaultValue as any) as any",
    examples=[("List.Last({5, 6})", "6"), ("List.Last({})", "null")],
)
def last(items: List, default: Value = None) -> Value:
    """The last item, or the default value of an empty list."""
    held = items.items
    return force(held[-1]) if held else default


@function(
    "List.FirstN(list as list, countOrCondition as any) as any",
    examples=[("List.FirstN({5, 6, 7}, 2)", "{5, 6}"), ("List.FirstN({5, 6, 1, 9}, each _ > 4)", "{5, 6}")],
)
def first_n(items: List, wanted: Value) -> List:
    """The items at the beginning: a number of them, or all until a condition no longer holds."""
    if isinstance(plain(wanted), Function):
        return _tested(items, plain(wanted))[0]
    count = count_or_condition(wanted)
    assert isinstance(count, int), "conditions are dealt with above"
    return List(source=lambda: islice(items.raw(), count))


@function(
    "List.LastN(list as list, optional countOrCondition as any) as any",
    examples=[("List.LastN({5, 6, 7}, 2)", "{6, 7}"), ("List.LastN({5, 1, 6, 7}, each _ > 4)", "{6, 7}")],
)
def last_n(items: List, wanted: Value = None) -> List:
    """The items at the end: a number of them (1), or all that meet a condition after the last that does not."""
    count = _trailing(items, 1 if plain(wanted) is None else wanted)
    return List(items.items[len(items) - count :])


def _skip(items: List, wanted: Value) -> List:
    if isinstance(plain(wanted), Function):
        return _tested(items, plain(wanted))[1]
    count = count_or_condition(1 if plain(wanted) is None else wanted)
    assert isinstance(count, int), "conditions are dealt with above"
    return List(source=lambda: islice(items.raw(), count, None))


@function(
    "List.Skip(list as list, optional countOrCondition as any) as list",
    examples=[("List.Skip({5, 6, 7})", "{6, 7}"), ("List.Skip({5, 6, 1, 9}, each _ > 4)", "{1, 9}")],
)
def skip(items: List, wanted: Value = None) -> List:
    """All items but those at the beginning: a number of them (1), or those until a condition no longer holds."""
    return _skip(items, wanted)


@function(
    "List.RemoveFirstN(list as list, optional countOrCondition as any) as list",
    examples=[("List.RemoveFirstN({5, 6, 7}, 2)", "{7}")],
)
def remove_first_n(items: List, wanted: Value = None) -> List:
    """All items but those at the beginning, as List.Skip."""
    return _skip(items, wanted)


@function(
    "List.RemoveLastN(list as list, optional countOrCondition as any) as list",
    examples=[("List.RemoveLastN({5, 6, 7}, 2)", "{5}"), ("List.RemoveLastN({1, 9, 8}, each _ > 4)", "{1}")],
)
def remove_last_n(items: List, wanted: Value = None) -> List:
    """All items but those at the end: a number of them (1), or all that meet a condition."""
    count = _trailing(items, 1 if plain(wanted) is None else wanted)
    return List(items.items[: len(items) - count])


@function(
    "List.Range(list as list, offset as number, optional count as nullable number) as list",
    examples=[("List.Range({5, 6, 7, 8}, 1, 2)", "{6, 7}"), ("List.Range({5, 6, 7}, 1)", "{6, 7}")],
)
def item_range(items: List, offset: Value, count: Value = None) -> List:
    """Items from an offset on, at most a number of them."""
    start = whole(offset, "offset")
    end = None if count is None else start + whole(count, "count")
    return List(source=lambda: islice(items.raw(), start, end))


@function(
    "List.RemoveRange(list as list, index as number, optional count as nullable number) as list",
    examples=[("List.RemoveRange({5, 6, 7, 8}, 1, 2)", "{5, 8}"), ("List.RemoveRange({5, 6}, 0)", "{6}")],
)
def remove_range(items: List, index: Value, count: Value = None) -> List:
    """All items but a number of them (1) from a position on."""
    start, gone = whole(index, "index"), 1 if count is None else whole(count, "count")
    held = items.items
    if start > len(held):
        raise MError("Expression.Error", "The 'index' argument is out of range.", index)
    return List([*held[:start], *held[start + gone :]])


@function(
    "List.Alternate(list as list, count as number, optional repeatInterval as nullable number, optional offset as"
    " nullable number) as list",
    examples=[
        ("List.Alternate({1..6}, 1, 1)", "{2, 4, 6}"),
        ("List.Alternate({1..6}, 1, 2, 1)", "{1, 3, 4, 6}"),
    ],
)
def alternate(items: List, count: Value, interval: Value = None, offset: Value = None) -> List:
    """The items left when, after an offset, some are skipped and some are kept in turn."""
    skipped, lead = whole(count, "count"), 0 if offset is None else whole(offset, "offset")
    kept = None if interval is None else whole(interval, "repeatInterval", least=1)

    def chosen() -> Iterator[Value]:
        source = iter(items.raw())
        yield from islice(source, lead)
        while True:
            any_left = False
            for _ in islice(source, skipped):
                any_left = True
            for item in islice(source, kept):
                any_left = True
                yield item
            if not any_left:
                return

    return List(source=chosen)


@function(
    "List.Split(list as list, pageSize as number) as list",
    examples=[("List.Split({1..5}, 2)", "{{1, 2}, {3, 4}, {5}}")],
)
def split(items: List, size: Value) -> List:
    """The items in lists of a number each; the last one may be shorter."""
    width = whole(size, "pageSize", least=1)

    def pages() -> Iterator[List]:
        source = iter(items.raw())
        while page := list(islice(source, width)):
            yield List(page)

    return List(source=pages)


@function("List.Single(list as list) as any", examples=[("List.Single({5})", "5")])
def single(items: List) -> Value:
    """The one item; an error when there are none or several."""
    head = items.first(2)
    if not head:
        raise too_few()
    if len(head) > 1:
        message = "There were too many elements in the enumeration to complete the operation."
        raise MError("Expression.Error", message, items)
    return force(head[0])


@function(
    "List.SingleOrDefault(list as list, optional default as any) as any",
    examples=[("List.SingleOrDefault({5})", "5"), ("List.SingleOrDefault({}, 0)", "0")],
)
def single_or_default(items: List, default: Value = None) -> Value:
    """The one item, or the default of an empty list; an error when there are several."""
    return single(items) if items.first(1) else default


@function(
    "List.Select(list as list, selection as function) as list",
    examples=[("List.Select({1, 5, 2, 9}, each _ > 3)", "{5, 9}")],
)
def select(items: List, selection: Function) -> List:
    """The items for which a condition holds."""
    caller(selection, 1)
    return selected(selection, items)


@function("List.RemoveNulls(list as list) as list", examples=[("List.RemoveNulls({1, null, 2})", "{1, 2}")])
def remove_nulls(items: List) -> List:
    """The items that are not null."""
    return List(source=lambda: (item for item in items if plain(item) is not None))


@function(
    "List.FindText(list as list, text as text) as list",
    examples=[('List.FindText({"abc", "xyz", [a = "cab"]}, "ab")', '{"abc", [a = "cab"]}')],
)
def find_text(items: List, wanted: str) -> List:
    """The items that contain a text, records that contain it in any field included."""

    def found(item: Value) -> bool:
        item = plain(item)
        if isinstance(item, Record):
            return any(found(member) for _, member in item.items())
        return isinstance(item, str) and wanted in item

    return List(source=lambda: (item for item in items if found(item)))


@function("List.IsEmpty(list as list) as logical", examples=[("List.IsEmpty({})", "true")])
def is_empty(items: List) -> bool:
    """Whether the list has no items."""
    return not items.first(1)


@function("List.Count(list as list) as number", examples=[("List.Count({5, null, 7})", "3")])
def count_items(items: List) -> int:
    """The number of items."""
    return items.count()


@function("List.NonNullCount(list as list) as number", examples=[("List.NonNullCount({5, null, 7})", "2")])
def non_null_count(items: List) -> int:
    """The number of items that are not null."""
    return sum(1 for item in items.plain() if item is not None)


@function("List.Positions(list as list) as list", examples=[('List.Positions({"a", "b"})', "{0, 1}")])
def positions(items: List) -> List:
    """The position of each item, counted from 0."""
    return List(source=lambda: iter(range(items.count())))


@function("List.Buffer(list as list) as list", examples=[("List.Buffer({1..3})", "{1, 2, 3}")])
def buffer(items: List) -> List:
    """The list with every item evaluated and held in memory."""
    return List(list(items))
