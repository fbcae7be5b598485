"""Users and groups: names, changes, who is in what, and that each change is on record."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from tests.access.people.support import NOW, PASSWORD, after, new_user, user_in

from headwater.access import audit, groups, people
from headwater.access.actors import SYSTEM
from headwater.access.events import Event
from headwater.access.groups import Member
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import Database, tables


def test_a_user_is_made_and_found_in_any_case(database: Database) -> None:
    with database.begin() as connection:
        made = people.create_user(connection, " Ann@Example.org", by=SYSTEM, now=NOW, email="ann@example.org")
        assert (made.name, made.display_name, made.active) == ("ann@example.org", "Ann@Example.org", True)
        assert people.get_user(connection, made.id) == made
        assert people.find_user(connection, "ANN@EXAMPLE.ORG ") == made
        assert people.find_user(connection, "ann") is None
        assert made.created_at == NOW and made.last_sign_in_at is None


@pytest.mark.parametrize("taken", ["ann", "ANN", " Ann ", "ａｎｎ"])
def test_a_name_belongs_to_one_user_and_the_transaction_goes_on(database: Database, taken: str) -> None:
    with database.begin() as connection:
        new_user(connection, "ann")
        with pytest.raises(ConflictError):
            people.create_user(connection, taken, by=SYSTEM, now=NOW)
        new_user(connection, "bob")
    with database.read() as connection:
        assert [user.name for user in people.list_users(connection)] == ["ann", "bob", "built-in-administrator"]
        assert connection.scalar(select(func.count()).select_from(tables.principals)) == 3


@pytest.mark.parametrize("name", ["", "  ", "a b", "a\nb", "a/b", "a\x00b", "a\udcff", "n" * 256])
def test_what_cannot_be_a_name(database: Database, name: str) -> None:
    with database.begin() as connection:
        with pytest.raises(UsageError):
            people.create_user(connection, name, by=SYSTEM, now=NOW)
        user = new_user(connection)
        with pytest.raises(UsageError):
            people.change_user(connection, user.id, by=SYSTEM, now=NOW, name=name)
        assert people.find_user(connection, name) is None


@pytest.mark.parametrize("text", ["two\nlines", "a\x00b", "a\udcff", "n" * 256])
def test_what_cannot_be_another_text(database: Database, text: str) -> None:
    with database.begin() as connection:
        user = new_user(connection)
        for field in ("display_name", "email"):
            with pytest.raises(UsageError):
                people.create_user(connection, "bob", by=SYSTEM, now=NOW, **{field: text})
            with pytest.raises(UsageError):
                people.change_user(connection, user.id, by=SYSTEM, now=NOW, **{field: text})
        assert people.list_users(connection, matching=text) == []


def test_an_issuer_vouches_for_one_user(database: Database) -> None:
    issuer = {"issuer": "https://id.example", "subject": "42"}
    with database.begin() as connection:
        made = people.create_user(connection, "ann", by=SYSTEM, now=NOW, **issuer)
        assert people.find_external(connection, "https://id.example", "42") == made
        assert people.find_external(connection, "https://other.example", "42") is None
        with pytest.raises(ConflictError):
            people.create_user(connection, "bob", by=SYSTEM, now=NOW, **issuer)
        with pytest.raises(UsageError):
            people.create_user(connection, "bob", by=SYSTEM, now=NOW, subject="42")
        # Two people without an issuer are no conflict.
        new_user(connection, "bob")
        new_user(connection, "cid")


def test_a_change_changes_what_is_given_and_records_which_fields(database: Database) -> None:
    with database.begin() as connection:
        user = people.create_user(connection, "ann", by=SYSTEM, now=NOW, email="a@example.org")
        changed = people.change_user(
            connection, user.id, by=SYSTEM, now=after(hours=1), display_name="Ann B.", email=""
        )
        assert (changed.name, changed.display_name, changed.email) == ("ann", "Ann B.", None)
        people.change_user(connection, user.id, by=SYSTEM, now=after(hours=2), display_name="Ann B.")
        recorded = audit.page(connection, audit.Filter(events=frozenset({Event.PERSON_CHANGED})))
        assert [event.details for event in recorded] == [{"changed": "display_name,email"}]
        new_user(connection, "bob")
        with pytest.raises(ConflictError):
            people.change_user(connection, user.id, by=SYSTEM, now=NOW, name="Bob")
        assert people.change_user(connection, user.id, by=SYSTEM, now=NOW, name="Anna").name == "anna"


def test_pages_and_counts_agree(database: Database) -> None:
    names = [f"user{number:02}" for number in range(12)]
    with database.begin() as connection:
        for name in names:
            new_user(connection, name)
        people.change_user(connection, new_user(connection, "x_y").id, by=SYSTEM, now=NOW, email="USER@example.org")
        found, last = [], None
        while page := people.list_users(connection, matching="user", after=last, limit=5):
            found += [user.name for user in page]
            last = page[-1].name
        assert found == [*names, "x_y"]
        assert people.count_users(connection, matching="UsEr") == 13
        assert people.count_users(connection, matching="_") == 1
        assert people.count_users(connection) == 14


def test_the_built_in_administrator_stays_as_it_is(database: Database) -> None:
    with database.begin() as connection:
        built_in = tables.BUILT_IN_ADMINISTRATOR
        assert people.get_user(connection, built_in).active
        with pytest.raises(UsageError):
            people.disable_user(connection, built_in, by=SYSTEM, now=NOW)
        with pytest.raises(UsageError):
            people.set_password(connection, built_in, PASSWORD, by=SYSTEM, now=NOW)
        with pytest.raises(UsageError):
            people.change_user(connection, built_in, by=SYSTEM, now=NOW, name="root")


def test_disabling_is_recorded_once_and_undone(database: Database) -> None:
    with database.begin() as connection:
        user = new_user(connection)
        for _ in range(2):
            people.disable_user(connection, user.id, by=SYSTEM, now=NOW)
        assert not people.get_user(connection, user.id).active
        people.enable_user(connection, user.id, by=SYSTEM, now=NOW)
        assert people.get_user(connection, user.id).active
        recorded = [event.event for event in audit.page(connection)]
    assert recorded == ["person.enabled", "person.disabled", "person.created"]


def test_what_is_not_there_is_not_found(database: Database) -> None:
    with database.begin() as connection:
        user = new_user(connection)
        for act in (people.disable_user, people.enable_user, groups.delete_group):
            with pytest.raises(NotFoundError):
                act(connection, "nobody", by=SYSTEM, now=NOW)
        with pytest.raises(NotFoundError):
            groups.add_member(connection, "nothing", user.id, by=SYSTEM, now=NOW)
        group = groups.create_group(connection, "Analysts", by=SYSTEM, now=NOW)
        with pytest.raises(NotFoundError):
            groups.add_member(connection, group.id, "nobody", by=SYSTEM, now=NOW)
        with pytest.raises(NotFoundError):
            groups.remove_member(connection, group.id, user.id, by=SYSTEM, now=NOW)


def test_groups_hold_users_and_groups_and_may_go_round(database: Database) -> None:
    with database.begin() as connection:
        ann, bob = new_user(connection, "ann"), new_user(connection, "bob")
        inner, middle, outer, other = (
            groups.create_group(connection, name, by=SYSTEM, now=NOW) for name in ("In", "Mid", "Out", "Other")
        )
        edges = [(inner.id, ann.id), (middle.id, inner.id), (outer.id, middle.id), (inner.id, outer.id)]
        edges += [(other.id, bob.id), (outer.id, bob.id)]
        for group_id, member_id in edges:
            assert groups.add_member(connection, group_id, member_id, by=SYSTEM, now=NOW)
        assert not groups.add_member(connection, inner.id, ann.id, by=SYSTEM, now=NOW)
        with pytest.raises(UsageError):
            groups.add_member(connection, inner.id, inner.id, by=SYSTEM, now=NOW)
        assert [group.name for group in groups.groups_of(connection, ann.id)] == ["in", "mid", "out"]
        assert [group.name for group in groups.groups_of(connection, bob.id)] == ["in", "mid", "other", "out"]
        assert groups.members(connection, outer.id) == [
            Member(bob.id, "user", "bob"), Member(middle.id, "group", "Mid"),
        ]  # fmt: skip
        groups.delete_group(connection, outer.id, by=SYSTEM, now=NOW)
        assert [group.name for group in groups.groups_of(connection, bob.id)] == ["other"]
        assert [group.name for group in groups.groups_of(connection, ann.id)] == ["in", "mid"]
        groups.remove_member(connection, inner.id, ann.id, by=SYSTEM, now=NOW)
        assert groups.groups_of(connection, ann.id) == []
        added = audit.count(connection, audit.Filter(events=frozenset({Event.MEMBER_ADDED})))
        assert added == len(edges)


def test_a_group_name_belongs_to_one_group(database: Database) -> None:
    with database.begin() as connection:
        groups.create_group(connection, "Data Science", by=SYSTEM, now=NOW)
        with pytest.raises(ConflictError):
            groups.create_group(connection, " data science", by=SYSTEM, now=NOW)
        for name in ("", " ", "two\nlines", "n" * 256):
            with pytest.raises(UsageError):
                groups.create_group(connection, name, by=SYSTEM, now=NOW)
        assert [group.display_name for group in groups.list_groups(connection)] == ["Data Science"]
        assert groups.list_groups(connection, after="data science") == []


def test_a_membership_needs_both_and_goes_with_either(database: Database) -> None:
    user = user_in(database)
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(insert(tables.group_members).values(group_id="none", member_id=user.id))
    with database.begin() as connection:
        group = groups.create_group(connection, "Analysts", by=SYSTEM, now=NOW)
        groups.add_member(connection, group.id, user.id, by=SYSTEM, now=NOW)
        connection.execute(delete(tables.principals).where(tables.principals.c.id == user.id))
        assert groups.members(connection, group.id) == []
        assert connection.scalar(select(func.count()).select_from(tables.users)) == 1
