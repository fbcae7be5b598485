"""From a column's name and values to what it may hold, how sure that is, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from headwater.catalog.classifying.recognising import LIKELY, Recogniser, Sample

__all__ = ["FEWEST", "Suggestion", "suggestions_for"]

#: Fewer different values prove nothing by themselves.
FEWEST = 5
#: How sure: by values that tell by themselves, by values that fit and the name, by the name where there are no values.
_BY_BOTH, _BY_VALUES, _BY_NAME_AND_FORM, _BY_NAME = 0.98, 0.85, 0.7, 0.4


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a column may hold. ``reason`` says why, and holds no value."""

    classification: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    recogniser: Recogniser
    named: bool
    suggestion: Suggestion


def suggestions_for(sample: Sample, recognisers: Iterable[Recogniser]) -> list[Suggestion]:
    """What a column may hold, the surest first.

    >>> import re
    >>> digits = Recogniser("D", "numbers", lambda value: float(value.isdecimal()), None)
    >>> suggestions_for(Sample("n", ("1", "2", "3", "4", "5", "6")), [digits])
    [Suggestion(classification='D', confidence=0.85, reason='6 of 6 sampled values look like numbers.')]
    """
    found = [verdict for each in recognisers if (verdict := _judge(sample, each)) is not None]
    driven_out = {each.recogniser.family for each in found if each.named and each.recogniser.family}
    kept = [each.suggestion for each in found if each.named or each.recogniser.family not in driven_out]
    best: dict[str, Suggestion] = {}
    for suggestion in sorted(kept, key=lambda each: -each.confidence):
        best.setdefault(suggestion.classification, suggestion)
    return list(best.values())


def _judge(sample: Sample, recogniser: Recogniser) -> _Verdict | None:
    named = recogniser.named is not None and recogniser.named(sample.name)
    confidence, reason = _weigh(sample, named, recogniser)
    if not confidence:
        return None
    return _Verdict(recogniser, named, Suggestion(recogniser.classification, round(confidence, 2), reason))


def _weigh(sample: Sample, named: bool, recogniser: Recogniser) -> tuple[float, str]:
    """How sure it is, 0 where it is not; and why."""
    of_name = f"The name says that it holds {recogniser.things}"
    if recogniser.needs_name and not named:
        return 0.0, ""
    if recogniser.score is None:
        return (_BY_NAME_AND_FORM, f"{of_name}.") if named else (0.0, "")
    if not sample.values:
        return (_BY_NAME, f"{of_name}; no values could be looked at.") if named else (0.0, "")
    counts = Counter(sample.values)
    scores = {value: recogniser.score(value) for value in counts}
    likely = sum(count for value, count in counts.items() if scores[value] >= LIKELY)
    possible = sum(count for value, count in counts.items() if scores[value] > 0)
    total, least = counts.total(), recogniser.least_share
    if likely >= least * total and (named or len(counts) >= FEWEST):
        share = likely / total
        return share * (_BY_BOTH if named else _BY_VALUES), _reason(likely, total, recogniser, named)
    if named and possible >= least * total:
        return possible / total * _BY_NAME_AND_FORM, _reason(possible, total, recogniser, named)
    return 0.0, ""


def _reason(count: int, total: int, recogniser: Recogniser, named: bool) -> str:
    too = "; the name says so too" if named else ""
    return f"{count} of {total} sampled values look like {recogniser.things}{too}."
