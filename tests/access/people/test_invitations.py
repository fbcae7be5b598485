"""One-time links: the first administrator's, and those that set a password."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from tests.access.people.support import NOW, PASSWORD, after, user_in

from headwater.access import audit, invitations, people, sessions
from headwater.access.actors import SYSTEM
from headwater.access.events import Event
from headwater.access.invitations import Link
from headwater.access.sign_in import sign_in
from headwater.errors import HeadwaterError, NotFoundError, UnauthenticatedError, UsageError
from headwater.store import Database, tables


def first_link(database: Database, **more: timedelta) -> Link | None:
    with database.begin() as connection:
        return invitations.first_administrator_link(connection, now=NOW, **more)


def become_first(database: Database, token: str, name: str = "ann", **more: object) -> str:
    given: dict[str, object] = {"password": PASSWORD, "now": NOW, **more}
    with database.begin() as connection:
        return invitations.accept_first_administrator(connection, token, name=name, **given).id  # type: ignore[arg-type]


def link_for(database: Database, user_id: str) -> Link:
    with database.begin() as connection:
        return invitations.password_link(connection, user_id, by=SYSTEM, now=NOW)


def accept(database: Database, token: str, password: str = PASSWORD, *, hours: float = 0) -> None:
    with database.begin() as connection:
        invitations.accept_link(connection, token, password=password, now=after(hours=hours))


class TestFirstAdministrator:
    def test_the_link_makes_the_first_user_who_signs_in(self, database: Database) -> None:
        link = first_link(database)
        assert link is not None and link.expires_at == after(hours=24) and link.token not in repr(link)
        user_id = become_first(database, link.token)
        assert sign_in(database, "ann", PASSWORD, now=NOW).session.user_id == user_id
        assert first_link(database) is None

    def test_it_is_good_once(self, database: Database) -> None:
        link = first_link(database)
        assert link is not None
        become_first(database, link.token)
        with pytest.raises(UnauthenticatedError):
            become_first(database, link.token, "bob")

    def test_it_expires(self, database: Database) -> None:
        link = first_link(database, lifetime=timedelta(hours=1))
        assert link is not None
        with pytest.raises(UnauthenticatedError):
            become_first(database, link.token, now=after(hours=1))

    def test_the_next_start_replaces_it(self, database: Database) -> None:
        old, new = first_link(database), first_link(database)
        assert old is not None and new is not None
        with pytest.raises(UnauthenticatedError):
            become_first(database, old.token)
        become_first(database, new.token)

    def test_it_is_worth_nothing_once_somebody_else_is_there(self, database: Database) -> None:
        link = first_link(database)
        assert link is not None
        user_in(database, "bob")
        with pytest.raises(UnauthenticatedError):
            become_first(database, link.token)
        assert first_link(database) is None

    def test_a_refused_password_does_not_use_it_up(self, database: Database) -> None:
        link = first_link(database)
        assert link is not None
        for more in ({"password": "short"}, {"name": "a b"}):
            with pytest.raises(UsageError):
                become_first(database, link.token, **more)
        become_first(database, link.token)

    def test_of_many_at_once_one_becomes_the_first(self, database: Database) -> None:
        link = first_link(database)
        assert link is not None
        together = Barrier(6)

        def one(number: int) -> bool:
            together.wait(30)
            try:
                become_first(database, link.token, f"user{number}")
            except HeadwaterError:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(one, range(6))) == 1
        with database.read() as connection:
            assert people.count_users(connection) == 2

    def test_a_new_database_has_nobody_with_a_password(self, database: Database) -> None:
        with database.read() as connection:
            assert connection.execute(select(tables.passwords)).all() == []
            assert connection.execute(select(tables.api_tokens)).all() == []
            assert [user.id for user in people.list_users(connection)] == [tables.BUILT_IN_ADMINISTRATOR]
        for password in ("", "admin", "password", "headwater"):
            with pytest.raises(UnauthenticatedError):
                sign_in(database, "built-in-administrator", password, now=NOW)


class TestPasswordLinks:
    def test_it_sets_the_password_once_and_ends_sessions(self, database: Database) -> None:
        user = user_in(database, password="some password of old times")
        with database.begin() as connection:
            before = sessions.start(connection, user.id, now=NOW).token
        link = link_for(database, user.id)
        accept(database, link.token)
        with pytest.raises(UnauthenticatedError):
            sessions.authenticate_session(database, before, now=NOW)
        assert sign_in(database, "ann", PASSWORD, now=NOW).session.user_id == user.id
        with pytest.raises(UnauthenticatedError):
            accept(database, link.token, "another password entirely")

    def test_it_expires_and_a_new_one_replaces_it(self, database: Database) -> None:
        user = user_in(database)
        old, new = link_for(database, user.id), link_for(database, user.id)
        for token, hours in ((old.token, 0), (new.token, 72), ("hwl_" + "A" * 43, 0), ("", 0)):
            with pytest.raises(UnauthenticatedError):
                accept(database, token, hours=hours)
        accept(database, new.token, hours=71.9)

    def test_the_kinds_are_not_mixed_up(self, database: Database) -> None:
        first = first_link(database)
        assert first is not None
        with pytest.raises(UnauthenticatedError):
            accept(database, first.token)
        link = link_for(database, user_in(database).id)
        with pytest.raises(UnauthenticatedError):
            become_first(database, link.token, "bob")

    def test_somebody_disabled_gets_none_and_uses_none(self, database: Database) -> None:
        user = user_in(database)
        link = link_for(database, user.id)
        with database.begin() as connection:
            people.disable_user(connection, user.id, by=SYSTEM, now=NOW)
        with pytest.raises(UnauthenticatedError):
            accept(database, link.token)
        for user_id in (user.id, tables.BUILT_IN_ADMINISTRATOR):
            with pytest.raises(UsageError):
                link_for(database, user_id)
        with pytest.raises(NotFoundError):
            link_for(database, "nobody")

    def test_the_log_has_its_making_and_its_use_and_not_its_string(self, database: Database) -> None:
        user = user_in(database)
        link = link_for(database, user.id)
        accept(database, link.token)
        with database.read() as connection:
            found = audit.page(connection, audit.Filter(target=f"user:{user.id}"))
            stored = str(connection.execute(select(tables.one_time_links)).all())
        codes = [event.event for event in reversed(found)]
        assert codes == [event.code for event in (
            Event.PERSON_CREATED, Event.LINK_MADE, Event.LINK_USED, Event.PASSWORD_CHANGED,
        )]  # fmt: skip
        assert found[0].actor_id == user.id and found[0].via == "link"
        assert link.token[4:] not in stored + str(found)
