"""A moment to start from, and people to try things with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from headwater.access import people
from headwater.access.actors import SYSTEM
from headwater.access.people import User
from headwater.store import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = "a long walk on the beach"


def after(**time: float) -> datetime:
    """The moment that much later than ``NOW``."""
    return NOW + timedelta(**time)


def new_user(connection: Connection, name: str = "ann", *, password: str | None = None) -> User:
    user = people.create_user(connection, name, by=SYSTEM, now=NOW)
    if password is not None:
        people.set_password(connection, user.id, password, by=SYSTEM, now=NOW)
    return user


def user_in(database: Database, name: str = "ann", *, password: str | None = None) -> User:
    with database.begin() as connection:
        return new_user(connection, name, password=password)
