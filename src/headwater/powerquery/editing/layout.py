"""How the steps of a query lie in its text: what belongs to each, down to the comment behind its comma."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.errors import UsageError
from headwater.powerquery.editing.document import Binder, Document
from headwater.powerquery.language import quote_identifier, syntax
from headwater.powerquery.language.syntax import Span

__all__ = ["Block", "Blocks", "blocks_of"]


@dataclass(frozen=True, slots=True)
class Block:
    """A step's piece of the text.

    ``lead`` is where its description starts, or its name where it has none; ``comments`` are the description's.
    ``tail`` is where what follows its comma on the same line ends. ``comma`` is None for the last step.
    """

    binding: syntax.Binding
    binder: Binder
    lead: int
    comments: tuple[Span, ...]
    comma: int | None
    tail: int


@dataclass(frozen=True, eq=False)
class Blocks:
    """The steps of a query that is ``let … in step``."""

    document: Document
    items: tuple[Block, ...]
    result: syntax.Identifier

    def index(self, name: str) -> int:
        """The place of a step; UsageError where there is none of that name."""
        for at, block in enumerate(self.items):
            if block.binder.name == name:
                return at
        raise UsageError(f"There is no step '{name}'.", hint="Read the query's steps again.", code="editing.no_step")

    @property
    def names(self) -> list[str]:
        """The steps' names, in the order of the text."""
        return [block.binder.name for block in self.items]

    def separator(self, at: int) -> str:
        """What is written before a new step beside an existing one: a line's end and its indent, or a blank."""
        block = self.items[at]
        text = self.document.text
        line = max(text.rfind("\n", 0, block.lead), text.rfind("\r", 0, block.lead)) + 1
        before = text[line : block.lead]
        return self.document.newline + before if line and not before.strip() else " "

    def described(self, at: int) -> str:
        """A step's description: its comments without their marks."""
        spans = self.items[at].comments
        return "\n".join(_bare_comment(self.document.part(span)) for span in spans)


def blocks_of(document: Document) -> Blocks | None:
    """The steps of a query; None where it is not ``let … in step``."""
    tree = document.tree
    if not isinstance(tree, syntax.Let) or not isinstance(tree.body, syntax.Identifier):
        return None
    if tree.body.name not in {binding.name for binding in tree.bindings}:
        return None
    # The scope of the let is that of its body, and the body is the node visited last.
    binders = document.scoped[-1][1].binders
    last = len(tree.bindings) - 1
    items = [_block(document, b, binders[b.name], is_last=at == last) for at, b in enumerate(tree.bindings)]
    return Blocks(document, tuple(items), tree.body)


def _block(document: Document, binding: syntax.Binding, binder: Binder, *, is_last: bool) -> Block:
    lexemes = document.lexemes
    token = document.token(binding.span.start)
    comments = _leading(document, token)
    lead = comments[0].start if comments else binding.span.start
    following = document.token(binding.span.end)
    comma = None if is_last else lexemes.starts[following]
    end = binding.span.end if is_last else lexemes.ends[following]
    trailing = _trailing(document, end, following + (not is_last))
    return Block(binding, binder, lead, comments, comma, trailing[-1].end if trailing else end)


def _trailing(document: Document, end: int, token: int) -> Sequence[Span]:
    """The comments before a token that belong to what ended before them: on its line, and the token is not."""
    start = document.lexemes.starts[token]
    comments = document.comments_before(token)
    if document.one_line(end, start):
        return ()
    return [comment for comment in comments if document.one_line(end, comment.end)]


def _leading(document: Document, token: int) -> tuple[Span, ...]:
    """The comments that belong to what starts with a token."""
    trailing = _trailing(document, document.lexemes.ends[token - 1], token)
    return tuple(document.comments_before(token)[len(trailing) :])


def _bare_comment(comment: str) -> str:
    if comment.startswith("//"):
        return comment[2:].strip()
    return "\n".join(line.strip().removeprefix("* ") for line in comment[2:-2].strip().splitlines())


def as_binding(name: str, expression: str) -> str:
    """A step as it is written: ``name = expression``."""
    return f"{quote_identifier(name)} = {expression}"
