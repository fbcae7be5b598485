"""From M text to tokens.

One compiled pattern finds every token; no step looks at single characters unless a word has letters beyond ASCII.
:func:`scan` gives the parser parallel lists, which are cheaper than an object a token; :func:`tokenize` makes objects
of them, with their comments, for everybody else.

Some words mean different things in different places, and the lexer leaves those to the parser: ``[Order Date]`` is
one field name to M but two identifiers here, and ``text``, ``table``, ``nullable``, ``optional`` and ``catch`` are
identifiers wherever they stand.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field
from enum import Enum

from headwater.errors import Diagnostic, MSyntaxError
from headwater.powerquery.language.syntax import Span

__all__ = [
    "END",
    "GENERALIZED_NAME",
    "HASH_KEYWORDS",
    "IDENTIFIER",
    "KEYWORDS",
    "NUMBER",
    "QUOTED",
    "TEXT",
    "VERBATIM",
    "Comment",
    "Lexemes",
    "LineIndex",
    "Problem",
    "Token",
    "TokenKind",
    "is_regular_identifier",
    "is_word",
    "number_value",
    "scan",
    "syntax_error",
    "text_value",
    "tokenize",
]

HASH_KEYWORDS = frozenset(
    [
        "#binary",
        "#date",
        "#datetime",
        "#datetimezone",
        "#duration",
        "#infinity",
        "#nan",
        "#sections",
        "#shared",
        "#table",
        "#time",
    ]
)
"""Keywords that stand for values; they are used like identifiers."""

KEYWORDS = HASH_KEYWORDS | frozenset(
    [
        "and",
        "as",
        "each",
        "else",
        "error",
        "false",
        "if",
        "in",
        "is",
        "let",
        "meta",
        "not",
        "null",
        "or",
        "otherwise",
        "section",
        "shared",
        "then",
        "true",
        "try",
        "type",
    ]
)

# The symbol of a token is its text where that says everything (keywords, punctuation), else one of these. None of
# them is a keyword, so the two cannot be mixed up.
IDENTIFIER = "identifier"
QUOTED = "quoted identifier"
NUMBER = "number"
TEXT = "text"
VERBATIM = "verbatim"
END = "end"

# Any character beyond ASCII that is not a blank is taken into a word first and checked against the Unicode classes
# afterwards: `re` knows no classes, and most words need no check.
_WORD_START = r"[^\x00-@\[-^`{-\x7f\s]"
_WORD_PART = r"[^\x00-/:-@\[-^`{-\x7f\s]"
_WORD = rf"{_WORD_START}{_WORD_PART}*+"
# After a dot there may be digits first: BinaryFormat.7BitEncodedSignedInteger.
_DOTTED_WORD = rf"{_WORD}(?:\.[0-9]*+{_WORD})*+"
_QUOTES = r'"[^"]*+(?:""[^"]*+)*+"'
_LINE_END = r"\r\n|[\n\r\x85\u2028\u2029]"

_TOKEN = re.compile(
    rf"""\s*+(?:
      (?P<word>{_DOTTED_WORD})
    | (?P<punctuation>=>|\.\.\.?|<=|>=|<>|\?\?|/(?![/*])|[,;=<>+\-*&()\[\]{{}}@!?])
    | (?P<text>{_QUOTES})
    | (?P<number>0[xX][0-9a-fA-F]++|(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)
    | (?P<quoted>\#{_QUOTES})
    | (?P<hash>\#[A-Za-z]++)
    | (?P<comment>//[^\n\r\x85\u2028\u2029]*+|/\*(?s:.*?)\*/)
    | (?P<verbatim>\#!{_QUOTES})
    | (?P<end>\Z)
    | (?P<unterminated>(?:"|\#"|\#!"|/\*)(?s:.*))
    | (?P<invalid>(?s:.))
    )""",
    re.VERBOSE,
)
_GROUP = _TOKEN.groupindex
_W, _P, _COMMENT, _END = _GROUP["word"], _GROUP["punctuation"], _GROUP["comment"], _GROUP["end"]
_VALUE_SYMBOLS = {
    _GROUP["text"]: TEXT,
    _GROUP["number"]: NUMBER,
    _GROUP["quoted"]: QUOTED,
    _GROUP["verbatim"]: VERBATIM,
}

_ESCAPE_ITEM = r"(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{4}|cr|lf|tab|\#)"
_ESCAPE = re.compile(rf"\#\(({_ESCAPE_ITEM}(?:,{_ESCAPE_ITEM})*)\)|\#\(")
_CONTROL_CHARACTERS = {"cr": "\r", "lf": "\n", "tab": "\t", "#": "#"}
_LARGEST_CODE_POINT = 0x10FFFF

GENERALIZED_NAME = re.compile(rf"{_WORD_PART}+(?:\.{_WORD_PART}+)*(?:\x20+{_WORD_PART}+(?:\.{_WORD_PART}+)*)*")
"""What may stand unquoted as a field name. M wants a letter early in every word; we also read ``[2024]``."""

_DIGITS = "0123456789"
_WHOLE_WORD = re.compile(_WORD)
# M's numbers are doubles: an integer with more digits than this is infinite, and not worth computing.
_MOST_DIGITS = 309


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding that does not know its line yet."""

    message: str
    start: int
    end: int


@dataclass(slots=True)
class Lexemes:
    """A text's tokens as parallel lists; the last one has the symbol :data:`END`.

    ``symbols[i]`` is the text of a keyword or punctuator, else one of the constants of this module. ``comments`` has
    ``(i, start, end)`` for each comment before token ``i``.
    """

    text: str
    symbols: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    comments: list[tuple[int, int, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class TokenKind(Enum):
    IDENTIFIER = "identifier"
    QUOTED_IDENTIFIER = "quoted identifier"
    KEYWORD = "keyword"
    NUMBER = "number"
    TEXT = "text"
    VERBATIM = "verbatim"
    PUNCTUATION = "punctuation"
    END = "end"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as written, ``//`` or ``/* */`` included."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Token:
    """A token as written. ``comments`` are those between the token before and this one."""

    kind: TokenKind
    text: str
    span: Span
    comments: tuple[Comment, ...] = ()


_KINDS = {
    IDENTIFIER: TokenKind.IDENTIFIER,
    QUOTED: TokenKind.QUOTED_IDENTIFIER,
    NUMBER: TokenKind.NUMBER,
    TEXT: TokenKind.TEXT,
    VERBATIM: TokenKind.VERBATIM,
    END: TokenKind.END,
} | dict.fromkeys(KEYWORDS, TokenKind.KEYWORD)


class LineIndex:
    """Offsets to lines and columns, both counted from 1.

    >>> LineIndex("one\\ntwo").position(5)
    (2, 2)
    """

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(_LINE_END, text))]

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def tokenize(text: str, source_name: str = "") -> list[Token]:
    """The tokens of M text, the last one of kind ``END``; comments hang on the token they precede.

    Raises:
        MSyntaxError: something in the text is no token; has every finding.

    >>> [token.text for token in tokenize("let a = 1.5 in a // done")]
    ['let', 'a', '=', '1.5', 'in', 'a', '']
    >>> tokenize("1 /* one */").pop().comments[0].text
    '/* one */'
    """
    lexemes = scan(text)
    if lexemes.problems:
        raise syntax_error(text, lexemes.problems, source_name)
    comments: dict[int, list[Comment]] = {}
    for index, start, end in lexemes.comments:
        comments.setdefault(index, []).append(Comment(text[start:end], Span(start, end)))
    return [
        Token(_KINDS.get(symbol, TokenKind.PUNCTUATION), text[start:end], Span(start, end), tuple(comments.get(i, ())))
        for i, (symbol, start, end) in enumerate(zip(lexemes.symbols, lexemes.starts, lexemes.ends, strict=True))
    ]


def scan(text: str) -> Lexemes:
    """The tokens of M text as parallel lists. Never raises: what is no token is among the ``problems``."""
    lexemes = Lexemes(text)
    symbols, starts, ends = lexemes.symbols, lexemes.starts, lexemes.ends
    words = KEYWORDS
    plain = text.isascii()
    for match in _TOKEN.finditer(text, 1 if text.startswith("\ufeff") else 0):
        group = match.lastindex or 0
        start, end = match.span(group)
        if group == _W:
            word = text[start:end]
            symbol = word if word in words else IDENTIFIER
            if not plain and not word.isascii():
                _check_word(lexemes, start, end)
        elif group == _P:
            symbol = text[start:end]
        elif group == _COMMENT:
            lexemes.comments.append((len(symbols), start, end))
            continue
        elif group == _END:
            break
        else:
            symbol = _VALUE_SYMBOLS.get(group) or _unusual(lexemes, start, end)
            if "#(" in text[start:end] and symbol != IDENTIFIER:
                _check_escapes(lexemes, start, end)
            if not symbol:
                continue
        symbols.append(symbol)
        starts.append(start)
        ends.append(end)
    symbols.append(END)
    starts.append(len(text))
    ends.append(len(text))
    return lexemes


def syntax_error(text: str, problems: list[Problem], source_name: str) -> MSyntaxError:
    """The findings, in the order of the text and with their lines, as one error."""
    lines = LineIndex(text)
    ordered = sorted(problems, key=lambda problem: (problem.start, problem.end))
    diagnostics = [
        Diagnostic(problem.message, problem.start, problem.end, *lines.position(problem.start)) for problem in ordered
    ]
    return MSyntaxError(diagnostics, source_name=source_name)


def is_regular_identifier(name: str) -> bool:
    """Whether a name may stand without quotes.

    >>> [is_regular_identifier(name) for name in ("Größe", "demo.arrival_delay", "Order Date", "each", "")]
    [True, True, False, False, False]
    """
    first, *others = name.split(".")
    parts = [first, *(other.lstrip(_DIGITS) for other in others)]
    return all(is_word(part) and part not in KEYWORDS for part in parts)


def is_word(text: str) -> bool:
    """Whether a text is an identifier without dots, or a keyword that looks like one."""
    return bool(_WHOLE_WORD.fullmatch(text)) and _misfit(text) is None


def number_value(text: str) -> int | float:
    """The value of a number literal: an ``int`` when it was written without point and exponent.

    >>> number_value("0xff"), number_value("1e3"), number_value(".5")
    (255, 1000.0, 0.5)
    """
    if text[:2] in ("0x", "0X"):
        value = int(text, 16)
        return value if value.bit_length() <= 1024 else float("inf")
    if text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    return float(text)


def text_value(literal: str) -> str:
    """What stands between the quotes of a text literal, quoted identifier or verbatim literal, unescaped.

    >>> text_value('"say ""hi""#(lf)"')
    'say "hi"\\n'
    """
    value = literal[literal.index('"') + 1 : -1]
    if '""' in value:
        value = value.replace('""', '"')
    if "#(" not in value:
        return value
    value = _ESCAPE.sub(_unescape, value)
    if not value.isascii():
        # M counts text in UTF-16, so that one character may be written as two escapes, its surrogates.
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return value


def _unescape(match: re.Match[str]) -> str:
    items = (match[1] or "").split(",")
    codes = ((item, _CONTROL_CHARACTERS.get(item)) for item in items)
    return "".join(_character(item) if control is None else control for item, control in codes)


def _character(digits: str) -> str:
    code = int(digits or "0", 16)
    return chr(code) if code <= _LARGEST_CODE_POINT else ""


def _check_escapes(lexemes: Lexemes, start: int, end: int) -> None:
    for match in _ESCAPE.finditer(lexemes.text, start, end):
        items = (match[1] or "").split(",")
        if match[1] is None:
            message = "This is no escape sequence. Known are #(cr), #(lf), #(tab), #(#) and 4 or 8 hexadecimal digits."
        elif any(len(item) == 8 and int(item, 16) > _LARGEST_CODE_POINT for item in items):
            message = "There is no Unicode character with this number."
        else:
            continue
        lexemes.problems.append(Problem(message, *match.span()))


def _check_word(lexemes: Lexemes, start: int, end: int) -> None:
    offset = start
    for part in lexemes.text[start:end].split("."):
        misfit = _misfit(part.lstrip(_DIGITS) if offset > start else part)
        if misfit:
            at = offset + part.index(misfit)
            lexemes.problems.append(Problem(f"Unexpected character {_shown(misfit)}.", at, at + 1))
        offset += len(part) + 1


def _misfit(part: str) -> str | None:
    """The first character that may not stand where it does in one part of an identifier."""
    if part.isascii():
        return None
    if not (part[0] == "_" or part[0].isalpha() or unicodedata.category(part[0]) == "Nl"):
        return part[0]
    allowed = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Nd", "Pc", "Mn", "Mc", "Cf"}
    return next((character for character in part if unicodedata.category(character) not in allowed), None)


def _unusual(lexemes: Lexemes, start: int, end: int) -> str:
    """The symbol of a ``#`` keyword; else notes what is wrong, and gives the symbol to go on with, perhaps none."""
    text = lexemes.text
    word = text[start:end]
    if word in HASH_KEYWORDS:
        return word
    if word.startswith(("/*", '"', '#"', '#!"')):
        what = "comment" if word[0] == "/" else "verbatim literal" if word[1:2] == "!" else "text"
        what = "quoted identifier" if word.startswith('#"') else what
        lexemes.problems.append(Problem(f"This {what} does not end.", start, end))
        return "" if word[0] == "/" else IDENTIFIER
    if word[0] == "#" and len(word) > 1:
        lexemes.problems.append(Problem(f"There is no keyword '{word}'.", start, end))
        return IDENTIFIER
    lexemes.problems.append(Problem(f"Unexpected character {_shown(word)}.", start, end))
    return ""


def _shown(character: str) -> str:
    return f"'{character}'" if character.isprintable() else f"U+{ord(character):04X}"
