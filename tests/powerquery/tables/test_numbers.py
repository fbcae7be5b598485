"""What Hypothesis' general expressions meet too seldom: rounding near ties, every character's case, numbers as text."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.twins import Data, Pair, agree

from headwater.powerquery.values import types as t

NEAR_TIES = st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 6), st.sampled_from([-1, 0, 1])).map(
    lambda drawn: _beside(float(Decimal(drawn[0]).scaleb(-drawn[1])), drawn[2])
)
LONG = st.integers(-(10**17), 10**17).flatmap(
    lambda digits: st.integers(0, 18).map(lambda point: float(Decimal(digits).scaleb(-point)))
)
NUMBERS = st.one_of(NEAR_TIES, NEAR_TIES, LONG, st.floats())
FUNCTIONS = ["RoundUp([d], {0})", "RoundDown([d], {0})", "RoundTowardZero([d], {0})", "RoundAwayFromZero([d], {0})"]
CALLS = [*FUNCTIONS, *(f"Round([d], {{0}}, {mode})" for mode in range(5))]


def _beside(number: float, steps: int) -> float:
    """The number, or the next one above or below."""
    return number + steps * abs(number) * sys.float_info.epsilon


def numbers(cells: list[float]) -> Pair:
    return Pair({"T": Data({"d": (t.nullable(t.NUMBER), cells)})})


usual = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


class TestRounding:
    @pytest.mark.parametrize("digits", [0, 1, 2, 4, 9, 15])
    def test_all_ways_of_rounding(self, digits: int) -> None:
        fields = ", ".join(f"Text.From(Number.{call.format(digits)})" for call in CALLS)

        @usual
        @given(st.lists(NUMBERS, min_size=20, max_size=60))
        def check(cells: list[float]) -> None:
            pair = numbers(cells)
            source = f'Table.AddColumn(T, "r", each Text.Combine({{{fields}}}, " "))'
            assert pair.folded(source)
            agree(pair, source)

        check()

    @usual
    @given(st.lists(st.one_of(NUMBERS, st.floats()), min_size=50, max_size=200))
    def test_numbers_as_text(self, cells: list[float]) -> None:
        agree(numbers(cells), 'Table.AddColumn(T, "r", each Text.From([d]))')

    @usual
    @given(st.lists(st.tuples(st.floats(), st.floats()), min_size=20, max_size=60))
    def test_two_numbers(self, pairs: list[tuple[float, float]]) -> None:
        table = Data({name: (t.nullable(t.NUMBER), [row[at] for row in pairs]) for at, name in enumerate("de")})
        fields = ", ".join(f"Text.From(Number.{name}([d], [e]))" for name in ("Mod", "IntegerDivide", "Power", "Atan2"))
        agree(Pair({"T": table}), f'Table.AddColumn(T, "r", each Text.Combine({{{fields}}}, " "))')


class TestCharacters:
    @pytest.mark.parametrize("function", ["Upper", "Lower", "Trim", "Clean", "Reverse"])
    def test_every_character(self, function: str) -> None:
        """Alone, and in a word: what a letter becomes does not depend on what is beside it."""
        every = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code <= 0xDFFF]
        words = [f"{''.join(every[at : at + 7])} Aß" for at in range(0, len(every), 7)]
        pair = Pair({"T": Data({"s": (t.nullable(t.TEXT), words)})})
        source = f'Table.AddColumn(T, "r", each Text.{function}([s]) = null)'
        assert pair.folded(source)
        on_rows, on_plan = (
            [row[1] for row in way(f'Table.AddColumn(T, "r", each Text.{function}([s]))').rows()]
            for way in (pair.on_rows, pair.on_plan)
        )
        wrong = [(word, a, b) for word, a, b in zip(words, map(_value, on_rows), on_plan, strict=True) if a != b]
        assert wrong == []


def _value(member: object) -> object:
    from headwater.powerquery.values.core import force

    return force(member)
