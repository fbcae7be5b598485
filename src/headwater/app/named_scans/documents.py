"""Scan rulesets and classification rules of somebody's own: kept, every version, and applied by nothing here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, exists, func, insert, select

from headwater.access import Action, Actor, ScopeKind, allowed_to, require
from headwater.app.named_scans.stated import check_name, check_stated
from headwater.errors import ForbiddenError, NotFoundError
from headwater.store import Database, exclusive, tables, utc_now

__all__ = ["DocumentKind", "ScanDocument", "ScanDocuments"]

DocumentKind = Literal["scan_ruleset", "classification_rule"]

_documents = tables.scan_documents
_NAMES: Mapping[DocumentKind, str] = {"scan_ruleset": "scan ruleset", "classification_rule": "classification rule"}
#: So many versions of one document are kept.
_VERSIONS = 20


@dataclass(frozen=True, slots=True)
class ScanDocument:
    """A version of a ruleset or rule."""

    id: int
    kind: DocumentKind
    name: str
    version: int
    document: Mapping[str, Any]
    changed_at: datetime
    changed_by: str


class ScanDocuments:
    """Keeps documents of one kind. They belong to the server: whoever may see any source sees them all, and whoever
    may register sources in the root collection changes them.

    Every method may raise:
        ForbiddenError: the actor may not.
    """

    def __init__(self, database: Database, kind: DocumentKind) -> None:
        self._database = database
        self._kind = kind

    def list(self, actor: Actor) -> Sequence[ScanDocument]:
        """The latest version of each, by name."""
        latest = select(func.max(_documents.c.id)).where(_documents.c.kind == self._kind).group_by(_documents.c.name)
        query = select(_documents).where(_documents.c.id.in_(latest)).order_by(_documents.c.name)
        with self._database.read() as connection:
            _require_reading(connection, actor)
            return [ScanDocument(**row._mapping) for row in connection.execute(query)]

    def versions(self, actor: Actor, name: str) -> Sequence[ScanDocument]:
        """What is kept of one, the latest version first; NotFoundError where there is none."""
        with self._database.read() as connection:
            _require_reading(connection, actor)
            found = self._versions(connection, name)
        if not found:
            raise self._unknown(name)
        return found

    def put(self, actor: Actor, name: str, document: Mapping[str, Any]) -> tuple[ScanDocument, bool]:
        """Keep a new version; and whether it is the first.

        Raises:
            UsageError: the name is none, or the document cannot be kept.
        """
        check_name(name)
        kept = check_stated(document)
        with self._database.begin() as connection:
            exclusive(connection, "scan documents")
            _require_writing(connection, actor)
            before = self._versions(connection, name)
            version = before[0].version + 1 if before else 1
            values = {"kind": self._kind, "name": name, "version": version, "document": kept}
            connection.execute(insert(_documents).values(**values, changed_at=utc_now(), changed_by=actor.name))
            old = delete(_documents).where(*self._of(name), _documents.c.version <= version - _VERSIONS)
            connection.execute(old)
            return self._versions(connection, name)[0], not before

    def remove(self, actor: Actor, name: str) -> None:
        """Forget one with all its versions; NotFoundError where there is none."""
        with self._database.begin() as connection:
            _require_writing(connection, actor)
            if not connection.execute(delete(_documents).where(*self._of(name))).rowcount:
                raise self._unknown(name)

    def _versions(self, connection: Connection, name: str) -> Sequence[ScanDocument]:
        query = select(_documents).where(*self._of(name)).order_by(_documents.c.version.desc())
        return [ScanDocument(**row._mapping) for row in connection.execute(query)]

    def _of(self, name: str) -> tuple[Any, Any]:
        return _documents.c.kind == self._kind, _documents.c.name == name

    def _unknown(self, name: str) -> NotFoundError:
        return NotFoundError(f"There is no {_NAMES[self._kind]} '{name[:255]}'.", hint="List them, or make it.")


def _require_reading(connection: Connection, actor: Actor) -> None:
    somewhere = exists().where(tables.scopes.c.id.in_(allowed_to(actor, Action.SOURCE_READ)))
    if not connection.scalar(select(somewhere)):
        raise ForbiddenError(
            "You may not see how sources are scanned.", hint=f"Ask for a role with {Action.SOURCE_READ} at a source."
        )


def _require_writing(connection: Connection, actor: Actor) -> None:
    _require_reading(connection, actor)
    scope = tables.scopes.c
    root = select(tables.collections.c.scope_id).join(tables.scopes, scope.id == tables.collections.c.scope_id)
    is_root = (tables.collections.c.name == tables.ROOT_COLLECTION, scope.kind == ScopeKind.COLLECTION.value)
    found: int = connection.execute(root.where(*is_root)).scalar_one()
    require(connection, actor, Action.SOURCE_REGISTER, found)
