"""What each role comes to, and roles of one's own."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, delete, insert, select, update
from tests.access.roles.support import NOW, give, person

from headwater.access import (
    SYSTEM,
    Action,
    change_role,
    check,
    create_role,
    delete_role,
    get_role,
    install,
    list_roles,
    revoke,
    server_scope,
)
from headwater.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from headwater.store import tables

EXPECTED = {
    "Collection administrator": "collection.create collection.delete collection.edit collection.read roles.assign "
    "roles.read",
    "Data source administrator": "collection.read source.read source.register source.scan",
    "Data curator": "asset.annotate asset.create asset.delete asset.edit asset.move asset.read collection.read",
    "Data reader": "asset.read collection.read",
    "Data share contributor": "asset.share collection.read",
    "Reader": "asset.read collection.read connection.read dataflow.read model.invoke model.read roles.read "
    "server.read source.read table.read",
    "Dataflow reader": "table.read",
    "Dataflow refresher": "dataflow.read dataflow.refresh table.read",
    "Dataflow editor": "dataflow.edit dataflow.read dataflow.refresh table.read",
    "Dataflow owner": "dataflow.delete dataflow.edit dataflow.read dataflow.refresh roles.assign roles.read table.read",
    "Connection user": "connection.read connection.use",
    "Connection manager": "connection.manage connection.read connection.use roles.assign roles.read",
    "Owner": " ".join(sorted(Action)),
}
NOT_A_CONTRIBUTORS = {
    "roles.assign", "roles.define", "people.read", "people.manage", "audit.read", "audit.manage", "server.manage",
}  # fmt: skip


def actions_of(connection: Connection, role: str) -> set[str]:
    table = tables.role_actions
    return set(connection.scalars(select(table.c.action).where(table.c.role_id == get_role(connection, role).id)))


def test_the_built_in_roles(connection: Connection) -> None:
    expected = {name: set(listed.split()) for name, listed in EXPECTED.items()}
    expected["Contributor"] = {action.value for action in Action} - NOT_A_CONTRIBUTORS
    assert {role.name: actions_of(connection, role.name) for role in list_roles(connection)} == expected
    assert all(action.description.endswith(".") for action in Action)


def test_every_start_brings_roles_up_to_date(connection: Connection) -> None:
    """As after an update that knows more actions, and one that changed a built-in role."""
    create_role(connection, SYSTEM, "Mine", actions=["model.*"])
    connection.execute(delete(tables.role_actions))
    connection.execute(insert(tables.role_actions).values(role_id=get_role(connection, "Mine").id, action="gone.by"))
    connection.execute(update(tables.role_definitions).where(tables.role_definitions.c.built_in).values(actions=[]))
    install(connection, now=NOW)
    assert actions_of(connection, "Mine") == {"model.read", "model.invoke"}
    assert actions_of(connection, "Data reader") == {"asset.read", "collection.read"}


def test_a_role_of_ones_own_from_making_to_deleting(connection: Connection) -> None:
    made = create_role(
        connection, SYSTEM, "Scorer", actions=["model.*", "*.use"], not_actions=["model.read"], description="Scores."
    )
    assert (made.built_in, made.description) == (False, "Scores.")
    assert made.allows() == {Action.MODEL_INVOKE, Action.CONNECTION_USE}
    root, ann = server_scope(connection), person(connection, "ann")
    give(connection, ann, "scorer", root)
    assert not check(connection, "user ann", "model.read", root)
    changed = change_role(connection, SYSTEM, "Scorer", not_actions=[])
    assert (changed.actions, changed.description) == (("model.*", "*.use"), "Scores.")
    assert check(connection, "user ann", "model.read", root)
    with pytest.raises(ConflictError, match="assigned"):
        delete_role(connection, SYSTEM, "Scorer")
    revoke(connection, SYSTEM, "user ann", "Scorer", root)
    assert delete_role(connection, SYSTEM, "Scorer") == changed
    with pytest.raises(NotFoundError):
        get_role(connection, "Scorer")


def test_what_one_role_leaves_out_another_gives(connection: Connection) -> None:
    create_role(connection, SYSTEM, "No invoking", actions=["model.*"], not_actions=["model.invoke"])
    root, ann = server_scope(connection), person(connection, "ann")
    give(connection, ann, "No invoking", root)
    assert not check(connection, "user ann", "model.invoke", root)
    give(connection, ann, "Reader", root)
    assert check(connection, "user ann", "model.invoke", root)


def test_roles_that_make_no_sense_are_refused(connection: Connection) -> None:
    for actions, exceptions in ([["model.fly"], []], [["model.read"], ["model.*"]], [[], []], [["*"], ["nothing"]]):
        with pytest.raises(UsageError) as caught:
            create_role(connection, SYSTEM, "x", actions=actions, not_actions=exceptions)
        assert caught.value.code == "access.action"
    with pytest.raises(UsageError):
        create_role(connection, SYSTEM, " ", actions=["*"])
    assert create_role(connection, SYSTEM, "École", actions=["*"]) == get_role(connection, "éCOLE")
    for taken in ("OWNER", "ÉCOLE"):
        with pytest.raises(ConflictError):
            create_role(connection, SYSTEM, taken, actions=["*"])
    for attempt in (change_role, delete_role):
        with pytest.raises(ConflictError, match="built in"):
            attempt(connection, SYSTEM, "Reader")


def test_who_may_define_roles(connection: Connection) -> None:
    root = server_scope(connection)
    stranger, contributor, owner = (person(connection, name) for name in ("ann", "bob", "eve"))
    give(connection, contributor, "Contributor", root)
    give(connection, owner, "Owner", root)
    with pytest.raises(NotFoundError):
        create_role(connection, stranger, "x", actions=["*"])
    for attempt in (create_role, change_role):
        with pytest.raises(ForbiddenError):
            attempt(connection, contributor, "x", actions=["*"])
    assert create_role(connection, owner, "x", actions=["*"]).name == "x"
    with pytest.raises(ForbiddenError):
        delete_role(connection, contributor, "x")
