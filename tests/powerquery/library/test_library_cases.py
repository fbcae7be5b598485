"""The library's functions on the cases beside this file."""

from __future__ import annotations

from typing import Protocol


class Case(Protocol):
    def check(self) -> None: ...


def test_case(m_case: Case) -> None:
    m_case.check()
