"""Tables that look for trouble: what Hypothesis draws for the tests of tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hypothesis import strategies as st
from tests.powerquery.tables.twins import Bad, Data

from headwater.powerquery.language import quote_text
from headwater.powerquery.values import types as t
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time

NAMES = ["a", "A", "b", "", " ", "a b", 'say "hi"', "a__err", "A__ERR", "b_2", "é", "日本", "1st", "column", "[x]", "#"]
"""Column names that differ only by case, look like an id or a sentinel, or are hardly names at all."""

BIG = 2**53
LEAP_DAY = Date.of(2024, 2, 29)
LAST_TICK = DateTime.of(9999, 12, 31, 23, 59, 59).ticks + 9_999_999

WHOLE = [0, 1, -1, 2, 3, BIG - 1, BIG, BIG + 1, -BIG - 1, 2**63 - 1, -(2**63)]
REAL = [
    0.0,
    -0.0,
    1.0,
    0.5,
    -2.5,
    0.1,
    1e300,
    -1e300,
    5e-324,
    float(BIG),
    1e16,
    float("nan"),
    float("inf"),
    -float("inf"),
]
TEXTS = [
    "",
    "a",
    "A",
    "b",
    "ab",
    "é",
    "e\u0301",
    "😀",
    "\uffff",
    "\U00010000",
    " a ",
    '"',
    "a,b",
    "null",
    "true",
    "1",
    "1.5",
    "1,234.5",
    "50%",
    "9007199254740993",
    "2024-02-29",
    "2/29/2023",
    "2024-02-29T10:11:12.1234567",
    "NaN",
    "x\ny",
    "tab\t",
    "'",
    "\\",
    "%",
    "_",
]
DATES = [LEAP_DAY, Date.of(1, 1, 1), Date.of(9999, 12, 31), Date.of(1900, 2, 28), Date.of(2023, 12, 31)]
MOMENTS = [DateTime.of(2024, 2, 29, 23, 59, 59.5), DateTime(0), DateTime(1), DateTime(LAST_TICK)]
ZONED = [
    DateTimeZone.at(DateTime.of(2024, 2, 29, 12, 0, 0), 60),
    DateTimeZone.at(DateTime.of(2024, 2, 29, 11, 0, 0), 0),
    DateTimeZone.at(DateTime.of(2024, 2, 29, 12, 0, 0), -90),
]
TIMES = [Time(0), Time(1), Time.of(12, 30, 0), Time.of(23, 59, 59)]
DURATIONS = [Duration(0), Duration(1), Duration(-1), Duration.of(400, 1, 2, 3)]

CELLS: dict[str, tuple[t.Type, st.SearchStrategy[object]]] = {
    "whole": (t.nullable(t.INT64), st.sampled_from(WHOLE)),
    "few": (t.nullable(t.INT64), st.integers(0, 2)),
    "real": (
        t.nullable(t.NUMBER),
        st.sampled_from(REAL).map(lambda number: number * 1.0),
    ),  # each NaN an object of its own
    "text": (
        t.nullable(t.TEXT),
        st.one_of(st.sampled_from(TEXTS), st.text(st.characters(exclude_categories=["Cs", "Cc"]))),
    ),
    "logical": (t.nullable(t.LOGICAL), st.booleans()),
    "date": (
        t.nullable(t.DATE),
        st.one_of(
            st.sampled_from(DATES),
            st.dates(date(2023, 12, 30), date(2024, 3, 2)).map(lambda day: Date.of(day.year, day.month, day.day)),
        ),
    ),
    "datetime": (t.nullable(t.DATETIME), st.sampled_from(MOMENTS)),
    "zoned": (t.nullable(t.DATETIMEZONE), st.sampled_from(ZONED)),
    "time": (t.nullable(t.TIME), st.sampled_from(TIMES)),
    "duration": (t.nullable(t.DURATION), st.sampled_from(DURATIONS)),
    "binary": (t.nullable(t.BINARY), st.sampled_from([b"", b"\0", b"a", b"\xff"])),
}
"""By a short name: an M type, and its cells that are not null."""

ERRORS = st.sampled_from([Bad(), Bad("worse cell", None), Bad("bad cell", "")])


def cells(kind: str, height: int, *, errors: bool = False) -> st.SearchStrategy[Sequence[object]]:
    """A column of cells; about one in five is null, and with ``errors`` some are errors."""
    _, values = CELLS[kind]
    cell = st.one_of(values, values, values, st.none(), *([ERRORS] if errors else []))
    return st.lists(cell, min_size=height, max_size=height)


def data(kinds: dict[str, str], *, errors: bool = False, most: int = 6) -> st.SearchStrategy[Data]:
    """Tables of these columns: name → kind."""

    def filled(height: int) -> st.SearchStrategy[Data]:
        drawn = st.tuples(*(cells(kind, height, errors=errors) for kind in kinds.values()))
        return drawn.map(
            lambda columns: Data(
                {name: (CELLS[kind][0], made) for (name, kind), made in zip(kinds.items(), columns, strict=True)}
            )
        )

    return st.integers(0, most).flatmap(filled)


def any_data(*, errors: bool = False, widest: int = 4) -> st.SearchStrategy[Data]:
    """Tables of any columns under any names."""
    names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=widest, unique=True)
    kinds = st.sampled_from(sorted(CELLS))
    schemas = names.flatmap(
        lambda drawn: st.tuples(*(kinds for _ in drawn)).map(lambda k: dict(zip(drawn, k, strict=True)))
    )
    return schemas.flatmap(lambda schema: data(schema, errors=errors))


def text_list(names: Sequence[str]) -> str:
    """M text of a list of texts."""
    return "{" + ", ".join(quote_text(name) for name in names) + "}"
