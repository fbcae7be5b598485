"""What stands at a place: hover, and the signature of the call that is being written."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.errors import UsageError
from headwater.powerquery.editing.document import Document, Scope, read
from headwater.powerquery.editing.services.completion import bound_symbol, columns_at
from headwater.powerquery.editing.services.place import place_at
from headwater.powerquery.editing.services.surroundings import Callable, Surroundings, Symbol
from headwater.powerquery.language import syntax
from headwater.powerquery.language.syntax import Span

__all__ = ["Hover", "SignatureHelp", "hover", "signature_help"]


@dataclass(frozen=True, slots=True)
class Hover:
    """What a name means: its kind, its type or signature, and its documentation."""

    span: Span
    name: str
    kind: str
    type: str
    documentation: str


@dataclass(frozen=True, slots=True)
class SignatureHelp:
    """The call that is being written; ``active`` is the parameter at the place, None beyond the last."""

    name: str
    label: str
    parameters: tuple[str, ...]
    documentation: str
    active: int | None


def hover(text: str, offset: int, surroundings: Surroundings) -> Hover | None:
    """What stands at an offset; None where there is nothing to say, or the text does not parse."""
    try:
        document = read(text)
    except UsageError:
        return None
    for use in document.uses:
        if use.span.start <= offset <= use.span.end:
            symbol = _meant(document, use.node.name, use.scope, inclusive=use.node.inclusive, beside=surroundings)
            return _hover(symbol, use.span) if symbol else None
    for node, _ in document.scoped:
        if isinstance(node, syntax.FieldAccess) and node.span.start <= offset <= node.span.end:
            span = document.field_span(node)
            if span.start <= offset <= span.end:
                known = columns_at(place_at(text, span.start), surroundings)
                return Hover(span, node.name, "field", known.get(node.name, ""), "")
    return None


def signature_help(text: str, offset: int, surroundings: Surroundings) -> SignatureHelp | None:
    """The innermost call around an offset whose signature is known."""
    place = place_at(text, offset)
    for call in place.calls:
        binder = place.scope.find(call.function) if place.scope else None
        symbol = bound_symbol(binder, step=False) if binder else surroundings.find(call.function)
        if symbol is not None and symbol.callable is not None:
            return _help(symbol, symbol.callable, call.argument)
    return None


def _help(symbol: Symbol, called: Callable, argument: int) -> SignatureHelp:
    labels = tuple(each.label for each in called.parameters)
    active = argument if argument < len(labels) else None
    return SignatureHelp(symbol.name, called.label(symbol.name), labels, symbol.documentation, active)


def _meant(document: Document, name: str, scope: Scope, *, inclusive: bool, beside: Surroundings) -> Symbol | None:
    binder = scope.find(name, inclusive=inclusive)
    if binder is None:
        return beside.find(name)
    is_step = isinstance(document.tree, syntax.Let) and any(b.value is binder.value for b in document.tree.bindings)
    return bound_symbol(binder, step=is_step)


def _hover(symbol: Symbol, span: Span) -> Hover:
    of = symbol.callable.label(symbol.name) if symbol.callable else symbol.type
    return Hover(span, symbol.name, symbol.kind, of, symbol.documentation)
