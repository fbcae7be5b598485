r"""Numbers as text by .NET format strings: a letter with a precision (``N2``), or a picture of digits (``#,##0.0``).

Pictures: ``0`` a digit or zero, ``#`` a digit or nothing, ``.`` the point, ``,`` between digits thousands separators
and before the point division by 1,000, ``%`` and ``‰`` multiply, ``E+0`` scientific, ``;`` sections for positive,
negative and zero, ``'…'`` ``"…"`` and ``\x`` literal text.
"""

from __future__ import annotations

import decimal
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from headwater.errors import MError
from headwater.powerquery.library.cultures import Culture
from headwater.powerquery.library.cultures.numerals import grouped, localized
from headwater.powerquery.library.number.precision import EXACT, as_decimal
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.text import number_text

_STANDARD = re.compile(r"([A-Za-z])([0-9]{0,2})")
_DOUBLE_DIGITS = 15
"""Significant digits of a double that formats look at, unless more are asked for."""

SPECIAL_NAMES = {"#nan": "NaN", "#infinity": "Infinity", "-#infinity": "-Infinity"}


def format_number(value: Value, picture: str, culture: Culture) -> str:
    """The number as a .NET format string writes it.

    Raises:
        MError: Expression.Error, there is no such format, or it does not fit the number.

    >>> from headwater.powerquery.library.cultures import ENGLISH_US
    >>> format_number(1234.565, "N2", ENGLISH_US), format_number(-5, "000", ENGLISH_US)
    ('1,234.57', '-005')
    """
    if not math.isfinite(value):
        return localized(SPECIAL_NAMES[number_text(float(value))], culture)
    standard = _STANDARD.fullmatch(picture)
    if standard is None:
        return _custom(value, picture, culture)
    letter = standard[1]
    precision = int(standard[2]) if standard[2] else None
    writer = _WRITERS.get(letter.upper())
    if writer is None:
        raise bad_format(picture)
    return writer(_Request(value, letter, precision, culture, picture))


def bad_format(picture: str) -> MError:
    """The error of a format string that means nothing."""
    return MError("Expression.Error", f"The format '{picture}' is not supported.", picture)


def _digits_of(value: Value, precision: int | None) -> Decimal:
    """The number as formats see it: a double in 15 digits, or 17 where a longer precision is asked for."""
    if not isinstance(value, float):
        return as_decimal(value)
    return Decimal(f"{value:.{_DOUBLE_DIGITS if (precision or 0) <= _DOUBLE_DIGITS else 17}g}")


def _fixed(value: Decimal, digits: int) -> str:
    """The number without sign, so many digits after the point, halves away from zero."""
    rounded = abs(value).quantize(Decimal(1).scaleb(-digits), rounding=decimal.ROUND_HALF_UP, context=EXACT)
    return format(rounded, "f")


# -- a letter and a precision --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Request:
    value: Value
    letter: str
    precision: int | None
    culture: Culture
    picture: str

    @property
    def number(self) -> Decimal:
        return _digits_of(self.value, self.precision)

    def places(self, default: int) -> int:
        return default if self.precision is None else self.precision

    def sign(self, shown: str) -> str:
        """A minus sign, unless what is shown is zero."""
        return "-" if self.negative(shown) else ""

    def negative(self, shown: str) -> bool:
        """Whether the number is below zero, and what is shown of it is not zero."""
        return bool(self.value < 0 and re.search("[1-9]", shown))


def _currency(request: _Request) -> str:
    numbers = request.culture.numbers
    shown = grouped(_fixed(request.number, request.places(numbers.currency_digits)), request.culture)
    before, after = numbers.currency_negative if request.negative(shown) else numbers.currency_positive
    return f"{before}{shown}{after}"


def _decimal(request: _Request) -> str:
    digits = str(abs(_whole(request)))
    return ("-" if request.value < 0 else "") + digits.zfill(request.places(0))


def _whole(request: _Request) -> int:
    if request.value != int(request.value):
        raise MError("Expression.Error", f"The format '{request.picture}' takes whole numbers.", request.value)
    return int(request.value)


def _fixed_point(request: _Request) -> str:
    shown = _fixed(request.number, request.places(2))
    return localized(request.sign(shown) + shown, request.culture)


def _with_groups(request: _Request) -> str:
    shown = grouped(_fixed(request.number, request.places(2)), request.culture)
    return request.sign(shown) + shown


def _percent(request: _Request) -> str:
    shown = grouped(_fixed(request.number * 100, request.places(2)), request.culture)
    numbers = request.culture.numbers
    before, after = numbers.percent_negative if request.negative(shown) else numbers.percent_positive
    return f"{before}{shown}{after}"


def _scientific(request: _Request) -> str:
    mantissa, exponent = _mantissa(request.number, request.places(6) + 1)
    sign = "-" if request.value < 0 else ""
    shown = f"{sign}{mantissa}{request.letter}{'-' if exponent < 0 else '+'}{abs(exponent):03d}"
    return localized(shown, request.culture)


def _mantissa(value: Decimal, digits: int) -> tuple[str, int]:
    """``d.ddd`` with so many digits, and the exponent."""
    if value == 0:
        return _fixed(Decimal(0), digits - 1), 0
    exponent = value.adjusted()
    shown = _fixed(value.scaleb(-exponent, context=EXACT), digits - 1)
    if shown.startswith("10"):
        exponent += 1
        shown = _fixed(value.scaleb(-exponent, context=EXACT), digits - 1)
    return shown, exponent


def _general(request: _Request) -> str:
    digits = request.precision or (_DOUBLE_DIGITS if isinstance(request.value, float) else 29)
    mantissa, exponent = _mantissa(request.number, digits)
    sign = "-" if request.value < 0 else ""
    if -5 < exponent < digits:
        plain = _trimmed(_fixed(request.number, max(digits - 1 - exponent, 0)))
        return localized(sign + plain, request.culture) if plain != "0" else "0"
    letter = "E" if request.letter == "G" else "e"
    shown = f"{sign}{_trimmed(mantissa)}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return localized(shown, request.culture)


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _round_trip(request: _Request) -> str:
    return localized(number_text(request.value), request.culture)


def _hexadecimal(request: _Request) -> str:
    whole = _whole(request)
    bits = 32 if -(2**31) <= whole < 2**31 else 64
    digits = f"{whole % 2**bits if whole < 0 else whole:x}".zfill(request.places(0))
    return digits.upper() if request.letter == "X" else digits


_WRITERS = {
    "C": _currency,
    "D": _decimal,
    "E": _scientific,
    "F": _fixed_point,
    "G": _general,
    "N": _with_groups,
    "P": _percent,
    "R": _round_trip,
    "X": _hexadecimal,
}


# -- pictures ------------------------------------------------------------------------------------------------------

_SYMBOL = re.compile(r"""'[^']*'?|"[^"]*"?|\\.|[eE][+-]?0+|[0#.,%‰;]|.""", re.DOTALL)
_EXPONENT = re.compile(r"[eE][+-]?0+")


def _custom(value: Value, picture: str, culture: Culture) -> str:
    sections = _sections(picture)
    number = _digits_of(value, None)
    chosen = _chosen(number, sections)
    shown = _Picture(sections[chosen], culture).write(abs(number))
    if len(sections) > 2 and chosen != 2 and sections[2] and not re.search("[1-9]", shown):
        return _Picture(sections[2], culture).write(Decimal(0))
    return f"-{shown}" if number < 0 and chosen == 0 and re.search("[1-9]", shown) else shown


def _sections(picture: str) -> list[list[str]]:
    sections: list[list[str]] = [[]]
    for symbol in _SYMBOL.findall(picture):
        if symbol == ";":
            sections.append([])
        else:
            sections[-1].append(symbol)
    return sections


def _chosen(number: Decimal, sections: Sequence[Sequence[str]]) -> int:
    """Which section writes the number; an empty one leaves it to the first."""
    if number < 0 and len(sections) > 1 and sections[1]:
        return 1
    if number == 0 and len(sections) > 2 and sections[2]:
        return 2
    return 0


class _Picture:
    """One section of a picture, taken apart."""

    def __init__(self, symbols: Sequence[str], culture: Culture) -> None:
        self._symbols = symbols
        self._numbers = culture.numbers
        self._point = next((at for at, symbol in enumerate(symbols) if symbol == "."), len(symbols))
        digits = [at for at, symbol in enumerate(symbols) if symbol in "0#" and len(symbol) == 1]
        self._whole = [at for at in digits if at < self._point]
        self._fraction = [at for at in digits if at > self._point]
        zeros = [at for at in digits if symbols[at] == "0"]
        first = next((i for i, at in enumerate(self._whole) if at in zeros), len(self._whole))
        self._least_whole = len(self._whole) - first
        self._least_fraction = max((i + 1 for i, at in enumerate(self._fraction) if at in zeros), default=0)
        self._exponent = next((at for at, symbol in enumerate(symbols) if _EXPONENT.fullmatch(symbol)), None)
        self._read_commas()

    def _read_commas(self) -> None:
        self._groups = False
        self._thousands = 0
        last = self._whole[-1] if self._whole else -1
        for at, symbol in enumerate(self._symbols[: self._point]):
            if symbol != "," or not self._whole or at < self._whole[0]:
                continue
            if at > last:
                self._thousands += 1
            else:
                self._groups = True

    def write(self, number: Decimal) -> str:
        """The text of a number that is not negative."""
        power = -3 * self._thousands + sum({"%": 2, "‰": 3}.get(symbol, 0) for symbol in self._symbols)
        number = number.scaleb(power, context=EXACT)
        exponent = 0
        if self._exponent is not None and number:
            exponent = number.adjusted() - max(len(self._whole), 1) + 1
            number = number.scaleb(-exponent, context=EXACT)
        whole, _, fraction = _fixed(number, len(self._fraction)).partition(".")
        whole = whole.lstrip("0").rjust(self._least_whole, "0")
        kept = max(len(fraction.rstrip("0")), self._least_fraction)
        return self._emit(whole, fraction[:kept], exponent)

    def _emit(self, whole: str, fraction: str, exponent: int) -> str:
        pieces = self._placed_whole(whole)
        written: list[str] = []
        for at, symbol in enumerate(self._symbols):
            if at in pieces:
                written.append(pieces[at])
            elif at == self._point:
                written.append(self._numbers.decimal if fraction else "")
            elif at in self._fraction:
                place = self._fraction.index(at)
                written.append(fraction[place : place + 1])
            elif at == self._exponent:
                written.append(_exponent_text(symbol, exponent))
            else:
                written.append(self._literal(symbol))
        return "".join(written)

    def _placed_whole(self, digits: str) -> dict[int, str]:
        """The whole part's digits at their placeholders, surplus ones at the first."""
        places: dict[int, str] = {}
        count = len(digits)
        for back, at in enumerate(reversed(self._whole)):
            last = back == len(self._whole) - 1
            taken = range(back, count if last else min(back + 1, count))
            places[at] = "".join(reversed([self._with_comma(digits, position) for position in taken]))
        return places

    def _with_comma(self, digits: str, position: int) -> str:
        """The digit ``position`` places from the right, a separator after it where one belongs."""
        digit = digits[len(digits) - 1 - position]
        return digit + self._numbers.group if self._groups and self._ends_group(position) else digit

    def _ends_group(self, position: int) -> bool:
        first, *others = self._numbers.sizes
        return position >= first and (position - first) % (others[0] if others else first) == 0

    def _literal(self, symbol: str) -> str:
        return {"%": self._numbers.percent, "‰": self._numbers.permille}.get(symbol) or _literal(symbol)


def _exponent_text(symbol: str, exponent: int) -> str:
    letter, signs, least = symbol[0], symbol[1:].rstrip("0"), symbol.count("0")
    sign = "-" if exponent < 0 else "+" if signs == "+" else ""
    return f"{letter}{sign}{abs(exponent):0{least}d}"


def _literal(symbol: str) -> str:
    if symbol[0] in "'\"" and len(symbol) > 1:
        return symbol[1:-1] if symbol[-1] == symbol[0] else symbol[1:]
    if symbol[0] == "\\":
        return symbol[1:]
    return "" if symbol == "," else symbol
