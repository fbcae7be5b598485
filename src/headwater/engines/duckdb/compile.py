"""Plan to SQL: each node turns the relations of its inputs into its own.

Order is decided from the top (who observes it), everything else from the bottom. See :mod:`headwater.plan.order` for
which nodes lose order; here, a node below which order is needed carries terms to sort by (row numbers, sort keys).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatchmethod
from typing import TypeAlias

import pyarrow as pa
from sqlglot import exp

from headwater.engines.csv import inspect_csv
from headwater.engines.duckdb import scans
from headwater.engines.duckdb.aggregates import aggregate, first_error, unless_failed
from headwater.engines.duckdb.comparisons import join_keys, sort_value
from headwater.engines.duckdb.expressions import compile_expression, failing
from headwater.engines.duckdb.relation import (
    ROW_NUMBER,
    Builder,
    Relation,
    compute,
    limited,
    no_error,
    over_column,
)
from headwater.engines.duckdb.reshaping import reshaped
from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.sql import alias, cast, column, is_simple, ordered, over, packed, same, table
from headwater.engines.duckdb.types import as_type, null_of
from headwater.engines.lookups import Lookup
from headwater.engines.sizes import ROWS_BOUND, estimates, row_bound
from headwater.engines.sql import Sql, binary, both, call, is_null, text, whole
from headwater.errors import EngineError, NotFoldableError
from headwater.plan.cells import error_column
from headwater.plan.conversions import INT64_MAX
from headwater.plan.databases import Fetch
from headwater.plan.nodes import (
    Aggregate,
    ArrowScan,
    Column,
    CsvScan,
    Distinct,
    Filter,
    Index,
    Join,
    Node,
    ParquetScan,
    Project,
    Reshape,
    Slice,
    Sort,
    Union,
    topological,
)
from headwater.plan.nodes import Call as CallNode

StreamNode: TypeAlias = CsvScan | CallNode | Fetch | Lookup
"""What somebody else than DuckDB reads or makes."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled fragment: its SQL, the Arrow tables and the streams that it reads by name, and its columns.

    ``repeated`` are the names that it reads more than once, which a stream cannot be. ``lookup`` is the stream that its
    rows are, unchanged.
    """

    sql: str
    columns: tuple[Column, ...]
    tables: Mapping[str, pa.Table]
    streams: Mapping[str, StreamNode]
    repeated: frozenset[str]
    lookup: Lookup | None = None


def compile_fragment(plan: Node, *, in_order: bool) -> Statement:
    """The statement for a plan down to its calls and to the files that DuckDB does not read, which are its streams.

    Raises:
        MError: DataSource.Error, a file is missing.
        NotFoldableError: the plan uses what DuckDB is not declared to fold.
    """
    return _Compiler(plan, in_order=in_order).statement()


def fragment_nodes(plan: Node) -> list[Node]:
    """The nodes of a fragment, inputs first; calls and lookups count as leaves."""
    return topological(plan, lambda node: () if isinstance(node, CallNode | Lookup) else node.inputs)


def observed_order(nodes: list[Node], *, in_order: bool) -> set[int]:
    """The nodes (by ``id``) whose rows' order somebody sees."""
    observed = {id(nodes[-1])} if in_order else set()
    for node in reversed(nodes):
        below = {id(child) for child in node.inputs}
        observes = isinstance(node, Slice | Index | CallNode) or (
            isinstance(node, Reshape) and node.order == "observes"
        )
        if observes or (isinstance(node, Distinct) and node.keys) or id(node) in observed:
            observed |= below
    return observed


def _numbered(nodes: list[Node], observed: set[int]) -> set[int]:
    """The nodes (by ``id``) whose rows' order is needed as a number, not only as the order they come in."""
    numbered: set[int] = set()
    for node in reversed(nodes):
        counts = isinstance(node, Index) or (isinstance(node, Distinct) and node.keys)
        counts = counts or (isinstance(node, Reshape) and node.order == "observes")
        restores = id(node) in observed and isinstance(node, Sort | Join | Aggregate | Distinct | Reshape)
        passes_on = id(node) in numbered and isinstance(node, Project | Filter | Union | Reshape)
        if counts or restores or passes_on:
            numbered |= {id(child) for child in node.inputs}
    return numbered


class _Compiler:
    def __init__(self, plan: Node, *, in_order: bool) -> None:
        self._plan = plan
        self._nodes = fragment_nodes(plan)
        self._observed = observed_order(self._nodes, in_order=in_order)
        self._numbered = _numbered(self._nodes, self._observed)
        self._in_order = in_order
        self._builder = Builder()
        self._done: dict[int, Relation] = {}
        self._rows = estimates(plan)
        self._tables: dict[str, pa.Table] = {}
        self._streams: dict[str, StreamNode] = {}

    def statement(self) -> Statement:
        for node in self._nodes:
            bounds = [self._done[id(below)].bound if id(below) in self._done else ROWS_BOUND for below in node.inputs]
            self._done[id(node)] = replace(self._relation(node), bound=row_bound(node, bounds))
        sql, repeated = self._builder.finish(self._done[id(self._plan)], in_order=self._in_order)
        lookup = self._plan if isinstance(self._plan, Lookup) else None
        return Statement(sql, self._plan.columns, self._tables, self._streams, repeated, lookup)

    def _below(self, node: Node) -> Relation:
        return self._done[id(node.inputs[0])]

    def _sees_order(self, node: Node) -> bool:
        return id(node) in self._observed

    @singledispatchmethod
    def _relation(self, node: Node) -> Relation:
        raise NotFoldableError(f"The engine 'duckdb' has no SQL for {type(node).__name__}.")

    # Scans

    @_relation.register
    def _csv_scan(self, node: CsvScan) -> Relation:
        if scans.reads_fast(node):
            shape = inspect_csv(node.path, node.delimiter, node.quote, node.encoding)
            if shape.ordinary and (node.quoted_breaks or not shape.quoted_breaks):
                # DuckDB passes over lines, and those in quotes are no rows.
                first = node.skip_rows if shape.quoted_breaks else 0
                function = scans.csv_function([node], shape, skip_rows=node.skip_rows - first)
                scan = Relation(function, node.columns, _plain_values(node.columns))
                return self._limited(scan, first, node.max_rows) if first or node.max_rows is not None else scan
        return self._stream(node, "csv")

    def _csv_files(self, nodes: Sequence[CsvScan]) -> Relation | None:
        """Files that differ in nothing but their path, read by one function in their order; None if any is unusual."""
        if not all(scans.reads_fast(node) for node in nodes):
            return None
        shapes = [inspect_csv(node.path, node.delimiter, node.quote, node.encoding) for node in nodes]
        if not all(shape.ordinary and not shape.quoted_breaks for shape in shapes):
            return None
        first = nodes[0]
        function = scans.csv_function(nodes, shapes[0], skip_rows=first.skip_rows)
        return Relation(function, first.columns, _plain_values(first.columns))

    @_relation.register
    def _parquet_scan(self, node: ParquetScan) -> Relation:
        if not node.paths:
            return self._arrow(pa.schema([]).empty_table(), node.columns)
        return Relation(scans.parquet_function(node), node.columns, scans.parquet_values(node))

    @_relation.register
    def _arrow_scan(self, node: ArrowScan) -> Relation:
        return self._arrow(node.table, node.columns)

    @_relation.register
    def _call(self, node: CallNode) -> Relation:
        return self._stream(node, "call")

    @_relation.register
    def _lookup(self, node: Lookup) -> Relation:
        return self._stream(node, "lookup")

    @_relation.register
    def _fetch(self, node: Fetch) -> Relation:
        return self._stream(node, "fetched")

    def _arrow(self, rows: pa.Table, columns: tuple[Column, ...]) -> Relation:
        name = f"rows_{len(self._tables) + 1}"
        if not rows.num_columns:
            nulls = {c.id: null_of(c.type) for c in columns}
            nulls.update({error_column(c.id): no_error() for c in columns if c.may_fail})
            return Relation(call("range", whole(0)), columns, nulls)
        self._tables[name] = rows
        values = _plain_values(columns)
        # Rows made in memory may lack a sentinel column where no cell is an error.
        values.update({key: no_error() for key in values if key not in rows.column_names})
        return Relation(table(name), columns, values)

    def _stream(self, node: StreamNode, kind: str) -> Relation:
        name = f"{kind}_{len(self._streams) + 1}"
        self._streams[name] = node
        return Relation(table(name), node.columns, _plain_values(node.columns))

    # Row by row

    @_relation.register
    def _project(self, node: Project) -> Relation:
        scope = self._builder.scope()
        values: dict[str, Sql] = {}
        below = self._below(node)
        for item, expression in node.items:
            computed = compile_expression(scope, expression)
            if computed.error is not None and not item.may_fail:
                raise EngineError(f"Column '{item.id}' can fail, and its plan says that it cannot.")
            converted = as_type(computed.value, expression.type, item.type)
            values |= compute(item, Computed(converted, computed.error))
        below = self._computable(below, scope, list(values.values()))
        return replace(below, columns=node.columns, values={k: below.value_of(v) for k, v in values.items()})

    def _computable(self, below: Relation, scope: Scope, values: list[Sql]) -> Relation:
        """``below``, written out if ``values`` would otherwise compute something twice."""
        below = self._builder.bind(below, scope)
        renamed = [value for value in values if isinstance(value, exp.Column)]
        used = [value.name for value in renamed if not _is_plain(below, value)]
        inlined = any(below.computes(value) for value in values if not isinstance(value, exp.Column))
        return self._builder.flush(below) if inlined or len(used) != len(set(used)) else below

    @_relation.register
    def _filter(self, node: Filter) -> Relation:
        scope = self._builder.scope()
        predicate = compile_expression(scope, node.predicate)
        below = self._below(node)
        if predicate.error is None:
            below = self._computable(below, scope, [predicate.value])
            return replace(below, where=(*below.where, below.value_of(predicate.value)))
        if below.where or below.hazard:
            # Only rows that got as far as here may end the query, wherever the optimizer would like to check.
            below, fence = self._builder.fenced(below)
            condition = failing(scope, predicate, unless=fence)
        else:
            condition = failing(scope, predicate)
        below = self._computable(below, scope, [condition])
        return replace(below, where=(*below.where, below.value_of(condition)))

    # Order

    @_relation.register
    def _sort(self, node: Sort) -> Relation:
        if not self._sees_order(node):
            return self._below(node)
        below = self._builder.ranked(self._below(node))
        scope = self._builder.scope()
        keys = []
        for key in node.keys:
            value = failing(scope, compile_expression(scope, key.expression))
            keys.append((sort_value(value, key.expression.type), key.descending))
        below = self._computable(below, scope, [value for value, _ in keys])
        if any(key.expression.may_fail for key in node.keys):
            # A window takes no order that can end the query, and somebody may number the rows.
            checked = {self._builder.hidden(): value for value, _ in keys}
            below = self._builder.flush(below, checked)
            keys = [(column(name), descending) for name, (_, descending) in zip(checked, keys, strict=True)]
        terms = [
            ordered(value, descending=descending, nulls_first=not descending)
            for value, descending in ((below.value_of(value), descending) for value, descending in keys)
            # SQL takes a constant to sort by for the number of a column.
            if isinstance(value, exp.Column) or not is_simple(value)
        ]
        assert below.order is not None, "ranked just before"
        return replace(below, order=(*terms, *below.order))

    @_relation.register
    def _slice(self, node: Slice) -> Relation:
        return self._limited(self._below(node), node.offset, node.count)

    def _limited(self, below: Relation, offset: int, rows: int | None) -> Relation:
        query = below.select().select(*(alias(value, name) for name, value in below.values.items()))
        if below.order is not None:
            query = query.order_by(*below.order)
        source = self._builder.add(limited(query, offset, rows))
        # Nothing is evaluated on rows that a limit cut off, so there is no hazard above it.
        return Relation(source, below.columns, {name: column(name) for name in below.values})

    @_relation.register
    def _index(self, node: Index) -> Relation:
        below = self._below(node)
        rank = self._builder.rank(below.bound + 1)
        number = over(call(ROW_NUMBER), None if below.order is None else list(below.order))
        natural = below.order is None
        below = self._builder.flush(replace(below, values={**below.values, rank: number}))
        steps = binary(exp.Mul, binary(exp.Sub, column(rank), whole(1)), whole(node.step))
        value = cast(binary(exp.Add, whole(node.start), steps), "BIGINT")
        return replace(
            below,
            columns=node.columns,
            values={**below.values, **compute(node.added, Computed(value))},
            order=None if natural else (ordered(column(rank)),),
        )

    # Many rows to one

    @_relation.register
    def _aggregate(self, node: Aggregate) -> Relation:
        scope = self._builder.scope()
        arguments = [
            (item, one.function, None if one.argument is None else compile_expression(scope, one.argument))
            for item, one in node.aggregates
        ]
        used = [v for _, _, a in arguments if a is not None for v in (a.value, a.error) if v is not None]
        below, keys, rank = self._grouped_input(node, node.keys, scope, used)
        values = dict(keys)
        for item, function, argument in arguments:
            value = aggregate(function, None if argument is None else below.value_of(argument.value))
            error = None
            if argument is not None and argument.error is not None:
                error = first_error(below.value_of(argument.error), rank)
                value = unless_failed(value, error)
            values |= compute(item, Computed(value, error))
        query = _grouped(below, values, list(keys.values()))
        return self._from_groups(query, node.columns, list(values), below, rank)

    @_relation.register
    def _distinct(self, node: Distinct) -> Relation:
        ids = node.keys or tuple(c.id for c in node.columns)
        below, keys, rank = self._grouped_input(node, ids, self._builder.scope(), [])
        others = [name for c in node.columns if c.id not in keys for name in _plain_values((c,))]
        values, first = dict(keys), self._builder.hidden()
        if others:
            assert rank is not None, "a distinct by some columns sees order"
            values[first] = call("arg_min", packed([below.values[name] for name in others]), rank)
        query = _grouped(below, values, list(keys.values()))
        relation = self._from_groups(query, node.columns, list(values), below, rank)
        taken = {name: call("struct_extract", column(first), text(str(at))) for at, name in enumerate(others)}
        values = {name: column(name) for name in keys} | taken
        return replace(relation, values=_with_good_keys(node.columns, values))

    def _grouped_input(
        self, node: Aggregate | Distinct, ids: tuple[str, ...], scope: Scope, used: list[Sql]
    ) -> tuple[Relation, dict[str, Sql], Sql | None]:
        """The input ready to be grouped: its keys, as columns, and the rank of its rows where first ones count.

        An error in a key ends the query. ``used`` are further expressions of the same scope.
        """
        below, rank = self._below(node), None
        if self._sees_order(node) or (isinstance(node, Distinct) and node.keys):
            below, rank = self._builder.single_ranked(below)
        keys = {name: failing(scope, compile_expression(scope, node.input.column(name).ref)) for name in ids}
        below = self._computable(below, scope, [*keys.values(), *used])
        if not all(isinstance(below.value_of(key), exp.Column) for key in keys.values()):
            hidden = {name: self._builder.hidden() for name in keys}
            below = self._builder.flush(below, {hidden[name]: key for name, key in keys.items()})
            keys = {name: column(hidden[name]) for name in keys}
        return below, {name: below.value_of(key) for name, key in keys.items()}, rank

    def _from_groups(
        self, query: exp.Select, columns: tuple[Column, ...], names: list[str], below: Relation, rank: Sql | None
    ) -> Relation:
        order = None
        if rank is not None:
            least = self._builder.rank(self._builder.bound_of(rank))
            query = query.select(alias(call("min", rank), least))
            order = (ordered(column(least)),)
        values = _with_good_keys(columns, {name: column(name) for name in names})
        # What is said of a key can be checked on the rows beneath, so their hazard stays.
        hazard = below.hazard or bool(below.where)
        return Relation(self._builder.add(query), columns, values, order=order, hazard=hazard)

    @_relation.register
    def _reshape(self, node: Reshape) -> Relation:
        return reshaped(node, self._below(node), self._builder, in_order=self._sees_order(node))

    # Several inputs

    @_relation.register
    def _join(self, node: Join) -> Relation:
        in_order = self._sees_order(node)
        kept = {"left": "l", "righ": "r"}[node.kind[:4]] if node.kind.endswith(("anti", "semi")) else None
        left = self._joined_side(node, 0, "l", ranked=in_order and kept != "r")
        right = self._joined_side(node, 1, "r", ranked=in_order and kept != "l")
        condition = both(*(same(a, b) for a, b in zip(left.keys, right.keys, strict=True)))
        # The engine keeps the second side in memory.
        larger_second = kept is None and self._rows[id(node.right)] > self._rows[id(node.left)]
        sides = [right, left] if kept == "r" or larger_second else [left, right]
        how = _MIRRORED.get(node.kind, node.kind) if larger_second else node.kind.split("_")[-1]
        query = exp.Select().from_(sides[0].source).join(sides[1].source, on=condition, join_type=how, copy=False)
        values = dict(sides[0].values) if kept else {**left.values, **right.values}
        order = self._joined_order(node, left, right, sides[0] if kept else None) if in_order else None
        whole_pair = kept is None and bool(left.order and right.order)
        joined = Relation(exp.null(), node.columns, values, order=order, hazard=True, joined=whole_pair)
        return self._written_join(query, joined)

    def _joined_side(self, node: Join, at: int, name: str, *, ranked: bool) -> _Side:
        below, scope = self._done[id(node.inputs[at])], self._builder.scope()
        keys: list[Sql] = []
        for pair in node.on:
            own, other = node.inputs[at].column(pair[at]), node.inputs[1 - at].column(pair[1 - at])
            value = failing(scope, compile_expression(scope, own.ref))
            keys.extend(join_keys(scope, value, own.type, other.type))
        below = self._computable(below, scope, keys)
        named = {self._builder.hidden(): key for key in keys}
        present = self._builder.hidden()
        extra: dict[str, Sql] = {**named, present: exp.true()}
        if not ranked:
            below = self._builder.flush(replace(below, order=None), extra)
        elif below.order is None:
            rank = self._builder.rank(below.bound + 1)
            below = self._builder.flush(below, {**extra, rank: over(call(ROW_NUMBER))})
            below = replace(below, order=(ordered(column(rank)),))
        else:
            below = self._builder.flush(below, extra)
        return _Side(
            exp.Table(this=below.source.this, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True))),
            [column(key, name) for key in named],
            {key: column(key, name) for key in _plain_values(below.columns)},
            tuple(over_column(term, term.this.name, name) for term in below.order or ()),
            column(present, name),
        )

    @staticmethod
    def _joined_order(node: Join, left: _Side, right: _Side, kept: _Side | None) -> tuple[exp.Ordered, ...]:
        if kept is not None:
            return kept.order
        # Rows of the right side alone come after all others.
        alone = (ordered(is_null(left.present)),) if node.kind in ("right", "full") else ()
        return (*alone, *left.order, *right.order)

    def _written_join(self, query: exp.Select, joined: Relation) -> Relation:
        values, order = dict(joined.values), joined.order
        if order is not None:
            named = [(self._builder.hidden(), term) for term in order]
            values |= {name: term.this for name, term in named}
            for name, term in named:
                self._builder.known_as(name, term.this)
            order = tuple(over_column(term, name) for name, term in named)
        query = query.select(*(alias(value, name) for name, value in values.items()))
        return self._builder.read(self._builder.add(query), joined, values, order)

    @_relation.register
    def _union(self, node: Union) -> Relation:
        members = [self._done[id(member)] for member in node.members]
        if not members:
            return self._arrow(pa.schema([]).empty_table(), node.columns)
        if scans.alike(node.members):
            together = self._csv_files(node.members)
            if together is not None:
                return replace(
                    together, columns=node.columns, values=_as_columns(together, together.columns, node.columns)
                )
        lost = self._sees_order(node) and any(member.order is not None for member in members)
        ranks, rank = list[Sql](), ""
        if lost or id(node) in self._numbered:
            # DuckDB before 2.0 can number a union's rows in the wrong order, so each member numbers its own.
            members, ranks, bound = self._ranked_members(members)
            rank = self._builder.rank(bound)
        queries = []
        for at, (below, member) in enumerate(zip(members, node.members, strict=True)):
            extra = {rank: ranks[at]} if ranks else {}
            values = _as_columns(below, member.columns, node.columns) | extra
            queries.append(below.select().select(*(alias(value, name) for name, value in values.items())))
        source = self._builder.add(exp.union(*queries, distinct=False, copy=False) if queries[1:] else queries[0])
        return Relation(
            source,
            node.columns,
            _plain_values(node.columns),
            order=(ordered(column(rank)),) if ranks else None,
            hazard=any(member.hazard or bool(member.where) for member in members),
        )

    def _ranked_members(self, members: list[Relation]) -> tuple[list[Relation], list[Sql], int]:
        """The members of a union with ranks, each member's beyond those of the ones before, and a bound of them all."""
        pairs = [self._builder.single_ranked(member) for member in members]
        stride = max(self._builder.bound_of(rank) for _, rank in pairs)
        if stride * len(members) > INT64_MAX:
            pairs = [self._builder.single_ranked(member, afresh=True) for member in members]
            stride = ROWS_BOUND + 1
        ranks = [binary(exp.Add, whole(at * stride), rank) for at, (_, rank) in enumerate(pairs)]
        return [relation for relation, _ in pairs], ranks, stride * len(members)


_MIRRORED = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class _Side:
    """A side of a join, written out: everything is qualified with its name."""

    source: Sql
    keys: list[Sql]
    values: dict[str, Sql]
    order: tuple[exp.Ordered, ...]
    present: Sql


def _plain_values(columns: tuple[Column, ...]) -> dict[str, Sql]:
    """The columns and their sentinels, under their own names."""
    names = [name for c in columns for name in ((c.id, error_column(c.id)) if c.may_fail else (c.id,))]
    return {name: column(name) for name in names}


def _as_columns(relation: Relation, have: tuple[Column, ...], want: tuple[Column, ...]) -> dict[str, Sql]:
    """The relation's values by position, under the names and in the types of ``want``."""
    values: dict[str, Sql] = {}
    for old, new in zip(have, want, strict=True):
        error = relation.values[error_column(old.id)] if old.may_fail else None
        values |= compute(new, Computed(as_type(relation.values[old.id], old.type, new.type), error))
    return values


def _with_good_keys(columns: tuple[Column, ...], values: dict[str, Sql]) -> dict[str, Sql]:
    """With sentinels for columns that are declared to fail and, being keys, did not."""
    missing = [name for name in _plain_values(columns) if name not in values]
    return values | {name: no_error() for name in missing}


def _is_plain(relation: Relation, value: exp.Column) -> bool:
    return is_simple(relation.values[value.name])


def _grouped(below: Relation, values: dict[str, Sql], keys: list[Sql]) -> exp.Select:
    query = below.select().select(*(alias(value, name) for name, value in values.items()))
    if keys:
        return query.group_by(*keys)
    # Without keys SQL has a group even where there are no rows; M has none.
    return query.having(binary(exp.GT, call("count", exp.Star()), whole(0)))
