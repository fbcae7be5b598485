"""What a refresh tells the catalog: which columns of which sources, through which models, each table is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from headwater.catalog import AssetRecord, AssetRef, ColumnEdge, ColumnRecord, LineageRecord, names
from headwater.plan.lineage import FunctionOutput, Origin, called_functions, column_lineage, sources
from headwater.plan.nodes import Column, CsvScan, Node, ParquetScan


@dataclass(frozen=True, slots=True)
class EntityLineage:
    """An entity as the catalog knows it: its dataflow, its plan, the M text it came from.

    ``columns`` are the published ones. ``source_text`` is kept on the process, so that a reader of the lineage sees
    how the table is computed. ``scopes`` are those that the dataflow and the table are trimmed by, the table's None
    where it has not been published; what is seen here first goes into the dataflow's ``collection``.
    """

    installation: str
    dataflow: str
    description: str
    entity: str
    plan: Node
    columns: Sequence[ColumnRecord]
    source_text: str
    collection: str
    scopes: tuple[int, int | None]


def lineage_record(entity: EntityLineage) -> LineageRecord:
    """The record of the process that computes an entity."""
    dataflow_name = names.dataflow(entity.installation, entity.dataflow)
    of_dataflow, of_table = entity.scopes
    dataflow = AssetRecord(
        "dataflow",
        dataflow_name,
        entity.dataflow,
        {"description": entity.description},
        collection=entity.collection,
        scope_id=of_dataflow,
    )
    table = AssetRecord(
        "dataflow_table",
        names.table(entity.installation, entity.dataflow, entity.entity),
        entity.entity,
        columns=tuple(entity.columns),
        collection=entity.collection,
        parent=dataflow.ref,
        scope_id=of_table,
    )
    process = AssetRecord(
        "dataflow_query",
        names.query(entity.installation, entity.dataflow, entity.entity),
        entity.entity,
        {"m": entity.source_text},
        collection=entity.collection,
        scope_id=of_dataflow,
    )
    inputs: list[AssetRecord | AssetRef] = [*_datasets(entity.plan, entity.collection)]
    inputs += [_called_record(identity, entity.collection) for identity in called_functions(entity.plan)]
    return LineageRecord(process, tuple(inputs), (table,), tuple(_edges(entity.plan, table.ref)), (dataflow,))


def _called(identity: str) -> AssetRef:
    """What was called, by its qualified name: a version of a registered model, or a deployed one."""
    model, mark, _ = identity.rpartition("/versions/")
    return AssetRef("ml_model_version" if mark and "/models/" in model else "ml_endpoint", identity)


def _called_record(identity: str, collection: str) -> AssetRecord:
    """The same under the name that a scan gives it: it may be called before it is scanned."""
    called = _called(identity)
    if called.type_name == "ml_endpoint":
        return AssetRecord(called.type_name, identity, names.display_name(identity), collection=collection)
    model, _, version = identity.rpartition("/versions/")
    return AssetRecord(called.type_name, identity, f"{names.display_name(model)} v{version}", collection=collection)


def _datasets(plan: Node, collection: str) -> Iterator[AssetRecord | AssetRef]:
    """What the plan reads; a table of a dataflow is known already, a file is written as it was seen."""
    scans = {
        scan.source.uri: scan.columns for scan in plan.walk() if isinstance(scan, CsvScan | ParquetScan) and scan.source
    }
    for source in sources(plan):
        reference = _source_ref(source.uri)
        if reference.type_name == "dataflow_table":
            yield reference
        else:
            columns = _column_records(scans.get(source.uri, ()))
            yield AssetRecord(
                "dataset", source.uri, names.display_name(source.uri), columns=columns, collection=collection
            )


def _column_records(columns: Iterable[Column]) -> tuple[ColumnRecord, ...] | None:
    return tuple(ColumnRecord(c.name, c.type.kind.value) for c in columns) or None


def _source_ref(uri: str) -> AssetRef:
    return AssetRef("dataflow_table" if uri.startswith("headwater://") else "dataset", uri)


def _edges(plan: Node, table: AssetRef) -> Iterator[ColumnEdge]:
    for target, origins in column_lineage(plan).items():
        for origin in sorted(origins, key=repr):
            match origin:
                case FunctionOutput(identity=identity, field=field):
                    yield ColumnEdge(_called(identity), field, table, target)
                case Origin(source=source, column=column, through=through):
                    via = through[0][0] if through else None
                    yield ColumnEdge(_source_ref(source.uri), column, table, target, via or None)
