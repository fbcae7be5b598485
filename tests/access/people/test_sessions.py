"""Sessions: when they end, what ends them, and what a CSRF token belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from sqlalchemy import select
from tests.access.databases import new_sqlite_database
from tests.access.people.support import NOW, PASSWORD, after, new_user, user_in

from headwater.access import audit, people, sessions
from headwater.access.actors import SYSTEM, Via
from headwater.access.events import Event
from headwater.access.sessions import Policy, StartedSession
from headwater.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from headwater.store import Database, open_database, tables

POLICY = Policy(idle=timedelta(hours=1), absolute=timedelta(hours=8))


def started(database: Database, user_id: str, *, now: datetime = NOW) -> StartedSession:
    with database.begin() as connection:
        return sessions.start(connection, user_id, now=now, policy=POLICY)


def is_alive(database: Database, token: str, now: datetime) -> bool:
    try:
        sessions.authenticate_session(database, token, now=now, policy=POLICY)
    except UnauthenticatedError:
        return False
    return True


def test_a_session_is_its_users(database: Database) -> None:
    user = user_in(database)
    made = started(database, user.id)
    actor = sessions.authenticate_session(database, made.token, now=NOW, policy=POLICY)
    assert (actor.user_id, actor.name, actor.via) == (user.id, "ann", Via.SESSION)
    assert actor.credential_id == made.session.id and actor.actions is None
    assert made.token not in repr(made)


@pytest.mark.parametrize("cookie", ["", "hws_", "nonsense", "hws_" + "A" * 43, "hws_" + "é" * 43, "\udcff"])
def test_what_is_no_session(database: Database, cookie: str) -> None:
    started(database, user_in(database).id)
    assert not is_alive(database, cookie, NOW)


def test_only_a_digest_is_kept(database: Database) -> None:
    made = started(database, user_in(database).id)
    with database.read() as connection:
        (row,) = connection.execute(select(tables.sessions)).all()
    assert made.token not in str(row) and made.token[4:] not in str(row)


def test_it_ends_when_nobody_uses_it(database: Database) -> None:
    token = started(database, user_in(database).id).token
    assert is_alive(database, token, after(minutes=59))
    assert is_alive(database, token, after(minutes=118))
    assert not is_alive(database, token, after(minutes=178))


def test_it_ends_at_last_however_much_it_is_used(database: Database) -> None:
    token = started(database, user_in(database).id).token
    assert all(is_alive(database, token, after(minutes=minutes)) for minutes in range(0, 480, 30))
    assert not is_alive(database, token, after(hours=8))


def test_rotation_moves_the_cookie_and_not_the_end(database: Database) -> None:
    old = started(database, user_in(database).id).token
    with database.begin() as connection:
        new = sessions.rotate(connection, old, now=after(minutes=50), policy=POLICY)
    assert not is_alive(database, old, after(minutes=50))
    assert is_alive(database, new, after(minutes=100))
    assert sessions.csrf_token(new) != sessions.csrf_token(old)
    with pytest.raises(UnauthenticatedError), database.begin() as connection:
        sessions.rotate(connection, old, now=after(minutes=50), policy=POLICY)
    with pytest.raises(UnauthenticatedError), database.begin() as connection:
        sessions.rotate(connection, new, now=after(hours=8), policy=POLICY)


def test_one_may_end_only_ones_own(database: Database) -> None:
    ann, bob = user_in(database, "ann"), user_in(database, "bob")
    mine, theirs = started(database, ann.id), started(database, bob.id)
    with database.begin() as connection:
        with pytest.raises(NotFoundError):
            sessions.end(connection, theirs.session.id, user_id=ann.id, by=SYSTEM, now=NOW)
        sessions.end(connection, mine.session.id, user_id=ann.id, by=SYSTEM, now=NOW)
        with pytest.raises(NotFoundError):
            sessions.end(connection, mine.session.id, user_id=ann.id, by=SYSTEM, now=NOW)
    assert not is_alive(database, mine.token, NOW) and is_alive(database, theirs.token, NOW)


def test_signing_out_everywhere_leaves_other_people_and_the_one_kept(database: Database) -> None:
    ann, bob = user_in(database, "ann"), user_in(database, "bob")
    first, second, other = started(database, ann.id), started(database, ann.id), started(database, bob.id)
    with database.begin() as connection:
        assert sessions.end_all(connection, ann.id, by=SYSTEM, now=NOW, keep=second.session.id) == 1
        (event,) = audit.page(connection, audit.Filter(events=frozenset({Event.SIGNED_OUT})))
        assert event.details == {"everywhere": True}
    assert [is_alive(database, made.token, NOW) for made in (first, second, other)] == [False, True, True]
    with database.begin() as connection:
        assert sessions.end_all(connection, ann.id, by=SYSTEM, now=NOW) == 1
        assert sessions.end_all(connection, ann.id, by=SYSTEM, now=NOW) == 0
    assert not is_alive(database, second.token, NOW)


def test_disabling_somebody_ends_their_sessions_for_good(database: Database) -> None:
    user = user_in(database)
    token = started(database, user.id).token
    with database.begin() as connection:
        people.disable_user(connection, user.id, by=SYSTEM, now=NOW)
    assert not is_alive(database, token, NOW)
    with database.begin() as connection:
        people.enable_user(connection, user.id, by=SYSTEM, now=NOW)
    assert not is_alive(database, token, NOW)


def test_a_session_made_for_somebody_disabled_is_worth_nothing(database: Database) -> None:
    user = user_in(database)
    with database.begin() as connection:
        people.disable_user(connection, user.id, by=SYSTEM, now=NOW)
    assert not is_alive(database, started(database, user.id).token, NOW)


def test_a_new_password_ends_all_sessions_but_the_one_it_was_set_in(database: Database) -> None:
    user = user_in(database)
    here, there = started(database, user.id), started(database, user.id)
    with database.begin() as connection:
        people.set_password(connection, user.id, PASSWORD, by=SYSTEM, now=NOW, keep_session=here.session.id)
    assert is_alive(database, here.token, NOW) and not is_alive(database, there.token, NOW)


def test_a_csrf_token_belongs_to_one_session(database: Database) -> None:
    user = user_in(database)
    mine, other = started(database, user.id).token, started(database, user.id).token
    sessions.check_csrf(mine, sessions.csrf_token(mine))
    for presented in ("", sessions.csrf_token(other), sessions.csrf_token(mine)[:-1], mine, "é", "\udcff"):
        with pytest.raises(ForbiddenError) as caught:
            sessions.check_csrf(mine, presented)
        assert caught.value.code == "forbidden.csrf"
    assert mine[4:] not in sessions.csrf_token(mine)


def test_lists_and_purges_agree_on_what_is_alive(database: Database) -> None:
    user = user_in(database)
    old = started(database, user.id)
    new = started(database, user.id, now=after(minutes=30))
    with database.begin() as connection:
        listed = sessions.list_sessions(connection, user.id, now=after(minutes=40), policy=POLICY)
        assert [session.id for session in listed] == [new.session.id, old.session.id]
        assert sessions.purge(connection, now=after(minutes=75), policy=POLICY) == 1
        listed = sessions.list_sessions(connection, user.id, now=after(minutes=75), policy=POLICY)
        assert [session.id for session in listed] == [new.session.id]


@dataclass
class Known:
    """What plain Python says of a session."""

    user: int
    created: datetime
    seen: datetime
    ended: bool = False
    cookies: list[str] = field(default_factory=list)

    def alive(self, now: datetime) -> bool:
        return not self.ended and now < self.created + POLICY.absolute and now < self.seen + POLICY.idle


class SessionLife(RuleBasedStateMachine):
    """Sessions of two people in a database, and in plain Python beside it: every cookie ever made is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(prefix="headwater-sessions-")
        self.database = open_database(new_sqlite_database(Path(self.folder.name)))
        with self.database.begin() as connection:
            self.users = [new_user(connection, name).id for name in ("ann", "bob")]
        self.active = [True, True]
        self.now = NOW
        self.known: list[Known] = []

    made = Bundle("made")

    @rule(target=made, user=st.integers(0, 1))
    def start(self, user: int) -> int:
        token = started(self.database, self.users[user], now=self.now).token
        self.known.append(Known(user, self.now, self.now, cookies=[token]))
        return len(self.known) - 1

    @rule(minutes=st.sampled_from([1, 7, 29, 61, 240]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(number=made)
    def use(self, number: int) -> None:
        known = self.known[number]
        expected = known.alive(self.now) and self.active[known.user]
        assert is_alive(self.database, known.cookies[-1], self.now) is expected
        if expected:
            known.seen = self.now

    @rule(number=made)
    def rotate(self, number: int) -> None:
        known = self.known[number]
        with self.database.begin() as connection:
            if known.alive(self.now):
                known.cookies.append(sessions.rotate(connection, known.cookies[-1], now=self.now, policy=POLICY))
                known.seen = self.now
            else:
                with pytest.raises(UnauthenticatedError):
                    sessions.rotate(connection, known.cookies[-1], now=self.now, policy=POLICY)

    @rule(number=consumes(made))
    def sign_out(self, number: int) -> None:
        known = self.known[number]
        with self.database.begin() as connection:
            for session in sessions.list_sessions(connection, self.users[known.user], now=self.now, policy=POLICY):
                if session.created_at == known.created:
                    sessions.end(connection, session.id, user_id=session.user_id, by=SYSTEM, now=self.now)
        self._end(lambda other: other.user == known.user and other.created == known.created)

    @rule(user=st.integers(0, 1))
    def sign_out_everywhere(self, user: int) -> None:
        with self.database.begin() as connection:
            sessions.end_all(connection, self.users[user], by=SYSTEM, now=self.now)
        self._end(lambda other: other.user == user)

    @rule(user=st.integers(0, 1))
    def disable_or_enable(self, user: int) -> None:
        change = people.disable_user if self.active[user] else people.enable_user
        with self.database.begin() as connection:
            change(connection, self.users[user], by=SYSTEM, now=self.now)
        self.active[user] = not self.active[user]
        if not self.active[user]:
            self._end(lambda other: other.user == user)

    @rule()
    def purge(self) -> None:
        with self.database.begin() as connection:
            sessions.purge(connection, now=self.now, policy=POLICY)

    @invariant()
    def lists_and_old_cookies_agree(self) -> None:
        with self.database.read() as connection:
            for number, user_id in enumerate(self.users):
                listed = sessions.list_sessions(connection, user_id, now=self.now, policy=POLICY)
                expected = sorted(
                    known.created for known in self.known if known.user == number and known.alive(self.now)
                )
                assert sorted(session.created_at for session in listed) == expected
        for known in self.known:
            assert not any(is_alive(self.database, cookie, self.now) for cookie in known.cookies[:-1])

    def _end(self, condition: object) -> None:
        for known in self.known:
            if condition(known):  # type: ignore[operator]  # one of the lambdas above
                known.ended = True

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()


TestSessionLife = SessionLife.TestCase
TestSessionLife.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
