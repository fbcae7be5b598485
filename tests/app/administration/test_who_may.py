"""Every method of the administration, asked by everybody: who may, who is refused, and to whom it is not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.app.administration.world import World

from headwater.access import Actor
from headwater.errors import ForbiddenError, NotFoundError

Call = Callable[[World, Actor], object]

EVERYBODY = frozenset({"machine", "administrator", "ann", "mia", "eve", "rob", "max", "sam", "narrow", "scoped"})
OWNERS = frozenset({"machine", "administrator", "ann"})
MANAGERS = OWNERS | {"mia"}
#: Those who can see the collection ``risk`` and what is in it.
RISK = OWNERS | {"mia", "eve", "rob", "max", "narrow", "scoped"}
#: Those of them who may see roles there.
ROLE_READERS = OWNERS | {"rob", "eve", "scoped"}


@dataclass(frozen=True)
class Case:
    """``allowed`` do; to those who are in ``seeing`` but not allowed it is forbidden, to others it is not there."""

    call: Call
    allowed: frozenset[str]
    seeing: frozenset[str] = EVERYBODY

    def expected(self, who: str) -> str:
        if who in self.allowed:
            return "allowed"
        return "403" if who in self.seeing else "404"


def revoke_new_token(world: World, actor: Actor) -> None:
    user = world.new_user()
    made = world.tokens.create(world.everybody()["machine"], "x", user=user.name)
    world.tokens.revoke(actor, made.info.id, user.name)


def change_new_role(world: World, actor: Actor) -> None:
    name = world.new_name()
    world.access.roles.create(world.everybody()["machine"], name, actions=["model.read"])
    world.access.roles.change(actor, name, actions=["model.*"])


def delete_new_role(world: World, actor: Actor) -> None:
    name = world.new_name()
    world.access.roles.create(world.everybody()["machine"], name, actions=["model.read"])
    world.access.roles.delete(actor, name)


CASES: dict[str, Case] = {
    # people
    "list people": Case(lambda w, a: w.people.list(a), MANAGERS),
    "get somebody": Case(lambda w, a: w.people.get(a, w.new_user().id), MANAGERS),
    "find somebody": Case(lambda w, a: w.people.find(a, "sam"), MANAGERS),
    "make somebody": Case(lambda w, a: w.people.create(a, w.new_name()), MANAGERS),
    "change somebody": Case(lambda w, a: w.people.change(a, w.new_user().id, display_name="X"), MANAGERS),
    "rename somebody": Case(lambda w, a: w.people.change(a, w.new_user().id, name=w.new_name()), MANAGERS),
    "disable somebody": Case(lambda w, a: w.people.disable(a, w.new_user().id), MANAGERS),
    "enable somebody": Case(lambda w, a: w.people.enable(a, w.new_user().id), MANAGERS),
    "link for who has no role": Case(lambda w, a: w.people.link(a, w.new_user().id), MANAGERS),
    "link for an Owner": Case(lambda w, a: w.people.link(a, w.new_user(role="Owner").id), OWNERS),
    "link to sign in with": Case(lambda w, a: w.people.link(a, w.new_user().id, "sign_in"), frozenset({"machine"})),
    "others' password": Case(
        lambda w, a: w.people.change_password(a, w.new_user().id, current="x", new="y" * 12), frozenset()
    ),
    "others' sessions": Case(lambda w, a: w.people.sessions(a, w.new_user().id), MANAGERS),
    "end others' sessions": Case(lambda w, a: w.people.end_sessions(a, w.new_user().id), MANAGERS),
    # groups
    "list groups": Case(lambda w, a: w.groups.list(a), MANAGERS),
    "get a group": Case(lambda w, a: w.groups.get(a, w.new_group()), MANAGERS),
    "list members": Case(lambda w, a: w.groups.members(a, w.new_group("sam")), MANAGERS),
    "make a group": Case(lambda w, a: w.groups.create(a, w.new_name()), MANAGERS),
    "delete a group": Case(lambda w, a: w.groups.delete(a, w.new_group()), MANAGERS),
    "add a member": Case(lambda w, a: w.groups.add_member(a, w.new_group(), "sam"), MANAGERS),
    "add a member to an Owners' group": Case(
        lambda w, a: w.groups.add_member(a, w.new_group(role="Owner"), w.new_user().name), OWNERS
    ),
    "remove a member": Case(lambda w, a: w.groups.remove_member(a, w.new_group("sam"), "sam"), MANAGERS),
    # tokens
    "make others a token": Case(lambda w, a: w.tokens.create(a, "x", user=w.new_user().name), MANAGERS),
    "make an Owner a token": Case(lambda w, a: w.tokens.create(a, "x", user=w.new_user(role="Owner").name), OWNERS),
    "list others' tokens": Case(lambda w, a: w.tokens.list(a, w.new_user().name), MANAGERS),
    "revoke others' token": Case(revoke_new_token, MANAGERS),
    # roles
    "list roles": Case(lambda w, _: w.access.roles.list(), EVERYBODY),
    "make a role": Case(lambda w, a: w.access.roles.create(a, w.new_name(), actions=["model.*"]), OWNERS),
    "change a role": Case(change_new_role, OWNERS),
    "delete a role": Case(delete_new_role, OWNERS),
    # assignments
    "grant at the server": Case(
        lambda w, a: w.access.grant(a, w.new_user().name, "Reader", "server"), OWNERS, OWNERS | {"mia", "narrow"}
    ),
    "grant in risk": Case(
        lambda w, a: w.access.grant(a, w.new_user().name, "Reader", "model:lab/churn"), OWNERS | {"rob", "scoped"}, RISK
    ),
    "revoke in risk": Case(
        lambda w, a: w.access.revoke(a, w.new_user(role="Reader", scope="source:lab").name, "Reader", "source:lab"),
        OWNERS | {"rob", "scoped"},
        RISK,
    ),
    "list what was given in risk": Case(lambda w, a: w.access.assignments(a, scope="collection:risk"), RISK, RISK),
    "check oneself in risk": Case(lambda w, a: w.access.check(a, "model.read", "source:lab"), RISK, RISK),
    "check others in risk": Case(
        lambda w, a: w.access.check(a, "model.read", "source:lab", w.new_user().name), ROLE_READERS, RISK
    ),
    "explain others in risk": Case(
        lambda w, a: w.access.explain(a, "model.read", "source:lab", w.new_user().name), ROLE_READERS, RISK
    ),
    "scopes below risk": Case(lambda w, a: w.access.scopes(a, "collection:risk"), RISK, RISK),
    "topmost scopes": Case(lambda w, a: w.access.scopes(a), EVERYBODY),
    # audit
    "read the audit log": Case(lambda w, a: w.audit.events(a), OWNERS | {"max", "scoped"}),
    "export the audit log": Case(lambda w, a: list(w.audit.export(a)), OWNERS | {"max", "scoped"}),
    "shorten the audit log": Case(lambda w, a: w.audit.retain(a, 365), OWNERS),
}


@pytest.mark.parametrize("name", CASES)
def test_who_may(shared: World, name: str) -> None:
    case = CASES[name]
    actors = shared.everybody()
    assert actors.keys() == EVERYBODY
    found = {who: outcome(case.call, shared, actor) for who, actor in actors.items()}
    assert found == {who: case.expected(who) for who in actors}


def outcome(call: Call, world: World, actor: Actor) -> str:
    try:
        call(world, actor)
    except ForbiddenError:
        return "403"
    except NotFoundError:
        return "404"
    return "allowed"
