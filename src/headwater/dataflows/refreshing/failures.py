"""What failed, told so that somebody can mend it: which entity, which of its steps, where in the text, what to do."""

from __future__ import annotations

import re

from headwater.errors import HeadwaterError, RefreshError
from headwater.powerquery.language import LineIndex, parse_expression, syntax

__all__ = ["entity_failure", "step_at"]

_PLACE = re.compile(r"^(?P<file>.+)\.pq, line (?P<line>\d+), column (?P<column>\d+)$")


def entity_failure(dataflow: str, entity: str, queries: dict[str, str], error: HeadwaterError) -> RefreshError:
    """The failure of an entity, as it ends the refresh and is kept.

    Args:
        dataflow: its name.
        entity: the query that failed.
        queries: the M text of each query, to name the step by.
        error: what it failed with.
    """
    where, step = f"{dataflow}, query {entity}", None
    found = _PLACE.match(error.place)
    if found is not None and found["file"] in queries:
        step = step_at(queries[found["file"]], int(found["line"]), int(found["column"]))
        of = "" if found["file"] == entity else f" of the query '{found['file']}'"
        where += f", step '{step}'{of}" if step else ""
    told = f" in its step '{step}'" if step and found is not None and found["file"] == entity else ""
    return RefreshError(
        f"The query '{entity}' failed{told}: {error}",
        place=f"{where}, {error.place}" if error.place else where,
        hint=error.hint or "Correct the query, or the data it reads; what was published before is unchanged.",
        code=f"refresh.{error.code}",
    )


def step_at(text: str, line: int, column: int) -> str | None:
    """The step of a query that stands at a place: the binding of its outermost ``let``; None outside of these.

    >>> step_at("let\\n    Source = 1,\\n    Next = Source + null\\nin\\n    Next", 3, 12)
    'Next'
    """
    tree = parse_expression(text)
    while isinstance(tree, syntax.Parenthesized):
        tree = tree.inner
    if not isinstance(tree, syntax.Let):
        return None
    lines = LineIndex(text)
    for binding in tree.bindings:
        if lines.position(binding.span.start) <= (line, column) <= lines.position(binding.span.end):
            return binding.name
    return None
