"""SQL queries over tables that M has, as M text.

A query reads one table: columns and expressions, WHERE, GROUP BY with aggregates, DISTINCT, ORDER BY, LIMIT, OFFSET.
Comparisons are SQL's: with null they are neither true nor false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from headwater.errors import MError
from headwater.powerquery.language import quote_identifier, quote_text
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from sqlglot import exp


@function(
    "SqlExpression.SchemaFrom(schema as any) as any",
    examples=[("SqlExpression.SchemaFrom([T = #table(type table [A = text], {})])", "[T = type table [A = text]]")],
)
def schema_from(schema: Value) -> Value:
    """The types of tables, for SqlExpression.ToExpression: of one table or of each in a record."""
    schema = plain(schema)
    if isinstance(schema, Record):
        return Record.of({name: schema_from(value) for name, value in schema.items()})
    if isinstance(schema, Table):
        return schema.type
    if isinstance(schema, t.Type):
        return schema
    raise cannot_convert(schema, "Record")


@function(
    "SqlExpression.ToExpression(sql as text, environment as record) as text",
    examples=[
        ('SqlExpression.ToExpression("select A from T where A > 1", [T = type table [A = number]])',
         '"Table.SelectColumns(Table.SelectRows(T, each [A] > 1), {""A""})"'),
        ('let T = #table({"A", "B"}, {{1, "x"}, {2, "y"}}) in Expression.Evaluate(SqlExpression.ToExpression('
         '"select upper(B) as C from T order by A desc limit 1", [T = Value.Type(T)]), #shared & [T = T])',
         '#table({"C"}, {{"Y"}})'),
    ],
)  # fmt: skip
def to_expression(sql: str, environment: Record) -> str:
    """M text that does what a SQL query does, over tables whose names and types the environment gives."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        query = sqlglot.parse_one(sql, into=exp.Select)  # any statement else would be logged with its text
    except SqlglotError as error:
        raise MError("DataFormat.Error", "The text is no SQL query that can be read.") from error
    if not isinstance(query, exp.Select):
        raise _unsupported(query)
    return _Query(query, environment).text()


def _unsupported(node: Any) -> MError:
    return MError("Expression.Error", f"There is no M for this part of the query: {node.key.upper()}.")


def _names(texts: list[str]) -> str:
    return "{" + ", ".join(map(quote_text, texts)) + "}"


_READ = {"kind", "expressions", "from", "from_", "where", "group", "order", "limit", "offset", "distinct"}
_AGGREGATES = {"sum": "List.Sum", "avg": "List.Average", "min": "List.Min", "max": "List.Max"}


class _Query:
    """One SELECT over one table."""

    def __init__(self, query: exp.Select, environment: Record) -> None:
        from sqlglot import exp

        further = next((part for name, part in query.args.items() if part and name not in _READ), None)
        if further is not None:
            raise _unsupported(further[0] if isinstance(further, list) else further)
        source = query.find(exp.Table)
        if source is None or source.name not in environment:
            raise MError("Expression.Error", "The query reads no table of the environment.")
        row = plain(environment.get(source.name))
        if not isinstance(row, t.TableType):
            raise cannot_convert(row, "Type")
        self._query = query
        self._source = quote_identifier(source.name)
        self._columns = [field.name for field in row.row.fields]

    def text(self) -> str:
        """The M text."""
        step, query = self._source, self._query
        if query.args.get("where"):
            step = f"Table.SelectRows({step}, each {self._scalar(query.args['where'].this)})"
        grouped = query.args.get("group") is not None or any(self._is_aggregate(item) for item in query.expressions)
        # An order may name columns that are not selected, and after a group the columns that it makes.
        step = self._sorted(self._grouped(step)) if grouped else self._selected(self._sorted(step))
        if query.args.get("distinct"):
            step = f"Table.Distinct({step})"
        for part, name in (("offset", "Table.Skip"), ("limit", "Table.FirstN")):
            clause = query.args.get(part)
            if clause:
                count = clause.args.get("expression") or clause.args.get("count")
                if count is None:
                    raise _unsupported(clause)
                step = f"{name}({step}, {self._scalar(count)})"
        return step

    # -- columns -----------------------------------------------------------------------------------------------

    def _column(self, node: exp.Expression) -> str:
        """The name of a column, told apart by case only where the table does."""
        alike = [name for name in self._columns if name.lower() == node.name.lower()]
        found = node.name if node.name in alike else alike[0] if alike else None
        if found is None:
            raise MError("Expression.Error", f"The column '{node.name}' of the table wasn't found.", node.name)
        return found

    def _selected(self, step: str) -> str:
        from sqlglot import exp

        added, chosen, renamed = step, list[str](), list[str]()
        for item in self._query.expressions:
            body = item.unalias()
            if isinstance(body, exp.Star) or isinstance(body.this, exp.Star):
                chosen += self._columns
            elif isinstance(body, exp.Column):
                name = self._column(body)
                chosen.append(name)
                if item.alias and item.alias != name:
                    renamed.append(_names([name, item.alias]))
            else:
                name = item.alias or body.sql()
                added = f"Table.AddColumn({added}, {quote_text(name)}, each {self._scalar(body)})"
                chosen.append(name)
        step = f"Table.SelectColumns({added}, {_names(chosen)})"
        return f"Table.RenameColumns({step}, {{{', '.join(renamed)}}})" if renamed else step

    def _sorted(self, step: str) -> str:
        from sqlglot import exp

        order = self._query.args.get("order")
        if order is None:
            return step
        keys = []
        for item in order.expressions:
            if not isinstance(item.this, exp.Column):
                raise _unsupported(item.this)
            direction = "Descending" if item.args.get("desc") else "Ascending"
            keys.append(f"{{{quote_text(self._column(item.this))}, Order.{direction}}}")
        return f"Table.Sort({step}, {{{', '.join(keys)}}})"

    # -- groups ------------------------------------------------------------------------------------------------

    @staticmethod
    def _is_aggregate(item: exp.Expression) -> bool:
        from sqlglot import exp

        return isinstance(item.unalias(), exp.AggFunc)

    def _grouped(self, step: str) -> str:
        group = self._query.args.get("group")
        keys = [self._column(item) for item in (group.expressions if group else ())]
        shown, made = list[str](), list[str]()
        for item in self._query.expressions:
            if self._is_aggregate(item):
                shown.append(item.alias or item.unalias().sql())
                made.append(f"{{{quote_text(shown[-1])}, each {self._aggregate(item.unalias())}}}")
            else:
                shown.append(self._column(item.unalias()))
        step = f"Table.SelectColumns(Table.Group({step}, {_names(keys)}, {{{', '.join(made)}}}), {_names(shown)})"
        self._columns = shown
        return step

    def _aggregate(self, node: exp.Expression) -> str:
        from sqlglot import exp

        if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
            return "Table.RowCount(_)"
        name = "List.NonNullCount" if isinstance(node, exp.Count) else _AGGREGATES.get(node.key)
        if name is None or not isinstance(node.this, exp.Column):
            raise _unsupported(node)
        return f"{name}([{quote_identifier(self._column(node.this))}])"

    # -- expressions -------------------------------------------------------------------------------------------

    def _scalar(self, node: exp.Expression) -> str:
        handler = _scalars().get(type(node))
        if handler is None:
            raise _unsupported(node)
        return handler(self, node)

    def _field(self, node: Any) -> str:
        return f"[{quote_identifier(self._column(node))}]"

    def _literal(self, node: Any) -> str:
        return quote_text(node.name) if node.is_string else node.name

    def _equals(self, node: Any) -> str:
        return f"Value.NullableEquals({self._scalar(node.this)}, {self._scalar(node.expression)})"

    def _in(self, node: Any) -> str:
        one = self._scalar(node.this)
        return "(" + " or ".join(f"Value.NullableEquals({one}, {self._scalar(v)})" for v in node.expressions) + ")"

    def _between(self, node: Any) -> str:
        one = self._scalar(node.this)
        return f"({one} >= {self._scalar(node.args['low'])} and {one} <= {self._scalar(node.args['high'])})"

    def _is(self, node: Any) -> str:
        return f"({self._scalar(node.this)} = {self._scalar(node.expression)})"

    def _coalesce(self, node: Any) -> str:
        return "(" + " ?? ".join(self._scalar(part) for part in (node.this, *node.expressions)) + ")"


_Scalar = Callable[[_Query, Any], str]


def _signed(sign: str) -> _Scalar:
    return lambda query, node: f"{query._scalar(node.this)} {sign} {query._scalar(node.expression)}"


def _called(name: str) -> _Scalar:
    return lambda query, node: f"{name}({query._scalar(node.this)})"


def _scalars() -> Mapping[type, _Scalar]:
    from sqlglot import exp

    signs = {
        exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.And: "and", exp.Or: "or", exp.Add: "+",
        exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.DPipe: "&",
    }  # fmt: skip
    calls = {
        exp.Upper: "Text.Upper", exp.Lower: "Text.Lower", exp.Length: "Text.Length", exp.Trim: "Text.Trim",
        exp.Abs: "Number.Abs",
    }  # fmt: skip
    return {
        **{kind: _signed(sign) for kind, sign in signs.items()},
        **{kind: _called(name) for kind, name in calls.items()},
        exp.Column: _Query._field,
        exp.Literal: _Query._literal,
        exp.Null: lambda _query, _node: "null",
        exp.Boolean: lambda _query, node: "true" if node.this else "false",
        exp.Paren: lambda query, node: f"({query._scalar(node.this)})",
        exp.Not: lambda query, node: f"(not ({query._scalar(node.this)}))",
        exp.Neg: lambda query, node: f"(-{query._scalar(node.this)})",
        exp.EQ: _Query._equals,
        exp.NEQ: lambda query, node: f"(not {query._equals(node)})",
        exp.In: _Query._in,
        exp.Between: _Query._between,
        exp.Is: _Query._is,
        exp.Coalesce: _Query._coalesce,
    }
