"""From values to numbers of every size, and from numbers to text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.powerquery.library.clock import shown_locally
from headwater.powerquery.library.convert import to_number, to_text
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import conversion, from_text
from headwater.powerquery.library.number.folds import sized
from headwater.powerquery.library.number.folds import to_text as to_text_fold
from headwater.powerquery.library.number.formats import format_number
from headwater.powerquery.library.number.sizes import bounds, to_currency, to_single, to_whole
from headwater.powerquery.values.core import Value

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "Number.From(value as any, optional culture as nullable text) as nullable number",
    examples=[
        ('Number.From("1,234.5")', "1234.5"),
        ('Number.From("12%")', "0.12"),
        ("Number.From(true)", "1"),
        ('Number.From("1.234,5", "de-DE")', "1234.5"),
        ("Number.From(#date(1900, 1, 1))", "2"),
    ],
    fold=conversion("Number.From"),
    session=True,
)
def number_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A number from a value: text, a logical, or a date or time as days.

    A datetimezone counts as what local clocks show.
    """
    return to_number(shown_locally(session, value), culture_of(culture, session))


@function(
    "Number.FromText(text as nullable text, optional culture as nullable text) as nullable number",
    examples=[('Number.FromText("-2.5e3")', "-2500"), ("Number.FromText(null)", "null")],
    fold=from_text("Number.From"),
    session=True,
)
def number_from_text(session: Session, text: str | None, culture: str | None = None) -> Value:
    """The number that a text writes."""
    return to_number(text, culture_of(culture, session))


@function(
    "Number.ToText(number as nullable number, optional format as nullable text, optional culture as nullable text) as"
    " nullable text",
    examples=[
        ("Number.ToText(0.5)", '"0.5"'),
        ('Number.ToText(1234.5, "N1")', '"1,234.5"'),
        ('Number.ToText(7, "000")', '"007"'),
        ('Number.ToText(255, "X")', '"FF"'),
        ('Number.ToText(1234.5, "N2", "de-DE")', '"1.234,50"'),
    ],
    fold=to_text_fold,
    session=True,
)
def number_to_text(session: Session, number: Value, picture: str | None = None, culture: str | None = None) -> Value:
    """The number as text, by a format such as N2 or #,##0.00, or else in its shortest form."""
    known = culture_of(culture, session)
    if number is None:
        return None
    return format_number(number, picture, known) if picture else to_text(number, known)


def _declare_double(name: str, summary: str) -> None:
    def implementation(session: Session, value: Value, culture: str | None = None) -> Value:
        return to_number(shown_locally(session, value), culture_of(culture, session))

    implementation.__doc__ = summary
    signature = f"{name}.From(value as any, optional culture as nullable text) as nullable number"
    examples = [(f'{name}.From("4.5")', "4.5")]
    function(signature, examples=examples, fold=conversion("Number.From"), session=True)(implementation)


_declare_double("Double", "A number of double precision from a value.")
_declare_double("Decimal", "A decimal number from a value.")
_declare_double("Percentage", "A percentage from a value.")


@function(
    "Single.From(value as any, optional culture as nullable text) as nullable number",
    examples=[('Single.From("0.1")', "0.10000000149011612"), ("Single.From(16777217)", "16777216")],
    session=True,
)
def single_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A number of single precision from a value."""
    return to_single(shown_locally(session, value), culture_of(culture, session))


@function(
    "Currency.From(value as any, optional culture as nullable text, optional roundingMode as nullable number) as"
    " nullable number",
    examples=[
        ('Currency.From("1.23455")', "1.2346"),
        ("Currency.From(1.00005, null, RoundingMode.Up)", "1.0001"),
    ],
    session=True,
)
def currency_from(session: Session, value: Value, culture: str | None = None, mode: Value = None) -> Value:
    """A number with four digits after the point from a value; halves go to the even neighbour, or by a mode."""
    return to_currency(shown_locally(session, value), culture_of(culture, session), mode)


def _declare_whole(name: str, bits: int) -> None:
    def implementation(session: Session, value: Value, culture: str | None = None, mode: Value = None) -> Value:
        return to_whole(shown_locally(session, value), culture_of(culture, session), bits, mode)

    implementation.__doc__ = (
        f"A whole number of {bits or 8} bits from a value; halves go to the even neighbour unless a mode is given."
    )
    function(
        f"{name}.From(value as any, optional culture as nullable text, optional roundingMode as nullable number) as"
        " nullable number",
        examples=[
            (f'{name}.From("4.5")', "4"),
            (f"{name}.From(4.5, null, RoundingMode.AwayFromZero)", "5"),
            (f"(try {name}.From({bounds(bits)[1] + 1}))[HasError]", "true"),
        ],
        fold=conversion("Int64.From") if bits == 64 else sized(bits or -8),
        session=True,
    )(implementation)


_declare_whole("Byte", 0)
for _bits in (8, 16, 32, 64):
    _declare_whole(f"Int{_bits}", _bits)
