"""Whole queries over files, each computed by the engine and by the evaluator alone.

A case is two files of one name in ``cases/``: the query (``.pq``, an expression or a section document) and what it is
about (``.toml``): the ``files`` that it finds in ``C:\\data``, the ``member`` of a section document that is looked at,
the ``culture``, and either the ``expected`` value as M text or the ``error`` ("Reason: part of the message"). How files
are described is in ``files.py``.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.powerquery.queries.files import write_file
from tests.powerquery.queries.unfolded import without_folding
from tests.powerquery.tables.twins import Failure, Shown, new_session, shown

from headwater.errors import MError
from headwater.powerquery import PlanTable, Session, Value, evaluate
from headwater.powerquery.values.core import Record, plain
from headwater.powerquery.values.table import Table

CASES = sorted(path for path in (Path(__file__).parent / "cases").glob("*.pq"))
NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)


class Case:
    """A query, what it is about, and the folder in which its files are."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.query = path.read_text(encoding="utf-8")
        self.about: dict[str, Any] = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
        self._folder = folder
        for file in self.about.get("files", []):
            write_file(folder, file)

    def _session(self) -> Session:
        session = new_session()
        session.culture = self.about.get("culture", "en-US")
        session.clock = lambda: NOON
        session.path_map = {"C:\\data": self._folder}
        return session

    def _value(self) -> Value:
        value = plain(evaluate(self.query, session=self._session()))
        if "member" in self.about:
            assert isinstance(value, Record), "only a section document has members"
            return value.get(self.about["member"])
        return value

    def has_plan(self) -> bool:
        """Whether the query gives a table that an engine runs."""
        with suppress(MError):
            return isinstance(plain(self._value()), PlanTable)
        return False

    def outcome(self) -> Shown | Failure | str:
        """What the query gives."""
        return shown(self._value)

    def check(self) -> None:
        """Fail unless the query gives the columns and cells, or the error, that it should."""
        found = self.outcome()
        if "error" in self.about:
            reason, _, message = self.about["error"].partition(": ")
            assert isinstance(found, Failure), found
            assert found.reason == reason
            assert message in found.message
            return
        expected = plain(evaluate(self.about["expected"]))
        wanted = shown(expected)
        if isinstance(expected, Table) and isinstance(wanted, Shown):
            assert isinstance(found, Shown), found
            assert _names(self._value) == expected.names
            assert found.rows == wanted.rows
        else:
            assert found == wanted


def _names(value: Any) -> tuple[str, ...]:
    table = plain(value())
    assert isinstance(table, Table)
    return table.names


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return Case(request.param, tmp_path)


def test_by_the_engine(case: Case) -> None:
    case.check()


def test_by_the_evaluator(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    folded = case.outcome()
    without_folding(monkeypatch)
    case.check()
    unfolded = case.outcome()
    assert not case.has_plan(), "nothing folded"
    if isinstance(folded, Failure):
        assert isinstance(unfolded, Failure)
    else:
        assert unfolded == folded, "the types are the same, too"
