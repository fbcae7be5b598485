"""The facade: values, text, plans and Arrow tables of M, from one text or from many queries."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from tests.powerquery.tables.twins import new_session

from headwater.errors import MError, MSyntaxError, NotFoldableError
from headwater.powerquery import (
    PlanTable,
    Session,
    evaluate,
    evaluate_queries,
    explain,
    on_deep_stack,
    to_arrow,
    to_plan_table,
    to_text,
)
from headwater.powerquery.values.core import Value


def queries(files: Mapping[str, str] = MappingProxyType({}), /, **texts: str) -> Value:
    return evaluate_queries(texts, new_session({"parameter": 5}), files)


class TestEvaluate:
    def test_names_from_outside(self) -> None:
        assert evaluate("a + b", environment={"a": 1, "b": 2}) == 3
        assert evaluate('#shared[a] & Record.Field(#shared, "a")', environment={"a": "x"}) == "xx"

    def test_nobody_takes_a_library_functions_place(self) -> None:
        assert evaluate('Text.Length("abc")', environment={"Text.Length": 1}) == 3

    def test_a_section_is_a_record_of_its_members(self) -> None:
        assert to_text(evaluate("section S; shared a = b + 1; b = 1;")) == "[a = 2, b = 1]"

    def test_an_error_says_where(self) -> None:
        with pytest.raises(MError) as caught:
            evaluate('let\n  a = 1,\n  b = a + "x"\nin b', source_name="mine.pq")
        assert caught.value.place == "mine.pq, line 3, column 7"
        with pytest.raises(MSyntaxError) as unread:
            evaluate("let a = in a", source_name="mine.pq")
        assert unread.value.place.startswith("mine.pq, line 1")

    def test_unknown_names(self) -> None:
        with pytest.raises(MError, match="'nothing' wasn't recognized") as caught:
            evaluate("1 + nothing")
        assert caught.value.code == "m.unknown_name"

    def test_the_zone_and_the_clock_of_local_times(self) -> None:
        session = Session(
            timezone=dt.timezone(dt.timedelta(hours=2)), clock=lambda: dt.datetime(2024, 2, 29, 23, tzinfo=dt.UTC)
        )
        assert to_text(evaluate("DateTime.LocalNow()", session=session)) == "#datetime(2024, 3, 1, 1, 0, 0)"

    def test_deep_recursion_ends_in_an_error_or_a_value(self) -> None:
        assert evaluate("let f = (n) => if n = 0 then 0 else 1 + @f(n - 1) in f(20000)") == 20000

    def test_from_several_threads_at_once(self) -> None:
        found: list[Value] = []
        source = 'Table.RowCount(Table.SelectRows(Table.FromColumns({{1..2000}}, {"a"}), each [a] > 1000))'
        threads = [threading.Thread(target=lambda: found.append(evaluate(source))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert found == [1000] * 4

    def test_importing_the_package_loads_no_engine(self) -> None:
        heavy = ("pyarrow", "duckdb", "sqlalchemy", "pandas")
        code = f"import sys, headwater; print([m for m in {heavy} if m in sys.modules])"
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
        assert run.stdout.strip() == "[]"


class TestQueries:
    def test_refer_to_one_another_in_any_order(self) -> None:
        found = queries(total="a + b + parameter", a="b * 2", b="3")
        assert found.get("total") == 14
        assert found.names == ("total", "a", "b")

    def test_a_query_stands_before_the_library(self) -> None:
        assert queries(**{"Text.Length": "(x) => 7", "a": '#"Text.Length"("x")'}).get("a") == 7

    def test_each_is_evaluated_once_and_only_when_asked(self) -> None:
        session = new_session()
        found = evaluate_queries({"bad": 'error "never"', "a": "Number.Random()", "b": "a - a", "c": "_"}, session, {})
        assert found.get("b") == 0
        assert session.draws == 1
        for name, message in (("bad", "never"), ("c", "'_'")):
            with pytest.raises(MError, match=message):
                found.get(name)

    @pytest.mark.parametrize("texts", [{"a": "b", "b": "a"}, {"a": "@a"}, {"a": "let x = b in x", "b": "[y = a][y]"}])
    def test_cycles_are_errors(self, texts: dict[str, str]) -> None:
        found = queries(**texts)
        for _ in range(2):
            with pytest.raises(MError, match="cyclic"):
                on_deep_stack(lambda: found.get("a"))

    def test_a_query_does_not_know_itself_without_at(self) -> None:
        with pytest.raises(MError, match="'a' wasn't recognized"):
            queries(a="a + 1").get("a")
        assert queries(f="(n) => if n = 0 then 0 else 1 + @f(n - 1)", a="f(10)").get("a") == 10

    def test_syntax_errors_name_their_file_at_once(self) -> None:
        with pytest.raises(MSyntaxError) as caught:
            queries({"b": "queries/b.pq"}, a="1", b="1 +")
        assert caught.value.place == "queries/b.pq, line 1, column 4"
        with pytest.raises(MSyntaxError) as unnamed:
            queries(a="1", b="(")
        assert unnamed.value.place.startswith("b, line 1")

    def test_errors_name_the_file_of_the_query_that_failed(self) -> None:
        with pytest.raises(MError) as caught:
            queries({"a": "a.pq", "b": "b.pq"}, a="\n1 + b", b='\n\n  1 + "x"').get("a")
        assert caught.value.place == "b.pq, line 3, column 3"

    def test_a_section_document_is_no_query(self) -> None:
        with pytest.raises(MError, match="not a section") as caught:
            queries({"a": "a.pq"}, a="section S; x = 1;")
        assert caught.value.place == "a.pq"

    def test_folding_goes_through_queries(self) -> None:
        session = new_session()
        texts = {
            "big": 'Table.FromColumns({{1..1000}}, {"a"})',
            "kept": "Table.SelectRows(big, each [a] > limit)",
            "limit": "990",
            "named": "Table.SelectRows(kept, each Text.Proper(Text.From([a])) <> null)",
        }
        found = evaluate_queries(texts, session, {"named": "named.pq"})
        kept = on_deep_stack(lambda: found.get("kept"))
        assert isinstance(kept, PlanTable)
        assert kept.row_count() == 10
        assert session.unfolded == []
        on_deep_stack(lambda: found.get("named"))
        assert [noted.place for noted in session.unfolded] == ["named.pq, line 1, column 29"]


class TestToArrow:
    def test_columns_under_their_m_names(self) -> None:
        table = to_arrow(evaluate('#table({"a", "A", "", "a__err"}, {{1, "x", null, 0.5}, {null, null, null, 1}})'))
        assert table.column_names == ["a", "A", "", "a__err"]
        assert table.to_pylist() == [
            {"a": 1, "A": "x", "": None, "a__err": 0.5},
            {"a": None, "A": None, "": None, "a__err": 1.0},
        ]
        assert [str(f.type) for f in table.schema] == ["int64", "string", "string", "double"]

    def test_error_cells_are_null(self) -> None:
        source = 'Table.TransformColumnTypes(#table({"a"}, {{"1"}, {"NA"}}), {"a", Int64.Type})'
        assert to_arrow(evaluate(source)).to_pydict() == {"a": [1, None]}

    def test_empty_tables_keep_their_types(self) -> None:
        table = to_arrow(evaluate("#table(type table [a = Int64.Type, b = nullable date, c = any], {})"))
        assert [str(field.type) for field in table.schema] == ["int64", "date32[day]", "string"]
        assert table.num_rows == 0

    def test_plans_stay_plans(self) -> None:
        session = new_session()
        value = evaluate('Table.SelectRows(Table.FromColumns({{1..1000}}, {"a"}), each [a] > 998)', session=session)
        assert to_plan_table(value, session) is value
        assert to_plan_table(lambda: value, session) is value
        assert to_arrow(value).to_pydict() == {"a": [999, 1000]}

    def test_what_is_no_table(self) -> None:
        with pytest.raises(MError, match="The result is a number, not a table"):
            to_arrow(evaluate("1"))
        with pytest.raises(NotFoldableError, match="The column 'a' holds values of several kinds"):
            to_arrow(evaluate('#table({"a"}, {{1}, {"x"}})'))
        with pytest.raises(MError, match="as a whole"):
            to_plan_table(lambda: evaluate('error "as a whole"'), new_session())


class TestExplain:
    def test_plan_statement_and_what_left(self) -> None:
        session = new_session()
        source = 'Table.SelectRows(Table.FromColumns({{1..1000}}, {"a"}), each [a] > 998)'
        text = explain(evaluate(source, session=session), session).to_text()
        assert text.startswith("Plan\n  Filter (a > 998)")
        assert "SELECT" in text
        assert text.endswith("Every step folded.")
