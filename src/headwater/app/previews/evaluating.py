"""Previews of steps: a query is evaluated up to one of its steps, with the rights of whoever looks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from headwater.access import Actor
from headwater.access.policies import Restriction
from headwater.app.previews.cells import cell
from headwater.app.previews.closed import closed
from headwater.app.previews.held import Rows, rows_of
from headwater.app.previews.profile import ColumnProfile, column_profile
from headwater.app.previews.shapes import as_table
from headwater.app.previews.steps import Folding, folding_of, up_to
from headwater.app.reach import reach_of
from headwater.dataflows.definitions.settings import LinkedEntity
from headwater.dataflows.linked import LinkedTables
from headwater.errors import MSyntaxError, NotFoundError
from headwater.models.environment import SessionStore
from headwater.models.library import ModelLibrary, NamesAndModels
from headwater.powerquery import PlanTable, Session, Value, evaluate_queries, on_deep_stack
from headwater.powerquery.language import parse_expression
from headwater.powerquery.values.core import Record, Thunk, plain
from headwater.powerquery.values.types import (
    FunctionType,
    ListType,
    NullableType,
    PrimitiveType,
    RecordType,
    TableType,
    Type,
    kind_of,
    type_text,
)

if TYPE_CHECKING:
    from headwater.app.runtime import Headwater

__all__ = ["Draft", "PreviewColumn", "PreviewPage", "PreviewSummary", "Previewer"]

#: How many previews of one person are kept ready: going back to a step costs nothing.
MOST_OPEN: Final = 8
#: How many rows a profile looks at, where not all are asked for.
PROFILED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Draft:
    """A dataflow as somebody is editing it, saved or not.

    Attributes:
        queries: M texts by name; one that cannot be read harms only what uses it.
        scope_id: where the dataflow is, or is to be: of several connections to one place, the nearest is used.
        culture, time_zone: as its settings say.
        linked: entities of other dataflows, by the names that the queries use.
    """

    queries: Mapping[str, str]
    scope_id: int
    culture: str = "en-US"
    time_zone: str = "UTC"
    linked: Mapping[str, LinkedEntity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """A column; ``type`` is M's word for it, and ``kind`` what kind of value that is."""

    name: str
    type: str
    kind: str


@dataclass(frozen=True, slots=True)
class PreviewSummary:
    """What a step gives.

    Attributes:
        kind: of the value: table, record, list, text …
        columns: of a table; a record is shown as one with Name and Value, a list as one with List, anything else as
            one cell under Value.
        steps: of the query, in its order, and whether each folds, as far as this step uses them.
    """

    kind: str
    columns: Sequence[PreviewColumn]
    steps: Sequence[Folding]


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """Some rows; ``total`` is None as long as nobody knows how many there are."""

    rows: Sequence[Sequence[Any]]
    total: int | None


@dataclass(frozen=True, slots=True)
class _Open:
    summary: PreviewSummary
    rows: Rows
    stack: ExitStack
    #: The linked tables that it read, and what of each was kept back from the one who looks.
    linked: list[tuple[LinkedEntity, Restriction]]


class Previewer:
    """The previews of one person, each open until others take its place.

    Args:
        app: the application.
        actor: whose rights the queries run with.
    """

    def __init__(self, app: Headwater, actor: Actor) -> None:
        self._app = app
        self._actor = actor
        self._scored = SessionStore()
        self._engine: Session | None = None
        self._open: OrderedDict[str, _Open] = OrderedDict()

    def open(
        self, key: str, draft: Draft, query: str, step: str | None, limit: int
    ) -> tuple[PreviewSummary, PreviewPage]:
        """Evaluate a query up to a step (None: to its end); its first rows come with what it is.

        Args:
            key: what the preview is asked for by from then on.
            draft: the dataflow.
            query: one of its queries.
            step: one of that query's steps.
            limit: how many rows.

        Raises:
            NotFoundError: there is no such query or step.
            MSyntaxError: the query cannot be read.
            MError: it is an error.
        """
        stack = ExitStack()
        try:
            found = on_deep_stack(partial(self._evaluated, draft, query, step, stack))
        except BaseException:
            stack.close()
            raise
        self._forget(key)
        self._open[key] = found
        while len(self._open) > MOST_OPEN:
            self._forget(next(iter(self._open)))
        return found.summary, self.page(key, 0, limit)

    def page(self, key: str, offset: int, limit: int) -> PreviewPage:
        """Rows of a preview.

        Raises:
            NotFoundError: it is not open any more (``preview.closed``).
            MError: its rows are an error from some place on.
        """
        rows = self._of(key).rows

        def work() -> PreviewPage:
            found = rows.page(offset, limit)
            return PreviewPage([[cell(value) for value in row] for row in found], rows.total)

        return on_deep_stack(work)

    def count(self, key: str) -> int:
        """How many rows a preview has; this may read all of them. Raises as :meth:`page`."""
        return on_deep_stack(self._of(key).rows.count)

    def profile(self, key: str, columns: Sequence[str], *, whole: bool) -> Mapping[str, ColumnProfile]:
        """What columns hold: in the first thousand rows, or in all of them. Raises as :meth:`page`."""
        found = self._of(key)
        places = {column.name: at for at, column in enumerate(found.summary.columns) if column.name in columns}

        def work() -> Mapping[str, ColumnProfile]:
            rows = found.rows.page(0, found.rows.count() if whole else PROFILED)
            return {name: column_profile([row[at] for row in rows]) for name, at in places.items()}

        return on_deep_stack(work)

    def close(self) -> None:
        """Let go of everything; what models were called is put on record."""
        for key in list(self._open):
            self._forget(key)
        if self._engine is not None:
            self._engine.engine.close()

    def _of(self, key: str) -> _Open:
        if key not in self._open:
            raise closed(key)
        found = self._open[key]
        if not all(self._reads_as_before(linked, before) for linked, before in found.linked):
            # What it holds was read by rights that are no more.
            self._forget(key)
            raise closed(key)
        self._open.move_to_end(key)
        return found

    def _reads_as_before(self, linked: LinkedEntity, before: Restriction) -> bool:
        try:
            return LinkedTables(self._app.database, self._actor).table("", linked).restriction == before
        except NotFoundError:
            return False

    def _forget(self, key: str) -> None:
        if (found := self._open.pop(key, None)) is not None:
            found.stack.close()

    def _evaluated(self, draft: Draft, query: str, step: str | None, stack: ExitStack) -> _Open:
        if query not in draft.queries:
            raise NotFoundError(f"There is no query '{query}'.", place=query, hint="Name one of the dataflow's.")
        texts = {**draft.queries, query: up_to(draft.queries[query], step, query)}
        read: list[tuple[LinkedEntity, Restriction]] = []
        session, queries = self._queries(draft, texts, stack, read)
        value = plain(queries.get(query))
        table = as_table(value)
        columns = [
            PreviewColumn(name, type_text(of).removeprefix("type "), _kind(of))
            for name, of in zip(table.names, table.column_types, strict=True)
        ]
        steps = folding_of(draft.queries[query], query, session.unfolded)
        return _Open(PreviewSummary(kind_of(value), columns, steps), rows_of(table), stack, read)

    def _queries(
        self,
        draft: Draft,
        texts: Mapping[str, str],
        stack: ExitStack,
        read: list[tuple[LinkedEntity, Restriction]],
    ) -> tuple[Session, Record]:
        app = self._app
        models = app.model_environment(self._actor, store=self._scored)
        stack.callback(models.close)
        reach = reach_of(app.database, app.home, app.connections, self._actor, draft.scope_id)
        given: dict[str, Value] = {}
        session = Session(
            draft.culture,
            ZoneInfo(draft.time_zone),
            environment=NamesAndModels(given, ModelLibrary(models)),
            folders=reach.folders,
            connections=reach.connections,
            networks=reach.networks,
        )
        if self._engine is None:
            self._engine = session
        else:
            session.share_engine(self._engine)
        tables = LinkedTables(app.database, self._actor)
        for name, linked in draft.linked.items():
            given[name] = Thunk(partial(_linked, tables, name, linked, session, read))
        readable = {name: text for name, text in texts.items() if name not in given}
        for name, error in _unreadable(readable).items():
            del readable[name]
            given[name] = Thunk(partial(_raise, error))
        return session, evaluate_queries(readable, session, {})


_SHAPES = {ListType: "list", RecordType: "record", TableType: "table", FunctionType: "function"}


def _kind(of: Type) -> str:
    """What kind of value a column's type is of: ``number``, ``text``, ``table``, ``any`` …"""
    inner = of.inner if isinstance(of, NullableType) else of
    if isinstance(inner, PrimitiveType):
        return inner.name
    return next(kind for shape, kind in _SHAPES.items() if isinstance(inner, shape))


def _unreadable(queries: Mapping[str, str]) -> Mapping[str, MSyntaxError]:
    found = {}
    for name, text in queries.items():
        try:
            parse_expression(text, name)
        except MSyntaxError as error:
            found[name] = error
    return found


def _linked(
    tables: LinkedTables,
    name: str,
    linked: LinkedEntity,
    session: Session,
    read: list[tuple[LinkedEntity, Restriction]],
) -> PlanTable:
    table = tables.table(name, linked)
    read.append((linked, table.restriction))
    return PlanTable(tables.scan(name, linked, table=table), session)


def _raise(error: MSyntaxError) -> Value:
    raise error
