"""Who somebody is here: linked, made, refused; and the groups that the issuer decides about."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.access.openid.provider import Provider as Remote
from tests.access.openid.support import Browser, described, sign_ins
from tests.access.people.support import NOW, PASSWORD, after, user_in

from headwater.access import audit, groups, people, sessions
from headwater.access.actors import SYSTEM
from headwater.access.events import Event
from headwater.access.openid import link_external, tie_group, unlink_external, untie_group
from headwater.access.people import User
from headwater.access.sign_in import sign_in
from headwater.errors import ConflictError, HeadwaterError, NotFoundError, UnauthenticatedError, UsageError
from headwater.store import Database, tables


def person(database: Database, name: str = "ann") -> User:
    with database.read() as connection:
        user = people.find_user(connection, name)
    assert user is not None
    return user


def refused(browser: Browser, match: str) -> HeadwaterError:
    with pytest.raises(UnauthenticatedError, match=match) as caught:
        browser.sign_in()
    event = sign_ins(browser.database)[-1]
    assert (event.result, event.details) == ("failed", {"method": browser.remote.issuer})
    return caught.value


def test_who_comes_for_the_first_time_is_made(browser: Browser, remote: Remote) -> None:
    remote.claims = {
        "preferred_username": "Ann@Example.org", "name": "Ann Example", "email": "ann@example.org",
        "email_verified": True,
    }  # fmt: skip
    first, again = browser.sign_in(), browser.sign_in(now=after(minutes=1))
    user = person(browser.database, "ann@example.org")
    assert {first.started.session.user_id, again.started.session.user_id} == {user.id}
    assert (user.display_name, user.email, user.last_sign_in_at) == ("Ann Example", "ann@example.org", after(minutes=1))
    assert (user.issuer, user.subject) == (remote.issuer, "subject-1")
    with browser.database.read() as connection:
        (made,) = audit.page(connection, audit.Filter(events=frozenset({Event.PERSON_CREATED})))
    assert (made.actor_name, made.via, made.target) == ("corp", "openid", f"user:{user.id}")


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": ..., "email": "ann@example.org", "email_verified": True}, "ann@example.org"),
        ({"preferred_username": " ", "email": "ann@example.org", "email_verified": True}, "ann@example.org"),
        ({"preferred_username": "ann", "email": "x@example.org"}, "ann"),
        ({"preferred_username": ..., "email": "ann@example.org"}, None),
        ({"preferred_username": ..., "email": "ann@example.org", "email_verified": "false"}, None),
        ({"preferred_username": ..., "email": "ann@example.org", "email_verified": 1}, None),
        ({"preferred_username": ["ann"]}, None),
        ({"preferred_username": "ann example"}, None),
        ({"preferred_username": "a/b"}, None),
    ],
)
def test_what_a_new_user_is_called(browser: Browser, remote: Remote, claims: dict[str, Any], name: str | None) -> None:
    remote.claims = claims
    if name is None:
        refused(browser, "says no name that a user can have")
        return
    browser.sign_in()
    user = person(browser.database, name)
    assert user.email == (claims["email"] if claims.get("email_verified") is True else None)


def test_nobody_is_made_unless_that_is_configured(browser: Browser, remote: Remote) -> None:
    browser.provider = described(remote, create_users=False)
    assert "administrator" in refused(browser, "Nobody here is linked").hint
    with browser.database.read() as connection:
        assert people.count_users(connection) == 1


@pytest.mark.parametrize("name", ["ann", "ANN", "built-in-administrator"])
def test_a_name_that_is_taken_is_not_handed_over(browser: Browser, remote: Remote, name: str) -> None:
    """Whoever may choose their name at the provider would otherwise choose an administrator's."""
    user_in(browser.database, "ann", password=PASSWORD)
    remote.claims = {"preferred_username": name, "email": "ann@example.org", "email_verified": True}
    error = refused(browser, "somebody's here already")
    assert error.code == "unauthenticated.name_taken" and "link" in error.hint
    user = person(browser.database)
    assert (user.issuer, user.subject, user.email) == (None, None, None)
    with browser.database.read() as connection:
        assert people.count_users(connection) == 2


def test_an_administrator_links_somebody(browser: Browser, remote: Remote) -> None:
    browser.provider = described(remote, create_users=False)
    remote.claims = {"preferred_username": "another name"}
    user = user_in(browser.database, password=PASSWORD)
    with browser.database.begin() as connection:
        linked = link_external(connection, user.id, remote.issuer, "subject-1", by=SYSTEM, now=NOW)
        assert link_external(connection, user.id, remote.issuer, "subject-1", by=SYSTEM, now=NOW) == linked
        (event,) = audit.page(connection, audit.Filter(events=frozenset({Event.PERSON_CHANGED})))
    assert (event.target, event.details) == (f"user:{user.id}", {"changed": "issuer,subject"})
    assert browser.sign_in().started.session.user_id == user.id
    assert person(browser.database).name == "ann"
    sign_in(browser.database, "ann", PASSWORD, now=NOW)
    with browser.database.begin() as connection:
        unlinked = unlink_external(connection, user.id, by=SYSTEM, now=NOW)
        assert unlink_external(connection, user.id, by=SYSTEM, now=NOW) == unlinked
    assert (unlinked.issuer, unlinked.subject) == (None, None)
    refused(browser, "Nobody here is linked")


def test_a_subject_of_another_issuer_is_somebody_else(browser: Browser, remote: Remote) -> None:
    browser.provider = described(remote, create_users=False)
    user = user_in(browser.database)
    with browser.database.begin() as connection:
        link_external(connection, user.id, "https://id.example.com", "subject-1", by=SYSTEM, now=NOW)
    refused(browser, "Nobody here is linked")


def test_what_cannot_be_linked(database: Database) -> None:
    ann, bob = user_in(database, "ann"), user_in(database, "bob")
    with database.begin() as connection:
        link_external(connection, ann.id, "https://a.example", "1", by=SYSTEM, now=NOW)
        for user_id, subject, kind in (
            (bob.id, "1", ConflictError),
            (ann.id, "2", ConflictError),
            ("nobody", "2", NotFoundError),
            (tables.BUILT_IN_ADMINISTRATOR, "2", UsageError),
            (bob.id, "", UsageError),
            (bob.id, "\x00", UsageError),
        ):
            with pytest.raises(kind):
                link_external(connection, user_id, "https://a.example", subject, by=SYSTEM, now=NOW)
        with pytest.raises(NotFoundError):
            unlink_external(connection, "nobody", by=SYSTEM, now=NOW)
        assert people.find_external(connection, "https://a.example", "1") == people.get_user(connection, ann.id)
        assert people.get_user(connection, bob.id).issuer is None


def test_somebody_links_themself(browser: Browser, remote: Remote) -> None:
    browser.provider = described(remote, create_users=False)
    user = user_in(browser.database, password=PASSWORD)
    session = sign_in(browser.database, "ann", PASSWORD, now=NOW)
    done = browser.complete(browser.begin(link_user_id=user.id), replacing=session.token)
    assert done.started.session.user_id == user.id
    assert (person(browser.database).issuer, person(browser.database).subject) == (remote.issuer, "subject-1")
    with browser.database.read() as connection:
        (event,) = audit.page(connection, audit.Filter(events=frozenset({Event.PERSON_CHANGED})))
    assert (event.actor_id, event.via) == (user.id, "session")
    assert browser.sign_in().started.session.user_id == user.id


def test_who_is_not_signed_in_any_more_links_nobody(browser: Browser) -> None:
    """A session that was ended must not live on as a link; and nobody is linked in somebody else's session."""
    ann = user_in(browser.database, "ann", password=PASSWORD)
    user_in(browser.database, "bob", password=PASSWORD)
    ended, other = (sign_in(browser.database, name, PASSWORD, now=NOW).token for name in ("ann", "bob"))
    with browser.database.begin() as connection:
        sessions.end_all(connection, ann.id, by=SYSTEM, now=NOW)
    for cookie in (ended, other, None):
        begun = browser.begin(link_user_id=ann.id)
        with pytest.raises(UnauthenticatedError):
            browser.complete(begun, replacing=cookie)
    assert person(browser.database).issuer is None


def test_who_is_somebody_already_cannot_be_linked_to_another(browser: Browser) -> None:
    browser.sign_in()
    bob = user_in(browser.database, "bob", password=PASSWORD)
    cookie = sign_in(browser.database, "bob", PASSWORD, now=NOW).token
    with pytest.raises(ConflictError):
        browser.complete(browser.begin(link_user_id=bob.id), replacing=cookie)
    assert person(browser.database, "bob").issuer is None
    assert sign_ins(browser.database)[-1].result == "failed"
    assert sessions.authenticate_session(browser.database, cookie, now=NOW).name == "bob"


def test_who_is_disabled_stays_out(browser: Browser, remote: Remote) -> None:
    browser.provider = described(remote, groups_claim="groups")
    remote.claims = {"groups": ["staff"]}
    browser.sign_in()
    staff = tied(browser, "staff")
    with browser.database.begin() as connection:
        people.disable_user(connection, person(browser.database).id, by=SYSTEM, now=NOW)
    refused(browser, "may not sign in here")
    assert not has(browser, staff)
    with browser.database.read() as connection:
        assert connection.execute(select(tables.sessions)).all() == []


@pytest.mark.parametrize(
    ("claims", "is_let_in"),
    [
        ({"email": "ann@example.org", "email_verified": True}, True),
        ({"email": "ann@EXAMPLE.org", "email_verified": True}, True),
        ({"email": "ann@example.org"}, False),
        ({"email": "ann@example.org", "email_verified": False}, False),
        ({"email": "ann@example.org.evil.example", "email_verified": True}, False),
        ({"email": "ann@evil.example", "email_verified": True}, False),
        ({"email": "ann@evilexample.org", "email_verified": True}, False),
        ({"email": "example.org", "email_verified": True}, False),
        ({}, False),
    ],
)
def test_domains_that_may_come_in(browser: Browser, remote: Remote, claims: dict[str, Any], is_let_in: bool) -> None:
    browser.provider = described(remote, allowed_email_domains=("example.org", "Example.com"))
    remote.claims = claims
    if is_let_in:
        browser.sign_in()
    else:
        refused(browser, "no verified e-mail address")


def test_a_domain_counts_for_those_who_are_known_too(browser: Browser, remote: Remote) -> None:
    browser.sign_in()
    browser.provider = described(remote, allowed_email_domains=("example.org",))
    refused(browser, "no verified e-mail address")


def tied(browser: Browser, name: str, *, issuer: str | None = None, there: str | None = None) -> str:
    with browser.database.begin() as connection:
        group = groups.create_group(connection, name, by=SYSTEM, now=NOW)
        tie_group(connection, group.id, issuer or browser.remote.issuer, by=SYSTEM, now=NOW, name=there)
    return group.id


def has(browser: Browser, group_id: str) -> bool:
    with browser.database.read() as connection:
        return person(browser.database).id in {member.id for member in groups.members(connection, group_id)}


def test_the_issuers_groups_follow_its_word_and_no_others(browser: Browser, remote: Remote) -> None:
    browser.provider = described(remote, groups_claim="groups")
    staff, admins = tied(browser, "Staff"), tied(browser, "admins", there="0f8f-id")
    elsewhere = tied(browser, "elsewhere", issuer="https://id.example.com", there="Staff")
    with browser.database.begin() as connection:
        local = groups.create_group(connection, "local", by=SYSTEM, now=NOW).id
        untouched = groups.create_group(connection, "untouched", by=SYSTEM, now=NOW).id
    remote.claims = {"groups": ["Staff", "0f8f-id", "local", "unknown"]}
    browser.sign_in()
    every = (staff, admins, elsewhere, local, untouched)
    assert [has(browser, group) for group in every] == [True, True, False, False, False]
    with browser.database.begin() as connection:
        for group in (elsewhere, untouched):
            groups.add_member(connection, group, person(browser.database).id, by=SYSTEM, now=NOW)
    remote.claims = {"groups": ["staff", "admins", "0f8f-id"]}  # names are the issuer's, letter by letter
    browser.sign_in()
    assert [has(browser, group) for group in every] == [False, True, True, False, True]
    remote.claims = {}
    browser.sign_in()
    assert [has(browser, group) for group in every] == [False, False, True, False, True]
    with browser.database.read() as connection:
        moves = audit.page(connection, audit.Filter(events=frozenset({Event.MEMBER_ADDED, Event.MEMBER_REMOVED})))
    assert [event.event for event in moves if event.actor_name == "corp"] == [
        "group.member_removed", "group.member_removed", "group.member_added", "group.member_added",
    ]  # fmt: skip


def test_other_people_stay_where_they_are(browser: Browser, remote: Remote) -> None:
    browser.provider = described(remote, groups_claim="groups")
    staff, bob = tied(browser, "staff"), user_in(browser.database, "bob")
    with browser.database.begin() as connection:
        groups.add_member(connection, staff, bob.id, by=SYSTEM, now=NOW)
    browser.sign_in()
    with browser.database.read() as connection:
        assert [member.id for member in groups.members(connection, staff)] == [bob.id]


def test_without_a_groups_claim_configured_nothing_is_read(browser: Browser, remote: Remote) -> None:
    staff = tied(browser, "staff")
    remote.claims = {"groups": ["staff"]}
    browser.sign_in()
    assert not has(browser, staff)
    with browser.database.begin() as connection:
        groups.add_member(connection, staff, person(browser.database).id, by=SYSTEM, now=NOW)
    remote.claims = {"groups": []}
    browser.sign_in()
    assert has(browser, staff)


def test_one_group_as_a_text(browser: Browser, remote: Remote) -> None:
    browser.provider = described(remote, groups_claim="https://example.com/groups")
    staff = tied(browser, "staff")
    remote.claims = {"https://example.com/groups": "staff"}
    browser.sign_in()
    assert has(browser, staff)


@pytest.mark.parametrize("claim", [7, {"staff": 1}, ["staff", 7], None])
def test_what_lists_no_groups(browser: Browser, remote: Remote, claim: object) -> None:
    browser.provider = described(remote, groups_claim="groups")
    remote.claims = {"groups": claim}
    refused(browser, "'groups'")


def test_too_many_groups_to_list_are_not_none(browser: Browser, remote: Remote) -> None:
    browser.provider = described(remote, groups_claim="groups")
    staff = tied(browser, "staff")
    remote.claims = {"groups": ["staff"]}
    browser.sign_in()
    remote.claims = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://a.example"}}}
    refused(browser, "does not list all groups")
    assert has(browser, staff)


def test_tying_and_untying(database: Database) -> None:
    with database.begin() as connection:
        first, second = (groups.create_group(connection, name, by=SYSTEM, now=NOW).id for name in ("One", "Two"))
        tie_group(connection, first, "https://a.example", by=SYSTEM, now=NOW)
        for group, name, kind in (
            (first, "x", ConflictError),
            (second, "One", ConflictError),
            (second, "", UsageError),
            ("nothing", "x", NotFoundError),
        ):
            with pytest.raises(kind):
                tie_group(connection, group, "https://a.example", by=SYSTEM, now=NOW, name=name)
        tie_group(connection, second, "https://b.example", by=SYSTEM, now=NOW, name="One")
        untie_group(connection, first, by=SYSTEM, now=NOW)
        with pytest.raises(NotFoundError):
            untie_group(connection, first, by=SYSTEM, now=NOW)
        groups.delete_group(connection, second, by=SYSTEM, now=NOW)
        assert connection.execute(select(tables.openid_groups)).all() == []
        events = audit.page(connection, audit.Filter(events=frozenset({Event.GROUP_TIED, Event.GROUP_UNTIED})))
    assert [(event.event, event.details["issuer"]) for event in events] == [
        ("group.untied", "https://a.example"),
        ("group.tied", "https://b.example"),
        ("group.tied", "https://a.example"),
    ]
