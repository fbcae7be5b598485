"""Folding indicators beside applied steps."""

from __future__ import annotations

from tests.powerquery.tables.twins import new_session

from headwater.powerquery import Unfolded, evaluate, explain, to_plan_table
from headwater.powerquery.editing.folding import unfolded_steps

TEXT = """let
    Kept = Table.SelectRows(Source, each [a] > 0),
    Filled = Table.SelectRows(Kept, each not List.IsEmpty(Record.FieldValues(_))),
    Sorted = Table.Sort(Filled, {{"a", Order.Ascending}})
in
    Sorted"""


def test_the_step_that_left_the_engine_is_marked_alone() -> None:
    session = new_session()
    session.environment = {"Source": to_plan_table(evaluate("#table(type table [a = number], {{1}})"), session)}
    explained = explain(evaluate(TEXT, session=session), session)
    marked = unfolded_steps(TEXT, explained.unfolded)
    assert list(marked) == ["Filled"]
    assert all(reason.startswith("Table.SelectRows: ") for reason in marked["Filled"])


def test_places_in_other_texts_mark_nothing() -> None:
    noted = [Unfolded("f", "no", "Other.pq, line 2, column 12"), Unfolded("f", "no", "")]
    assert unfolded_steps(TEXT, noted, "Mine.pq") == {}
    assert unfolded_steps(TEXT, noted, "Other.pq") == {"Kept": ("f: no",)}
