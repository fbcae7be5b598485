r"""What text converts to a number, a whole number, a logical, a date or a datetime: one grammar for every engine.

The patterns are written in the part of regular expressions that Python's ``re`` and RE2 read alike, always match the
whole text, and hold for the cultures in ``FOLDED_CULTURES`` (invariant and en-US agree on all of them). The functions
are the meaning of each conversion for one value; an engine's own form has to agree with them, which the engine
contract tests with random text.

================  ====================================================================================================
conversion        accepted text (blanks around it are ignored; "" is null; anything else is an error cell)
================  ====================================================================================================
number            sign, ``$`` before or after it, digits with commas anywhere after the first, ``.`` and digits,
                  exponent, ``%`` (divides by 100); in parentheses, without sign and ``%``: negative; ``NaN``,
                  ``Infinity``, ``-Infinity``. Too large becomes infinite, too small zero
whole number      digits only (sign and commas allowed): exact. Any other number: as above, then half to even
logical           ``true``, ``false`` in any case
date              ``yyyy-MM-dd``, ``M/d/yyyy``; months and days of one or two digits; a time after it is an error.
                  The further forms of :mod:`headwater.plan.written_dates`
datetime          a date (midnight); a date, blanks or ``T``, and a time: ``H:mm``, ``H:mm:ss`` with up to seven
                  decimals, either followed by ``AM`` or ``PM`` (hours 1 to 12)
================  ====================================================================================================

Zone suffixes are not accepted.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date

from headwater.errors import MError
from headwater.plan.written_dates import written_date, written_datetime

BLANKS = "\t\n\v\f\r "
"""The characters ignored around a value."""

_B = r"[\t\n\v\f\r ]*"
_AMOUNT = r"(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_DATE = r"(?:[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4})"
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,7})?)?"

NUMBER_PATTERN = rf"{_B}(?:(?:[+-]?\$?|\$[+-]){_AMOUNT}{_B}%?|\(\$?{_AMOUNT}\)|NaN|-?Infinity){_B}"
WHOLE_NUMBER_PATTERN = f"{_B}[+-]?[0-9][0-9,]*{_B}"
_NO_PART_OF_A_NUMBER = str.maketrans("", "", BLANKS + "$,()")
LOGICAL_PATTERN = f"{_B}(?:[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]){_B}"
DATE_PATTERN = f"{_B}{_DATE}{_B}"
DATETIME_PATTERN = rf"{_B}{_DATE}(?:(?:T|[\t\n\v\f\r ]+){_TIME}(?:{_B}[aApP][mM])?)?{_B}"

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

TICKS_PER_DAY = 864_000_000_000
TICKS_PER_MICROSECOND = 10
EPOCH_TICKS = 621_355_968_000_000_000
"""Ticks of 100 ns from 0001-01-01 to 1970-01-01."""

DATA_FORMAT_ERROR = "DataFormat.Error"
EXPRESSION_ERROR = "Expression.Error"


@dataclass(frozen=True, slots=True)
class Failure:
    """Reason and message of a conversion's error; its detail is the value."""

    reason: str
    message: str

    def error(self, detail: object) -> MError:
        """The error for ``detail``, ready to be raised."""
        return MError(self.reason, self.message, detail)


NOT_A_NUMBER = Failure(DATA_FORMAT_ERROR, "We couldn't convert to Number.")
NOT_A_LOGICAL = Failure(EXPRESSION_ERROR, "Could not convert to a logical.")
NOT_A_DATE = Failure(DATA_FORMAT_ERROR, "We couldn't parse the input provided as a Date value.")
NOT_A_DATETIME = Failure(DATA_FORMAT_ERROR, "We couldn't parse the input provided as a DateTime value.")
HALF_A_CHARACTER = Failure(
    EXPRESSION_ERROR, "A cut goes through a character beyond U+FFFF; a table's column cannot hold half of it."
)
"""What M's 16-bit texts allow and UTF-8 does not: only engines know this error."""


def out_of_bits(bits: int) -> Failure:
    """The failure of a whole number that needs more bits."""
    return Failure(EXPRESSION_ERROR, f"The number is out of range of a {bits} bit integer value.")


OUT_OF_INT64 = out_of_bits(64)


def value_out_of_range(kind: str) -> Failure:
    """The failure of parts that make no date, time or duration."""
    return Failure(EXPRESSION_ERROR, f"The {kind} value is out of range.")


NO_SUCH_DATE = value_out_of_range("Date")


def null_given(label: str) -> Failure:
    """The failure of a null where M wants a value of the type ``label``."""
    return Failure(EXPRESSION_ERROR, f"We cannot convert the value null to type {label}.")


def argument_out_of_range(name: str) -> Failure:
    """The failure of an argument that is no whole number, or too small or too large; its detail is the argument."""
    return Failure(EXPRESSION_ERROR, f"The '{name}' argument is out of range.")


def result_out_of_range(kind: str) -> Failure:
    """The failure of a date, time or duration that lies outside what its kind holds."""
    return Failure(EXPRESSION_ERROR, f"The result is outside the range of {kind} values.")


def number_from_text(text: str) -> float | None:
    """The double that ``text`` stands for.

    Raises:
        MError: DataFormat.Error, it is no number.

    >>> number_from_text(" -1,234.5 "), number_from_text("12.5%"), number_from_text("($5.00)"), number_from_text("")
    (-1234.5, 0.125, -5.0, None)
    """
    if text == "":
        return None
    if re.fullmatch(NUMBER_PATTERN, text) is None:
        raise NOT_A_NUMBER.error(text)
    bare = text.translate(_NO_PART_OF_A_NUMBER)
    if bare.endswith("%"):
        return float(bare[:-1]) / 100
    return -float(bare) if "(" in text else float(bare)


def int64_from_text(text: str) -> int | None:
    """The whole number that ``text`` stands for; digits alone never pass through a double.

    Raises:
        MError: DataFormat.Error, it is no number; Expression.Error, it does not fit 64 bits.

    >>> int64_from_text("9007199254740993"), int64_from_text("2.5"), int64_from_text("3.5")
    (9007199254740993, 2, 4)
    """
    if text == "":
        return None
    if re.fullmatch(WHOLE_NUMBER_PATTERN, text) is None:
        number = number_from_text(text)
        assert number is not None, "only empty text is null"
        return int64_from_number(number, detail=text)
    digits = text.strip(BLANKS).replace(",", "")
    # Python refuses to read very long digit strings; twenty significant digits are out of range anyway.
    significant = digits.lstrip("+-0")
    value = int(digits) if len(significant) <= 19 else INT64_MAX + 1
    if not INT64_MIN <= value <= INT64_MAX:
        raise OUT_OF_INT64.error(text)
    return value


def int64_from_number(number: float, *, detail: object = None) -> int:
    """``number`` rounded half to even; ``detail`` is what the error names in place of the number.

    Raises:
        MError: Expression.Error, it is not finite or does not fit 64 bits.

    >>> int64_from_number(-0.5), int64_from_number(1.5)
    (0, 2)
    """
    # 2**63 is a double, and the first that does not fit; the largest below it does.
    if not math.isfinite(number) or not -(2.0**63) <= number < 2.0**63:
        raise OUT_OF_INT64.error(number if detail is None else detail)
    return round(number)


def logical_from_text(text: str) -> bool | None:
    """The logical that ``text`` names.

    Raises:
        MError: Expression.Error, it names none.

    >>> logical_from_text("TRUE"), logical_from_text("")
    (True, None)
    """
    if text == "":
        return None
    if re.fullmatch(LOGICAL_PATTERN, text) is None:
        raise NOT_A_LOGICAL.error(text)
    return text.strip(BLANKS).lower() == "true"


def date_from_text(text: str) -> date | None:
    """The date that ``text`` writes.

    Raises:
        MError: DataFormat.Error, it writes none, or one that no calendar has.

    >>> date_from_text("2/29/2024")
    datetime.date(2024, 2, 29)
    """
    if text == "":
        return None
    ordinary = re.fullmatch(DATE_PATTERN, text) is not None
    found = _date(text.strip(BLANKS)) if ordinary else written_date(text)
    if found is None:
        raise NOT_A_DATE.error(text)
    return found


def datetime_ticks_from_text(text: str) -> int | None:
    """The datetime that ``text`` writes, as ticks of 100 ns since 0001-01-01.

    Raises:
        MError: DataFormat.Error, it writes none.

    >>> datetime_ticks_from_text("0001-01-01T00:00:00.0000007")
    7
    >>> datetime_ticks_from_text("1/1/1970 12:30 AM") - EPOCH_TICKS == 30 * 60 * 10**7
    True
    """
    if text == "":
        return None
    day, written = _ordinary_datetime(text) or written_datetime(text) or (written_date(text), "")
    clock = _clock_ticks(written)
    if day is None or clock is None:
        raise NOT_A_DATETIME.error(text)
    return date_ticks(day) + clock


def _ordinary_datetime(text: str) -> tuple[date | None, str] | None:
    """The date and the time, as it is written, of a text in the form that nearly every datetime has."""
    if re.fullmatch(DATETIME_PATTERN, text) is None:
        return None
    parts = re.fullmatch(rf"(?s)({_DATE})[T\t\n\v\f\r ]*(.*)", text.strip(BLANKS))
    assert parts is not None, "the pattern begins with a date"
    return _date(parts[1]), parts[2]


def date_ticks(day: date) -> int:
    """Midnight of ``day`` as ticks of 100 ns since 0001-01-01.

    >>> date_ticks(date(1970, 1, 1)) == EPOCH_TICKS
    True
    """
    return (day.toordinal() - 1) * TICKS_PER_DAY


def _date(text: str) -> date | None:
    if "/" in text:
        month, day, year = (int(part) for part in text.split("/"))
    else:
        year, month, day = (int(part) for part in text.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock_ticks(text: str) -> int | None:
    """Ticks since midnight; "" is midnight, an impossible time None."""
    if text == "":
        return 0
    half = text[-2:].upper() if text[-1] in "mM" else ""
    hour, minute, second, fraction = _clock_parts(text.rstrip(BLANKS + "aApPmM"))
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "PM" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return ((hour * 60 + minute) * 60 + second) * 10_000_000 + fraction


def _clock_parts(text: str) -> tuple[int, int, int, int]:
    whole, _, decimals = text.partition(".")
    hour, minute, *rest = (int(part) for part in whole.split(":"))
    return hour, minute, (rest[0] if rest else 0), int(decimals.ljust(7, "0")) if decimals else 0
