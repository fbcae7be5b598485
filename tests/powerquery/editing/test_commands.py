"""The ribbon's commands: the M each writes, what comes of it, row by row and folded, and that the gear opens it."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.powerquery.tables.twins import new_session

from headwater.errors import UsageError
from headwater.powerquery import Session, evaluate, to_plan_table, to_text
from headwater.powerquery.editing.commands import COMMANDS, recognise, write_step
from headwater.powerquery.language import parse_expression, print_expression
from headwater.powerquery.values.core import Value

NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
SHOWN = (
    "if Result is table then [names = Table.ColumnNames(Result), rows = Table.ToRows(Table.ReplaceErrorValues("
    'Result, List.Transform(Table.ColumnNames(Result), each {_, "error"})))] else Result'
)
PART = "(name as text, start as number, optional count as number) => Text.Middle(name, start, count ?? 1)"
FOLDED = {
    *("columns.choose", "columns.remove", "columns.rename", "columns.reorder", "columns.duplicate", "rows.sort"),
    *("rows.filter", "rows.keep_top", "rows.keep_range", "rows.remove_top", "values.fill_down", "add.custom"),
    *("add.conditional", "add.uppercase", "transform.uppercase", "queries.append", "columns.unpivot_only"),
}
UNORDERED = ("rows.group", "rows.keep_duplicates", "rows.remove_duplicates", "queries.merge")


@dataclass(frozen=True)
class Case:
    command: str
    table: str
    arguments: dict[str, Any]
    m: str
    result: str


def _cases() -> list[Case]:
    with (Path(__file__).parent / "cases" / "commands.toml").open("rb") as file:
        read = tomllib.load(file)
    return [
        Case(each["command"], read["tables"][each["table"]], json.loads(each["arguments"]), each["m"], each["result"])
        for each in read["case"]
    ]


CASES = _cases()


@pytest.fixture(params=CASES, ids=lambda case: case.command)
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


def test_every_command_has_a_case() -> None:
    assert {case.command for case in CASES} == set(COMMANDS)


def test_a_command_writes_what_a_person_would_get(case: Case) -> None:
    assert write_step(case.command, case.arguments, "Source") == case.m
    quoted = write_step(case.command, case.arguments, "Changed Type")
    assert parse_expression(quoted) is not None
    assert '#"Changed Type"' in quoted


def test_the_gear_opens_what_a_command_wrote(case: Case) -> None:
    found = recognise(case.m)
    assert found is not None
    assert found.previous == "Source"
    # Some commands write what another one writes, too: what counts is that its arguments write the same step again.
    assert write_step(found.command, found.arguments, "Source") == case.m
    laid_out = case.m.replace("(", "(\n    /* so */ ")
    again = recognise(laid_out)
    assert again is not None
    written = write_step(again.command, again.arguments, "Source")
    assert print_expression(parse_expression(written)) == print_expression(parse_expression(case.m))


def test_a_step_gives_the_rows_that_it_should(case: Case) -> None:
    text = f"let Source = {case.table}, Result = {case.m} in {SHOWN}"
    session = Session(clock=lambda: NOON, environment={"demo.part": evaluate(PART)})
    assert to_text(evaluate(text, session=session)) == to_text(evaluate(case.result))


def test_a_step_gives_the_same_folded(case: Case) -> None:
    session = new_session()
    session.clock = lambda: NOON
    made = evaluate(case.table)
    if case.table.startswith("#table(type table"):
        made = to_plan_table(made, session)
    session.environment = {"Source": made, "demo.part": evaluate(PART)}
    shown = evaluate(f"let Result = {case.m} in {SHOWN}", session=session)
    assert _ordered(shown, case) == _ordered(evaluate(case.result), case)
    steps = [step for step in session.unfolded if step.function != "Table.ToRows"]
    assert not (case.command in FOLDED and steps)


def _ordered(value: Value, case: Case) -> str:
    text = to_text(value)
    if case.command not in UNORDERED:
        return text
    return to_text(
        evaluate(
            f"let v = {text} in [names = v[names], rows = List.Sort(List.Transform(v[rows], Json))]",
            environment={"Json": evaluate("each Text.FromBinary(Json.FromValue(_))")},
        )
    )


@pytest.mark.parametrize(
    ("command", "arguments", "told"),
    [
        ("rows.nothing", {}, "no command 'rows.nothing'"),
        ("rows.keep_top", {}, "'count' is missing"),
        ("rows.keep_top", {"count": 1, "rows": 2}, "no parameter 'rows'"),
        ("rows.keep_top", {"count": True}, "no whole number"),
        ("rows.keep_top", {"count": "1), Evil("}, "no whole number"),
        ("columns.remove", {"columns": []}, "no list"),
        ("columns.remove", {"columns": "a"}, "no list"),
        ("add.custom", {"name": "x", "formula": "1) + (2"}, "formula cannot be read"),
        ("add.custom", {"name": "x", "formula": 1}, "no formula"),
        ("add.add", {"column": "x", "operand": float("inf")}, "no number"),
        ("add.custom", {"name": "x", "formula": "1", "kind": "varchar"}, "no choice"),
        ("rows.filter", {"condition": {"column": "a", "operator": "like", "value": 1}}, "cannot be given together"),
        ("rows.filter", {"condition": {"any": []}}, "no condition"),
        (
            "rows.filter",
            {"condition": {"column": "a", "operator": "equals", "value": {"date": "31.1.2024"}}},
            "no date",
        ),
    ],
)
def test_arguments_that_are_none_are_refused(command: str, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        write_step(command, arguments, "Source")
    assert told in caught.value.message
    assert caught.value.hint
    assert "Evil" not in str(caught.value)


@pytest.mark.parametrize(
    "formula",
    [
        *("1", "Table.FirstN(Source, 1 + 1)", "let", "Table.Sort(Source, each [a])", "x[y]"),
        'Table.TransformColumns(S, {{"a", each Text.Start(_, 1), type text}, {"b", each Text.Start(_, 2), type text}})',
        'Table.Pivot(Source, List.Distinct(Table.Column(Other, "a")), "a", "v")',
    ],
)
def test_a_formula_of_a_persons_own_has_no_gear(formula: str) -> None:
    assert recognise(formula) is None


def test_literals_come_back_as_they_were() -> None:
    for value in (
        None,
        True,
        -1.5,
        'quo"te#(lf)',
        {"date": "2024-01-31"},
        {"time": "08:05:01.5"},
        {"datetime": "2024-01-31T08:05:00"},
        {"datetimezone": "2024-01-31T08:05:00-02:30"},
        {"duration": "1.02:03:04.25"},
        {"column": "order date"},
        {"query": "Least Age"},
        {"expression": "[a] + 1"},
    ):
        arguments = {"columns": ["a"], "value": value, "replacement": 0}
        found = recognise(write_step("values.replace", arguments, "Source"))
        assert found is not None
        assert found.arguments == arguments


def test_a_comment_in_a_formula_swallows_nothing() -> None:
    step = write_step("add.custom", {"name": "x", "formula": '"http://" // why'}, "Source")
    assert step == 'Table.AddColumn(Source, "x", each "http://" // why\n)'
    assert (
        write_step("add.custom", {"name": "x", "formula": '"http://"'}, "S")
        == 'Table.AddColumn(S, "x", each "http://")'
    )


def test_a_library_function_is_a_custom_column_and_a_model_an_invocation() -> None:
    for formula, command in (
        ("Text.Length([a]) + 1", "add.custom"),
        ("Text.Length([a])", "add.custom"),
        ("m([a])", "add.invoke"),
    ):
        found = recognise(f'Table.AddColumn(Source, "n", each {formula})')
        assert found is not None
        assert found.command == command


def test_a_command_says_for_which_columns_it_is() -> None:
    assert COMMANDS["add.uppercase"].suits(["text", "any"])
    assert not COMMANDS["add.uppercase"].suits(["number"])
    assert COMMANDS["columns.remove"].suits(["table", "number"])
