"""Slowing down whoever guesses passwords, without a way to lock anybody out.

Two counts are kept. One is of failures for a name *from an address*: after a few, each further attempt has to wait,
twice as long each time. The other is of failures for a name from anywhere; it delays only addresses that the person
has never signed in from. So whoever guesses from elsewhere cannot delay an administrator at their own machine, no wait
is longer than ``LONGEST_WAIT``, an attempt during the wait does not prolong it, and a one-time link made on the
server's machine, existing sessions and API tokens pass by all of it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from math import ceil

from sqlalchemy import Connection, delete, insert, select, update

from headwater.errors import ThrottledError
from headwater.store import exclusive, tables

__all__ = ["FORGOTTEN_AFTER", "LONGEST_WAIT", "clear", "network_of", "reserve"]

#: Attempts that cost nothing: from one address, and from all unknown addresses together.
FREE_FROM_ADDRESS = 5
FREE_FROM_ANYWHERE = 50

LONGEST_WAIT = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(hours=1)
#: How long an address counts as somebody's own after they last signed in there.
KNOWN_FOR = timedelta(days=90)

_failures = tables.sign_in_failures


def network_of(address: str | None) -> str:
    """The address as attempts are counted: an IPv6 customer has a whole /64 to guess from.

    >>> network_of("192.0.2.7"), network_of("2001:db8::1") == network_of("2001:db8::2"), network_of(None)
    ('192.0.2.7', True, 'unknown')
    """
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    match parsed:
        case IPv6Address(ipv4_mapped=IPv4Address() as mapped):
            return str(mapped)
        case IPv6Address():
            return str(IPv6Network((parsed, 64), strict=False))
        case _:
            return str(parsed)


def reserve(connection: Connection, name: str, address: str | None, *, user_id: str | None, now: datetime) -> None:
    """Count an attempt as failed before the password is looked at; ``clear`` takes it back.

    Counted afterwards, a thousand attempts at once would all pass before the first of them had failed.

    Raises:
        ThrottledError: too many failed of late; this one is not counted.
    """
    exclusive(connection, "sign-in attempts")
    connection.execute(delete(_failures).where(_failures.c.last_at < now - FORGOTTEN_AFTER))
    counts = [(_subject(name, network_of(address)), FREE_FROM_ADDRESS)]
    if user_id is None or not _is_known(connection, user_id, address):
        counts.append((_subject(name, "anywhere"), FREE_FROM_ANYWHERE))
    wait = max(_wait(connection, subject, free, now) for subject, free in counts)
    if wait > timedelta():
        seconds = max(1, ceil(wait.total_seconds()))
        raise ThrottledError(
            "Signing in failed too often of late.",
            retry_after=seconds,
            hint=f"Wait {seconds} seconds. On the server's own machine, an administrator can make a sign-in link.",
        )
    for subject, _ in counts:
        _add_failure(connection, subject, now)


def clear(connection: Connection, name: str, address: str | None, *, user_id: str, now: datetime) -> None:
    """Forget the failures from this address, take back the attempt, and remember the address as the person's."""
    connection.execute(delete(_failures).where(_failures.c.subject == _subject(name, network_of(address))))
    if not _is_known(connection, user_id, address):
        anywhere = _failures.c.subject == _subject(name, "anywhere")
        connection.execute(update(_failures).where(anywhere).values(failures=_failures.c.failures - 1))
    known = tables.sign_in_addresses
    renewed = (known.c.address == network_of(address)) | (known.c.last_at < now - KNOWN_FOR)
    connection.execute(delete(known).where(known.c.user_id == user_id, renewed))
    connection.execute(insert(known).values(user_id=user_id, address=network_of(address), last_at=now))


def _wait(connection: Connection, subject: str, free: int, now: datetime) -> timedelta:
    row = connection.execute(select(_failures).where(_failures.c.subject == subject)).one_or_none()
    if row is None or row.failures < free:
        return timedelta()
    seconds = 2.0 ** min(row.failures - free, 16)
    until: datetime = row.last_at + min(timedelta(seconds=seconds), LONGEST_WAIT)
    return until - now


def _add_failure(connection: Connection, subject: str, now: datetime) -> None:
    one_more = update(_failures).where(_failures.c.subject == subject)
    found = connection.execute(one_more.values(failures=_failures.c.failures + 1, last_at=now))
    if not found.rowcount:
        connection.execute(insert(_failures).values(subject=subject, failures=1, last_at=now))


def _is_known(connection: Connection, user_id: str, address: str | None) -> bool:
    known = tables.sign_in_addresses
    where = (known.c.user_id == user_id) & (known.c.address == network_of(address))
    return connection.scalar(select(known.c.user_id).where(where)) is not None


def _subject(name: str, source: str) -> str:
    return hashlib.sha256(f"{source}\n{name}".encode(errors="surrogatepass")).hexdigest()
