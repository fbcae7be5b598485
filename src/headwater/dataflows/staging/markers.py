"""What tells whether a period has changed: the greatest value of one column in it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute

from headwater.errors import RefreshError
from headwater.plan.nodes import Aggregate, AggregateCall, Column
from headwater.plan.types import Kind
from headwater.powerquery import PlanTable
from headwater.tables import PublishedSchema

__all__ = ["MarkerColumn"]

_compute: Any = pyarrow.compute

#: Kinds whose greatest value is told alike by engines and Arrow.
_ORDERED = frozenset({Kind.INT64, Kind.DOUBLE, Kind.DECIMAL, Kind.TEXT, Kind.DATE, Kind.DATETIME, Kind.TIME})


class MarkerColumn:
    """The column of an entity that tells of changes; "" where none does.

    Raises:
        RefreshError: there is no such column, or its values have no order (``refresh.detect_changes``).
    """

    def __init__(self, entity: str, name: str, schema: PublishedSchema) -> None:
        self._entity = entity
        self._name = name
        self._id = ""
        if not name:
            return
        found = next((column for column in schema.columns if column.name == name), None)
        if found is None or found.type.kind not in _ORDERED:
            what = "is no column of it" if found is None else f"is of the type {found.type.kind.value}"
            raise RefreshError(
                f"'{name}' is to tell of changes, and {what}.",
                place=entity,
                hint="Name a column of numbers, texts, dates or datetimes that grows with each change.",
                code="refresh.detect_changes",
            )
        self._id = found.id

    def greater(self, marker: Any, batch: pa.RecordBatch) -> Any:
        """The greater one of a marker and the batch's; None is least."""
        if not self._id:
            return None
        found = _compute.max(batch.column(self._id)).as_py()
        return marker if found is None or (marker is not None and marker >= found) else found

    def of_plan(self, table: PlanTable) -> str | None:
        """The greatest value of a query's rows; only that is computed, by the database where there is one.

        Raises:
            HeadwaterError: the query failed.
        """
        column = next(c for c in table.plan.columns if c.name == self._name)
        most = Column("most", "most", column.type.as_nullable(), column.may_fail)
        plan = Aggregate(table.runnable, (), ((most, AggregateCall("List.Max", column.ref)),))
        marker = None
        for batch in PlanTable(plan, table.session).reader():
            for value in batch.column("most").to_pylist():
                marker = value
        return self.text(marker)

    @staticmethod
    def text(marker: Any) -> str | None:
        """A marker as it is kept."""
        return None if marker is None else str(marker)
