from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from headwater.catalog import AssetRecord, AssetRef, ColumnEdge, ColumnRecord, record_process
from headwater.dataflows.lineage import EntityLineage, lineage_record
from headwater.plan.expressions import call
from headwater.plan.nodes import Call, Column, CsvScan, Filter, Project, file_source, text_columns
from headwater.plan.types import DOUBLE, TEXT, DataType, Field, record_type
from headwater.store import Database

VERSION = "mlflow://127.0.0.1:5000/models/churn/versions/3"


class Churn:
    """A batch function that a catalog knows by name; these tests never run it."""

    name = "team.churn"
    identity = VERSION
    parameters = (Field("age", TEXT), Field("plan", TEXT))
    result: DataType = record_type({"probability": DOUBLE, "label": TEXT})

    def apply(self, batches: pa.RecordBatchReader, arguments: Sequence[str], result: str) -> pa.RecordBatchReader:
        raise NotImplementedError


def scored() -> Project:
    """people.csv → filter by city → churn([age], [plan]) → expanded probability."""
    scan = CsvScan("/data/people.csv", text_columns(["age", "plan", "city"]))
    kept = Filter(scan, call("Text.Contains", scan.columns[2].ref, scan.columns[0].ref))
    called = Call(kept, Churn(), ("age", "plan"), Column("churn", "churn", Churn.result, True))
    risk = call("[]", called.added.ref, option="probability")
    return Project(called, ((scan.columns[2], scan.columns[2].ref), (Column("risk", "risk", DOUBLE, True), risk)))


def entity() -> EntityLineage:
    columns = [ColumnRecord("city", "text"), ColumnRecord("risk", "number")]
    return EntityLineage("here", "people", "", "scored", scored(), columns, "M text", "root", (1, 2))


def test_column_edges_go_through_the_model() -> None:
    record = lineage_record(entity())
    table = AssetRef("dataflow_table", "headwater://here/dataflows/people/tables/scored")
    people = AssetRef("dataset", file_source("/data/people.csv").uri)
    assert set(record.columns) == {
        ColumnEdge(people, "city", table, "city"),
        ColumnEdge(people, "age", table, "risk", VERSION),
        ColumnEdge(people, "plan", table, "risk", VERSION),
        ColumnEdge(AssetRef("ml_model_version", VERSION), "probability", table, "risk"),
    }, "the filter's column decides about rows, and is no source of a value"


def test_a_model_that_was_never_scanned_is_recorded(database: Database) -> None:
    record = lineage_record(entity())
    version = next(i for i in record.inputs if isinstance(i, AssetRecord) and i.type_name == "ml_model_version")
    assert (version.qualified_name, version.display_name) == (VERSION, "churn v3")
    assert record_process(database, record)
    assert record_process(database, record), "and again"
