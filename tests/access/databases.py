"""New metadata databases, as a first start makes them: copies of one, because making one takes half a second."""

from __future__ import annotations

import functools
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import URL, create_engine, text

from headwater.store import open_database

_TEMPLATE = "headwater_template"


def new_sqlite_database(folder: Path) -> str:
    """The URL of a database in a file of its own."""
    file = folder / "headwater.db"
    file.write_bytes(_sqlite_template())
    return f"sqlite:///{file}"


def new_postgresql_database(folder: str) -> str:
    """The URL of a database that was not there before, on the server in ``folder``."""
    _make_postgresql_template(folder)
    name = f"headwater_{uuid4().hex}"
    _administer(folder, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    return _url(folder, name)


def hurry(folder: str) -> None:
    """Have a server write to disk when it likes: what these tests make need not outlive the machine."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _administer(folder, f"ALTER SYSTEM SET {setting} = off")
    _administer(folder, "SELECT pg_reload_conf()")


def new_bare_database(folder: Path, server: str | None) -> str:
    """The URL of a database without any table: on the server, or a file where there is none."""
    if server is None:
        return f"sqlite:///{folder / 'bare.db'}"
    name = f"headwater_{uuid4().hex}"
    _administer(server, f"CREATE DATABASE {name}")
    return _url(server, name)


@functools.cache
def _sqlite_template() -> bytes:
    with TemporaryDirectory() as folder:
        open_database(f"sqlite:///{folder}/headwater.db").close()
        return (Path(folder) / "headwater.db").read_bytes()


@functools.cache
def _make_postgresql_template(folder: str) -> None:
    _administer(folder, f"CREATE DATABASE {_TEMPLATE}")
    open_database(_url(folder, _TEMPLATE)).close()


def _administer(folder: str, statement: str) -> None:
    engine = create_engine(_url(folder, "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _url(folder: str, name: str) -> str:
    url = URL.create("postgresql+psycopg", username="postgres", database=name, query={"host": folder})
    return url.render_as_string(hide_password=False)
