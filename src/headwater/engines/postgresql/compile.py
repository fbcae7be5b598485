"""Plan to PostgreSQL's SQL: each node turns the relations of its inputs into its own.

A database's table has no order, so only what a step has sorted is kept in order: its terms travel as hidden columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatchmethod

from sqlglot import exp

from headwater.engines.postgresql.aggregates import OVERFLOWING, aggregate
from headwater.engines.postgresql.expressions import (
    compile_condition,
    compile_expression,
    without_error,
)
from headwater.engines.postgresql.joins import joined_relation
from headwater.engines.postgresql.relation import Builder, Relation, over
from headwater.engines.postgresql.sql import alias, cast, column, is_simple, ordered, ordinal, row_number
from headwater.engines.postgresql.types import as_type, output, sql_type
from headwater.engines.sql import Sql, binary, call, whole
from headwater.errors import NotFoldableError
from headwater.plan.cells import error_column
from headwater.plan.databases import Database, DatabaseScan, TableName
from headwater.plan.expressions import Literal
from headwater.plan.nodes import (
    Aggregate,
    AggregateCall,
    Column,
    Distinct,
    Filter,
    Join,
    Node,
    Project,
    Slice,
    Sort,
    topological,
)
from headwater.plan.types import Kind


class Compiler:
    """Compiles the nodes of plans over one database.

    Args:
        database: whose scans are compiled; those of another are refused.
        careful: refuse what could end in an error of PostgreSQL where M has a value.
        ordinal_text: whether texts can be put in the order of their code points there.
    """

    def __init__(self, database: Database, *, careful: bool = False, ordinal_text: bool = True) -> None:
        self._database = database
        self._careful = careful
        self._ordinal_text = ordinal_text
        self._builder = Builder()
        self._done: dict[int, Relation] = {}

    def accepted(self, nodes: Sequence[Node]) -> frozenset[int]:
        """Which of the nodes (by ``id``), inputs first, compile with all that is below them."""
        open_nodes: set[int] = set()
        for node in nodes:
            known = all(id(below) in self._done and id(below) in open_nodes for below in node.inputs)
            if not known:
                continue
            try:
                self._done[id(node)] = self._relation(node)
            except NotFoldableError:
                continue
            if not isinstance(node, DatabaseScan) or node.foldable:
                open_nodes.add(id(node))
        return frozenset(self._done)

    def statement(self, plan: Node) -> str:
        """The SQL of a plan that compiles; its columns come each with its sentinel, where it can be an error.

        Raises:
            NotFoldableError: it does not compile.
        """
        for node in topological(plan):
            self._done[id(node)] = self._relation(node)
        relation = self._done[id(plan)]
        # ORDER BY takes a name for that of a result's column first, whose value can be another's.
        relation = self._builder.flush(relation) if relation.order else relation
        items = []
        for c in plan.columns:
            items.append(alias(output(relation.values[c.id], c.type), c.id))
            if c.may_fail:
                items.append(alias(cast(relation.values[error_column(c.id)], "TEXT"), error_column(c.id)))
        query = relation.select().select(*items)
        return self._builder.statement(query.order_by(*relation.order) if relation.order else query)

    def _below(self, node: Node) -> Relation:
        return self._done[id(node.inputs[0])]

    @singledispatchmethod
    def _relation(self, node: Node) -> Relation:
        raise NotFoldableError(f"PostgreSQL does not fold {type(node).__name__}.")

    @_relation.register
    def _scan(self, node: DatabaseScan) -> Relation:
        if node.database != self._database:
            raise NotFoldableError("The rows come from another database.")
        if isinstance(node.relation, TableName):
            source: Sql = exp.Table(this=_exact(node.relation.name), db=_exact(node.relation.schema))
        else:
            source = self._builder.native(node.relation.text)
        stored = zip(node.columns, node.physical, node.native, strict=True)
        values = {c.id: _stored(c, physical, native) for c, physical, native in stored}
        return Relation(source, values, required=node.required)

    @_relation.register
    def _project(self, node: Project) -> Relation:
        below, values, required = self._below(node), dict[str, Sql](), set[str]()
        compiled = [(c, e, compile_expression(e, careful=self._careful)) for c, e in node.items]
        parts = [part for _, _, one in compiled for part in (one.value, one.error) if part is not None]
        below = self._builder.computable(below, parts)
        for c, expression, one in compiled:
            values[c.id] = below.over_source(as_type(one.value, expression.type, c.type))
            if c.may_fail:
                values[error_column(c.id)] = (
                    cast(exp.null(), "TEXT") if one.error is None else below.over_source(one.error)
                )
            elif one.error is not None:
                raise NotFoldableError(f"Column '{c.id}' can fail, and its plan says that it cannot.")
            if isinstance(one.value, exp.Column) and getattr(expression, "id", None) in below.required:
                required.add(c.id)
        return replace(below, values=values, required=frozenset(required))

    @_relation.register
    def _filter(self, node: Filter) -> Relation:
        self._check_text_order(node)
        condition = compile_condition(node.predicate, careful=self._careful)
        below = self._builder.computable(self._below(node), [condition])
        return replace(below, where=(*below.where, below.over_source(condition)))

    @_relation.register
    def _sort(self, node: Sort) -> Relation:
        self._check_text_order(node)
        terms = []
        for key in node.keys:
            if isinstance(key.expression, Literal):
                continue
            value = without_error(compile_expression(key.expression, careful=self._careful), "A key to sort by")
            value = ordinal(value) if key.expression.type.kind is Kind.TEXT else value
            terms.append(ordered(value, descending=key.descending))
        below = self._builder.computable(self._below(node), [term.this for term in terms])
        over_source = tuple(over(term, below.over_source(term.this)) for term in terms)
        return replace(below, order=(*over_source, *below.order))

    @_relation.register
    def _slice(self, node: Slice) -> Relation:
        below = self._below(node)
        named = [(self._builder.hidden(), term) for term in below.order]
        values = below.values | {name: term.this for name, term in named}
        query = below.select().select(*(alias(value.copy(), name) for name, value in values.items()))
        query = query.order_by(*(over(term, column(name)) for name, term in named)) if named else query
        query = query if node.count is None else query.limit(whole(node.count))
        query = query.offset(whole(node.offset)) if node.offset else query
        return self._read(query, list(below.values), named, below.required)

    @_relation.register
    def _distinct(self, node: Distinct) -> Relation:
        ids = node.keys or tuple(c.id for c in node.columns)
        below = self._plain(self._below(node), [node.input.column(name) for name in ids])
        keys = [column(name) for name in ids]  # of the result: that is where SQL looks a name up first
        named = [(self._builder.hidden(), term) for term in below.order]
        values = below.values | {name: term.this for name, term in named}
        query = below.select().select(*(alias(value.copy(), name) for name, value in values.items()))
        query = query.distinct(*(key.copy() for key in keys))
        if below.order:
            terms = (over(term, column(name)) for name, term in named)
            query = query.order_by(*(ordered(key.copy()) for key in keys), *terms)
        return self._read(query, list(below.values), named, below.required)

    @_relation.register
    def _aggregate(self, node: Aggregate) -> Relation:
        below = self._plain(self._below(node), [node.input.column(name) for name in node.keys])
        below, rank = self._ranked(below)
        made = {c.id: self._aggregated(c, one, below) for c, one in node.aggregates}
        values = {name: below.values[name] for name in node.keys} | made
        named = [] if rank is None else [(self._builder.hidden(), ordered(call("min", column(rank))))]
        listed = values | {name: term.this for name, term in named}
        query = below.select().select(*(alias(value.copy(), name) for name, value in listed.items()))
        if node.keys:
            query = query.group_by(*(below.values[name].copy() for name in node.keys))
        else:  # without keys SQL has a group even where there are no rows; M has none
            query = query.having(binary(exp.GT, call("count", exp.Star()), whole(0)))
        return self._read(query, list(values), named, frozenset(node.keys) & below.required)

    def _ranked(self, below: Relation) -> tuple[Relation, str | None]:
        """The relation with a hidden column that numbers its rows in their order; None where they have none."""
        if not below.order:
            return below, None
        below = self._builder.flush(below)
        rank = self._builder.hidden()
        numbered = self._builder.flush(replace(below, order=()), {rank: row_number(list(below.order))})
        return numbered, rank

    def _aggregated(self, result: Column, one: AggregateCall, below: Relation) -> Sql:
        if result.may_fail or (self._careful and one.function in OVERFLOWING):
            raise NotFoldableError(f"'{one.function}' of what can be an error does not fold on PostgreSQL.")
        if one.argument is None:
            return aggregate(one.function, None, None)
        if one.argument.type.kind is Kind.TEXT and not self._ordinal_text and one.function != "List.NonNullCount":
            raise NotFoldableError("The database does not compare texts by code point.")
        value = without_error(compile_expression(one.argument, careful=self._careful), "An aggregate")
        return aggregate(one.function, below.over_source(value), one.argument.type)

    @_relation.register
    def _join(self, node: Join) -> Relation:
        return joined_relation(node, self._done[id(node.left)], self._done[id(node.right)], self._builder)

    def _plain(self, below: Relation, keys: Sequence[Column]) -> Relation:
        """The relation with keys that are columns of its source, and no errors.

        Raises:
            NotFoldableError: a key can be an error.
        """
        if any(key.may_fail for key in keys):
            raise NotFoldableError("A key that can be an error does not fold on PostgreSQL.")
        return below if all(is_simple(below.values[key.id]) for key in keys) else self._builder.flush(below)

    def _read(
        self, query: exp.Select, names: list[str], hidden: list[tuple[str, exp.Ordered]], required: frozenset[str]
    ) -> Relation:
        """What is left of a query once it is written out: plain columns, in an order by hidden ones."""
        source = self._builder.add(query)
        order = tuple(over(term, column(name)) for name, term in hidden)
        return Relation(source, {name: column(name) for name in names}, order=order, required=required)

    def _check_text_order(self, node: Filter | Sort) -> None:
        if not self._ordinal_text and any(c.type.kind is Kind.TEXT for c in node.columns):
            raise NotFoldableError("The database does not compare texts by code point.")


def _exact(name: str) -> exp.Identifier | None:
    return exp.to_identifier(name, quoted=True) if name else None


_AS_THEY_ARE = {
    Kind.TEXT: frozenset({"text", "varchar"}),
    Kind.INT64: frozenset({"int2", "int4", "int8", "collated int2", "collated int4", "collated int8"}),
    Kind.DOUBLE: frozenset({"float8", "collated float8"}),
}
"""What needs no cast to be compared and computed with, so that an index serves it."""


def _stored(c: Column, physical: str, native: str) -> Sql:
    stored = column(physical)
    if c.type.kind not in _AS_THEY_ARE or native in _AS_THEY_ARE[c.type.kind]:
        return stored
    converted = cast(stored, sql_type(c.type))
    return ordinal(converted) if c.type.kind is Kind.TEXT else converted
