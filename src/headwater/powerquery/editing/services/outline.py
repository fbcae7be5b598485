"""The shape of a text: its symbols, what can be folded away, and what each token is for colours."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.errors import UsageError
from headwater.powerquery.editing.document import Document, read
from headwater.powerquery.editing.services.place import scan_text
from headwater.powerquery.editing.services.surroundings import Surroundings, written_callable
from headwater.powerquery.language import LineIndex, syntax
from headwater.powerquery.language.lexer import END, IDENTIFIER, KEYWORDS, NUMBER, QUOTED, TEXT, VERBATIM, Lexemes
from headwater.powerquery.language.syntax import Span

__all__ = ["DocumentSymbol", "FoldingRange", "SemanticToken", "document_symbols", "folding_ranges", "semantic_tokens"]


@dataclass(frozen=True, slots=True)
class DocumentSymbol:
    """A name that the text defines, with those defined within it."""

    name: str
    kind: str
    span: Span
    name_span: Span
    children: tuple[DocumentSymbol, ...]


@dataclass(frozen=True, slots=True)
class FoldingRange:
    """Lines, counted from 1, that can be folded away behind the first."""

    first: int
    last: int
    kind: str


@dataclass(frozen=True, slots=True)
class SemanticToken:
    """What a token is."""

    span: Span
    kind: str


def document_symbols(text: str) -> tuple[DocumentSymbol, ...]:
    """The steps, and the variables and fields within them; none where the text does not parse."""
    try:
        document = read(text)
    except UsageError:
        return ()
    return _symbols(document, document.tree, "step")


def folding_ranges(text: str) -> list[FoldingRange]:
    """What spans several lines: lets, brackets, comments. Told from the tokens, so that any text has them."""
    lexemes = scan_text(text)
    lines = LineIndex(text)
    found: list[FoldingRange] = []
    opened: list[tuple[str, int]] = []
    pairs = {")": "(", "]": "[", "}": "{", "in": "let"}
    for symbol, start in zip(lexemes.symbols, lexemes.starts, strict=True):
        line = lines.position(start)[0]
        if symbol in pairs.values():
            opened.append((symbol, line))
        elif symbol in pairs and any(each == pairs[symbol] for each, _ in opened):
            while (last := opened.pop())[0] != pairs[symbol]:
                pass
            # The line of the closing bracket stays in sight.
            if line - 1 > last[1]:
                found.append(FoldingRange(last[1], line - 1, "let" if symbol == "in" else "brackets"))
    for _, start, end in lexemes.comments:
        first, last_line = lines.position(start)[0], lines.position(end)[0]
        if last_line > first:
            found.append(FoldingRange(first, last_line, "comment"))
    return sorted(found, key=lambda each: (each.first, -each.last))


def semantic_tokens(text: str, surroundings: Surroundings) -> list[SemanticToken]:
    """What each token and comment is. Names are told apart where the text parses, and are just names elsewhere."""
    lexemes = scan_text(text)
    names = _named(text, surroundings)
    found = [SemanticToken(Span(start, end), "comment") for _, start, end in lexemes.comments]
    for at, symbol in enumerate(lexemes.symbols):
        start, end = lexemes.starts[at], lexemes.ends[at]
        if symbol != END:
            found.append(SemanticToken(Span(start, end), names.get(start) or _lexical(lexemes, at)))
    return sorted(found, key=lambda each: each.span.start)


_LEXICAL = {IDENTIFIER: "name", QUOTED: "name", NUMBER: "number", TEXT: "text", VERBATIM: "text"}


def _lexical(lexemes: Lexemes, at: int) -> str:
    symbol = lexemes.symbols[at]
    return _LEXICAL.get(symbol) or ("keyword" if symbol in KEYWORDS else "operator")


def _named(text: str, surroundings: Surroundings) -> dict[int, str]:
    """What each name is, by where it starts."""
    try:
        document = read(text)
    except UsageError:
        return {}
    steps = {id(b.value) for b in document.tree.bindings} if isinstance(document.tree, syntax.Let) else set()
    found: dict[int, str] = {}
    for binder in document.binders:
        if binder.name != "_":
            kind = "parameter" if binder.value is None else "step" if id(binder.value) in steps else "variable"
            found[binder.span.start] = kind
    for node, _ in document.scoped:
        match node:
            case syntax.FieldAccess():
                _mark_words(document, document.field_span(node), "field", found)
            case syntax.Record(fields=fields):
                for each in fields:
                    _mark_words(document, document.name_span(each), "field", found)
            case syntax.PrimitiveType():
                found[node.span.start] = "type"
    for use in document.uses:
        if use.binder is not None:
            kind = found.get(use.binder.span.start, "parameter")
            found[use.span.start] = "variable" if kind == "field" else kind
        else:
            symbol = surroundings.find(use.node.name)
            found[use.span.start] = symbol.kind if symbol else "unknown"
    return found


def _mark_words(document: Document, span: Span, kind: str, found: dict[int, str]) -> None:
    """A field's name may be several tokens."""
    token = document.token(span.start)
    while document.lexemes.starts[token] < span.end:
        found[document.lexemes.starts[token]] = kind
        token += 1


def _symbols(document: Document, node: syntax.Expr, kind: str) -> tuple[DocumentSymbol, ...]:
    match node:
        case syntax.Let(bindings=bindings):
            return tuple(_symbol(document, each, kind) for each in bindings)
        case syntax.Record(fields=fields):
            return tuple(_symbol(document, each, "field") for each in fields)
        case syntax.Function(body=body):
            return _symbols(document, body, "variable")
    return ()


def _symbol(document: Document, binding: syntax.Binding, kind: str) -> DocumentSymbol:
    below = _symbols(document, binding.value, "variable")
    kind = "function" if written_callable(binding.value) else kind
    return DocumentSymbol(binding.name, kind, binding.span, document.name_span(binding), below)
