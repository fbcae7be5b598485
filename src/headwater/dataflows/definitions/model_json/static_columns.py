"""A query's columns where its text says all of them: nothing is run, and no source is asked."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.dataflows.definitions.definition import DataflowDefinition
from headwater.dataflows.definitions.references import Names
from headwater.dataflows.definitions.settings import ColumnKind
from headwater.powerquery.language import syntax

__all__ = ["static_columns"]

_KINDS: dict[str, ColumnKind] = {
    "text": "text", "number": "number", "logical": "logical", "date": "date", "time": "time", "datetime": "datetime",
    "datetimezone": "datetimezone", "duration": "duration", "binary": "binary", "any": "any",
    "Int64.Type": "int64", "Decimal.Type": "number", "Number.Type": "number", "Text.Type": "text",
    "Logical.Type": "logical", "Date.Type": "date", "DateTime.Type": "datetime", "Time.Type": "time",
    "DateTimeZone.Type": "datetimezone", "Duration.Type": "duration", "Percentage.Type": "number",
    "Currency.Type": "decimal",
}  # fmt: skip
_DEEPEST = 100


def static_columns(definition: DataflowDefinition, query: str) -> Sequence[tuple[str, ColumnKind]] | None:
    """The columns and types of a query whose last step states them; None where its text does not tell.

    That is a table made by ``#table(type table […], …)``, or one whose type was replaced by ``type table […]``.
    """
    row = _row(definition.trees[query], Names(definition.trees, None).defining(query), 0)
    if row is None or row.open:
        return None
    return [(field.name, _kind(field.type)) for field in row.fields]


def _row(node: syntax.Expr, names: Names, depth: int) -> syntax.RecordType | None:
    if depth > _DEEPEST:
        return None
    match node:
        case syntax.Parenthesized(inner=inner):
            return _row(inner, names, depth + 1)
        case syntax.Binary(operator="meta", left=left):
            return _row(left, names, depth + 1)
        case syntax.Let(bindings=bindings, body=body):
            return _row(body, Names({b.name: b.value for b in bindings}, names), depth + 1)
        case syntax.Identifier(name=name, inclusive=inclusive):
            among = names.find(name, inclusive=inclusive)
            found = None if among is None else among.definitions[name]
            return None if among is None or found is None else _row(found, among.defining(name), depth + 1)
        case syntax.Invocation(function=syntax.Identifier(name="#table"), arguments=(stated, _)):
            return _stated(stated)
        case syntax.Invocation(function=syntax.Identifier(name="Value.ReplaceType"), arguments=(_, stated)):
            return _stated(stated)
    return None


def _stated(node: syntax.Expr) -> syntax.RecordType | None:
    match node:
        case syntax.TypeExpression(type=syntax.TableType(row=syntax.RecordType() as row)):
            return row
    return None


def _kind(node: syntax.Expr | None) -> ColumnKind:
    match node:
        case syntax.NullableType(inner=inner) | syntax.Parenthesized(inner=inner):
            return _kind(inner)
        case syntax.PrimitiveType(name=name) | syntax.Identifier(name=name):
            return _KINDS.get(name, "any")
    return "any"
