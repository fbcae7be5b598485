"""Published tables on disk: Delta tables, staged, committed and read by version; and the types that travel."""

from headwater.tables.convert import stored_batches
from headwater.tables.delta import (
    Staged,
    StagedFile,
    TableVersion,
    commit,
    discard,
    plan_scan,
    read,
    row_count,
    schema,
    stage,
    staged_scan,
    versions,
)
from headwater.tables.foreign import foreign_scan
from headwater.tables.types import (
    PublishedColumn,
    PublishedSchema,
    published_schema,
    type_from_json,
    type_to_json,
)

__all__ = [
    "PublishedColumn",
    "PublishedSchema",
    "Staged",
    "StagedFile",
    "TableVersion",
    "commit",
    "discard",
    "foreign_scan",
    "plan_scan",
    "published_schema",
    "read",
    "row_count",
    "schema",
    "stage",
    "staged_scan",
    "stored_batches",
    "type_from_json",
    "type_to_json",
    "versions",
]
