"""A column from examples: the formula that gives what somebody wrote into a few of its cells.

The search is bounded: single formulas of one column, arithmetic of two, and texts put together from at most four of
them with constants between. Every formula is tried by the evaluator, so what is found gives just what was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from headwater.errors import MError, UsageError
from headwater.powerquery.api import evaluate
from headwater.powerquery.editing.candidates import NUMBERS, number_candidates, text_candidates
from headwater.powerquery.evaluator.session import Session
from headwater.powerquery.language import quote_text
from headwater.powerquery.values.core import List, Record, Value

__all__ = ["Inferred", "column_from_examples"]

_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
_MOST_PARTS = 4
_MOST_FORMULAS = 5_000
_MOST_TRIES = 20_000
_ATOM_COST, _LETTER_COST = 3, 4


@dataclass(frozen=True, slots=True)
class Inferred:
    """The formula of a new column, to stand behind ``each``, and the type of its values."""

    formula: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Atom:
    """A formula with the texts that it gives in the examples' rows."""

    formula: str
    values: tuple[str, ...]
    order: int


def column_from_examples(
    rows: Sequence[Mapping[str, Value]], examples: Mapping[int, str], session: Session | None = None
) -> Inferred | None:
    """The formula that gives the examples; None where none was found.

    Args:
        rows: sample rows, with the columns to be looked at alone.
        examples: what somebody wrote into the new column, by number of the row.
        session: the culture and clock to evaluate with.

    Raises:
        UsageError: no example was given, or one for a row that is not there.

    >>> rows = [{"name": "Ann Lee", "age": 31}, {"name": "Bo Kit", "age": 4}]
    >>> print(column_from_examples(rows, {0: "LEE (31)", 1: "KIT (4)"}).formula)
    Text.Upper(Text.AfterDelimiter([name], " ")) & " (" & Text.From([age]) & ")"
    """
    if not examples or any(not 0 <= at < len(rows) for at in examples):
        raise UsageError("An example belongs to a row that is shown.", hint="Give one for at least one row.")
    used = [rows[at] for at in examples]
    wanted = tuple(examples.values())
    session = session or Session()
    return _number(used, wanted, session) or _text(used, wanted, session)


def _number(rows: Sequence[Mapping[str, Value]], wanted: tuple[str, ...], session: Session) -> Inferred | None:
    numbers = [_as_number(each) for each in wanted]
    first = numbers[0]
    if first is None or None in numbers:
        return None
    columns = [name for name in rows[0] if all(_is_number(row[name]) for row in rows)]
    given = [cell for name in columns if isinstance(cell := rows[0][name], NUMBERS)]
    formulas = list(number_candidates(columns, first, given))
    for formula, values in zip(formulas, _tried(formulas, rows, session), strict=True):
        if [value if _is_number(value) else None for value in values] == numbers:
            return Inferred(formula, "number")
    return None


def _text(rows: Sequence[Mapping[str, Value]], wanted: tuple[str, ...], session: Session) -> Inferred | None:
    every = (each for name in rows[0] for each in text_candidates(name, [row[name] for row in rows]))
    formulas = list(islice(every, _MOST_FORMULAS))
    atoms: dict[tuple[str, ...], _Atom] = {}
    for order, (formula, values) in enumerate(zip(formulas, _tried(formulas, rows, session), strict=True)):
        texts = tuple(value for value in values if isinstance(value, str) and value)
        # Of formulas that give the same, the simplest is kept; one that is nowhere in the examples is of no use.
        if len(texts) == len(rows) and all(map(str.__contains__, wanted, texts)):
            atoms.setdefault(texts, _Atom(formula, texts, order))
    best = _Search(list(atoms.values()), wanted).best()
    return Inferred(" & ".join(best.parts), "text") if best else None


def _tried(formulas: Sequence[str], rows: Sequence[Mapping[str, Value]], session: Session) -> list[list[Value]]:
    """What each formula gives in each row; null where it fails."""
    if not formulas:
        return []
    items = ", ".join(f"try ({formula}) otherwise null" for formula in formulas)
    given = List([Record.of(dict(row)) for row in rows])
    inner = Session(session.culture, session.timezone, session.clock, environment={"rows": given})
    try:
        result = evaluate(f"List.Transform(rows, each {{{items}}})", session=inner)
        listed = [list(row) for row in result if isinstance(row, List)] if isinstance(result, List) else []
    except MError:
        listed = []
    return [list(column) for column in zip(*listed, strict=True)] or [[None] * len(rows) for _ in formulas]


@dataclass(frozen=True, slots=True)
class _Way:
    """Parts that give the rest of each example; the cheaper one is what was likelier meant."""

    cost: tuple[int, int] = (0, 0)
    parts: tuple[str, ...] = ()
    atoms: int = 0

    def after(self, part: str, cost: int, order: int = 0, *, atom: bool) -> _Way:
        """The way that begins with one part more."""
        total = (self.cost[0] + cost, self.cost[1] + order)
        return _Way(total, (part, *self.parts), self.atoms + atom)


class _Search:
    """The best way to put the examples together from formulas' texts, with constants between them."""

    def __init__(self, atoms: list[_Atom], wanted: tuple[str, ...]) -> None:
        self._atoms = atoms
        self._wanted = wanted
        self._known: dict[tuple[tuple[int, ...], int, bool], _Way | None] = {}

    def best(self) -> _Way | None:
        """The best way in which a column plays a part."""
        ways = (self._from((0,) * len(self._wanted), most, constant=False) for most in range(_MOST_PARTS, 0, -1))
        return next((way for way in ways if way is not None and way.atoms), None)

    def _from(self, at: tuple[int, ...], most: int, *, constant: bool) -> _Way | None:
        """The best way to go on from a place in each example, with so many formulas at most."""
        key = (at, most, constant)
        if key not in self._known:
            done = all(place == len(text) for place, text in zip(at, self._wanted, strict=True))
            if done:
                self._known[key] = _Way()
            elif len(self._known) < _MOST_TRIES:
                self._known[key] = min(self._ways(at, most, constant=constant), key=lambda way: way.cost, default=None)
        return self._known.get(key)

    def _ways(self, at: tuple[int, ...], most: int, *, constant: bool) -> Iterator[_Way]:
        for atom in self._atoms if most else ():
            if all(map(str.startswith, self._wanted, atom.values, at)):
                after = tuple(place + len(text) for place, text in zip(at, atom.values, strict=True))
                rest = self._from(after, most - 1, constant=False)
                if rest is not None:
                    yield rest.after(atom.formula, _ATOM_COST, atom.order, atom=True)
        if not constant:
            yield from self._constants(at, most)

    def _constants(self, at: tuple[int, ...], most: int) -> Iterator[_Way]:
        """The ways that begin with a constant; two constants in a row would be one."""
        shared = _common_start([text[place:] for place, text in zip(at, self._wanted, strict=True)])
        for length in range(1, len(shared) + 1):
            rest = self._from(tuple(place + length for place in at), most, constant=True)
            if rest is not None:
                written = shared[:length]
                cost = 1 + _LETTER_COST * sum(character.isalnum() for character in written)
                yield rest.after(quote_text(written), cost, atom=False)


def _common_start(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    length = next((at for at, character in enumerate(first) if character != last[at : at + 1]), len(first))
    return first[:length]


def _is_number(value: Value) -> bool:
    return isinstance(value, NUMBERS) and not isinstance(value, bool)


def _as_number(text: str) -> float | None:
    # "007" and "1e3" are texts that somebody wants as they are.
    return float(text) if _PLAIN_NUMBER.fullmatch(text) else None
