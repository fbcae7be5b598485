"""Reading published tables: by the pointer in the metadata database, never by what a Delta log says last."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Row, Select, exists, select

from headwater.access import Action, Actor, allowed_to
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.policies import UNRESTRICTED, Restriction
from headwater.dataflows.definitions.settings import Settings
from headwater.dataflows.restricted import readable_tables
from headwater.errors import NotFoundError, TableError, VersionGoneError
from headwater.store import Database, tables, utc_now
from headwater.tables import PublishedColumn, PublishedSchema, read, row_count, schema


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table as whoever asked may see it now. ``columns`` are {name, type, nullable …} in order.

    ``restriction`` says which columns policies keep from them, in any version.
    """

    dataflow: str
    entity: str
    path: Path
    delta_version: int
    rows: int
    columns: Sequence[Mapping[str, Any]]
    published_at: datetime
    scope_id: int
    restriction: Restriction = UNRESTRICTED


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of one version of a table, of ``columns``; ``total`` is how many that version has."""

    rows: pa.Table
    total: int
    version: int
    columns: Sequence[PublishedColumn]


class PublishedTables:
    """Finds and reads published tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, actor: Actor) -> Sequence[PublishedTable]:
        """Every published table that may be read, by dataflow and entity."""
        query = _listing(actor).order_by(tables.dataflows.c.name, tables.published_tables.c.entity)
        with self._database.read() as connection:
            return readable_tables(connection, actor, [_table(row) for row in connection.execute(query)])

    def get(self, actor: Actor, dataflow: str, entity: str) -> PublishedTable:
        """A published table; NotFoundError when there is none that may be read."""
        query = _listing(actor).where(tables.dataflows.c.name == dataflow, tables.published_tables.c.entity == entity)
        with self._database.read() as connection:
            found = readable_tables(connection, actor, [_table(row) for row in connection.execute(query)])
        if not found:
            raise NotFoundError(
                f"There is no published table '{entity}' of a dataflow '{dataflow}'.",
                hint="List the tables, or refresh the dataflow.",
            )
        return found[0]

    def as_of(self, actor: Actor, dataflow: str, entity: str, refresh: str) -> tuple[PublishedTable, int]:
        """A table and the version of it that a refresh published, also where it is no longer loaded.

        A table that was let go of is read by the rights at its dataflow: those at the table went with it.

        Raises:
            NotFoundError: there is none that may be read, or that refresh published none of it.
        """
        try:
            table = self.get(actor, dataflow, entity)
        except NotFoundError:
            found = self._let_go(actor, dataflow, entity, refresh)
            if found is None:
                raise
            return found, found.delta_version
        return table, self.version_of(table, refresh)

    def _let_go(self, actor: Actor, dataflow: str, entity: str, refresh: str) -> PublishedTable | None:
        """What a refresh published of an entity that is published no more."""
        flows, runs, written = tables.dataflows.c, tables.refreshes.c, tables.refresh_entities.c
        intents, published = tables.publish_intents.c, tables.published_tables.c
        now = exists().where(published.dataflow_id == flows.id, published.entity == entity)
        query = (
            select(intents.payload, written.delta_version, runs.ended_at, flows.scope_id)
            .join(tables.refreshes, runs.id == intents.refresh_id)
            .join(tables.refresh_entities, (written.refresh_id == runs.id) & (written.entity == entity))
            .join(tables.dataflows, flows.id == runs.dataflow_id)
            .where(runs.id == refresh, runs.status == "succeeded", written.delta_version.is_not(None))
            .where(flows.name == dataflow, flows.scope_id.in_(allowed_to(actor, Action.TABLE_READ)), ~now)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none() if _is_id(refresh) else None
            found = [] if row is None else readable_tables(connection, actor, [_gone(dataflow, entity, row)])
        return found[0] if found else None

    def version(self, table: PublishedTable, version: int | None = None) -> int:
        """The version that readers are given: the published one, or an older one that they ask for.

        Raises:
            NotFoundError: the table has not come to that version.
        """
        wanted = table.delta_version if version is None else version
        if not 0 <= wanted <= table.delta_version:
            # A log may have a newer one already; its readers see it when the pointer says so.
            raise NotFoundError(
                f"The table has no version {wanted}.",
                place=f"{table.dataflow}/{table.entity}",
                hint=f"Its newest version is {table.delta_version}.",
            )
        return wanted

    def version_of(self, table: PublishedTable, refresh: str) -> int:
        """The version that a refresh published; NotFoundError when it published none of this table."""
        flows, runs, written = tables.dataflows.c, tables.refreshes.c, tables.refresh_entities.c
        query = (
            select(written.delta_version)
            .join(tables.refreshes, runs.id == written.refresh_id)
            .join(tables.dataflows, flows.id == runs.dataflow_id)
            .where(flows.name == table.dataflow, written.entity == table.entity, runs.id == refresh)
        )
        with self._database.read() as connection:
            found: int | None = connection.execute(query).scalar_one_or_none() if _is_id(refresh) else None
        if found is None or found > table.delta_version:
            raise NotFoundError(
                "That refresh published no version of the table.",
                place=f"{table.dataflow}/{table.entity}",
                hint="The history of the dataflow lists its refreshes.",
            )
        return found

    def rows(self, actor: Actor, table: PublishedTable, offset: int, limit: int, version: int | None = None) -> Page:
        """Rows of a table in their stored order, at the version it has now or at one that was kept.

        That they were read is on record before anybody sees one.

        Raises:
            NotFoundError: the table has not come to that version.
            VersionGoneError: that version is no longer kept.
        """
        wanted = self.version(table, version)
        try:
            total = table.rows if wanted == table.delta_version else row_count(table.path, wanted)
            columns = readable_columns_of(table, wanted)
            names = [column.name for column in columns]
            page = Page(read(table.path, wanted, names, offset, limit), total, wanted, columns)
        except TableError as error:
            raise version_gone(table, wanted) from error
        self.record_reading(actor, table, wanted, rows=page.rows.num_rows, form="rows")
        return page

    def keys(self, dataflow: str) -> Mapping[str, tuple[str, ...]]:
        """The columns that tell the rows of each entity apart, by the dataflow's settings; () where they name none."""
        flows, versions = tables.dataflows.c, tables.dataflow_versions.c
        current = (versions.dataflow_id == flows.id) & (versions.version == flows.current_version)
        query = select(versions.definition).join_from(tables.dataflow_versions, tables.dataflows, current)
        with self._database.read() as connection:
            stored = connection.execute(query.where(flows.name == dataflow)).scalar_one_or_none()
        settings = Settings.from_json(stored["settings"]) if stored is not None else Settings(())
        return {entity: settings.of(entity).key for entity in settings.load}

    def record_reading(self, actor: Actor, table: PublishedTable, version: int, *, rows: int | None, form: str) -> None:
        """Put on record that rows are read, before anybody sees one; ``rows`` None: it is not known how many.

        ``form`` says what as: rows, odata, csv …
        """
        counted: dict[str, Any] = {} if rows is None else {"rows": rows}
        with self._database.begin() as connection:
            record(
                connection,
                Event.TABLE_READ,
                actor,
                now=utc_now(),
                target=f"table:{table.dataflow}/{table.entity}",
                scope_id=table.scope_id,
                version=str(version),
                format=form,
                **counted,
            )


def listed_columns(schema: PublishedSchema) -> list[dict[str, Any]]:
    """The columns as a reader is told of them."""
    return [{"name": c.name, "type": c.type.kind.value, "nullable": c.type.nullable} for c in schema.columns]


def readable_columns_of(table: PublishedTable, version: int) -> tuple[PublishedColumn, ...]:
    """The columns of a version that may be read by whoever was given the table.

    Raises:
        TableError: there is no such version.
    """
    columns = schema(table.path, version)
    readable = set(table.restriction.readable(column.name for column in columns))
    return tuple(column for column in columns if column.name in readable)


def version_gone(table: PublishedTable, version: int) -> VersionGoneError:
    """That a version's files are no longer there, to be raised."""
    return VersionGoneError(
        f"Version {version} of the table is no longer kept.",
        place=f"{table.dataflow}/{table.entity}",
        hint="Start again with the version that is published now.",
    )


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _listing(actor: Actor) -> Select[Any]:
    """The one query behind every listing of tables."""
    flows, published = tables.dataflows.c, tables.published_tables.c
    query = select(
        flows.name.label("dataflow"),
        published.entity,
        published.path,
        published.delta_version,
        published.rows,
        published.schema,
        published.published_at,
        published.scope_id,
    ).join(tables.published_tables, published.dataflow_id == flows.id)
    return query.where(published.scope_id.in_(allowed_to(actor, Action.TABLE_READ)))


def _table(row: Row[Any]) -> PublishedTable:
    return PublishedTable(
        row.dataflow,
        row.entity,
        Path(row.path),
        row.delta_version,
        row.rows,
        row.schema,
        row.published_at,
        row.scope_id,
    )


def _gone(dataflow: str, entity: str, row: Any) -> PublishedTable:
    """A table that is published no more, as a refresh published it; its dataflow's scope is what it is read by."""
    stored = next(each for each in row.payload["entities"] if each["summary"]["entity"] == entity)
    columns = listed_columns(PublishedSchema.from_json(stored["staged"]["schema"]))
    place, rows = Path(stored["path"]), stored["summary"]["rows_written"]
    return PublishedTable(dataflow, entity, place, row.delta_version, rows, columns, row.ended_at, row.scope_id)
