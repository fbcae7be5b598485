"""The registered sources: which workspaces there are, under which name, and in which collection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from headwater.access import Action, Actor, ScopeKind, add_scope, allowed_to, remove_scope, require
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.net import parse_origin
from headwater.store import Database, tables, utc_now
from headwater.workspaces.base import Credential, WorkspaceInfo
from headwater.workspaces.registry import list_kinds, load_connector

__all__ = ["Source", "SourceService"]

_M_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Source:
    """A registered source. ``name`` is what M calls it by: ``<name>.<model>``; ``collection`` a collection's name."""

    id: int
    name: str
    display_name: str
    kind: str
    url: str
    collection: str
    settings: Mapping[str, Any]
    created_at: datetime
    scope_id: int


class SourceService:
    """Registers, lists and tests sources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(  # noqa: PLR0917 -- what a registration says
        self, actor: Actor, name: str, display_name: str, kind: str, url: str, collection: str = tables.ROOT_COLLECTION
    ) -> Source:
        """Register a workspace. It is not called; ``test`` does that.

        Raises:
            UsageError: ``name`` is not an M identifier, ``kind`` not installed, or ``url`` not an address.
            NotFoundError: there is no such collection.
            ConflictError: the name is taken.
        """
        _check_name(name)
        if kind not in list_kinds():
            raise UsageError(
                f"There is no connector for workspaces of kind '{kind}'.",
                hint=f"The kinds installed here are: {', '.join(list_kinds()) or 'none'}.",
            )
        parse_origin(url)
        try:
            with self._database.begin() as connection:
                collection_id, above = _collection(connection, collection)
                require(connection, actor, Action.SOURCE_REGISTER, above)
                scope = add_scope(connection, ScopeKind.WORKSPACE, name, above)
                connection.execute(
                    insert(tables.sources).values(
                        scope_id=scope.id,
                        name=name,
                        display_name=display_name or name,
                        kind=kind,
                        url=url.strip().rstrip("/"),
                        collection_id=collection_id,
                        settings={},
                        created_at=utc_now(),
                    )
                )
        except IntegrityError as error:
            raise ConflictError(
                f"There is a source '{name}' already.", hint="Choose another name, or remove that source first."
            ) from error
        return self.get(actor, name)

    def list(self, actor: Actor) -> Sequence[Source]:
        """Every source, by name."""
        with self._database.read() as connection:
            return [_source(row) for row in connection.execute(_listing(actor).order_by(tables.sources.c.name))]

    def get(self, actor: Actor, name: str) -> Source:
        """One source; NotFoundError when there is none."""
        with self._database.read() as connection:
            row = connection.execute(_listing(actor).where(tables.sources.c.name == name)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no source '{name}'.", hint="List the sources, or add it.")
        return _source(row)

    def remove(self, actor: Actor, name: str) -> None:
        """Forget a source. What its scans found is kept as deleted, for the lineage that runs through it."""
        source = self.get(actor, name)
        with self._database.begin() as connection:
            require(connection, actor, Action.SOURCE_REGISTER, source.scope_id)
            _, above = _collection(connection, source.collection)
            connection.execute(
                update(tables.assets)
                .where(tables.assets.c.source_id == source.id)
                .values(status="deleted", scope_id=above)
            )
            connection.execute(delete(tables.sources).where(tables.sources.c.id == source.id))
            remove_scope(connection, source.scope_id)

    def test(self, actor: Actor, name: str, credential: Credential | None = None) -> WorkspaceInfo:
        """Call the workspace; whatever is wrong with it is raised, as ``Connector`` says."""
        source = self.get(actor, name)
        connector = load_connector(source.kind, source.url, credential)
        try:
            return connector.test()
        finally:
            connector.close()


def _listing(actor: Actor) -> Select[Any]:
    """The one query behind every listing of sources."""
    columns = tables.sources.c
    return (
        select(
            columns.id,
            columns.name,
            columns.display_name,
            columns.kind,
            columns.url,
            tables.collections.c.name.label("collection"),
            columns.settings,
            columns.created_at,
            columns.scope_id,
        )
        .join(tables.collections, tables.collections.c.id == columns.collection_id)
        .where(columns.scope_id.in_(allowed_to(actor, Action.SOURCE_READ)))
    )


def _source(row: Row[Any]) -> Source:
    return Source(**row._mapping)


def _check_name(name: str) -> None:
    if not _M_IDENTIFIER.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot be a source's name.",
            hint="Use letters, digits and underscores, and begin with no digit: M calls its models name.model.",
        )


def _collection(connection: Connection, name: str) -> tuple[int, int]:
    collection = tables.collections.c
    found = connection.execute(select(collection.id, collection.scope_id).where(collection.name == name)).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no collection '{name}'.", hint="List the collections, or add it.")
    return found[0], found[1]
