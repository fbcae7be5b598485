"""Secrets go through everything that takes one, and are then looked for in the database's files, logs and errors."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.access.people.support import NOW, after, user_in

from headwater.access import audit, invitations, people, sessions, tokens
from headwater.access.actors import SYSTEM, Actor, Via
from headwater.access.administrator import AdministratorToken, authenticate_bearer
from headwater.access.events import Event
from headwater.access.keys import load_keyring
from headwater.access.secrets import SecretStore
from headwater.access.sign_in import sign_in
from headwater.access.vaults import Vaults
from headwater.errors import HeadwaterError
from headwater.secret import Secret
from headwater.store import Database


class Canaries:
    """Every secret there is, each with characters that nothing else has."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def new(self, name: str) -> str:
        self.values[name] = f"{name}-{secrets.token_urlsafe(24)}"
        return self.values[name]

    def found_in(self, content: bytes) -> list[str]:
        """The names of those that are there, in any case, whole or but for the beginning that may be shown."""
        lowered = content.lower()
        return [name for name, value in self.values.items() if value[10:].lower().encode() in lowered]


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that any logger says, every SQL statement among it."""
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "alembic"):
        caplog.set_level(logging.INFO, logger=name)
    yield caplog


def live(database: Database, canaries: Canaries, home: Path) -> list[BaseException]:
    """What people do with passwords, links, cookies, tokens and stored secrets; the errors on the way."""
    errors: list[BaseException] = []
    administrator = AdministratorToken(canaries.new("administrator"))
    password, wrong = canaries.new("password"), canaries.new("mistyped")
    user = user_in(database, password=password)
    canaries.values["cookie"] = sign_in(database, "ann", password, now=NOW, address="192.0.2.1").token
    sessions.authenticate_session(database, canaries.values["cookie"], now=NOW)
    canaries.values["csrf"] = sessions.csrf_token(canaries.values["cookie"])
    with database.begin() as connection:
        canaries.values["token"] = tokens.create_token(connection, user.id, "ci", by=SYSTEM, now=NOW).token
        canaries.values["link"] = invitations.password_link(connection, user.id, by=SYSTEM, now=NOW).token
        store = SecretStore(load_keyring(home, {}, has_secrets=False), Vaults(environment={}))
        reference = store.add(connection, Secret(canaries.new("stored")), by=SYSTEM, now=NOW)
        store.resolve(connection, reference, by=SYSTEM, purpose="test", now=NOW)
    canaries.values["key"] = (home / "secret.key").read_text().strip()
    tokens.authenticate_token(database, canaries.values["token"], now=NOW)
    authenticate_bearer(database, canaries.values["administrator"], administrator=administrator, now=NOW)
    for act in (
        lambda: sign_in(database, "ann", wrong, now=NOW),
        lambda: sign_in(database, wrong, wrong, now=NOW),
        lambda: sessions.authenticate_session(database, canaries.values["cookie"], now=after(days=99)),
        lambda: sessions.check_csrf(canaries.values["cookie"], "nonsense"),
        lambda: tokens.authenticate_token(database, canaries.values["token"], now=after(days=99)),
        lambda: authenticate_bearer(database, wrong, administrator=administrator, now=NOW),
        lambda: Vaults().get(wrong),
        lambda: Vaults().get(f"plugin:{wrong}"),
        lambda: AdministratorToken(wrong[:31]),
        lambda: late(database, canaries.values["link"], wrong),
    ):
        with pytest.raises(HeadwaterError) as caught:
            act()
        errors.append(caught.value)
    by = Actor(user.id, wrong, Via.TOKEN)
    with pytest.raises(ValueError, match="no field") as refused, database.begin() as connection:
        audit.record(connection, Event.SIGNED_OUT, by, now=NOW, password=wrong)
    errors.append(refused.value)
    with database.begin() as connection:
        people.disable_user(connection, user.id, by=SYSTEM, now=NOW)
    return errors


def late(database: Database, link: str, password: str) -> None:
    with database.begin() as connection:
        invitations.accept_link(connection, link, password=password, now=after(days=99))


def test_no_canary_sings(database_url: str, tmp_path: Path, said: pytest.LogCaptureFixture) -> None:
    from headwater.store import open_database

    canaries = Canaries()
    database = open_database(database_url)
    home = tmp_path / "home"
    home.mkdir()
    errors = live(database, canaries, home)
    with database.read() as connection:
        log = "".join(audit.export(connection))
    shown = "".join("".join(traceback.format_exception(error)) + str(vars(error)) for error in errors)
    stored = database_bytes(database, tmp_path)
    database.close()
    assert len(canaries.values) == 9 and len(errors) == 11
    # What is looked for can be found: a name that is stored in the clear is.
    assert b"built-in-administrator" in stored and "INSERT INTO audit_events" in said.text
    assert canaries.found_in(stored) == []
    assert canaries.found_in(log.encode()) == []
    assert canaries.found_in(shown.encode()) == []
    assert canaries.found_in(said.text.encode()) == []


def database_bytes(database: Database, folder: Path) -> bytes:
    """The database as it lies on the disk: all of SQLite's files, or all that PostgreSQL would dump."""
    if database.engine.dialect.name == "sqlite":
        return b"".join(path.read_bytes() for path in folder.glob("headwater.db*"))
    return postgresql_files(database)


def postgresql_files(database: Database) -> bytes:
    """The server's own files of this database, after what it holds in memory is written."""
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT current_setting('data_directory'), oid FROM pg_database "
                                           "WHERE datname = current_database()").one()  # fmt: skip
        connection.exec_driver_sql("CHECKPOINT")
    files = [*Path(found[0], "base", str(found[1])).iterdir(), *Path(found[0], "pg_wal").glob("0*")]
    return b"".join(path.read_bytes() for path in files if path.is_file())
