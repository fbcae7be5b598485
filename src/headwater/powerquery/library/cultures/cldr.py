"""Cultures from Unicode's CLDR, as Babel has it, in the form that .NET gives them."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headwater.powerquery.library.cultures import windows
from headwater.powerquery.library.cultures.calendars import BUDDHIST, GREGORIAN, UMM_AL_QURA, Calendar
from headwater.powerquery.library.cultures.culture import Around, Culture, Numbers

if TYPE_CHECKING:
    from babel import Locale
    from babel.localedata import LocaleDataDict

_NAME = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?")
_CALENDARS: Mapping[str, Calendar] = {"ar-SA": UMM_AL_QURA, "th-TH": BUDDHIST}
_DIRECTION_MARKS = str.maketrans(dict.fromkeys("\u061c\u200e\u200f"))
_WIDE_BLANKS = str.maketrans("\u00a0\u202f", "  ")


def culture_from_cldr(name: str) -> Culture | None:
    """The culture of a name such as ``de-DE`` or ``de``; None where CLDR has none.

    >>> culture_from_cldr("de-AT").short_date
    'dd.MM.yyyy'
    """
    if _NAME.fullmatch(name) is None:
        return None
    locale = _locale(name)
    if locale is None:
        return None
    specific = f"{locale.language}-{locale.territory}" if locale.territory else name
    data = _own_data(locale)
    culture = _culture(name, locale, data, _CALENDARS.get(specific, GREGORIAN))
    fields = {**windows.LANGUAGES.get(locale.language, {}), **windows.CULTURES.get(specific, {})}
    numbers = _numbers(locale, data, windows.SYMBOLS.get(specific, {}))
    return _with_separators(replace(culture, numbers=numbers, **fields))


def _locale(name: str) -> Locale | None:
    """The locale, of a language alone that of the territory where most speak it."""
    from babel import Locale, UnknownLocaleError
    from babel.core import get_global

    try:
        locale = Locale.parse(name, sep="-")
        if locale.territory:
            return locale
        likely = get_global("likely_subtags").get(str(locale), "")
        territory = likely.rpartition("_")[2] if likely else None
        return Locale.parse(f"{locale}_{territory}") if territory else locale
    except (UnknownLocaleError, ValueError):
        return None


_SECTIONS = (
    "months", "days", "day_periods", "eras", "date_formats", "time_formats", "datetime_skeletons", "number_symbols",
    "currency_formats", "percent_formats", "decimal_formats",
)  # fmt: skip


def _own_data(locale: Locale) -> LocaleDataDict:
    """A copy of the locale's data.

    Babel resolves references inside data that locales share, so that the names of one locale turn up in others that
    have none of their own; in a copy nothing is shared.
    """
    from babel.localedata import LocaleDataDict, load

    data = load(str(locale))
    return LocaleDataDict({section: copy.deepcopy(data[section]) for section in _SECTIONS})


def _culture(name: str, locale: Locale, data: LocaleDataDict, calendar: Calendar) -> Culture:
    months, days, skeletons = data["months"]["format"], data["days"]["format"], data["datetime_skeletons"]
    short = windows.plain_short_months(locale.language, _months(months["abbreviated"]))
    hijri = _hijri_months() if calendar is UMM_AL_QURA else ()
    return Culture(
        name=name,
        months=hijri or _months(data["months"]["stand-alone"]["wide"]),
        short_months=hijri or short,
        months_of_days=hijri or _months(months["wide"]),
        further_months=hijri or _months(months["abbreviated"]),
        days=_days(days["wide"]),
        short_days=_days(days["abbreviated"]),
        halves=_halves(data["day_periods"]["format"]),
        short_date=_with_long_years(_pattern(data["date_formats"]["short"].pattern)),
        long_date=_pattern(data["date_formats"]["full"].pattern),
        month_day=_pattern(skeletons["MMMMd"].pattern),
        year_month=_pattern(skeletons["yMMMM"].pattern),
        short_time=_pattern(data["time_formats"]["short"].pattern),
        long_time=_pattern(data["time_formats"]["medium"].pattern),
        era=data["eras"]["abbreviated"][1],
        first_day=(locale.first_week_day + 1) % 7,
        calendar=calendar,
        language=locale.language,
    )


def _months(names: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(names[number] for number in range(1, 13))


def _days(names: Mapping[int, str]) -> tuple[str, ...]:
    """CLDR's weeks begin on Monday."""
    return tuple(names[(number + 6) % 7] for number in range(7))


def _hijri_months() -> tuple[str, ...]:
    from hijridate import Hijri

    return tuple(Hijri(1445, month, 1).month_name("ar") for month in range(1, 13))


def _halves(forms: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
    for names in (forms["wide"], forms["abbreviated"]):
        if "am" in names and "pm" in names:
            return names["am"].translate(_WIDE_BLANKS), names["pm"].translate(_WIDE_BLANKS)
    return "AM", "PM"


# -- patterns ------------------------------------------------------------------------------------------------------

_FIELD = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|.", re.DOTALL)
_LETTERS = {"y": "yyyy", "yy": "yy", "a": "tt", "b": "tt", "B": "tt", "EEEE": "dddd", "cccc": "dddd", "E": "ddd"}


def _pattern(pattern: str) -> str:
    """CLDR's date pattern as a .NET format string.

    >>> _pattern("EEEE, d. MMMM y"), _pattern("h:mm a")
    ('dddd, d. MMMM yyyy', 'h:mm tt')
    """
    written = []
    for found in _FIELD.finditer(pattern.translate(_DIRECTION_MARKS).translate(_WIDE_BLANKS)):
        field, letter = found[0], found[1]
        if letter == "G":
            field = "gg"
        elif letter == "L":
            field = "M" * len(field)
        written.append(_LETTERS.get(field, field))
    return "".join(written).replace("''", r"\'")


def _with_long_years(pattern: str) -> str:
    return re.sub(r"(?<!y)yy(?!y)", "yyyy", pattern)


def _with_separators(culture: Culture) -> Culture:
    """The separators that ``/`` and ``:`` stand for, read off the patterns."""
    in_date = re.search(r"(?<=[dMy])[^dMy' ](?=[dMy ])", culture.short_date)
    in_time = re.search(r"(?<=[Hh])[^Hhm' ](?=m)", culture.long_time)
    return replace(
        culture,
        date_separator=in_date[0] if in_date else "/",
        time_separator=in_time[0] if in_time else ":",
    )


# -- numbers -------------------------------------------------------------------------------------------------------


def _numbers(locale: Locale, data: LocaleDataDict, differences: Mapping[str, Any]) -> Numbers:
    from babel.numbers import get_currency_precision, get_currency_symbol, get_territory_currencies

    every = data["number_symbols"]
    symbols = every["latn"] if "latn" in every else every[locale.default_numbering_system]
    money, share = data["currency_formats"]["standard"], data["percent_formats"][None]
    codes = get_territory_currencies(locale.territory) if locale.territory else []
    code = codes[0] if codes else "XDR"
    own = {"currency": get_currency_symbol(code, locale), "percent": _bare(symbols["percentSign"]), **differences}
    groups = data["decimal_formats"][None].grouping
    fields = {
        "decimal": symbols["decimal"],
        "group": symbols["group"].replace("\u202f", "\u00a0"),
        "sizes": tuple(dict.fromkeys(groups)),
        "permille": _bare(symbols["perMille"]),
        "nan": symbols["nan"],
        "infinity": symbols["infinity"],
        "currency_digits": get_currency_precision(code),
        "currency_positive": _around(money, 0, "¤", own["currency"]),
        "currency_negative": _around(money, 1, "¤", own["currency"]),
        "percent_positive": _around(share, 0, "%", own["percent"]),
        "percent_negative": _around(share, 1, "%", own["percent"]),
    }
    return Numbers(**{**fields, **own})


def _bare(symbol: str) -> str:
    return symbol.translate(_DIRECTION_MARKS)


def _around(pattern: Any, sign: int, placeholder: str, symbol: str) -> Around:
    """Prefix and suffix of a number pattern for positive (0) or negative (1) numbers."""
    prefix, suffix = (
        part.translate(_DIRECTION_MARKS).translate(_WIDE_BLANKS).replace("−", "-").replace(placeholder, symbol)
        for part in (pattern.prefix[sign], pattern.suffix[sign])
    )
    return prefix, suffix
