"""Words, spaces and possible line ends, and how they become lines.

A document is a list of :class:`Word`, :class:`Comment` and :class:`Mark`. Marks say where a line may end
(:attr:`Mark.LINE`, :attr:`Mark.SOFT_LINE`), where it must (:attr:`Mark.HARD_LINE`, :attr:`Mark.STATEMENT`), and what
belongs together: the line ends of a group are all taken or none, and they are taken if the group does not fit on its
line. This is Oppen's way of printing, with all widths measured in a first pass over the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

__all__ = ["Item", "LeadingComment", "Mark", "TrailingComment", "Word", "flat", "lay_out"]

INDENT = 4


class Mark(Enum):
    SPACE = auto()
    LINE = auto()
    """A space, or a line end."""
    SOFT_LINE = auto()
    """Nothing, or a line end."""
    HARD_LINE = auto()
    """A line end; a space where everything is on one line."""
    STATEMENT = auto()
    """A hard line end after which one empty line is kept."""
    OPEN = auto()
    CLOSE = auto()
    INDENT = auto()
    DEDENT = auto()


_FLAT = {Mark.SPACE: " ", Mark.LINE: " ", Mark.HARD_LINE: " ", Mark.STATEMENT: " "}
_POSSIBLE_ENDS = frozenset((Mark.LINE, Mark.SOFT_LINE, Mark.HARD_LINE, Mark.STATEMENT))
_SURE_ENDS = frozenset((Mark.HARD_LINE, Mark.STATEMENT))
_TIGHT = frozenset((",", ";", ")", "]", "}"))


@dataclass(frozen=True, slots=True)
class Word:
    """A token, or several that stay together. ``after_blank``: an empty line came before it."""

    text: str
    after_blank: bool = False


@dataclass(frozen=True, slots=True)
class LeadingComment:
    """A comment on lines of its own, before the next word."""

    text: str
    after_blank: bool


@dataclass(frozen=True, slots=True)
class TrailingComment:
    """A comment on the line of the word before it; after ``//`` the line ends."""

    text: str

    @property
    def ends_line(self) -> bool:
        return self.text.startswith("//")


Item: TypeAlias = Word | LeadingComment | TrailingComment | Mark


def flat(items: Iterable[Item]) -> str:
    """Everything on one line."""
    parts: list[str] = []
    for item in items:
        text = item.text if isinstance(item, Word) else _FLAT.get(item, "") if isinstance(item, Mark) else ""
        # `..` and `...` next to each other would be read differently.
        if text.startswith(".") and parts and parts[-1].endswith("."):
            text = " " + text
        if text:
            parts.append(text)
    return "".join(parts)


def lay_out(items: Sequence[Item], width: int) -> str:
    """Lines of at most ``width`` characters where the words allow it, with a line end at the very end."""
    fits = _Measure(items, width)
    page = _Page()
    is_flat = [False]
    for index, item in enumerate(items):
        if isinstance(item, Word):
            page.word(item)
        elif isinstance(item, LeadingComment):
            page.leading(item)
        elif isinstance(item, TrailingComment):
            page.trailing(item)
        elif item is Mark.OPEN:
            is_flat.append(is_flat[-1] or fits.on_line(index, page.column))
        elif item is Mark.CLOSE:
            is_flat.pop()
        else:
            page.mark(item, flat=is_flat[-1])
    return page.finish()


class _Measure:
    """The widths of all groups, on one line, from one pass forward and one back."""

    def __init__(self, items: Sequence[Item], width: int) -> None:
        self._width = width
        count = len(items)
        # Up to each item: the width on one line, and how many sure line ends there are.
        self._widths = [0] * (count + 1)
        self._breaks = [0] * (count + 1)
        self._last_word = [0] * (count + 1)
        self._close: dict[int, int] = {}
        opened: list[int] = []
        for index, item in enumerate(items):
            self._widths[index + 1] = self._widths[index] + _flat_width(item)
            self._breaks[index + 1] = self._breaks[index] + _is_break(item)
            self._last_word[index + 1] = index if isinstance(item, Word) else self._last_word[index]
            if item is Mark.OPEN:
                opened.append(index)
            elif item is Mark.CLOSE:
                self._close[opened.pop()] = index
        # From each item on: where the next word is, and where the next possible line end.
        self._next_word = [count] * (count + 1)
        self._next_end = [count] * (count + 1)
        for index in range(count - 1, -1, -1):
            item = items[index]
            self._next_word[index] = index if isinstance(item, Word) else self._next_word[index + 1]
            self._next_end[index] = index if item in _POSSIBLE_ENDS else self._next_end[index + 1]

    def on_line(self, opening: int, column: int) -> bool:
        """Whether the group that opens here fits on its line, with what must follow it there.

        Comments before the group's first word and after its last do not count: they are outside of it for a reader.
        """
        closing = self._close[opening]
        first, last = self._next_word[opening], self._last_word[closing]
        if self._breaks[max(first, last)] > self._breaks[first]:
            return False
        return column + self._widths[self._next_end[closing]] - self._widths[opening] <= self._width


def _flat_width(item: Item) -> int:
    if isinstance(item, Word):
        return len(item.text.partition("\n")[0])
    return len(_FLAT.get(item, "")) if isinstance(item, Mark) else 0


def _is_break(item: Item) -> bool:
    if isinstance(item, Mark):
        return item in _SURE_ENDS
    return isinstance(item, LeadingComment) or (isinstance(item, TrailingComment) and item.ends_line)


class _Page:
    """The lines so far. A line's indentation is written with its first word, when it is known."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._indent = 0
        self._at_start = True
        self._space = False
        self._line_over = False
        self._may_be_blank = False
        self.column = 0

    def word(self, word: Word) -> None:
        if self._line_over:
            self._end_line()
        if self._at_start and word.after_blank and self._may_be_blank:
            self._parts.append("\n")
        last = self._parts[-1] if self._parts else ""
        if not self._at_start and ((self._space and word.text not in _TIGHT) or (last[-1:] + word.text[:1] == "..")):
            self._write(" ")
        self._write(word.text)
        self._may_be_blank = False

    def leading(self, comment: LeadingComment) -> None:
        if not self._at_start:
            self._end_line()
            self._may_be_blank = False
        if comment.after_blank and self._may_be_blank:
            self._parts.append("\n")
        self._write(comment.text)
        self._end_line()
        self._may_be_blank = True

    def trailing(self, comment: TrailingComment) -> None:
        if self._line_over:
            self._end_line()
        if not self._at_start:
            self._write(" ")
        self._write(comment.text)
        self._space = True
        self._line_over = comment.ends_line

    def mark(self, mark: Mark, *, flat: bool) -> None:
        if mark is Mark.INDENT:
            self._indent += INDENT
        elif mark is Mark.DEDENT:
            self._indent -= INDENT
        elif mark is Mark.SPACE or (flat and mark is Mark.LINE):
            self._space = True
        elif not flat:
            if not self._at_start:
                self._end_line()
                self._may_be_blank = False
            self._may_be_blank = self._may_be_blank or mark is Mark.STATEMENT

    def finish(self) -> str:
        if not self._at_start:
            self._end_line()
        return "".join(self._parts)

    def _write(self, text: str) -> None:
        if self._at_start:
            text = " " * self._indent + text
            self._at_start = False
            self.column = 0
        self._space = False
        self._parts.append(text)
        last_line = text[text.rfind("\n") + 1 :]
        self.column = len(last_line) + (self.column if last_line == text else 0)

    def _end_line(self) -> None:
        self._parts.append("\n")
        self._at_start = True
        self._space = self._line_over = False
        self.column = self._indent
