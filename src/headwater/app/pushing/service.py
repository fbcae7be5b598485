"""Pushing the catalog: types first, then entities, then what relates them; what changed since the last time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from headwater.access import Action, Actor
from headwater.app.administration.authority import require_at_server
from headwater.app.pushing.events import event_of
from headwater.app.pushing.payloads import Entity, Name, described, name_of, related
from headwater.app.pushing.sending import Remote, Warned
from headwater.app.pushing.settings import Target
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.reading import entities_by_id
from headwater.catalog.seeing import may_read
from headwater.catalog.types import types_of
from headwater.catalog.types.documents import grouped, list_documents
from headwater.errors import NotFoundError
from headwater.store import Database, tables, utc_now

__all__ = ["PushReport", "PushState", "Pushes"]

_BATCH: Final = 200
_MOST_WARNINGS: Final = 1_000
_asset, _pushes = tables.assets.c, tables.catalog_pushes


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push did. ``full``: everything was sent, not only what had changed."""

    target: str
    full: bool
    types: int
    entities: int
    related: int
    deleted: int
    requests: int
    warnings: tuple[Warned, ...]


@dataclass(frozen=True, slots=True)
class PushState:
    """A catalog that ours is pushed to, and what the last push did; None: there was none."""

    name: str
    url: str
    cron: str
    pushed_at: datetime | None
    report: Mapping[str, Any] | None


class Pushes:
    """Pushes what the catalog knows to the catalogs that ``headwater.toml`` names.

    Args:
        database: the metadata database.
        targets: those catalogs.
    """

    def __init__(self, database: Database, targets: Sequence[Target]) -> None:
        self._database = database
        self._targets = {target.name: target for target in targets}

    def list(self, actor: Actor) -> Sequence[PushState]:
        """The catalogs that ours is pushed to; ForbiddenError for who may not see the server's settings."""
        with self._database.read() as connection:
            require_at_server(connection, actor, Action.SERVER_READ)
            done = {row.name: row for row in connection.execute(select(_pushes))}
        return [
            PushState(
                name,
                target.url,
                target.cron,
                done[name].pushed_at if name in done else None,
                done[name].report if name in done else None,
            )
            for name, target in sorted(self._targets.items())
        ]

    def push(
        self, actor: Actor, name: str, *, full: bool = False, check: Callable[[], None] = lambda: None
    ) -> PushReport:
        """Push what ``actor`` may see and what changed since the last push that came to its end.

        Args:
            actor: who asks; they manage the server.
            name: the catalog's, as the settings call it.
            full: push everything.
            check: called between requests; what it raises ends the push.

        Raises:
            NotFoundError: the settings name no such catalog.
            ForbiddenError: the actor may not manage the server.
            NetworkError: nobody answers, or the credential is refused; the next push begins where this one did.
            SecretError: the credential's secret is not there.
        """
        with self._database.read() as connection:
            require_at_server(connection, actor, Action.SERVER_MANAGE)
            target = self._target(name)
            start = 0 if full else _start(connection, target)
            change: int = connection.execute(select(tables.catalog_state.c.change)).scalar_one()
            scope = _in_scope(connection, actor, target)
            changed = [number for number, (_, at, active) in scope.items() if active and at > start]
            gone = [each for each, at, active in scope.values() if not active and at > start]
        there = {each for each, _, active in scope.values() if active}
        with closing(Remote(target, check)) as remote:
            types, sent, joined, deleted = 0, 0, 0, 0
            if target.form == "openlineage":
                sent = self._events(actor, remote, changed)
            else:
                types = remote.post_types(_missing_types(self._database, remote))
                sent, joined = self._entities(actor, remote, changed, there)
                deleted = sum(remote.delete(*each) for each in gone) if target.deletions else 0
            report = PushReport(
                name, start == 0, types, sent, joined, deleted, remote.requests, tuple(remote.warnings[:_MOST_WARNINGS])
            )
        self._keep(target, change, report)
        return report

    def _entities(self, actor: Actor, remote: Remote, changed: Sequence[int], there: set[Name]) -> tuple[int, int]:
        """First all entities, then what relates them: a reference leads to what is there by then."""
        refused = len(remote.warnings)
        sent = sum(
            remote.post_entities([described(each, at) for at, each in enumerate(batch, start=1)])
            for batch in self._read(actor, changed)
        )
        lost = {(warned.type_name, warned.name) for warned in remote.warnings[refused:]}
        joined = 0
        for batch in self._read(actor, changed):
            kept = [each for each in batch if name_of(each) not in lost]
            found = [related(each, at, lambda n: n in there and n not in lost) for at, each in enumerate(kept, start=1)]
            joined += remote.post_entities([each for each in found if each is not None])
        return sent, joined

    def _events(self, actor: Actor, remote: Remote, changed: Sequence[int]) -> int:
        """Each asset as an event of its own; columns are told with what they belong to."""
        with self._database.read() as connection:
            processes = types_of(connection).processes()
        at, sent = utc_now().isoformat(), 0
        for batch in self._read(actor, changed):
            for entity in batch:
                if entity["typeName"] != "column":
                    event = event_of(entity, is_process=entity["typeName"] in processes, at=at)
                    sent += remote.post_event(event, name_of(entity))
        return sent

    def _read(self, actor: Actor, numbers: Sequence[int]) -> Iterator[Sequence[Entity]]:
        for chunk in chunked(numbers, _BATCH):
            with self._database.read() as connection:
                yield entities_by_id(connection, actor, chunk)

    def _target(self, name: str) -> Target:
        if name not in self._targets:
            raise NotFoundError(
                f"There is no catalog '{name}' to push to.", hint="Describe it in [[push]] of headwater.toml."
            )
        return self._targets[name]

    def _keep(self, target: Target, change: int, report: PushReport) -> None:
        told = asdict(report)
        values = {"name": target.name, "fingerprint": target.fingerprint, "change": change, "pushed_at": utc_now()}
        with self._database.begin() as connection:
            connection.execute(delete(_pushes).where(_pushes.c.name == target.name))
            connection.execute(insert(_pushes).values(values | {"report": told}))


def _start(connection: Connection, target: Target) -> int:
    """The last change that the other side has; 0 where that is not known."""
    row = connection.execute(select(_pushes).where(_pushes.c.name == target.name)).one_or_none()
    return 0 if row is None or row.fingerprint != target.fingerprint else int(row.change)


def _in_scope(connection: Connection, actor: Actor, target: Target) -> Mapping[int, tuple[Name, int, bool]]:
    """By number, what a target is given: its name, its last change, and whether it is there."""
    query = select(_asset.id, _asset.type_name, _asset.qualified_name, _asset.change, _asset.status)
    query = query.where(may_read(actor)).order_by(_asset.id)
    if target.types:
        query = query.where(_asset.type_name.in_([*target.types]))
    if target.collections:
        named, above = tables.collections.c, tables.scope_ancestors.c
        roots = select(named.scope_id).where(named.name.in_(target.collections))
        below = select(above.scope_id).where(above.ancestor_id.in_(roots))
        query = query.where(_asset.collection_id.in_(select(named.id).where(named.scope_id.in_(below))))
    return {
        row.id: ((row.type_name, row.qualified_name), row.change, row.status == "active")
        for row in connection.execute(query)
    }


def _missing_types(database: Database, remote: Remote) -> dict[str, list[dict[str, Any]]]:
    """The types of ours that the other side has not, by name."""
    headers = remote.get("/types/typedefs/headers") or []
    known = {each.get("name") for each in headers if isinstance(each, Mapping)}
    found = grouped(list_documents(database, {}))
    return {
        kind: missing
        for kind, documents in found.items()
        if (missing := [document for document in documents if document.get("name") not in known])
    }
