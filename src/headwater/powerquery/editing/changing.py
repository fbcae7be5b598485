"""Changes of a query's steps. Each gives the new text, in which everything else is as it was, to the byte.

All of them raise UsageError where the text does not parse, where there is no such step, or where the change would
make the query mean something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headwater.errors import UsageError
from headwater.powerquery.editing.document import Change, Document, Use, applied, checked_expression, read
from headwater.powerquery.editing.layout import Blocks, as_binding, blocks_of
from headwater.powerquery.editing.steps import FIRST_STEP, applied_steps, free_name, primary
from headwater.powerquery.language import quote_identifier

__all__ = [
    "Edited",
    "delete_step",
    "delete_until_end",
    "describe_step",
    "insert_step",
    "move_step",
    "rename_step",
    "replace_expression",
    "with_steps",
]


@dataclass(frozen=True, slots=True)
class Edited:
    """The text after a change, and the step to select in it."""

    text: str
    step: str


def insert_step(text: str, after: str, expression: str, name: str) -> Edited:
    """A new step after another one; the step that came next goes on from it, or the query ends with it.

    Args:
        text: the query.
        after: the step before it.
        expression: its formula.
        name: what to call it; it gets a number where the name is taken.

    >>> print(insert_step("let Source = 1 in Source", "Source", "Source + 1", "Added").text)
    let Source = 1, Added = Source + 1 in Added
    """
    written = checked_expression(expression)
    blocks = with_steps(text)
    document = blocks.document
    at = blocks.index(after)
    name = free_name(name, _taken(document))
    changes = _insertion(blocks, at, as_binding(name, written))
    following = blocks.items[at + 1].binding.value.span if at + 1 < len(blocks.items) else None
    binder = blocks.items[at].binder
    uses = [use for use in document.uses if use.binder is binder]
    moved = [u for u in uses if following and following.start <= u.node.span.start < following.end]
    moved += [use for use in uses if use.node is blocks.result]
    changes += _renamed(moved, name)
    return Edited(_sound(applied(document.text, changes)), name)


def replace_expression(text: str, step: str, expression: str) -> Edited:
    """A step with another formula."""
    written = checked_expression(expression)
    document = read(text)
    blocks = blocks_of(document)
    if blocks is None:
        span = document.tree.span
        return Edited(_sound(applied(text, [Change(span.start, span.end, written)])), step)
    span = blocks.items[blocks.index(step)].binding.value.span
    return Edited(_sound(applied(text, [Change(span.start, span.end, written)])), step)


def rename_step(text: str, step: str, name: str) -> Edited:
    """A step under another name, everywhere; names of fields and names defined within its scope are not touched.

    >>> print(rename_step("let a = 1, b = [a = a + 1] in b", "b", "the end").text)
    let a = 1, #"the end" = [a = a + 1] in #"the end"
    """
    blocks = with_steps(text)
    document = blocks.document
    binder = blocks.items[blocks.index(step)].binder
    if name == step:
        return Edited(document.text, step)
    uses = [use for use in document.uses if use.binder is binder]
    _check_name(blocks, name, uses)
    changes = [Change(binder.span.start, binder.span.end, quote_identifier(name)), *_renamed(uses, name)]
    return Edited(applied(document.text, changes), name)


def delete_step(text: str, step: str) -> Edited:
    """The query without a step; those that referred to it refer to what it went on from."""
    blocks = with_steps(text)
    document = blocks.document
    at = blocks.index(step)
    if len(blocks.items) == 1:
        raise UsageError(
            "A query's only step cannot be deleted.", hint="Delete the query, or change the step.", code="editing.only"
        )
    uses = [u for u in document.uses if u.binder is blocks.items[at].binder and not _within(blocks, at, u)]
    changes = _removal(blocks, at) + _handed_down(blocks, at, uses)
    selected = blocks.names[at - 1] if at else blocks.names[1]
    return Edited(applied(document.text, changes), selected)


def delete_until_end(text: str, step: str) -> Edited:
    """The query without a step and all that come after it; it ends with the step before."""
    blocks = with_steps(text)
    document = blocks.document
    at = blocks.index(step)
    if at == 0:
        raise UsageError(
            "All steps of a query cannot be deleted.", hint="Delete the query instead.", code="editing.only"
        )
    before = blocks.items[at - 1]
    gone = {id(block.binder) for block in blocks.items[at:]}
    for use in document.uses:
        if id(use.binder) in gone and use.node.span.start < before.binding.span.end:
            raise _needed(use.node.name, "a step before it refers to it")
    result = next(use for use in document.uses if use.node is blocks.result)
    changes = _cut_after(blocks, at - 1) + _renamed([result], before.binder.name)
    return Edited(applied(document.text, changes), before.binder.name)


def move_step(text: str, step: str, position: int) -> Edited:
    """A step at another place, counted from 0.

    A step that goes on from the one before it, and from which the next one goes on, is taken out of that chain and put
    into it at the new place, as if somebody had deleted and inserted it. Any other keeps its formula. No step may come
    to stand before one that it refers to.
    """
    blocks = with_steps(text)
    at = blocks.index(step)
    if not 0 <= position < len(blocks.items):
        raise UsageError(
            f"There is no place {position} among {len(blocks.items)} steps.", hint="Read the query's steps again."
        )
    if position == at:
        return Edited(text, step)
    document = blocks.document
    uses = [u for u in document.uses if u.binder is blocks.items[at].binder]
    anchor = position - (position < at)
    if _in_chain(blocks, at, uses):
        moved = _rechained(blocks, at, anchor, uses)
    else:
        block = blocks.items[at]
        written = document.text[block.lead : block.binding.span.end]
        moved = applied(document.text, [*_removal(blocks, at), *_insertion(blocks, anchor, written)])
    _check_order(document.text, moved, step)
    return Edited(moved, step)


def describe_step(text: str, step: str, description: str) -> Edited:
    """A step with another description, which is a comment before it; an empty one takes it away."""
    blocks = with_steps(text)
    at = blocks.index(step)
    block = blocks.items[at]
    separator = blocks.separator(at)
    if separator == " ":
        separator = blocks.document.newline + "    "
    lines = [f"// {line}".rstrip() + separator for line in description.splitlines()]
    start = block.binding.span.start
    comment = "".join(lines)
    if lines and blocks.separator(at) == " ":
        comment = separator + comment
    return Edited(_sound(applied(blocks.document.text, [Change(block.lead, start, comment)])), step)


def with_steps(text: str) -> Blocks:
    """The steps of a query, which becomes ``let Source = … in Source`` where it is something else."""
    blocks = blocks_of(read(text))
    if blocks is not None:
        return blocks
    document = read(text)
    newline = document.newline
    source = as_binding(FIRST_STEP, document.text.lstrip("\ufeff").strip())
    made = blocks_of(read(f"let{newline}    {source}{newline}in{newline}    {FIRST_STEP}"))
    assert made is not None, "it was just made one"
    return made


# -- pieces of changes -------------------------------------------------------------------------------------------------


def _insertion(blocks: Blocks, after: int, written: str) -> list[Change]:
    """A step, as written, put after another one; -1 is before all."""
    if after < 0:
        separator = blocks.separator(0)
        lead = blocks.items[0].lead
        return [Change(lead, lead, f"{written},{separator}")]
    block = blocks.items[after]
    separator = blocks.separator(after)
    document = blocks.document
    if separator == " " and (_ends_in_line_comment(document, block.tail) or written.startswith("//")):
        separator = document.newline + "    "
    if block.comma is not None:
        return [Change(block.tail, block.tail, f"{separator}{written},")]
    end = block.binding.span.end
    return [Change(end, end, ","), Change(block.tail, block.tail, f"{separator}{written}")]


def _ends_in_line_comment(document: Document, offset: int) -> bool:
    return any(end == offset and document.text.startswith("//", start) for _, start, end in document.lexemes.comments)


def _removal(blocks: Blocks, at: int) -> list[Change]:
    """A step taken out, with its description and what stands behind its comma."""
    block = blocks.items[at]
    if block.comma is not None:
        return [Change(block.lead, blocks.items[at + 1].lead, "")]
    return _cut_after(blocks, at - 1)


def _cut_after(blocks: Blocks, at: int) -> list[Change]:
    """All steps after one taken out; what is between the last of them and ``in`` stays."""
    block, end = blocks.items[at], blocks.items[-1].tail
    document = blocks.document
    assert block.comma is not None, "another step follows"
    following = document.lexemes.starts[document.token(end)]
    runs_on = _ends_in_line_comment(document, block.tail) and document.one_line(end, following)
    return [Change(block.comma, block.comma + 1, ""), Change(block.tail, end, document.newline if runs_on else "")]


def _handed_down(blocks: Blocks, at: int, uses: Iterable[Use]) -> list[Change]:
    """Uses of a step turned into uses of the step that it goes on from."""
    uses = list(uses)
    if not uses:
        return []
    name = blocks.names[at]
    origin = primary(blocks, at)
    if origin is None:
        raise _needed(name, "other steps refer to it, and it refers to none that they could refer to instead")
    binder = blocks.items[blocks.index(origin)].binder
    for use in uses:
        if use.scope.find(origin, inclusive=use.node.inclusive) is not binder:
            raise _captured(origin)
    return _renamed(uses, origin)


def _rechained(blocks: Blocks, at: int, anchor: int, uses: list[Use]) -> str:
    """The text with a step taken out of the chain of steps and put into it after another one."""
    name = blocks.names[at]
    if anchor < 0:
        raise _needed(name, "it goes on from another step, so that it cannot be the first")
    target = blocks.names[anchor]
    origin = primary(blocks, at)
    assert origin is not None, "only steps that go on from another one are in a chain"
    block = blocks.items[at]
    document = blocks.document
    own = [use for use in document.uses if _within(blocks, at, use) and use.binder is not None]
    reference = next(use for use in own if use.binder is blocks.items[blocks.index(origin)].binder)
    span = reference.span
    written = (
        document.text[block.lead : span.start]
        + quote_identifier(target)
        + document.text[span.end : block.binding.span.end]
    )
    moved_uses = [use for use in uses if not _within(blocks, at, use)]
    without = _removal(blocks, at) + _handed_down(blocks, at, moved_uses)
    rest = with_steps(applied(document.text, without))
    place = rest.index(target)
    following = rest.items[place + 1].binding.value.span if place + 1 < len(rest.items) else None
    binder = rest.items[place].binder
    next_uses = [
        use
        for use in rest.document.uses
        if use.binder is binder
        and (use.node is rest.result or (following and following.start <= use.node.span.start < following.end))
    ]
    _check_name(rest, name, next_uses)
    changes = _insertion(rest, place, written) + _renamed(next_uses, name)
    return applied(rest.document.text, changes)


def _check_order(before: str, after: str, step: str) -> None:
    """UsageError where a step refers to one that comes after it, and did not before."""
    for name, later in sorted(_forward(after) - _forward(before)):
        raise UsageError(
            f"Step '{step}' cannot be moved there: '{name}' would stand before '{later}', to which it refers.",
            hint="Move it to a place after the steps that it needs, and before those that need it.",
            code="editing.order",
        )


def _forward(text: str) -> set[tuple[str, str]]:
    """Each step that refers to one that comes after it, with that one."""
    seen: set[str] = set()
    found: set[tuple[str, str]] = set()
    for step in applied_steps(text):
        seen.add(step.name)
        found |= {(step.name, name) for name in step.depends_on if name not in seen}
    return found


def _in_chain(blocks: Blocks, at: int, uses: list[Use]) -> bool:
    """Whether a step goes on from the one before it, and the next one or the query's value from it."""
    if at == 0 or primary(blocks, at) != blocks.names[at - 1]:
        return False
    if at == len(blocks.items) - 1:
        return any(use.node is blocks.result for use in uses)
    return primary(blocks, at + 1) == blocks.names[at]


def _within(blocks: Blocks, at: int, use: Use) -> bool:
    span = blocks.items[at].binding.span
    return span.start <= use.node.span.start < span.end


def _renamed(uses: Iterable[Use], name: str) -> list[Change]:
    written = quote_identifier(name)
    return [Change(use.span.start, use.span.end, written) for use in uses]


def _taken(document: Document) -> frozenset[str]:
    """Every name that a new step must not have: what is defined anywhere in the text or used from outside."""
    return frozenset({binder.name for binder in document.binders} | document.free_names.keys())


def _check_name(blocks: Blocks, name: str, uses: Iterable[Use]) -> None:
    """UsageError where a step cannot have a name, because uses of it would refer to something else, or others to it."""
    if not name.strip():
        raise UsageError("A step needs a name.", hint="Give one with at least one letter.", code="editing.name")
    if name in blocks.names:
        raise UsageError(f"There is a step '{name}' already.", hint="Choose another name.", code="editing.name_taken")
    if name in blocks.document.free_names:
        raise UsageError(
            f"The query refers to '{name}' outside itself, which a step of that name would hide.",
            hint="Choose another name.",
            code="editing.name_taken",
        )
    if any(use.scope.find(name) is not None for use in uses):
        raise _captured(name)


def _captured(name: str) -> UsageError:
    return UsageError(
        f"Within a formula '{name}' means something else, a variable, field or parameter of its own.",
        hint="Choose another name, or change that formula first.",
        code="editing.name_hidden",
    )


def _needed(name: str, reason: str) -> UsageError:
    return UsageError(
        f"Step '{name}' has to stay where it is: {reason}.",
        hint="Change the steps that refer to it first.",
        code="editing.needed",
    )


def _sound(text: str) -> str:
    """The text, which must parse; UsageError otherwise."""
    read(text)
    return text
