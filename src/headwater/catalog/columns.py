"""The columns of an asset: assets themselves, in an order, named ``ASSET#COLUMN``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select

from headwater.catalog import names
from headwater.catalog.chunks import chunked
from headwater.catalog.plain import plain
from headwater.catalog.records import AssetRecord, ColumnRecord
from headwater.store import tables
from headwater.store.bulk import insert_rows

__all__ = ["add_columns", "column_records", "columns_of", "columns_that_differ", "link_columns"]

_TYPE = "data_type"
_UNKNOWN = object()


def columns_of(connection: Connection, assets: Iterable[int]) -> dict[int, list[ColumnRecord]]:
    """The columns that each of these assets has, in order; none for those that have none."""
    link, asset = tables.asset_columns.c, tables.assets.c
    found: dict[int, list[ColumnRecord]] = {}
    for chunk in chunked(assets):
        query = (
            select(link.asset_id, asset.display_name, asset.attributes)
            .join(tables.assets, asset.id == link.column_id)
            .where(link.asset_id.in_(chunk))
            .order_by(link.asset_id, link.ordinal)
        )
        for row in connection.execute(query):
            found.setdefault(row.asset_id, []).append(_column(row.display_name, row.attributes))
    return found


def columns_that_differ(connection: Connection, records: Mapping[int, AssetRecord]) -> dict[int, Sequence[AssetRecord]]:
    """Of the assets whose columns a record states, those that have others now: with the columns' records."""
    stated = {number: record for number, record in records.items() if record.columns is not None}
    before = columns_of(connection, stated)
    return {
        number: column_records(record)
        for number, record in stated.items()
        if not _are_known([_plain(column) for column in record.columns or ()], before.get(number, []))
    }


def _are_known(stated: Sequence[ColumnRecord], there: Sequence[ColumnRecord]) -> bool:
    """Whether these columns are there, in this order; what else is known of them is others' business."""
    return len(stated) == len(there) and all(
        (new.name, new.type) == (old.name, old.type)
        and all(old.attributes.get(name, _UNKNOWN) == value for name, value in new.attributes.items())
        for new, old in zip(stated, there, strict=True)
    )


def column_records(record: AssetRecord) -> list[AssetRecord]:
    """The columns of an asset as assets; its own scope is theirs."""
    made: list[AssetRecord] = []
    taken: set[str] = set()
    for column in record.columns or ():
        label = column.name
        while label in taken:
            # A model version may have an input and an output of one name.
            label = f"output/{label}"
        taken.add(label)
        name = names.column(record.qualified_name, label)
        attributes = {**column.attributes, _TYPE: column.type}
        made.append(AssetRecord("column", name, column.name, attributes, collection=record.collection))
    return made


def link_columns(connection: Connection, columns: Mapping[int, Sequence[int]]) -> None:
    """Make these the columns of each asset; one that is not among them any more stays, with what people say of it."""
    link = tables.asset_columns
    for chunk in chunked(columns):
        connection.execute(delete(link).where(link.c.asset_id.in_(chunk)))
    rows = [
        {"asset_id": asset_id, "ordinal": ordinal, "column_id": column_id}
        for asset_id, found in columns.items()
        for ordinal, column_id in enumerate(found)
    ]
    for row_chunk in chunked(rows):
        insert_rows(connection, link, row_chunk)


def add_columns(connection: Connection, columns: Mapping[int, int]) -> None:
    """Add columns, each to an asset's, after those that it has; a column is of one asset only."""
    link = tables.asset_columns.c
    holders: dict[int, int] = {}
    for chunk in chunked(columns):
        rows = connection.execute(select(link.column_id, link.asset_id).where(link.column_id.in_(chunk)))
        holders |= {row.column_id: row.asset_id for row in rows}
    new = {column_id: asset_id for column_id, asset_id in columns.items() if holders.get(column_id) != asset_id}
    for chunk in chunked(new.keys() & holders.keys()):
        connection.execute(delete(tables.asset_columns).where(link.column_id.in_(chunk)))
    free = _first_free(connection, set(new.values()))
    made: list[dict[str, int]] = []
    for column_id, asset_id in new.items():
        made.append({"asset_id": asset_id, "ordinal": free[asset_id], "column_id": column_id})
        free[asset_id] += 1
    for row_chunk in chunked(made):
        insert_rows(connection, tables.asset_columns, row_chunk)


def _first_free(connection: Connection, assets: Iterable[int]) -> dict[int, int]:
    """The ordinal of the next column of each of these assets."""
    link = tables.asset_columns.c
    free = dict.fromkeys(assets, 0)
    for chunk in chunked(list(free)):
        query = select(link.asset_id, func.max(link.ordinal)).where(link.asset_id.in_(chunk)).group_by(link.asset_id)
        free |= {row[0]: row[1] + 1 for row in connection.execute(query)}
    return free


def _column(name: str, attributes: Mapping[str, Any]) -> ColumnRecord:
    rest = {key: value for key, value in attributes.items() if key != _TYPE}
    return ColumnRecord(name, str(attributes.get(_TYPE, "")), rest)


def _plain(column: ColumnRecord) -> ColumnRecord:
    return ColumnRecord(column.name, column.type, plain(column.attributes))
