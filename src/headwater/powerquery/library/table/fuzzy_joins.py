"""Joins of tables by texts that are alike rather than equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from headwater.errors import MError
from headwater.plan.nodes import JoinKind
from headwater.powerquery.library.arguments import names_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.leaving import rows_after
from headwater.powerquery.library.table.similarity import Form, FuzzyOptions, enough_letters, fuzzy_options, similarity
from headwater.powerquery.tables.columns import missing_column, unique_or_error
from headwater.powerquery.tables.joining import KINDS
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Thunk, Value, force, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

Key = tuple[str | None, ...]
Row = Sequence[Value]


class Match(NamedTuple):
    """A row of the second table, by its place, and how alike its key is."""

    at: int
    score: float


def check_text_columns(table: Table, names: Sequence[str]) -> None:
    """MError Expression.Error where a column is not there, or is not typed as text."""
    for name in names:
        if name not in table.index:
            raise missing_column(name)
        if t.primitive_name(table.column_types[table.index[name]]) != "text":
            raise MError(
                "Expression.Error",
                f"Texts alike are looked for in text columns only. The column '{name}' is not of type text.",
                name,
                hint="Give the column the type text, for example with Table.TransformColumnTypes.",
            )


def text_key(row: Row, places: Sequence[int]) -> Key:
    """The texts of a row's key."""
    key = []
    for at in places:
        cell = plain(force(row[at]))
        if cell is not None and not isinstance(cell, str):
            raise cannot_convert(cell, "Text")
        key.append(cell)
    return tuple(key)


class AlikeKeys:
    """Keys, to be found by others that are alike; each text is read once."""

    def __init__(self, options: FuzzyOptions) -> None:
        self._options = options
        self._forms: dict[str, list[Form]] = {}
        self._known: set[Key] = set()
        self._by_length: dict[int, tuple[list[Key], list[str]]] = {}
        """By the length of a form of their first text: keys, and the letters of that form."""

    def _read(self, text: str | None) -> list[Form]:
        if text is None:
            return []
        if text not in self._forms:
            self._forms[text] = self._options.forms(text)
        return self._forms[text]

    def add(self, key: Key) -> None:
        """Take in a key."""
        if key in self._known:
            return
        self._known.add(key)
        for letters in dict.fromkeys(form.letters for form in self._read(key[0])):
            keys, texts = self._by_length.setdefault(len(letters), ([], []))
            keys.append(key)
            texts.append(letters)
        if key[0] is None:
            self._by_length.setdefault(-1, ([], []))[0].append(key)

    def like(self, key: Key) -> Iterator[tuple[Key, float]]:
        """The keys at least as alike as the threshold asks for, with their similarity: that of the least alike text."""
        for candidate in self._candidates(key):
            scores = [self._score(one, other) for one, other in zip(key, candidate, strict=True)]
            if min(scores) >= self._options.threshold:
                yield candidate, min(scores)

    def _candidates(self, key: Key) -> dict[Key, None]:
        """The keys whose first text has enough letters in common to be alike."""
        from rapidfuzz import process
        from rapidfuzz.distance import LCSseq

        if key[0] is None:
            return dict.fromkeys(self._by_length.get(-1, ([], []))[0])
        near: dict[Key, None] = {}
        for letters in dict.fromkeys(form.letters for form in self._read(key[0])):
            for length, (keys, texts) in self._by_length.items():
                least = enough_letters(self._options.threshold, len(letters), length)
                if length >= 0 and min(length, len(letters)) >= least:
                    found = process.extract(letters, texts, scorer=LCSseq.similarity, limit=None, score_cutoff=least)
                    near.update((keys[at], None) for _, _, at in found)
        return near

    def _score(self, one: str | None, other: str | None) -> float:
        if one is None or other is None:
            return 1.0 if one is other else -1.0
        return similarity(self._read(one), self._read(other), self._options.threshold)


def _matches(left: Sequence[Row], right: Sequence[Row], sides: _Sides) -> list[list[Match]]:
    """For each left row its matches, the most alike first."""
    keys, places = AlikeKeys(sides.options), dict[Key, list[int]]()
    for at, row in enumerate(right):
        key = text_key(row, sides.right_places)
        places.setdefault(key, []).append(at)
        keys.add(key)
    known: dict[Key, list[Match]] = {}
    for row in left:
        key = text_key(row, sides.left_places)
        if key not in known:
            found = [Match(at, score) for other, score in keys.like(key) for at in places[other]]
            found.sort(key=lambda match: (-match.score, match.at))
            known[key] = found[: sides.options.matches]
    return [known[text_key(row, sides.left_places)] for row in left]


class _Sides:
    """Two tables, the columns that they are joined by, and how."""

    def __init__(self, left: Table, left_key: Value, right: Table, right_key: Value, options: FuzzyOptions) -> None:
        self.left, self.left_keys = left, names_of(left_key)
        self.right, self.right_keys = right, names_of(right_key)
        self.options = options
        if not self.left_keys or len(self.left_keys) != len(self.right_keys):
            raise MError("Expression.Error", "The two tables need the same number of key columns, at least one.")

    @property
    def left_places(self) -> list[int]:
        return [self.left.index[name] for name in self.left_keys]

    @property
    def right_places(self) -> list[int]:
        return [self.right.index[name] for name in self.right_keys]

    def check(self) -> None:
        """MError Expression.Error where a key column is not there, or is no text."""
        check_text_columns(self.left, self.left_keys)
        check_text_columns(self.right, self.right_keys)

    def matched(self) -> tuple[list[Row], list[Row], list[list[Match]]]:
        """The rows of both sides, and for each left one its matches."""
        self.check()
        left, right = list(self.left.rows()), list(self.right.rows())
        return left, right, _matches(left, right, self)


def _kind(value: Value, default: JoinKind) -> JoinKind:
    if value is None:
        return default
    if value not in range(len(KINDS)):
        raise MError("Expression.Error", "The value is no JoinKind.Type.", value)
    return KINDS[int(value)]


@function(
    "Table.FuzzyJoin(table1 as table, key1 as any, table2 as table, key2 as any, optional joinKind as nullable number,"
    " optional joinOptions as nullable record) as table",
    examples=[
        ('Table.FuzzyJoin(#table(type table [A = text], {{"Vancover"}, {"Paris"}}), "A",'
         ' #table(type table [B = text, C = number], {{"Vancouver", 1}}), "B")',
         '#table({"A", "B", "C"}, {{"Vancover", "Vancouver", 1}})'),
        ('Table.FuzzyJoin(#table(type table [A = text], {{"Nile"}}), "A", #table(type table [B = text], {{"nile"}}),'
         ' "B", JoinKind.Inner, [SimilarityColumnName = "S"])[S]', "{1}"),
    ],
)  # fmt: skip
def fuzzy_join(
    left: Table, key1: Value, right: Table, key2: Value, kind: Value = None, options: Record | None = None
) -> Table:
    """One row a pair of rows whose keys are alike.

    Options: Threshold (0 to 1, default 0.8), IgnoreCase and IgnoreSpace (default true), NumberOfMatches (the most
    matches of a row), SimilarityColumnName (a column that says how alike the keys are), TransformationTable (rows From
    and To: words that stand for others), Culture, ConcurrentRequests.
    """
    wanted = fuzzy_options(options, "Table.FuzzyJoin", joins=True)
    sides = _Sides(left, key1, right, key2, wanted)
    of = _kind(kind, "inner")
    sides.check()
    if of in ("right_anti", "right_semi"):
        return rows_after("Table.FuzzyJoin", right, lambda: _right_chosen(sides, of == "right_semi"))
    if of in ("left_anti", "left_semi"):
        return rows_after("Table.FuzzyJoin", left, lambda: _left_chosen(sides, of == "left_semi"))
    score = [] if wanted.similarity_column is None else [wanted.similarity_column]
    names = unique_or_error([*left.names, *right.names, *score])
    own = left.column_types if of in ("inner", "left") else map(t.nullable, left.column_types)
    others = right.column_types if of in ("inner", "right") else map(t.nullable, right.column_types)
    similar = [t.NUMBER if of == "inner" else t.nullable(t.NUMBER)] * len(score)
    of_columns = table_type(names, [*own, *others, *similar])
    return rows_after("Table.FuzzyJoin", left, lambda: _pairs(sides, of, with_score=bool(score)), of_columns)


def _left_chosen(sides: _Sides, matched: bool) -> Iterator[Row]:
    left, _, matches = sides.matched()
    return (row for row, found in zip(left, matches, strict=True) if bool(found) == matched)


def _right_chosen(sides: _Sides, matched: bool) -> Iterator[Row]:
    _, right, matches = sides.matched()
    taken = {match.at for found in matches for match in found}
    return (row for at, row in enumerate(right) if (at in taken) == matched)


def _pairs(sides: _Sides, kind: JoinKind, *, with_score: bool) -> Iterator[Row]:
    left, right, matches = sides.matched()
    no_left, no_right = [None] * len(sides.left.names), [None] * len(sides.right.names)
    taken: set[int] = set()
    for row, found in zip(left, matches, strict=True):
        taken.update(match.at for match in found)
        for at, score in found:
            yield [*row, *right[at], *([score] if with_score else [])]
        if not found and kind in ("left", "full"):
            yield [*row, *no_right, *([None] if with_score else [])]
    if kind in ("right", "full"):
        for at, row in enumerate(right):
            if at not in taken:
                yield [*no_left, *row, *([None] if with_score else [])]


@function(
    "Table.FuzzyNestedJoin(table1 as table, key1 as any, table2 as table, key2 as any, newColumnName as text, optional"
    " joinKind as nullable number, optional joinOptions as nullable record) as table",
    examples=[
        ('Table.FuzzyNestedJoin(#table(type table [A = text], {{"Seatle"}, {"Rome"}}), "A",'
         ' #table(type table [B = text], {{"Seattle"}}), "B", "J")',
         '#table({"A", "J"}, {{"Seatle", #table({"B"}, {{"Seattle"}})}, {"Rome", #table({"B"}, {})}})'),
    ],
)  # fmt: skip
def fuzzy_nested_join(
    left: Table, key1: Value, right: Table, key2: Value, column: str, kind: Value = None, options: Record | None = None
) -> Table:
    """The first table with a column of tables: the rows of the second whose keys are alike.

    Options: as for Table.FuzzyJoin; the column that says how alike the keys are is one of the tables in the new column.
    """
    wanted = fuzzy_options(options, "Table.FuzzyNestedJoin", joins=True)
    sides = _Sides(left, key1, right, key2, wanted)
    nested = _with_score(right, wanted)
    of = _kind(kind, "left")
    keeps_left = of in ("inner", "left", "left_anti", "left_semi")
    types = left.column_types if keeps_left else map(t.nullable, left.column_types)
    made = table_type(unique_or_error([*left.names, column]), [*types, nested])
    if of == "left":
        return RowTable(made, lambda: _nested_later(sides, nested))
    return RowTable(made, lambda: _nested(sides, nested, of))


def _with_score(table: Table, options: FuzzyOptions) -> t.TableType:
    """The type of the tables in the new column."""
    if options.similarity_column is None:
        return table.type
    names = unique_or_error([*table.names, options.similarity_column])
    return table_type(names, [*table.column_types, t.NUMBER])


def _nested_later(sides: _Sides, of: t.TableType) -> Iterator[Row]:
    """All left rows; what they match is found out when a cell of the new column is asked for."""
    matched = Thunk(sides.matched)
    for at, row in enumerate(sides.left.rows()):
        yield [*row, Thunk(_later_cell(sides, of, matched, at))]


def _later_cell(sides: _Sides, of: t.TableType, matched: Thunk, at: int) -> Callable[[], Value]:
    def make() -> Table:
        _, right, matches = matched.get()
        return _cell(sides, of, right, matches[at])

    return make


def _cell(sides: _Sides, of: t.TableType, right: Sequence[Row], found: Sequence[Match]) -> Table:
    if sides.options.similarity_column is None:
        return RowTable.held(of, [right[at] for at, _ in found])
    return RowTable.held(of, [[*right[at], score] for at, score in found])


def _nested(sides: _Sides, of: t.TableType, kind: JoinKind) -> Iterator[Row]:
    left, right, matches = sides.matched()
    for row, found in zip(left, matches, strict=True) if kind not in ("right_anti", "right_semi") else ():
        if (found and kind != "left_anti") or (not found and kind in ("full", "left_anti")):
            yield [*row, _cell(sides, of, right, found)]
    if kind in ("right", "full", "right_anti", "right_semi"):
        taken = {match.at for found in matches for match in found}
        rest = [Match(at, 0.0) for at in range(len(right)) if (at in taken) == (kind == "right_semi")]
        if rest:
            yield [*[None] * len(sides.left.names), _cell(sides, of, right, rest)]
