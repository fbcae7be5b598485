"""Having rules look at columns: of published tables, and of data within reach."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, delete, insert, select

from headwater.access import Action, Actor, allowed_to
from headwater.app.classification_sampling import Reading, samples_of
from headwater.catalog.chunks import chunked
from headwater.catalog.classifying import (
    Recogniser,
    Suggestion,
    built_in,
    own_recognisers,
    put_suggestions,
    rules_digest,
    suggestions_for,
)
from headwater.catalog.seeing import may_read
from headwater.errors import NotFoundError, TableError, WorkspaceError
from headwater.store import Database, tables, utc_now

if TYPE_CHECKING:
    from headwater.app.runtime import Headwater

__all__ = ["ClassificationReport", "ClassificationRequest", "classify"]

_asset, _looked = tables.assets.c, tables.classified_assets.c
_TYPES = ("dataflow_table", "dataset")
#: What says that a dataset's data is another than it was.
_STATE = ("digests", "changed_at", "size", "rows", "version")


@dataclass(frozen=True, slots=True)
class ClassificationRequest:
    """What is to be looked at.

    Attributes:
        guids: these assets; None: all that may be annotated.
        changed_only: leave out what was looked at by the same rules, and whose data has not changed since.
        again: suggest anew what was rejected.
    """

    guids: Sequence[str] | None = None
    changed_only: bool = True
    again: bool = False

    def to_json(self) -> dict[str, Any]:
        """As a job's payload has it."""
        return {
            "guids": None if self.guids is None else list(self.guids),
            "changed_only": self.changed_only,
            "again": self.again,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ClassificationRequest:
        """What :meth:`to_json` made."""
        return cls(stored.get("guids"), bool(stored.get("changed_only", True)), bool(stored.get("again", False)))


@dataclass(slots=True)
class ClassificationReport:
    """What was looked at.

    Attributes:
        looked_at: so many assets.
        unchanged: so many were left out, because nothing had changed.
        suggested: so many classifications are suggested of those that were looked at.
        problems: what could not be read, by qualified name, and why.
    """

    looked_at: int = 0
    unchanged: int = 0
    suggested: int = 0
    problems: dict[str, str] = field(default_factory=dict)


def classify(
    app: Headwater,
    actor: Actor,
    request: ClassificationRequest,
    *,
    database: Database | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ClassificationReport:
    """Look at columns, and write down what they may hold.

    Args:
        app: the application.
        actor: with whose rights: assets that they may annotate, whose rows they may read.
        request: what to look at.
        database: through which it is written, where that is a job's lease.
        progress: told how many of how many assets are done.

    Raises:
        UsageError: the extra is not installed (``classification.extra``).
        NotFoundError: one of the assets that were named is not there to be annotated, or out of reach.
    """
    writing = database or app.database
    with app.database.read() as connection:
        recognisers = (*built_in(), *own_recognisers(connection))
        digest = rules_digest(connection)
        found = list(_candidates(connection, actor, request))
        known = {row.asset_id: (row.state, row.rules) for row in connection.execute(select(tables.classified_assets))}
    report = ClassificationReport()
    with Reading(app, actor) as reading:
        _check_reach(reading, request, found)
        for done, row in enumerate(found):
            progress(done, len(found))
            state = _state(reading, row)
            if request.changed_only and known.get(row.id) == (state, digest):
                report.unchanged += 1
            else:
                _look(reading, writing, row, recognisers, (state, digest), again=request.again, report=report)
    progress(len(found), len(found))
    return report


def _candidates(connection: Connection, actor: Actor, request: ClassificationRequest) -> Iterator[Row[Any]]:
    query: Select[Any] = (
        select(_asset.id, _asset.guid, _asset.type_name, _asset.qualified_name, _asset.source_id, _asset.attributes)
        .where(_asset.type_name.in_(_TYPES), _asset.status == "active", may_read(actor))
        .where(_asset.id.in_(select(tables.asset_columns.c.asset_id)))
        .where(_asset.scope_id.in_(allowed_to(actor, Action.ASSET_ANNOTATE)))
        .order_by(_asset.id)
    )
    if request.guids is None:
        yield from connection.execute(query)
        return
    for chunk in chunked(request.guids):
        yield from connection.execute(query.where(_asset.guid.in_(chunk)))


def _check_reach(reading: Reading, request: ClassificationRequest, found: list[Row[Any]]) -> None:
    """Leave out what cannot be read; refuse where it was asked for by name."""
    reached = [row for row in found if _reader(reading, row) is not None]
    missing = set(request.guids or ()) - {row.guid for row in reached}
    if missing:
        raise NotFoundError(
            f"There is no asset '{min(missing)}' with columns and rows that you may read and annotate.",
            hint="Name published tables, and data of sources that may be scanned.",
        )
    found[:] = reached


def _reader(reading: Reading, row: Row[Any]) -> Callable[[], Any] | None:
    reader = reading.reader(row.type_name, row.qualified_name, row.source_id)
    return reader if reader is not None and reading.may_open(row.source_id) else None


def _state(reading: Reading, row: Row[Any]) -> str:
    told = [reading.version(row.qualified_name), *((row.attributes or {}).get(name) for name in _STATE)]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


def _look(
    reading: Reading,
    database: Database,
    row: Row[Any],
    recognisers: Sequence[Recogniser],
    state: tuple[str, str],
    *,
    again: bool,
    report: ClassificationReport,
) -> None:
    reader = reading.reader(row.type_name, row.qualified_name, row.source_id)
    assert reader is not None, "what cannot be read was left out"
    problem, rows, found = "", 0, None
    try:
        table = reader()
    except (TableError, WorkspaceError, NotFoundError) as error:
        problem = error.message
        report.problems[row.qualified_name] = problem
    else:
        rows, found = table.num_rows, _suggested(database, row.id, table, recognisers)
    report.looked_at += 1
    with database.begin() as connection:
        if found is not None:
            report.suggested += put_suggestions(connection, found, now=utc_now(), again=again)
        connection.execute(delete(tables.classified_assets).where(_looked.asset_id == row.id))
        values = {"asset_id": row.id, "state": state[0], "rules": state[1], "rows": rows, "problem": problem}
        connection.execute(insert(tables.classified_assets).values(**values, at=utc_now()))


def _suggested(
    database: Database, asset_id: int, table: Any, recognisers: Sequence[Recogniser]
) -> dict[int, list[Suggestion]]:
    link = tables.asset_columns.c
    query = (
        select(link.column_id, _asset.display_name)
        .join(tables.assets, _asset.id == link.column_id)
        .where(link.asset_id == asset_id)
    )
    with database.read() as connection:
        columns = {row.display_name: row.column_id for row in connection.execute(query)}
    samples = samples_of(table, list(columns))
    return {columns[name]: suggestions_for(sample, recognisers) for name, sample in samples.items()}
