"""What could be written at a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from headwater.powerquery.editing.document import Binder
from headwater.powerquery.editing.services.place import Place, place_at
from headwater.powerquery.editing.services.surroundings import Surroundings, Symbol, SymbolKind, written_callable
from headwater.powerquery.language import quote_field_name, quote_identifier, quote_text, syntax
from headwater.powerquery.language.lexer import HASH_KEYWORDS, IDENTIFIER, QUOTED, TEXT
from headwater.powerquery.language.syntax import Span

__all__ = ["Completion", "bound_symbol", "columns_at", "completions"]

_MOST = 200
_STARTERS = ("let", "if", "each", "try", "error", "not", "type", "true", "false", "null")
_FOLLOWERS = ("and", "or", "is", "as", "meta", "then", "else", "otherwise", "in")
_AFTER_VALUE = (IDENTIFIER, QUOTED, TEXT, "number", ")", "]", "}", "true", "false", "null")
_TYPES = (
    *("any", "anynonnull", "binary", "date", "datetime", "datetimezone", "duration", "function", "list", "logical"),
    *("none", "null", "nullable", "number", "record", "table", "text", "time", "type"),
)
_RANKS: dict[str, int] = {
    **{"field": 0, "parameter": 1, "variable": 1, "step": 2, "query": 3, "model": 4},
    **{"keyword": 5, "function": 6, "constant": 7, "type": 5},
}


@dataclass(frozen=True, slots=True)
class Completion:
    """Something that could be written: what is shown, what is inserted in place of ``span``, and what it is."""

    label: str
    insert: str
    kind: str
    detail: str
    documentation: str
    span: Span


def completions(text: str, offset: int, surroundings: Surroundings) -> list[Completion]:
    """What could be written at an offset, the likeliest first; nothing in comments, and in texts only columns."""
    place = place_at(text, offset)
    if place.quiet:
        return []
    typed = text[place.word.start : offset]
    if place.symbol == TEXT:
        return _columns_as_text(typed, place, surroundings)
    if place.in_field:
        return _fields(typed, place, surroundings)
    typed = typed.removeprefix('#"').lower()
    found = [each for each in _names(place, surroundings) if _rank(each, typed) is not None]
    found.sort(key=lambda each: (_rank(each, typed), _RANKS[each.kind], each.label.lower()))
    return found[:_MOST]


def columns_at(place: Place, surroundings: Surroundings) -> Mapping[str, str]:
    """The columns of the table whose rows or columns the call around a place is about, as far as it is known."""
    for call in place.calls:
        if call.function.startswith("Table.") and call.argument > 0:
            return surroundings.columns.get(call.first, {})
    return {}


def bound_symbol(binder: Binder, *, step: bool) -> Symbol:
    """What a name that the text defines means."""
    called = written_callable(binder.value)
    kind: SymbolKind = "parameter" if binder.value is None else "step" if step else "variable"
    return Symbol(binder.name, kind, "function" if called else _literal_type(binder.value), "", called)


def _literal_type(node: syntax.Expr | None) -> str:
    match node:
        case syntax.Literal(value=value):
            names = {bool: "logical", int: "number", float: "number", str: "text", type(None): "null"}
            return names[type(value)]
        case syntax.Record():
            return "record"
        case syntax.List():
            return "list"
    return ""


def _names(place: Place, surroundings: Surroundings) -> Iterator[Completion]:
    seen: set[str] = set()
    if place.before in ("as", "is", "type"):
        yield from (Completion(word, word, "type", "type", "", place.word) for word in _TYPES)
        return
    words = _FOLLOWERS if place.before in _AFTER_VALUE else _STARTERS
    yield from (Completion(word, word, "keyword", "keyword", "", place.word) for word in words)
    for binder in place.scope.names() if place.scope else ():
        if binder.name != "_":
            seen.add(binder.name)
            yield _completion(bound_symbol(binder, step=_is_step(binder, place)), place)
    for name, symbol in surroundings.symbols.items():
        if name not in seen:
            yield _completion(symbol, place)


def _is_step(binder: Binder, place: Place) -> bool:
    outermost = place.scope
    while outermost is not None and outermost.parent is not None and outermost.parent.binders:
        outermost = outermost.parent
    return outermost is not None and binder in outermost.binders.values()


def _completion(symbol: Symbol, place: Place) -> Completion:
    detail = symbol.callable.label(symbol.name) if symbol.callable else symbol.type
    written = symbol.name if symbol.name in HASH_KEYWORDS else quote_identifier(symbol.name)
    return Completion(symbol.name, written, symbol.kind, detail, symbol.documentation, place.word)


def _rank(completion: Completion, typed: str) -> int | None:
    """How well a completion goes on from what is typed; None: not at all."""
    label = completion.label.lower()
    if not typed or label.startswith(typed):
        return 0
    if any(part.startswith(typed) for part in label.replace(" ", ".").split(".")):
        return 1
    initials = "".join(letter for letter in completion.label if letter.isupper() or letter == ".").lower()
    if initials.startswith(typed):
        return 2
    return 3 if typed in label else None


def _fields(typed: str, place: Place, surroundings: Surroundings) -> list[Completion]:
    columns = columns_at(place, surroundings)
    wanted = typed.removeprefix('#"').lower()
    return [
        Completion(name, quote_field_name(name), "field", of, "", place.word)
        for name, of in columns.items()
        if wanted in name.lower()
    ]


def _columns_as_text(typed: str, place: Place, surroundings: Surroundings) -> list[Completion]:
    wanted = typed.strip('"').lower()
    return [
        Completion(name, quote_text(name), "field", of, "", place.word)
        for name, of in columns_at(place, surroundings).items()
        if wanted in name.lower()
    ]
