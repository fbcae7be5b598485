"""The facade: what a caller of the language needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from headwater.engines import Fragment
from headwater.errors import MError
from headwater.plan.nodes import Node
from headwater.plan.printing import plan_lines
from headwater.powerquery.evaluator.program import evaluate_text
from headwater.powerquery.evaluator.run import on_deep_stack
from headwater.powerquery.evaluator.session import Session, Unfolded
from headwater.powerquery.tables.holding import to_plan
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.text import canonical_text
from headwater.powerquery.values.types import kind_of


def evaluate(
    source: str,
    culture: str = "en-US",
    *,
    environment: Mapping[str, Value] | None = None,
    folders: Sequence[Path] = (),
    timezone: dt.tzinfo = dt.UTC,
    session: Session | None = None,
    source_name: str = "",
) -> Value:
    """The value of M text: an expression, or a section document (a record of its members).

    Args:
        source: the text.
        culture: how text is read and written where M does not say, e.g. ``en-US``; "" is invariant.
        environment: names beyond the library's.
        folders: folders whose files the text may read; none by default.
        timezone: the zone of local times.
        session: everything about the evaluation, in place of the arguments above.
        source_name: what errors call the text, e.g. its file name.

    Raises:
        MSyntaxError: the text cannot be read.
        MError: the expression is an error; ``reason`` and ``message`` are M's.

    >>> evaluate("1 + 1")
    2
    """
    session = session or Session(culture, timezone, environment=environment or {}, folders=folders)
    return on_deep_stack(lambda: evaluate_text(source, session, source_name))


def to_text(value: Value) -> str:
    """Canonical M text of a value; evaluates all of it.

    Raises:
        MError: a member of the value is an error.

    >>> to_text(evaluate("[a = 1, b = {true, null}]"))
    '[a = 1, b = {true, null}]'
    """
    return on_deep_stack(lambda: canonical_text(value))


def to_plan_table(value: Value | Callable[[], Value], session: Session) -> PlanTable:
    """A table value, or what a callable gives, as a plan; a table that the evaluator made is held as Arrow.

    Raises:
        MError: the value is an error, or no table.
        NotFoldableError: a column holds values of several kinds.
    """

    def work() -> PlanTable:
        table = plain(value() if callable(value) else value)
        if isinstance(table, PlanTable):
            return table
        if not isinstance(table, Table):
            raise MError(
                "Expression.Error",
                f"The result is a {kind_of(table)}, not a table.",
                hint="Choose a query that is one.",
            )
        return to_plan(table, list(table.rows()), session)

    return on_deep_stack(work)


def to_arrow(value: Value, session: Session | None = None) -> pa.Table:
    """A table value as an Arrow table: columns under their M names, error cells null.

    Raises:
        MError: the value is no table, or the evaluation fails.
        NotFoldableError: a column holds values of several kinds.

    >>> to_arrow(evaluate('#table({"A"}, {{1}, {2}})')).to_pydict()
    {'A': [1, 2]}
    """
    planned = to_plan_table(value, session or Session())
    run = planned.session.engine.table(planned.plan)
    columns = [run.column(c.id) for c in planned.plan.columns]
    return pa.Table.from_arrays(columns, names=list(planned.names))


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a table would be computed: its plan, the SQL of each fragment, and the steps that left the engine."""

    plan: Node | None
    fragments: tuple[Fragment, ...]
    unfolded: tuple[Unfolded, ...]

    def to_text(self) -> str:
        """The explanation for a person."""
        parts = ["Plan" if self.plan is not None else "The result is no plan: the evaluator computes it."]
        if self.plan is not None:
            parts += [f"  {line}" for line in plan_lines(self.plan)]
        for number, fragment in enumerate(self.fragments, start=1):
            parts += ["", f"Fragment {number}: {fragment.label}", fragment.sql]
        if self.unfolded:
            parts += ["", "Steps that did not fold:"]
        elif self.plan is not None:
            parts += ["", "Every step folded."]
        parts += [f"  {u.function}: {u.reason}{f' ({u.place})' if u.place else ''}" for u in self.unfolded]
        return "\n".join(parts)


def explain(value: Value, session: Session) -> Explanation:
    """How ``value``, made in ``session``, is computed; nothing runs."""
    value = plain(value)
    if not isinstance(value, PlanTable):
        return Explanation(None, (), tuple(session.unfolded))
    return Explanation(value.plan, session.engine.explain(value.plan), tuple(session.unfolded))
