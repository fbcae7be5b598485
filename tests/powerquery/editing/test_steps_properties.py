"""What holds for every change of every query: meaning and the bytes around it stay."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import UsageError
from headwater.powerquery import evaluate, to_text
from headwater.powerquery.editing.changing import delete_step, insert_step, move_step, rename_step
from headwater.powerquery.editing.steps import applied_steps
from headwater.powerquery.language import quote_identifier

NAMES = st.sampled_from(["a", "b", "Added Column", "each", "x.y", "Größe", "x", "Source", 'quo"te'])
GAPS = st.sampled_from([" ", "\n    ", "\n\n  ", " // why\n    ", "\n    /* so */ ", "\r\n"])
FORMULAS = (
    "{0} + 1",
    "(let x = 2 in x * {0})",
    "[x = {0}, y = x + {0}][y]",
    "((x) => x + {0})(3)",
    "List.Sum({{{0}, {0} /* twice */}})",
    "{{1..3}}{{0}} + {0}",
    "(each _ - {0})(1)",
)


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query of a few steps, each computed from any steps before it, in any layout."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    written: list[str] = []
    for at, name in enumerate(names):
        formula = draw(st.sampled_from(FORMULAS))
        earlier = quote_identifier(draw(st.sampled_from(names[:at]))) if at else "7"
        written.append(f"{draw(GAPS)}{quote_identifier(name)}{draw(GAPS)}={draw(GAPS)}{formula.format(earlier)}")
    tail = draw(GAPS)
    return f"let{','.join(written)}{tail}in{draw(GAPS)}{quote_identifier(names[-1])}"


def value(text: str) -> str:
    return to_text(evaluate(text))


@settings(deadline=None)
@given(queries(), st.data())
def test_renaming_there_and_back_is_nothing(text: str, data: st.DataObject) -> None:
    step = data.draw(st.sampled_from([step.name for step in applied_steps(text)]))
    try:
        renamed = rename_step(text, step, data.draw(NAMES)).text
    except UsageError:
        return
    assert value(renamed) == value(text)
    names = [each.name for each in applied_steps(text)]
    (new,) = {each.name for each in applied_steps(renamed)} - set(names) or {step}
    assert rename_step(renamed, new, step).text == text


@settings(deadline=None)
@given(queries(), NAMES, st.data())
def test_a_step_that_does_nothing_can_be_anywhere(text: str, name: str, data: st.DataObject) -> None:
    steps = [step.name for step in applied_steps(text)]
    after = data.draw(st.sampled_from(steps))
    edited = insert_step(text, after, quote_identifier(after), name)
    assert value(edited.text) == value(text)
    without = delete_step(edited.text, edited.step).text
    assert value(without) == value(text)
    assert re.sub(r"\s", "", without) == re.sub(r"\s", "", text)


@settings(deadline=None)
@given(queries(), st.data())
def test_moving_keeps_the_value_or_the_chain(text: str, data: st.DataObject) -> None:
    steps = [step.name for step in applied_steps(text)]
    step = data.draw(st.sampled_from(steps))
    after = data.draw(st.sampled_from(steps))
    idle = insert_step(text, after, quote_identifier(after), step)
    position = data.draw(st.integers(0, len(steps)))
    try:
        moved = move_step(idle.text, idle.step, position).text
    except UsageError:
        return
    assert value(moved) == value(text)
    assert [each.name for each in applied_steps(moved)].index(idle.step) == position


@settings(deadline=None)
@given(queries(), st.data())
def test_every_comment_survives_but_those_of_the_step(text: str, data: st.DataObject) -> None:
    steps = applied_steps(text)
    step = data.draw(st.sampled_from(steps))
    try:
        edited = delete_step(text, step.name).text
    except UsageError:
        return
    kept = [each for each in steps if each.name != step.name]
    assert [each.name for each in applied_steps(edited)] == [each.name for each in kept]
    assert [each.description for each in applied_steps(edited)] == [each.description for each in kept]
