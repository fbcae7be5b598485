"""Recording what a process read and wrote, by asset and by column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert

from headwater.catalog.chunks import chunked
from headwater.catalog.records import AssetRecord, AssetRef, ColumnEdge, LineageRecord
from headwater.catalog.types import is_process
from headwater.catalog.writing import find_guids, write_assets
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["record_process", "write_processes"]


def record_process(database: Database, record: LineageRecord) -> str:
    """Write a process, its inputs and outputs and the edges between them, in one transaction; returns its guid.

    What was recorded for the process before is replaced, so that recording the same twice changes nothing.

    Raises:
        UsageError: ``record.process`` is not of a process type.
        NotFoundError: a reference to an asset that neither exists nor is written here.
    """
    with database.begin() as connection:
        return write_processes(connection, [record], now=utc_now())[record.process.ref]


def write_processes(
    connection: Connection, records: Sequence[LineageRecord], *, now: datetime, scan_id: int | None = None
) -> dict[AssetRef, str]:
    """As ``record_process``, for several, in the caller's transaction; returns the guids of all that was written."""
    for record in records:
        if not is_process(record.process.type_name):
            raise UsageError(f"An asset of type '{record.process.type_name}' is not a process.")
    guids = write_assets(connection, _assets(records), now=now, scan_id=scan_id)
    referred = {ref for record in records for ref in _references(record)}
    guids |= find_guids(connection, referred - guids.keys())
    unknown = sorted(ref.qualified_name for ref in referred - guids.keys())
    if unknown:
        raise NotFoundError(
            f"The lineage refers to an asset that does not exist: '{unknown[0]}'.",
            hint="Record the asset first, or give it as a record.",
        )
    processes = [guids[record.process.ref] for record in records]
    for table in (tables.process_inputs, tables.process_outputs, tables.column_lineage):
        _clear(connection, table, processes)
    _insert(connection, tables.process_inputs, _links(records, guids, inputs=True))
    _insert(connection, tables.process_outputs, _links(records, guids, inputs=False))
    _insert(connection, tables.column_lineage, _column_rows(records, guids))
    return guids


def _assets(records: Iterable[LineageRecord]) -> Iterable[AssetRecord]:
    for record in records:
        yield from record.others
        yield from (end for end in (*record.inputs, *record.outputs) if isinstance(end, AssetRecord))
        yield record.process


def _references(record: LineageRecord) -> Iterable[AssetRef]:
    yield from map(_ref, (*record.inputs, *record.outputs))
    for edge in record.columns:
        yield edge.source
        yield edge.target


def _ref(end: AssetRecord | AssetRef) -> AssetRef:
    return end.ref if isinstance(end, AssetRecord) else end


def _clear(connection: Connection, table: Table, processes: Iterable[str]) -> None:
    for chunk in chunked(processes):
        connection.execute(delete(table).where(table.c.process_guid.in_(chunk)))


def _insert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    for chunk in chunked(rows):
        connection.execute(insert(table), chunk)


def _links(
    records: Iterable[LineageRecord], guids: Mapping[AssetRef, str], *, inputs: bool
) -> Iterable[dict[str, Any]]:
    for record in records:
        ends = record.inputs if inputs else record.outputs
        for ref in dict.fromkeys(map(_ref, ends)):
            yield {"process_guid": guids[record.process.ref], "asset_guid": guids[ref]}


def _column_rows(records: Iterable[LineageRecord], guids: Mapping[AssetRef, str]) -> Iterable[dict[str, Any]]:
    for record in records:
        for edge in dict.fromkeys(record.columns):
            yield _column_row(guids[record.process.ref], edge, guids)


def _column_row(process_guid: str, edge: ColumnEdge, guids: Mapping[AssetRef, str]) -> dict[str, Any]:
    return {
        "process_guid": process_guid,
        "source_asset_guid": guids[edge.source],
        "source_column": edge.source_column,
        "target_asset_guid": guids[edge.target],
        "target_column": edge.target_column,
        "via": edge.via,
    }
