"""Joins: two relations written out side by side, with conditions that PostgreSQL can hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from headwater.engines.postgresql.comparisons import joined
from headwater.engines.postgresql.relation import Builder, Relation, over
from headwater.engines.postgresql.sql import alias, column, ordered, table
from headwater.engines.sql import Sql, both, is_null, negate, whole
from headwater.errors import NotFoldableError
from headwater.plan.nodes import Join


@dataclass(frozen=True, slots=True)
class _Side:
    """A side of a join, written out: everything is qualified with its name."""

    source: Sql
    keys: list[Sql]
    values: dict[str, Sql]
    order: tuple[exp.Ordered, ...]
    present: Sql
    required: frozenset[str]


def joined_relation(node: Join, left: Relation, right: Relation, builder: Builder) -> Relation:
    """The relation of a join of two relations.

    Raises:
        NotFoldableError: its keys are of kinds that do not fold, or can be errors.
    """
    sides = _side(node, 0, left, "l", builder), _side(node, 1, right, "r", builder)
    condition = _condition(node, *sides)
    if node.kind.endswith(("anti", "semi")):
        return _kept_rows(node, sides, condition, builder)
    how = "" if node.kind == "inner" else node.kind.upper()
    query = exp.Select().from_(sides[0].source)
    query = query.join(sides[1].source, on=condition, join_type=how or "INNER", copy=False)
    named = [(builder.hidden(), term) for term in _order(node, *sides)]
    values = {**sides[0].values, **sides[1].values}
    return _written(query, values, named, _required(node, *sides), builder)


def _side(node: Join, at: int, below: Relation, name: str, builder: Builder) -> _Side:
    keys = [node.inputs[at].column(pair[at]) for pair in node.on]
    if any(key.may_fail for key in keys):
        raise NotFoldableError("A key that can be an error does not fold on PostgreSQL.")
    present = builder.hidden()
    below = builder.flush(below, {present: exp.true()})
    values: dict[str, Sql] = {
        identifier: column(identifier, name) for identifier in below.values if identifier != present
    }
    return _Side(
        table(below.source.name, name),
        [column(key.id, name) for key in keys],
        values,
        tuple(over(term, column(term.this.name, name)) for term in below.order),
        column(present, name),
        below.required,
    )


def _condition(node: Join, left: _Side, right: _Side) -> Sql:
    conditions = []
    for (a, b), one, other in zip(node.on, left.keys, right.keys, strict=True):
        kinds = node.left.column(a).type.kind, node.right.column(b).type.kind
        nulls = a not in left.required and b not in right.required
        conditions.append(joined(one, other, kinds, nulls=nulls))
    return both(*conditions)


def _order(node: Join, left: _Side, right: _Side) -> tuple[exp.Ordered, ...]:
    """Left rows in their order, each with its matches in theirs; rows of the right side alone come last."""
    terms = (*left.order, *right.order)
    alone = (ordered(is_null(left.present)),) if terms and node.kind in ("right", "full") else ()
    return (*alone, *terms)


def _required(node: Join, left: _Side, right: _Side) -> frozenset[str]:
    found = left.required if node.kind in ("inner", "left") else frozenset[str]()
    return found | right.required if node.kind in ("inner", "right") else found


def _kept_rows(node: Join, sides: tuple[_Side, _Side], condition: Sql, builder: Builder) -> Relation:
    kept, other = sides if node.kind.startswith("left") else sides[::-1]
    found: Sql = exp.Exists(this=exp.Select().select(whole(1)).from_(other.source).where(condition))
    query = exp.Select().from_(kept.source).where(negate(found) if node.kind.endswith("anti") else found)
    named = [(builder.hidden(), term) for term in kept.order]
    return _written(query, kept.values, named, kept.required, builder)


def _written(
    query: exp.Select,
    values: Mapping[str, Sql],
    named: list[tuple[str, exp.Ordered]],
    required: frozenset[str],
    builder: Builder,
) -> Relation:
    listed = {**values, **{name: term.this for name, term in named}}
    query = query.select(*(alias(value.copy(), name) for name, value in listed.items()))
    order = tuple(over(term, column(name)) for name, term in named)
    return Relation(builder.add(query), {name: column(name) for name in values}, order=order, required=required)
