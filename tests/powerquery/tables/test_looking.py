"""A table that is looked into again and again: the same is found as at the first look, and it is made once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from tests.powerquery.tables.twins import Bad, Data, Failure, Pair, agree, new_session, shown

from headwater.powerquery import PlanTable, evaluate, to_text
from headwater.powerquery.tables import looking
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value, plain

TABLE = Data(
    {
        "n": (t.nullable(t.NUMBER), [1, 2, 2, None, float("nan"), 0.5]),
        "s": (t.nullable(t.TEXT), ["a", "b", None, "a", "A", ""]),
        "e": (t.NUMBER, [1, 2, 3, 4, 5, Bad()]),
    }
)
OFTEN = 2 * looking.LOOKS

LOOKS = [
    "T{2}",
    "T{6}?",
    "T{6}",
    "T{5}[e]",
    'T{[s = "b"]}[n]',
    'T{[s = "a", n = 1]}',
    'T{[s = "a"]}',
    "T{[n = null]}",
    "T{[n = 1.0]}[s]",
    "T{[n = #nan]}?",
    'T{[s = "zz"]}?',
    "T{[e = 2]}",
    "T{[missing = 2]}",
    "List.Count(T[s])",
    "T[n]{3}",
    "T[e]{5}",
    "T[missing]",
]


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_finds_the_same(look: str) -> None:
    pair = Pair({"T": TABLE})
    first = agree(pair, look)
    for _ in range(OFTEN):
        assert agree(pair, look) == first


@pytest.mark.parametrize("source", ["T{[n] - 1}[s]", "T{[n = 2, s = [s]]}?[e]?", "T[s]{[n] - 1}"])
def test_row_functions_look(source: str) -> None:
    numbers = list(range(1, 2001))
    big = Data({"n": (t.NUMBER, numbers), "s": (t.TEXT, [f"v{n % 7}" for n in numbers]), "e": (t.NUMBER, numbers)})
    agree(Pair({"T": big}), f'Table.AddColumn(T, "found", each try {source} otherwise null)')


@pytest.mark.parametrize("rows", [600, looking.MOST_FILTERED + 1])
def test_filters_over_and_over(rows: int) -> None:
    source = f"""
        let
            T = Table.Buffer(Table.FromColumns({{{{1..{rows}}}}}, type table [n = number])),
            count = (most) => Table.RowCount(Table.SelectRows(T, each [n] <= most))
        in
            List.Transform({{1..{looking.FILTERS + 5}}}, count)
    """
    assert to_text(evaluate(source)) == "{" + ", ".join(map(str, range(1, looking.FILTERS + 6))) + "}"


def test_what_is_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST_CELLS", 3)
    pair = Pair({"T": TABLE})
    for look in ("T{3}", "T[s]{3}", 'T{[s = "b"]}'):
        first = agree(pair, look)
        for _ in range(OFTEN):
            assert agree(pair, look) == first


def test_the_engine_is_asked_only_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    rows = PlanTable.rows

    def counted(table: PlanTable) -> Iterator[Sequence[Value]]:
        runs.append(1)
        return rows(table)

    monkeypatch.setattr(PlanTable, "rows", counted)
    session = new_session()
    session.environment = {"T": TABLE.as_plan(session)}
    found = evaluate("List.Transform({0..4, 0..4, 0..4}, each T{_}[n])", session=session)
    assert len(list(plain(found).plain())) == 15
    assert len(runs) == looking.LOOKS + 1


def test_an_error_among_the_rows_stays_where_it_is() -> None:
    session = new_session()
    found = evaluate(
        """let
            T = Table.TransformColumns(#table({"a"}, {{1}, {0}, {2}}), {"a", each if _ = 0 then error "zero" else _}),
            look = (at) => T{at}[a]
        in List.Transform({0, 0, 0, 0, 2, 2}, look) & {try look(1) otherwise "bad"}""",
        session=session,
    )
    assert to_text(found) == '{1, 1, 1, 1, 2, 2, "bad"}'
    assert not isinstance(shown(found), Failure)
