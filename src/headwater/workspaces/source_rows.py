"""Reading the registered sources, as somebody may see them, and recording what was done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, case, select

from headwater.access import Action, Actor, Listing, allowed_to
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.errors import NotFoundError
from headwater.store import tables
from headwater.workspaces.addresses import origin_of
from headwater.workspaces.permissions import permit, permit_below

__all__ = [
    "CredentialMode",
    "Source",
    "SourcePage",
    "changeable_values",
    "concerning_source",
    "find_source",
    "from_row",
    "record_source",
    "source_listing",
    "source_of",
    "unknown_source",
]

#: Whoever may do one of these somewhere in a source has to do with it, and may link a credential of their own.
_CONCERNED = (Action.SOURCE_READ, Action.SOURCE_SCAN, Action.MODEL_READ, Action.MODEL_INVOKE)

#: Whose credential is used at a source: the one that Headwater keeps for it, or each person's own.
CredentialMode = Literal["service", "personal"]

_sources, _collections = tables.sources, tables.collections


@dataclass(frozen=True, slots=True)
class Source:
    """A registered source.

    Attributes:
        id: its number.
        name: what M calls it by: ``<name>.<model>``.
        display_name: what people call it.
        kind: the kind of its connector.
        url: its address.
        collection: its collection's name; empty where whoever asks may not see that.
        settings: what else was said when it was registered: ``subscription``, the Azure subscription it belongs to.
        created_at: when it was registered.
        scope_id: the scope at which roles for it are given.
        credential_mode: whose credential is used there.
        private_networks: networks that are not public and that its address may lead into.
        trusted: whether loading its models may run code on this machine.
    """

    id: int
    name: str
    display_name: str
    kind: str
    url: str
    collection: str
    settings: Mapping[str, Any]
    created_at: datetime
    scope_id: int
    credential_mode: CredentialMode
    private_networks: tuple[str, ...]
    trusted: bool


@dataclass(frozen=True, slots=True)
class SourcePage:
    """``after`` goes into the call for the next ones; None: there are no more."""

    sources: list[Source]
    after: Sequence[Any] | None


def source_listing(actor: Actor) -> Listing:
    """The sources that somebody may see."""
    return Listing(_selected(actor), _sources.c.scope_id, allowed_to(actor, Action.SOURCE_READ))


def find_source(connection: Connection, actor: Actor, name: str, action: Action) -> Source:
    """The source of a name, where the actor may do ``action``.

    Raises:
        NotFoundError: there is none, or none that the actor may see.
        ForbiddenError: they may see it and not do ``action``.
    """
    source = source_of(connection, actor, name)
    permit(connection, actor, action, source.scope_id, seen_by=Action.SOURCE_READ, unknown=unknown_source(name))
    return source


def source_of(connection: Connection, actor: Actor, name: str) -> Source:
    """The source of a name, for whoever then asks what the actor may do with it; NotFoundError where there is none."""
    named = _selected(actor).where(_sources.c.name == name, _sources.c.scope_id.is_not(None))
    row = connection.execute(named).one_or_none()
    if row is None:
        raise unknown_source(name)
    return from_row(row)


def changeable_values(source: Source) -> dict[str, Any]:
    """The columns of a source that are changed in place; what moves it is more than a column."""
    return {
        "display_name": source.display_name,
        "url": source.url,
        "credential_mode": source.credential_mode,
        "private_networks": list(source.private_networks),
        "trusted": source.trusted,
    }


def concerning_source(connection: Connection, actor: Actor, name: str) -> Source:
    """A source that the actor may see, or of which they may see or invoke a model at least; NotFoundError: none."""
    source = source_of(connection, actor, name)
    permit_below(connection, actor, _CONCERNED, source.scope_id, unknown=unknown_source(name))
    return source


def record_source(
    connection: Connection, event: Event, source: Source, *, by: Actor, now: datetime, **fields: Any
) -> None:
    """Put on record what was done with a source; ``fields`` are the event's beside its kind and origin."""
    target, origin = f"source:{source.name}", origin_of(source.url)
    record(
        connection, event, by, now=now, target=target, scope_id=source.scope_id,
        kind=source.kind, origin=origin, **fields,
    )  # fmt: skip


def unknown_source(name: str) -> NotFoundError:
    """The one answer for what is not there and for what may not be seen."""
    return NotFoundError(
        f"There is no source '{name}', or none that you may see.", hint="List the sources, or register it."
    )


def from_row(row: Row[Any]) -> Source:
    """The source of a row of ``source_listing``."""
    values = dict(row._mapping)
    return Source(**values | {"private_networks": tuple(values["private_networks"])})


def _selected(actor: Actor) -> Select[Any]:
    visible = _collections.c.scope_id.in_(allowed_to(actor, Action.COLLECTION_READ))
    columns = [column for column in _sources.c if column.name != "collection_id"]
    collection = case((visible, _collections.c.name), else_="").label("collection")
    return select(*columns, collection).join(_collections, _collections.c.id == _sources.c.collection_id)
