"""Conditions of filters and conditional columns, and calls of functions, as kinds of arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headwater.powerquery.editing.commands.forms import Form, Variant
from headwater.powerquery.editing.commands.kinds import (
    COLUMN,
    INTEGER,
    QUERY,
    VALUE,
    Argument,
    Source,
    Unlike,
    bare,
    misfit,
)
from headwater.powerquery.language import syntax
from headwater.powerquery.library import registry

__all__ = ["CALL", "CLAUSES", "CONDITION", "OPERATORS"]

_COMPARED = {
    "equals": "[column] = value",
    "not_equals": "[column] <> value",
    "greater": "[column] > value",
    "greater_or_equal": "[column] >= value",
    "less": "[column] < value",
    "less_or_equal": "[column] <= value",
    "begins_with": "Text.StartsWith([column], value)",
    "not_begins_with": "not Text.StartsWith([column], value)",
    "ends_with": "Text.EndsWith([column], value)",
    "not_ends_with": "not Text.EndsWith([column], value)",
    "contains": "Text.Contains([column], value)",
    "not_contains": "not Text.Contains([column], value)",
}
_PERIODS = ("Day", "Week", "Month", "Quarter", "Year")
_RELATIVE = {
    f"in_{word.lower()}_{period.lower()}": f"Date.IsIn{word}{period}([column])"
    for word in ("Previous", "Current", "Next")
    for period in _PERIODS
}
_COUNTED = {
    f"in_{word.lower()}_n_{period.lower()}s": f"Date.IsIn{word}N{period}s([column], count)"
    for word in ("Previous", "Next")
    for period in _PERIODS
}
_ALONE = {
    "is_null": "[column] = null",
    "is_not_null": "[column] <> null",
    "is_empty": '[column] = ""',
    "is_not_empty": '[column] <> ""',
    "in_year_to_date": "Date.IsInYearToDate([column])",
}

OPERATORS: tuple[str, ...] = (*_COMPARED, *_ALONE, *_RELATIVE, *_COUNTED)
"""The operators of a condition."""

_FORM = Form(
    {"column": COLUMN, "value": VALUE, "count": INTEGER},
    tuple(
        Variant(template, {"operator": operator})
        for operator, template in {**_ALONE, **_COMPARED, **_RELATIVE, **_COUNTED}.items()
    ),
    name="condition",
)


@dataclass(frozen=True, slots=True)
class _Condition:
    """``{"column", "operator", "value"}``, or several of them in ``{"all": […]}`` or ``{"any": […]}``."""

    name: str = "condition"

    def write(self, value: Argument) -> str:
        match value:
            case {"all": [_, _, *_] as parts, **rest} if not rest:
                return " and ".join(self._inner(part) for part in parts)
            case {"any": [_, _, *_] as parts, **rest} if not rest:
                return " or ".join(self.write(part) for part in parts)
            case {"column": _, "operator": _}:
                return _FORM.write(value)
        raise misfit(self.name)

    def _inner(self, part: Argument) -> str:
        written = self.write(part)
        return f"({written})" if isinstance(part, Mapping) and "any" in part else written

    def read(self, source: Source) -> Argument:
        node = bare(source.node)
        word = {"and": "all", "or": "any"}.get(node.operator) if isinstance(node, syntax.Binary) else None
        if word is None or not isinstance(node, syntax.Binary):
            return _FORM.read(source.at(node))
        return {word: [self.read(source.at(part)) for part in _operands(node)]}


def _operands(node: syntax.Binary) -> list[syntax.Expr]:
    """What an operator, written several times, combines."""
    found = [node.right]
    left = node.left
    while isinstance(left, syntax.Binary) and left.operator == node.operator:
        found.append(left.right)
        left = left.left
    return [left, *reversed(found)]


@dataclass(frozen=True, slots=True)
class _Clauses:
    """``{"clauses": [{"if": condition, "then": value}, …], "else": value}``."""

    name: str = "clauses"

    def write(self, value: Argument) -> str:
        if not isinstance(value, Mapping) or not value.get("clauses") or value.keys() - {"clauses", "else"}:
            raise misfit(self.name)
        written = [
            f"if {CONDITION.write(each.get('if'))} then {VALUE.write(each.get('then'))}" for each in value["clauses"]
        ]
        return " else ".join([*written, VALUE.write(value.get("else"))])

    def read(self, source: Source) -> Argument:
        node = bare(source.node)
        clauses = []
        while isinstance(node, syntax.If):
            condition = CONDITION.read(source.at(node.condition))
            clauses.append({"if": condition, "then": VALUE.read(source.at(node.then))})
            node = node.otherwise
        if not clauses:
            raise Unlike
        return {"clauses": clauses, "else": VALUE.read(source.at(node))}


@dataclass(frozen=True, slots=True)
class _Call:
    """``{"function": name, "arguments": [value, …]}``: a function or a model; blanks at the end are left out."""

    name: str = "call"

    def write(self, value: Argument) -> str:
        if not isinstance(value, Mapping) or not isinstance(value.get("arguments"), list):
            raise misfit(self.name)
        arguments = list(value["arguments"])
        while arguments and arguments[-1] is None:
            arguments.pop()
        return f"{QUERY.write(value.get('function'))}({', '.join(map(VALUE.write, arguments))})"

    def read(self, source: Source) -> Argument:
        node = bare(source.node)
        if not isinstance(node, syntax.Invocation):
            raise Unlike
        function = QUERY.read(source.at(node.function))
        if function in registry().functions:
            # A formula that calls the library is a person's own: a custom column.
            raise Unlike
        return {"function": function, "arguments": [VALUE.read(source.at(each)) for each in node.arguments]}


CONDITION = _Condition()
CLAUSES = _Clauses()
CALL = _Call()
