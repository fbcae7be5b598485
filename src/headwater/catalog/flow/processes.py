"""Recording what a process read and wrote, by asset and by column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, select

from headwater.catalog.chunks import chunked
from headwater.catalog.flow.writing import add_edges, end_edges
from headwater.catalog.records import AssetRecord, AssetRef, ColumnEdge, LineageRecord
from headwater.catalog.stored import find_guids, find_ids
from headwater.catalog.types import types_of
from headwater.catalog.writing import HEADWATER, write_assets
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables, utc_now
from headwater.store.bulk import insert_rows

__all__ = ["record_process", "write_ends", "write_processes"]

_INPUT, _OUTPUT = tables.FLOW_KINDS["input"], tables.FLOW_KINDS["output"]


def record_process(database: Database, record: LineageRecord, *, at: datetime | None = None) -> str:
    """Write a process, its inputs and outputs and the edges between them, in one transaction; returns its guid.

    What was recorded for the process before is replaced, so that recording the same twice changes nothing. ``at`` is
    since when it is so, where that was before now.

    Raises:
        UsageError: ``record.process`` is not of a process type.
        NotFoundError: a reference to an asset that neither exists nor is written here.
    """
    with database.begin() as connection:
        return write_processes(connection, [record], now=at or utc_now())[record.process.ref]


def write_processes(
    connection: Connection,
    records: Sequence[LineageRecord],
    *,
    now: datetime,
    scan_id: int | None = None,
    by: str = HEADWATER,
    by_id: str | None = None,
) -> dict[AssetRef, str]:
    """As ``record_process``, for several, in the caller's transaction; returns the guids of all that was written."""
    types = types_of(connection)
    for record in records:
        if not types.is_process(record.process.type_name):
            raise UsageError(
                f"An asset of type '{record.process.type_name}' is not a process.", hint="Give one of a process's type."
            )
    guids = write_assets(connection, _assets(records), now=now, scan_id=scan_id, by=by, by_id=by_id)
    referred = {ref for record in records for ref in _references(record)}
    guids |= find_guids(connection, referred - guids.keys())
    ids = find_ids(connection, guids)
    unknown = sorted(ref.qualified_name for ref in referred - ids.keys())
    if unknown:
        raise NotFoundError(
            f"The lineage refers to an asset that does not exist: '{unknown[0]}'.",
            hint="Record the asset first, or give it as a record.",
        )
    processes = [ids[record.process.ref] for record in records]
    _write_edges(connection, processes, _edges(records, ids), now)
    _clear_columns(connection, processes)
    for chunk in chunked(_column_rows(records, ids)):
        insert_rows(connection, tables.column_lineage, chunk)
    return guids


def write_ends(
    connection: Connection,
    process: int,
    inputs: Iterable[int],
    outputs: Iterable[int],
    columns: Sequence[Mapping[str, Any]],
) -> None:
    """Make these what a process reads and writes, assets by number; ``columns``: rows of ``column_lineage``."""
    wanted = {(process, number, _INPUT) for number in inputs} | {(number, process, _OUTPUT) for number in outputs}
    _write_edges(connection, [process], wanted, utc_now())
    _clear_columns(connection, [process])
    for chunk in chunked(columns):
        insert_rows(connection, tables.column_lineage, [{"process_id": process, **row} for row in chunk])


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


def _edges(records: Iterable[LineageRecord], ids: Mapping[AssetRef, int]) -> set[tuple[int, int, int]]:
    """(target, source, kind) of every edge into and out of the processes."""
    made: set[tuple[int, int, int]] = set()
    for record in records:
        process = ids[record.process.ref]
        made |= {(process, ids[_ref(end)], _INPUT) for end in record.inputs}
        made |= {(ids[_ref(end)], process, _OUTPUT) for end in record.outputs}
    return made


def _write_edges(
    connection: Connection, processes: Sequence[int], wanted: set[tuple[int, int, int]], now: datetime
) -> None:
    """Make these the edges of the processes; those that are there already stay as they are."""
    edge = tables.flow_edges.c
    there: set[tuple[int, int, int]] = set()
    for chunk in chunked(processes):
        for kind, near in ((_INPUT, edge.target_id), (_OUTPUT, edge.source_id)):
            rows = connection.execute(select(edge.target_id, edge.source_id).where(near.in_(chunk), edge.kind == kind))
            there |= {(row.target_id, row.source_id, kind) for row in rows}
    for target, source, kind in sorted(there - wanted):
        end_edges(connection, and_(edge.target_id == target, edge.source_id == source, edge.kind == kind), now)
    made = ({"target_id": target, "source_id": source, "kind": kind} for target, source, kind in sorted(wanted - there))
    add_edges(connection, made, now)


def _clear_columns(connection: Connection, processes: Iterable[int]) -> None:
    for chunk in chunked(processes):
        connection.execute(delete(tables.column_lineage).where(tables.column_lineage.c.process_id.in_(chunk)))


def _column_rows(records: Iterable[LineageRecord], ids: Mapping[AssetRef, int]) -> Iterable[dict[str, Any]]:
    for record in records:
        for edge in dict.fromkeys(record.columns):
            yield _column_row(ids[record.process.ref], edge, ids)


def _column_row(process_id: int, edge: ColumnEdge, ids: Mapping[AssetRef, int]) -> dict[str, Any]:
    return {
        "process_id": process_id,
        "source_id": ids[edge.source],
        "source_column": edge.source_column,
        "target_id": ids[edge.target],
        "target_column": edge.target_column,
        "via": edge.via,
    }
