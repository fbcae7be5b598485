"""The steps of a query as previews need them: its text up to one of them, and which of them fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.errors import NotFoundError
from headwater.powerquery.editing.folding import unfolded_steps
from headwater.powerquery.editing.steps import applied_steps
from headwater.powerquery.evaluator.session import Unfolded
from headwater.powerquery.language import parse_expression, quote_identifier, syntax

__all__ = ["Folding", "folding_of", "up_to"]


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
    """For each applied step of a query whether it folds, by what its evaluation noted.

    >>> noted = [Unfolded("Table.Buffer", "It keeps the rows.", "q, line 1, column 18")]
    >>> [each.folds for each in folding_of("let a = 1, b = f(a), c = b in c", "q", noted)]
    [True, False, False]
    """
    reasons = unfolded_steps(text, unfolded, query)
    evaluated: set[str] = set()  # steps that are, or come after, one that does not fold
    found = []
    for step in applied_steps(text):
        if step.name in reasons or evaluated.intersection(step.depends_on):
            evaluated.add(step.name)
        found.append(Folding(step.name, step.name not in evaluated, "; ".join(reasons.get(step.name, ()))))
    return found
