"""What time it is where leases are decided: one clock for all workers of a database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from headwater.store import utc_now

__all__ = ["AWAY", "Clock", "database_clock"]

#: What a database raises that cannot be reached, is being restarted, is kept busy by others, or ended a transaction in
#: which nothing happened for too long.
AWAY = (OperationalError, InterfaceError, InternalError)

Clock = Callable[[Connection], datetime]


def database_clock(connection: Connection) -> datetime:
    """PostgreSQL's own time, because its workers' machines may disagree; a SQLite file is on one machine."""
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(select(func.statement_timestamp())).scalar_one()
        return moment
    return utc_now()
