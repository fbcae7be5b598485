"""Which applied steps left the engine, and why: the indicators beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from headwater.powerquery.editing.steps import applied_steps
from headwater.powerquery.evaluator.session import Unfolded
from headwater.powerquery.language import LineIndex

__all__ = ["unfolded_steps"]

_PLACE = re.compile(r"(.*), line ([0-9]+), column ([0-9]+)")


def unfolded_steps(text: str, unfolded: Sequence[Unfolded], source_name: str = "M text") -> dict[str, tuple[str, ...]]:
    """The reasons for which steps ran on the evaluator, by name of the step; every other step folded.

    Args:
        text: the query.
        unfolded: what the session of its evaluation noted.
        source_name: what places in this text are called; other queries' are left out.

    Raises:
        UsageError: the text does not parse.
    """
    lines = LineIndex(text)
    spans = {
        step.name: (lines.position(step.span.start), lines.position(step.span.end)) for step in applied_steps(text)
    }
    found: dict[str, dict[str, None]] = {}
    for each in unfolded:
        place = _PLACE.fullmatch(each.place)
        if place is None or place[1] != source_name:
            continue
        at = (int(place[2]), int(place[3]))
        for name, (start, end) in spans.items():
            if start <= at < end:
                found.setdefault(name, {})[f"{each.function}: {each.reason}"] = None
    return {name: tuple(reasons) for name, reasons in found.items()}
