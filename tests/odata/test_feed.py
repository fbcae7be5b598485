"""The project's own OData.Feed reads a started server back equal to what was published."""

from __future__ import annotations

import pytest
from tests.odata.conftest import BEARER, EVERY_TYPE, MANY

from headwater.powerquery import Session, evaluate, to_text
from headwater.powerquery.values.core import Value


def value(text: str, served: str) -> Value:
    feed = f'(set) => OData.Feed("{served}/odata/every%20type/" & set, [Authorization = "{BEARER["Authorization"]}"])'
    return evaluate(f"let Feed = {feed} in {text}", session=Session(origins=[served]))


#: What OData has not: a moment without a zone, and a list in a list.
BACK = """Table.TransformColumns(Feed("types"), {
    {"datetime", each if _ = null then null else DateTimeZone.RemoveZone(_)},
    {"lists", each if _ = null then null else List.Transform(_, each [value])},
    {"record", each if _ = null then null else Record.RenameFields(_, {{"a_x0020_b", "a b"}})}
})"""


@pytest.mark.parametrize(
    "column",
    ["no", "logical", "whole", "number", "text", "date", "time", "datetime", "zoned", "duration", "binary", "record",
     "list", "lists"],
)  # fmt: skip
def test_every_type_comes_back_equal(served: str, column: str) -> None:
    read, there = f'Table.Column({BACK}, "{column}")', f'Table.Column({EVERY_TYPE}, "{column}")'
    found = to_text(value(read, served))
    assert found == to_text(evaluate(there))
    assert to_text(value(f"{read} = {there}", served)) == "true"


def test_a_name_that_is_no_identifier_is_spelt(served: str) -> None:
    assert to_text(value('Feed("types")[Änd_x0020_1]', served)) == '{"é", "b", null}'
    assert to_text(value('Feed("types?$select=%C3%84nd_x0020_1,no"){0}', served)) == '[Änd_x0020_1 = "é", no = 1]'


def test_the_types_of_the_columns_come_along(served: str) -> None:
    columns = 'Table.Schema(Feed("types"))[[Name], [TypeName]]'
    found = to_text(value(f"Table.ToRows({columns})", served))
    for name, kind in {
        "whole": "Int64.Type",
        "date": "Date.Type",
        "time": "Time.Type",
        "binary": "Binary.Type",
    }.items():
        assert f'{{"{name}", "{kind}"}}' in found


def test_many_pages_are_one_table(served: str) -> None:
    renamed = 'Table.RenameColumns(Feed("many"), {{"the_x0020_group", "the group"}})'
    assert to_text(value(f"{renamed} = ({MANY})", served)) == "true"


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("$filter=amount gt 3000 and the_x0020_group eq '7'", 'each [amount] > 3000 and [the group] = "7"'),
        ("$filter=not (id lt 24000)", "each not ([id] < 24000)"),
        (
            "$filter=contains(the_x0020_group,'3') or id in (1,2)",
            'each Text.Contains([the group], "3") or List.Contains({1, 2}, [id])',
        ),
        ("$filter=id mod 5000 eq 0", "each Number.Mod([id], 5000) = 0"),
    ],
)  # fmt: skip
def test_a_filter_that_the_server_runs_is_the_same(served: str, query: str, condition: str) -> None:
    read = f'Feed("many?{query}")[id]'
    assert to_text(value(f"{read} = Table.SelectRows({MANY}, {condition})[id]", served)) == "true"
    assert to_text(value(f"List.Count({read}) > 0", served)) == "true"


def test_an_order_that_the_server_makes_is_the_same(served: str) -> None:
    read = 'Feed("many?$orderby=the_x0020_group desc,amount")[id]'
    order = '{{"the group", Order.Descending}, {"amount", Order.Ascending}}'
    assert to_text(value(f"{read} = Table.Sort({MANY}, {order})[id]", served)) == "true"


def test_an_empty_table_has_its_columns(served: str) -> None:
    assert to_text(value('Table.ColumnNames(Feed("the_x0020_empty_x0020_one"))', served)) == '{"a", "b"}'


def test_the_service_lists_its_sets(served: str) -> None:
    names = '"many", "the_x0020_empty_x0020_one", "types"'
    assert to_text(value('List.Sort(Feed("")[Name])', served)) == f"{{{names}}}"
    assert to_text(value('Feed(""){[Name = "many"]}[Data]{[id = 3]}[amount]', served)) == to_text(
        evaluate(f"({MANY}){{3}}[amount]")
    )
