"""The mode "full": all rows, anew."""

from __future__ import annotations

from headwater.dataflows.staging.columns import check_columns
from headwater.dataflows.staging.work import EntityWork, StagedRows, limited
from headwater.tables import published_schema, stage

__all__ = ["stage_whole"]


def stage_whole(work: EntityWork) -> StagedRows:
    """Compute an entity and write its files; raises as :func:`headwater.dataflows.staging.stage_entity`."""
    table = work.evaluate({})
    schema = published_schema(table.plan.columns)
    changes = check_columns(work, schema)
    rows = limited(work, table.reader())
    staged = stage(work.path, schema, rows, errors=work.errors, key=work.settings.key)
    return StagedRows(staged, (table.plan,), schema_changes=changes)
