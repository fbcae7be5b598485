"""A relation under construction: one SELECT, not yet written, that grows as long as SQL allows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from math import prod

from sqlglot import exp

from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.sql import DIALECT, alias, cast, column, is_simple, ordered, over, substitute, table
from headwater.engines.sizes import ROWS_BOUND
from headwater.engines.sql import Sql, binary, both, call, whole
from headwater.plan.cells import error_column
from headwater.plan.nodes import Column

ROW_NUMBER = "row_number"
HIDDEN = "$"

_MOST = {"BIGINT": 2**62, "HUGEINT": 2**126}
"""How far to count in a type."""


@dataclass(frozen=True)
class Relation:
    """``SELECT values FROM source WHERE where``, its rows in M's order, or in that of ``order`` once sorted by it.

    Attributes:
        source: the FROM item.
        columns: what the relation's columns are, without hidden ones.
        values: each column's value, by id, over the source; sentinels too, and hidden columns.
        where: conditions over the source.
        order: what to sort by where order is observed; None: the rows come in order by themselves.
        hazard: filters or joins beneath this SELECT dropped rows, so that the optimizer might evaluate a condition on
            rows that are not there.
        bound: a number of rows that the relation cannot reach.
        joined: no row was dropped since a join of whose both sides the terms of ``order`` tell.
    """

    source: Sql
    columns: tuple[Column, ...]
    values: dict[str, Sql]
    where: tuple[Sql, ...] = ()
    order: tuple[exp.Ordered, ...] | None = None
    hazard: bool = False
    bound: int = ROWS_BOUND
    joined: bool = False

    def value_of(self, value: Sql) -> Sql:
        """An expression over this relation's columns, as one over its source."""
        return substitute(value, self.values)

    def computes(self, value: Sql) -> bool:
        """Whether ``value`` uses a column that is more than a column of the source."""
        return any(not is_simple(self.values[node.name]) for node in value.find_all(exp.Column))

    def select(self) -> exp.Select:
        """``SELECT *`` of the source, where the conditions hold."""
        query = exp.Select().from_(self.source)
        return query.where(both(*self.where)) if self.where else query


@dataclass
class Builder:
    """Writes relations out as common table expressions, and names what has no name."""

    _ctes: list[exp.CTE] = field(default_factory=list)
    _steps: Iterator[int] = field(default_factory=lambda: count(1))
    _hidden: Iterator[int] = field(default_factory=lambda: count(1))
    _ranks: dict[str, int] = field(default_factory=dict)

    def hidden(self) -> str:
        """A fresh name for a hidden column; no column id has a dollar sign."""
        return f"{HIDDEN}{next(self._hidden)}"

    def rank(self, bound: int) -> str:
        """A fresh name for a hidden column whose numbers, all below ``bound``, order all rows; none of them is null."""
        name = self.hidden()
        self._ranks[name] = bound
        return name

    def bound_of(self, rank: Sql) -> int:
        """What all numbers of a rank are below."""
        return self._ranks[rank.name]

    def scope(self) -> Scope:
        """A scope for expressions over one relation."""
        return Scope(iter(self.hidden, ""))

    def add(self, query: exp.Query) -> Sql:
        """The query as a common table expression; the FROM item to read it by.

        Never materialised: DuckDB would keep no order in one.
        """
        name = f"t{next(self._steps)}"
        as_name = exp.TableAlias(this=exp.to_identifier(name, quoted=True))
        self._ctes.append(exp.CTE(this=query, alias=as_name, materialized=False))
        return table(name)

    def flush(self, relation: Relation, extra: dict[str, Sql] | None = None) -> Relation:
        """The relation as a plain SELECT's columns, with ``extra`` hidden ones (over the relation's columns).

        Terms of order become hidden columns too.
        """
        values = dict(relation.values)
        values.update({name: relation.value_of(value) for name, value in (extra or {}).items()})
        order = relation.order
        if order is not None:
            terms = [(self._name_in(values, term.this), term) for term in order]
            values.update({name: term.this for name, term in terms})
            order = tuple(over_column(term, name) for name, term in terms)
        query = relation.select().select(*(alias(value, name) for name, value in values.items()))
        return self.read(self.add(query), relation, values, order)

    def _name_in(self, values: dict[str, Sql], value: Sql) -> str:
        """The name under which ``values`` has this very column, or could have it, or a fresh one."""
        known = next((name for name, one in values.items() if one == value), None)
        if known is not None:
            return known
        free = isinstance(value, exp.Column) and value.name.startswith(HIDDEN) and value.name not in values
        return value.name if free else self.hidden()

    @staticmethod
    def read(source: Sql, relation: Relation, names: dict[str, Sql], order: tuple[exp.Ordered, ...] | None) -> Relation:
        """``relation`` after it was written out as ``source``."""
        return Relation(
            source,
            relation.columns,
            {name: column(name) for name in names},
            order=order,
            hazard=relation.hazard or bool(relation.where),
            bound=relation.bound,
            joined=relation.joined and not relation.where,
        )

    def bind(self, relation: Relation, scope: Scope) -> Relation:
        """The relation with all that the scope has bound."""
        for level in scope.levels:
            relation = self.flush(relation, dict(level))
        return relation

    def ranked(self, relation: Relation) -> Relation:
        """The relation, written out, with terms of order: a row number, where the rows came in order by themselves."""
        return self.single_ranked(relation)[0] if relation.order is None else self.flush(relation)

    def single_ranked(self, relation: Relation, *, afresh: bool = False) -> tuple[Relation, Sql]:
        """As :meth:`ranked`, with one number that orders all rows, never null; it comes back as a column.

        A number that the relation has already is taken, unless they are to be counted ``afresh``.
        """
        order = relation.order
        if order is not None and len(order) == 1 and order[0].this.name in self._ranks and not afresh:
            relation = self.flush(relation)
            assert relation.order is not None, "a flush keeps order"
            return relation, relation.order[0].this
        if order is not None and len(order) > 1 and not afresh:
            combined = self._combined(order)
            if combined is not None:
                number, bound = combined
                return self._with_rank(relation, number, bound)
        if order is not None and not all(isinstance(term.this, exp.Column) for term in order):
            # A term that may end the query is volatile to DuckDB, which takes no such thing in a window.
            relation = self.flush(relation)
            order = relation.order
        number = over(call(ROW_NUMBER), None if order is None else list(order))
        return self._with_rank(relation, number, relation.bound + 1)

    def _with_rank(self, relation: Relation, number: Sql, bound: int) -> tuple[Relation, Sql]:
        name = self.rank(bound)
        relation = self.flush(replace(relation, values={**relation.values, name: number}, order=None))
        return replace(relation, order=(ordered(column(name)),)), column(name)

    def _combined(self, order: tuple[exp.Ordered, ...]) -> tuple[Sql, int] | None:
        """One number for several ranks, and what it is below: counting rows that are sorted by them would sort them.

        A later rank may be null, where a row has no partner: it is the only one of its first rank then.
        """
        bounds = [self._ranks.get(term.this.name) for term in order if isinstance(term.this, exp.Column)]
        known = [bound for bound in bounds if bound is not None and not any(term.args.get("desc") for term in order)]
        bound = prod(known)
        of = next((name for name, most in _MOST.items() if bound <= most), None)
        if len(known) < len(order) or of is None:
            return None
        number: Sql = cast(_present(order[0]), of)
        for term, below in zip(order[1:], known[1:], strict=True):
            number = binary(exp.Add, binary(exp.Mul, number, cast(whole(below), of)), _present(term))
        return number, bound

    def fenced(self, relation: Relation) -> tuple[Relation, Sql]:
        """The relation, written out, with a column that nothing beneath this place can know."""
        name = self.hidden()
        if relation.joined and not relation.where and relation.order is not None:
            known: Sql = call("row", *(term.this for term in relation.order))
        else:
            known = over(call(ROW_NUMBER))
        return self.flush(replace(relation, values={**relation.values, name: known})), column(name)

    def known_as(self, name: str, rank: Sql) -> None:
        """``name`` is another name for ``rank``, if that is one."""
        if isinstance(rank, exp.Column) and rank.name in self._ranks:
            self._ranks[name] = self._ranks[rank.name]

    def finish(self, relation: Relation, *, in_order: bool) -> tuple[str, frozenset[str]]:
        """The statement that yields the relation's columns, each ``may_fail`` one followed by its sentinel.

        Returns:
            the SQL, and the names of the tables that it reads more than once.
        """
        items = []
        for c in relation.columns:
            items.append(alias(relation.values[c.id], c.id))
            if c.may_fail:
                items.append(alias(relation.values[error_column(c.id)], error_column(c.id)))
        query = relation.select().select(*items)
        if in_order and relation.order is not None:
            query = query.order_by(*relation.order)
        reads = self._reads(query)
        if self._ctes:
            query.set("with_", exp.With(expressions=self._ctes))
        return query.sql(dialect=DIALECT, pretty=True), frozenset(name for name, times in reads.items() if times > 1)

    def _reads(self, query: exp.Select) -> Counter[str]:
        """How often running the query reads each table: its expressions are run anew wherever they are named."""
        reads = Counter(found.name for found in query.find_all(exp.Table))
        for cte in reversed(self._ctes):
            times = reads[cte.alias]
            for found in cte.this.find_all(exp.Table):
                reads[found.name] += times
        return reads


def _present(term: exp.Ordered) -> Sql:
    return call("coalesce", term.this, whole(0))


def no_error() -> Sql:
    """The sentinel of a column that is declared to fail and cannot."""
    return cast(exp.null(), "VARCHAR")


def compute(item: Column, computed: Computed) -> dict[str, Sql]:
    """A column's values in a relation: its own and its sentinel."""
    values = {item.id: computed.value}
    if item.may_fail:
        values[error_column(item.id)] = no_error() if computed.error is None else computed.error
    return values


def limited(query: exp.Select, offset: int, rows: int | None) -> exp.Select:
    """The query cut to ``rows`` rows from ``offset``."""
    if rows is not None:
        query = query.limit(whole(rows))
    return query.offset(whole(offset)) if offset else query


def over_column(term: exp.Ordered, name: str, of: str | None = None) -> exp.Ordered:
    """The same term over a column."""
    return ordered(
        column(name, of), descending=bool(term.args.get("desc")), nulls_first=bool(term.args.get("nulls_first"))
    )
