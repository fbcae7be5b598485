"""Secrets of sources and connections go through every method, and are then looked for wherever something is kept."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.access.people.test_canaries import Canaries, database_bytes
from tests.workspaces.stored.support import PUBLIC, Probe, probe, secret_store, set_up, somebody

from headwater.access import SYSTEM, Actor, audit
from headwater.errors import HeadwaterError
from headwater.secret import Secret
from headwater.store import Database, open_database
from headwater.workspaces import ConnectionService, SourceService


class Told:
    """What the services gave back and raised, as text."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def told(self, given: object) -> None:
        self.texts.append(repr(given) + str(given))

    def fails(self, act: Callable[[], object]) -> None:
        with pytest.raises(HeadwaterError) as caught:
            act()
        self.texts.append("".join(traceback.format_exception(caught.value)) + str(vars(caught.value)))


def use_sources(sources: SourceService, ann: Actor, url: str, canaries: Canaries, told: Told) -> None:
    told.told(sources.add(SYSTEM, "demo", "", "mlflow", url))
    given = Secret(canaries.new("service"))
    told.told(given)
    sources.set_credential(SYSTEM, "demo", "basic", {"username": "shown"}, secret=given)
    told.told(sources.describe_credential(SYSTEM, "demo"))
    told.told(sources.test(ann, "demo"))
    told.told(sources.credential_for(ann, sources.get(ann, "demo"), purpose="test"))
    wrong = Secret(canaries.new("misfit"))
    told.fails(lambda: sources.set_credential(SYSTEM, "demo", "anonymous", secret=wrong))
    told.fails(lambda: sources.set_credential(SYSTEM, "demo", "basic", {"nobody": "x"}, secret=wrong))
    told.fails(lambda: sources.set_credential(ann, "demo", "token", secret=wrong))
    told.fails(lambda: sources.set_credential(SYSTEM, "demo", "token", reference=wrong.reveal()))
    told.fails(lambda: sources.set_credential(SYSTEM, "demo", "token", reference=f"env:{wrong.reveal()}"))
    told.fails(lambda: sources.add(SYSTEM, "leak", "", "mlflow", f"https://ann:{wrong.reveal()}@ml.example.com"))
    told.fails(lambda: sources.add(SYSTEM, "leak", "", "mlflow", f"{PUBLIC}?token={wrong.reveal()}"))
    told.told(sources.change(SYSTEM, "demo", credential_mode="personal"))
    sources.link_credential(ann, "demo", "token", secret=Secret(canaries.new("linked")))
    told.told(sources.describe_credential(ann, "demo", own=True))
    told.told(sources.test(ann, "demo"))
    told.told(sources.list(SYSTEM))
    sources.set_credential(SYSTEM, "demo", "token", secret=Secret(canaries.new("replaced")))
    sources.set_credential(SYSTEM, "demo", "token", reference="env:ALLOWED")


def use_connections(connections: ConnectionService, ann: Actor, canaries: Canaries, told: Told) -> None:
    password = Secret(canaries.new("password"))
    fields = {"username": "shown"}
    told.told(
        connections.add(
            SYSTEM,
            "DB",
            "PostgreSQL",
            "db.example.com;sales",
            credential="username_password",
            fields=fields,
            secret=password,
        )
    )
    number = connections.get(ann, "DB").id
    told.told(connections.resolve(ann, number, purpose="test"))
    told.told(connections.describe_credential(SYSTEM, "DB"))
    told.told([connections.usable(ann), connections.list(ann)])
    wrong = Secret(canaries.new("mistaken"))
    told.fails(lambda: connections.set_credential(ann, "DB", "key", secret=wrong))
    told.fails(lambda: connections.set_credential(SYSTEM, "DB", "key", fields, secret=wrong))
    told.fails(lambda: connections.add(SYSTEM, "no", "Web", f"{PUBLIC}/?sig={wrong.reveal()}"))
    told.fails(lambda: connections.add(SYSTEM, "no", "Odbc", f"dsn=x;password={wrong.reveal()}"))
    told.fails(lambda: connections.add(SYSTEM, "no", "Web", PUBLIC, credential="key", reference=wrong.reveal()))
    connections.set_credential(SYSTEM, "DB", "oauth2", reference="env:ALLOWED")
    told.told(connections.resolve(ann, number, purpose="test"))


def live(database: Database, running: Probe, canaries: Canaries) -> Told:
    told, store = Told(), secret_store(ALLOWED=canaries.new("variable"))
    ann = somebody(database, "ann", "Reader")
    with_use = somebody(database, "bob", "Connection user")
    use_sources(SourceService(database, store), ann, running.url, canaries, told)
    use_connections(ConnectionService(database, store), with_use, canaries, told)
    return told


def test_no_canary_sings(database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    canaries = Canaries()
    database = open_database(database_url)
    set_up(database)
    with probe() as running:
        told = live(database, running, canaries)
    with database.read() as connection:
        log = "".join(audit.export(connection))
    stored = database_bytes(database, tmp_path)
    database.close()
    # What is looked for can be found: a credential was sent, and its public field is stored.
    assert f"Bearer {canaries.values['linked']}" in running.shown and b"shown" in stored
    assert "INSERT INTO source_credentials" in caplog.text and "credential.used" in log
    assert len(canaries.values) == 7
    assert canaries.found_in(stored) == []
    assert canaries.found_in(log.encode()) == []
    assert canaries.found_in("".join(told.texts).encode()) == []
    assert canaries.found_in(caplog.text.encode()) == []
