"""Where Windows, on whose data Power Query runs, writes otherwise than Unicode's CLDR, from which the rest is taken.

What holds for every culture (years of four digits, ``-`` for every minus, no narrow blanks) is in ``cldr.py``. A
culture is listed here only for what was found to differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LETTERS_ONLY = {"pt": slice(0, 3), "sv": slice(0, 3), "da": slice(0, 3), "nb": slice(0, 3)}
"""Languages whose short month names are the first letters, without CLDR's dot and its longer forms."""

LANGUAGES: Mapping[str, Mapping[str, Any]] = {
    "de": {
        "short_months": ("Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"),
        "short_days": ("So", "Mo", "Di", "Mi", "Do", "Fr", "Sa"),
    },
    "en": {
        "short_months": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        "halves": ("AM", "PM"),
    },
    "hi": {"halves": ("पूर्वाह्न", "अपराह्न"), "short_time": "HH:mm", "long_time": "HH:mm:ss"},
}
"""Fields of a culture by language."""

CULTURES: Mapping[str, Mapping[str, Any]] = {
    "ar-SA": {"short_date": "dd/MM/yy", "long_date": "dd/MMMM/yyyy", "month_day": "dd MMMM", "year_month": "MMMM, yyyy",
              "short_time": "hh:mm tt", "long_time": "hh:mm:ss tt", "era": "بعد الهجرة"},
    "da-DK": {"short_date": "dd-MM-yyyy", "long_date": "d. MMMM yyyy", "short_time": "HH:mm", "long_time": "HH:mm:ss"},
    "en-AU": {"short_date": "d/MM/yyyy"},
    "en-GB": {"long_date": "dd MMMM yyyy"},
    "en-IN": {"short_date": "dd-MM-yyyy", "long_date": "dd MMMM yyyy", "short_time": "HH:mm", "long_time": "HH:mm:ss"},
    "es-ES": {"short_date": "dd/MM/yyyy"},
    "fr-CA": {"short_time": "HH:mm", "long_time": "HH:mm:ss"},
    "hi-IN": {"short_date": "dd-MM-yyyy", "long_date": "dd MMMM yyyy"},
    "ja-JP": {"long_date": "yyyy'年'M'月'd'日'"},
    "ko-KR": {"short_date": "yyyy-MM-dd"},
    "nl-NL": {"short_date": "d-M-yyyy"},
    "pl-PL": {"short_date": "dd.MM.yyyy", "long_date": "d MMMM yyyy"},
    "sv-SE": {"long_date": "'den 'd MMMM yyyy"},
    "th-TH": {"long_date": "d MMMM yyyy"},
    "zh-CN": {"long_date": "yyyy'年'M'月'd'日'", "short_time": "H:mm", "long_time": "H:mm:ss"},
}  # fmt: skip
"""Fields by culture."""

SYMBOLS: Mapping[str, Mapping[str, Any]] = {
    "ar-SA": {"percent": "%", "percent_positive": ("", " %"), "percent_negative": ("-", " %")},
    "ja-JP": {"currency": "¥"},
}
"""Fields of a culture's numbers."""


def plain_short_months(language: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The short names of months as Windows has them in a language, made from CLDR's.

    >>> plain_short_months("pt", ("jan.", "fev."))
    ('jan', 'fev')
    """
    letters = _LETTERS_ONLY.get(language)
    return names if letters is None else tuple(name[letters] for name in names)
