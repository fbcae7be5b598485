"""Commands applied to a query's text."""

from __future__ import annotations

import pytest

from headwater.errors import UsageError
from headwater.powerquery.editing.applying import apply_command, change_arguments
from headwater.powerquery.editing.steps import applied_steps

QUERY = "let\n    Source = #table({}, {}) // made\nin\n    Source"


def test_a_command_is_a_step_with_its_own_name() -> None:
    once = apply_command(QUERY, "Source", "rows.keep_top", {"count": 5})
    twice = apply_command(once.text, once.step, "rows.keep_top", {"count": 3})
    assert twice.step == "Kept First Rows1"
    assert twice.text == (
        "let\n    Source = #table({}, {}), // made\n"
        '    #"Kept First Rows" = Table.FirstN(Source, 5),\n'
        '    #"Kept First Rows1" = Table.FirstN(#"Kept First Rows", 3)\n'
        'in\n    #"Kept First Rows1"'
    )
    assert apply_command("Orders", "Source", "rows.keep_top", {"count": 1}).text.startswith("let\n    Source = Orders,")


def test_the_gear_changes_the_arguments() -> None:
    once = apply_command(QUERY, "Source", "rows.keep_top", {"count": 5})
    changed = change_arguments(once.text, "Kept First Rows", {"count": 7})
    assert changed.text == once.text.replace("5)", "7)")
    with pytest.raises(UsageError) as caught:
        change_arguments(once.text, "Source", {})
    assert caught.value.code == "editing.own_formula"


def test_two_of_some_commands_in_a_row_are_one_step() -> None:
    first = {"sorts": [{"column": "a", "order": "ascending"}]}
    second = {"sorts": [{"column": "b", "order": "descending"}]}
    once = apply_command(QUERY, "Source", "rows.sort", first)
    joined = apply_command(once.text, once.step, "rows.sort", second, join=True)
    assert [step.name for step in applied_steps(joined.text)] == ["Source", "Sorted Rows"]
    assert '{{"a", Order.Ascending}, {"b", Order.Descending}}' in joined.text
    assert len(applied_steps(apply_command(once.text, once.step, "rows.sort", second).text)) == 3


def test_what_is_renamed_again_takes_a_step_of_its_own() -> None:
    once = apply_command(QUERY, "Source", "columns.rename", {"renames": [{"column": "a", "name": "b"}]})
    again = apply_command(
        once.text, once.step, "columns.rename", {"renames": [{"column": "b", "name": "c"}]}, join=True
    )
    assert len(applied_steps(again.text)) == 3
    other = apply_command(once.text, once.step, "rows.keep_top", {"count": 1}, join=True)
    assert len(applied_steps(other.text)) == 3
