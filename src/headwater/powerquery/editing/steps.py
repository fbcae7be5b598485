"""The applied steps of a query, read from its text.

>>> for step in applied_steps('let Source = 1, #"Added One" = Source + 1 in #"Added One"'):
...     print(step.name, step.depends_on, step.expression)
Source () 1
Added One ('Source',) Source + 1
"""

from __future__ import annotations

from dataclasses import dataclass

from headwater.powerquery.editing.commands import Recognised, recognise
from headwater.powerquery.editing.document import Document, read
from headwater.powerquery.editing.layout import Block, Blocks, blocks_of
from headwater.powerquery.language import syntax
from headwater.powerquery.language.syntax import Span

__all__ = ["FIRST_STEP", "Step", "applied_steps", "free_name", "primary"]

FIRST_STEP = "Source"
"""What Power Query calls the first step."""


@dataclass(frozen=True, slots=True)
class Step:
    """One applied step.

    Attributes:
        name: what it is called.
        identifier: its name as written, perhaps quoted; "" for a query that is no ``let … in step``.
        expression: its formula as written.
        span: where the formula stands.
        description: what somebody wrote about it, from the comments before it.
        depends_on: the steps its formula refers to, in the order in which it does.
        is_result: whether the query's value is this step's.
        command: the command that wrote its formula, with its arguments; None: somebody's own formula, without a gear.
    """

    name: str
    identifier: str
    expression: str
    span: Span
    description: str
    depends_on: tuple[str, ...]
    is_result: bool
    command: Recognised | None


def applied_steps(text: str) -> tuple[Step, ...]:
    """The steps of a query in the order of its text. A query that is no ``let … in step`` is one step.

    Raises:
        UsageError: the text does not parse.
    """
    document = read(text)
    blocks = blocks_of(document)
    if blocks is None:
        span = document.tree.span
        return (Step(FIRST_STEP, "", document.part(span), span, "", (), True, None),)
    references = _references(document, blocks)
    return tuple(_step(blocks, at, tuple(references[at])) for at in range(len(blocks.items)))


def free_name(name: str, taken: set[str] | frozenset[str]) -> str:
    """A name for a new step as Power Query makes it: with a number behind it where it is taken.

    >>> free_name("Filtered Rows", {"Filtered Rows", "Filtered Rows1"})
    'Filtered Rows2'
    """
    number, found = 0, name
    while found in taken:
        number += 1
        found = f"{name}{number}"
    return found


def primary(blocks: Blocks, at: int) -> str | None:
    """The step that a step goes on from: the first that its formula refers to."""
    return next(iter(_references(blocks.document, blocks)[at]), None)


def _references(document: Document, blocks: Blocks) -> list[dict[str, None]]:
    """The names of the steps that each step refers to."""
    binders = {id(block.binder): block.binder.name for block in blocks.items}
    found: list[dict[str, None]] = [{} for _ in blocks.items]
    at = 0
    for use in document.uses:
        while at < len(blocks.items) and use.node.span.start >= blocks.items[at].binding.span.end:
            at += 1
        if at < len(blocks.items) and id(use.binder) in binders:
            found[at][binders[id(use.binder)]] = None
    return found


def _step(blocks: Blocks, at: int, depends_on: tuple[str, ...]) -> Step:
    block: Block = blocks.items[at]
    document = blocks.document
    value: syntax.Expr = block.binding.value
    return Step(
        block.binder.name,
        document.part(block.binder.span),
        document.part(value.span),
        value.span,
        blocks.described(at),
        depends_on,
        blocks.result.name == block.binder.name,
        recognise(document.part(value.span)),
    )
