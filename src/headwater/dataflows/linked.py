"""Linked entities: another dataflow's published table, read with the rights of whoever the reading dataflow runs as."""

from __future__ import annotations

from sqlalchemy import select

from headwater.access import Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.catalog import names
from headwater.dataflows.definitions.settings import LinkedEntity
from headwater.dataflows.published import PublishedTable, PublishedTables
from headwater.dataflows.restricted import readable_scan
from headwater.errors import NotFoundError
from headwater.plan.nodes import ParquetScan, Source
from headwater.store import Database, tables, utc_now
from headwater.tables import plan_scan

__all__ = ["LinkedTables"]


class LinkedTables:
    """The tables that linked names stand for, as one person may read them.

    Args:
        database: the metadata database.
        actor: with whose rights they are read: the runner of the dataflow that links to them.
    """

    def __init__(self, database: Database, actor: Actor) -> None:
        self._database = database
        self._actor = actor

    def table(self, name: str, linked: LinkedEntity) -> PublishedTable:
        """The published table that a linked name stands for now.

        Raises:
            NotFoundError: it is not published, or may not be read (``dataflow.linked``).
        """
        try:
            return PublishedTables(self._database).get(self._actor, linked.dataflow, linked.entity)
        except NotFoundError as error:
            raise NotFoundError(
                f"The linked entity '{name}' cannot be read: there is no published table '{linked.entity}' of a"
                f" dataflow '{linked.dataflow}', or none that {self._actor.name} may read.",
                place=name,
                hint="Refresh that dataflow, or ask for the right to read its tables (table.read).",
                code="dataflow.linked",
            ) from error

    def hidden(self, linked: LinkedEntity) -> frozenset[str]:
        """The columns of a linked table that policies hide; none where it cannot be read, which is told elsewhere."""
        try:
            return PublishedTables(self._database).get(self._actor, linked.dataflow, linked.entity).restriction.hidden
        except NotFoundError:
            return frozenset()

    def scan(self, name: str, linked: LinkedEntity, *, table: PublishedTable | None = None) -> ParquetScan:
        """The scan of that table's published version, under its name in the catalog, so that lineage goes on from it.

        That it was read is put on record.

        Args:
            name: the name in M.
            linked: what it stands for.
            table: as :meth:`table` gave it a moment ago, where its version has been pinned.

        Raises:
            NotFoundError: as :meth:`table` says.
            TableError: its files are gone.
        """
        found = self.table(name, linked) if table is None else table
        scan = readable_scan(plan_scan(found.path, found.delta_version, Source(self._uri(found))), found.restriction)
        self._record(found)
        return scan

    def _uri(self, table: PublishedTable) -> str:
        with self._database.read() as connection:
            installation: str = connection.execute(select(tables.installation.c.id)).scalar_one()
        return names.table(installation, table.dataflow, table.entity)

    def _record(self, table: PublishedTable) -> None:
        with self._database.begin() as connection:
            record(
                connection,
                Event.TABLE_READ,
                self._actor,
                now=utc_now(),
                target=f"table:{table.dataflow}/{table.entity}",
                scope_id=table.scope_id,
                version=str(table.delta_version),
                rows=table.rows,
                format="linked",
            )
