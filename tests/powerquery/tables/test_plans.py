"""What a plan says of itself: where folding stopped, what its columns come from, and that nothing runs too early."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.powerquery.tables.scoring import Judge
from tests.powerquery.tables.twins import Shown, new_session, shown

from headwater.plan.lineage import FunctionOutput, Origin, called_functions, column_lineage, sources
from headwater.plan.nodes import Source
from headwater.powerquery import PlanTable, Session, batch_function_value, evaluate, explain
from headwater.powerquery.values.core import Value, plain

ORDERS = "Id,Customer,Weight,Word\n1,ann,2,xx\n2,bob,-1,y\n3,ann,1,z\n"
CUSTOMERS = "Name,City\nann,Oslo\nbob,Lund\n"

READ = """
    orders = Table.TransformColumnTypes(
        Table.PromoteHeaders(Csv.Document(File.Contents(folder & "orders.csv"))),
        {{"Id", Int64.Type}, {"Weight", type number}}),
    customers = Table.PromoteHeaders(Csv.Document(File.Contents(folder & "customers.csv"))),
"""


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def session(tmp_path: Path, judge: Judge) -> Session:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "customers.csv").write_text(CUSTOMERS)
    session = new_session({"folder": f"{tmp_path}/", "judge": batch_function_value(judge)})
    session.folders = [tmp_path]
    return session


@pytest.fixture
def order_file(tmp_path: Path) -> Source:
    return Source((tmp_path / "orders.csv").as_uri())


@pytest.fixture
def customer_file(tmp_path: Path) -> Source:
    return Source((tmp_path / "customers.csv").as_uri())


def made(session: Session, steps: str, name: str = "mine.pq") -> PlanTable:
    found = plain(evaluate(f"let {READ} {steps}", session=session, source_name=name))
    assert isinstance(found, PlanTable)
    return found


JOINED = """
    joined = Table.ExpandTableColumn(
        Table.NestedJoin(orders, "Customer", customers, "Name", "C", JoinKind.LeftOuter), "C", {"City"}, {"Town"}),
"""
JUDGED = """
    judged = Table.AddColumn(joined, "v", each judge([Weight] * 2, [Word] & [Town])),
    expanded = Table.ExpandRecordColumn(judged, "v", {"score", "label"}),
"""


class TestLineage:
    def test_through_a_join(self, session: Session, order_file: Source, customer_file: Source) -> None:
        table = made(session, JOINED + 'added = Table.AddColumn(joined, "both", each [Customer] & [Town]) in added')
        lineage = column_lineage(table.plan)
        assert lineage["Id"] == {Origin(order_file, "Id")}
        assert lineage["Town"] == {Origin(customer_file, "City")}
        assert lineage["both"] == {Origin(order_file, "Customer"), Origin(customer_file, "City")}
        assert set(sources(table.plan)) == {order_file, customer_file}

    def test_through_a_call_and_the_fields_of_its_result(
        self, session: Session, order_file: Source, customer_file: Source, judge: Judge
    ) -> None:
        table = made(session, JOINED + JUDGED + 'kept = Table.RenameColumns(expanded, {"score", "Points"}) in kept')
        lineage = column_lineage(table.plan)
        fed = {
            Origin(order_file, "Weight", ((judge.identity, "weight"),)),
            Origin(order_file, "Word", ((judge.identity, "word"),)),
            Origin(customer_file, "City", ((judge.identity, "word"),)),
        }
        assert lineage["Points"] == {*fed, FunctionOutput(judge.identity, "score")}
        assert lineage["label"] == {*fed, FunctionOutput(judge.identity, "label")}
        assert lineage["Town"] == {Origin(customer_file, "City")}
        assert called_functions(table.plan) == (judge.identity,)

    def test_through_a_group(self, session: Session, order_file: Source, customer_file: Source, judge: Judge) -> None:
        table = made(
            session,
            JOINED
            + JUDGED
            + """
                grouped = Table.Group(expanded, "Town", {
                    {"n", Table.RowCount}, {"best", each List.Max([score])}, {"weight", each List.Sum([Weight])}})
            in grouped
            """,
        )
        lineage = column_lineage(table.plan)
        assert lineage["Town"] == {Origin(customer_file, "City")}
        assert lineage["n"] == set()
        assert lineage["weight"] == {Origin(order_file, "Weight")}
        assert FunctionOutput(judge.identity, "score") in lineage["best"]
        assert Origin(order_file, "Weight", ((judge.identity, "weight"),)) in lineage["best"]

    def test_through_everything_else(self, session: Session, order_file: Source) -> None:
        table = made(
            session,
            """
                renamed = Table.RenameColumns(orders, {"Id", "id"}),
                twice = Table.DuplicateColumn(renamed, "id", "ID"),
                numbered = Table.AddIndexColumn(twice, "row"),
                positive = Table.SelectRows(numbered, each [Weight] > 0),
                chosen = Table.Distinct(Table.Sort(Table.Skip(positive, 0), "Word"), "id"),
                all = Table.Combine({chosen, Table.ReorderColumns(chosen, {"ID", "id"})})
            in Table.RemoveColumns(all, {"Customer"})
            """,
        )
        lineage = column_lineage(table.plan)
        assert lineage == {
            "id": {Origin(order_file, "Id")},
            "ID": {Origin(order_file, "Id")},
            "Weight": {Origin(order_file, "Weight")},
            "Word": {Origin(order_file, "Word")},
            "row": set(),
        }
        assert session.unfolded == []


class TestExplain:
    def test_all_of_it_folds(self, session: Session, judge: Judge) -> None:
        table = made(session, JOINED + JUDGED + "kept = Table.SelectRows(expanded, each [score] > 1) in kept")
        explained = explain(table, session)
        assert explained.plan is table.plan
        assert [fragment.label for fragment in explained.fragments] == ["input of judge", "result"]
        assert explained.unfolded == ()
        assert judge.batches == []
        text = explained.to_text()
        for part in (
            "Call v = judge",
            "CsvScan",
            "Fragment 1: input of judge",
            "Fragment 2: result",
            "Every step folded.",
        ):
            assert part in text

    @pytest.mark.parametrize(
        ("step", "function", "reason", "at"),
        [
            (
                "Table.Sort(orders, each Text.Proper([Word]))",
                "Table.Sort",
                "'Text.Proper' does not fold",
                "Text.Proper",
            ),
            (
                'Table.Group(orders, "Word", {"r", each List.Mode([Weight])})',
                "Table.Group",
                "'List.Mode'",
                "List.Mode",
            ),
            (
                'Table.AddColumn(orders, "v", each judge(if [Id] = 1 then [Weight] else Text.Proper([Word]), [Word]))',
                "Table.AddColumn",
                "does not fold",
                "Text.Proper(",
            ),
            ('Table.TransformColumns(orders, {"Id", each {_}})', "Table.TransformColumns", "does not fold", "{_}"),
        ],
    )
    def test_says_where_it_stops(self, session: Session, step: str, function: str, reason: str, at: str) -> None:
        source = f"let {READ}\n    stopped =\n  {step}\nin stopped"
        explained = explain(evaluate(source, session=session, source_name="mine.pq"), session)
        assert explained.plan is None
        (noted,) = explained.unfolded
        assert noted.function == function
        assert reason in noted.reason
        lines = source[: source.index(at, source.index("stopped ="))].split("\n")
        assert noted.place == f"mine.pq, line {len(lines)}, column {len(lines[-1]) + 1}"
        assert f"{function}: {noted.reason} ({noted.place})" in explained.to_text()

    @pytest.mark.parametrize(
        ("step", "function"),
        [
            ('Table.AddColumn(orders, "u", each [Id] + Text.Length(Text.Proper([Word])))', "Table.AddColumn"),
            ('Table.SelectRows(orders, each Text.Proper([Word]) = "X")', "Table.SelectRows"),
        ],
    )
    def test_says_which_row_function_the_evaluator_runs(self, session: Session, step: str, function: str) -> None:
        source = f"let {READ}\n    stopped =\n  {step}\nin stopped"
        explained = explain(evaluate(source, session=session, source_name="mine.pq"), session)
        (noted,) = explained.unfolded
        assert (noted.function, noted.reason) == (function, "'Text.Proper' does not fold.")
        lines = source[: source.index("Text.Proper")].split("\n")
        assert noted.place == f"mine.pq, line {len(lines)}, column {len(lines[-1]) + 1}"
        text = explained.to_text()
        assert f"{function} on the evaluator(" in text
        assert "Fragment 2: result" in text

    def test_says_which_conversion_the_evaluator_makes(self, session: Session) -> None:
        source = f'let {READ} typed = Table.TransformColumnTypes(orders, {{"Weight", type date}}) in typed'
        explained = explain(evaluate(source, session=session), session)
        (noted,) = explained.unfolded
        assert (noted.function, "of kind (number)" in noted.reason) == ("Table.TransformColumnTypes", True)
        assert "Table.TransformColumnTypes on the evaluator(" in explained.to_text()

    def test_a_join_with_rows_is_said_to_stop(self, session: Session) -> None:
        rows = '#table({"Name"}, {{"ann"}, {each _}})'
        for step in (
            f'Table.Join(orders, "Customer", {rows}, "Name")',
            f'Table.ExpandTableColumn(Table.NestedJoin(orders, "Customer", {rows}, "Name", "J"), "J", {{"Name"}})',
            f"Table.Combine({{orders, {rows}}})",
        ):
            session.unfolded.clear()
            explained = explain(evaluate(f"let {READ} x = 1 in {step}", session=session), session)
            assert explained.plan is None
            assert [noted.function for noted in explained.unfolded] == [
                step[: step.index("(")].replace("ExpandTableColumn", "NestedJoin")
            ]

    def test_what_is_no_table(self, session: Session) -> None:
        assert explain(1, session).to_text().startswith("The result is no plan")


class TestLaziness:
    def test_steps_run_nothing(self, session: Session, judge: Judge, tmp_path: Path) -> None:
        """The file's first line is all that making a plan reads."""
        table = made(session, JOINED + JUDGED + 'sorted = Table.Sort(expanded, "Id") in sorted')
        (tmp_path / "orders.csv").write_text(ORDERS + "4,ann,5,q\n")
        found = shown(table)
        assert isinstance(found, Shown)
        assert len(found.rows) == 4
        assert judge.batches == [4]

    def test_only_the_columns_asked_for_are_computed(self, session: Session, judge: Judge) -> None:
        value: Value = evaluate(
            f"let {READ} {JOINED} {JUDGED} x = 1 in [t = expanded, ids = expanded[Id], n = Table.RowCount(expanded)]",
            session=session,
        )
        assert list(value.get("ids")) == [1, 2, 3]
        assert value.get("n") == 3
        assert judge.batches == []
        assert list(value.get("t").column_cells("Town")) == ["Oslo", "Lund", "Oslo"]
        assert judge.batches == []

    def test_an_error_in_a_cell_waits_for_its_reader(self, session: Session) -> None:
        source = f'let {READ} bad = Table.TransformColumnTypes(orders, {{"Word", type number}}) in '
        assert evaluate(source + "Table.RowCount(bad)", session=session) == 3
        assert evaluate(source + "bad{0}[Id]", session=session) == 1
        assert evaluate(source + 'try bad{0}[Word] otherwise "caught"', session=session) == "caught"
