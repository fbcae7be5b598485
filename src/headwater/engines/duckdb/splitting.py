"""Text cut at a delimiter, in DuckDB's SQL.

Where quotation marks count, a text that has any is rewritten first, since patterns find single characters only: each
delimiter becomes an escape character with a letter, and the escape character itself becomes one with another letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from headwater.engines.sql import Sql, binary, call, case, text, whole

_QUOTE = '"'
_ESCAPE = "\x1f"


@dataclass(frozen=True)
class Splitting:
    """How a text is cut; ``delimiter`` is not empty and, with ``quotes``, has neither a mark nor an escape in it.

    ``quotes``: a delimiter between quotation marks does not count, and the marks go away; two of them between others
    are one.
    """

    delimiter: str
    quotes: bool

    def parts(self, value: Sql) -> Sql:
        """The list of the parts of a text, a column; null of null. The parts are to be read by :meth:`part`."""
        parts = call("string_split", value, text(self.delimiter))
        return case((_has_quotes(value), self._quoted_parts(value)), otherwise=parts) if self.quotes else parts

    def part(self, value: Sql, parts: Sql, at: int) -> Sql:
        """The part at a position, from 1; null where there is none. ``value`` and ``parts`` are columns."""
        part = call("list_extract", parts, whole(at))
        return case((_has_quotes(value), self._restored(part)), otherwise=part) if self.quotes else part

    @property
    def _marks(self) -> tuple[str, str]:
        """What stands for a delimiter and for the escape character: neither has a character of the delimiter."""
        letters = [letter for letter in map(chr, range(ord("a"), ord("z") + 1)) if letter not in self.delimiter]
        return _ESCAPE + letters[0], _ESCAPE + letters[1]

    def _quoted_parts(self, value: Sql) -> Sql:
        divider, escape = self._marks
        escaped = call("replace", value, text(_ESCAPE), text(escape))
        divided = call("replace", escaped, text(self.delimiter), text(divider))
        marks = binary(exp.Sub, call("length", value), call("length", call("replace", value, text(_QUOTE), text(""))))
        # A quotation mark that nothing closes goes on to the end.
        closing = case((binary(exp.EQ, binary(exp.Mod, marks, whole(2)), whole(1)), text(_QUOTE)), otherwise=text(""))
        ended = call("concat", divided, closing, text(divider))
        pattern = f'((?:[^"{_ESCAPE}]|{re.escape(escape)}|"(?:[^"]|"")*")*){re.escape(divider)}'
        return call("regexp_extract_all", ended, text(pattern), whole(1))

    def _restored(self, part: Sql) -> Sql:
        divider, escape = self._marks
        bare = call("regexp_replace", part, text('"((?:[^"]|"")*)"'), text(r"\1"), text("g"))
        single = call("replace", bare, text(_QUOTE * 2), text(_QUOTE))
        whole_again = call("replace", single, text(divider), text(self.delimiter))
        return call("replace", whole_again, text(escape), text(_ESCAPE))


def _has_quotes(value: Sql) -> Sql:
    return call("contains", value, text(_QUOTE))
