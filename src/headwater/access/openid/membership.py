"""Groups that an issuer decides about: who is in them follows what its ID tokens say, at each sign-in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from headwater.access import groups
from headwater.access.actors import Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.people import User
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import tables

__all__ = ["synchronize", "tie_group", "untie_group"]

_tied, _members = tables.openid_groups, tables.group_members


def tie_group(
    connection: Connection, group_id: str, issuer: str, *, by: Actor, now: datetime, name: str | None = None
) -> None:
    """Let an issuer decide who is in a group. Members of before stay until they sign in by that issuer.

    Args:
        name: what the issuer calls the group, letter by letter (Entra ID: an id); None: as it was named here.

    Raises:
        NotFoundError: there is no such group.
        ConflictError: the group is tied already, or the issuer's group is tied to another one.
        UsageError: issuer or name is empty.
    """
    group = groups.get_group(connection, group_id)
    called = group.display_name if name is None else name
    if not issuer or not called or not called.isprintable():
        raise UsageError("A tied group has an issuer and a name there.", hint="Give both.")
    try:
        with connection.begin_nested():
            connection.execute(insert(_tied).values(group_id=group_id, issuer=issuer, name=called))
    except IntegrityError as error:
        message = "This group, or the issuer's group, is tied already."
        raise ConflictError(message, hint="Untie it first.") from error
    record(connection, Event.GROUP_TIED, by, now=now, target=f"group:{group_id}", issuer=issuer)


def untie_group(connection: Connection, group_id: str, *, by: Actor, now: datetime) -> None:
    """Make a group one of this installation's own again; its members stay.

    Raises:
        NotFoundError: the group is not tied.
    """
    issuer = connection.scalar(delete(_tied).where(_tied.c.group_id == group_id).returning(_tied.c.issuer))
    if issuer is None:
        raise NotFoundError("There is no such tied group.", hint="Tie it first.")
    record(connection, Event.GROUP_UNTIED, by, now=now, target=f"group:{group_id}", issuer=issuer)


def synchronize(
    connection: Connection, user: User, issuer: str, names: frozenset[str], *, by: Actor, now: datetime
) -> None:
    """Put the user into the issuer's groups of these names, and out of its others. No other group is touched."""
    tied = connection.execute(select(_tied.c.group_id, _tied.c.name).where(_tied.c.issuer == issuer)).all()
    mine = select(_members.c.group_id).where(_members.c.member_id == user.id)
    present = set(connection.execute(mine).scalars())
    for group in tied:
        if group.name in names and group.group_id not in present:
            groups.add_member(connection, group.group_id, user.id, by=by, now=now)
        elif group.name not in names and group.group_id in present:
            groups.remove_member(connection, group.group_id, user.id, by=by, now=now)
