"""Steps that are made on rows: the same over a plan, and later steps go back to the engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headwater.powerquery import PlanTable, Session, evaluate, explain, to_text
from headwater.powerquery.values.core import plain
from headwater.powerquery.values.equality import equal
from headwater.powerquery.values.table import Table

_COLUMNS = """Table.FromColumns(
    {{1..600}, List.Transform({1..600}, each Text.From(Number.Mod(_, 7)))}, type table [A = number, B = text])"""

_STEPS = [
    "Table.RemoveMatchingRows(T, {[A = 3], [B = \"5\"]})",
    "Table.ReplaceMatchingRows(T, {{[A = 3], [A = -3, B = \"q\"]}})",
    "Table.InsertRows(T, 2, {[A = 0, B = null]})",
    "Table.ReplaceRows(T, 1, 598, {[A = 0, B = null]})",
    "Table.RemoveRows(T, 1, 597)",
    "Table.FindText(T, \"4\")",
    "Table.AddFuzzyClusterColumn(T, \"B\", \"C\")",
    "Table.FuzzyGroup(T, \"B\", {\"N\", each List.Sum([A])})",
    "Table.AddKey(T, {\"A\"}, true)",
    "Table.ReplacePartitionKey(T, {\"A\"})",
    "Table.SplitAt(T, 500){1}",
    "Table.FromPartitions(\"P\", {{1, T}, {2, T}})",
    "Table.Split(T, 512){1}",
    "Table.Partition(T, \"A\", 2, each _){1}",
]  # fmt: skip


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.engine.close()


def _on_rows() -> Table:
    view = "Table.View(null, [GetType = () => Value.Type(T), GetRows = () => T])"
    table = plain(evaluate(view, environment={"T": evaluate(_COLUMNS)}))
    assert isinstance(table, Table)
    return table


@pytest.mark.parametrize("step", _STEPS)
def test_a_step_gives_the_same_over_a_plan_and_over_rows(session: Session, step: str) -> None:
    planned = evaluate(_COLUMNS, session=session)
    assert isinstance(planned, PlanTable)
    session.environment = {"T": planned}
    over_plan = evaluate(step, session=session)
    over_rows = evaluate(step, environment={"T": _on_rows()})
    assert to_text(over_plan) == to_text(over_rows)
    assert len(plain(over_plan).names) >= 2


@pytest.mark.parametrize(
    "step", ["Table.RemoveRows(T, 1, 2)", "Table.SplitAt(T, 5){1}", 'Table.AddKey(T, {"A"}, true)']
)
def test_a_step_that_needs_no_rows_folds(session: Session, step: str) -> None:
    session.environment = {"T": evaluate(_COLUMNS, session=session)}
    assert isinstance(plain(evaluate(step, session=session)), PlanTable)
    assert session.unfolded == []


def test_after_a_step_on_rows_later_ones_fold(session: Session) -> None:
    session.environment = {"T": evaluate(_COLUMNS, session=session)}
    result = plain(evaluate("Table.SelectRows(Table.RemoveMatchingRows(T, {[A = 3]}), each [A] < 5)", session=session))
    assert isinstance(result, PlanTable)
    assert [step.function for step in explain(result, session).unfolded] == ["Table.RemoveMatchingRows"]
    assert equal(result, evaluate('#table({"A", "B"}, {{1, "1"}, {2, "2"}, {4, "4"}})'))


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ('Table.FuzzyJoin(T, "B", #table(type table [K = text], {{"4"}}), "K", JoinKind.LeftOuter)', "Table.FuzzyJoin"),
        ('Table.FuzzyJoin(T, "B", #table(type table [K = text], {{"4"}}), "K", JoinKind.LeftAnti)', "Table.FuzzyJoin"),
        ('Table.FromPartitions("P", {{1, T}}, Int64.Type)', "Table.FromPartitions"),
    ],
)
def test_after_a_join_or_partitions_later_steps_fold(session: Session, step: str, name: str) -> None:
    session.environment = {"T": evaluate(_COLUMNS, session=session)}
    result = plain(evaluate(f"Table.SelectRows({step}, each [A] < 9)", session=session))
    assert isinstance(result, PlanTable)
    assert [each.function for each in session.unfolded] == [name]
    assert to_text(result) == to_text(
        evaluate(f"Table.SelectRows({step}, each [A] < 9)", environment={"T": _on_rows()})
    )


def test_the_hosts_names_are_variables() -> None:
    environment = {"limit": 5, "chosen": evaluate('#table({"A", "Z"}, {{1, 0}, {3, 0}})')}
    assert evaluate('Variable.Value("limit") + Variable.ValueOrDefault("limit", 9)', environment=environment) == 10
    assert evaluate('Value.Firewall("Section1/limit/Source")', environment=environment) == 5
    filtered = evaluate('Table.FilterWithDataTable(#table({"A"}, {{1}, {2}, {3}}), "chosen")', environment=environment)
    assert equal(filtered, evaluate('#table({"A"}, {{1}, {3}})'))
