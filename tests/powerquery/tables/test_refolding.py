"""Steps that do not fold stand between steps that do."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.twins import Bad, Data, Pair, agree, new_session, shown

from headwater.plan.lineage import column_lineage, sources
from headwater.plan.nodes import Source
from headwater.powerquery import PlanTable, evaluate, explain, on_deep_stack, to_arrow, to_plan_table
from headwater.powerquery.tables import running
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value, force, plain
from headwater.powerquery.values.functions import Function

MANY = 5_000
TWICE = "let twice = (x) as number => x * 2 in "
UNTYPED = "let twice = (x) => x * 2 in "
ODD = "let odd = (x) => Number.Mod(x, 2) = 1 in "


def numbers(count: int = MANY) -> Data:
    letters = ["a", "b", None, "", "ß"]
    return Data(
        {
            "id": (t.INT64, list(range(count))),
            "value": (t.NUMBER, [None if at % 7 == 0 else at / 4 for at in range(count)]),
            "word": (t.TEXT, [letters[at % 5] for at in range(count)]),
        }
    )


def evaluated(pair: Pair, source: str) -> PlanTable:
    result = plain(pair.on_plan(source))
    assert isinstance(result, PlanTable), "the last step folds again"
    return result


class TestBackInTheEngine:
    """What follows a step that did not fold is a plan again, and gives what rows give."""

    @pytest.mark.parametrize(
        "source",
        [
            TWICE + 'Table.AddColumn(T, "d", each twice([value]))',
            TWICE + 'Table.SelectRows(Table.AddColumn(T, "d", each twice([value])), each [d] > 1000)',
            UNTYPED + 'Table.SelectRows(Table.AddColumn(T, "d", each twice([value])), each [d] > 1000)',
            UNTYPED + 'Table.SelectRows(Table.AddColumn(T, "d", each twice([value]), type number), each [d] > 1000)',
            ODD + 'Table.Group(Table.SelectRows(T, each odd([id])), "word", {"n", each Table.RowCount(_)})',
            ODD + 'Table.FirstN(Table.Sort(Table.SelectRows(T, each odd([id])), {"value", Order.Descending}), 10)',
            'Table.SelectRows(Table.TransformColumnTypes(T, {"value", Currency.Type}), each [value] > 10)',
            'Table.SelectRows(Table.TransformColumnTypes(T, {"value", Int32.Type}, "de-DE"), each [value] > 10)',
            'Table.SelectRows(Table.TransformColumns(T, {"word", Text.Proper}), each [id] > 10)',
            'Table.SelectRows(Table.TransformColumns(T, {"word", each Text.Proper(_) & "!", type text}), each [id]>9)',
            ODD + 'Table.RemoveColumns(Table.Skip(Table.SelectRows(T, each odd([id])), 20), "word")',
            TWICE
            + 'let D = Table.AddColumn(T, "d", each twice([id])), B = Table.RenameColumns(D[[id], [d]], {"id", "k"})'
            ' in Table.SelectRows(Table.Join(D, "d", Table.RenameColumns(B, {"d", "e"}), "k"), each [d] < 100)',
        ],
    )
    def test_agrees_with_rows(self, source: str) -> None:
        pair = Pair({"T": numbers()})
        evaluated(pair, source)
        assert len(pair.plan_session.unfolded) == 1
        agree(pair, source)

    @pytest.mark.parametrize("source", [TWICE, UNTYPED])
    def test_errors_stay_in_their_cells(self, source: str) -> None:
        data = Data({"a": (t.NUMBER, [1.0, Bad(), None, "x"[:0] or 2.0] * 200), "b": (t.TEXT, ["x"] * 800)})
        pair = Pair({"T": data})
        text = source + 'Table.SelectRows(Table.AddColumn(T, "d", each twice([a])), each [b] = "x")'
        evaluated(pair, text)
        agree(pair, text)

    def test_errors_stay_in_cells_that_are_changed(self) -> None:
        numbers = [1.23456, Bad(), None, 1e300]
        pair = Pair({"T": Data({"a": (t.NUMBER, numbers), "b": (t.TEXT, ["x", "y", "z", None])})})
        agree(pair, 'Table.TransformColumnTypes(T, {{"a", Currency.Type}, {"b", type text}})')
        agree(pair, 'Table.TransformColumns(T, {{"a", Currency.From}, {"b", Text.Proper}})')

    def test_a_whole_row_can_be_asked_for(self) -> None:
        pair = Pair({"T": numbers(600)})
        added = 'Table.AddColumn(T, "n", each List.Count(Record.FieldValues(_)), Int64.Type)'
        source = f"Table.SelectRows({added}, each [n] = 3)"
        evaluated(pair, source)
        agree(pair, source)

    def test_a_missing_field_is_the_error_that_it_is_on_rows(self) -> None:
        pair = Pair({"T": numbers(600)})
        agree(pair, TWICE + 'Table.AddColumn(T, "d", each twice([nope]))')

    def test_few_rows_stay_with_the_evaluator(self) -> None:
        pair = Pair({"T": numbers(100)})
        result = plain(
            pair.on_plan(UNTYPED + 'Table.SelectRows(Table.AddColumn(T, "d", each twice([value])), each [d] > 10)')
        )
        assert isinstance(result, RowTable)


class TestWhatDoesNotFit:
    """A value of another kind than its column's, found late, changes no result."""

    LATE = 'let odd = (x) => if x = 4000 then "text" else x in Table.AddColumn(T, "d", each odd([id]), type number)'

    @pytest.mark.parametrize(
        "source",
        [
            LATE,
            f"Table.SelectRows({LATE}, each [id] > 10)",
            f'Table.Sort(Table.SelectRows({LATE}, each [id] > 3000), {{"id", Order.Descending}})',
            f"Table.RowCount(Table.SelectRows({LATE}, each [d] <> 5))",
            f"Table.SelectRows({LATE}, each [id] > 3990)[d]",
            'Table.SelectRows(Table.AddColumn(T, "d", each 9007199254740993 + 0 * [id], type number), each [id] = 9)',
            'Table.SelectRows(Table.AddColumn(T, "d", each if [id] = 3000 then {1} else {}), each [id] > 2990)',
        ],
    )
    def test_rows_take_over(self, source: str) -> None:
        agree(Pair({"T": numbers()}), source)

    def test_rows_already_given_are_not_given_again(self) -> None:
        pair = Pair({"T": numbers(150_000)})
        table = evaluated(pair, self.LATE.replace("4000", "140000"))
        rows = on_deep_stack(lambda: [row[0] for row in table.rows()])
        assert rows == list(range(150_000))

    def test_arrow_is_asked_for_after_the_evaluator_is_done(self) -> None:
        pair = Pair({"T": numbers()})
        source = f'Table.RemoveColumns(Table.SelectRows({self.LATE}, each [d] <> "text"), "d")'
        assert to_arrow(pair.on_plan(source), pair.plan_session).num_rows == MANY - 1


class Counted:
    """A function that counts how often it is called."""

    def __init__(self, result: Callable[[Value], Value] = lambda value: value) -> None:
        self.calls = 0
        self._result = result

    def value(self) -> Function:
        def call(argument: Value) -> Value:
            self.calls += 1
            return self._result(argument)

        of = t.FunctionType((t.FieldType("x", t.ANY),), t.NUMBER)
        return Function(call, lambda: of, minimum=1, maximum=1, name="counted")


def counting(source: str) -> tuple[Counted, PlanTable]:
    counted = Counted()
    pair = Pair({"T": numbers(200_000)}, {"counted": counted.value()})
    return counted, evaluated(pair, source)


class TestHowOften:
    """Nothing is evaluated that nobody needs, and nothing twice."""

    def test_first_rows_do_not_wait_for_the_rest(self) -> None:
        counted, table = counting(
            'Table.FirstN(Table.SelectRows(Table.AddColumn(T, "d", each counted([id]), type number), each [d] > 10), 5)'
        )
        assert [row[0] for row in table.rows()] == [11, 12, 13, 14, 15]
        assert counted.calls < 100_000

    def test_a_column_nobody_reads_is_not_computed(self) -> None:
        counted, table = counting('Table.AddColumn(T, "d", each counted([id]), type number)[[id]]')
        assert table.row_count() == 200_000
        assert counted.calls == 0

    def test_rows_of_an_untyped_step_are_made_once(self) -> None:
        counted, table = counting('Table.SelectRows(Table.AddColumn(T, "d", each counted([id])), each [d] >= 0)')
        assert sum(1 for _ in table.rows()) == 200_000
        assert counted.calls == 200_000

    def test_a_step_that_two_read_runs_once(self) -> None:
        counted, table = counting(
            'let D = Table.AddColumn(T, "d", each counted([id]), type number) in Table.Combine({D, Table.Sort(D, "d")})'
        )
        assert table.row_count() == 400_000
        assert counted.calls in (0, 200_000)


@pytest.mark.parametrize("misfit", [-1, 140_000])
def test_many_rows_are_held_on_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, misfit: int) -> None:
    """And no file is left, whether all rows fit their column or not."""
    monkeypatch.setattr(running, "HELD_BYTES", 10_000)
    spilled: list[Path] = []
    make = tempfile.mkstemp

    def noted(prefix: str, suffix: str) -> tuple[int, str]:
        handle, path = make(suffix, prefix, tmp_path)
        spilled.append(Path(path))
        return handle, path

    monkeypatch.setattr(tempfile, "mkstemp", noted)
    function = f'if [id] = {misfit} then "text" else twice([id])'
    added = f'Table.AddColumn(T, "d", each {function}, type number)'
    table = evaluated(Pair({"T": numbers(150_000)}), TWICE + f'Table.Sort({added}, {{"id", Order.Descending}})')
    doubled = on_deep_stack(lambda: [row[-1] for row in table.rows()])
    assert [force(cell) for cell in doubled] == ["text" if at == misfit else at * 2 for at in range(149_999, -1, -1)]
    assert spilled
    assert not any(path.exists() for path in spilled)


def test_lineage_goes_through() -> None:
    session = new_session()
    data = numbers(600)
    planned = data.as_plan(session)
    scan = planned.plan
    object.__setattr__(scan, "source", Source("file:///numbers.csv"))
    session.environment = {"T": planned}
    for start in (TWICE, UNTYPED):
        source = start + 'Table.SelectRows(Table.AddColumn(T, "d", each twice([value])), each [d] > 10)'
        table = evaluate(source, session=session)
        found = {
            name: {getattr(o, "column", None) for o in from_} for name, from_ in column_lineage(table.plan).items()
        }
        assert found["id"] == {"id"}
        assert "value" in found["d"]
        assert [s.uri for s in sources(table.plan)] == ["file:///numbers.csv"]


def test_explanation_shows_the_evaluators_part() -> None:
    pair = Pair({"T": numbers(600)})
    table = pair.on_plan(UNTYPED + 'Table.SelectRows(Table.AddColumn(T, "d", each twice([value])), each [d] > 10)')
    text = explain(table, pair.plan_session).to_text()
    assert "RowsScan of Table.AddColumn, on the evaluator" in text
    assert "Steps that did not fold:" in text


def test_a_plan_table_of_rows_keeps_what_they_were_made_from() -> None:
    pair = Pair({"T": numbers(600)})
    value = pair.on_plan('Table.AddColumn(T, "d", each if [id] = 1 then [id] else (() => [value])())')
    planned = to_plan_table(value, pair.plan_session)
    assert planned.reader().read_all().num_rows == 600
    assert shown(value)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-(2**60), 2**60)), min_size=520, max_size=600))
def test_any_number_comes_through(cells: list[float | int | None]) -> None:
    pair = Pair({"T": Data({"a": (t.ANY, cells), "k": (t.INT64, list(range(len(cells))))})}) if _alike(cells) else None
    if pair is not None:
        agree(pair, 'let f = (x) => x in Table.Sort(Table.AddColumn(T, "d", each f([a])), {"k", Order.Descending})')


def _alike(cells: list[float | int | None]) -> bool:
    """Whether Arrow holds them in one column as they are."""
    return all(cell is None or abs(cell) <= 2**53 for cell in cells if not isinstance(cell, float))
