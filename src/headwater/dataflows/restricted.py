"""Published tables less what policies keep from whoever asks: refused tables and hidden columns are not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from headwater.access import Actor
from headwater.access.policies import Restriction, TableRef, restrictions
from headwater.catalog import names
from headwater.plan.nodes import ParquetScan
from headwater.store import tables

if TYPE_CHECKING:
    from headwater.dataflows.published import PublishedTable

__all__ = ["readable_scan", "readable_tables", "restriction_of"]


def readable_tables(connection: Connection, actor: Actor, found: Sequence[PublishedTable]) -> list[PublishedTable]:
    """Of tables that a role lets somebody read those that no policy refuses, with the columns that none hides."""
    if not found:
        return []
    installation: str = connection.execute(select(tables.installation.c.id)).scalar_one()
    refs = [TableRef(names.table(installation, one.dataflow, one.entity), one.scope_id) for one in found]
    known = restrictions(connection, actor, refs)
    pairs = [(one, known[ref.qualified_name]) for one, ref in zip(found, refs, strict=True)]
    left = [_less(one, restriction) for one, restriction in pairs if not restriction.everything]
    # A table of which no column is left is kept back as a whole: how many rows it has is told by no way then.
    return [one for one in left if one.columns or not one.restriction.hidden]


def restriction_of(connection: Connection, actor: Actor, dataflow: str, entity: str, scope_id: int) -> Restriction:
    """What policies keep from somebody of one table, whether it is published now or was before."""
    installation: str = connection.execute(select(tables.installation.c.id)).scalar_one()
    ref = TableRef(names.table(installation, dataflow, entity), scope_id)
    return restrictions(connection, actor, [ref])[ref.qualified_name]


def readable_scan(scan: ParquetScan, restriction: Restriction) -> ParquetScan:
    """A scan without the columns that may not be read; the others keep their ids, by which results are kept."""
    if not restriction.hidden and not restriction.everything:
        return scan
    readable = set(restriction.readable(column.name for column in scan.columns))
    kept = [
        (column, physical)
        for column, physical in zip(scan.columns, scan.physical, strict=True)
        if column.name in readable
    ]
    return replace(scan, columns=tuple(c for c, _ in kept), physical=tuple(p for _, p in kept))


def _less(table: PublishedTable, restriction: Restriction) -> PublishedTable:
    readable = set(restriction.readable(column["name"] for column in table.columns))
    columns = [column for column in table.columns if column["name"] in readable]
    return replace(table, columns=columns, restriction=restriction)
