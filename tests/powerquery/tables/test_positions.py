"""Text by positions: M counts UTF-16 units, and half a character cannot stand in a column."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.twins import Data, Failure, Pair, Shown, shown

from headwater.plan.conversions import HALF_A_CHARACTER
from headwater.powerquery.values import types as t

ASTRAL = "😀"
TEXTS = st.text(alphabet=["a", "é", "\uffff", ASTRAL, "\U0010ffff", "x"], max_size=6)
WHOLE = st.one_of(st.none(), st.sampled_from([-1, 0, 1, 2, 3, 4, 7, 2**31, 2**63 - 1]))
REAL = st.one_of(st.none(), st.sampled_from([0.0, 1.0, 2.0, 0.5, -1.0, 1e300, float("nan"), float("inf")]))
CALLS = [
    "Text.Start([s], {0})",
    "Text.End([s], {0})",
    "Text.Middle([s], {0})",
    "Text.Middle([s], {0}, 2)",
    "Text.Range([s], {0})",
    "Text.Range([s], {0}, 1)",
    "Text.At([s], {0})",
    "Text.Insert([s], {0}, [u])",
    "Text.RemoveRange([s], {0})",
    "Text.RemoveRange([s], {0}, 2)",
    "Text.ReplaceRange([s], {0}, {1}, [u])",
    'Text.PadStart([s], {2}, "0")',
    "Text.PadEnd([s], {2})",
    "Text.Repeat([s], {2})",
]


def halved(cell: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in cell)


def rows_agree(rows: Shown, plan: Shown, texts: list[str | None]) -> None:
    """Cells agree, but for those that hold half a character, which are an error to the plan."""
    assert plan.type == rows.type
    for on_row, on_plan, text in zip(rows.rows, plan.rows, texts, strict=True):
        if HALF_A_CHARACTER.message in on_plan[-1]:
            assert text is not None
            assert any(character > "\uffff" for character in text), "a character was cut that has no halves"
        else:
            assert on_plan == on_row
            assert not halved(on_row[-1]), "half a character went unnoticed"


def check(call: str, drawn: list[tuple[str | None, str | None, int | None, int | None, float | None]]) -> bool:
    columns = list(zip(*drawn, strict=True))
    table = Data(
        {
            "s": (t.nullable(t.TEXT), columns[0]),
            "u": (t.nullable(t.TEXT), columns[1]),
            "n": (t.nullable(t.INT64), columns[2]),
            "m": (t.nullable(t.INT64), columns[3]),
            "d": (t.nullable(t.NUMBER), columns[4]),
        }
    )
    pair = Pair({"T": table})
    source = f'Table.AddColumn(T, "r", each {call})'
    rows, plan = pair.both(source)
    assert isinstance(rows, Shown)
    assert isinstance(plan, Shown)
    rows_agree(rows, plan, list(columns[0]))
    return pair.folded(source)


ROWS = st.lists(
    st.tuples(st.one_of(TEXTS, TEXTS, st.none()), st.one_of(TEXTS, st.none()), WHOLE, WHOLE, REAL),
    min_size=1,
    max_size=6,
)
usual = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


class TestPositions:
    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize("position", ["[n]", "[d]", "[n] - 1", "1"])
    def test_folded_agrees_with_evaluated(self, call: str, position: str) -> None:
        # a text that is repeated so often has no room anywhere
        short = {"[n]": "[n] / [n]", "[d]": "Text.Length([s])", "[n] - 1": "Text.Length([u]) + 2", "1": "3"}[position]
        expression = call.format(position, "[m]", short)

        @usual
        @given(ROWS)
        def run(drawn: list[tuple[str | None, str | None, int | None, int | None, float | None]]) -> None:
            assert check(expression, drawn)

        run()

    def test_a_cut_through_a_character_is_an_error_cell(self) -> None:
        pair = Pair({"T": Data({"s": (t.nullable(t.TEXT), [f"a{ASTRAL}b", "abc"])})})
        found = shown(pair.on_plan('Table.AddColumn(T, "r", each Text.Start([s], 2))'))
        assert isinstance(found, Shown)
        assert HALF_A_CHARACTER.message in found.rows[0][1]
        assert found.rows[1][1] == '"ab"'

    def test_between_characters_it_is_none(self) -> None:
        pair = Pair({"T": Data({"s": (t.nullable(t.TEXT), [f"a{ASTRAL}b"])})})
        for call, expected in (
            ("Text.Start([s], 3)", f"a{ASTRAL}"),
            ("Text.Middle([s], 1, 2)", ASTRAL),
            ("Text.RemoveRange([s], 1, 2)", "ab"),
            ('Text.PadEnd([s], 5, ".")', f"a{ASTRAL}b."),
        ):
            found = pair.both(f'Table.AddColumn(T, "r", each {call}){{0}}[r]')
            assert not isinstance(found[0], Failure)
            assert found[0] == found[1] == f'"{expected}"'
