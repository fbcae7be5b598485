"""Using a link: whose rights it has now, which part of the table it gives, and how often."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from headwater.access import Action, Actor, may
from headwater.access.bearer import digest
from headwater.access.policies import Restriction
from headwater.access.throttling import network_of
from headwater.app.reading import OpenTable, TableReader
from headwater.dataflows.restricted import readable_scan
from headwater.errors import NotFoundError, ThrottledError, UnauthenticatedError
from headwater.store import Database, tables, utc_now

__all__ = ["OpenShare", "Uses", "opened_share"]

_shares, _flows, _users = tables.table_shares, tables.dataflows, tables.users
_MINUTE: Final = 60.0
#: Counters are looked through for old ones when there are more than so many.
_MANY: Final = 10_000


@dataclass(frozen=True, slots=True)
class OpenShare:
    """A table as a link gives it."""

    id: str
    name: str
    sharer: str
    expires_at: datetime
    opened: OpenTable


class Uses:
    """Counts how often each link, and each network with links that are none, was used within a minute.

    In this process's memory: it keeps a link from being called without end, and is no accounting.
    """

    def __init__(self, a_minute: int) -> None:
        self._most = a_minute
        self._counts: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def check(self, token: str, address: str | None) -> None:
        """Count a use; ThrottledError where there were too many."""
        # By the digest: the link itself stays out of what is kept. Text of no form of ours is counted by who sent it.
        key = digest(token) or f"from {network_of(address)}"
        now = time.monotonic()
        with self._lock:
            if len(self._counts) > _MANY:
                self._counts = {k: one for k, one in self._counts.items() if now - one[0] < _MINUTE}
            began, count = self._counts.get(key, (now, 0))
            if now - began >= _MINUTE:
                began, count = now, 0
            self._counts[key] = began, count + 1
        if count >= self._most:
            wait = max(1, round(_MINUTE - (now - began)))
            raise ThrottledError(
                "This link was used too often of late.", retry_after=wait, hint=f"Wait {wait} seconds."
            )


def opened_share(database: Database, reader: TableReader, token: str, version: int | None, asking: Actor) -> OpenShare:
    """The part of a table that a link gives, with its sharer's rights of now; raises as ``Shares.open`` says."""
    with database.read() as connection:
        row = _row(connection, token)
    # A link is good for this alone, whatever its sharer may do.
    actor = replace(
        asking,
        user_id=row.sharer_id,
        name=f"{row.sharer} by link {row.prefix}",
        credential_id=row.id,
        actions=frozenset({Action.TABLE_READ.value, Action.ASSET_SHARE.value}),
    )
    try:
        opened = reader.open(actor, row.dataflow, row.entity, version)
    except NotFoundError as error:
        raise _not_good() from error
    with database.begin() as connection:
        if not may(connection, actor, Action.ASSET_SHARE, opened.table.scope_id):
            raise _not_good()
        used = {"uses": _shares.c.uses + 1, "last_used_at": utc_now()}
        connection.execute(update(_shares).where(_shares.c.id == row.id).values(used))
    if opened.version < min(row.first_version, opened.table.delta_version):
        # Rows that had gone before the table was shared.
        raise _not_good()
    return OpenShare(row.id, row.name, row.sharer, row.expires_at, _narrowed(opened, row))


def _row(connection: Connection, token: str) -> Row[Any]:
    query = (
        select(_shares, _flows.c.name.label("dataflow"), _users.c.name.label("sharer"))
        .join(_flows, _flows.c.id == _shares.c.dataflow_id)
        .join(_users, _users.c.id == _shares.c.sharer_id)
        .where(_shares.c.token_hash == digest(token), _shares.c.revoked_at.is_(None))
        .where(_shares.c.expires_at > utc_now(), _users.c.active)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise _not_good()
    return row


def _narrowed(opened: OpenTable, row: Row[Any]) -> OpenTable:
    """The columns and rows that are shared, of those that the sharer may read."""
    given = {column.name for column in opened.columns}
    wanted = given if row.columns is None else given & set(row.columns)
    if not wanted:
        raise _not_good()
    restriction = Restriction(hidden=frozenset(given - wanted) | opened.table.restriction.hidden)
    columns = [column for column in opened.table.columns if column["name"] in wanted]
    table = replace(opened.table, columns=columns, restriction=restriction)
    return replace(opened, table=table, scan=readable_scan(opened.scan, restriction), first=row.row_limit)


def _not_good() -> UnauthenticatedError:
    """One answer for all: who holds a dead link is not told why."""
    return UnauthenticatedError(
        "This link is not good, or no longer.", code="share.over", hint="Ask whoever gave it to you for another one."
    )
