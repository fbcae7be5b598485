"""Secrets: at rest under keys, in the environment, in files and in vaults; lost keys and wrong ones."""

from __future__ import annotations

import copy
import json
import os
import pickle
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from tests.access.people.support import NOW, after

from headwater.access import audit
from headwater.access.actors import SYSTEM
from headwater.access.events import Event
from headwater.access.keys import FILE_NAME, FILE_VARIABLE, VARIABLE, Keyring, load_keyring
from headwater.access.secrets import SecretStore, has_secrets
from headwater.access.vaults import Vaults
from headwater.errors import NotFoundError, SecretError, UsageError
from headwater.secret import Secret
from headwater.store import Database, tables

CANARY = "canary-7f3a-sings"


def new_key() -> str:
    return Fernet.generate_key().decode()


def store_with(*keys: str, vaults: Vaults | None = None) -> SecretStore:
    return SecretStore(Keyring(keys), vaults or Vaults(environment={}))


def added(database: Database, store: SecretStore, value: str = CANARY) -> str:
    with database.begin() as connection:
        return store.add(connection, Secret(value), by=SYSTEM, now=NOW)


def resolved(database: Database, store: SecretStore, reference: str) -> str:
    with database.begin() as connection:
        return store.resolve(connection, reference, by=SYSTEM, purpose="test", now=NOW).reveal()


class TestSecret:
    def test_it_shows_itself_nowhere(self) -> None:
        secret = Secret(CANARY)
        shown = [str(secret), repr(secret), f"{secret}", f"{secret:>40}", repr([secret]), repr({"s": secret})]
        assert not any(CANARY in text for text in shown)
        acts: list[Callable[[Any], object]] = [pickle.dumps, json.dumps, copy.deepcopy, iter, len, vars]
        for act in acts:
            with pytest.raises(TypeError) as caught:
                act(secret)
            assert CANARY not in str(caught.value)

    def test_equality_is_of_values(self) -> None:
        assert Secret("a") == Secret("a") and Secret("a") != Secret("b") and Secret("a") != "a"
        assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


class TestStored:
    @pytest.mark.parametrize("value", [CANARY, "", "ключ", "a\nb\x00c", "\udcff", "x" * 100_000])
    def test_it_comes_back_and_is_not_there_in_the_clear(self, database: Database, value: str) -> None:
        store = store_with(new_key())
        reference = added(database, store, value)
        assert reference.startswith("stored:")
        assert resolved(database, store, reference) == value
        with database.read() as connection:
            (row,) = connection.execute(select(tables.secrets)).all()
        assert not value or value not in str(row)

    def test_equal_secrets_do_not_look_equal(self, database: Database) -> None:
        store = store_with(new_key())
        added(database, store), added(database, store)
        with database.read() as connection:
            assert len(set(connection.execute(select(tables.secrets.c.ciphertext)).scalars())) == 2

    def test_replacing_keeps_the_reference_and_removing_ends_it(self, database: Database) -> None:
        store = store_with(new_key())
        reference, other = added(database, store), added(database, store, "other")
        with database.begin() as connection:
            assert has_secrets(connection)
            store.replace(connection, reference, Secret("newer"), by=SYSTEM, now=after(days=1))
        assert (resolved(database, store, reference), resolved(database, store, other)) == ("newer", "other")
        with database.begin() as connection:
            store.remove(connection, reference, by=SYSTEM, now=NOW)
            for act in (
                lambda: store.remove(connection, reference, by=SYSTEM, now=NOW),
                lambda: store.replace(connection, reference, Secret("x"), by=SYSTEM, now=NOW),
                lambda: store.resolve(connection, reference, by=SYSTEM, purpose="test", now=NOW),
                lambda: store.check_reference(connection, reference),
            ):
                with pytest.raises(NotFoundError):
                    act()
            store.check_reference(connection, other)

    def test_each_use_is_recorded_with_its_purpose(self, database: Database) -> None:
        store = store_with(new_key())
        reference = added(database, store)
        resolved(database, store, reference)
        with database.read() as connection:
            (event,) = audit.page(connection, audit.Filter(events=frozenset({Event.SECRET_USED})))
            assert event.details == {"purpose": "test"}
            assert event.target == "secret:" + reference.removeprefix("stored:")
            assert CANARY not in "".join(audit.export(connection))

    def test_a_ciphertext_moved_to_another_row_does_not_open(self, database: Database) -> None:
        store = store_with(new_key())
        reference, other = added(database, store), added(database, store, "other")
        with database.begin() as connection:
            moved = select(tables.secrets.c.ciphertext).where(tables.secrets.c.id == other.removeprefix("stored:"))
            here = tables.secrets.c.id == reference.removeprefix("stored:")
            connection.execute(update(tables.secrets).where(here).values(ciphertext=connection.scalar(moved)))
        with pytest.raises(SecretError) as caught:
            resolved(database, store, reference)
        assert caught.value.code == "secret.damaged" and caught.value.message != "other"

    def test_a_damaged_one_says_so(self, database: Database) -> None:
        store = store_with(new_key())
        reference = added(database, store)
        with database.begin() as connection:
            connection.execute(update(tables.secrets).values(ciphertext="gAAAA" + "x" * 100))
        with pytest.raises(SecretError) as caught:
            resolved(database, store, reference)
        assert caught.value.code == "secret.damaged"


class TestKeys:
    def test_the_newest_key_encrypts_and_the_older_ones_open(self, database: Database) -> None:
        old, new = new_key(), new_key()
        before = added(database, store_with(old))
        both = store_with(new, old)
        after_ = added(database, both)
        assert resolved(database, both, before) == resolved(database, both, after_) == CANARY
        assert resolved(database, store_with(new), after_) == CANARY

    def test_rotation_lets_the_old_key_go(self, database: Database) -> None:
        old, new = new_key(), new_key()
        references = [added(database, store_with(old), f"{CANARY}{number}") for number in range(3)]
        with database.begin() as connection:
            assert store_with(new, old).rotate(connection, by=SYSTEM, now=after(days=1)) == 3
            assert store_with(new, old).rotate(connection, by=SYSTEM, now=after(days=2)) == 0
            store_with(new).check_keys(connection)
            with pytest.raises(SecretError):
                store_with(old).check_keys(connection)
        found = [resolved(database, store_with(new), reference) for reference in references]
        assert found == [f"{CANARY}{number}" for number in range(3)]

    def test_a_rotation_that_fails_changes_nothing(self, database: Database) -> None:
        lost, old, new = new_key(), new_key(), new_key()
        kept = added(database, store_with(old))
        added(database, store_with(lost))
        with pytest.raises(SecretError), database.begin() as connection:
            store_with(new, old).rotate(connection, by=SYSTEM, now=NOW)
        assert resolved(database, store_with(old), kept) == CANARY

    def test_a_lost_key_is_one_clear_error_that_names_it(self, database: Database) -> None:
        key = new_key()
        reference = added(database, store_with(key))
        wrong = store_with(new_key())
        for act in (
            lambda: resolved(database, wrong, reference),
            lambda: check_keys(database, wrong),
        ):
            with pytest.raises(SecretError) as caught:
                act()
            assert caught.value.code == "secret.key" and Keyring([key]).key_ids[0] in caught.value.message
            assert VARIABLE in caught.value.hint and key not in str(caught.value.to_dict())
        check_keys(database, store_with(key))

    @pytest.mark.parametrize("keys", ["short", ",", "nonsense!", "x" * 44, "é" * 44, "A" * 40])
    def test_what_is_no_key(self, tmp_path: Path, keys: str) -> None:
        with pytest.raises(SecretError) as caught:
            load_keyring(tmp_path, {VARIABLE: f"{keys},{new_key()}" if keys != "," else ","}, has_secrets=False)
        assert caught.value.code == "secret.key"
        assert keys == "," or keys not in str(caught.value.to_dict())

    def test_a_key_id_tells_keys_apart_and_nothing_about_them(self) -> None:
        key = urlsafe_b64encode(bytes(32)).decode()
        assert Keyring([key]).key_ids == Keyring([key]).key_ids != Keyring([new_key()]).key_ids
        assert key not in repr(Keyring([key])) and Keyring([key]).key_ids[0] not in key

    def test_the_first_start_makes_a_file_for_its_owner_only(self, tmp_path: Path) -> None:
        first = load_keyring(tmp_path, {}, has_secrets=False)
        path = tmp_path / FILE_NAME
        assert path.stat().st_mode & 0o777 == 0o600
        assert load_keyring(tmp_path, {}, has_secrets=True).key_ids == first.key_ids
        assert [entry.name for entry in tmp_path.iterdir()] == [FILE_NAME]

    def test_starting_at_once_makes_one_key(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: load_keyring(tmp_path, {}, has_secrets=False).key_ids, range(8)))
        assert len(set(found)) == 1

    def test_no_key_is_made_in_place_of_a_lost_one(self, tmp_path: Path) -> None:
        with pytest.raises(SecretError) as caught:
            load_keyring(tmp_path, {}, has_secrets=True)
        assert caught.value.code == "secret.key" and str(tmp_path) in caught.value.place
        assert list(tmp_path.iterdir()) == []

    def test_the_environment_comes_first_then_the_file_it_names(self, tmp_path: Path) -> None:
        named, listed = new_key(), (new_key(), new_key())
        file = tmp_path / "keys"
        file.write_text(f"{named}\n{listed[0]}\n")
        file.chmod(0o600)
        environment = {FILE_VARIABLE: str(file)}
        assert load_keyring(tmp_path, environment, has_secrets=False).key_ids == Keyring([named, listed[0]]).key_ids
        environment[VARIABLE] = f" {listed[0]} , {listed[1]} "
        assert load_keyring(tmp_path, environment, has_secrets=False).key_ids == Keyring(listed).key_ids
        with pytest.raises(SecretError):
            load_keyring(tmp_path, {FILE_VARIABLE: str(tmp_path / "absent")}, has_secrets=False)

    @pytest.mark.skipif(os.name != "posix", reason="rights of other users are POSIX's")
    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
    def test_a_file_that_others_may_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        load_keyring(tmp_path, {}, has_secrets=False)
        (tmp_path / FILE_NAME).chmod(mode)
        with pytest.raises(SecretError) as caught:
            load_keyring(tmp_path, {}, has_secrets=True)
        assert "chmod 600" in caught.value.hint

    def test_a_damaged_file_and_an_unwritable_folder_say_so(self, tmp_path: Path) -> None:
        (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe")
        (tmp_path / FILE_NAME).chmod(0o600)
        for home in (tmp_path, tmp_path / "absent"):
            with pytest.raises(SecretError) as caught:
                load_keyring(home, {}, has_secrets=False)
            assert caught.value.code == "secret.key"

    @given(st.text())
    def test_whatever_is_encrypted_opens(self, text: str) -> None:
        keyring = Keyring([KEY])
        assert keyring.decrypt(keyring.encrypt(text, now=NOW)) == text


KEY = new_key()


def check_keys(database: Database, store: SecretStore) -> None:
    with database.read() as connection:
        store.check_keys(connection)


class TestVaults:
    def test_a_variable_is_looked_up_when_it_is_used(self, database: Database) -> None:
        environment = {"DB_PASSWORD": "first"}
        vaults = Vaults(variables=frozenset({"DB_PASSWORD", "ABSENT"}), environment=environment)
        store = store_with(new_key(), vaults=vaults)
        assert resolved(database, store, "env:DB_PASSWORD") == "first"
        environment["DB_PASSWORD"] = "second"
        assert resolved(database, store, "env:DB_PASSWORD") == "second"
        with pytest.raises(SecretError, match="ABSENT is not set"):
            vaults.get("env:ABSENT")

    @pytest.mark.parametrize(
        "reference", ["env:HEADWATER_SECRET_KEY", "env:PATH", "file:/etc/passwd", "plugin:other:path", "plugin:other"]
    )
    def test_nothing_is_allowed_until_it_is_listed(self, database: Database, reference: str) -> None:
        vaults = Vaults()
        for act in (vaults.check, vaults.get):
            with pytest.raises(SecretError) as caught:
                act(reference)
            assert caught.value.code == "secret.denied"
        with pytest.raises(SecretError), database.read() as connection:
            store_with(new_key(), vaults=vaults).check_reference(connection, reference)

    @pytest.mark.parametrize("reference", ["", "hunter2", "env:", "file:", "plugin:", "http://x", "ENV:A", CANARY])
    def test_what_is_no_reference_is_not_repeated(self, reference: str) -> None:
        with pytest.raises(UsageError) as caught:
            Vaults().check(reference)
        assert not reference or reference not in caught.value.message

    def test_a_file_below_an_allowed_folder(self, tmp_path: Path) -> None:
        folder, outside = tmp_path / "vault", tmp_path / "outside"
        (folder / "deep").mkdir(parents=True)
        outside.write_text("theirs")
        for name, content in (("plain", b"value"), ("deep/lines", b"value\r\n"), ("two", b"a\nb\n")):
            (folder / name).write_bytes(content)
        (folder / "link").symlink_to(outside)
        vaults = Vaults(folders=(folder,))
        assert {vaults.get(f"file:{folder}/{name}").reveal() for name in ("plain", "deep/lines")} == {"value"}
        assert vaults.get(f"file:{folder}/two").reveal() == "a\nb"
        for path in (outside, folder / ".." / "outside", folder / "link", "vault/plain", f"{folder}x/plain"):
            with pytest.raises(SecretError) as caught:
                vaults.get(f"file:{path}")
            assert caught.value.code == "secret.denied"

    def test_a_file_that_is_no_secret(self, tmp_path: Path) -> None:
        vaults = Vaults(folders=(tmp_path,))
        for name, content in (("empty", b""), ("newline", b"\n"), ("binary", b"\xff"), ("large", b"x" * 70_000)):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(SecretError):
                vaults.get(f"file:{tmp_path / name}")
        for name in ("absent", ""):
            with pytest.raises(SecretError):
                vaults.get(f"file:{tmp_path / name}")

    @pytest.fixture
    def plugin(self, tmp_path: Path) -> Iterator[None]:
        """An installed package that brings vaults."""
        (tmp_path / "some_vault.py").write_text(
            f"def read(path):\n    return 'from ' + path\ndef fail(path):\n    raise LookupError('{CANARY}')\n"
        )
        information = tmp_path / "some_vault-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: some-vault\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(
            "[headwater.vaults]\nsome = some_vault:read\nfailing = some_vault:fail\n"
        )
        sys.path.insert(0, str(tmp_path))
        yield
        sys.path.remove(str(tmp_path))
        sys.modules.pop("some_vault", None)

    @pytest.mark.usefixtures("plugin")
    def test_a_plugin_gives_what_its_path_names(self, database: Database) -> None:
        vaults = Vaults(plugins=frozenset({"some", "failing", "absent"}))
        assert resolved(database, store_with(new_key(), vaults=vaults), "plugin:some:kv/db:1") == "from kv/db:1"
        with pytest.raises(SecretError, match="no vault plugin 'absent'"):
            vaults.check("plugin:absent:x")
        with pytest.raises(SecretError, match=r"\(LookupError\)") as caught:
            vaults.get("plugin:failing:x")
        # Not even the error that it came from holds what the plugin said.
        assert caught.value.__cause__ is None and caught.value.__context__ is None
