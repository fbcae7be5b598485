"""One's own matters, the last way in, and rights that nobody hands on who could not give them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest
from tests.app.administration.world import PASSWORD, World, signed_in

from headwater.access import SYSTEM, Actor, Via, people
from headwater.access.sign_in import sign_in
from headwater.app.administration import link_address
from headwater.app.administration.authority import keeping_an_owner
from headwater.errors import ConflictError, ForbiddenError, NotFoundError, ThrottledError, UsageError
from headwater.store import tables, utc_now

NOT_IDS = ("", "x", "\x00", "1" * 36, "{00000000-0000-4000-8000-000000000001}", "\ud800")


def with_password(world: World) -> Actor:
    """Somebody new who has a password and two sessions; the one that asks is the first."""
    user = world.new_user()
    with world.inside() as connection:
        people.set_password(connection, user.id, PASSWORD, by=SYSTEM, now=utc_now())
    first, _ = (sign_in(world.database, user.name, PASSWORD, now=utc_now(), address="127.0.0.1") for _ in range(2))
    return replace(signed_in(user), credential_id=first.session.id)


def test_pages_of_people_are_exact(shared: World) -> None:
    made = sorted(shared.people.create(SYSTEM, f"page-{number}@example.org").name for number in range(5))
    found, after = [], None
    while True:
        page = shared.people.list(SYSTEM, matching="PAGE-", after=after, limit=2)
        assert page.total == 5
        found += [user.name for user in page.users]
        after = page.after
        if after is None:
            break
    assert found == made
    assert shared.people.list(SYSTEM, matching="page-", limit=5).after is None
    assert shared.people.list(SYSTEM, matching="\x00").total == 0
    with pytest.raises(UsageError):
        shared.people.list(SYSTEM, after="\x00")


def test_pages_of_groups_are_exact(world: World) -> None:
    for name in ("c", "A", "b"):
        world.groups.create(SYSTEM, name)
    first = world.groups.list(SYSTEM, limit=2)
    assert ([group.display_name for group in first.groups], first.total) == (["A", "b"], 3)
    rest = world.groups.list(SYSTEM, after=first.after, limit=2)
    assert ([group.display_name for group in rest.groups], rest.after) == (["c"], None)


def test_everybody_sees_to_their_own_matters(shared: World) -> None:
    user = shared.new_user()
    me = signed_in(user)
    assert shared.people.get(me, user.id) == user
    changed = shared.people.change(me, user.id, display_name="Me", email="me@example.org")
    assert (changed.display_name, changed.email) == ("Me", "me@example.org")
    with pytest.raises(ForbiddenError):
        shared.people.change(me, user.id, name=shared.new_name())
    with pytest.raises(ForbiddenError):
        shared.people.disable(me, user.id)
    made = shared.tokens.create(me, "mine")
    assert [token.info.id for token in shared.tokens.list(me)] == [made.info.id]
    assert shared.tokens.list(me, user.name) == shared.tokens.list(me, user.id) == shared.tokens.list(me)
    shared.tokens.revoke(me, made.info.id)
    assert shared.tokens.list(me)[0].info.revoked_at is not None


def test_a_limited_token_does_not_see_to_its_owners_matters(shared: World) -> None:
    me = with_password(shared)
    assert me.user_id is not None
    made = shared.tokens.create(me, "mine")
    limits: list[dict[str, object]] = [{"actions": frozenset({"*"})}, {"scope_id": shared.scope_id("source:lab")}]
    for limit in limits:
        limited = replace(me, via=Via.TOKEN, **limit)  # type: ignore[arg-type]  # the fields differ in type
        assert shared.people.get(limited, me.user_id).name == me.name
        for refused in (
            lambda who: shared.people.change(who, me.user_id or "", display_name="X"),
            lambda who: shared.people.change_password(who, me.user_id or "", current=PASSWORD, new=PASSWORD + "!"),
            lambda who: shared.people.sessions(who, me.user_id or ""),
            shared.tokens.list,
            lambda who: shared.tokens.create(who, "wider"),
            lambda who: shared.tokens.revoke(who, made.info.id),
        ):
            with pytest.raises(ForbiddenError):
                refused(limited)


def test_a_password_is_changed_by_who_knows_it(shared: World) -> None:
    me = with_password(shared)
    assert me.user_id is not None
    with pytest.raises(ForbiddenError) as caught:
        shared.people.change_password(me, me.user_id, current="something else", new=PASSWORD + "!")
    assert caught.value.code == "forbidden.password"
    assert caught.value.action is None
    assert len(shared.people.sessions(me, me.user_id)) == 2
    shared.people.change_password(me, me.user_id, current=PASSWORD, new=PASSWORD + "!")
    assert [session.id for session in shared.people.sessions(me, me.user_id)] == [me.credential_id]
    sign_in(shared.database, me.name, PASSWORD + "!", now=utc_now(), address="127.0.0.1")
    newest, before = shared.recorded("password.changed")[:2]
    assert [(event.result, event.target) for event in (newest, before)] == [
        ("succeeded", f"user:{me.user_id}"),
        ("failed", f"user:{me.user_id}"),
    ]


def test_guesses_at_ones_own_password_are_counted(shared: World) -> None:
    me = with_password(shared)
    assert me.user_id is not None

    def guess() -> None:
        shared.people.change_password(me, me.user_id or "", current="a guess", new=PASSWORD + "!")

    with pytest.raises(ThrottledError):
        for _ in range(30):
            with pytest.raises(ForbiddenError):
                guess()


def test_who_has_no_password_knows_none(shared: World) -> None:
    user = shared.new_user()
    with pytest.raises(ForbiddenError):
        shared.people.change_password(signed_in(user), user.id, current="", new=PASSWORD)


def test_sessions_are_ended_one_or_all(shared: World) -> None:
    me = with_password(shared)
    assert me.user_id is not None
    other = next(each for each in shared.people.sessions(me, me.user_id) if each.id != me.credential_id)
    shared.people.end_session(me, me.user_id, other.id)
    with pytest.raises(NotFoundError):
        shared.people.end_session(me, me.user_id, other.id)
    assert shared.people.end_sessions(shared.actor("mia"), me.user_id) == 1
    assert shared.people.sessions(me, me.user_id) == ()


def test_what_is_no_id_is_not_there(shared: World) -> None:
    ann = shared.actor("ann")
    for wrong in NOT_IDS:
        for asked in (
            lambda id_: shared.people.get(ann, id_),
            lambda id_: shared.people.change(ann, id_, display_name="X"),
            lambda id_: shared.people.disable(ann, id_),
            lambda id_: shared.people.link(ann, id_),
            lambda id_: shared.people.sessions(ann, id_),
            lambda id_: shared.groups.get(ann, id_),
            lambda id_: shared.groups.delete(ann, id_),
            lambda id_: shared.groups.add_member(ann, shared.new_group(), id_),
            lambda id_: shared.tokens.revoke(ann, id_),
            shared.access.roles.get,
        ):
            with pytest.raises(NotFoundError):
                asked(wrong)


def test_the_server_keeps_an_owner(world: World) -> None:
    ann, second = world.users["ann"], world.new_user()
    world.groups.add_member(SYSTEM, (group := world.new_group(role="Owner")), (inner := world.new_group()))
    world.groups.add_member(SYSTEM, inner, second.id)
    world.people.disable(SYSTEM, ann.id)
    for last in (
        lambda: world.people.disable(SYSTEM, second.id),
        lambda: world.groups.remove_member(SYSTEM, inner, second.id),
        lambda: world.groups.remove_member(SYSTEM, group, inner),
        lambda: world.groups.delete(SYSTEM, inner),
        lambda: world.groups.delete(SYSTEM, group),
        lambda: world.access.revoke(SYSTEM, group, "Owner", "server"),
    ):
        with pytest.raises(ConflictError) as caught:
            last()
        assert caught.value.code == "conflict.last_owner"
    assert world.access.check(SYSTEM, "server.manage", "server", second.name)
    world.people.enable(SYSTEM, ann.id)
    world.groups.delete(SYSTEM, group)
    assert not world.access.check(SYSTEM, "server.manage", "server", second.name)


def test_of_two_owners_who_disable_each_other_one_stays(world: World) -> None:
    second = world.new_user(role="Owner")

    def disable() -> str:
        try:
            world.people.disable(SYSTEM, second.id)
        except ConflictError as error:
            return error.code
        return "disabled"

    with ThreadPoolExecutor(1) as thread:
        with world.inside() as connection, keeping_an_owner(connection):
            people.disable_user(connection, world.users["ann"].id, by=SYSTEM, now=utc_now())
            other = thread.submit(disable)
            # Without the lock it would end here, for it cannot see yet what this transaction did.
            wait([other], timeout=3)
        assert other.result(timeout=60) == "conflict.last_owner"
    assert world.people.get(SYSTEM, second.id).active


def test_who_manages_people_hands_on_no_role_that_they_could_not_give(shared: World) -> None:
    """``mia`` manages people; ``rob``'s role lies where she may assign none, and so does the group's."""
    mia = shared.actor("mia")
    holder = shared.new_user(role="Reader", scope="source:lab")
    indirect = shared.new_user()
    group = shared.new_group(shared.groups.get(SYSTEM, shared.new_group(indirect.id)).id, role="Owner")
    attempts = (
        lambda: shared.people.link(mia, holder.id),
        lambda: shared.people.link(mia, indirect.id),
        lambda: shared.tokens.create(mia, "theirs", user=holder.id),
        lambda: shared.tokens.create(mia, "theirs", user=indirect.id),
        lambda: shared.groups.add_member(mia, group, "mia"),
    )
    for attempt in attempts:
        with pytest.raises(ForbiddenError) as caught:
            attempt()
        assert caught.value.action == "roles.assign"
    shared.people.link(shared.actor("ann"), holder.id)


def test_links_lead_to_the_page_and_keep_the_token_out_of_logs(shared: World) -> None:
    made = shared.people.link(SYSTEM, shared.new_user().id)
    address, _, fragment = link_address("http://127.0.0.1:8400/", made).partition("#")
    assert (address, fragment) == ("http://127.0.0.1:8400/sign-in/password", made.token)
    assert shared.people.link(SYSTEM, shared.new_user().id, "sign_in").purpose == "sign_in"


def test_the_built_in_administrator_stays_the_environments(shared: World) -> None:
    built_in = tables.BUILT_IN_ADMINISTRATOR
    actor = Actor(built_in, "built-in administrator", Via.ADMINISTRATOR_TOKEN)
    for refused in (
        lambda: shared.tokens.create(actor, "for good"),
        lambda: shared.tokens.create(SYSTEM, "for good", user=built_in),
        lambda: shared.people.link(SYSTEM, built_in),
        lambda: shared.people.disable(SYSTEM, built_in),
        lambda: shared.people.change(actor, built_in, display_name="Me"),
    ):
        with pytest.raises(UsageError):
            refused()


def test_the_machine_is_no_user(shared: World) -> None:
    with pytest.raises(UsageError):
        shared.tokens.list(SYSTEM)
    with pytest.raises(UsageError):
        shared.access.explain(SYSTEM, "model.read", "server")


def test_an_id_goes_before_a_name_that_looks_like_it(shared: World) -> None:
    victim = shared.new_user()
    shared.people.create(SYSTEM, victim.id)
    assert shared.people.find(SYSTEM, victim.id) == victim
    given, _ = shared.access.grant(SYSTEM, victim.id, "Reader", "source:lab")
    assert given.principal.name == victim.name
