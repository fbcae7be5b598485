"""Scopes as people name them, and as whoever asks may see them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sqlalchemy import ColumnElement, Connection, Select, func, select

from headwater.access import Actor, Listing, Scope, ScopeKind, display_path, find_scope, get_scope, may_see, seen_by
from headwater.access.scopes import unknown_scope
from headwater.errors import NotFoundError, UsageError
from headwater.store import tables

__all__ = ["FORMS", "Paths", "ScopePage", "ShownScope", "children", "resolve"]

#: How a scope is written; for hints and documentation.
FORMS = (
    "server", "collection:NAME", "source:NAME", "model:SOURCE/MODEL", "service:NAME", "dataflow:NAME",
    "table:DATAFLOW/ENTITY", "connection:NAME", "subscription:ID", "scope:ID", "/collection/NAME/…",
)  # fmt: skip

#: Of scopes that have one name, so many are listed.
_LISTED = 5

_scopes = tables.scopes
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ShownScope:
    """A scope as whoever asks may see it. ``path`` shows what they may not see above it as ``…``."""

    id: int
    kind: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class ScopePage:
    """``after`` goes into the call for the next ones; None: there are no more."""

    scopes: list[ShownScope]
    total: int
    after: int | None


class Paths:
    """The paths of scopes as whoever asks may read them, each looked up once."""

    def __init__(self, connection: Connection, actor: Actor) -> None:
        self._connection, self._actor = connection, actor
        self._seen: dict[int, bool] = {}
        self._found: dict[int, ShownScope | None] = {}

    def shown(self, scope_id: int) -> ShownScope | None:
        """A scope with its path; None where there is none any more, or none that they may see."""
        if scope_id not in self._found:
            self._found[scope_id] = self._look_up(scope_id) if self._may_see(scope_id) else None
        return self._found[scope_id]

    def _look_up(self, scope_id: int) -> ShownScope:
        scope = get_scope(self._connection, scope_id)
        path = display_path(self._connection, scope_id, seen=self._may_see)
        return ShownScope(scope.id, scope.kind.value, scope.name, path)

    def _may_see(self, scope_id: int) -> bool:
        if scope_id not in self._seen:
            self._seen[scope_id] = may_see(self._connection, self._actor, scope_id)
        return self._seen[scope_id]


def resolve(connection: Connection, actor: Actor, text: str) -> Scope:
    """The scope that ``text`` names, in one of ``FORMS``.

    Raises:
        NotFoundError: there is none, or none that whoever asks may see (``access.scope``).
        UsageError: the text names no scope, or several of those that they may see.
    """
    if not unquote(text).isprintable():
        raise _unnamed()
    seen = _scopes.c.id.in_(seen_by(actor))
    query = select(_scopes.c.id).where(_named(connection, text), seen).order_by(_scopes.c.id).limit(_LISTED + 1)
    found = connection.scalars(query).all()
    if not found:
        raise unknown_scope(text)
    if len(found) > 1:
        raise _ambiguous(connection, actor, text, found[:_LISTED])
    return get_scope(connection, found[0])


def children(
    connection: Connection, actor: Actor, of: str | None, *, matching: str, after: int | None, limit: int
) -> ScopePage:
    """The scopes right below one, by name, of those that whoever asks may see; without ``of``, the topmost of these.

    Raises:
        NotFoundError, UsageError: see ``resolve``.
        NotFoundError: ``after`` is no scope that they may see.
    """
    seen = seen_by(actor)
    above = _scopes.c.parent_id
    where = above.is_(None) | above.not_in(seen) if of is None else above == resolve(connection, actor, of).id
    statement = select(_scopes.c.id, _scopes.c.name).where(where, *_containing(matching))
    listing = Listing(statement, _scopes.c.id, seen)
    start = None if after is None else (resolve(connection, actor, f"scope:{after}").name, after)
    page = listing.page(connection, [_scopes.c.name, _scopes.c.id], limit=limit, after=start)
    paths = Paths(connection, actor)
    shown = [scope for row in page.rows if (scope := paths.shown(row.id)) is not None]
    return ScopePage(shown, listing.count(connection), None if page.after is None else page.after[1])


def _containing(text: str) -> list[ColumnElement[bool]]:
    if not text:
        return []
    if not text.isprintable():
        return [_scopes.c.id.is_(None)]
    return [func.lower(_scopes.c.name).contains(text.lower(), autoescape=True)]


def _named(connection: Connection, text: str) -> ColumnElement[bool]:
    """Which scopes a text names, whether or not they may be seen."""
    if text.startswith("/"):
        return _scopes.c.id == _at_path(connection, text)
    kind, colon, name = text.partition(":")
    if text == ScopeKind.SERVER:
        return _scopes.c.kind == ScopeKind.SERVER
    if not colon or not name or kind not in _BY_KIND:
        raise _unnamed()
    return _BY_KIND[kind](name)


def _at_path(connection: Connection, path: str) -> int | None:
    try:
        return find_scope(connection, path).id
    except NotFoundError:
        # Told apart from what may not be seen by nobody: the caller answers for both.
        return None


def _of_row(column: ColumnElement[Any], name: str) -> Select[Any]:
    """The scope of the row of a table that is called ``name``."""
    return select(column.table.c.scope_id).where(column == name)


def _collection(name: str) -> ColumnElement[bool]:
    return _scopes.c.id.in_(_of_row(tables.collections.c.name, name))


def _source(name: str) -> ColumnElement[bool]:
    return _scopes.c.id.in_(_of_row(tables.sources.c.name, name))


def _model(text: str) -> ColumnElement[bool]:
    source, _, model = text.partition("/")
    under = _scopes.c.parent_id.in_(_of_row(tables.sources.c.name, source))
    return under & (_scopes.c.kind == ScopeKind.MODEL) & (_scopes.c.name == model)


def _dataflow(name: str) -> ColumnElement[bool]:
    return _scopes.c.id.in_(_of_row(tables.dataflows.c.name, name))


def _table(text: str) -> ColumnElement[bool]:
    dataflow, _, entity = text.partition("/")
    published = tables.published_tables
    of_dataflow = select(tables.dataflows.c.id).where(tables.dataflows.c.name == dataflow)
    return _scopes.c.id.in_(_of_row(published.c.entity, entity).where(published.c.dataflow_id.in_(of_dataflow)))


def _by_id(text: str) -> ColumnElement[bool]:
    if _NUMBER.fullmatch(text) is None:
        raise _unnamed()
    return _scopes.c.id == int(text)


def _of_kind(kind: ScopeKind) -> Callable[[str], ColumnElement[bool]]:
    return lambda name: (_scopes.c.kind == kind) & (_scopes.c.name == name)


_BY_KIND: Mapping[str, Callable[[str], ColumnElement[bool]]] = {
    "collection": _collection,
    "source": _source,
    "model": _model,
    "service": _of_kind(ScopeKind.SCORING_SERVICE),
    "dataflow": _dataflow,
    "table": _table,
    "connection": _of_kind(ScopeKind.CONNECTION),
    "subscription": _of_kind(ScopeKind.SUBSCRIPTION),
    "scope": _by_id,
}


def _unnamed() -> UsageError:
    return UsageError(
        "That is not how a scope is named.", code="access.scope", hint=f"Write one of: {', '.join(FORMS)}."
    )


def _ambiguous(connection: Connection, actor: Actor, text: str, found: Sequence[int]) -> UsageError:
    paths = Paths(connection, actor)
    listed = ", ".join(f"scope:{each.id} ({each.path})" for scope_id in found if (each := paths.shown(scope_id)))
    return UsageError(f"'{text}' names several scopes.", code="access.scope", hint=f"Write one of: {listed}.")
