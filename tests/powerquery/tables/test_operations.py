"""Every table operation does the same to a plan as to rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.generated import NAMES, any_data, text_list
from tests.powerquery.tables.twins import Data, Failure, Pair, agree

from headwater.powerquery.language import quote_text
from headwater.powerquery.values import types as t

Draw = Callable[[st.SearchStrategy[Any]], Any]
usual = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def some_of(draw: Draw, names: Sequence[str], least: int = 0) -> list[str]:
    chosen: list[str] = draw(st.lists(st.sampled_from(list(names)), unique=True, min_size=least)) if names else []
    return chosen


def new_name(draw: Draw, names: Sequence[str]) -> str:
    name: str = draw(st.sampled_from([name for name in NAMES if name not in names]))
    return name


# Each makes the M text of one step on the table T with these columns (name → M type).
Step = Callable[[Draw, dict[str, t.Type]], str]


def select(draw: Draw, columns: dict[str, t.Type]) -> str:
    missing = draw(st.sampled_from(["Error", "Ignore", "UseNull"]))
    return f"Table.SelectColumns(T, {text_list(some_of(draw, [*columns, 'zz', 'ZZ']))}, MissingField.{missing})"


def remove(draw: Draw, columns: dict[str, t.Type]) -> str:
    return f"Table.RemoveColumns(T, {text_list(some_of(draw, [*columns, 'zz']))}, MissingField.Ignore)"


def reorder(draw: Draw, columns: dict[str, t.Type]) -> str:
    missing = draw(st.sampled_from(["Error", "Ignore", "UseNull"]))
    return f"Table.ReorderColumns(T, {text_list(some_of(draw, [*columns, 'zz']))}, MissingField.{missing})"


def rename(draw: Draw, columns: dict[str, t.Type]) -> str:
    old = some_of(draw, list(columns))
    new = draw(st.permutations(NAMES))
    pairs = ", ".join(text_list(pair) for pair in zip(old, new, strict=False))
    return f"Table.RenameColumns(T, {{{pairs}}})"


def duplicate(draw: Draw, columns: dict[str, t.Type]) -> str:
    if not columns:
        return "T"
    name = draw(st.sampled_from(list(columns)))
    return f"Table.DuplicateColumn(T, {quote_text(name)}, {quote_text(new_name(draw, list(columns)))})"


def add_index(draw: Draw, columns: dict[str, t.Type]) -> str:
    start, step = draw(st.sampled_from(["0", "1", "-3", "0.5"])), draw(st.sampled_from(["1", "2", "-1", "0", "1.5"]))
    kind = draw(st.sampled_from(["", ", Int64.Type"]))
    return f"Table.AddIndexColumn(T, {quote_text(new_name(draw, list(columns)))}, {start}, {step}{kind})"


def convert(draw: Draw, columns: dict[str, t.Type]) -> str:
    of = st.sampled_from(
        [
            "type number",
            "Int64.Type",
            "type text",
            "type logical",
            "type date",
            "type datetime",
            "type any",
            "type nullable text",
        ]
    )
    pairs = ", ".join(f"{{{quote_text(name)}, {draw(of)}}}" for name in some_of(draw, list(columns)))
    return f"Table.TransformColumnTypes(T, {{{pairs}}})"


def slices(draw: Draw, _columns: dict[str, t.Type]) -> str:
    first, second = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    forms = ["Table.FirstN(T, {0})", "Table.Skip(T, {0})", "Table.Range(T, {0}, {1})", "Table.Range(T, {0})"]
    form: str = draw(st.sampled_from(forms))
    return form.format(first, second)


def sort(draw: Draw, columns: dict[str, t.Type]) -> str:
    keys = [f"{{{quote_text(name)}, {draw(st.sampled_from(['0', '1']))}}}" for name in some_of(draw, list(columns))]
    return f"Table.Sort(T, {{{', '.join(keys)}}})"


def distinct(draw: Draw, columns: dict[str, t.Type]) -> str:
    return f"Table.Distinct(T, {text_list(some_of(draw, list(columns)))})"


def promote(_draw: Draw, _columns: dict[str, t.Type]) -> str:
    return "Table.PromoteHeaders(T)"


def combine(draw: Draw, columns: dict[str, t.Type]) -> str:
    other = select(draw, columns) if draw(st.booleans()) else convert(draw, columns)
    wanted = draw(st.sampled_from(["", ', {"zz"}', f", {text_list(list(columns))}"]))
    return f"Table.Combine({{T, {other}}}{wanted})"


STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        select,
        remove,
        reorder,
        rename,
        duplicate,
        add_index,
        convert,
        slices,
        sort,
        distinct,
        promote,
        combine,
    )
}


def columns_of(table: Any) -> dict[str, t.Type]:
    return dict(zip(table.names, table.column_types, strict=True))


class TestOneStep:
    @pytest.mark.parametrize("name", STEPS)
    @pytest.mark.parametrize("errors", [False, True], ids=["good", "errors"])
    def test_plan_agrees_with_rows(self, name: str, errors: bool) -> None:
        @usual
        @given(table=any_data(errors=errors), draws=st.data())
        def check(table: Data, draws: st.DataObject) -> None:
            pair = Pair({"T": table})
            agree(pair, STEPS[name](draws.draw, columns_of(pair.as_rows["T"])))

        check()


class TestManySteps:
    @usual
    @given(table=any_data(), draws=st.data())
    def test_plan_agrees_with_rows(self, table: Data, draws: st.DataObject) -> None:
        """A step is added only to what was good as a whole: which rows an error ends first is nobody's promise."""
        pair = Pair({"T": table})
        for _ in range(draws.draw(st.integers(2, 4))):
            source = draws.draw(st.sampled_from(sorted(STEPS)).map(STEPS.__getitem__))(
                draws.draw, columns_of(pair.as_rows["T"])
            )
            if isinstance(agree(pair, source), Failure):
                return
            pair.as_rows["T"], pair.as_plan["T"] = pair.on_rows(source), pair.on_plan(source)
        for looked_at in ("Table.RowCount(T)", "Table.IsEmpty(T)", "try T{1} otherwise 0", "Table.First(T)"):
            agree(pair, looked_at)
        for name in pair.as_rows["T"].names:
            agree(pair, f"Table.Column(T, {quote_text(name)})")
