from __future__ import annotations

from pathlib import Path

import pytest

from headwater.errors import MSyntaxError
from headwater.powerquery.language import format_document, parse_document

CASES = (Path(__file__).parent / "cases" / "format.m.txt").read_text(encoding="utf-8").split("====\n")
PAIRS = [tuple(case.split("--->\n")) for case in CASES]


@pytest.mark.parametrize(("source", "expected"), PAIRS)
def test_format(source: str, expected: str) -> None:
    assert format_document(source) == expected
    assert format_document(expected) == expected
    assert parse_document(expected) == parse_document(source)


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_other_line_ends(ending: str) -> None:
    source, expected = PAIRS[3]
    assert format_document(source.replace("\n", ending)) == expected


def test_text_that_is_not_m_is_refused() -> None:
    with pytest.raises(MSyntaxError) as caught:
        format_document("let a = in a", "flights.pq")
    assert caught.value.place == "flights.pq, line 1, column 9"
