"""The nodes of :mod:`headwater.plan.reshaping` in DuckDB's SQL: each turns the relation beneath it into its own."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from sqlglot import exp

from headwater.engines.duckdb.aggregates import aggregate, first_error, unless_failed
from headwater.engines.duckdb.comparisons import sort_value
from headwater.engines.duckdb.expressions import compile_expression, failing
from headwater.engines.duckdb.relation import ROW_NUMBER, Builder, Relation, compute, no_error
from headwater.engines.duckdb.scope import Computed
from headwater.engines.duckdb.splitting import Splitting
from headwater.engines.duckdb.sql import alias, cast, coalesce, column, member, ordered, over, packed
from headwater.engines.duckdb.types import as_type, null_of
from headwater.engines.sql import Sql, binary, call, case, is_null, not_null, text, whole
from headwater.errors import NotFoldableError
from headwater.plan.cells import encode_error, error_column
from headwater.plan.conversions import EXPRESSION_ERROR
from headwater.plan.nodes import Column, Reshape
from headwater.plan.reshaping import (
    Alternate,
    ErrorFilter,
    ExpandList,
    Fill,
    Pivot,
    Rank,
    Reverse,
    SplitText,
    Unpivot,
)

_SEVERAL = encode_error(EXPRESSION_ERROR, "There were too many elements in the enumeration to complete the operation.")


@singledispatch
def reshaped(node: Reshape, _below: Relation, _builder: Builder, *, in_order: bool) -> Relation:
    """The relation of a node, from that of its input.

    Args:
        node: the node.
        in_order: somebody sees the order of its rows.

    Raises:
        NotFoldableError: DuckDB has no SQL for this node.
    """
    raise NotFoldableError(f"The engine 'duckdb' has no SQL for {type(node).__name__}.")


# -- rows as they are ----------------------------------------------------------------------------------------------


@reshaped.register
def _errors(node: ErrorFilter, below: Relation, _builder: Builder, *, in_order: bool) -> Relation:
    sentinels = [below.values[error_column(c)] for c in node.checked if error_column(c) in below.values]
    found = not_null(coalesce(*sentinels)) if sentinels else exp.false()
    condition = found if node.keep == "bad" else exp.Paren(this=exp.Not(this=found))
    gone = {error_column(c.id) for c in node.columns if not c.may_fail}
    values = {name: value for name, value in below.values.items() if name not in gone}
    return replace(below, columns=node.columns, values=values, where=(*below.where, condition))


@reshaped.register
def _fill(node: Fill, below: Relation, builder: Builder, *, in_order: bool) -> Relation:
    # Where the rows come in order by themselves, filling down need not sort them.
    streams = below.order is None and node.direction == "down"
    below, rank = builder.single_ranked(below)
    there = {c.id for c in node.columns}
    filled = [node.input.column(identifier) for identifier in node.filled if identifier in there]
    cells = {builder.hidden(): _packed_or_null(c) for c in filled}
    below = builder.flush(builder.flush(below), cells)
    last = _latest if streams else _last_by_rank
    held = {builder.hidden(): last(column(name), rank, node.direction) for name in cells}
    below = builder.flush(below, held)
    values = {name: value for name, value in below.values.items() if name not in cells and name not in held}
    for c, name in zip(filled, held, strict=True):
        values |= _unpacked(c, column(name))
    return replace(below, values=values, order=None if streams else below.order)


def _packed_or_null(c: Column) -> Sql:
    """A cell with its error as one value, null where the cell is null."""
    if not c.may_fail:
        return column(c.id)
    error = column(error_column(c.id))
    return case((_either(column(c.id), error), packed([column(c.id), error])))


def _either(value: Sql, error: Sql) -> Sql:
    """Whether a cell is more than null: a value, or an error."""
    return exp.Paren(this=exp.Or(this=not_null(value), expression=not_null(error)))


def _unpacked(c: Column, held: Sql) -> dict[str, Sql]:
    if not c.may_fail:
        return {c.id: held}
    return compute(c, Computed(member(held, 0), member(held, 1)))


def _latest(value: Sql, rank: Sql, _direction: str) -> Sql:
    """The last value so far that is not null, as rows come."""
    return exp.Window(this=call("arg_max", value, rank), spec=_so_far())


def _last_by_rank(value: Sql, rank: Sql, direction: str) -> Sql:
    """The last value so far that is not null, in the order of the rank or against it."""
    turned = ordered(rank, descending=direction == "up", nulls_first=False)
    last = exp.IgnoreNulls(this=exp.LastValue(this=value))
    return exp.Window(this=last, order=exp.Order(expressions=[turned]), spec=_so_far())


def _so_far() -> exp.WindowSpec:
    return exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")


@reshaped.register
def _reverse(_node: Reverse, below: Relation, builder: Builder, *, in_order: bool) -> Relation:
    if not in_order:
        return below
    below, rank = builder.single_ranked(below)
    bound = builder.bound_of(rank)
    turned = builder.rank(bound)
    below = builder.flush(below, {turned: binary(exp.Sub, whole(bound), rank)})
    return replace(below, order=(ordered(column(turned)),))


@reshaped.register
def _alternate(node: Alternate, below: Relation, builder: Builder, *, in_order: bool) -> Relation:
    number = builder.hidden()
    rows = over(call(ROW_NUMBER), None if below.order is None else list(below.order))
    below = builder.flush(
        replace(below, values={**below.values, number: binary(exp.Sub, rows, whole(1 + node.offset))})
    )
    place = binary(exp.Mod, column(number), whole(node.skip + node.take))
    first = binary(exp.LT, column(number), whole(0))
    kept = exp.Paren(this=exp.Or(this=first, expression=binary(exp.GTE, place, whole(node.skip))))
    return replace(below, where=(*below.where, kept))


@reshaped.register
def _rank(node: Rank, below: Relation, builder: Builder, *, in_order: bool) -> Relation:
    if in_order:
        below = builder.ranked(below)
    terms = []
    for key in node.keys:
        scope = builder.scope()
        value = sort_value(failing(scope, compile_expression(scope, key.expression)), key.expression.type)
        name = builder.hidden()
        below = builder.flush(builder.bind(builder.flush(below), scope), {name: value})
        terms.append(ordered(column(name), descending=key.descending, nulls_first=not key.descending))
    place = over(call("dense_rank" if node.dense else "rank"), terms) if terms else whole(1)
    values = {**below.values, node.added.id: cast(place, "BIGINT")}
    return builder.flush(replace(below, columns=node.columns, values=values))


# -- more rows -----------------------------------------------------------------------------------------------------


@reshaped.register
def _expand_list(node: ExpandList, below: Relation, builder: Builder, *, in_order: bool) -> Relation:
    below = builder.flush(below)
    listed = node.input.column(node.expanded)
    value = column(listed.id)
    nothing = call("list_value", null_of(node.item.type))
    items = case((binary(exp.GT, call("len", value), whole(0)), value), otherwise=nothing)
    relation, item = _multiplied(below, items, builder)
    values = {k: v for k, v in relation.values.items() if k not in (listed.id, error_column(listed.id))}
    error = relation.values.get(error_column(listed.id))
    assert listed.type.item is not None, "a list type has an item type"
    values |= compute(node.item, Computed(as_type(item, listed.type.item, node.item.type), error))
    return replace(relation, columns=node.columns, values=values)


@reshaped.register
def _unpivot(node: Unpivot, below: Relation, builder: Builder, *, in_order: bool) -> Relation:
    below = builder.flush(below)
    cells = []
    for identifier, name in node.unpivoted:
        c = node.input.column(identifier)
        cell = as_type(column(c.id), c.type, node.value.type)
        error = column(error_column(c.id)) if c.may_fail else no_error()
        cells.append(packed([text(name), cell, error]))
    relation, cell = _multiplied(below, call("list_value", *cells), builder)
    gone = {key for one, _ in node.unpivoted for key in (one, error_column(one))}
    values = {k: v for k, v in relation.values.items() if k not in gone}
    values |= compute(node.attribute, Computed(member(cell, 0)))
    values |= compute(node.value, Computed(member(cell, 1), member(cell, 2)))
    value, error = member(cell, 1), member(cell, 2)
    there = _either(value, error) if node.value.may_fail else not_null(value)
    return replace(relation, columns=node.columns, values=values, where=(there,))


def _multiplied(below: Relation, items: Sql, builder: Builder) -> tuple[Relation, Sql]:
    """A written relation with a row for each of the items (a list, never empty), and the item as a column."""
    item, place = builder.hidden(), builder.hidden()
    held = {**below.values, item: items}
    below = builder.flush(replace(below, values=held))
    one = column(item)
    names = [*below.values]
    query = below.select().select(*(alias(column(name), name) for name in names if name != item))
    query = query.select(alias(call("unnest", one), item))
    order = below.order
    if order is not None:
        query = query.select(alias(call("unnest", call("range", call("len", one))), place))
        order = (*order, ordered(column(place)))
        names.append(place)
    relation = builder.read(builder.add(query), below, {name: column(name) for name in names}, order)
    return replace(relation, values={k: v for k, v in relation.values.items() if k not in (item, place)}), one


# -- fewer rows ----------------------------------------------------------------------------------------------------


@reshaped.register
def _pivot(node: Pivot, below: Relation, builder: Builder, *, in_order: bool) -> Relation:
    rank = None
    if in_order:
        below, rank = builder.single_ranked(below)
    scope = builder.scope()
    keys = {builder.hidden(): failing(scope, compile_expression(scope, key.ref)) for key in node.keys}
    attribute = builder.hidden()
    named = failing(scope, compile_expression(scope, node.input.column(node.attribute).ref))
    below = builder.flush(builder.bind(builder.flush(below), scope), {**keys, attribute: named})
    values: dict[str, Sql] = {key.id: column(name) for key, name in zip(node.keys, keys, strict=True)}
    cell = node.input.column(node.value)
    for made, wanted in node.made:
        values |= _pivoted(node, made, cell, binary(exp.EQ, column(attribute), text(wanted)), rank)
    query = below.select().select(*(alias(value, name) for name, value in values.items()))
    order = None
    if rank is not None:
        least = builder.rank(builder.bound_of(rank))
        query = query.select(alias(call("min", rank), least))
        order = (ordered(column(least)),)
    if keys:
        query = query.group_by(*(column(name) for name in keys))
    else:
        query = query.having(binary(exp.GT, call("count", exp.Star()), whole(0)))
    out: dict[str, Sql] = {name: column(name) for name in values}
    out |= {error_column(key.id): no_error() for key in node.keys if key.may_fail}
    return Relation(builder.add(query), node.columns, out, order=order, hazard=below.hazard)


def _pivoted(node: Pivot, made: Column, cell: Column, chosen: Sql, rank: Sql | None) -> dict[str, Sql]:
    """A column of a pivot: over the cells of the group where ``chosen`` holds."""
    value, error = column(cell.id), column(error_column(cell.id)) if cell.may_fail else None
    if node.function == "List.Count":
        return compute(made, Computed(call("count", case((chosen, exp.true())))))
    if node.function is not None:
        result = aggregate(node.function, case((chosen, value)))
        if error is None:
            return compute(made, Computed(result))
        failed = first_error(case((chosen, error)), rank)
        return compute(made, Computed(unless_failed(result, failed), failed))
    several = binary(exp.GT, call("count", case((chosen, exp.true()))), whole(1))
    only = call("any_value", case((chosen, value)))
    failed = case(
        (several, text(_SEVERAL)), otherwise=None if error is None else call("any_value", case((chosen, error)))
    )
    return compute(made, Computed(case((several, null_of(made.type)), otherwise=only), failed))


# -- more columns --------------------------------------------------------------------------------------------------


@reshaped.register
def _split_text(node: SplitText, below: Relation, builder: Builder, *, in_order: bool) -> Relation:
    parts = builder.hidden()
    splitting = Splitting(node.delimiter, node.quotes)
    below = builder.flush(below)
    below = builder.flush(below, {parts: splitting.parts(column(node.split))})
    values = {k: v for k, v in below.values.items() if k not in (node.split, error_column(node.split), parts)}
    error = below.values.get(error_column(node.split))
    for at, made in enumerate(node.made, start=1):
        part = splitting.part(column(node.split), column(parts), at)
        if node.default is not None:
            there = binary(exp.GTE, coalesce(call("len", column(parts)), whole(0)), whole(at))
            absent = text(node.default) if error is None else case((is_null(error), text(node.default)))
            part = case((there, part), otherwise=absent)
        values |= compute(made, Computed(part, error))
    return replace(below, columns=node.columns, values=values)
