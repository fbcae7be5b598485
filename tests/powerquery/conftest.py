"""Cases kept as text: files ``cases/*.m.txt`` beside a test module whose test takes ``m_case``.

A line is ``expression ==> expected expression``, or ``expression ==> ! Reason: part of the message``. Lines that begin
with ``//`` and empty lines are for people. Everything is evaluated in en-US and UTC, at noon on Thursday 29 February
2024, with a seed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pytest

from headwater.errors import MError
from headwater.powerquery import Session, evaluate, to_text
from headwater.powerquery.values.core import Value

NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
_ARROW = " ==> "


def evaluated(expression: str) -> Value:
    """The value of an expression in the surroundings that the head of this module names."""
    return evaluate(expression, session=Session(clock=lambda: NOON, seed=1))


@dataclass(frozen=True)
class MCase:
    """One line of a case file."""

    expression: str
    expected: str

    def check(self) -> None:
        """Fail unless the expression gives what is expected."""
        if self.expected.startswith("!"):
            reason, _, message = self.expected[1:].strip().partition(": ")
            with pytest.raises(MError) as caught:
                to_text(evaluated(self.expression))
            assert caught.value.reason == reason
            assert message in caught.value.message
        else:
            assert to_text(evaluated(self.expression)) == to_text(evaluated(self.expected))


def _cases(path: Path) -> list[object]:
    listed: list[object] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("//"):
            continue
        expression, arrow, expected = line.partition(_ARROW)
        assert arrow, f"{path.name}, line {number}: a case is 'expression{_ARROW}expected'"
        listed.append(pytest.param(MCase(expression, expected), id=f"{path.name}:{number}"))
    return listed


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a line for tests that take ``m_case``."""
    if "m_case" in metafunc.fixturenames:
        folder = metafunc.definition.path.parent / "cases"
        listed = [case for path in sorted(folder.glob("*.m.txt")) for case in _cases(path)]
        assert listed, f"no cases in {folder.name}"
        metafunc.parametrize("m_case", listed)
