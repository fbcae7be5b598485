"""Ways of finding rows that have to agree: by hash or one by one, with candidates left out or with all of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.powerquery import evaluate, on_deep_stack, to_text
from headwater.powerquery.library.table.fuzzy_joins import AlikeKeys
from headwater.powerquery.library.table.similarity import FuzzyOptions, forms, similarity
from headwater.powerquery.values.core import List, Record

on_deep_stack(lambda: None)  # sets the recursion limit, which Hypothesis would rather not see change under it

_texts = st.text(alphabet="abcAB  é.", max_size=8)
_keys = st.tuples(st.none() | _texts, _texts)
_thresholds = st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0])


def _score(one: str | None, other: str | None, options: FuzzyOptions) -> float:
    if one is None or other is None:
        return 1.0 if one is other else -1.0
    return similarity(options.forms(one), options.forms(other))


@settings(deadline=None)
@given(st.lists(_keys, max_size=8), st.lists(_keys, max_size=8), _thresholds, st.booleans(), st.booleans())
def test_left_out_candidates_are_not_alike(
    known: list[tuple[str | None, str]], asked: list[tuple[str | None, str]], least: float, case: bool, space: bool
) -> None:
    options = FuzzyOptions(threshold=least, ignore_case=case, ignore_space=space)
    keys = AlikeKeys(options)
    for key in known:
        keys.add(key)
    for key in asked:
        scores = {other: min(_score(a, b, options) for a, b in zip(key, other, strict=True)) for other in known}
        assert dict(keys.like(key)) == {other: score for other, score in scores.items() if score >= least}


@settings(deadline=None)
@given(_texts, _texts, st.booleans())
def test_similarity_is_symmetric_and_between_0_and_1(one: str, other: str, space: bool) -> None:
    left, right = forms(one, ignore_space=space), forms(other, ignore_space=space)
    score = similarity(left, right)
    assert 0 <= score <= 1
    assert abs(score - similarity(right, left)) < 1e-9
    assert similarity(left, left) == 1


_cells = st.none() | st.integers(0, 2) | st.sampled_from(["a", "A"]) | st.booleans()
_rows = st.lists(st.tuples(_cells, _cells), max_size=6)


@settings(deadline=None)
@given(_rows, _rows, st.sampled_from(['"A"', '{"A", "B"}', "null", "Comparer.OrdinalIgnoreCase", "each [B]"]))
def test_rows_are_found_by_hash_as_one_by_one(
    table: list[tuple[object, object]], wanted: list[tuple[object, object]], criteria: str
) -> None:
    slow = {
        '"A"': "(x, y) => x[A] = y[A]",
        '{"A", "B"}': "(x, y) => x = y",
        "null": "(x, y) => x = y",
        "Comparer.OrdinalIgnoreCase": "(x, y) => same(x[A], y[A]) and same(x[B], y[B])",
        "each [B]": "(x, y) => x[B] = y[B]",
    }[criteria]
    same = "same = (a, b) => if a is text and b is text then Text.Upper(a) = Text.Upper(b) else a = b"
    names = {
        "T": List([Record.of({"A": a, "B": b}) for a, b in table]),
        "W": List([Record.of({"A": a, "B": b}) for a, b in wanted]),
    }
    head = f"let {same}, R = Table.FromRecords(T, type table [A = any, B = any]) in "
    found = evaluate(f"{head} Table.PositionOfAny(R, W, Occurrence.All, {criteria})", environment=names)
    expected = evaluate(f"{head} Table.PositionOfAny(R, W, Occurrence.All, {slow})", environment=names)
    assert to_text(found) == to_text(expected)


_numbers = st.integers(-999, 999) | st.floats(-1e6, 1e6, allow_nan=False)
_points = st.tuples(_numbers, _numbers).map(lambda xy: f"{xy[0]} {xy[1]}")
_lines = st.lists(_points, min_size=1, max_size=3).map(lambda points: f"({', '.join(points)})")
_polygons = st.lists(_lines, min_size=1, max_size=2).map(lambda rings: f"({', '.join(rings)})")
_simple = st.one_of(
    _points.map("POINT({})".format),
    _lines.map("LINESTRING{}".format),
    _polygons.map("POLYGON{}".format),
    st.lists(_polygons, min_size=1, max_size=2).map(lambda p: f"MULTIPOLYGON({', '.join(p)})"),
)
_shapes = _simple | st.lists(_simple, min_size=1, max_size=3).map(lambda s: f"GEOMETRYCOLLECTION({', '.join(s)})")


@settings(deadline=None)
@given(_shapes, st.none() | st.integers(0, 9999))
def test_well_known_text_comes_back(shape: str, srid: int | None) -> None:
    text = shape if srid is None else f"SRID={srid};{shape}"
    read = "Geography.FromWellKnownText(text)"
    again = "Geography.FromWellKnownText(Geography.ToWellKnownText(Geography.FromWellKnownText(text)))"
    environment = {"text": text}
    assert to_text(evaluate(read, environment=environment)) == to_text(evaluate(again, environment=environment))
