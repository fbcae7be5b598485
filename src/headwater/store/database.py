"""Opening the metadata database: connections, transactions, and its revision."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, inspect, make_url, select
from sqlalchemy.exc import DatabaseError, OperationalError

from headwater.errors import HomeError
from headwater.store import migrations

__all__ = ["Database", "exclusive", "open_database"]

#: How long a writer waits for another one before it gives up, in milliseconds.
BUSY_TIMEOUT_MS = 30_000

#: How long a connection to a PostgreSQL server may take to be made, in seconds.
CONNECT_TIMEOUT_S = 10


_FILE_HINT = "Check that the folder exists, that it may be written, and that no other program holds the database."
_SERVER_HINT = "Check that the server runs, that the database is there, and user and password."


class Database:
    """A metadata database, reached by its SQLAlchemy URL (``sqlite:///…`` or ``postgresql+psycopg://…``).

    Making one connects to nothing. ``begin()`` is for everything that writes, ``read()`` for what only reads.
    Safe to share between threads; a forked process makes its own.
    """

    def __init__(self, url: str | URL) -> None:
        self.engine = _engine(url)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite_connection)
            event.listen(self.engine, "begin", _begin_sqlite_transaction)
        self._writer = self.engine.execution_options(writes=True)
        self._reader = self.engine
        if self.engine.dialect.name == "postgresql":
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ")
        self._begin: Callable[[], AbstractContextManager[Connection]] = self._writer.begin

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end of the block, rolled back when it raises.

        On SQLite it takes the write lock at once (``BEGIN IMMEDIATE``), so that what it reads cannot have changed
        by the time it writes, and two writers wait for one another instead of failing. On PostgreSQL writers run side
        by side: those that must not call ``exclusive`` first.
        """
        with self._begin() as connection:
            yield connection

    def begun_by(self, begin: Callable[[], AbstractContextManager[Connection]]) -> Database:
        """The same database, connections and all, whose transactions that write are those that ``begin`` begins."""
        other = copy(self)
        other._begin = begin
        return other

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: one consistent state, however many statements; it blocks nobody."""
        with self._reader.begin() as connection:
            yield connection

    def revision(self) -> str | None:
        """The revision that the database is at; None when it has never been set up.

        Raises:
            HomeError: the database cannot be read (``home.unreadable``).
        """
        with _readable(self.engine), self.read() as connection:
            return migrations.current_revision(connection)

    def is_empty(self) -> bool:
        """Whether there is no table at all in it."""
        with _readable(self.engine), self.read() as connection:
            return not inspect(connection).get_table_names()

    def upgrade(self) -> None:
        """Bring the database to this code's revision, in one transaction; nothing happens when it is there already.

        Raises:
            HomeError: it cannot be read or written (``home.unreadable``), or comes from a newer Headwater
                (``home.version``).
        """
        with _readable(self.engine), self.begin() as connection:
            # Two processes that start at once: the second waits, then finds nothing left to do.
            exclusive(connection, "migrations")
            migrations.upgrade(connection, place=_place(self.engine))

    @property
    def place(self) -> str:
        """Where it is: the file, or the URL without its password."""
        return _place(self.engine)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _engine(url: str | URL) -> Engine:
    """The engine of a URL; HomeError where its driver is not installed."""
    where = make_url(url)
    # A server that was started anew closed what was pooled; asked first, such a connection is replaced and not used.
    options: dict[str, Any] = {"pool_pre_ping": True, "connect_args": {"connect_timeout": CONNECT_TIMEOUT_S}}
    try:
        # Parameters hold people's names, rows and hashes: they belong into no log and no error.
        return create_engine(where, hide_parameters=True, **(options if _is_postgresql(where) else {}))
    except ModuleNotFoundError as error:
        raise HomeError(
            f"The driver of the metadata database is not installed: {error.name}.",
            code="home.driver",
            place=where.render_as_string(),
            hint="Install Headwater with its extra: pip install 'headwater[postgresql]'.",
        ) from error


def _is_postgresql(url: URL) -> bool:
    return url.get_backend_name() == "postgresql"


def exclusive(connection: Connection, subject: str) -> None:
    """Wait until no other transaction works on ``subject``, and keep others out until this one ends.

    To be called first thing in a ``begin()`` block. On SQLite every such block has the database to itself anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(zlib.crc32(subject.encode()))))


def open_database(url: str | URL, *, upgrade: bool = False) -> Database:
    """The database at ``url``, ready for use: set up when it is empty, checked when it is not.

    Args:
        url: an SQLAlchemy URL; a bare ``sqlite:///file`` makes the file.
        upgrade: bring an older database to this code's revision instead of refusing it.

    Raises:
        HomeError: it is an older or newer Headwater's or another program's (``home.version``), or it cannot be
            read (``home.unreadable``).

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> database = open_database(f"sqlite:///{folder.name}/headwater.db")
    >>> database.revision() == open_database(f"sqlite:///{folder.name}/headwater.db").revision()
    True
    >>> database.close(); folder.cleanup()
    """
    database = Database(url)
    try:
        found, expected = database.revision(), migrations.head_revision()
        if found == expected:
            return database
        if upgrade or (found is None and database.is_empty()):
            database.upgrade()
            return database
    except HomeError:
        database.close()
        raise
    database.close()
    raise migrations.version_error(found, place=_place(database.engine))


def _prepare_sqlite_connection(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transaction handling starts no transaction before a SELECT; ours does (see "begin").
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    # Pages that are read and written again and again, in KiB: the default of 2,000 holds no index of a large catalog.
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL, once for all; SQLite does not wait for a lock here, however long the busy timeout."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite_transaction(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _place(engine: Engine) -> str:
    """Where the database is, without its password."""
    url = make_url(engine.url)
    return str(Path(url.database)) if url.get_backend_name() == "sqlite" and url.database else url.render_as_string()


@contextmanager
def _readable(engine: Engine) -> Iterator[None]:
    """Turn the driver's "cannot open", "not a database", "read-only" … into one error people can act on."""
    try:
        yield
    except OperationalError as error:
        # The driver's first line: the others repeat it for each address that a name leads to.
        raise HomeError(
            f"The metadata database cannot be used: {str(error.orig).strip().splitlines()[0].rstrip('.')}.",
            code="home.unreadable",
            place=_place(engine),
            hint=_SERVER_HINT if _is_postgresql(engine.url) else _FILE_HINT,
        ) from error
    except DatabaseError as error:
        raise HomeError(
            f"The metadata database cannot be read: {error.orig}.",
            code="home.unreadable",
            place=_place(engine),
            hint="The file may be damaged or be something else: restore a backup or choose another home folder.",
        ) from error
