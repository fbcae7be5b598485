"""Applied steps: how they are read from a query's text, and changed in it without touching anything else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from headwater.errors import UsageError
from headwater.powerquery import evaluate, to_text
from headwater.powerquery.editing.changing import (
    delete_step,
    delete_until_end,
    describe_step,
    insert_step,
    move_step,
    rename_step,
    replace_expression,
)
from headwater.powerquery.editing.steps import applied_steps

ORDERS = """// head of the file
let
    // where it comes from
    Source = #table({"a", "b"}, {{1, 2}, {0, 5}}), // behind the source
    /* two
     * lines */
    #"Filtered Rows"   = Table.SelectRows( Source, each [a] > 0 ),

    Other = [Source = 1, x = Source],
    Added = Table.AddColumn(#"Filtered Rows", "c", each let Source = 3 in Source + [b]) // last
in
    Added // end
"""


def test_steps_are_read_with_what_people_wrote_about_them() -> None:
    steps = applied_steps(ORDERS)
    assert [step.name for step in steps] == ["Source", "Filtered Rows", "Other", "Added"]
    assert [step.depends_on for step in steps] == [(), ("Source",), (), ("Filtered Rows",)]
    assert [step.description for step in steps] == ["where it comes from", "two\nlines", "", ""]
    assert steps[1].identifier == '#"Filtered Rows"'
    assert steps[1].expression == "Table.SelectRows( Source, each [a] > 0 )"
    assert ORDERS[steps[1].span.start : steps[1].span.end] == steps[1].expression
    assert [step.is_result for step in steps] == [False, False, False, True]
    gear = steps[1].command
    assert gear is not None
    assert (gear.command, gear.previous) == ("rows.filter", "Source")
    assert gear.arguments == {"condition": {"column": "a", "operator": "greater", "value": 0}}
    assert steps[2].command is None


def test_a_name_within_its_own_definition_means_an_outer_one() -> None:
    text = "let Source = Source, b = [Source = Source][Source] in b"
    assert [step.depends_on for step in applied_steps(text)] == [(), ("Source",)]
    edited = rename_step(text, "b", "c")
    assert edited.text == "let Source = Source, c = [Source = Source][Source] in c"
    with pytest.raises(UsageError):
        rename_step(text, "b", "Source")


@pytest.mark.parametrize("text", ["1 + 1", "let a = 1 in a + 1", "(x) => let a = x in a", "let a = 1 in elsewhere"])
def test_anything_else_is_one_step(text: str) -> None:
    (step,) = applied_steps(text)
    assert (step.name, step.expression, step.identifier) == ("Source", text, "")


def test_a_formula_in_the_middle_is_what_the_next_step_goes_on_from() -> None:
    edited = insert_step(ORDERS, "Source", "Table.FirstN(Source, 1)", "Filtered Rows")
    assert edited.step == "Filtered Rows1"
    inserted = '\n    #"Filtered Rows1" = Table.FirstN(Source, 1),'
    expected = ORDERS.replace("// behind the source", "// behind the source" + inserted)
    assert edited.text == expected.replace("SelectRows( Source,", 'SelectRows( #"Filtered Rows1",')


def test_a_formula_at_the_end_is_the_querys_value() -> None:
    edited = insert_step(ORDERS, "Added", "Table.FirstN(Added, 1)", "Kept First Rows")
    expected = ORDERS.replace(
        "[b]) // last\nin\n    Added",
        '[b]), // last\n    #"Kept First Rows" = Table.FirstN(Added, 1)\nin\n    #"Kept First Rows"',
    )
    assert edited.text == expected


def test_a_step_after_a_query_without_steps_makes_it_one_of_steps() -> None:
    edited = insert_step("1 + 1 // two", "Source", "Source * 2", "Multiplied")
    assert edited.text == "let\n    Source = 1 + 1, // two\n    Multiplied = Source * 2\nin\n    Multiplied"
    assert evaluate(edited.text) == 4


def test_a_new_step_never_takes_a_name_that_means_something_else() -> None:
    text = "let a = (x) => x + Later, b = a(1) in b"
    assert insert_step(text, "b", "b", "x").step == "x1"
    assert insert_step(text, "b", "b", "Later").step == "Later1"


def test_renaming_leaves_fields_and_inner_names_alone() -> None:
    edited = rename_step(ORDERS, "Source", "The Source")
    expected = ORDERS.replace("    Source = #table", '    #"The Source" = #table')
    assert edited.text == expected.replace("SelectRows( Source,", 'SelectRows( #"The Source",')


def test_renaming_reaches_nested_functions_and_recursion() -> None:
    text = "let f = (n) => if n = 0 then 1 else n * @ f(n - 1), g = {each f(_)}, r = g{0}(3) in r"
    edited = rename_step(text, "f", "fac")
    assert edited.text == text.replace("f =", "fac =").replace(" f(n", " fac(n").replace("each f(", "each fac(")
    assert evaluate(edited.text) == evaluate(text) == 6


@pytest.mark.parametrize(
    ("name", "code"),
    [("b", "name_taken"), ("x", "name_hidden"), ("Elsewhere", "name_taken"), ("List.Sum", "name_taken"), (" ", "name")],
)
def test_a_name_that_would_change_what_the_query_means_is_refused(name: str, code: str) -> None:
    text = "let a = Elsewhere, b = (x) => x + a + List.Sum({1}), c = b(1) in c"
    with pytest.raises(UsageError) as caught:
        rename_step(text, "a", name)
    assert caught.value.code == f"editing.{code}"


def test_what_referred_to_a_deleted_step_refers_to_what_it_referred_to() -> None:
    edited = delete_step(ORDERS, "Filtered Rows")
    start, end = ORDERS.index("/* two"), ORDERS.index("Other =")
    expected = ORDERS[:start] + ORDERS[end:]
    assert edited.text == expected.replace('AddColumn(#"Filtered Rows"', "AddColumn(Source")


def test_deleting_the_last_step_ends_the_query_with_the_one_before() -> None:
    edited = delete_step(ORDERS, "Added")
    start, end = ORDERS.index(",\n    Added ="), ORDERS.index("\nin")
    assert edited.text == (ORDERS[:start] + ORDERS[end:]).replace("    Added //", '    #"Filtered Rows" //')


def test_a_comment_never_swallows_what_comes_after_a_deleted_step() -> None:
    edited = delete_step("let a = 1, // one\n b = a in b", "b")
    assert evaluate(edited.text) == 1
    assert evaluate(delete_until_end("let a = 1, // one\n b = a in b", "b").text) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda: delete_step(ORDERS, "Source"),
        lambda: delete_until_end("let a = c, b = 1, c = 2 in b", "c"),
        lambda: move_step(ORDERS, "Source", 2),
        lambda: move_step("let a = 1, b = 2, c = a + b in c", "b", 2),
        lambda: delete_step("let a = 1, b = a, c = (a) => b in c", "b"),
    ],
)
def test_a_step_that_others_need_stays(change: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        change()


def test_deleting_until_the_end() -> None:
    edited = delete_until_end(ORDERS, "Other")
    start, end = ORDERS.index(",\n\n    Other ="), ORDERS.index("\nin")
    assert edited.text == (ORDERS[:start] + ORDERS[end:]).replace("    Added //", '    #"Filtered Rows" //')


def test_a_step_of_a_chain_is_moved_within_it() -> None:
    text = "let\n    a = {3, 1, 2},\n    // sorted\n    b = List.Sort(a),\n    c = List.FirstN(b, 2)\nin\n    c"
    edited = move_step(text, "b", 2)
    assert edited.text == (
        "let\n    a = {3, 1, 2},\n    c = List.FirstN(a, 2),\n    // sorted\n    b = List.Sort(c)\nin\n    b"
    )
    assert move_step(edited.text, "b", 1).text == text


def test_a_step_beside_the_chain_keeps_its_formula() -> None:
    edited = move_step(ORDERS, "Other", 1)
    assert [step.name for step in applied_steps(edited.text)] == ["Source", "Other", "Filtered Rows", "Added"]
    assert [step.depends_on for step in applied_steps(edited.text)] == [(), (), ("Source",), ("Filtered Rows",)]
    assert to_text(evaluate(edited.text)) == to_text(evaluate(ORDERS))


def test_a_description_is_a_comment_before_the_step() -> None:
    edited = describe_step(ORDERS, "Added", "adds c\nfor later")
    assert edited.text == ORDERS.replace("    Added =", "    // adds c\n    // for later\n    Added =")
    assert applied_steps(edited.text)[3].description == "adds c\nfor later"
    assert describe_step(edited.text, "Added", "").text == ORDERS
    assert applied_steps(describe_step("let a = 1, b = a in b", "b", "hm").text)[1].description == "hm"


def test_a_formula_is_replaced_where_it_stands() -> None:
    edited = replace_expression(ORDERS, "Other", ' {1} // why? "')
    assert edited.text == ORDERS.replace("[Source = 1, x = Source]", '{1} // why? "\n')
    assert replace_expression("1 // a", "Source", "2").text == "2 // a"


@pytest.mark.parametrize("formula", ["1, b = 2", "1 in 2", "", '"', "/* ", "1 +"])
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(UsageError) as caught:
        replace_expression("let a = 1 in a", "a", formula)
    assert caught.value.code == "editing.formula"
    assert caught.value.hint


def test_a_text_that_does_not_parse_is_refused_with_its_place() -> None:
    with pytest.raises(UsageError) as caught:
        insert_step("let a = 1,\n in a", "a", "a", "b")
    assert (caught.value.code, caught.value.place) == ("editing.unreadable", "line 2, column 2")


def test_lines_end_as_they_did() -> None:
    text = "let\r\n    a = 1\r\nin\r\n    a"
    assert insert_step(text, "a", "a", "b").text == "let\r\n    a = 1,\r\n    b = a\r\nin\r\n    b"
