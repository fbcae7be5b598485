"""Cells go into Arrow and come back as they were, and what Arrow has no room for stays with the evaluator."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.generated import CELLS, any_data, cells
from tests.powerquery.tables.twins import Bad, Data, Pair, Shown, new_session, shown, shown_cell

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.powerquery import PlanTable, evaluate
from headwater.powerquery.tables.arrow import common_type, decode, encode, m_type, plan_type
from headwater.powerquery.tables.plan_table import WORTHWHILE
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.times import DateTime

usual = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def there_and_back(values: list[Value], of: p.DataType) -> list[str]:
    array, errors = encode(values, of)
    return [shown_cell(cell) for cell in decode(array, of, errors)]


class TestCells:
    @pytest.mark.parametrize("kind", CELLS)
    def test_come_back_as_they_were(self, kind: str) -> None:
        of = plan_type(CELLS[kind][0])
        assert of is not None

        @usual
        @given(cells(kind, 5, errors=True))
        def check(drawn: list[Any]) -> None:
            members = [cell.member() if isinstance(cell, Bad) else cell for cell in drawn]
            expected = [shown_cell(cell) for cell in members]
            assert there_and_back(members, of) == expected
            listed = [List([cell, None]) for cell in drawn if not isinstance(cell, Bad)]
            assert there_and_back(listed, p.list_type(of)) == [shown_cell(cell) for cell in listed]
            records = [Record.of({"x": cell, "": 1}) for cell in drawn if not isinstance(cell, Bad)]
            record = p.record_type({"x": of, "": p.INT64})
            assert there_and_back([*records, None], record) == [shown_cell(cell) for cell in [*records, None]]

        check()

    @pytest.mark.parametrize("kind", CELLS)
    def test_types_come_back(self, kind: str) -> None:
        of = plan_type(CELLS[kind][0])
        assert of is not None
        assert plan_type(m_type(of)) == of
        nested = p.record_type({"x": p.list_type(of)})
        assert plan_type(m_type(nested)) == nested

    @pytest.mark.parametrize(
        ("value", "of"),
        [
            (1.5, p.INT64),
            (2**63, p.INT64),
            (-(2**63) - 1, p.INT64),
            (float("nan"), p.INT64),
            (float("inf"), p.INT64),
            (True, p.INT64),
            (1, p.LOGICAL),
            ("1", p.INT64),
            (2**53 + 1, p.DOUBLE),
            ("\ud83d", p.TEXT),
            (1, p.TEXT),
            (DateTime(7), p.DATETIME),
            (List([1]), p.list_type(p.TEXT)),
            (Record.of({"x": "a"}), p.record_type({"x": p.INT64})),
        ],
    )
    def test_nothing_is_rounded_or_converted(self, value: Value, of: p.DataType) -> None:
        with pytest.raises(NotFoldableError):
            encode([value], of)

    def test_half_a_surrogate_pair_in_an_errors_detail(self) -> None:
        with pytest.raises(NotFoldableError):
            encode([Bad("bad", "\ude00").member()], p.TEXT)

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([], p.TEXT),
            ([None, None], p.TEXT),
            ([1, None], p.INT64),
            ([-(2**63), 2**63 - 1], p.INT64),
            ([1, 0.5], p.DOUBLE),
            ([2**63], p.DOUBLE),
            ([True], p.LOGICAL),
            ([1, True], None),
            ([1, "a"], None),
            ([List([1]), List([])], p.list_type(p.INT64)),
            ([List([1]), List(["a"])], None),
            ([Record.of({"a": None}), None, Record.of({"a": 1})], p.record_type({"a": p.INT64})),
            (
                [Record.of({"a": 1, "b": 1}), Record.of({"b": 0.5, "a": None})],
                p.record_type({"a": p.INT64, "b": p.DOUBLE}),
            ),
            ([Record.of({"a": 1}), Record.of({"b": 1})], None),
            ([List([1]), List([2, None])], p.list_type(p.INT64)),
            ([Record.of({})], None),
            ([t.TEXT], None),
            ([Bad().member(), 1], p.INT64),
        ],
    )
    def test_common_type(self, values: list[Value], expected: p.DataType | None) -> None:
        assert common_type(values) == expected

    def test_types_without_a_plan_type(self) -> None:
        for of in (t.ANY, t.TABLE, t.FUNCTION, t.RecordType(), t.RecordType((t.FieldType("a"),)), t.LIST, t.RECORD):
            assert plan_type(of) is None


class TestTables:
    @usual
    @given(table=any_data(errors=True))
    def test_a_plan_shows_what_its_rows_show(self, table: Data) -> None:
        pair = Pair({"T": table})
        assert shown(pair.as_plan["T"]) == shown(pair.as_rows["T"])

    @pytest.mark.parametrize("height", [WORTHWHILE - 1, WORTHWHILE, 2 * WORTHWHILE])
    @pytest.mark.parametrize(
        ("cell", "planned"),
        [
            ("_", True),
            ('"x" & Text.From(_)', True),
            ("null", True),
            ("_ / 8", True),
            ('if _ = 600 then error "e" else _', True),
            ("[a = _]", True),
            ("{_, null}", True),
            ('if _ = 600 then "x" else _', False),
            ("9007199254740992 + _ * 2", True),
            ("if _ = 1 then 0.5 else 9007199254740993", False),
            ("if _ = 1 then 9223372036854775808 else _", False),
            ('if _ = 600 then "#(D83D)" else "a"', False),
            ("type text", False),
            ("each _", False),
            ("#table({}, {})", False),
        ],
    )
    def test_large_tables_become_plans_and_nothing_changes(self, height: int, cell: str, planned: bool) -> None:
        source = f'Table.FromColumns({{{{1..{height}}}, List.Transform({{1..{height}}}, each {cell})}}, {{"n", "v"}})'
        table = plain(evaluate(source, session=new_session()))
        assert isinstance(table, PlanTable) == (planned and height >= WORTHWHILE) or height < 600
        expected = evaluate(f"List.Transform({{1..{height}}}, each {cell})") if "error" not in cell else None
        found = shown(table)
        assert isinstance(found, Shown)
        assert [row[0] for row in found.rows] == [str(at) for at in range(1, height + 1)]
        if expected is not None:
            assert [row[1] for row in found.rows] == [shown_cell(item) for item in expected.items]
        elif height > 600:
            assert found.rows[599][1] == "Expression.Error: e"

    def test_rows_without_columns_are_counted(self) -> None:
        for height in (3, WORTHWHILE + 1):
            source = f'Table.RemoveColumns(Table.FromColumns({{{{1..{height}}}}}, {{"a"}}), {{"a"}})'
            assert evaluate(f"Table.RowCount({source})", session=new_session()) == height
            assert (
                evaluate(f"Table.RowCount(#table({{}}, List.Repeat({{{{}}}}, {height})))", session=new_session())
                == height
            )

    @pytest.mark.parametrize("height", [3, WORTHWHILE + 1])
    def test_a_row_of_the_wrong_width_is_an_error(self, height: int) -> None:
        source = f'#table({{"a", "b"}}, List.Repeat({{{{1, 2}}}}, {height}) & {{{{1}}}})'
        with pytest.raises(MError, match="2 keys were specified, but 1 values were provided"):
            evaluate(f"Table.RowCount({source})", session=new_session())
        assert evaluate(f"Table.First({source})[b]", session=new_session()) == 2, "nobody gets as far as that row"

    @usual
    @given(st.lists(st.one_of(st.integers(), st.none()), max_size=4))
    def test_an_empty_or_short_column_of_any(self, values: list[int | None]) -> None:
        table = Data({"a": (t.ANY, [v if v is None or abs(v) < 2**63 else 0 for v in values])})
        pair = Pair({"T": table})
        assert shown(pair.as_plan["T"]) == shown(pair.as_rows["T"])
