"""API tokens and the administrator's: what they are good for, how long, and that they are kept as digests."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule
from sqlalchemy import select
from tests.access.databases import new_sqlite_database
from tests.access.people.support import NOW, after, new_user, user_in

from headwater.access import audit, people, scopes, tokens
from headwater.access.actors import SYSTEM, Actor, Via
from headwater.access.administrator import VARIABLE, AdministratorToken, authenticate_bearer
from headwater.access.assignments import install
from headwater.access.bearer import digest, new_bearer, same
from headwater.access.events import Event
from headwater.access.tokens import NewToken
from headwater.errors import ForbiddenError, NotFoundError, UnauthenticatedError, UsageError
from headwater.store import Database, open_database, tables


def made(database: Database, user_id: str, *, now: datetime = NOW, days: float = 90, **more: object) -> NewToken:
    with database.begin() as connection:
        return tokens.create_token(
            connection, user_id, "ci", by=SYSTEM, now=now, lifetime=timedelta(days=days), **more  # type: ignore[arg-type]
        )  # fmt: skip


def is_good(database: Database, token: str, now: datetime) -> bool:
    try:
        tokens.authenticate_token(database, token, now=now)
    except UnauthenticatedError:
        return False
    return True


def test_a_token_is_its_owners(database: Database) -> None:
    user = user_in(database)
    token = made(database, user.id)
    actor = tokens.authenticate_token(database, token.token, now=NOW)
    assert actor == Actor(user.id, "ann", Via.TOKEN, credential_id=token.info.id)
    assert actor.permits("people.manage")


def test_a_token_may_be_good_for_less(database: Database) -> None:
    user = user_in(database)
    actor = tokens.authenticate_token(database, made(database, user.id, actions=["model.*"]).token, now=NOW)
    assert actor.permits("model.invoke") and not actor.permits("people.manage")
    nothing = tokens.authenticate_token(database, made(database, user.id, actions=[]).token, now=NOW)
    assert not nothing.permits("model.read")
    with database.begin() as connection:
        install(connection, now=NOW)
        root = scopes.server_scope(connection)
    limited = tokens.authenticate_token(database, made(database, user.id, scope_id=root).token, now=NOW)
    assert limited.scope_id == root


def test_a_limited_token_makes_no_other(database: Database) -> None:
    user = user_in(database)
    for limits in ({"actions": frozenset({"*"})}, {"scope_id": 1}):
        by = Actor(user.id, "ann", Via.TOKEN, **limits)
        with pytest.raises(ForbiddenError), database.begin() as connection:
            tokens.create_token(connection, user.id, "wider", by=by, now=NOW)


def test_what_cannot_be_a_token(database: Database) -> None:
    user = user_in(database)
    for days in (0, -1, 367):
        with pytest.raises(UsageError):
            made(database, user.id, days=days)
    with pytest.raises(UsageError):
        made(database, user.id, actions=["model.fly"])
    with pytest.raises(NotFoundError):
        made(database, user.id, scope_id=4711)
    with pytest.raises(NotFoundError):
        made(database, "nobody")
    with pytest.raises(UsageError), database.begin() as connection:
        tokens.create_token(connection, user.id, " ", by=SYSTEM, now=NOW)
    with database.read() as connection:
        assert tokens.list_tokens(connection, user.id) == []


@pytest.mark.parametrize("text", ["", "hwt_", "Bearer x", "hwt_" + "A" * 43, "hwt_" + "A" * 44, "\udcff", "x" * 10_000])
def test_what_is_no_token(database: Database, text: str) -> None:
    made(database, user_in(database).id)
    assert not is_good(database, text, NOW)


def test_it_expires_to_the_moment(database: Database) -> None:
    token = made(database, user_in(database).id, days=1).token
    assert is_good(database, token, after(days=1) - timedelta(microseconds=1))
    assert not is_good(database, token, after(days=1))


def test_revoking_is_ones_own_business_and_recorded_once(database: Database) -> None:
    ann, bob = user_in(database, "ann"), user_in(database, "bob")
    token, other = made(database, ann.id), made(database, ann.id)
    with database.begin() as connection:
        with pytest.raises(NotFoundError):
            tokens.revoke_token(connection, token.info.id, user_id=bob.id, by=SYSTEM, now=NOW)
        for _ in range(2):
            tokens.revoke_token(connection, token.info.id, user_id=ann.id, by=SYSTEM, now=NOW)
        assert audit.count(connection, audit.Filter(events=frozenset({Event.TOKEN_REVOKED}))) == 1
    assert not is_good(database, token.token, NOW) and is_good(database, other.token, NOW)
    with database.begin() as connection:
        assert tokens.revoke_all_tokens(connection, ann.id, by=SYSTEM, now=NOW) == 1
    assert not is_good(database, other.token, NOW)


def test_tokens_rest_while_their_owner_is_disabled(database: Database) -> None:
    user = user_in(database)
    token = made(database, user.id).token
    for change, expected in ((people.disable_user, False), (people.enable_user, True)):
        with database.begin() as connection:
            change(connection, user.id, by=SYSTEM, now=NOW)
        assert is_good(database, token, NOW) is expected


def test_lists_and_the_log_show_a_beginning_only(database: Database) -> None:
    user = user_in(database)
    token = made(database, user.id, actions=["model.read"])
    assert is_good(database, token.token, after(hours=1))
    with database.read() as connection:
        (listed,) = tokens.list_tokens(connection, user.id)
        log = "".join(audit.export(connection))
        stored = str(connection.execute(select(tables.api_tokens)).all())
    assert listed.prefix == token.token[:10] and listed.last_used_at == after(hours=1)
    assert listed.actions == frozenset({"model.read"})
    for text in (repr(listed), repr(token), log, stored):
        assert token.token not in text and token.token[10:] not in text
    assert token.token[:10] in log


def test_use_is_written_down_once_a_minute(database: Database) -> None:
    user = user_in(database)
    token = made(database, user.id).token
    seen = []
    for seconds in (0, 59, 60, 100, 121):
        assert is_good(database, token, after(seconds=seconds))
        with database.read() as connection:
            seen.append(tokens.list_tokens(connection, user.id)[0].last_used_at)
    assert seen == [NOW, NOW, after(seconds=60), after(seconds=60), after(seconds=121)]


class TestBearers:
    def test_each_is_new_and_long(self) -> None:
        found = {new_bearer("hwt").token for _ in range(1000)}
        assert len(found) == 1000 and {len(token) for token in found} == {47}

    @pytest.mark.parametrize("text", ["hwx_" + "A" * 43, "hwt_" + "A" * 42, "hwt_" + "A" * 42 + "é", "A" * 43 + "\n"])
    def test_other_text_has_no_digest(self, text: str) -> None:
        assert digest(text) is None

    def test_equality_is_of_the_whole(self) -> None:
        assert same("a", "a") and not same("a", "b") and not same("a", "") and not same("ab", "a")


class TestAdministratorToken:
    TOKEN = secrets.token_urlsafe(32)

    def test_it_is_the_built_in_administrator(self, database: Database) -> None:
        administrator = AdministratorToken.from_environment({VARIABLE: f" {self.TOKEN}\n"})
        actor = authenticate_bearer(database, self.TOKEN, administrator=administrator, now=NOW)
        assert actor.via is Via.ADMINISTRATOR_TOKEN and actor.is_built_in_administrator
        with database.read() as connection:
            assert people.get_user(connection, str(actor.user_id)).active

    def test_without_one_there_is_none(self, database: Database) -> None:
        for environment in ({}, {VARIABLE: ""}, {VARIABLE: "  "}):
            assert AdministratorToken.from_environment(environment) is None
        for presented in ("", self.TOKEN):
            with pytest.raises(UnauthenticatedError):
                authenticate_bearer(database, presented, administrator=None, now=NOW)

    def test_other_text_is_looked_up_as_an_api_token(self, database: Database) -> None:
        administrator = AdministratorToken(self.TOKEN)
        user = user_in(database)
        token = made(database, user.id).token
        assert authenticate_bearer(database, token, administrator=administrator, now=NOW).user_id == user.id
        for presented in ("", self.TOKEN[:-1], self.TOKEN + "x", self.TOKEN.swapcase()):
            with pytest.raises(UnauthenticatedError):
                authenticate_bearer(database, presented, administrator=administrator, now=NOW)

    @pytest.mark.parametrize("token", ["letmein", "x" * 31])
    def test_one_that_could_be_guessed_is_refused(self, token: str) -> None:
        with pytest.raises(UsageError) as caught:
            AdministratorToken.from_environment({VARIABLE: token})
        assert token not in caught.value.message + caught.value.hint
        assert caught.value.place == VARIABLE

    def test_it_does_not_show_itself(self) -> None:
        administrator = AdministratorToken(self.TOKEN)
        assert self.TOKEN not in f"{administrator} {administrator!r}"


@dataclass
class Known:
    """What plain Python says of a token."""

    user: int
    token: NewToken
    expires: datetime
    revoked: bool = False


class TokenLife(RuleBasedStateMachine):
    """Tokens of two people in a database, and in plain Python beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(prefix="headwater-tokens-")
        self.database = open_database(new_sqlite_database(Path(self.folder.name)))
        with self.database.begin() as connection:
            self.users = [new_user(connection, name).id for name in ("ann", "bob")]
        self.active = [True, True]
        self.now = NOW

    made = Bundle("made")

    @rule(target=made, user=st.integers(0, 1), days=st.sampled_from([1, 10, 366]))
    def create(self, user: int, days: int) -> Known:
        token = made(self.database, self.users[user], now=self.now, days=days)
        return Known(user, token, self.now + timedelta(days=days))

    @rule(hours=st.sampled_from([1, 23, 200]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(known=made)
    def use(self, known: Known) -> None:
        expected = not known.revoked and self.now < known.expires and self.active[known.user]
        assert is_good(self.database, known.token.token, self.now) is expected

    @rule(known=made)
    def revoke(self, known: Known) -> None:
        with self.database.begin() as connection:
            owner = self.users[known.user]
            tokens.revoke_token(connection, known.token.info.id, user_id=owner, by=SYSTEM, now=self.now)
        known.revoked = True

    @rule(user=st.integers(0, 1))
    def disable_or_enable(self, user: int) -> None:
        change = people.disable_user if self.active[user] else people.enable_user
        with self.database.begin() as connection:
            change(connection, self.users[user], by=SYSTEM, now=self.now)
        self.active[user] = not self.active[user]

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()


TestTokenLife = TokenLife.TestCase
TestTokenLife.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
