"""How alike two texts are, for joins and groups by fuzzy matching.

Two texts are compared by their words: words are paired when they are spelled alike, and the similarity is Jaccard's,
the paired part of all words, each counted by its length and each pair by how alike it is spelled. Where spaces do not
count, the spelling of the whole texts without them may say more.

>>> round(similarity(forms("Vancover"), forms("Vancouver")), 2), similarity(forms("micro soft"), forms("Microsoft"))
(0.89, 1.0)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from headwater.errors import MError
from headwater.powerquery.library.arguments import known_options, record_of, table_of, text_of, whole
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.options import logical_option
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert, is_number

_WORD = re.compile(r"\w+")
_ALIKE = 0.5
"""Words less alike than this are not taken for spellings of one."""
_OPTIONS = (
    "ConcurrentRequests",
    "Culture",
    "IgnoreCase",
    "IgnoreSpace",
    "SimilarityColumnName",
    "Threshold",
    "TransformationTable",
)


@dataclass(frozen=True, slots=True)
class Form:
    """One way to read a text: its words, and the text as its spelling is compared, which is None where spaces count."""

    words: tuple[str, ...]
    spelling: str | None

    @property
    def length(self) -> int:
        """The number of characters that count."""
        return sum(map(len, self.words))

    @property
    def letters(self) -> str:
        """The characters that count, sorted: what two texts have of them in common is their longest common sequence."""
        return "".join(sorted("".join(self.words)))


def forms(
    text: str, transformed: str | None = None, *, ignore_case: bool = True, ignore_space: bool = True
) -> list[Form]:
    """The ways to read a text: as it is, and as it is after the transformations."""
    made = []
    for reading in {text: None} if transformed is None else {text: None, transformed: None}:
        folded = reading.casefold() if ignore_case else reading
        words = tuple(_WORD.findall(folded)) or ((folded,) if folded else ())
        made.append(Form(words, "".join(words) if ignore_space else None))
    return made


def similarity(left: Sequence[Form], right: Sequence[Form], least: float = 0.0) -> float:
    """How alike two texts are, from 0 to 1; 0 where that is less than ``least``."""
    best = max((_similarity(one, other, least) for one in left for other in right), default=0.0)
    return best if best >= least else 0.0


def _similarity(left: Form, right: Form, least: float) -> float:
    if left.words == right.words:
        return 1.0
    short, long = sorted((left.length, right.length))
    if short < least * long:
        return 0.0  # what is longer has no counterpart: neither measure can reach that much
    from rapidfuzz.distance import Levenshtein

    spelled = 0.0
    if left.spelling is not None and right.spelling is not None:
        spelled = Levenshtein.normalized_similarity(left.spelling, right.spelling, score_cutoff=least)
    if len(left.words) == len(right.words) == 1 and left.spelling is not None:
        return spelled
    return max(spelled, _by_words(left, right, Levenshtein.normalized_similarity))


def enough_letters(least: float, one: int, other: int) -> int:
    """How many letters two texts of these lengths have in common if they are at least so much alike.

    A pair of words shares no more than the letters that they have in common, and all words are no less than half the
    letters of both texts; neither can the spelling of a whole text be changed into another's by fewer steps than the
    longer one has other letters.
    """
    return ceil(least * (one + other) / 2 - 1e-9)


def _by_words(left: Form, right: Form, alike: Callable[[str, str], float]) -> float:
    """Jaccard's similarity of the words, each taken for the most alike of the other text."""
    pairs = sorted(
        ((alike(a, b), -at, -to) for at, a in enumerate(left.words) for to, b in enumerate(right.words)), reverse=True
    )
    left_free, right_free = set(range(len(left.words))), set(range(len(right.words)))
    shared = paired = 0.0
    for score, at, to in pairs:
        if score < _ALIKE or -at not in left_free or -to not in right_free:
            continue
        left_free.discard(-at)
        right_free.discard(-to)
        size = (len(left.words[-at]) + len(right.words[-to])) / 2
        shared += score * size
        paired += size
    return shared / (left.length + right.length - paired) if left.length + right.length else 0.0


# -- options -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FuzzyOptions:
    """What the options record of a fuzzy function asks for."""

    threshold: float = 0.8
    ignore_case: bool = True
    ignore_space: bool = True
    matches: int | None = None
    similarity_column: str | None = None
    transformations: tuple[tuple[re.Pattern[str], str], ...] = ()

    def forms(self, text: str) -> list[Form]:
        """The ways to read a text under these options."""
        changed = text
        for phrase, to in self.transformations:
            changed = _replaced(phrase, to, changed)
        transformed = None if changed == text else changed
        return forms(text, transformed, ignore_case=self.ignore_case, ignore_space=self.ignore_space)


def _replaced(phrase: re.Pattern[str], to: str, text: str) -> str:
    return phrase.sub(lambda _: to, text)


def fuzzy_options(options: Record | None, function: str, *, joins: bool) -> FuzzyOptions:
    """The options of a fuzzy function.

    Raises:
        MError: Expression.Error, an option is unknown, or its value is none that it can have.
    """
    given = known_options(options, function, *_OPTIONS, *(("NumberOfMatches",) if joins else ()))
    culture_of(text_of(given.get("Culture", "")))
    if whole(given.get("ConcurrentRequests", 1), "ConcurrentRequests", least=1) > 8:
        raise MError("Expression.Error", "The 'ConcurrentRequests' option is a number from 1 to 8.", options)
    ignore_case = logical_option(given, "IgnoreCase", True)
    matches, column = given.get("NumberOfMatches"), given.get("SimilarityColumnName")
    return FuzzyOptions(
        threshold=_threshold(given.get("Threshold", 0.8)),
        ignore_case=ignore_case,
        ignore_space=logical_option(given, "IgnoreSpace", True),
        matches=None if matches is None else whole(matches, "NumberOfMatches", least=0),
        similarity_column=None if column is None else text_of(column),
        transformations=tuple(_transformations(given.get("TransformationTable"), ignore_case)),
    )


def _threshold(value: Value) -> float:
    if not is_number(value):
        raise cannot_convert(value, "Number")
    if not 0 <= value <= 1:
        raise MError("Expression.Error", "The 'Threshold' option is a number from 0 to 1.", value)
    return float(value)


def _transformations(table: Value, ignore_case: bool) -> Iterator[tuple[re.Pattern[str], str]]:
    """From each row of a table with the columns From and To: the words to look for, and what they stand for."""
    if table is None:
        return
    for row in table_of(table).records():
        described = record_of(row)
        phrase, to = text_of(described.plain("From")), text_of(plain(described.plain("To")))
        pattern = rf"(?<!\w){re.escape(phrase)}(?!\w)"
        yield re.compile(pattern, re.IGNORECASE if ignore_case else re.NOFLAG), to
