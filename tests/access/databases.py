"""Databases on a PostgreSQL server."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import URL, create_engine, text


def new_postgresql_database(folder: str) -> str:
    """The URL of a database that was not there before."""
    name = f"headwater_{uuid4().hex}"
    engine = create_engine(_url(folder, "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return _url(folder, name)


def _url(folder: str, name: str) -> str:
    url = URL.create("postgresql+psycopg", username="postgres", database=name, query={"host": folder})
    return url.render_as_string(hide_password=False)
