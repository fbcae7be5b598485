"""Writing down what calls of models come to, by day, model, version and dataflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, insert, select, update

from headwater.models.discovery import FunctionDescription
from headwater.models.statistics import ScoringStatistics
from headwater.store import Database, exclusive, tables, utc_now

__all__ = ["ModelUseRecorder"]

_use = tables.model_use
_column = tables.model_use.c


class ModelUseRecorder:
    """Adds what a run of a model did to what its day has come to; no rows, and not who asked.

    Args:
        database: the metadata database.
        scope_of: what a model is trimmed by; None where its source is gone.
        dataflow: whose refresh it is; "" where no dataflow calls.
    """

    def __init__(
        self, database: Database, scope_of: Callable[[Connection, str, str], int | None], dataflow: str = ""
    ) -> None:
        self._database = database
        self._scope_of = scope_of
        self._dataflow = dataflow

    def __call__(self, found: FunctionDescription, done: ScoringStatistics) -> None:
        """Write down what was done with a model's version."""
        now, name = utc_now(), found.name
        with self._database.begin() as connection:
            exclusive(connection, "model use")
            scope = self._scope_of(connection, name.source, name.model)
            if scope is None:
                return
            key = {
                "day": f"{now:%Y-%m-%d}",
                "source": name.source,
                "model": name.model,
                "version": found.version,
                "dataflow": self._dataflow,
            }
            flow = select(tables.dataflows.c.scope_id).where(tables.dataflows.c.name == self._dataflow)
            scopes = {"scope_id": scope, "dataflow_scope_id": connection.scalar(flow)}
            _add(connection, key, {**scopes, "last_at": now}, _counted(done))


def _counted(done: ScoringStatistics) -> dict[str, float]:
    return {
        "rows": done.sent,
        "reused": done.reused,
        "failed": done.failed,
        "calls": done.calls,
        "seconds": done.seconds,
        "cpu_seconds": done.cpu_seconds,
    }


def _add(connection: Connection, key: dict[str, str], stated: dict[str, Any], counts: dict[str, float]) -> None:
    same = [_column[name] == value for name, value in key.items()]
    more = {name: _column[name] + count for name, count in counts.items()}
    if not connection.execute(update(_use).where(*same).values(**stated, **more)).rowcount:
        connection.execute(insert(_use).values(**key, **stated, **counts))
