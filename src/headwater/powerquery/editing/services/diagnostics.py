"""What is wrong with a text, as far as it can be told without evaluating it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from headwater.errors import MSyntaxError, UsageError
from headwater.powerquery.editing.document import Document, Scope, read
from headwater.powerquery.editing.services.surroundings import Callable, Surroundings, written_callable
from headwater.powerquery.language import parse_expression, syntax
from headwater.powerquery.language.syntax import Span

__all__ = ["Finding", "diagnostics"]

_NAMES_COLUMNS = {
    *("Table.SelectColumns", "Table.RemoveColumns", "Table.ReorderColumns", "Table.FillDown", "Table.FillUp"),
    *("Table.Distinct", "Table.Group", "Table.DuplicateColumn", "Table.ExpandRecordColumn", "Table.Column"),
    *("Table.ExpandTableColumn", "Table.ExpandListColumn", "Table.SplitColumn", "Table.CombineColumns"),
    *("Table.UnpivotOtherColumns", "Table.Unpivot", "Table.RemoveRowsWithErrors"),
}
"""Functions whose second argument names columns: a text or a list of texts."""
_LEAVES_OUT = {"MissingField.Ignore", "MissingField.UseNull"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, and what may have been meant."""

    code: Literal["syntax", "unknown_name", "argument_count", "unknown_column"]
    severity: Literal["error", "warning"]
    message: str
    span: Span
    suggestions: tuple[str, ...] = ()


def diagnostics(text: str, surroundings: Surroundings) -> list[Finding]:
    """What is wrong, in the order of the text. A text that does not parse has its syntax errors alone."""
    try:
        document = read(text)
    except UsageError:
        return list(_syntax(text))
    found = [
        *_unknown_names(document, surroundings),
        *_wrong_calls(document, surroundings),
        *_unknown_columns(document, surroundings),
    ]
    return sorted(found, key=lambda each: (each.span.start, each.span.end))


def _syntax(text: str) -> Iterator[Finding]:
    try:
        parse_expression(text)
    except MSyntaxError as error:
        for each in error.diagnostics:
            yield Finding("syntax", "error", each.message, Span(each.start, each.end))


def _unknown_names(document: Document, surroundings: Surroundings) -> Iterator[Finding]:
    for name, uses in document.free_names.items():
        if surroundings.find(name) is not None:
            continue
        near = [binder.name for binder in uses[0].scope.names()]
        suggestions = _near(name, [*near, *surroundings.symbols])
        for use in uses:
            yield Finding("unknown_name", "error", f"There is no '{name}' in sight.", use.span, suggestions)


def _near(name: str, names: list[str]) -> tuple[str, ...]:
    spelled = {each.lower(): each for each in names}
    return tuple(spelled[each] for each in get_close_matches(name.lower(), spelled, n=3, cutoff=0.75))


def _wrong_calls(document: Document, surroundings: Surroundings) -> Iterator[Finding]:
    for node, scope in document.scoped:
        if not isinstance(node, syntax.Invocation) or not isinstance(node.function, syntax.Identifier):
            continue
        called = _callable(node.function, scope, surroundings)
        if called is None or called.least <= len(node.arguments) <= len(called.parameters):
            continue
        least, most = called.least, len(called.parameters)
        wanted = str(least) if least == most else f"{least} to {most}"
        message = f"'{node.function.name}' takes {wanted} arguments, not {len(node.arguments)}."
        yield Finding("argument_count", "error", message, node.function.span)


def _callable(function: syntax.Identifier, scope: Scope, surroundings: Surroundings) -> Callable | None:
    binder = scope.find(function.name, inclusive=function.inclusive)
    if binder is not None:
        return written_callable(binder.value)
    symbol = surroundings.find(function.name)
    return symbol.callable if symbol else None


def _unknown_columns(document: Document, surroundings: Surroundings) -> Iterator[Finding]:
    if not surroundings.columns:
        return
    for node, scope in document.scoped:
        columns = _columns(node, scope, surroundings)
        if columns is None or not isinstance(node, syntax.Invocation):
            continue
        for name, span in [*_texts(node), *_accesses(node, document)]:
            if name not in columns:
                message = f"The table has no column '{name}'."
                yield Finding("unknown_column", "warning", message, span, _near(name, list(columns)))


def _columns(node: syntax.Node, scope: Scope, surroundings: Surroundings) -> Mapping[str, str] | None:
    """The columns of the table that a call of a table function is about; None where they are not known."""
    match node:
        case syntax.Invocation(function=syntax.Identifier(name=name), arguments=[syntax.Identifier() as table, _, *_]):
            inner = scope.find(table.name)
            known = inner is None or inner.value is not None
            if name.startswith("Table.") and known and not _lenient(node):
                return surroundings.columns.get(table.name)
    return None


def _lenient(call: syntax.Invocation) -> bool:
    """Whether a call says that columns may be missing."""
    last = call.arguments[-1]
    return isinstance(last, syntax.Identifier) and last.name in _LEAVES_OUT


def _texts(call: syntax.Invocation) -> Iterator[tuple[str, Span]]:
    """The columns that a call names in its second argument."""
    if not isinstance(call.function, syntax.Identifier) or call.function.name not in _NAMES_COLUMNS:
        return
    named = call.arguments[1]
    items = named.items if isinstance(named, syntax.List) else (named,)
    for item in items:
        if isinstance(item, syntax.Literal) and isinstance(item.value, str):
            yield item.value, item.span


def _accesses(call: syntax.Invocation, document: Document) -> Iterator[tuple[str, Span]]:
    """The columns that the ``each`` of a call reads from its rows, those of an ``each`` within it left out."""
    if not isinstance(call.function, syntax.Identifier) or call.function.name not in (
        "Table.SelectRows",
        "Table.AddColumn",
    ):
        return
    pending: list[syntax.Node] = [each.body for each in call.arguments[1:] if isinstance(each, syntax.Each)]
    while pending:
        node = pending.pop()
        if isinstance(node, syntax.FieldAccess) and node.target is None and not node.optional:
            yield node.name, document.field_span(node)
        if not isinstance(node, syntax.Each | syntax.Function):
            pending.extend(syntax.children(node))
