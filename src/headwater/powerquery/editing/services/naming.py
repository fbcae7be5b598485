"""A name at a place: everything that refers to it, and the text with another name instead. Fields are no names."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.errors import UsageError
from headwater.powerquery.editing.document import Binder, Change, Document, Use, applied, read
from headwater.powerquery.language import quote_identifier, syntax
from headwater.powerquery.language.syntax import Span

__all__ = ["Target", "references", "rename", "rename_target"]


@dataclass(frozen=True, slots=True)
class Target:
    """A name that can be renamed; ``defined`` None: outside the text, as a query is."""

    name: str
    span: Span
    defined: Span | None


def rename_target(text: str, offset: int) -> Target | None:
    """The name at an offset; None where there is none. UsageError where the text does not parse."""
    found = _at(read(text), offset)
    return found[0] if found else None


def references(text: str, offset: int) -> list[Span]:
    """Where the name at an offset is defined and used, in the order of the text. UsageError where it does not parse."""
    document = read(text)
    found = _at(document, offset)
    if found is None:
        return []
    target, binder = found
    uses = document.free_names.get(target.name, []) if binder is None else _uses(document, binder)
    spans = [use.span for use in uses] + ([binder.span] if binder else [])
    return sorted(spans, key=lambda span: span.start)


def rename(text: str, offset: int, name: str) -> str:
    """The text with the name at an offset changed wherever it is meant.

    Raises:
        UsageError: the text does not parse, no name that the text defines is there, or with the new name the text
            would mean something else.
    """
    document = read(text)
    found = _at(document, offset)
    if found is None or found[1] is None:
        raise UsageError("No name that this text defines is there.", hint="Choose a step or variable.")
    binder = found[1]
    if not name.strip():
        raise UsageError("A name is needed.", hint="Give one with at least one letter.", code="editing.name")
    written = quote_identifier(name)
    spans = [binder.span, *(use.span for use in _uses(document, binder))]
    changes = [Change(span.start, span.end, written) for span in spans]
    changed = applied(text, changes)
    if _meanings(document) != _meanings(read(changed)):
        raise UsageError(
            f"With the name '{name}' the text would mean something else.",
            hint="Choose another name.",
            code="editing.name_hidden",
        )
    return changed


def _at(document: Document, offset: int) -> tuple[Target, Binder | None] | None:
    fields = _fields(document)
    for use in document.uses:
        if use.span.start <= offset <= use.span.end and (use.binder is None or use.binder.span.start not in fields):
            return Target(use.node.name, use.span, use.binder.span if use.binder else None), use.binder
    for binder in document.binders:
        here = binder.span.start <= offset <= binder.span.end
        if here and binder.name != "_" and binder.span.start not in fields:
            return Target(binder.name, binder.span, binder.span), binder
    return None


def _uses(document: Document, binder: Binder) -> list[Use]:
    return [use for use in document.uses if use.binder is binder]


def _fields(document: Document) -> set[int]:
    """Where the names of records' fields start: they keep their names, because others may read them."""
    return {each.span.start for node, _ in document.scoped if isinstance(node, syntax.Record) for each in node.fields}


def _meanings(document: Document) -> list[int | str]:
    """For each use, in order, the number of what it refers to, or its name where that is outside the text."""
    numbers = {id(binder): number for number, binder in enumerate(document.binders)}
    return [numbers[id(use.binder)] if use.binder else use.node.name for use in document.uses]
