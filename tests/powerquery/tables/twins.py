"""One table made twice, as rows and as a plan, and what both ways of an operation make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from headwater.engines import Engine, load_engine
from headwater.errors import MError
from headwater.powerquery import PlanTable, Session, evaluate
from headwater.powerquery.evaluator.run import on_deep_stack
from headwater.powerquery.tables.arrow import literal_detail
from headwater.powerquery.tables.holding import to_plan
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values.core import Thunk, Value, force, plain
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.text import canonical_text
from headwater.powerquery.values.types import Type, type_text


@dataclass(frozen=True)
class Bad:
    """A cell that is an error, in the data of a test."""

    message: str = "bad cell"
    detail: str | None = "d"

    def member(self) -> Thunk:
        return Thunk.failed(MError("Test.Error", self.message, self.detail))


@dataclass(frozen=True)
class Data:
    """Columns by name, each with its M type and its cells."""

    columns: Mapping[str, tuple[Type, Sequence[object]]]

    @property
    def height(self) -> int:
        return max((len(cells) for _, cells in self.columns.values()), default=0)

    def rows(self) -> list[list[Value]]:
        listed = [cells for _, cells in self.columns.values()]
        return [[c.member() if isinstance(c, Bad) else c for c in row] for row in zip(*listed, strict=True)]

    def as_rows(self) -> RowTable:
        """The table held by the evaluator."""
        return RowTable.held(table_type(list(self.columns), [of for of, _ in self.columns.values()]), self.rows())

    def as_plan(self, session: Session) -> PlanTable:
        """The table as a plan over Arrow data."""
        return to_plan(self.as_rows(), self.rows(), session)


@cache
def engine() -> Engine:
    """One engine for all tests: starting one costs more than most of them."""
    return load_engine("duckdb", threads=2)


def new_session(environment: Mapping[str, Value] | None = None) -> Session:
    session = Session(environment=environment or {})
    session.__dict__["engine"] = engine()
    return session


@dataclass(frozen=True)
class Failure:
    """An expression or a table that is an error as a whole."""

    reason: str
    message: str


@dataclass(frozen=True)
class Shown:
    """All of a table that a person can tell: its type, and its rows with errors in their cells."""

    type: str
    rows: tuple[tuple[str, ...], ...]


def shown_cell(cell: Value) -> str:
    try:
        value = plain(force(cell))
        if isinstance(value, Table):
            return str(shown_table(value))
        return canonical_text(value)
    except MError as error:
        # A plan holds a detail as text, if it is a scalar.
        return f"{error.reason}: {error.message} {literal_detail(error.detail) or ''}".strip()


def shown_table(table: Table) -> Shown:
    return Shown(type_text(table.type), tuple(tuple(shown_cell(c) for c in row) for row in table.rows()))


def shown(value: Value) -> Shown | Failure | str:
    """What a value is, to the last cell."""

    def work() -> Shown | Failure | str:
        try:
            inner = plain(value() if callable(value) else value)
            return shown_table(inner) if isinstance(inner, Table) else shown_cell(inner)
        except MError as error:
            return Failure(error.reason, error.message)

    return on_deep_stack(work)


@dataclass
class Pair:
    """The same tables for both ways, under the names that M text knows them by."""

    data: Mapping[str, Data]
    functions: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.row_session, self.plan_session = new_session(), new_session()
        self.as_rows: dict[str, Value] = {**self.functions, **{n: d.as_rows() for n, d in self.data.items()}}
        plans = {n: d.as_plan(self.plan_session) for n, d in self.data.items()}
        self.as_plan: dict[str, Value] = {**self.functions, **plans}

    def on_rows(self, source: str) -> Value:
        return self._evaluated(source, self.row_session, self.as_rows)

    def on_plan(self, source: str) -> Value:
        return self._evaluated(source, self.plan_session, self.as_plan)

    @staticmethod
    def _evaluated(source: str, session: Session, environment: dict[str, Value]) -> Value:
        session.environment = environment
        return evaluate(source, session=session)

    def both(self, source: str) -> tuple[Shown | Failure | str, Shown | Failure | str]:
        """What rows and plan make of M text."""
        return shown(lambda: self.on_rows(source)), shown(lambda: self.on_plan(source))

    def folded(self, source: str) -> bool:
        """Whether all of the text folds."""
        before = len(self.plan_session.unfolded)
        result = plain(self.on_plan(source))
        return isinstance(result, PlanTable) and len(self.plan_session.unfolded) == before


def agree(pair: Pair, source: str) -> Shown | Failure | str:
    """Fail unless both ways give the same; which of several rows' errors ends a query is not told."""
    rows, plan = pair.both(source)
    several = sum(table.height for table in pair.data.values()) > 1
    if not (several and isinstance(rows, Failure) and isinstance(plan, Failure)):
        assert plan == rows, f"{source}\nrows: {rows}\nplan: {plan}"
    return rows
