"""Texts that stand in M as they are, or are put together from such: where a data source is, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.dataflows.definitions.references import Names
from headwater.powerquery.language import syntax

__all__ = ["Constants"]

_DEEPEST = 100


class Constants:
    """Constant texts among the queries of a dataflow.

    >>> from headwater.powerquery.language import parse_expression as parse
    >>> known = Constants({"Folder": parse('"/data" meta [IsParameterQuery = true]')})
    >>> known.text(parse('Folder & "/orders.csv"'), Names({}, None))
    '/data/orders.csv'
    """

    def __init__(self, queries: Mapping[str, syntax.Expr]) -> None:
        self._queries = Names(queries, None)

    def defines(self, name: str) -> bool:
        """Whether a query has this name."""
        return name in self._queries.definitions

    def text(self, node: syntax.Expr, names: Names, depth: int = 0) -> str | None:
        """The text that an expression is, by the names in sight; None where its text alone does not tell."""
        if depth > _DEEPEST:
            return None
        match node:
            case syntax.Literal(value=str() as value):
                return value
            case syntax.Parenthesized(inner=inner):
                return self.text(inner, names, depth + 1)
            case syntax.Binary(operator="meta", left=left):
                return self.text(left, names, depth + 1)
            case syntax.Binary(operator="&", left=left, right=right):
                before, after = self.text(left, names, depth + 1), self.text(right, names, depth + 1)
                return None if before is None or after is None else before + after
            case syntax.Let(bindings=bindings, body=body):
                return self.text(body, Names({b.name: b.value for b in bindings}, names), depth + 1)
            case syntax.Identifier(name=name, inclusive=inclusive):
                return self._named(name, names, inclusive, depth)
        return None

    def _named(self, name: str, names: Names, inclusive: bool, depth: int) -> str | None:
        among = names.find(name, inclusive=inclusive) or self._queries.find(name, inclusive=inclusive)
        definition = None if among is None else among.definitions[name]
        if among is None or definition is None:
            return None
        return self.text(definition, among.defining(name), depth + 1)
