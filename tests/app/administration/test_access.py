"""Roles given and taken, scopes by their names, and the sentences that say why."""

from __future__ import annotations

import pytest
from tests.app.administration.world import World, signed_in

from headwater.access import SYSTEM, Explanation, Grant, Via
from headwater.access.actions import Action
from headwater.app.administration import Answer
from headwater.errors import ConflictError, ForbiddenError, NotFoundError, UsageError

PATHS = {
    "server": "/",
    "collection:risk": "/collection/root/collection/risk",
    "source:lab": "/collection/root/collection/risk/workspace/lab",
    "model:lab/churn": "/collection/root/collection/risk/workspace/lab/model/churn",
    "service:scores": "/collection/root/scoring_service/scores",
    "dataflow:sales": "/collection/root/dataflow/sales",
    "table:sales/orders": "/collection/root/dataflow/sales/published_table/orders",
    "connection:files": "/collection/root/connection/files",
    "subscription:0001": "/collection/root/subscription/0001",
}


@pytest.mark.parametrize(("text", "path"), PATHS.items(), ids=list(PATHS))
def test_a_scope_has_a_name_a_path_and_a_number(shared: World, text: str, path: str) -> None:
    who = shared.new_user().name
    given, new = shared.access.grant(SYSTEM, who, "reader", text)
    assert (given.scope.path, given.role, new) == (path, "Reader", True)
    for again in (text, path, f"scope:{given.scope.id}"):
        assert shared.access.grant(SYSTEM, who, "Reader", again) == (given, False)
    assert shared.access.assignments(SYSTEM, who=who).given == [given]


NOT_THERE = [
    *("collection:none", "source:none", "model:lab/none", "model:none/churn", "model:lab", "service:none"),
    *("dataflow:none", "table:sales/none", "table:sales", "connection:none", "subscription:none", "scope:999999"),
    *("scope:999999999999999999", "/collection/none", "/collection/root/model/churn"),
]
NO_NAMES = [
    *("", "x", "risk", "collection:", ":", "scope:x", "scope:-1", "scope:9999999999999999999", "model"),
    *("/collection", "server:", "source:\x00", "/collection/%00", "collection:\ud800", "Server"),
]


@pytest.mark.parametrize(("texts", "error"), [(NOT_THERE, NotFoundError), (NO_NAMES, UsageError)])
def test_a_scope_that_is_none(shared: World, texts: list[str], error: type[Exception]) -> None:
    for text in texts:
        with pytest.raises(error) as caught:
            shared.access.check(SYSTEM, "model.read", text, "sam")
        assert getattr(caught.value, "code", "") == "access.scope", text


def test_a_scope_that_may_not_be_seen_is_not_there(shared: World) -> None:
    eve = shared.actor("eve")
    for text, path in PATHS.items():
        inside = text in {"collection:risk", "source:lab", "model:lab/churn"}
        for name in (text, path, f"scope:{shared.scope_id(text)}"):
            if inside:
                assert shared.access.check(eve, "model.read", name)
                continue
            with pytest.raises(NotFoundError) as caught:
                shared.access.check(eve, "model.read", name)
            assert caught.value.message == f"There is no scope {name}, or none that you may see."


def test_of_several_scopes_those_that_may_be_seen_are_told(shared: World) -> None:
    with pytest.raises(UsageError) as caught:
        shared.access.check(shared.actor("ann"), "connection.use", "connection:warehouse")
    assert "(/collection/root/connection/warehouse)" in caught.value.hint
    assert "(/collection/root/collection/risk/connection/warehouse)" in caught.value.hint
    assert shared.access.check(shared.actor("eve"), "connection.read", "connection:warehouse")


def test_a_path_hides_what_may_not_be_seen(shared: World) -> None:
    user = shared.new_user(role="Reader", scope="source:lab")
    (top,) = shared.access.scopes(signed_in(user)).scopes
    assert (top.kind, top.name, top.path) == ("workspace", "lab", "/…/…/workspace/lab")
    answer = shared.access.explain(signed_in(user), "model.invoke", f"scope:{top.id}")
    assert answer.scope == top.path
    given = shared.access.assignments(signed_in(user), who=user.name).given
    assert [(each.principal.name, each.scope.path) for each in given] == [(user.name, top.path)]
    given = shared.access.assignments(signed_in(user), limit=1_000).given
    assert all(each.scope.path.startswith(top.path) for each in given)


def test_scopes_are_listed_a_page_at_a_time(shared: World) -> None:
    def names(of: str | None, **more: object) -> list[str]:
        page = shared.access.scopes(shared.actor("ann"), of, **more)  # type: ignore[arg-type]  # as a caller gives them
        return [scope.name for scope in page.scopes]

    assert names(None) == ["server"]
    assert names("server") == ["root"]
    assert names("source:lab") == ["churn", "fraud"]
    assert names("source:lab", matching="FRAU") == ["fraud"]
    assert names("source:lab", matching="\x00") == []
    first = shared.access.scopes(shared.actor("ann"), "collection:root", limit=4)
    rest = shared.access.scopes(shared.actor("ann"), "collection:root", after=first.after, limit=4)
    found = [(scope.name, scope.kind) for scope in [*first.scopes, *rest.scopes]]
    assert first.total == rest.total == len(found) == 6
    assert found == sorted(found)
    assert rest.after is None
    assert [scope.name for scope in shared.access.scopes(shared.actor("eve")).scopes] == ["risk"]
    assert shared.access.scopes(shared.actor("sam")).scopes == []
    with pytest.raises(NotFoundError):
        shared.access.scopes(shared.actor("eve"), "collection:risk", after=shared.scope_id("dataflow:sales"))


def test_a_role_that_is_taken_holds_no_more(shared: World) -> None:
    user = shared.new_user(role="Reader", scope="collection:risk")
    assert shared.access.check(signed_in(user), "model.invoke", "model:lab/churn")
    with pytest.raises(NotFoundError):
        shared.access.revoke(SYSTEM, user.name, "Reader", "source:lab")
    shared.access.revoke(SYSTEM, user.name, "Reader", "collection:risk")
    with pytest.raises(NotFoundError):
        shared.access.check(signed_in(user), "model.invoke", "model:lab/churn")


def test_one_can_give_up_ones_own_role(shared: World) -> None:
    user = shared.new_user(role="Role giver", scope="source:lab")
    taken = shared.access.revoke(signed_in(user), user.name, "Role giver", "source:lab")
    assert taken.scope.path == "/…/…/workspace/lab"


def test_what_was_given_and_taken_is_on_record(shared: World) -> None:
    user, rob = shared.new_user(), shared.actor("rob")
    shared.access.grant(rob, user.name, "Reader", "source:lab")
    shared.access.grant(rob, user.name, "Reader", "source:lab")
    shared.access.revoke(rob, user.name, "Reader", "source:lab")
    scope = shared.scope_id("source:lab")
    for event in ("role.granted", "role.revoked"):
        newest, *before = shared.recorded(event)[:2]
        assert newest.details == {"principal_id": user.id, "role": "Reader"}
        assert (newest.actor_id, newest.scope_id, newest.target) == (rob.user_id, scope, f"scope:{scope}")
        assert all(one.details != newest.details for one in before), "giving it again changed nothing"


def test_roles_of_ones_own(shared: World) -> None:
    ann, name = shared.actor("ann"), shared.new_name()
    made = shared.access.roles.create(ann, f" {name} ", actions=["model.*"], not_actions=["model.invoke"])
    assert (made.name, made.allows()) == (name, frozenset({Action.MODEL_READ}))
    changed = shared.access.roles.change(ann, name.upper(), not_actions=[], description="All of it.")
    assert (changed.allows(), changed.description) == (
        frozenset({Action.MODEL_READ, Action.MODEL_INVOKE}),
        "All of it.",
    )
    assert shared.access.roles.get(name) == changed
    shared.access.grant(ann, "sam", name, "model:lab/fraud")
    with pytest.raises(ConflictError):
        shared.access.roles.delete(ann, name)
    shared.access.revoke(ann, "sam", name, "model:lab/fraud")
    shared.access.roles.delete(ann, name)
    for event in ("role.created", "role.changed", "role.deleted"):
        assert shared.recorded(event)[0].details == {"role": name}
    for wrong in ("\x00", "a" * 256, "two\nlines", " ", "a/b"):
        with pytest.raises(UsageError):
            shared.access.roles.create(ann, wrong, actions=["model.*"])
    with pytest.raises(UsageError):
        shared.access.roles.create(ann, "x", actions=["model.*"], description="\x00")


def test_a_pattern_of_stars_is_no_work(shared: World) -> None:
    """Anybody may make a token; tried one by one, so many stars would take longer than the test's time-out."""
    with pytest.raises(UsageError):
        shared.tokens.create(shared.actor("sam"), "stars", actions=["*" * 60 + "!"])
    assert shared.tokens.create(shared.actor("sam"), "stars", actions=["**.**"])


def test_who_may_not_give_roles_is_not_told_who_exists(shared: World) -> None:
    eve = shared.actor("eve")
    for name in ("sam", "nobody", "group:nothing"):
        with pytest.raises(ForbiddenError):
            shared.access.grant(eve, name, "Reader", "collection:risk")
        assert shared.access.assignments(eve, who=name).total == 0
    with pytest.raises(NotFoundError):
        shared.access.assignments(SYSTEM, who="nobody")


def test_tokens_are_good_for_a_scope_that_is_seen(shared: World) -> None:
    eve = shared.actor("eve")
    made = shared.tokens.create(eve, "models", actions=["model.*"], scope="source:lab", days=7)
    (shown,) = [token for token in shared.tokens.list(eve) if token.info.id == made.info.id]
    assert shown.scope is not None
    assert shown.scope.path == "/…/collection/risk/workspace/lab"
    with pytest.raises(NotFoundError):
        shared.tokens.create(eve, "more", scope="dataflow:sales")
    for days in (0, -(10**12), 367, 10**12):
        with pytest.raises(UsageError):
            shared.tokens.create(eve, "long", days=days)


def test_a_question_is_about_one_action_and_a_user(shared: World) -> None:
    for action in ("model.*", "model.fly", ""):
        with pytest.raises(UsageError):
            shared.access.check(SYSTEM, action, "server", "sam")
    with pytest.raises(NotFoundError):
        shared.access.check(SYSTEM, "model.read", "server", "group:nothing")
    group = shared.groups.get(SYSTEM, shared.new_group())
    with pytest.raises(NotFoundError):
        shared.access.explain(SYSTEM, "model.read", "server", f"group:{group.display_name}")


def test_why_somebody_may(shared: World) -> None:
    user = shared.new_user()
    inner = shared.new_group(user.name)
    outer = shared.groups.get(SYSTEM, shared.new_group(inner, role="Reader", scope="collection:risk"))
    middle = shared.groups.get(SYSTEM, inner)
    assert shared.access.explain(SYSTEM, "model.invoke", "model:lab/churn", user.name).sentences == (
        f"Yes: {user.name} may do model.invoke at {PATHS['model:lab/churn']}.",
        f"The group '{outer.display_name}' was given the role 'Reader' at {PATHS['collection:risk']}, and {user.name} "
        f"is in it, by way of the group '{middle.display_name}'.",
    )


def test_why_she_may_not(world: World) -> None:
    sentences = world.access.explain(SYSTEM, "dataflow.refresh", "source:lab", "eve").sentences
    assert sentences == (
        f"No: eve may not do dataflow.refresh at {PATHS['source:lab']}.",
        "eve has other roles there, none of which has dataflow.refresh: Reader.",
        "Any of these roles would do, the narrowest first: Dataflow refresher, Dataflow editor, Dataflow owner, "
        "Contributor, Owner.",
        "Who may give roles there: ann, built-in-administrator, rob.",
    )
    nothing = world.access.explain(SYSTEM, "model.read", "source:lab", "sam").sentences
    assert nothing[1] == "No role that sam was given reaches it."
    world.people.disable(SYSTEM, world.users["eve"].id)
    disabled = world.access.explain(SYSTEM, "model.read", "source:lab", "eve").sentences
    assert disabled[1] == "eve is disabled, and may do nothing until somebody enables them."


def test_what_an_answer_leaves_out() -> None:
    cut = Grant("Reader", None, (None,), cut_at="")
    found = Explanation(False, True, False, (), (cut, Grant("Owner", "/", (), cut_at="/x")), (), (), ())
    assert Answer("eve", Action.MODEL_READ, "/x/y", found).sentences[1:] == (
        "A group was given the role 'Reader' above, where you may not see, and eve is in it, but inheritance is cut "
        "somewhere between.",
        "eve was given the role 'Owner' at /, but inheritance is cut at /x.",
    )


def test_a_token_that_leaves_it_out_is_told(shared: World) -> None:
    narrow = shared.everybody()["narrow"]
    assert narrow.via is Via.TOKEN
    assert not shared.access.check(narrow, "dataflow.read", "dataflow:sales")
    said = shared.access.explain(narrow, "dataflow.read", "dataflow:sales").sentences
    assert said[1] == "But the token that asks is good for less: it leaves this out."
