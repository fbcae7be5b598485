"""A tree as canonical M text on one line."""

from __future__ import annotations

from headwater.powerquery.language.layout import Mark, Word, flat
from headwater.powerquery.language.quoting import quote_field_name, quote_identifier, quote_text
from headwater.powerquery.language.rendering import render
from headwater.powerquery.language.syntax import Expr, Section

__all__ = ["print_expression", "quote_field_name", "quote_identifier", "quote_text"]


def print_expression(node: Expr | Section) -> str:
    """The M text of a tree: one line, no more parentheses than precedence asks for.

    Parsing the text gives the tree again, but for its :class:`~.syntax.Parenthesized` nodes.

    >>> from headwater.powerquery.language.parser import parse_expression
    >>> print(print_expression(parse_expression("let a=((1)) in (a+ 0x10)*#\\"a b\\"[[c],[d]]?")))
    let a = 1 in (a + 16) * #"a b"[[c], [d]]?
    """
    return flat(Word(piece.text) if not isinstance(piece, Mark) else piece for piece in render(node, faithful=False))
