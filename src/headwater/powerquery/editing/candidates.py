"""What a cell could be made into: the formulas that a column from examples is looked for among."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headwater.powerquery.language import quote_field_name, quote_text
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone

__all__ = ["NUMBERS", "number_candidates", "text_candidates"]

NUMBERS = (int, float)
_DELIMITERS = (", ", " ", "-", "_", ",", ".", "/", "@", ":", ";", "|", "\\", "(", ")")
_LAST = "{0, RelativePosition.FromEnd}"
_DATE_FORMATS = (
    "yyyy-MM-dd",
    "dd.MM.yyyy",
    "MM/dd/yyyy",
    "M/d/yyyy",
    "dd/MM/yyyy",
    "MMM yyyy",
    "MMMM yyyy",
    "MM",
    "dd",
)
_MOST_CUT = 6
_MOST_PARTS = 4


def text_candidates(column: str, cells: Sequence[Value]) -> Iterator[str]:
    """Formulas that give a text, of a column whose cells in the examples' rows these are; the simplest first."""
    cell = f"[{quote_field_name(column)}]"
    if all(isinstance(each, str) for each in cells):
        yield from _of_text(cell, [each for each in cells if isinstance(each, str)])
    elif all(isinstance(each, NUMBERS) and not isinstance(each, bool) for each in cells):
        yield from _of_number(cell)
    elif all(isinstance(each, Date | DateTime | DateTimeZone) for each in cells):
        yield from _of_date(cell, "Date" if isinstance(cells[0], Date) else "DateTime")
    elif all(isinstance(each, bool) for each in cells):
        yield f"Text.From({cell})"


def number_candidates(columns: Sequence[str], wanted: float, given: Sequence[float]) -> Iterator[str]:
    """Formulas that give a number, of number columns whose cells in the first example's row are ``given``."""
    cells = [f"[{quote_field_name(column)}]" for column in columns]
    yield from cells
    for at, left in enumerate(cells):
        for right in cells[at + 1 :]:
            for operator in "+-*/":
                yield f"{left} {operator} {right}"
            yield f"{right} - {left}"
            yield f"{right} / {left}"
        yield from (f"Number.{name}({left})" for name in ("Abs", "RoundUp", "RoundDown"))
        yield from (f"Number.Round({left}, {digits})" for digits in range(4))
    if len(cells) > 2:
        yield " + ".join(cells)
    for cell, value in zip(cells, given, strict=True):
        yield from _with_constant(cell, wanted, value)
    yield from (f"Number.Sqrt({cell})" for cell in cells)


def _with_constant(cell: str, wanted: float, value: float) -> Iterator[str]:
    """A number computed by one constant, which the first example tells."""
    factor = round(wanted / value, 10) if value else 0.0
    divisor = round(value / wanted, 10) if wanted else 0.0
    if (factor and factor == int(factor)) or not divisor or divisor != int(divisor):
        yield f"{cell} * {_number(factor)}"
    if divisor:
        yield f"{cell} / {_number(divisor)}"
    difference = round(wanted - value, 10)
    yield f"{cell} {'-' if difference < 0 else '+'} {_number(abs(difference))}"


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) else repr(value)


def _of_text(cell: str, cells: Sequence[str]) -> Iterator[str]:
    parts = [cell, *_parts(cell, cells)]
    yield from parts
    for change in ("Text.Upper", "Text.Lower", "Text.Proper", "Text.Trim"):
        yield from (f"{change}({part})" for part in parts)
    yield f"Text.From(Text.Length({cell}))"


def _parts(cell: str, cells: Sequence[str]) -> Iterator[str]:
    for delimiter in _DELIMITERS:
        if all(delimiter in each for each in cells):
            written = quote_text(delimiter)
            yield f"Text.BeforeDelimiter({cell}, {written})"
            yield f"Text.AfterDelimiter({cell}, {written})"
            yield f"Text.AfterDelimiter({cell}, {written}, {_LAST})"
            yield f"Text.BeforeDelimiter({cell}, {written}, {_LAST})"
            yield from (f"Text.Split({cell}, {written}){{{at}}}" for at in range(1, _MOST_PARTS))
            yield from _initials(cell, written)
    yield from _between(cell, cells)
    for count in range(1, _MOST_CUT):
        yield f"Text.Start({cell}, {count})"
        yield f"Text.End({cell}, {count})"
    yield f'Text.Select({cell}, {{"0".."9"}})'
    yield f'Text.Remove({cell}, {{"0".."9"}})'
    for start in range(1, _MOST_CUT):
        yield from (f"Text.Middle({cell}, {start}, {count})" for count in range(1, _MOST_CUT))


def _initials(cell: str, delimiter: str) -> Iterator[str]:
    yield f"Text.Start(Text.AfterDelimiter({cell}, {delimiter}), 1)"
    yield f"Text.Start(Text.AfterDelimiter({cell}, {delimiter}, {_LAST}), 1)"


def _between(cell: str, cells: Sequence[str]) -> Iterator[str]:
    for start in _DELIMITERS:
        for end in _DELIMITERS:
            if all(start in each and end in each.partition(start)[2] for each in cells):
                yield f"Text.BetweenDelimiters({cell}, {quote_text(start)}, {quote_text(end)})"


def _of_number(cell: str) -> Iterator[str]:
    yield f"Text.From({cell})"
    yield from (f'Text.PadStart(Text.From({cell}), {width}, "0")' for width in range(2, 9))
    yield from (f"Text.From(Number.Round({cell}, {digits}))" for digits in range(3))
    yield from (f"Number.ToText({cell}, {quote_text(form)})" for form in ("0.0", "0.00", "N0", "N2", "P0"))


def _of_date(cell: str, kind: str) -> Iterator[str]:
    yield from (f"{kind}.ToText({cell}, [Format = {quote_text(form)}])" for form in _DATE_FORMATS)
    for part in ("Year", "Month", "Day", "QuarterOfYear", "DayOfWeek", "DayOfYear"):
        yield f"Text.From(Date.{part}({cell}))"
    for name in ("Date.MonthName", "Date.DayOfWeekName"):
        yield f"{name}({cell})"
        yield f"Text.Start({name}({cell}), 3)"
