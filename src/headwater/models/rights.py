"""What somebody may do with models: asked when a name is looked up, and again before each call."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from sqlalchemy import Connection, and_, or_, select

from headwater.access import Action, Actor, ScopeKind, allowed_to, may
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.errors import ForbiddenError
from headwater.store import Database, tables, utc_now

__all__ = ["ActorsRights", "ModelRights"]


class ModelRights(Protocol):
    """The rights of one person, on models by their source's name and their own."""

    def may_read(self, source: str, model: str) -> bool:
        """Whether they may know that there is this model."""
        ...

    def sources(self, known: Collection[str]) -> Collection[str]:
        """Those of these sources of which they may know at least one model, or may know all that there will be."""
        ...

    def readable(self, source: str, models: Collection[str]) -> Collection[str]:
        """Those of these models of a source that they may know of."""
        ...

    def check_invoke(self, source: str, model: str) -> None:
        """Go on only where they may call it now.

        Raises:
            ForbiddenError: they may not, or no longer.
        """
        ...

    def invoked(self, source: str, model: str, version: str, *, rows: int, calls: int) -> None:
        """Put on record that they called it."""
        ...


class ActorsRights:
    """An actor's rights by their roles. A model that no scan has seen yet is trimmed as its workspace is.

    Args:
        database: the metadata database.
        actor: whoever runs what calls the models.
        workspaces: the scope of each source, by its name.
    """

    def __init__(self, database: Database, actor: Actor, workspaces: Mapping[str, int]) -> None:
        self._database = database
        self._actor = actor
        self._workspaces = dict(workspaces)

    def may_read(self, source: str, model: str) -> bool:
        return self._may(Action.MODEL_READ, source, model)

    def may_invoke(self, source: str, model: str) -> bool:
        """Whether they may call it."""
        return self._may(Action.MODEL_INVOKE, source, model)

    def sources(self, known: Collection[str]) -> Collection[str]:
        scope = tables.scopes.c
        workspaces = {self._workspaces[source]: source for source in known if source in self._workspaces}
        seen = select(scope.id, scope.parent_id, scope.kind).where(
            scope.id.in_(allowed_to(self._actor, Action.MODEL_READ)),
            or_(
                scope.id.in_(workspaces),
                and_(scope.kind == ScopeKind.MODEL.value, scope.parent_id.in_(workspaces)),
            ),
        )
        with self._database.read() as connection:
            rows = connection.execute(seen).all()
        return frozenset(workspaces[row.id if row.id in workspaces else row.parent_id] for row in rows)

    def readable(self, source: str, models: Collection[str]) -> Collection[str]:
        workspace = self._workspaces.get(source)
        if workspace is None:
            return frozenset()
        scope = tables.scopes.c
        below = select(scope.name, scope.id.in_(allowed_to(self._actor, Action.MODEL_READ)).label("seen")).where(
            scope.parent_id == workspace, scope.kind == ScopeKind.MODEL.value
        )
        with self._database.read() as connection:
            own = {row.name: bool(row.seen) for row in connection.execute(below)}
            elsewhere = may(connection, self._actor, Action.MODEL_READ, workspace)
        return frozenset(model for model in models if own.get(model, elsewhere))

    def may_supply(self, source: str, model: str) -> bool:
        """Whether they may say what a model takes and gives: as whoever registers its workspace."""
        return self._may(Action.SOURCE_REGISTER, source, model)

    def scope_of(self, connection: Connection, source: str, model: str) -> int | None:
        """What a model is trimmed by; None where the source is gone."""
        return self._scope(connection, source, model)

    def check_invoke(self, source: str, model: str) -> None:
        if not self._may(Action.MODEL_INVOKE, source, model):
            raise ForbiddenError(
                f"{self._actor.name} may not call the model '{model}', or no longer.",
                place=f"{source}.{model}",
                hint="Ask somebody who may assign roles there for one that has model.invoke.",
            )

    def invoked(self, source: str, model: str, version: str, *, rows: int, calls: int) -> None:
        with self._database.begin() as connection:
            record(
                connection,
                Event.MODEL_INVOKED,
                self._actor,
                now=utc_now(),
                target=f"model:{source}/{model}",
                scope_id=self._scope(connection, source, model),
                model=model,
                version=version,
                rows=rows,
                calls=calls,
            )

    def _may(self, action: Action, source: str, model: str) -> bool:
        with self._database.read() as connection:
            scope = self._scope(connection, source, model)
            return scope is not None and may(connection, self._actor, action, scope)

    def _scope(self, connection: Connection, source: str, model: str) -> int | None:
        workspace = self._workspaces.get(source)
        scope = tables.scopes.c
        own = select(scope.id).where(
            scope.parent_id == workspace, scope.kind == ScopeKind.MODEL.value, scope.name == model
        )
        found: int | None = connection.scalar(own)
        return workspace if found is None else found
