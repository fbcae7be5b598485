"""M text in the house style: what ``headwater fmt`` writes.

The formatter renders the tree faithfully, which gives the tokens of the text in their order, and pairs them with the
tokens as they were written. It changes nothing but blanks and line ends, and keeps every comment next to the token it
stood next to. What the layout depends on, the tokens, their comments and the empty lines that are kept, is the same
in its result, so that formatting twice is formatting once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from headwater.powerquery.language.layout import Item, LeadingComment, Mark, TrailingComment, Word, lay_out
from headwater.powerquery.language.lexer import Comment, LineIndex, TokenKind, tokenize
from headwater.powerquery.language.parser import parse_document
from headwater.powerquery.language.rendering import FieldName, Piece, render
from headwater.powerquery.language.syntax import Span

__all__ = ["format_document"]

WIDTH = 100

_SEPARATORS = frozenset((",", ";"))
_FIELD_NAME_ENDS = frozenset(("]", "=", ","))
_LINE_MARKS = frozenset((Mark.LINE, Mark.SOFT_LINE, Mark.HARD_LINE))


def format_document(text: str, source_name: str = "") -> str:
    """A document, formatted: 4 blanks a level, about 100 characters a line, comments kept.

    Literals, names and parentheses stay as they were written, so that the result has the same tree.

    Raises:
        MSyntaxError: the text is no M document.

    >>> print(format_document("let a=1, // one\\n b=[x=a] in {a,b}"), end="")
    let
        a = 1, // one
        b = [x = a]
    in
        {a, b}
    """
    tree = parse_document(text, source_name)
    tokens = _TokenReader(text)
    items: list[Item] = []
    for piece in render(tree, faithful=True):
        if isinstance(piece, Mark):
            items.append(piece)
        else:
            _append(items, tokens.read(piece))
    _append(items, tokens.read_end())
    return lay_out(items, WIDTH)


@dataclass(slots=True)
class _Commented:
    """A token, the comments on lines of their own before it, and those after it on its line."""

    text: str
    span: Span
    after_blank: bool = False
    leading: list[LeadingComment] = field(default_factory=list)
    trailing: list[TrailingComment] = field(default_factory=list)


class _TokenReader:
    """The tokens of a text with their comments, in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _with_comments(text)
        self._next = 0

    def read(self, piece: Piece) -> _Commented:
        """The token that a piece stands for; of a field's name that is several tokens, all of it."""
        first = self._tokens[self._next]
        self._next += 1
        if not isinstance(piece, FieldName):
            return first
        last = first
        while self._tokens[self._next].text not in _FIELD_NAME_ENDS:
            last = self._tokens[self._next]
            self._next += 1
        name = self._text[first.span.start : last.span.end]
        return _Commented(name, first.span, first.after_blank, first.leading, last.trailing)

    def read_end(self) -> _Commented:
        """The end of the text, before which there may be comments."""
        return self._tokens[self._next]


def _append(items: list[Item], token: _Commented) -> None:
    # A comment before a closing bracket, or `in`, belongs to what is inside, so it goes before the indentation ends.
    at = len(items)
    while token.leading and at and items[at - 1] in _LINE_MARKS:
        at -= 1
    at = at - 1 if at < len(items) and items[at - 1] is Mark.DEDENT else len(items)
    items[at:at] = token.leading
    if token.text:
        items.append(Word(token.text, token.after_blank))
    items.extend(token.trailing)


def _with_comments(text: str) -> list[_Commented]:
    """The tokens of a text, the end included, and whose comments are whose."""
    lines = LineIndex(text)
    result: list[_Commented] = []
    for token in tokenize(text):
        commented = _Commented("" if token.kind is TokenKind.END else token.text, token.span)
        line = lines.position(result[-1].span.end)[0] if result else 1
        for index, comment in enumerate(token.comments):
            starts_at = lines.position(comment.span.start)[0]
            if result and starts_at == line and index == len(result[-1].trailing):
                result[-1].trailing.append(TrailingComment(_tidy(comment)))
            else:
                commented.leading.append(LeadingComment(_tidy(comment), after_blank=starts_at > line + 1))
            line = lines.position(comment.span.end)[0]
        commented.after_blank = lines.position(token.span.start)[0] > line + 1
        result.append(commented)
    for before, separator, after in zip(result, result[1:], result[2:], strict=False):
        if separator.text in _SEPARATORS:
            _move_past_separator(before, separator, after)
    return result


def _tidy(comment: Comment) -> str:
    return comment.text.rstrip() if comment.text.startswith("//") else comment.text


def _move_past_separator(before: _Commented, separator: _Commented, after: _Commented) -> None:
    """Moves comments to where the next line begins.

    ``1 // one`` and then ``, 2`` becomes ``1, // one`` and then ``2``.
    """
    moved = separator.leading
    if before.trailing and before.trailing[-1].ends_line:
        moved += [LeadingComment(comment.text, after_blank=False) for comment in separator.trailing]
        separator.trailing = [before.trailing.pop()]
    after.leading = moved + after.leading
    separator.leading = []
