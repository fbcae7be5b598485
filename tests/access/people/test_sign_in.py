"""Signing in: passwords, what unknown names cost, and that nobody is locked out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.access.people.support import NOW, PASSWORD, after, user_in

from headwater.access import audit, passwords, people, sessions, throttling
from headwater.access.actors import SYSTEM, Actor, Via
from headwater.access.events import Event
from headwater.access.sessions import StartedSession
from headwater.access.sign_in import begin_session, sign_in
from headwater.errors import ThrottledError, UnauthenticatedError, UsageError
from headwater.store import Database

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


def attempt(database: Database, password: str = PASSWORD, **more: object) -> StartedSession:
    given_: dict[str, object] = {"name": "ann", "now": NOW, "address": HOME, **more}
    return sign_in(database, password=password, **given_)  # type: ignore[arg-type]  # each test gives its own


class TestPasswords:
    def test_a_hash_is_argon2id_salted_and_opens_for_its_password_only(self) -> None:
        first, second = passwords.hash_password(PASSWORD), passwords.hash_password(PASSWORD)
        assert first.startswith("$argon2id$") and first != second and PASSWORD not in first
        assert passwords.verify(PASSWORD, first) == (True, None)
        assert passwords.verify(PASSWORD + " ", first) == (False, None)

    def test_one_text_composed_two_ways_is_one_password(self) -> None:
        assert passwords.verify("cafe\u0301 on the corner", passwords.hash_password("caf\u00e9 on the corner"))[0]

    def test_the_hash_of_nothing_never_opens(self) -> None:
        assert passwords.verify("", None) == (False, None)
        assert passwords.verify(PASSWORD, None) == (False, None)

    def test_a_very_long_attempt_is_wrong_and_not_worked_on(self) -> None:
        assert passwords.verify("x" * 10_000_000, passwords.hash_password(PASSWORD)) == (False, None)

    def test_weaker_parameters_are_replaced_at_the_next_sign_in(self, database: Database) -> None:
        user = user_in(database)
        weak = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
        with database.begin() as connection:
            passwords.store(connection, user.id, weak, now=NOW)
        attempt(database)
        with database.read() as connection:
            stored = passwords.stored(connection, user.id)
        assert stored is not None and stored != weak and "m=1024," not in stored
        attempt(database)

    @pytest.mark.parametrize(
        "password",
        ["", "short", "x" * 12, "ababababababab", "ann has a good password", "ANN has a good one", "p" * 1025],
    )
    def test_what_cannot_be_a_password(self, password: str) -> None:
        with pytest.raises(UsageError) as caught:
            passwords.check_acceptable(password, name="ann")
        assert caught.value.code == "usage.password"
        assert not password or password not in caught.value.message + caught.value.hint

    def test_there_are_no_rules_about_kinds_of_characters(self) -> None:
        passwords.check_acceptable("all lower case words", name="ann")
        passwords.check_acceptable("пароль из многих слов", name="ann")


class TestSignIn:
    def test_a_session_starts_and_is_recorded(self, database: Database) -> None:
        user = user_in(database, password=PASSWORD)
        started = attempt(database, name="ANN", request_id="r1")
        actor = sessions.authenticate_session(database, started.token, now=NOW)
        assert (actor.user_id, actor.credential_id, actor.address) == (user.id, started.session.id, HOME)
        with database.read() as connection:
            assert people.get_user(connection, user.id).last_sign_in_at == NOW
            (event,) = audit.page(connection, audit.Filter(events=frozenset({Event.SIGNED_IN})))
        assert (event.actor_id, event.result, event.address, event.request_id) == (user.id, "succeeded", HOME, "r1")

    def test_all_refusals_look_alike_cost_alike_and_are_recorded(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The real hasher runs once each time; here it is only counted."""
        ann, gone = user_in(database, password=PASSWORD), user_in(database, "gone", password=PASSWORD)
        user_in(database, "linked")
        with database.begin() as connection:
            people.disable_user(connection, gone.id, by=SYSTEM, now=NOW)
        hasher = passwords._hasher()
        seen: list[str] = []
        real = type(hasher).verify_and_update

        def counted(self: PasswordHash, password: str, hashed: str) -> tuple[bool, str | None]:
            seen.append(hashed)
            return real(self, password, hashed)

        monkeypatch.setattr(type(hasher), "verify_and_update", counted)
        answers = set()
        wrong = "not the password"
        for name, password in (
            ("nobody", wrong),
            ("gone", wrong),
            ("linked", wrong),
            ("ann", wrong),
            ("gone", PASSWORD),
        ):
            with pytest.raises(UnauthenticatedError) as caught:
                attempt(database, password, name=name)
            answers.add(tuple(caught.value.to_dict().items()))
        assert len(answers) == 1
        assert len(seen) == 5 and len({tuple(hashed.split("$")[1:4]) for hashed in seen}) == 1
        with database.read() as connection:
            events = audit.page(connection, audit.Filter(events=frozenset({Event.SIGNED_IN})))
        assert {(event.result, event.actor_id, event.actor_name) for event in events} == {("failed", None, "unknown")}
        assert [event.target for event in reversed(events)][:2] == [None, f"user:{gone.id}"]
        assert sum(event.target == f"user:{ann.id}" for event in events) == 1

    def test_what_is_typed_as_a_name_is_not_recorded(self, database: Database) -> None:
        with pytest.raises(UnauthenticatedError):
            attempt(database, name="my-actual-password-by-mistake")
        with database.read() as connection:
            assert "my-actual-password" not in "".join(audit.export(connection))

    @pytest.mark.parametrize("text", ["a\x00b", "\udcff", "x" * 100_000, "' OR 1=1 --"])
    def test_strange_text_is_a_wrong_answer_like_any_other(self, database: Database, text: str) -> None:
        user_in(database, password=PASSWORD)
        for more in ({"name": text}, {"password": text}, {"address": text}, {"request_id": text}):
            with pytest.raises(UnauthenticatedError):
                attempt(database, **{"password": "wrong", **more})

    def test_the_session_that_came_along_ends(self, database: Database) -> None:
        user_in(database, password=PASSWORD)
        planted = attempt(database).token
        own = attempt(database, replacing=planted).token
        assert own != planted
        with pytest.raises(UnauthenticatedError):
            sessions.authenticate_session(database, planted, now=NOW)
        sessions.authenticate_session(database, own, now=NOW)

    @pytest.mark.parametrize("change", ["disabled", "another password"])
    def test_what_changes_while_the_password_is_checked_counts(
        self, database: Database, monkeypatch: pytest.MonkeyPatch, change: str
    ) -> None:
        user = user_in(database, password=PASSWORD)
        real = passwords.verify

        def meanwhile(password: str, stored: str | None) -> tuple[bool, str | None]:
            with database.begin() as connection:
                if change == "disabled":
                    people.disable_user(connection, user.id, by=SYSTEM, now=NOW)
                else:
                    people.set_password(connection, user.id, "quite another password", by=SYSTEM, now=NOW)
            return real(password, stored)

        monkeypatch.setattr(passwords, "verify", meanwhile)
        with pytest.raises(UnauthenticatedError, match="do not belong together"):
            attempt(database)
        with database.read() as connection:
            assert sessions.list_sessions(connection, user.id, now=NOW) == []
            (event,) = audit.page(connection, audit.Filter(events=frozenset({Event.SIGNED_IN})))
        assert event.result == "failed"

    def test_no_other_way_in_for_somebody_disabled(self, database: Database) -> None:
        user = user_in(database)
        with database.begin() as connection:
            people.disable_user(connection, user.id, by=SYSTEM, now=NOW)
        with pytest.raises(UnauthenticatedError), database.begin() as connection:
            begin_session(connection, Actor(user.id, "ann", Via.LINK), method="link", now=NOW)


def fail(database: Database, times: int, *, address: str, now: object = NOW, user_id: str | None = None) -> int:
    """So many failed attempts as ``ann``; how many of them were let through to the password."""
    passed = 0
    for _ in range(times):
        try:
            with database.begin() as connection:
                throttling.reserve(connection, "ann", address, user_id=user_id, now=now)  # type: ignore[arg-type]
            passed += 1
        except ThrottledError:
            continue
    return passed


class TestThrottling:
    def test_guessing_from_one_address_gets_slower_and_slower(self, database: Database) -> None:
        user_in(database, password=PASSWORD)
        assert fail(database, 20, address=ELSEWHERE) == throttling.FREE_FROM_ADDRESS
        with pytest.raises(ThrottledError) as caught:
            attempt(database, address=ELSEWHERE)
        assert caught.value.retry_after == 1 and caught.value.http_status == 429
        waits, now = [], NOW
        for _ in range(12):
            with pytest.raises(ThrottledError) as caught:
                attempt(database, address=ELSEWHERE, now=now)
            waits.append(caught.value.retry_after)
            now += timedelta(seconds=caught.value.retry_after)
            assert fail(database, 1, address=ELSEWHERE, now=now) == 1
        assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
        # Attempts during the wait do not prolong it.
        attempt(database, address=ELSEWHERE, now=now + throttling.LONGEST_WAIT)

    def test_success_forgets_the_failures_from_there(self, database: Database) -> None:
        user_in(database, password=PASSWORD)
        for _ in range(3):
            assert fail(database, 4, address=HOME) == 4
            attempt(database)

    def test_failures_are_forgotten_after_a_while(self, database: Database) -> None:
        assert fail(database, 9, address=HOME) == 5
        later = NOW + throttling.FORGOTTEN_AFTER + timedelta(seconds=1)
        assert fail(database, 9, address=HOME, now=later) == 5

    def test_a_thousand_addresses_do_not_lock_an_administrator_out(self, database: Database) -> None:
        user = user_in(database, password=PASSWORD)
        attempt(database)
        passed = [fail(database, 1, address=f"203.0.113.{n}", user_id=user.id) for n in range(120)]
        assert sum(passed) == throttling.FREE_FROM_ANYWHERE
        # At an address of hers nothing changed; anywhere else she waits, never longer than the longest wait.
        attempt(database)
        with pytest.raises(ThrottledError) as caught:
            attempt(database, address="203.0.113.250")
        assert caught.value.retry_after <= throttling.LONGEST_WAIT.total_seconds()
        attempt(database, address="203.0.113.250", now=NOW + throttling.LONGEST_WAIT)

    def test_attempts_at_once_do_not_slip_through(self, database: Database) -> None:
        together = Barrier(12)

        def one(_: int) -> int:
            together.wait(30)
            return fail(database, 1, address=ELSEWHERE)

        with ThreadPoolExecutor(12) as pool:
            assert sum(pool.map(one, range(12))) == throttling.FREE_FROM_ADDRESS

    def test_an_unknown_name_is_slowed_down_just_the_same(self, database: Database) -> None:
        for _ in range(5):
            with pytest.raises(UnauthenticatedError):
                attempt(database, name="nobody")
        with pytest.raises(ThrottledError):
            attempt(database, name="nobody")

    @given(st.ip_addresses())
    def test_a_network_is_never_narrower_than_the_address(self, address: object) -> None:
        assert throttling.network_of(str(address)) == throttling.network_of(str(address).upper())
        assert len(throttling.network_of(str(address))) <= 64

    def test_addresses_as_they_are_counted(self) -> None:
        assert throttling.network_of("2001:db8:1:2::1") == throttling.network_of("2001:db8:1:2:ffff::")
        assert throttling.network_of("2001:db8:1:2::1") != throttling.network_of("2001:db8:1:3::1")
        assert throttling.network_of("::ffff:192.0.2.1") == "192.0.2.1"
        assert throttling.network_of("fe80::1%eth0") == throttling.network_of("fe80::2")
        assert throttling.network_of("not an address") == throttling.network_of(None) == "unknown"


def test_now_is_what_the_caller_says(database: Database) -> None:
    user_in(database, password=PASSWORD)
    started = attempt(database, now=after(days=400))
    assert started.session.created_at == after(days=400)
