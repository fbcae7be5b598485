"""Published tables on disk: Delta tables, staged, committed and read by version; and the types that travel."""

from headwater.tables.cleaning import Cleaned, remove_unused, sum_up_log
from headwater.tables.convert import stored_batches
from headwater.tables.delta import (
    TableVersion,
    checkpoint,
    commit,
    discard,
    plan_scan,
    read,
    row_count,
    schema,
    staged_scan,
    table_files,
    unchanged,
    versions,
)
from headwater.tables.fingerprints import fingerprint
from headwater.tables.foreign import foreign_scan
from headwater.tables.staged import ErrorCell, Staged, StagedFile
from headwater.tables.staging import Conversion, StageWriter, reported, stage, sync_folder
from headwater.tables.stored import StoredRows
from headwater.tables.types import (
    PublishedColumn,
    PublishedSchema,
    published_schema,
    restored,
    type_from_json,
    type_to_json,
)

__all__ = [
    "Cleaned",
    "Conversion",
    "ErrorCell",
    "PublishedColumn",
    "PublishedSchema",
    "StageWriter",
    "Staged",
    "StagedFile",
    "StoredRows",
    "TableVersion",
    "checkpoint",
    "commit",
    "discard",
    "fingerprint",
    "foreign_scan",
    "plan_scan",
    "published_schema",
    "read",
    "remove_unused",
    "reported",
    "restored",
    "row_count",
    "schema",
    "stage",
    "staged_scan",
    "stored_batches",
    "sum_up_log",
    "sync_folder",
    "table_files",
    "type_from_json",
    "type_to_json",
    "unchanged",
    "versions",
]
