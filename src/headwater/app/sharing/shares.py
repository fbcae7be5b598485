"""Links to published tables: making, listing, revoking and using them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, Select, insert, or_, select, update

from headwater.access import Action, Actor, Via, allowed_to, require
from headwater.access.audit import record
from headwater.access.bearer import new_bearer
from headwater.access.events import Event
from headwater.app.administration.authority import is_oneself
from headwater.app.administration.principals import known_id, named_user
from headwater.app.reading import TableReader
from headwater.app.sharing.settings import SharingSettings
from headwater.app.sharing.using import OpenShare, Uses, opened_share
from headwater.dataflows import PublishedTable, PublishedTables
from headwater.errors import ForbiddenError, NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["NewShare", "Share", "Shares"]

_shares, _flows, _published = tables.table_shares, tables.dataflows, tables.published_tables


@dataclass(frozen=True, slots=True)
class Share:
    """A link to a table, by its beginning. ``columns`` None: all that the sharer may read; ``rows`` None: all.

    ``uses`` counts requests, ``last_used_at`` is the latest one's time.
    """

    id: str
    name: str
    prefix: str
    dataflow: str
    entity: str
    sharer_id: str
    sharer: str
    columns: tuple[str, ...] | None
    rows: int | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    uses: int

    @property
    def is_over(self) -> bool:
        """Whether it was revoked, or its time is up."""
        return self.revoked_at is not None or self.expires_at <= utc_now()


@dataclass(frozen=True, slots=True)
class NewShare:
    """A link that was just made, with its secret, which is shown only here."""

    token: str
    info: Share

    def __repr__(self) -> str:
        return f"NewShare({self.info.prefix}…)"


class Shares:
    """Shares published tables by links, each with the rights that its sharer has at each use.

    Args:
        database: the metadata database.
        published: finds the tables that somebody may read.
        reader: opens them.
        settings: how long a link may be good, and how often it may be used.
    """

    def __init__(
        self, database: Database, published: PublishedTables, reader: TableReader, settings: SharingSettings
    ) -> None:
        self._database = database
        self._published = published
        self._reader = reader
        self._settings = settings
        self._uses = Uses(settings.uses_a_minute)

    def create(
        self,
        actor: Actor,
        dataflow: str,
        entity: str,
        *,
        name: str,
        days: int,
        columns: Sequence[str] | None = None,
        rows: int | None = None,
        sharer: str | None = None,
    ) -> NewShare:
        """Make a link to a table.

        Args:
            actor: who asks; they share what they may read themselves.
            dataflow: whose table it is.
            entity: which table.
            name: what, or whom, it is for.
            days: how long it is good.
            columns: the only ones that are given; None: all.
            rows: how many of the first rows are given; None: all.
            sharer: with whose rights, where the machine asks, which has none of a person's.

        Raises:
            NotFoundError: there is no such table that they may read.
            ForbiddenError: they may not share it (``asset.share``).
            UsageError: it is good for too long, or a column is not there.
        """
        with self._database.begin() as connection:
            by = self._sharer(connection, actor, sharer)
            _check(name, days, rows, self._settings)
        table = self._published.get(by, dataflow, entity)
        _check_columns(table, columns)
        with self._database.begin() as connection:
            require(connection, by, Action.ASSET_SHARE, table.scope_id)
            return self._made(connection, actor, by, table, (name.strip(), days, columns, rows))

    def list(self, actor: Actor) -> Sequence[Share]:
        """One's own links, and those to tables whose roles one may see; the newest first."""
        with self._database.read() as connection:
            rows = connection.execute(_listing(actor).order_by(_shares.c.created_at.desc(), _shares.c.id))
            return [_share(row) for row in rows]

    def get(self, actor: Actor, share_id: str) -> Share:
        """A link; NotFoundError where there is none to be seen."""
        with self._database.read() as connection:
            return _share(_found(connection, actor, share_id))

    def revoke(self, actor: Actor, share_id: str) -> None:
        """Make a link worthless from the next request on.

        Raises:
            NotFoundError: there is none to be seen.
            ForbiddenError: it is another person's, and the actor may not give roles at the table.
        """
        with self._database.begin() as connection:
            row = _found(connection, actor, share_id)
            if not (actor.via is Via.SYSTEM or is_oneself(actor, row.sharer_id)):
                require(connection, actor, Action.ROLES_ASSIGN, _scope(row))
            live = (_shares.c.id == share_id, _shares.c.revoked_at.is_(None))
            if connection.execute(update(_shares).where(*live).values(revoked_at=utc_now())).rowcount:
                self._record(connection, Event.SHARE_REVOKED, actor, _share(row), _scope(row))

    def open(
        self, token: str, *, version: int | None = None, address: str | None = None, request_id: str | None = None
    ) -> OpenShare:
        """The table that a link leads to, as its sharer may read it now, and no more of it than is shared.

        Raises:
            UnauthenticatedError: the link is none, was revoked, has expired, or its sharer may no longer share or
                read the table.
            ThrottledError: it was used too often within a minute.
            VersionGoneError: that version is no longer kept.
        """
        if not self._settings.longest_days:
            raise _not_offered()
        self._uses.check(token, address)
        asking = Actor(None, "a link", Via.LINK, request_id=request_id, address=address)
        return opened_share(self._database, self._reader, token, version, asking)

    # -- within --------------------------------------------------------------------------------------------------------

    @staticmethod
    def _sharer(connection: Connection, actor: Actor, sharer: str | None) -> Actor:
        """Whose rights a link has."""
        if actor.user_id is not None and sharer is None:
            return actor
        if actor.via is not Via.SYSTEM or sharer is None:
            raise UsageError("A link has the rights of one person.", hint="Say whose, on the command line with --as.")
        user = named_user(connection, sharer)
        return Actor(user.id, user.name, Via.LOCAL)

    def _made(
        self,
        connection: Connection,
        actor: Actor,
        by: Actor,
        table: PublishedTable,
        wanted: tuple[str, int, Sequence[str] | None, int | None],
    ) -> NewShare:
        name, days, columns, rows = wanted
        made, now = new_bearer("hwp"), utc_now()
        flow = select(_flows.c.id).where(_flows.c.name == table.dataflow).scalar_subquery()
        values: dict[str, Any] = {
            "id": str(uuid4()),
            "token_hash": made.digest,
            "prefix": made.prefix,
            "name": name,
            "dataflow_id": flow,
            "entity": table.entity,
            "sharer_id": by.user_id,
            "columns": None if columns is None else list(dict.fromkeys(columns)),
            "row_limit": rows,
            "first_version": table.delta_version,
            "created_at": now,
            "expires_at": now + timedelta(days=days),
        }
        connection.execute(insert(_shares).values(values))
        share = _share(connection.execute(_everything().where(_shares.c.id == values["id"])).one())
        shown = {"name": share.name, "expires_at": share.expires_at.isoformat(), "columns": len(columns or ())}
        more = {} if rows is None else {"rows": rows}
        self._record(connection, Event.TABLE_SHARED, actor, share, table.scope_id, **shown, **more)
        return NewShare(made.token, share)

    @staticmethod
    def _record(
        connection: Connection, event: Event, actor: Actor, share: Share, scope_id: int | None, **more: Any
    ) -> None:
        record(
            connection,
            event,
            actor,
            now=utc_now(),
            target=f"table:{share.dataflow}/{share.entity}",
            scope_id=scope_id,
            principal_id=share.sharer_id,
            prefix=share.prefix,
            **more,
        )


def _check(name: str, days: int, rows: int | None, settings: SharingSettings) -> None:
    if not settings.longest_days:
        raise _not_offered()
    if not 1 <= len(name.strip()) <= 255 or not name.isprintable():
        raise UsageError("A link's name has 1 to 255 characters in one line.", hint="Say what it is for.")
    if not 1 <= days <= settings.longest_days:
        raise UsageError(
            f"A table is shared for 1 to {settings.longest_days} days.",
            code="share.days",
            hint="Choose a shorter time; 'longest_days' in [sharing] of headwater.toml is the most.",
        )
    if rows is not None and rows < 1:
        raise UsageError("At least one row is shared.", hint="Leave the number of rows out to share all.")


def _not_offered() -> ForbiddenError:
    return ForbiddenError("Tables are not shared by links here.", hint="Give people a role at the table instead.")


def _check_columns(table: PublishedTable, columns: Sequence[str] | None) -> None:
    known = {column["name"] for column in table.columns}
    unknown = next((name for name in columns or () if name not in known), None)
    if unknown is not None:
        raise UsageError(f"The table has no column '{unknown}'.", hint="List its columns.", code="share.columns")
    if columns is not None and not columns:
        raise UsageError("At least one column is shared.", hint="Leave the columns out to share all.")


def _everything() -> Select[Any]:
    users = tables.users
    scope = _published.c.scope_id.label("table_scope"), _flows.c.scope_id.label("flow_scope")
    return (
        select(_shares, _flows.c.name.label("dataflow"), users.c.name.label("sharer"), *scope)
        .join(_flows, _flows.c.id == _shares.c.dataflow_id)
        .join(users, users.c.id == _shares.c.sharer_id)
        .outerjoin(
            _published,
            (_published.c.dataflow_id == _shares.c.dataflow_id) & (_published.c.entity == _shares.c.entity),
        )
    )


def _listing(actor: Actor) -> Select[Any]:
    """The one query behind every listing of links: by the table's scope, or its dataflow's once it is gone."""
    seen = allowed_to(actor, Action.ROLES_READ)
    rights: list[ColumnElement[bool]] = [_published.c.scope_id.in_(seen), _flows.c.scope_id.in_(seen)]
    if actor.user_id is not None and is_oneself(actor, actor.user_id):
        rights.append(_shares.c.sharer_id == actor.user_id)
    return _everything().where(or_(*rights))


def _found(connection: Connection, actor: Actor, share_id: str) -> Row[Any]:
    query = _listing(actor).where(_shares.c.id == known_id(share_id, "link"))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("There is no such link.", hint="List the links.")
    return row


def _scope(row: Row[Any]) -> int:
    """The table's scope, or its dataflow's where it is published no more."""
    found: int = row.flow_scope if row.table_scope is None else row.table_scope
    return found


def _share(row: Row[Any]) -> Share:
    return Share(
        row.id,
        row.name,
        row.prefix,
        row.dataflow,
        row.entity,
        row.sharer_id,
        row.sharer,
        None if row.columns is None else tuple(row.columns),
        row.row_limit,
        row.created_at,
        row.expires_at,
        row.revoked_at,
        row.last_used_at,
        row.uses,
    )
