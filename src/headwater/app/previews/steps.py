"""The steps of a query as previews need them: its text up to one of them, and which of them fold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from headwater.errors import NotFoundError
from headwater.powerquery.evaluator.session import Unfolded
from headwater.powerquery.language import LineIndex, parse_expression, quote_identifier, syntax, walk

__all__ = ["Folding", "folding_of", "up_to"]

_PLACE = re.compile(r"(?P<query>.*), line (?P<line>\d+), column (?P<column>\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Folding:
    """Whether a step runs in the engine; ``reason`` says why not, where the step itself is why.

    ``folds`` is False, too, for a step after one that does not fold.
    """

    step: str
    folds: bool
    reason: str = ""


def up_to(text: str, step: str | None, query: str) -> str:
    """The query with one of its steps as its result; None: as it is.

    Raises:
        MSyntaxError: it cannot be read.
        NotFoundError: it has no such step.

    >>> up_to("let a = 1, b = a + 1 in b", "a", "q")
    'let a = 1, b = a + 1 in a'
    """
    tree = parse_expression(text, query)
    if step is None:
        return text
    if not isinstance(tree, syntax.Let) or all(binding.name != step for binding in tree.bindings):
        raise NotFoundError(f"The query has no step '{step}'.", place=query, hint="Choose one that it has.")
    body = tree.body.span
    return text[: body.start] + quote_identifier(step) + text[body.end :]


def folding_of(text: str, query: str, unfolded: Sequence[Unfolded]) -> Sequence[Folding]:
    """For each step of a query whether it folds, by what its evaluation noted; nothing for one that is no ``let``.

    >>> noted = [Unfolded("Table.Buffer", "It keeps the rows.", "q, line 1, column 18")]
    >>> [each.folds for each in folding_of("let a = 1, b = f(a), c = b in c", "q", noted)]
    [True, False, False]
    """
    tree = parse_expression(text, query)
    if not isinstance(tree, syntax.Let):
        return ()
    reasons = _reasons(text, query, tree, unfolded)
    evaluated: set[str] = set()  # steps that are, or come after, one that does not fold
    found = []
    for binding in tree.bindings:
        used = {node.name for node in walk(binding.value) if isinstance(node, syntax.Identifier)}
        if binding.name in reasons or used & evaluated:
            evaluated.add(binding.name)
        found.append(Folding(binding.name, binding.name not in evaluated, reasons.get(binding.name, "")))
    return found


def _reasons(text: str, query: str, tree: syntax.Let, unfolded: Sequence[Unfolded]) -> dict[str, str]:
    lines = LineIndex(text)
    starts = {binding.name: lines.position(binding.span.start) for binding in tree.bindings}
    reasons: dict[str, str] = {}
    for note in unfolded:
        place = _PLACE.fullmatch(note.place)
        if place is None or place["query"] != query:
            continue
        at = int(place["line"]), int(place["column"])
        before = [name for name, start in starts.items() if start <= at]
        if before:
            reasons.setdefault(before[-1], f"{note.function}: {note.reason}")
    return reasons
