"""Whose credential a source is called with, what is shown of one, and where one goes to."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from tests.access.roles.support import give
from tests.workspaces.stored.support import (
    NOW,
    PUBLIC,
    Probe,
    events,
    last_event,
    probe,
    secret_store,
    somebody,
)

from headwater.access import SYSTEM, server_scope
from headwater.access.people import disable_user
from headwater.access.secrets import SecretStore
from headwater.errors import ForbiddenError, NotFoundError, SecretError, UsageError
from headwater.secret import Secret
from headwater.store import Database, tables
from headwater.workspaces import SourceService


def stored(database: Database) -> int:
    """How many secrets there are."""
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(tables.secrets)).scalar_one()


def test_the_service_credential_is_what_everybody_calls_with(
    database: Database, sources: SourceService, probed: Probe
) -> None:
    sources.add(SYSTEM, "demo", "", "mlflow", probed.url)
    reader = somebody(database, "ann", "Reader")
    sources.test(reader, "demo")
    sources.set_credential(SYSTEM, "demo", "basic", {"username": "service"}, secret=Secret("hunter2"))
    sources.test(reader, "demo")
    sources.set_credential(SYSTEM, "demo", "token", secret=Secret("another"))
    sources.test(SYSTEM, "demo")
    assert stored(database) == 1
    sources.remove_credential(SYSTEM, "demo")
    sources.test(reader, "demo")
    basic = "Basic " + b64encode(b"service:hunter2").decode()
    assert probed.shown == [None, basic, "Bearer another", None]
    assert stored(database) == 0
    with pytest.raises(NotFoundError):
        sources.remove_credential(SYSTEM, "demo")


def test_everybody_calls_with_their_own(database: Database, sources: SourceService, probed: Probe) -> None:
    source = sources.add(SYSTEM, "demo", "", "mlflow", probed.url, credential_mode="personal")
    sources.set_credential(SYSTEM, "demo", "token", secret=Secret("service"))
    ann, bob = somebody(database, "ann", "Reader"), somebody(database, "bob", "Reader")
    sources.link_credential(ann, "demo", "token", secret=Secret("ann's"))
    for without in (bob, SYSTEM):
        with pytest.raises(UsageError) as caught:
            sources.test(without, "demo")
        assert caught.value.code == "credential.not_linked" and without.name in caught.value.message
    sources.link_credential(bob, "demo", "token", secret=Secret("bob's"))
    sources.link_credential(bob, "demo", "token", secret=Secret("bob's new"))
    for each in (ann, bob):
        sources.test(each, "demo")
    with sources.connect(SYSTEM, "demo", credential_of=ann) as connector:
        connector.test()
    assert probed.shown == ["Bearer ann's", "Bearer bob's new", "Bearer ann's"]
    sources.unlink_credential(ann, "demo")
    with pytest.raises(UsageError):
        sources.credential_for(ann, source, purpose="test")
    assert sources.describe_credential(bob, "demo", own=True) is not None
    assert stored(database) == 2


def test_who_is_disabled_or_lost_their_role_is_not_called_for(database: Database, sources: SourceService) -> None:
    source = sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC, credential_mode="personal")
    ann = somebody(database, "ann", "Reader")
    sources.link_credential(ann, "demo", "token", secret=Secret("ann's"))
    assert sources.credential_for(ann, source, purpose="test") is not None
    with database.begin() as connection:
        disable_user(connection, ann.user_id or "", by=SYSTEM, now=NOW)
    with pytest.raises(NotFoundError):
        sources.credential_for(ann, source, purpose="test")


def test_a_personal_credential_is_for_where_it_is_used_and_for_people(
    database: Database, sources: SourceService
) -> None:
    sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC)
    ann = somebody(database, "ann", "Reader")
    with pytest.raises(UsageError):
        sources.link_credential(ann, "demo", "token", secret=Secret("ann's"))
    sources.change(SYSTEM, "demo", credential_mode="personal")
    with pytest.raises(UsageError):
        sources.link_credential(SYSTEM, "demo", "token", secret=Secret("whose?"))
    with pytest.raises(UsageError):
        sources.unlink_credential(SYSTEM, "demo")
    with pytest.raises(UsageError):
        sources.describe_credential(SYSTEM, "demo", own=True)
    with pytest.raises(NotFoundError):
        sources.unlink_credential(ann, "demo")
    assert stored(database) == 0


def test_what_is_shown_of_a_credential(database: Database, sources: SourceService) -> None:
    sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC, credential_mode="personal")
    with database.begin() as connection:
        server = server_scope(connection)
    ann = somebody(database, "ann", "Owner", server)
    assert sources.describe_credential(SYSTEM, "demo") is None
    sources.set_credential(SYSTEM, "demo", "basic", {"username": "service"}, secret=Secret("hunter2"))
    sources.link_credential(ann, "demo", "token", reference="env:ALLOWED")
    service = sources.describe_credential(SYSTEM, "demo")
    own = sources.describe_credential(ann, "demo", own=True)
    assert service is not None and own is not None
    assert (service.kind, service.fields, service.has_secret, service.reference) == (
        "basic",
        {"username": "service"},
        True,
        None,
    )
    assert (own.kind, own.fields, own.has_secret, own.reference) == ("token", {}, True, "env:ALLOWED")


@pytest.mark.parametrize(
    ("kind", "fields", "secret", "reference"),
    [
        ("nonsense", {}, "hunter2", None),
        ("basic", {}, "hunter2", None),
        ("basic", {"username": "ann", "role": "x"}, "hunter2", None),
        ("token", {}, None, None),
        ("token", {}, "", None),
        ("anonymous", {}, "hunter2", None),
        ("anonymous", {}, None, "env:ALLOWED"),
        ("token", {}, "hunter2", "env:ALLOWED"),
        ("basic", {"username": "two\nlines"}, "hunter2", None),
        ("token", {}, None, "nonsense"),
    ],
)
def test_what_is_no_credential(
    sources: SourceService, kind: str, fields: dict[str, str], secret: str | None, reference: str | None
) -> None:
    sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC)
    with pytest.raises(UsageError) as caught:
        given = None if secret is None else Secret(secret)
        sources.set_credential(SYSTEM, "demo", kind, fields, secret=given, reference=reference)
    assert "hunter2" not in str(caught.value.to_dict())
    assert sources.describe_credential(SYSTEM, "demo") is None


def test_the_machines_own_identity_is_an_administrators_to_lend(
    database: Database, sources: SourceService, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No bundled connector that is always installed takes one, so this one is made to.
    taken = frozenset({"entra_managed_identity"})
    monkeypatch.setattr("headwater.workspaces.source_credentials.credential_kinds", lambda kind: taken)
    with database.read() as connection:
        server = server_scope(connection)
    registrar = somebody(database, "ann", "Contributor")
    administrator = somebody(database, "bob", "Owner", server)
    sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC, credential_mode="personal")
    with pytest.raises(ForbiddenError):
        sources.set_credential(registrar, "demo", "entra_managed_identity")
    with pytest.raises(ForbiddenError):
        sources.link_credential(registrar, "demo", "entra_managed_identity")
    sources.set_credential(administrator, "demo", "entra_managed_identity")
    with pytest.raises(UsageError, match="takes no credential"):
        sources.set_credential(administrator, "demo", "token", secret=Secret("hunter2"))


def test_references_lead_where_an_administrator_allowed(
    database: Database, sources: SourceService, probed: Probe, tmp_path: Path
) -> None:
    sources.add(SYSTEM, "demo", "", "mlflow", probed.url)
    file = tmp_path / "token"
    file.write_text("from a file")
    for reference in ("env:OTHER", f"file:{file}", "plugin:vault:token"):
        with pytest.raises(SecretError) as caught:
            sources.set_credential(SYSTEM, "demo", "token", reference=reference)
        assert caught.value.code == "secret.denied"
    sources.set_credential(SYSTEM, "demo", "token", reference="env:ALLOWED")
    sources.test(SYSTEM, "demo")
    assert probed.shown == ["Bearer from the environment"]
    assert stored(database) == 0


def test_nobody_has_another_ones_secret_sent(database: Database, sources: SourceService) -> None:
    sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC)
    sources.set_credential(SYSTEM, "demo", "token", secret=Secret("hunter2"))
    with database.read() as connection:
        secret_id = connection.execute(select(tables.secrets.c.id)).scalar_one()
    sources.add(SYSTEM, "mine", "", "mlflow", "https://elsewhere.example.com")
    with pytest.raises(UsageError):
        sources.set_credential(SYSTEM, "mine", "token", reference=f"stored:{secret_id}")
    assert stored(database) == 1


def test_a_credential_goes_to_the_origin_that_it_was_given_for(
    database: Database, sources: SourceService, probed: Probe
) -> None:
    before = sources.add(SYSTEM, "demo", "", "mlflow", probed.url, credential_mode="personal")
    ann = somebody(database, "ann", "Reader")
    sources.link_credential(ann, "demo", "token", secret=Secret("ann's"))
    sources.set_credential(SYSTEM, "demo", "token", secret=Secret("service"))
    sources.change(SYSTEM, "demo", url=probed.url + "/mlflow")
    assert stored(database) == 2
    with probe() as other:
        sources.change(SYSTEM, "demo", url=other.url)
        assert stored(database) == 0
        with pytest.raises(UsageError):
            sources.test(ann, "demo")
        sources.link_credential(ann, "demo", "token", secret=Secret("for the other"))
        # Whoever read the source before the change goes on to the address that it had.
        with pytest.raises(UsageError):
            sources.credential_for(ann, before, purpose="test")
        sources.test(ann, "demo")
        assert (probed.shown, other.shown) == ([], ["Bearer for the other"])


def test_every_use_and_every_change_of_a_credential_is_on_record(
    database: Database, sources: SourceService, probed: Probe
) -> None:
    source = sources.add(SYSTEM, "demo", "", "mlflow", probed.url, credential_mode="personal")
    ann = somebody(database, "ann")
    with database.begin() as connection:
        give(connection, ann, "Reader", source.scope_id)
    before = last_event(database)
    sources.link_credential(ann, "demo", "token", secret=Secret("ann's"))
    sources.credential_for(ann, source, purpose="refresh")
    sources.unlink_credential(ann, "demo")
    recorded = events(database, since=before)
    of_source = [event for event in recorded if event.target == "source:demo"]
    assert [(event.event, dict(event.details)) for event in of_source] == [
        ("credential.set", {"credential": "token", "personal": True}),
        ("credential.used", {"credential": "token", "personal": True, "purpose": "refresh"}),
        ("credential.removed", {"credential": "token", "personal": True}),
    ]
    assert all(event.scope_id == source.scope_id and event.actor_id == ann.user_id for event in of_source)
    of_secret = [(event.event, dict(event.details)) for event in recorded if event not in of_source]
    assert of_secret == [("secret.stored", {}), ("secret.used", {"purpose": "refresh"}), ("secret.removed", {})]


def test_what_fails_leaves_neither_a_credential_nor_an_event(database: Database, sources: SourceService) -> None:
    sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC)
    sources.set_credential(SYSTEM, "demo", "token", secret=Secret("hunter2"))
    before = last_event(database)
    with pytest.raises(SecretError):
        sources.set_credential(SYSTEM, "demo", "token", reference="env:OTHER")
    kept = sources.describe_credential(SYSTEM, "demo")
    assert kept is not None and kept.reference is None
    assert events(database, since=before) == []


def test_without_a_store_no_secret_is_kept(database: Database) -> None:
    sources = SourceService(database)
    source = sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC)
    with pytest.raises(SecretError):
        sources.set_credential(SYSTEM, "demo", "token", secret=Secret("hunter2"))
    sources.set_credential(SYSTEM, "demo", "anonymous")
    assert sources.credential_for(SYSTEM, source, purpose="test") is not None


def test_another_key_does_not_open_a_credential(database: Database, sources: SourceService) -> None:
    source = sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC)
    sources.set_credential(SYSTEM, "demo", "token", secret=Secret("hunter2"))
    before = last_event(database)
    with pytest.raises(SecretError) as caught:
        SourceService(database, secret_store()).credential_for(SYSTEM, source, purpose="test")
    assert caught.value.code == "secret.key" and events(database, since=before) == []


def test_there_is_one_credential_for_each(database: Database, sources: SourceService, secrets: SecretStore) -> None:
    source = sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC)
    ann = somebody(database, "ann")
    row = {"source_id": source.id, "origin": PUBLIC, "kind": "anonymous", "fields": {}, "changed_at": NOW}
    for user_id in (None, ann.user_id):
        with database.begin() as connection:
            connection.execute(insert(tables.source_credentials).values(user_id=user_id, **row))
        with pytest.raises(IntegrityError), database.begin() as connection:
            connection.execute(insert(tables.source_credentials).values(user_id=user_id, **row))
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(update(tables.sources).values(credential_mode="nobody's"))
