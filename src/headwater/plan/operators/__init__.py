"""The operators a plan knows, each with its typing rule and its meaning for null and errors.

An engine declares which of these it folds, and a conformance case proves each one against the evaluator. Meaning,
the same on every engine (M's own):

- ``= <>``: null equals null; int64, double and decimal compare by value; text by code point. Never null.
- ``< <= > >=``: null when either side is null; text by code point. Columns are of one kind, so kinds never mix.
- ``+ - * /`` on numbers: double arithmetic; null when either side is null; division by zero is infinity or NaN.
- ``+ -`` on dates, times and durations: what lies outside the kind's range is an error.
- ``&``: text; null when either side is null.
- ``and or``: false decides ``and``, true decides ``or``, else null if either side is null; an error on the right
  counts only if the left does not decide.
- ``not``: null of null.
- ``if``: (condition, then, else): a null condition is an error; only the chosen branch's error counts.
- ``??``: the right side where the left is null.
- ``otherwise``: (value, fallback): the fallback where value is an error.
- ``[]``: a record's field, named by ``option``; null of a null record is an error.
- Conversions (``Number.From`` …): null of null; a value that cannot be converted is an error
  ``DataFormat.Error`` whose detail is the value. Empty text converts to null. ``option`` is the culture
  (``en-US``, or "" for invariant); a culture that is not listed in ``FOLDED_CULTURES`` does not fold. What text
  converts to what, and the errors, are in :mod:`headwater.plan.conversions`.
- ``Date.*``, ``Text.*``, ``Number.*``: null of null, but for arguments that are ``required``.
- ``List.*`` of some values: nulls are ignored; null where nothing is left.

Text, numbers and dates have a module each here, and so have functions of many rows.
"""

from __future__ import annotations

from headwater.plan.operators import dates, general, numbers, text
from headwater.plan.operators.aggregates import AGGREGATES as _AGGREGATES
from headwater.plan.operators.aggregates import Aggregate
from headwater.plan.operators.rules import FOLDED_CULTURES, Operator

__all__ = ["AGGREGATES", "FOLDED_CULTURES", "OPERATORS", "Aggregate", "Operator"]

OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operators in (general.OPERATORS, text.OPERATORS, numbers.OPERATORS, dates.OPERATORS)
    for operator in operators
}

AGGREGATES: dict[str, Aggregate] = {aggregate.name: aggregate for aggregate in _AGGREGATES}
