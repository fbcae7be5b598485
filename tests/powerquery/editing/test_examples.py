"""Columns from examples, and types told from sample rows."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from headwater.errors import UsageError
from headwater.powerquery import evaluate, to_text
from headwater.powerquery.editing.commands import write_step
from headwater.powerquery.editing.detecting import detect_types
from headwater.powerquery.editing.examples import column_from_examples
from headwater.powerquery.values.core import List, Record, Value

PEOPLE = (
    '#table({"name", "city", "age", "pay", "born"}, {{"Ann Lee", "Ulm-Nord", 31, 10.5, #date(1993, 2, 28)}, '
    '{"Bo Kit", "Kiel-Sued", 4, 3, #date(2020, 12, 1)}, {null, "Bonn", 7, 1, #date(2017, 5, 9)}})'
)


def sample() -> list[Mapping[str, Value]]:
    """The rows as an editor has them."""
    records = evaluate(f"Table.ToRecords({PEOPLE})")
    assert isinstance(records, List)
    return [{name: row.get(name) for name in row.names} for row in records if isinstance(row, Record)]


@pytest.mark.parametrize(
    ("examples", "kind", "given"),
    [
        ({0: "LEE (31)", 1: "KIT (4)"}, "text", '{"LEE (31)", "KIT (4)", null}'),
        ({0: "A.L.", 1: "B.K."}, "text", '{"A.L.", "B.K.", null}'),
        ({1: "bo.kit@kiel"}, "text", '{"ann.lee@ulm", "bo.kit@kiel", null}'),
        ({0: "Lee, A. in Ulm", 1: "Kit, B. in Kiel"}, "text", '{"Lee, A. in Ulm", "Kit, B. in Kiel", null}'),
        ({0: "0031"}, "text", '{"0031", "0004", "0007"}'),
        ({0: "28.02.1993"}, "text", '{"28.02.1993", "01.12.2020", "09.05.2017"}'),
        ({0: "1993 Q1", 2: "2017 Q2"}, "text", '{"1993 Q1", "2020 Q4", "2017 Q2"}'),
        ({0: "62"}, "number", "{62, 8, 14}"),
        ({0: "41.5", 1: "7"}, "number", "{41.5, 7, 8}"),
        ({0: "325.5", 1: "12"}, "number", "{325.5, 12, 7}"),
        ({1: "2"}, "number", "{15.5, 2, 3.5}"),
    ],
)
def test_a_formula_gives_the_examples_and_goes_on_as_a_person_would(
    examples: dict[int, str], kind: str, given: str
) -> None:
    found = column_from_examples(sample(), examples)
    assert found is not None
    assert found.kind == kind
    step = write_step("add.custom", {"name": "new", "formula": found.formula, "kind": found.kind}, "Source")
    made = evaluate(f"let Source = {PEOPLE}, Added = {step} in List.Transform(Added[new], each try _ otherwise null)")
    assert to_text(made) == given


@pytest.mark.parametrize("examples", [{0: "zzz", 1: "yyy"}, {0: "same", 1: "same"}, {0: "17", 1: "18"}])
def test_none_is_found_where_none_is(examples: dict[int, str]) -> None:
    assert column_from_examples(sample(), examples) is None


def test_an_example_belongs_to_a_row() -> None:
    for examples in ({}, {3: "x"}):
        with pytest.raises(UsageError):
            column_from_examples(sample(), examples)


def test_types_are_what_all_cells_fit() -> None:
    rows = evaluate(
        """Table.ToRecords(#table({"whole", "number", "flag", "day", "moment", "zip", "mixed", "none", "real"}, {
        {"1", "1", "TRUE", "2024-01-31", "2024-01-31 10:00", "01067", 1, null, 1},
        {" -20", "2.5", "false", "1/31/2024", "2024-02-01T00:00:00", "10115", "x", "", 2.5},
        {null, "", null, null, null, null, null, null, null}}))"""
    )
    assert isinstance(rows, List)
    found = detect_types([{n: row.get(n) for n in row.names} for row in rows if isinstance(row, Record)])
    assert {each["column"]: each["kind"] for each in found} == {
        **{"whole": "whole", "number": "number", "flag": "logical", "day": "date", "moment": "datetime"},
        **{"zip": "text", "real": "number"},
    }
    assert write_step("columns.change_type", {"types": found[:2]}, "Source") == (
        'Table.TransformColumnTypes(Source, {{"whole", Int64.Type}, {"number", type number}})'
    )
    assert detect_types([]) == []
