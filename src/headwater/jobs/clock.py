"""What time it is where leases are decided: one clock for all workers of a database.

That is PostgreSQL's own, because its workers' machines may disagree. A SQLite file is on one machine.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, DateTime, func, select
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from headwater.store import utc_now

__all__ = ["AWAY", "Moment", "database_clock", "moment_of_statement"]

#: What a database raises that cannot be reached, is being restarted, is kept busy by others, or ended a transaction in
#: which nothing happened for too long.
AWAY = (OperationalError, InterfaceError, InternalError)

#: A time, or what comes to one in a statement.
Moment = datetime | ColumnElement[datetime]


def moment_of_statement(connection: Connection) -> Moment:
    """The time at which a statement begins, for use in it."""
    if connection.dialect.name == "postgresql":
        return func.statement_timestamp(type_=DateTime(timezone=True))
    return utc_now()


def database_clock(connection: Connection) -> datetime:
    """The time, asked for."""
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(select(func.statement_timestamp())).scalar_one()
        return moment
    return utc_now()
