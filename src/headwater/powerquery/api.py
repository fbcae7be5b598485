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
from headwater.powerquery.evaluator.limits import Limits
from headwater.powerquery.evaluator.program import evaluate_text
from headwater.powerquery.evaluator.run import on_deep_stack
from headwater.powerquery.evaluator.session import Session, Unfolded
from headwater.powerquery.tables.plan_table import PlanTable, held_rows, settled
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.tables.running import for_explaining
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
    limits: Limits | None = None,
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
        limits: evaluate in a process of its own that is killed when it goes beyond them; all of the value is
            evaluated there, a function in it stays behind, and the clock stands still.

    Raises:
        MSyntaxError: the text cannot be read.
        MError: the expression is an error; ``reason`` and ``message`` are M's. Or a limit was reached; the code says
            which: ``m.limit_seconds``, ``m.limit_memory``, ``m.limit_rows``, ``m.limit_output``.
        UsageError: with ``limits``, the session holds something that cannot be given to another process.

    >>> evaluate("1 + 1")
    2
    """
    session = session or Session(culture, timezone, environment=environment or {}, folders=folders)
    if limits is not None:
        from headwater.powerquery.evaluator.apart import evaluate_apart

        return evaluate_apart(source, session, source_name, limits)
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
            return settled(table)
        if not isinstance(table, Table):
            raise MError(
                "Expression.Error",
                f"The result is a {kind_of(table)}, not a table.",
                hint="Choose a query that is one.",
            )
        outside = table.outside if isinstance(table, RowTable) else None
        return held_rows(table, session, outside.made_from if outside else None)

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
    run = planned.reader().read_all()
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
    return Explanation(value.plan, session.engine.explain(for_explaining(value.plan)), tuple(session.unfolded))
