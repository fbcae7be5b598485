"""A batch function runs over whole columns, in a plan as over rows, and gives what it gives for single values."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.generated import CELLS, data
from tests.powerquery.tables.scoring import NEGATIVE, Answer, Judge
from tests.powerquery.tables.twins import Bad, Data, Failure, Pair, Shown, agree, shown

from headwater.errors import MError
from headwater.plan.nodes import Call
from headwater.powerquery import PlanTable, batch_function_value, evaluate, to_text
from headwater.powerquery.values.core import plain

usual = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))

REAL, WHOLE, WORD = CELLS["real"][0], CELLS["whole"][0], CELLS["text"][0]
SMALL = Data({"a": (REAL, [1.0, -1.0, None, Bad(), 0.5]), "b": (WORD, ["xx", "y", "z", "w", None])})
JUDGED = (
    '[score = 2, label = "xx!"]',
    f"Test.Error: {NEGATIVE}",
    "null",
    "Test.Error: bad cell d",
    "null",
)


def judging(table: Data) -> tuple[Pair, Judge]:
    judge = Judge()
    return Pair({"T": table}, {"judge": batch_function_value(judge), "answer": batch_function_value(Answer())}), judge


def calls_in(pair: Pair, source: str) -> list[Call]:
    table = plain(pair.on_plan(source))
    return [node for node in table.plan.walk() if isinstance(node, Call)] if isinstance(table, PlanTable) else []


def last_column(found: object) -> tuple[str, ...]:
    assert isinstance(found, Shown), found
    return tuple(row[-1] for row in found.rows)


class TestWholeColumns:
    SOURCE = 'Table.AddColumn(T, "r", each judge([a], [b]))'

    def test_a_plan_gets_one_call(self) -> None:
        pair, judge = judging(SMALL)
        (call,) = calls_in(pair, self.SOURCE)
        assert call.function is judge
        assert pair.folded(self.SOURCE)
        assert judge.batches == [], "nothing runs before somebody needs it"
        assert last_column(shown(pair.on_plan(self.SOURCE))) == JUDGED
        assert judge.batches == [5]
        assert judge.weights == [1.0, -1.0, None, 0.5], "a row whose argument is an error is not sent"

    def test_rows_are_sent_together(self) -> None:
        pair, judge = judging(SMALL)
        table = pair.on_rows(self.SOURCE)
        assert judge.batches == []
        assert last_column(shown(table)) == JUDGED
        assert judge.batches == [5]
        assert judge.weights == [1.0, -1.0, None, 0.5]

    def test_many_rows_are_sent_in_pieces(self) -> None:
        height = 70_000
        pair, judge = judging(Data({"a": (REAL, [1.0] * height), "b": (WORD, ["x"] * height)}))
        assert len(last_column(shown(pair.on_rows(self.SOURCE)))) == height
        assert sum(judge.batches) == height
        assert max(judge.batches) < height

    def test_the_type_of_the_column(self) -> None:
        pair, _ = judging(SMALL)
        for source, of in (
            (self.SOURCE, "nullable [score = nullable number, label = nullable text]"),
            ('Table.AddColumn(T, "r", each judge([a], [b]), type record)', "record"),
        ):
            found = agree(pair, source)
            assert isinstance(found, Shown)
            assert found.type == f"type table [a = nullable number, b = nullable text, r = {of}]"

    @pytest.mark.parametrize(
        "generator",
        [
            "each judge([a], [b])",
            "each (judge)([a], [b])",
            "each (judge([a], [b]))",
            "(r) => judge(r[a], r[b])",
            "(r as record) => judge(r[a], (r[b]))",
            'each judge([a] * 2 + 1, [b] & "-")',
            "each judge(2, [b])",
            'each judge([a], "word")',
            "each judge(if [a] > 0 then [a] else 0, [b])",
            "each judge(null, [b])",
            "each judge(try [a] otherwise 7, [b])",
            "let f = judge in each f([a], [b])",
            "let models = [j = judge] in each models[j]([a], [b])",
            "each answer()",
            "each judge([weight = [a], word = [b]])",
            "each judge([word = [b], more = 1, weight = [a]])",
            "each judge([weight = [a]])",
            "each if [a] > 0 then judge([a], [b]) else null",
            "each if [b] = null then null else judge([a], [b])",
            "each judge([a], [b])[score]",
            "each judge([a], [b])[score] + 1",
            "each try judge([a], [b]) otherwise null",
            "each let v = judge([a], [b]) in v",
            "each let v = judge([a], [b])[score] in if v > 1 then v else -v",
            "each [a] <> null and judge([a], [b])[score] > 1",
            "each [a] = null or judge([a], [b])[score] > 1",
            "each [b] ?? judge([a], [b])[label]",
            'each if [a] > 0 then if [b] = "y" then judge([a], [b])[score] else 1 else 0',
        ],
    )
    def test_forms_of_a_call_fold(self, generator: str) -> None:
        @usual
        @given(table=data({"a": "real", "b": "text"}, errors=True))
        def check(table: Data) -> None:
            agree(judging(table)[0], f'Table.AddColumn(T, "r", {generator})')

        pair, _ = judging(SMALL)
        assert len(calls_in(pair, f'Table.AddColumn(T, "r", {generator})')) == 1
        check()

    @pytest.mark.parametrize(
        ("generator", "reason"),
        [
            ("each judge([b], [b])", "is expected"),
            ("each judge(_)", "no column 'weight'"),
            ("each judge([[a], [b]])", "no column 'weight'"),
            ("each judge([weight = [a], word = Text.From(weight)])", ""),
            ("each judge([a], Text.Proper([b]))", "does not fold"),
            ("each judge([a])", ""),
            ("each judge([zz], [b])", "no column"),
            ("(r) as any => judge(r[a], r[b])", "checks types"),
            ("each {judge([a], [b])}", "does not fold"),
            ("each _([a], [b])", ""),
            ("each unknown([a], [b])", ""),
            ("judge", "row function"),
            ("(a, b) => judge(a, b)", "more than a row"),
        ],
    )
    def test_other_forms_fall_back_and_are_right(self, generator: str, reason: str) -> None:
        source = f'Table.AddColumn(T, "r", {generator})'
        pair, _ = judging(SMALL)
        assert not pair.folded(source)
        assert reason in pair.plan_session.unfolded[-1].reason
        agree(pair, source)

    def test_a_condition_around_the_call_spares_the_rest(self) -> None:
        pair, judge = judging(Data({"a": (REAL, [1.0, -1.0, 3.0]), "b": (WORD, ["x", "y", "z"])}))
        source = 'Table.AddColumn(T, "r", each if [a] > 0 then judge([a], [b])[score] else 0)'
        assert last_column(agree(pair, source)) == ("1", "0", "3")
        assert sorted(judge.weights) == [1.0, 1.0, 3.0, 3.0], "twice, for rows and for the plan"

    def test_whole_numbers_arrive_as_they_are(self) -> None:
        pair, judge = judging(Data({"a": (WHOLE, [2**53 + 1, None]), "b": (WORD, ["x", "y"])}))
        agree(pair, self.SOURCE)
        assert judge.weights == [2**53 + 1, None] * 2

    def test_a_value_of_the_wrong_kind_is_its_rows_error(self) -> None:
        pair, _ = judging(Data({"a": (REAL, [1.0, 2.0]), "b": (WORD, ["x", "y"])}))
        source = 'Table.AddColumn(T, "r", each judge(if [a] > 1 then "?" else [a], [b]))'
        wrong = "Expression.Error: The argument 'weight' is not of type number."
        assert last_column(agree(pair, source)) == ('[score = 1, label = "x!"]', wrong)

    def test_a_column_that_nobody_reads_is_not_computed(self) -> None:
        pair, judge = judging(SMALL)
        for source, without in ((f"{self.SOURCE}[[b]]", "T[[b]]"), (f'Table.RemoveColumns({self.SOURCE}, "r")', "T")):
            assert shown(pair.on_plan(source)) == shown(pair.on_rows(without))
        assert pair.on_plan(f"Table.RowCount({self.SOURCE})") == 5
        assert judge.batches == []

    def test_a_call_without_arguments_still_gets_its_rows(self) -> None:
        pair, _ = judging(SMALL)
        source = 'Table.AddColumn(Table.RenameColumns(T, {"a", "x"}), "r", each answer())[[r]]'
        assert pair.folded(source)
        assert last_column(agree(pair, source)) == ("42",) * 5


class TestAround:
    """Steps before and after a call."""

    @pytest.mark.parametrize(
        "source",
        [
            'Table.ExpandRecordColumn(J, "r", {"score", "label"})',
            'Table.ExpandRecordColumn(J, "r", {"label"}, {"a b"})',
            "Table.SelectRows(J, each [a] > 0)",
            "Table.SelectRows(J, each [a] > 0 and [r][score] > 1)",
            'Table.Sort(J, "a")',
            'Table.AddColumn(J, "again", each judge([a] + 1, [b]))',
            "Table.FirstN(J, 1)",
            "Table.Skip(J, 1)",
            'Table.Group(Table.ExpandRecordColumn(J, "r", {"score"}), "b", {"n", each List.Sum([score])})',
            'Table.Join(J, "a", Table.RenameColumns(J, {{"a", "a2"}, {"b", "b2"}, {"r", "r2"}}), "a2")',
            "Table.Combine({J, J})",
            'Table.AddIndexColumn(J, "i")',
            'Table.RenameColumns(J, {"a", "A"})',
            'Table.DuplicateColumn(J, "r", "R")',
            'Table.AddColumn(J, "s", each [r][score])',
            'Table.TransformColumnTypes(J, {"a", type text})',
        ],
    )
    def test_steps_after_agree(self, source: str) -> None:
        @usual
        @given(table=data({"a": "real", "b": "text"}))
        def check(table: Data) -> None:
            good = Data(
                {name: (of, [c if c != -1 else 1.0 for c in cells]) for name, (of, cells) in table.columns.items()}
            )
            agree(judging(good)[0], f'let J = Table.AddColumn(T, "r", each judge(Number.Abs([a]), [b])) in {source}')

        check()

    @usual
    @given(cells=st.lists(st.sampled_from([1.0, -1.0, None]), max_size=4))
    def test_before_a_call(self, cells: list[float | None]) -> None:
        pair, judge = judging(Data({"a": (REAL, cells), "b": (WORD, ["x"] * len(cells))}))
        source = 'Table.AddColumn(Table.SelectRows(T, each [a] <> null), "r", each judge([a], [b]))'
        agree(pair, source)
        assert None not in judge.weights


class TestSingleValues:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ('judge(2, "ab")', '[score = 4, label = "ab!"]'),
            ('judge(2, "ab")[score]', "4"),
            ('judge([word = "ab", other = 1, weight = 2])[score]', "4"),
            ("judge(null, null)", "null"),
            ('List.Transform({1, 2}, each judge(_, "x")[score])', "{1, 2}"),
            ("answer()", "42"),
            (
                "Value.Type(judge)",
                "type function (weight as nullable number, word as nullable text) as nullable"
                " [score = nullable number, label = nullable text]",
            ),
            ('try judge(-1, "x") otherwise "failed"', '"failed"'),
            ('Function.Invoke(judge, {1, "x"})[score]', "1"),
            ('judge(9007199254740993, "")[score]', "0"),
            ('(try judge(error "e", "x"))[Error][Message]', '"e"'),
        ],
    )
    def test_value(self, source: str, expected: str) -> None:
        pair, _ = judging(SMALL)
        assert to_text(pair.on_rows(source)) == expected

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ('judge(-1, "x")', NEGATIVE),
            ('judge("1", "x")', "'weight' is not of type number"),
            ("judge(1)", "expects 2"),
            ('judge(1, "x", 2)', "expects between 1 and 2"),
            ("judge([a = 1])", "no field 'weight'"),
            ("judge([weight = 1], [word = 2])", "'weight' is not of type number"),
            ('judge(error "e", "x")', "e"),
        ],
    )
    def test_error(self, source: str, message: str) -> None:
        pair, _ = judging(SMALL)
        with pytest.raises(MError, match=message):
            evaluate(source, environment=pair.as_rows)

    def test_a_failure_of_the_function_is_no_cell(self) -> None:
        """What a function raises ends the query, as it says itself."""

        class Broken(Judge):
            def _judged(self, *_: object) -> object:  # type: ignore[override]  # never returns
                raise MError("Test.Error", "broken")

        pair = Pair({"T": SMALL}, {"judge": batch_function_value(Broken())})
        rows, plan = pair.both(TestWholeColumns.SOURCE)
        assert rows == plan == Failure("Test.Error", "broken")


class TestFunctionsWrittenInM:
    """Function.ScalarVector takes the same path as a model."""

    COUNTED = (
        "let f = Function.ScalarVector(type function (x as number) as number, (rows) =>"
        " let n = List.Count(rows[x]) in List.Transform(rows[x], each _ * 0 + n)) in "
    )
    DOUBLED = (
        "let f = Function.ScalarVector(type function (x as nullable number, w as nullable text) as nullable text,"
        ' (rows) => List.Transform(Table.ToRecords(rows), each Text.From(2 * [x]) & [w])) in Table.AddColumn(T, "r", '
    )

    @pytest.mark.parametrize("generator", ["each f([a])", "each f([a]) + 0", "each if true then f([a]) else null"])
    @pytest.mark.parametrize("of", ["", ", type number"])
    def test_all_rows_come_at_once(self, generator: str, of: str) -> None:
        pair = Pair({"T": Data({"a": (REAL, [1.0] * 300)})})
        source = f'{self.COUNTED}Table.AddColumn(T, "r", {generator}{of})'
        assert last_column(shown(pair.on_plan(source))) == ("300",) * 300
        assert len(calls_in(pair, source)) == 1

    @pytest.mark.parametrize("call", ["f([a], [b])", 'f([a], [b]) & "!"', "try f([a], [b]) otherwise null"])
    def test_the_results_are_those_of_rows(self, call: str) -> None:
        @usual
        @given(table=data({"a": "real", "b": "text"}, errors=True))
        def check(table: Data) -> None:
            agree(Pair({"T": table}), f"{self.DOUBLED}each {call})")

        check()

    def test_a_result_of_another_kind_is_no_loss(self) -> None:
        source = (
            "let f = Function.ScalarVector(type function (x as number) as number, (rows) => "
            'List.Transform(rows[x], each if _ > 1 then "many" else _)) in Table.AddColumn(T, "r", each f([a]))'
        )
        pair = Pair({"T": Data({"a": (REAL, [1.0, 2.0])})})
        assert last_column(agree(pair, source)) == ("1", '"many"')

    def test_a_record_is_no_list_of_arguments(self) -> None:
        pair = Pair({"T": SMALL})
        with pytest.raises(MError):
            evaluate(f"{self.COUNTED}f([x = 1])", environment=pair.as_rows)
