"""Who reads what of the audit log, and secrets under a new key."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from tests.app.administration.world import World

from headwater.access import SYSTEM
from headwater.access.audit import Filter
from headwater.access.events import Event
from headwater.access.keys import FILE_NAME, VARIABLE, load_keyring
from headwater.access.secrets import SecretStore
from headwater.access.vaults import Vaults
from headwater.app.administration import Secrets
from headwater.app.administration.audit import events_named
from headwater.app.runtime import Headwater
from headwater.errors import ForbiddenError, NotFoundError, SecretError, UsageError
from headwater.secret import Secret
from headwater.store import utc_now


def test_an_auditor_of_a_scope_reads_what_happened_there_and_below(shared: World) -> None:
    ann, auditor = shared.actor("ann"), shared.actor("max")
    for scope in ("server", "collection:risk", "model:lab/churn", "dataflow:sales"):
        shared.access.grant(ann, shared.new_user().name, "Reader", scope)
    grants = Filter(events=frozenset({Event.ROLE_GRANTED}))
    every = shared.audit.events(ann, grants, limit=1_000)
    mine = shared.audit.events(auditor, grants, limit=1_000)
    inside = {shared.scope_id(text) for text in ("collection:risk", "source:lab", "model:lab/churn")}
    expected = [event.id for event in every.events if event.scope_id in inside]
    assert [event.id for event in mine.events] == expected
    assert mine.total == len(expected) < every.total
    exported = [json.loads(line)["id"] for line in shared.audit.export(auditor, grants)]
    assert exported == expected[::-1]
    narrower = shared.audit.events(auditor, grants, scope="model:lab/churn", limit=1_000)
    assert {event.scope_id for event in narrower.events} == {shared.scope_id("model:lab/churn")}
    with pytest.raises(NotFoundError):
        shared.audit.events(auditor, scope="dataflow:sales")
    assert {event.scope_id for event in shared.audit.events(ann, grants, scope="dataflow:sales").events} == {
        shared.scope_id("dataflow:sales")
    }


def test_pages_of_events_are_exact(shared: World) -> None:
    wanted = Filter(events=events_named(["person.created"]))
    whole = shared.audit.events(SYSTEM, wanted, limit=1_000)
    found, before = [], None
    while True:
        page = shared.audit.events(SYSTEM, wanted, before=before, limit=4)
        assert page.total == whole.total
        found += page.events
        before = page.before
        if before is None:
            break
    assert found == whole.events


def test_an_export_is_on_record_before_its_first_line(shared: World) -> None:
    ann = shared.actor("ann")
    lines = shared.audit.export(ann)
    assert shared.recorded("audit.exported")[0].actor_id == ann.user_id
    assert json.loads(list(lines)[-1])["event"] == "audit.exported"
    with pytest.raises(ForbiddenError):
        shared.audit.export(shared.actor("sam"))


def test_the_log_is_kept_for_a_while(shared: World) -> None:
    total = shared.audit.events(SYSTEM).total
    assert shared.audit.retain(shared.actor("ann"), 30) == 0
    assert shared.audit.events(SYSTEM).total == total + 1
    for days in (29, 0, -1, 36_501, 10**12):
        with pytest.raises(UsageError):
            shared.audit.retain(SYSTEM, days)


def test_what_no_event_has_is_told(shared: World) -> None:
    with pytest.raises(UsageError):
        events_named(["person.flown"])
    assert events_named([]) is None
    beyond = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    for wrong in (Filter(since=beyond), Filter(target="\x00"), Filter(actor_id="\ud800"), Filter(request_id="\n")):
        with pytest.raises(UsageError):
            shared.audit.events(SYSTEM, wanted=wrong)
    last = shared.audit.events(SYSTEM, Filter(until=datetime(9999, 12, 31, tzinfo=UTC)), limit=1)
    assert last.events


def test_what_was_refused_is_recorded_where_it_was(shared: World) -> None:
    eve = shared.actor("eve")
    with pytest.raises(ForbiddenError) as caught:
        shared.access.grant(eve, "sam", "Reader", "source:lab")
    shared.audit.denied(eve, caught.value)
    event = shared.recorded("access.denied")[0]
    assert (event.result, event.actor_id, event.scope_id) == ("denied", eve.user_id, shared.scope_id("source:lab"))
    assert event.details == {"action": "roles.assign"}
    shared.audit.denied(eve, ForbiddenError("Another reason."))
    assert shared.recorded("access.denied")[0] == event


def test_secrets_come_under_the_newest_key(world: World, key_folder: Path) -> None:
    old = SecretStore(load_keyring(key_folder, {}, has_secrets=False), Vaults())
    with world.inside() as connection:
        reference = old.add(connection, Secret("hunter2"), by=SYSTEM, now=utc_now())
    file = key_folder / FILE_NAME
    old_key = file.read_text()
    file.write_text(f"{Fernet.generate_key().decode()}\n{old_key}")
    store = SecretStore(load_keyring(key_folder, {}, has_secrets=True), Vaults())
    secrets = Secrets(world.database, lambda: store)
    assert [(key.newest, key.secrets) for key in secrets.keys(SYSTEM)] == [(True, 0), (False, 1)]
    for who in ("mia", "eve", "sam"):
        with pytest.raises(ForbiddenError):
            secrets.rotate(world.actor(who))
    assert secrets.rotate(world.actor("ann")) == 1
    assert [(key.newest, key.secrets) for key in secrets.keys(SYSTEM)] == [(True, 1), (False, 0)]
    file.write_text(file.read_text().splitlines()[0])
    alone = SecretStore(load_keyring(key_folder, {}, has_secrets=True), Vaults())
    with world.inside() as connection:
        found = alone.resolve(connection, reference, by=SYSTEM, purpose="a test", now=utc_now())
    assert found == Secret("hunter2")
    assert world.recorded("secrets.rotated")[0].details["count"] == 1


def test_the_store_of_secrets_is_the_homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    home = tmp_path / "home"
    with Headwater.open(home, create=True) as app:
        with app.database.begin() as connection:
            app.secrets_store.add(connection, Secret("hunter2"), by=SYSTEM, now=utc_now())
        assert app.secrets.rotate(SYSTEM) == 0
        assert app.secrets_store is app.secrets_store
    assert (home / FILE_NAME).stat().st_mode & 0o777 == 0o600 or os.name != "posix"
    (home / FILE_NAME).unlink()
    with Headwater.open(home) as app, pytest.raises(SecretError) as caught:
        app.secrets.keys(SYSTEM)
    assert caught.value.code == "secret.key"
    monkeypatch.setenv(VARIABLE, Fernet.generate_key().decode())
    with Headwater.open(home) as app, pytest.raises(SecretError):
        app.secrets.rotate(SYSTEM)
