"""Revisions of the metadata database, applied in order from the modules in ``versions``.

Alembic keeps the order and writes the ``alembic_version`` table; there is neither an ``alembic.ini`` nor an
``env.py`` to look for, because a revision runs on the connection (and in the transaction) it is given.
"""

from __future__ import annotations

import threading
from pathlib import Path
from uuid import uuid4

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection, insert, inspect, select

from headwater.errors import HomeError
from headwater.store import tables
from headwater.store.types import utc_now

__all__ = ["current_revision", "head_revision", "upgrade", "version_error"]

#: A revision reaches its connection through a global of Alembic's: another thread's database must wait.
_one_at_a_time = threading.Lock()


def head_revision() -> str:
    """The revision this code works with."""
    head = _scripts().get_current_head()
    if head is None:
        raise HomeError("This installation of Headwater has no database revisions.", hint="Install it again.")
    return head


def current_revision(connection: Connection) -> str | None:
    """The revision ``connection``'s database is at; None when it was never set up."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, *, place: str, to: str = "head") -> None:
    """Apply what is missing between the database's revision and this code's, inside the caller's transaction.

    ``to`` stops at an earlier revision, which rows of that time are then stored in.

    Raises:
        HomeError: ``home.version``, the database is not an older one of ours, or there is no revision ``to``.
            ``place`` says where it is.
    """
    scripts = _scripts()
    context = MigrationContext.configure(connection)
    found = context.get_current_revision()
    if found is None and inspect(connection).get_table_names():
        raise version_error(found, place=place)
    try:
        missing = list(scripts.iterate_revisions(to, found or "base"))
    except RevisionError as error:
        raise version_error(to if found is None else found, place=place) from error
    for script in reversed(missing):
        with _one_at_a_time, Operations.context(context):
            script.module.upgrade()
        context.stamp(scripts, script.revision)
    if to == "head":
        _seed(connection)


def version_error(found: str | None, *, place: str) -> HomeError:
    """The error for a database that this code must not touch as it is."""
    expected = head_revision()
    message = f"The metadata database is at revision {found or 'none'}; this Headwater works with {expected}."
    if found is None:
        hint = "Its tables are not Headwater's: choose another home folder or database."
    elif found in {script.revision for script in _scripts().walk_revisions()}:
        hint = "It is an older Headwater's: back the folder up, then run 'headwater upgrade' (in Python: upgrade=True)."
    else:
        hint = "It is a newer Headwater's: use that version, or choose another home folder."
    return HomeError(message, code="home.version", place=place, hint=hint)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent))


def _seed(connection: Connection) -> None:
    """The rows without which nothing works: the installation's identity and the root collection."""
    if connection.scalar(select(tables.installation.c.id)) is None:
        connection.execute(insert(tables.installation).values(id=str(uuid4()), created_at=utc_now()))
    root = tables.collections.c.name == tables.ROOT_COLLECTION
    if connection.scalar(select(tables.collections.c.id).where(root)) is None:
        connection.execute(insert(tables.collections).values(name=tables.ROOT_COLLECTION, display_name="Root"))
