"""The greatest and least items of a list; nulls count only where they are asked for."""

from __future__ import annotations

from itertools import takewhile

from headwater.powerquery.library.criteria import (
    Ordering,
    count_or_condition,
    extreme,
    orderings_of,
    sorted_by,
)
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.list.folds import of_items
from headwater.powerquery.values.core import List, Value, plain


def _considered(items: List, include_nulls: bool | None) -> list[Value]:
    return [item for item in items if include_nulls or plain(item) is not None]


@function(
    "List.Max(list as list, optional default as any, optional comparisonCriteria as any, optional includeNulls as"
    " nullable logical) as any",
    examples=[
        ("List.Max({1, null, 5, 2})", "5"),
        ("List.Max({}, 0)", "0"),
        ('List.Max({"a", "ccc", "bb"}, null, each Text.Length(_))', '"ccc"'),
    ],
    fold=of_items("List.Max"),
)
def maximum(items: List, default: Value = None, criteria: Value = None, include_nulls: bool | None = None) -> Value:
    """The greatest item, or the default where there is none."""
    found = extreme(_considered(items, include_nulls), orderings_of(criteria), greatest=True)
    return found[0] if found else default


@function(
    "List.Min(list as list, optional default as any, optional comparisonCriteria as any, optional includeNulls as"
    " nullable logical) as any",
    examples=[("List.Min({4, null, 2, 5})", "2"), ("List.Min({null}, 0)", "0")],
    fold=of_items("List.Min"),
)
def minimum(items: List, default: Value = None, criteria: Value = None, include_nulls: bool | None = None) -> Value:
    """The least item, or the default where there is none."""
    found = extreme(_considered(items, include_nulls), orderings_of(criteria), greatest=False)
    return found[0] if found else default


def _leading(ordered: list[Value], wanted: Value) -> List:
    chosen = count_or_condition(1 if plain(wanted) is None else wanted)
    return List(ordered[:chosen] if isinstance(chosen, int) else list(takewhile(chosen, ordered)))


@function(
    "List.MaxN(list as list, countOrCondition as any, optional comparisonCriteria as any, optional includeNulls as"
    " nullable logical) as list",
    examples=[("List.MaxN({4, 9, 2, 5}, 2)", "{9, 5}"), ("List.MaxN({4, 9, 2, 5}, each _ > 3)", "{9, 5, 4}")],
)
def max_n(items: List, wanted: Value, criteria: Value = None, include_nulls: bool | None = None) -> List:
    """The greatest items in falling order: a number of them (1 where it is null), or while a condition holds."""
    turned = [Ordering(o.key, o.compare, not o.descending) for o in orderings_of(criteria)]
    return _leading(sorted_by(_considered(items, include_nulls), turned), wanted)


@function(
    "List.MinN(list as list, countOrCondition as any, optional comparisonCriteria as any, optional includeNulls as"
    " nullable logical) as list",
    examples=[("List.MinN({4, 9, 2, 5}, 2)", "{2, 4}"), ("List.MinN({4, 9, 2, 5}, each _ < 5)", "{2, 4}")],
)
def min_n(items: List, wanted: Value, criteria: Value = None, include_nulls: bool | None = None) -> List:
    """The least items in rising order: a number of them (1 where it is null), or while a condition holds."""
    return _leading(sorted_by(_considered(items, include_nulls), orderings_of(criteria)), wanted)
