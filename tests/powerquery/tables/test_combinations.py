"""Joins, nested joins, groups and expansions do the same to plans as to rows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.generated import CELLS, LEAP_DAY, ZONED, data
from tests.powerquery.tables.twins import Data, Pair, Shown, agree

from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record

usual = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))

JOIN_KINDS = ["Inner", "LeftOuter", "RightOuter", "FullOuter", "LeftAnti", "RightAnti", "LeftSemi", "RightSemi"]
KEYS = ["few", "real", "text", "logical", "date", "datetime", "zoned", "time", "duration", "binary", "whole"]

AGGREGATES = ["List.Sum", "List.Average", "List.Min", "List.Max", "List.Count", "List.NonNullCount"]


def sides(key: str, other: str, *, errors: bool = False) -> st.SearchStrategy[dict[str, Data]]:
    left = data({"K": key, "k": "few", "V": "text"}, errors=errors)
    right = data({"id": other, "ID": "few", "W": "whole", "v__err": "text"}, errors=errors)
    return st.fixed_dictionaries({"L": left, "R": right})


class TestJoin:
    @pytest.mark.parametrize("kind", JOIN_KINDS)
    @pytest.mark.parametrize("keys", ['"K", R, "id"', '{"K", "k"}, R, {"id", "ID"}', "{}, R, {}"])
    def test_plan_agrees_with_rows(self, kind: str, keys: str) -> None:
        @usual
        @given(tables=st.sampled_from(KEYS).flatmap(lambda key: sides(key, key)))
        def check(tables: dict[str, Data]) -> None:
            agree(Pair(tables), f"Table.Join(L, {keys}, JoinKind.{kind})")

        check()

    @pytest.mark.parametrize("kind", JOIN_KINDS)
    @usual
    @given(tables=sides("real", "whole"))
    def test_numbers_meet_by_value(self, kind: str, tables: dict[str, Data]) -> None:
        agree(Pair(tables), f'Table.Join(L, "K", R, "id", JoinKind.{kind})')

    @pytest.mark.parametrize("kind", JOIN_KINDS)
    @usual
    @given(tables=sides("few", "few", errors=True))
    def test_errors_in_keys_and_elsewhere(self, kind: str, tables: dict[str, Data]) -> None:
        agree(Pair(tables), f'Table.Join(L, "K", R, "id", JoinKind.{kind})')

    @pytest.mark.parametrize("kind", JOIN_KINDS)
    @usual
    @given(tables=sides("few", "few"))
    def test_with_itself(self, kind: str, tables: dict[str, Data]) -> None:
        renamed = 'Table.RenameColumns(L, {{"K", "K2"}, {"k", "V2"}, {"V", "k2"}})'
        agree(Pair(tables), f'Table.Join(L, "K", {renamed}, "V2", JoinKind.{kind})')

    @pytest.mark.parametrize("kind", JOIN_KINDS)
    def test_folds(self, kind: str) -> None:
        few = CELLS["few"][0]
        pair = Pair({"L": Data({"K": (few, [1])}), "R": Data({"id": (few, [1])})})
        assert pair.folded(f'Table.Join(L, "K", R, "id", JoinKind.{kind})')

    @pytest.mark.parametrize(
        ("kind", "types"),
        [
            ("Inner", "k = Int64.Type, v = text"),
            ("LeftOuter", "k = Int64.Type, v = nullable text"),
            ("RightOuter", "k = nullable Int64.Type, v = text"),
            ("FullOuter", "k = nullable Int64.Type, v = nullable text"),
        ],
    )
    def test_columns_of_a_side_whose_rows_may_be_missing_are_nullable(self, kind: str, types: str) -> None:
        pair = Pair({"L": Data({"k": (t.INT64, [1])}), "R": Data({"id": (t.INT64, [1]), "v": (t.TEXT, ["a"])})})
        for source in (
            f'Table.RemoveColumns(Table.Join(L, "k", R, "id", JoinKind.{kind}), "id")',
            f'Table.ExpandTableColumn(Table.NestedJoin(L, "k", R, "id", "J", JoinKind.{kind}), "J", {{"v"}})',
        ):
            found = agree(pair, source)
            assert isinstance(found, Shown)
            assert found.type == f"type table [{types}]"


class TestCombine:
    @pytest.mark.parametrize("one", ["whole", "real", "text", "logical", "date"])
    @pytest.mark.parametrize("other", ["whole", "real", "text", "logical", "date"])
    def test_columns_of_different_types(self, one: str, other: str) -> None:
        """A whole number beside doubles is not turned into one."""
        cells = {"whole": 2**53 + 1, "real": 0.5, "text": "1", "logical": True, "date": LEAP_DAY}
        pair = Pair({name: Data({"a": (CELLS[of][0], [cells[of], None])}) for name, of in (("L", one), ("R", other))})
        agree(pair, "Table.Combine({L, R})")
        assert pair.folded("Table.Combine({L, R})") == (one == other)


class TestNestedJoin:
    @pytest.mark.parametrize("kind", JOIN_KINDS)
    @pytest.mark.parametrize(
        "expanded", ['{"W", "id"}', '{"W"}, {"K "}', '{"v__err", "ID"}, {"a", "A"}', '{"W", "zz"}']
    )
    @usual
    @given(tables=sides("few", "few"))
    def test_expanded(self, kind: str, expanded: str, tables: dict[str, Data]) -> None:
        nested = f'Table.NestedJoin(L, "K", R, "id", "J", JoinKind.{kind})'
        agree(Pair(tables), f'Table.ExpandTableColumn({nested}, "J", {expanded})')

    @pytest.mark.parametrize("kind", JOIN_KINDS)
    @usual
    @given(tables=sides("text", "text", errors=True))
    def test_as_it_is(self, kind: str, tables: dict[str, Data]) -> None:
        agree(Pair(tables), f'Table.NestedJoin(L, {{"K"}}, R, {{"id"}}, "J", JoinKind.{kind})')

    @pytest.mark.parametrize("kind", JOIN_KINDS)
    @usual
    @given(tables=sides("few", "few"))
    def test_expanding_all_columns_is_the_plain_join(self, kind: str, tables: dict[str, Data]) -> None:
        """Two different ways through the rows, too: one makes tables in cells."""
        pair = Pair(tables)
        nested = f'Table.NestedJoin(L, "K", R, "id", "J", JoinKind.{kind})'
        expanded = agree(pair, f'Table.ExpandTableColumn({nested}, "J", {{"id", "ID", "W", "v__err"}})')
        joined = agree(pair, f'Table.Join(L, "K", R, "id", JoinKind.{kind})')
        assert isinstance(expanded, Shown)
        assert isinstance(joined, Shown)
        own = {"LeftAnti": 0, "LeftSemi": 0, "RightAnti": 3, "RightSemi": 3}.get(kind)
        if own is None:
            assert expanded.rows == joined.rows
        elif own == 3:  # the left columns are all null
            assert tuple(row[3:] for row in expanded.rows) == joined.rows
        else:  # a row for each match
            assert list(dict.fromkeys(row[:3] for row in expanded.rows)) == list(dict.fromkeys(joined.rows))

    def test_the_outer_joins_fold_when_they_are_expanded(self) -> None:
        few = CELLS["few"][0]
        pair = Pair({"L": Data({"K": (few, [1])}), "R": Data({"id": (few, [1]), "W": (few, [2])})})
        for kind in JOIN_KINDS[:4]:
            nested = f'Table.NestedJoin(L, "K", R, "id", "J", JoinKind.{kind})'
            assert pair.folded(f'Table.ExpandTableColumn({nested}, "J", {{"W"}})')


class TestGroup:
    @pytest.mark.parametrize("kind", KEYS)
    @usual
    @given(draws=st.data())
    def test_keys(self, kind: str, draws: st.DataObject) -> None:
        table = draws.draw(data({"K": kind, "k": "few", "V": "few"}))
        for keys in ('"K"', '{"k", "K"}', "{}"):
            agree(
                Pair({"T": table}),
                f'Table.Group(T, {keys}, {{{{"n", each Table.RowCount(_)}}, {{"N", each List.Sum([V])}}}})',
            )

    @pytest.mark.parametrize("aggregate", AGGREGATES)
    @pytest.mark.parametrize("errors", [False, True], ids=["good", "errors"])
    def test_aggregates(self, aggregate: str, errors: bool) -> None:
        @usual
        @given(kind=st.sampled_from(sorted(CELLS)), draws=st.data())
        def check(kind: str, draws: st.DataObject) -> None:
            table = draws.draw(data({"K": "few", "V": kind}, errors=errors))
            agree(Pair({"T": table}), f'Table.Group(T, "K", {{"r", each {aggregate}([V]), type number}})')

        check()

    @pytest.mark.parametrize(
        "source",
        [
            'Table.Distinct(T, "K")',
            "Table.Distinct(T[[K]])",
            'Table.Group(T, "K", {"n", Table.RowCount})',
            'Table.Join(T, "K", Table.RenameColumns(T, {{"K", "k"}, {"N", "n"}}), "k")',
            'Table.Group(T[[K]], {}, {{"m", each List.Max([K])}, {"l", each List.Min([K])}})',
        ],
    )
    @pytest.mark.parametrize(
        ("kind", "alike"),
        [
            ("zoned", ZONED),
            ("zoned", ZONED[::-1]),
            ("real", [float("nan"), float("nan"), 1.0]),
            ("real", [0.0, -0.0, 1.0]),
            ("text", ["e\u0301", "é", "E"]),
            ("whole", [2**53, 2**53 + 1, 2**53 + 2]),
        ],
    )
    def test_keys_that_are_nearly_alike(self, source: str, kind: str, alike: list[object]) -> None:
        """Moments are equal whatever their offsets, NaN is one key, and nothing is rounded or composed."""
        table = Data({"K": (CELLS[kind][0], alike), "N": (CELLS["few"][0], [1, 2, 3])})
        agree(Pair({"T": table}), source)

    def test_every_aggregate_folds(self) -> None:
        few = CELLS["few"][0]
        pair = Pair({"T": Data({"K": (few, [1]), "V": (few, [1])})})
        for aggregate in AGGREGATES:
            assert pair.folded(f'Table.Group(T, "K", {{"r", each {aggregate}([V])}})'), aggregate
        for counted in (
            "each Table.RowCount(_)",
            "Table.RowCount",
            "(g) => (List.Max((g[V])))",
            "(g as table) => List.Min(g[V])",
        ):
            assert pair.folded(f'Table.Group(T, "K", {{"r", {counted}}})'), counted

    @pytest.mark.parametrize(
        "function",
        [
            "() => 1",
            "(a, b) => 1",
            "(g) as text => List.Max(g[V])",
            "(g as text) => List.Max(g[V])",
            "each Nothing([V])",
            "each List.Sum([zz])",
            "each _",
            "each List.Max([V], 5)",
            "each [V]{0}",
            'each error "e"',
        ],
    )
    def test_what_does_not_fold_is_right_on_rows(self, function: str) -> None:
        few = CELLS["few"][0]
        pair = Pair({"T": Data({"K": (few, [1, 2, 1]), "V": (few, [5, None, 7])})})
        agree(pair, f'Table.Group(T, "K", {{"r", {function}}})')
        assert not pair.folded(f'Table.Group(T, "K", {{"r", {function}}})')

    def test_an_outer_row_is_not_taken_for_the_group(self) -> None:
        few = CELLS["few"][0]
        pair = Pair({"T": Data({"K": (few, [1, 1]), "V": (few, [5, 6])})})
        inner = 'Table.Group(T, "K", {"r", (g) => List.Sum([V])})'
        found = agree(pair, f'Table.AddColumn(#table({{"V"}}, {{{{{{100}}}}}}), "c", each {inner}{{0}}[r])')
        assert isinstance(found, Shown)
        assert [row[1] for row in found.rows] == ["100"]

    def test_a_name_twice_is_an_error(self) -> None:
        few = CELLS["few"][0]
        pair = Pair({"T": Data({"K": (few, [1]), "V": (few, [1])})})
        agree(pair, 'Table.Group(T, "K", {"K", each List.Sum([V])})')


POINT = t.RecordType(
    (t.FieldType("x", t.nullable(t.NUMBER)), t.FieldType("X", t.nullable(t.TEXT)), t.FieldType("", t.INT64))
)


def point(values: tuple[object, object, object]) -> Record:
    return Record.of(dict(zip(("x", "X", ""), values, strict=True)))


POINTS = st.tuples(
    st.sampled_from([1.5, float("nan"), None]), st.sampled_from(["", "😀", None]), st.sampled_from([2**53 + 1, 0])
).map(point)


class TestExpandRecord:
    @usual
    @given(cells=st.lists(st.one_of(POINTS, st.none()), max_size=5))
    @pytest.mark.parametrize(
        "fields",
        [
            '{"x"}',
            '{"X", "x", ""}',
            '{"x", "x"}, {"x", "X"}',
            '{""}, {"R"}',
            "{}",
            '{"zz"}',
            '{"x"}, {"y", "z"}',
            '{"x"}, {"b"}',
        ],
    )
    @pytest.mark.parametrize("typed", [True, False], ids=["typed", "any"])
    def test_plan_agrees_with_rows(self, fields: str, typed: bool, cells: list[Record | None]) -> None:
        of: t.Type = t.nullable(POINT) if typed else t.ANY
        if not typed:  # the plan's type is that of the cells, so they have to show all of it
            cells = [point((0.5, "", 0)) if cell is None or None in cell.values else cell for cell in cells]
        table = Data(
            {
                "a": (CELLS["few"][0], list(range(len(cells)))),
                "R": (of, cells),
                "b": (CELLS["few"][0], [7] * len(cells)),
            }
        )
        agree(Pair({"T": table}), f'Table.ExpandRecordColumn(T, "R", {fields})')

    @pytest.mark.parametrize("field", ["[R][x]", "[R][x]?", '[R][#""]', "[R][zz]?", "[R][[x]]?", "[zz]?[x]"])
    @usual
    @given(cells=st.lists(st.one_of(POINTS, st.none()), max_size=4))
    def test_a_field_in_an_expression(self, field: str, cells: list[Record | None]) -> None:
        table = Data({"R": (t.nullable(POINT), cells)})
        agree(Pair({"T": table}), f'Table.AddColumn(T, "v", each {field})')

    @pytest.mark.parametrize("field", ["[R][x]", "[R][x]?", "[R]?[x]", "try [R][x] otherwise 0"])
    def test_a_field_of_a_record_that_may_be_null(self, field: str) -> None:
        of = t.nullable(t.RecordType((t.FieldType("x", t.nullable(t.NUMBER)),)))
        pair = Pair({"T": Data({"R": (of, [Record.of({"x": 1.5}), Record.of({"x": None}), None])})})
        agree(pair, f'Table.AddColumn(T, "v", each {field})')
        assert pair.folded(f'Table.AddColumn(T, "v", each {field})') == (field != "[R][x]?")

    def test_folds(self) -> None:
        of = t.RecordType((t.FieldType("x", t.NUMBER), t.FieldType("y", t.TEXT)))
        pair = Pair({"T": Data({"R": (of, [Record.of({"x": 1.0, "y": "a"})])})})
        assert pair.folded('Table.ExpandRecordColumn(T, "R", {"y", "x"})')

    @usual
    @given(
        cells=st.lists(
            st.one_of(st.lists(st.one_of(st.sampled_from(["", "😀"]), st.none()), max_size=3).map(List), st.none()),
            max_size=4,
        )
    )
    def test_lists_pass_through(self, cells: list[List | None]) -> None:
        table = Data({"L": (t.nullable(t.ListType(t.nullable(t.TEXT))), cells)})
        agree(Pair({"T": table}), 'Table.DuplicateColumn(T, "L", "l")')
        agree(Pair({"T": table}), "Table.Distinct(T)")
