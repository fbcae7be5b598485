"""Every operation that changes a table's shape does the same to a plan as to rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.generated import CELLS, TEXTS, any_data, data, text_list
from tests.powerquery.tables.test_operations import STEPS, Draw, Step, columns_of, new_name, some_of
from tests.powerquery.tables.twins import Bad, Data, Failure, Pair, Shown, agree, new_session

from headwater.plan.nodes import ArrowScan, Column
from headwater.plan.types import INT64, list_type
from headwater.powerquery import PlanTable, evaluate
from headwater.powerquery.language import quote_text
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Value, plain

usual = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
seldom = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))

Columns = dict[str, t.Type]


def fill(draw: Draw, columns: Columns) -> str:
    way = draw(st.sampled_from(["Down", "Up"]))
    return f"Table.Fill{way}(T, {text_list(some_of(draw, list(columns)))})"


def clear(draw: Draw, columns: Columns) -> str:
    return f"Table.ClearDown(T, {text_list(some_of(draw, list(columns), 1))})"


def by_errors(draw: Draw, columns: Columns) -> str:
    which = draw(st.sampled_from(["Remove", "Select"]))
    wanted = draw(st.sampled_from(["", f", {text_list(some_of(draw, list(columns)))}"]))
    return f"Table.{which}RowsWithErrors(T{wanted})"


VALUES = ["null", '"a"', '"" ', "1", "0.5", "true", "#date(2024, 2, 29)", "2", "-0.0", "#nan", "9007199254740993", "{}"]


def replace_errors(draw: Draw, columns: Columns) -> str:
    pairs = [f"{{{quote_text(n)}, {draw(st.sampled_from(VALUES))}}}" for n in some_of(draw, list(columns))]
    return f"Table.ReplaceErrorValues(T, {{{', '.join(pairs)}}})"


def replace_value(draw: Draw, columns: Columns) -> str:
    value = st.sampled_from([*VALUES, f"each [#{quote_text(next(iter(columns)))}]"])
    wanted = text_list(some_of(draw, list(columns)))
    return f"Table.ReplaceValue(T, {draw(value)}, {draw(value)}, Replacer.ReplaceValue, {wanted})"


def replace_text(draw: Draw, columns: Columns) -> str:
    old, new = draw(st.sampled_from(['"a"', '"."', '"é"', '"😀"', '" "'])), draw(st.sampled_from(['"b"', '""', '"$1"']))
    wanted = text_list(some_of(draw, [n for n, of in columns.items() if of == t.nullable(t.TEXT)]))
    return f"Table.ReplaceValue(T, {old}, {new}, Replacer.ReplaceText, {wanted})"


def unpivot(draw: Draw, columns: Columns) -> str:
    chosen = text_list(some_of(draw, list(columns)))
    which = draw(st.sampled_from(["Unpivot", "UnpivotOtherColumns"]))
    names = f"{quote_text(new_name(draw, list(columns)))}, {quote_text('value')}"
    return f"Table.{which}(T, {chosen}, {names})"


def rank(draw: Draw, columns: Columns) -> str:
    keys = [f"{{{quote_text(name)}, {draw(st.sampled_from(['0', '1']))}}}" for name in some_of(draw, list(columns))]
    kind = draw(st.sampled_from(["Competition", "Dense", "Ordinal"]))
    name = quote_text(new_name(draw, list(columns)))
    return f"Table.AddRankColumn(T, {name}, {{{', '.join(keys)}}}, [RankKind = RankKind.{kind}])"


def ends(draw: Draw, _columns: Columns) -> str:
    form: str = draw(
        st.sampled_from(["LastN(T, {0})", "RemoveLastN(T, {0})", "RemoveFirstN(T, {0})", "ReverseRows(T)"])
    )
    return "Table." + form.format(draw(st.integers(0, 4)))


def turns(draw: Draw, _columns: Columns) -> str:
    offset, skip, take = (draw(st.integers(0, 3)) for _ in range(3))
    return f"Table.AlternateRows(T, {offset}, {skip}, {take})"


def repeat(draw: Draw, _columns: Columns) -> str:
    return f"Table.Repeat(T, {draw(st.integers(0, 3))})"


def demote(_draw: Draw, _columns: Columns) -> str:
    return "Table.DemoteHeaders(T)"


def transpose(_draw: Draw, _columns: Columns) -> str:
    return "Table.Transpose(T)"


CHANGES = [
    "each _", "each _ = null", "each null", "each if _ = null then 1 else 2", "each let x = _ in x", "each 1",
    "Text.Length", "Text.From", "Number.From", "each Text.From(_)", "(c) => c <> null", "each try _ otherwise null",
    "each [x]", "each _ & _", "each _ + 1", 'each error "e"', "each true and _ = null", "each null ?? _",
]  # fmt: skip


def transform(draw: Draw, columns: Columns) -> str:
    typed = st.sampled_from(["", ", type any", ", Int64.Type"])
    change = st.sampled_from(CHANGES)
    pairs = [f"{{{quote_text(n)}, {draw(change)}{draw(typed)}}}" for n in some_of(draw, [*columns, "zz"])]
    default, missing = draw(st.sampled_from(["null", "each _"])), draw(st.integers(0, 2))
    return f"Table.TransformColumns(T, {{{', '.join(pairs)}}}, {default}, {missing})"


def prefix(_draw: Draw, _columns: Columns) -> str:
    return 'Table.PrefixColumns(T, "p")'


def combine_columns(draw: Draw, columns: Columns) -> str:
    style = draw(st.sampled_from(["None", "Csv"]))
    texts = some_of(draw, [n for n, of in columns.items() if of == t.nullable(t.TEXT)])
    combiner = f'Combiner.CombineTextByDelimiter("{draw(st.sampled_from([",", "", ", "]))}", QuoteStyle.{style})'
    return f"Table.CombineColumns(T, {text_list(texts)}, {combiner}, {quote_text('joined')})"


def to_record(draw: Draw, columns: Columns) -> str:
    return f'Table.CombineColumnsToRecord(T, "joined", {text_list(some_of(draw, list(columns)))})'


def extremes(draw: Draw, columns: Columns) -> str:
    key = quote_text(draw(st.sampled_from(list(columns))))
    return f"Table.{draw(st.sampled_from(['MaxN', 'MinN']))}(T, {key}, {draw(st.integers(1, 3))})"


RESHAPING: dict[str, Step] = {
    step.__name__: step
    for step in (
        fill, clear, by_errors, replace_errors, replace_value, replace_text, unpivot, rank, ends, turns, repeat, demote,
        transpose, transform, prefix, combine_columns, to_record, extremes,
    )
}  # fmt: skip


class TestOneStep:
    @pytest.mark.parametrize("name", RESHAPING)
    @pytest.mark.parametrize("errors", [False, True], ids=["good", "errors"])
    def test_plan_agrees_with_rows(self, name: str, errors: bool) -> None:
        @usual
        @given(table=any_data(errors=errors), draws=st.data())
        def check(table: Data, draws: st.DataObject) -> None:
            pair = Pair({"T": table})
            source = RESHAPING[name](draws.draw, columns_of(pair.as_rows["T"]))
            found = agree(pair, source)
            if isinstance(found, Shown) and found.rows and found.rows[0]:
                # Reading some columns only, the engine drops what nobody needs for them.
                result = plain(pair.on_rows(source))
                over_projection = source.replace("(T", "(Table.RenameColumns(T, {})", 1)
                agree(
                    pair, f"Table.SelectColumns({over_projection}, {text_list(some_of(draws.draw, result.names, 1))})"
                )

        check()


class TestManySteps:
    @usual
    @given(table=any_data(errors=False), draws=st.data())
    def test_plan_agrees_with_rows(self, table: Data, draws: st.DataObject) -> None:
        """Among the other operations: what loses order below, and what observes it above."""
        pair = Pair({"T": table})
        steps = {**STEPS, **RESHAPING}
        for at in range(draws.draw(st.integers(2, 5))):
            if not pair.as_rows["T"].names:
                return
            chosen = draws.draw(st.sampled_from(sorted(RESHAPING if at % 2 else steps)))
            source = steps[chosen](draws.draw, columns_of(pair.as_rows["T"]))
            if isinstance(agree(pair, source), Failure):
                return
            pair.as_rows["T"], pair.as_plan["T"] = pair.on_rows(source), pair.on_plan(source)
        for looked_at in ("Table.RowCount(T)", "Table.First(T)", "Table.Last(T)", "Table.FirstN(T, 2)"):
            agree(pair, looked_at)

    @seldom
    @given(table=data({"K": "few", "V": "text", "W": "text"}, errors=True), draws=st.data())
    def test_where_order_was_lost_or_set_beneath(self, table: Data, draws: st.DataObject) -> None:
        sources = {
            "sorted": 'Table.Sort(T, {{"K", 1}})',
            "grouped": 'Table.Group(T, {"K"}, {{"V", each List.Max([K])}, {"W", each List.Min([K])}})',
            "distinct": 'Table.Distinct(T, {"K"})',
            "joined": 'Table.Join(T, "K", Table.Skip(Table.PrefixColumns(T, "R")), "R.K")',
            "united": "Table.Combine({T, T})",
            "filtered": "Table.SelectRows(T, each [K] <> 1)",
        }
        steps = [
            'Table.FillDown(S, {"V"})',
            'Table.FillUp(S, {"V", "W"})',
            "Table.ReverseRows(S)",
            "Table.LastN(S, 2)",
            "Table.AlternateRows(S, 1, 1, 1)",
            'Table.Unpivot(S, {"V", "W"}, "a", "v")',
            'Table.AddRankColumn(S, "r", "K")',
            'Table.AddIndexColumn(Table.ReverseRows(S), "i")',
            'Table.FillDown(Table.Unpivot(S, {"V", "W"}, "a", "v"), {"K"})',
            "Table.Repeat(S, 2)",
        ]
        pair = Pair({"T": table})
        source, step = draws.draw(st.sampled_from(sorted(sources))), draws.draw(st.sampled_from(steps))
        agree(pair, f"let S = {sources[source]} in {step}")


@pytest.mark.parametrize(
    ("kind", "ranks"),
    [("Competition", ["1", "1", "3", "4"]), ("Dense", ["1", "1", "2", "3"]), ("Ordinal", ["1", "2", "3", "4"])],
)
def test_ranks_of_rows_that_are_alike(kind: str, ranks: list[str]) -> None:
    pair = Pair({"T": Data({"n": (t.nullable(t.INT64), [5, 7, None, 7])})})
    found = agree(pair, f'Table.AddRankColumn(T, "r", {{"n", Order.Descending}}, [RankKind = RankKind.{kind}])')
    assert isinstance(found, Shown)
    assert found.rows == tuple(zip(["7", "7", "5", "null"], ranks, strict=True))


class TestPivot:
    @pytest.mark.parametrize(
        "function",
        [
            "",
            ", List.Sum",
            ", List.Max",
            ", List.Count",
            ", List.NonNullCount",
            ", each List.Average(_)",
            ", each _{0}",
        ],
    )
    @pytest.mark.parametrize("errors", [False, True], ids=["good", "errors"])
    def test_plan_agrees_with_rows(self, function: str, errors: bool) -> None:
        @seldom
        @given(
            table=st.sampled_from(["few", "real", "text"]).flatmap(
                lambda kind: data({"k": "few", "A": "logical", "V": kind}, errors=errors)
            )
        )
        def check(table: Data) -> None:
            given = function and f", {function}"
            named = 'Table.TransformColumns(T, {"A", Text.From})'
            agree(Pair({"T": table}), f'Table.Pivot({named}, {{"true", "false", "zz"}}, "A", "V"{given})')
            agree(Pair({"T": table}), f'Table.Pivot({named}[[A], [V]], {{"true"}}, "A", "V"{given})')

        check()

    def test_folds_back_and_forth(self) -> None:
        pair = Pair({"T": Data({"k": (t.INT64, [1, 2]), "x": (t.INT64, [5, None]), "y": (t.INT64, [6, 7])})})
        source = 'Table.Pivot(Table.UnpivotOtherColumns(T, {"k"}, "a", "v"), {"x", "y"}, "a", "v")'
        found = agree(pair, source)
        assert isinstance(found, Shown)
        assert found.rows == (("1", "5", "6"), ("2", "null", "7"))
        assert pair.folded(source)

    def test_two_cells_that_meet_are_an_error_of_the_cell(self) -> None:
        pair = Pair({"T": Data({"k": (t.INT64, [1, 1]), "a": (t.TEXT, ["x", "x"]), "v": (t.INT64, [5, 6])})})
        found = agree(pair, 'Table.Pivot(T, {"x", "y"}, "a", "v")')
        assert isinstance(found, Shown)
        assert found.rows[0][1].startswith("Expression.Error: There were too many elements")
        assert found.rows[0][2] == "null"


class TestExpandList:
    @usual
    @given(
        cells=st.lists(
            st.one_of(st.lists(st.one_of(st.integers(0, 3), st.none()), max_size=3).map(List), st.none()), max_size=5
        ),
        draws=st.data(),
    )
    def test_plan_agrees_with_rows(self, cells: list[List | None], draws: st.DataObject) -> None:
        of = t.nullable(t.ListType(t.nullable(t.INT64)))
        listed: list[object] = [Bad() if draws.draw(st.integers(0, 5)) == 0 else cell for cell in cells]
        table = Data({"L": (of, listed), "n": (t.INT64, list(range(len(cells))))})
        for source in (
            'Table.ExpandListColumn(T, "L")',
            'Table.ExpandListColumn(Table.Sort(T, {"n", 1}), "L")',
            'Table.AddIndexColumn(Table.ExpandListColumn(Table.ReverseRows(T), "L"), "i")',
            'Table.ExpandListColumn(Table.RenameColumns(T, {}), "L")[[n]]',
            'Table.RemoveRowsWithErrors(Table.RenameColumns(T, {}), {"L"})[[n]]',
            'Table.Distinct(Table.RemoveRowsWithErrors(Table.ExpandListColumn(T, "L")), "L")',
        ):
            agree(Pair({"T": table}), source)


class TestSplitColumn:
    @pytest.mark.parametrize("delimiter", [",", ", ", "aa", "😀", "|", "a", "", "\\", "."])
    @pytest.mark.parametrize("style", ["", ", QuoteStyle.None"])
    def test_plan_agrees_with_rows(self, delimiter: str, style: str) -> None:
        pieces = st.sampled_from(
            ["a", "b", '"', '""', ",", ", ", " ", "|", "😀", "\x1f", "\x1fa", "b0", "\n", ".", "\\"]
        )
        texts = st.one_of(st.lists(pieces, max_size=7).map("".join), st.sampled_from([*TEXTS, None]))

        further = st.sampled_from(['{"x", "y"}', '{"x", "y", "z"}, "-"', '{"x"}', "2", '{"x", "y"}, null, 1'])

        @usual
        @given(cells=st.lists(st.one_of(texts, texts, texts, st.just(Bad())), max_size=4), asked=further)
        def check(cells: list[object], asked: str) -> None:
            table = Data({"n": (t.INT64, [1] * len(cells)), "T": (t.nullable(t.TEXT), cells)})
            splitter = f"Splitter.SplitTextByDelimiter({quote_text(delimiter)}{style})"
            agree(Pair({"T": table}), f'Table.SplitColumn(T, "T", {splitter}, {asked})')

        check()

    def test_folds(self) -> None:
        pair = Pair({"T": Data({"t": (t.TEXT, ['a,"b,c"', "d"])})})
        source = 'Table.SplitColumn(T, "t", Splitter.SplitTextByDelimiter(",", QuoteStyle.Csv), {"x", "y"})'
        found = agree(pair, source)
        assert isinstance(found, Shown)
        assert found.rows == (('"a"', '"b,c"'), ('"d"', "null"))
        assert pair.folded(source)


class TestProfile:
    @seldom
    @given(table=any_data())
    def test_plan_agrees_with_rows(self, table: Data) -> None:
        """All but the standard deviation, whose last digits depend on the order of a sum."""
        agree(Pair({"T": table}), 'Table.RemoveColumns(Table.Profile(T), "StandardDeviation")')

    @seldom
    @given(numbers=st.lists(st.one_of(st.integers(-50, 50), st.none()), max_size=6))
    def test_standard_deviation(self, numbers: list[int | None]) -> None:
        pair = Pair({"T": Data({"a": (t.nullable(t.INT64), numbers)})})
        rows, plan = (
            plain_number(way("Table.Profile(T)[StandardDeviation]{0}")) for way in (pair.on_rows, pair.on_plan)
        )
        assert plan == (None if rows is None else pytest.approx(rows))


def plain_number(value: Any) -> float | None:
    return None if value is None else float(value)


class TestJoinedKeys:
    @pytest.mark.parametrize("kind", ["Inner", "LeftOuter", "RightOuter", "FullOuter", "LeftAnti", "RightSemi"])
    @seldom
    @given(
        tables=st.fixed_dictionaries(
            {"L": data({"K": "few", "V": "text"}, errors=False), "R": data({"W": "text", "K": "few"}, errors=False)}
        )
    )
    def test_keys_of_one_name_become_one_column(self, kind: str, tables: dict[str, Data]) -> None:
        agree(Pair(tables), f'Table.Join(L, "K", R, "K", JoinKind.{kind})')

    @pytest.mark.parametrize("kind", ["Inner", "LeftOuter", "RightOuter", "FullOuter"])
    def test_folds(self, kind: str) -> None:
        few = CELLS["few"][0]
        pair = Pair({"L": Data({"K": (few, [1, 2])}), "R": Data({"K": (few, [2, 3]), "W": (few, [5, 6])})})
        assert pair.folded(f'Table.Join(L, "K", R, "K", JoinKind.{kind})')

    def test_a_small_table_of_rows_is_joined_to_a_plan_in_the_engine(self) -> None:
        pair = Pair({"L": Data({"K": (t.INT64, [1, 2])})})
        source = 'Table.Join(L, "K", #table({"k", "v"}, {{2, "x"}}), "k")'
        found = agree(pair, source)
        assert isinstance(found, Shown)
        assert found.rows == (("2", "2", '"x"'),)
        assert pair.folded(source)

    @pytest.mark.parametrize(
        "other",
        ['#table({"k"}, {{error "bad"}})', '#table({"k"}, {{1}, {"a"}})', '#table({"k", "k2"}, {{1, each _}})'],
    )
    def test_rows_that_the_engine_cannot_hold(self, other: str) -> None:
        pair = Pair({"L": Data({"K": (t.INT64, [1, 2])})})
        agree(pair, f'Table.RowCount(Table.Join(L, "K", {other}, "k"))')


@pytest.mark.parametrize(
    "source",
    [
        'Table.FillDown(T, {"n", "t"})',
        'Table.FillUp(T, {"n"})',
        'Table.TransformColumns(T, {{"t", Text.Length}, {"n", each _ + 1, type number}})',
        'Table.TransformColumns(T, {"t", (x) => if x = null then "-" else x & "!"})',
        'Table.ReplaceValue(T, null, 0, Replacer.ReplaceValue, {"n"})',
        'Table.ReplaceValue(T, each [n], each [n], Replacer.ReplaceValue, {"n"})',
        'Table.ReplaceValue(T, "a", 5, Replacer.ReplaceValue, {"n"})',
        'Table.ReplaceErrorValues(T, {{"n", 0}, {"t", "-"}})',
        "Table.RemoveRowsWithErrors(T)",
        'Table.SelectRowsWithErrors(T, {"n"})',
        'Table.Unpivot(T, {"t"}, "a", "v")',
        'Table.UnpivotOtherColumns(T, {"n"}, "a", "v")',
        'Table.CombineColumns(T, {"t", "u"}, Combiner.CombineTextByDelimiter("-", QuoteStyle.None), "c")',
        "Table.LastN(T, 1)",
        "Table.RemoveLastN(T)",
        "Table.RemoveFirstN(T, 1)",
        "Table.ReverseRows(T)",
        "Table.AlternateRows(T, 0, 1, 1)",
        "Table.Repeat(T, 2)",
        'Table.AddRankColumn(T, "r", {"n", 1})',
        'Table.AddRankColumn(T, "r", each [n] + 1, [RankKind = RankKind.Dense])',
        'Table.DemoteHeaders(T[[t], [u]])',
        'Table.PrefixColumns(T, "p")',
        'Table.TransformColumnNames(T, Text.Upper)',
        'Table.MaxN(T, "n", 1)',
    ],
)  # fmt: skip
def test_folds(source: str) -> None:
    text = t.nullable(t.TEXT)
    columns: dict[str, tuple[t.Type, Sequence[object]]] = {
        "n": (t.nullable(t.INT64), [1, None, Bad()]),
        "t": (text, ["a", None, "b"]),
        "u": (text, ["x", "y", None]),
    }
    pair = Pair({"T": Data(columns)})
    agree(pair, source)
    assert pair.folded(source), pair.plan_session.unfolded


def test_a_barrier_keeps_later_steps_from_the_engine() -> None:
    pair = Pair({"T": Data({"n": (t.INT64, [1, 2])})})
    agree(pair, "Table.FirstN(Table.StopFolding(T), 1)")
    assert not pair.folded("Table.FirstN(Table.StopFolding(T), 1)")


class TestOrderOfManyRows:
    """More rows than an engine hands to one thread at a time."""

    COUNT = 300_000

    @pytest.fixture
    def table(self) -> PlanTable:
        numbers = range(self.COUNT)
        held = pa.table(
            {
                "n": pa.array(numbers, pa.int64()),
                "v": pa.array([at if at % 7 == 0 else None for at in numbers], pa.int64()),
                "w": pa.array([at if at % 5 == 0 else None for at in numbers], pa.int64()),
                "l": pa.array([[at, -at] if at % 3 else [] for at in numbers], pa.list_(pa.int64())),
            }
        )
        columns = (*(Column(name, name, INT64) for name in ("n", "v", "w")), Column("l", "l", list_type(INT64)))
        return PlanTable(ArrowScan(held, columns), new_session())

    def cells(self, table: PlanTable, source: str, column: str) -> list[Value]:
        session = table.session
        session.environment = {"T": table}
        result = plain(evaluate(source, session=session))
        assert isinstance(result, PlanTable)
        found = session.engine.table(result.plan)
        return list(found.column(result.plan_column(column).id).to_pylist())

    def test_fill_down(self, table: PlanTable) -> None:
        assert self.cells(table, 'Table.FillDown(T, {"v"})', "v") == [at - at % 7 for at in range(self.COUNT)]

    def test_unpivot(self, table: PlanTable) -> None:
        found = self.cells(table, 'Table.Unpivot(T, {"v", "w"}, "a", "x")', "n")
        assert found == [at for at in range(self.COUNT) for step in (7, 5) if at % step == 0]

    def test_expand_list(self, table: PlanTable) -> None:
        found = self.cells(table, 'Table.ExpandListColumn(T, "l")', "l")
        assert found == [item for at in range(self.COUNT) for item in ([at, -at] if at % 3 else [None])]

    def test_items_stay_in_order_where_rows_were_sorted(self, table: PlanTable) -> None:
        found = self.cells(table, 'Table.ExpandListColumn(Table.Sort(T, {"n", Order.Descending}), "l")', "l")
        assert found == [item for at in reversed(range(self.COUNT)) for item in ([at, -at] if at % 3 else [None])]

    def test_alternate_and_reverse(self, table: PlanTable) -> None:
        found = self.cells(table, "Table.ReverseRows(Table.AlternateRows(T, 1, 1, 1))", "n")
        assert found == [at for at in reversed(range(self.COUNT)) if at % 2 == 0]


@pytest.mark.parametrize(
    "step",
    [
        'Table.ClearDown(T, {"k"})',
        'Table.CombineColumnsToRecord(T, "r", {"n"})',
        'Table.Group(T, {"k", "n"}, {{"c", Table.RowCount, Int64.Type}}, GroupKind.Local)',
        'Table.Distinct(T, {"n", Comparer.OrdinalIgnoreCase})',
        "Table.FirstN(T, each [n] < 1000)",
        "Table.Skip(T, each [n] < 10)",
        'Table.MaxN(T, "n", each [n] > 10)',
        'Table.SplitColumn(T, "t", Splitter.SplitTextByLengths({1}), {"a"})',
        'Table.Join(T, "k", #table({"k2"}, {{1}, {each _}}), "k2")',
        'Table.ExpandTableColumn(Table.NestedJoin(T, "k", T, "k", "J", JoinKind.LeftSemi), "J", {"n"}, {"m"})',
        'Table.ExpandTableColumn(Table.AddColumn(T, "x", each #table({"y"}, {{1}, {2}})), "x", {"y"})',
    ],
)
def test_what_follows_a_step_on_rows_is_in_the_engine_again(step: str) -> None:
    count = 1_200
    columns: dict[str, tuple[t.Type, Sequence[object]]] = {
        "n": (t.INT64, list(range(count))),
        "k": (t.INT64, [1] * count),
        "t": (t.TEXT, ["ab"] * count),
    }
    pair = Pair({"T": Data(columns)})
    source = f"Table.FirstN({step}, 3)"
    agree(pair, source)
    assert isinstance(plain(pair.on_plan(source)), PlanTable)
    assert not pair.folded(step)
