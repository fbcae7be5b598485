"""A relation under construction: one SELECT, not yet written, that grows as long as SQL allows it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from sqlglot import exp

from headwater.engines.postgresql.sql import DIALECT, alias, column, identifier, is_simple, ordered, substitute, table
from headwater.engines.sql import Sql, both

HIDDEN = "$"


@dataclass(frozen=True)
class Relation:
    """``SELECT values FROM source WHERE where``.

    Attributes:
        source: the FROM item.
        values: each column's value, by id, over the source; sentinels too.
        where: conditions over the source.
        order: what the rows are to be sorted by, over the source; empty where no step has given them an order: a
            table of a database has none of its own.
        required: the ids of columns that are never null.
    """

    source: Sql
    values: dict[str, Sql]
    where: tuple[Sql, ...] = ()
    order: tuple[exp.Ordered, ...] = ()
    required: frozenset[str] = frozenset()

    def over_source(self, value: Sql) -> Sql:
        """An expression over this relation's columns, as one over its source."""
        return substitute(value, self.values)

    def select(self) -> exp.Select:
        """``SELECT`` of nothing yet, from the source, where the conditions hold."""
        query = exp.Select().from_(self.source.copy())
        return query.where(both(*(condition.copy() for condition in self.where))) if self.where else query


@dataclass
class Builder:
    """Writes relations out as common table expressions, and names what has no name."""

    _ctes: list[exp.CTE] = field(default_factory=list)
    _steps: Iterator[int] = field(default_factory=lambda: count(1))
    _hidden: Iterator[int] = field(default_factory=lambda: count(1))
    _native: dict[str, str] = field(default_factory=dict)

    def hidden(self) -> str:
        """A fresh name for a hidden column; no column id has a dollar sign."""
        return f"{HIDDEN}{next(self._hidden)}"

    def add(self, query: exp.Query) -> exp.Table:
        """The query as a common table expression; the FROM item to read it by."""
        name = f"t{next(self._steps)}"
        self._ctes.append(exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True))))
        return table(name)

    def native(self, text: str) -> Sql:
        """A FROM item of a query in somebody's own words, which get into the statement as they are.

        A tree of ours might say something else than the text, and its printer would indent what lies in quotes.
        """
        mark = "native_" + hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        self._native[mark] = text
        return exp.Subquery(this=exp.Var(this=mark), alias=exp.TableAlias(this=identifier("native")))

    def computable(self, below: Relation, values: list[Sql]) -> Relation:
        """``below``, written out if ``values`` would otherwise compute again what it computes."""
        used = {
            node.name for value in values if not isinstance(value, exp.Column) for node in value.find_all(exp.Column)
        }
        by_name = {column(name).name: value for name, value in below.values.items()}
        return self.flush(below) if any(not is_simple(by_name[name]) for name in used) else below

    def flush(self, relation: Relation, extra: dict[str, Sql] | None = None) -> Relation:
        """The relation as a plain SELECT's columns, with ``extra`` hidden ones (over the relation's source)."""
        values = dict(relation.values) | (extra or {})
        named = [(self.hidden(), term) for term in relation.order]
        values |= {name: term.this for name, term in named}
        query = relation.select().select(*(alias(value.copy(), name) for name, value in values.items()))
        kept = [*relation.values, *(extra or {})]
        return replace(
            relation,
            source=self.add(query),
            values={name: column(name) for name in kept},
            where=(),
            order=tuple(over(term, column(name)) for name, term in named),
        )

    def statement(self, query: exp.Select) -> str:
        """The SQL of a query over what was written out before."""
        if self._ctes:
            query.set("with_", exp.With(expressions=self._ctes))
        written = query.sql(dialect=DIALECT, pretty=True)
        for mark, text in self._native.items():
            written = written.replace(mark, f"\n{text}\n")
        return written


def over(term: exp.Ordered, value: Sql) -> exp.Ordered:
    """The same term of order over another value."""
    return ordered(value, descending=bool(term.args.get("desc")))
