"""A group's aggregates, and what is computed from them, are the same folded and on rows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from tests.powerquery.tables.generated import data
from tests.powerquery.tables.twins import Data, Pair, agree

from headwater.powerquery.values import types as t

SCHEMA = {"k": "few", "i": "few", "d": "real", "s": "text", "day": "date"}
FOLDING = [
    "List.Sum([i]) / List.Count([i])",
    "List.Max([d]) - List.Min([d])",
    "if Table.RowCount(_) > 1 then List.Median([d]) else null",
    "try List.Product([i]) otherwise -1",
    "List.Median([i])",
    "List.Median([d])",
    "List.Product([i])",
    "List.Count(List.Distinct([s]))",
    "List.Count(List.Distinct([i]))",
    "List.Count(List.Distinct([day]))",
    "List.NonNullCount([s]) = Table.RowCount(_)",
    'Text.From(List.Sum([i])) & "x"',
    "Date.AddDays(List.Max([day]), -1)",
    "let n = Table.RowCount(_) in n * n",
    "1",
]
NOT_FOLDING = [
    "_",
    "[i]",
    "[i]{0}",
    "List.Count(List.Distinct([d]))",
    "List.Median([s])",
    "List.Sum(List.Distinct([i]))",
    "List.Sum([i], Precision.Decimal)",
    "Table.RowCount(Table.Distinct(_))",
    "List.StandardDeviation([i])",
]
usual = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
ONE = Data(
    {
        "k": (t.nullable(t.INT64), [1]),
        "i": (t.nullable(t.INT64), [1]),
        "d": (t.nullable(t.NUMBER), [1.5]),
        "s": (t.nullable(t.TEXT), ["a"]),
        "day": (t.nullable(t.DATE), [None]),
    }
)


def grouped(body: str) -> str:
    return f'Table.Group(T, {{"k"}}, {{{{"n", Table.RowCount}}, {{"r", each {body}}}, {{"N", each {body}}}}})'


class TestAggregations:
    @pytest.mark.parametrize("body", FOLDING)
    def test_folds_and_is_right(self, body: str) -> None:
        assert Pair({"T": ONE}).folded(grouped(body))

        @usual
        @given(data(SCHEMA, most=5))
        def check(table: Data) -> None:
            agree(Pair({"T": table}), grouped(body))

        check()

    @pytest.mark.parametrize("body", FOLDING)
    def test_errors_stay_in_their_cells(self, body: str) -> None:
        @usual
        @given(data({name: kind for name, kind in SCHEMA.items() if name != "k"}, errors=True, most=4))
        def check(table: Data) -> None:
            keyed = {"k": (t.nullable(t.INT64), [at % 2 for at in range(table.height)]), **table.columns}
            agree(Pair({"T": Data(keyed)}), grouped(body))

        check()

    @pytest.mark.parametrize("body", NOT_FOLDING)
    def test_others_run_on_rows(self, body: str) -> None:
        pair = Pair({"T": ONE})
        assert not pair.folded(grouped(body))
        assert pair.plan_session.unfolded[-1].function == "Table.Group"
        agree(pair, grouped(body))
