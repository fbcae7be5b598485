"""Connections: where they may lead, who may do what with one, whose is used, and what becomes of its credential."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.access.roles.support import give
from tests.workspaces.stored.support import (
    events,
    last_event,
    new_collection,
    outcome,
    scope_of,
    somebody,
)

from headwater.access import SYSTEM, Actor, ScopeKind, add_scope, get_scope, list_assignments, revoke, server_scope
from headwater.access.people import disable_user
from headwater.errors import ConflictError, ForbiddenError, HeadwaterError, NotFoundError, SecretError, UsageError
from headwater.secret import Secret
from headwater.store import Database, tables, utc_now
from headwater.workspaces import ConnectionService, StoredConnection
from headwater.workspaces.addresses import connection_destination

WEB = "https://api.example.com/v2"

Act = Callable[[ConnectionService, Actor, StoredConnection], object]

ACTS: dict[str, Act] = {
    "get": lambda connections, actor, one: connections.get(actor, one.name),
    "resolve": lambda connections, actor, one: connections.resolve(actor, one.id, purpose="test"),
    "change": lambda connections, actor, one: connections.change(actor, one.name, privacy="Private"),
    "set": lambda connections, actor, one: connections.set_credential(actor, one.name, "key", secret=Secret("k")),
    "describe": lambda connections, actor, one: connections.describe_credential(actor, one.name),
    "refer": lambda connections, actor, one: connections.set_credential(
        actor, one.name, "key", reference="env:ALLOWED"
    ),
    "remove": lambda connections, actor, one: connections.remove(actor, one.name),
    "add": lambda connections, actor, one: connections.add(actor, "new", "Web", WEB, collection="ml"),
    "add by reference": lambda connections, actor, one: connections.add(
        actor, "newer", "Web", WEB, credential="key", reference="env:ALLOWED", collection="ml"
    ),
}
#: An address of one's own and any reference that is allowed would be somebody else's secret sent there.
REFERRING = {"refer", "add by reference"}
MANAGING = {"change", "set", "describe", "remove"}

#: Of each role: what is answered, and what is forbidden; anything else is unknown.
EXPECTED: dict[str, tuple[set[str], set[str]]] = {
    "nothing": (set(), set()),
    "Owner of the server": (set(ACTS), set()),
    "Owner": (set(ACTS) - REFERRING, REFERRING),
    "Contributor": (set(ACTS) - REFERRING, REFERRING),
    "Reader": ({"get"}, {"resolve", "add"} | MANAGING | REFERRING),
    # Who has nothing but these does not see the collection.
    "Connection user": ({"get", "resolve"}, MANAGING | {"refer"}),
    "Connection manager": ({"get", "resolve"} | MANAGING, {"refer"}),
    "Data reader": (set(), {"add", "add by reference"}),
    "disabled Owner": (set(), set()),
    "token for use": ({"resolve"}, set()),
    "token elsewhere": (set(), set()),
}


def holder(database: Database, role: str) -> Actor:
    with database.begin() as connection:
        here, elsewhere = scope_of(connection, "ml"), scope_of(connection, "elsewhere")
        server = server_scope(connection)
    if role == "Owner of the server":
        return somebody(database, "root", "Owner", server)
    if role == "nothing":
        return somebody(database, "ann", "Owner", elsewhere)
    if role not in {"disabled Owner", "token for use", "token elsewhere"}:
        return somebody(database, "ann", role, here)
    made = somebody(database, "ann", "Owner", here)
    if role == "token for use":
        return Actor(made.user_id, made.name, made.via, actions=frozenset({"connection.use"}))
    if role == "token elsewhere":
        return Actor(made.user_id, made.name, made.via, scope_id=elsewhere)
    with database.begin() as connection:
        disable_user(connection, made.user_id or "", by=SYSTEM, now=utc_now())
    return made


@pytest.mark.parametrize("role", EXPECTED)
def test_rights(database: Database, connections: ConnectionService, role: str) -> None:
    with database.begin() as connection:
        new_collection(connection, "ml")
        new_collection(connection, "elsewhere")
    kept = {
        act: connections.add(SYSTEM, act, "Web", f"{WEB}/{act}", credential="key", secret=Secret("k"), collection="ml")
        for act in ACTS
    }
    actor = holder(database, role)
    done, forbidden = EXPECTED[role]
    listed = {one.name for one in connections.list(actor).connections}
    assert listed == (set(ACTS) if "get" in done else set())
    assert connections.count(actor) == len(listed)
    usable = {one.name for one in connections.usable(actor)}
    assert usable == (set(ACTS) if "resolve" in done else set())
    answers = {name: outcome(lambda name=name: ACTS[name](connections, actor, kept[name])) for name in ACTS}  # type: ignore[misc]  # mypy knows no defaults of lambdas
    assert answers == {name: "ok" if name in done else "403" if name in forbidden else "404" for name in ACTS}


def test_who_makes_a_connection_manages_it(database: Database, connections: ConnectionService) -> None:
    with database.begin() as connection:
        place = new_collection(connection, "ml")
    ann = somebody(database, "ann", "Contributor", place)
    before = last_event(database)
    added = connections.add(
        ann, "Sales", "Web", "HTTPS://API.example.com/v2/", collection="ml", privacy="Organizational",
        credential="username_password", fields={"username": "reader"}, secret=Secret("hunter2"),
    )  # fmt: skip
    assert (added.path, added.privacy, added.collection, added.credential_kind) == (
        WEB,
        "Organizational",
        "ml",
        "username_password",
    )
    with database.begin() as connection:
        scope = get_scope(connection, added.scope_id)
        assert (scope.kind, scope.name, scope.parent_id) == (ScopeKind.CONNECTION, "Sales", place)
        given = list_assignments(connection, SYSTEM, scope_id=added.scope_id).assignments
        assert [(each.principal_id, each.role) for each in given] == [(ann.user_id, "Connection manager")]
        revoke(connection, SYSTEM, ann.user_id or "", "Contributor", place)
    assert connections.resolve(ann, added.id, purpose="refresh").secret == Secret("hunter2")
    connections.remove(ann, "Sales")
    recorded = [(event.event, event.target, dict(event.details)) for event in events(database, since=before)
                if not event.event.startswith("secret.")]  # fmt: skip
    details, target = {"kind": "Web", "origin": "https://api.example.com"}, "connection:Sales"
    assert recorded == [
        ("connection.added", target, details),
        ("role.granted", f"scope:{added.scope_id}", {"principal_id": ann.user_id, "role": "Connection manager"}),
        ("connection.used", target, details),
        ("connection.removed", target, details),
    ]
    uses = [dict(event.details) for event in events(database, since=before) if event.event == "secret.used"]
    assert uses == [{"purpose": "refresh"}]
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.secrets)) == 0
        given_at = select(tables.role_assignments.c.scope_id)
        assert added.scope_id not in set(connection.scalars(given_at))


def test_a_right_to_use_that_is_revoked_holds_no_longer(database: Database, connections: ConnectionService) -> None:
    added = connections.add(SYSTEM, "Sales", "Web", WEB)
    ann = somebody(database, "ann", "Connection user", added.scope_id)
    assert connections.resolve(ann, added.id, purpose="test").secret is None
    with database.begin() as connection:
        revoke(connection, SYSTEM, ann.user_id or "", "Connection user", added.scope_id)
    with pytest.raises(NotFoundError):
        connections.resolve(ann, added.id, purpose="test")
    assert connections.usable(ann) == []


@pytest.mark.parametrize(
    ("kind", "path", "public"),
    [
        ("Web", WEB, True),
        ("OData", "https://api.example.com", True),
        ("Web", "http://localhost:8000", False),
        ("Web", "https://127.0.0.1", False),
        ("Web", "http://api.example.com", False),
        ("Web", "https://[::1]/", False),
        ("Web", "https://intranet/api", False),
        ("PostgreSQL", "db.example.com;sales", True),
        ("PostgreSQL", "db.example.com:5433;sales", True),
        ("Sql", r"db.example.com\instance;sales", True),
        ("Sql", "8.8.8.8,1433", True),
        ("PostgreSQL", "db.example.com;host=localhost dbname=sales", False),
        ("PostgreSQL", "db.example.com;postgresql://localhost/sales", False),
        ("PostgreSQL", "localhost;sales", False),
        ("PostgreSQL", "LOCALHOST.", False),
        ("PostgreSQL", "10.0.0.5;sales", False),
        ("PostgreSQL", "/var/run/postgresql;sales", False),
        ("MySql", "db;sales", False),
        ("Sql", "tcp:db.example.com", False),
        ("File", "/data/a.csv", False),
        ("Folder", "/data", False),
        ("Odbc", "dsn=sales", False),
        ("Anything", "db.example.com", False),
    ],
)
def test_where_anybody_may_have_a_connection_lead(kind: str, path: str, public: bool) -> None:
    assert connection_destination(kind, path).public is public


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Web", ""),
        ("Web", "/data"),
        ("Web", "ftp://example.com"),
        ("Web", "https://ann:hunter2@example.com"),
        ("Web", "https://example.com/?code=hunter2"),
        ("Web", "https://example.com/?"),
        ("Web", "https://example.com/#hunter2"),
        ("Web", "https://example.com/a/%2e%2e/b"),
        ("Web", "https://example.com/a\nhunter2"),
        ("Odbc", "dsn=sales;pwd=hunter2"),
        ("PostgreSQL", "a;b;c"),
        ("PostgreSQL", ";b"),
        ("We b", "https://example.com"),
        ("Folder", "/" + "a" * 2_000),
    ],
)
def test_what_is_no_path(kind: str, path: str) -> None:
    with pytest.raises(UsageError) as caught:
        connection_destination(kind, path)
    assert "hunter2" not in str(caught.value.to_dict())


def test_what_is_not_public_needs_an_administrator(database: Database, connections: ConnectionService) -> None:
    with database.begin() as connection:
        server = server_scope(connection)
    ann, administrator = somebody(database, "ann", "Contributor"), somebody(database, "bob", "Owner", server)
    connections.add(ann, "mine", "Web", WEB)
    cases: list[tuple[str, str, list[str]]] = [
        ("Folder", "/data", []),
        ("Web", "http://127.0.0.1:8000", []),
        ("Web", WEB, ["10.0.0.0/8"]),
        ("PostgreSQL", "localhost;sales", []),
    ]
    for number, (kind, path, networks) in enumerate(cases):
        with pytest.raises(ForbiddenError):
            connections.add(ann, "new", kind, path, private_networks=networks)
        if kind == "Web":
            with pytest.raises(ForbiddenError):
                connections.change(ann, "mine", path=path, private_networks=networks)
        added = connections.add(administrator, f"c{number}", kind, path, private_networks=networks)
        assert (added.path, list(added.private_networks)) == (path, networks)
    with pytest.raises(UsageError):
        connections.add(administrator, "new", "Folder", "/data", private_networks=["10.0.0.0/8"])
    assert connections.get(ann, "mine").path == WEB


REFUSED: list[dict[str, Any]] = [
    {"name": ""},
    {"name": " Sales"},
    {"name": "a" * 256},
    {"name": "two\nlines"},
    {"privacy": "Secret"},
    {"credential": "basic", "secret": Secret("hunter2")},
    {"credential": "username_password", "secret": Secret("hunter2")},
    {"credential": "username_password", "fields": {"username": ""}, "secret": Secret("hunter2")},
    {"credential": "key", "fields": {"username": "ann"}, "secret": Secret("hunter2")},
    {"credential": "key"},
    {"credential": "anonymous", "secret": Secret("hunter2")},
    {"credential": "key", "secret": Secret("hunter2"), "reference": "env:ALLOWED"},
    {"credential": "key", "reference": "stored:6b9f1c1e-2f6d-4c0e-9d57-3f1f2b6a7c11"},
    {"private_networks": ["nonsense"]},
]


def test_what_is_refused(connections: ConnectionService) -> None:
    for wrong in REFUSED:
        with pytest.raises(UsageError) as caught:
            connections.add(SYSTEM, **{"name": "Sales", "kind": "Web", "path": WEB} | wrong)
        assert "hunter2" not in str(caught.value.to_dict())
    with pytest.raises(NotFoundError):
        connections.add(SYSTEM, "Sales", "Web", WEB, collection="nowhere")
    with pytest.raises(SecretError) as denied:
        connections.add(SYSTEM, "Sales", "Web", WEB, credential="key", reference="env:OTHER")
    assert denied.value.code == "secret.denied"
    assert connections.count(SYSTEM) == 0


def test_a_reference_is_looked_up_when_it_is_used(connections: ConnectionService) -> None:
    added = connections.add(SYSTEM, "Sales", "Web", WEB, credential="oauth2", reference="env:ALLOWED")
    assert connections.resolve(SYSTEM, added.id, purpose="test").secret == Secret("from the environment")
    shown = connections.describe_credential(SYSTEM, "Sales")
    assert (shown.kind, shown.has_secret, shown.reference) == ("oauth2", True, "env:ALLOWED")


def test_of_two_that_take_a_name_at_once_one_gets_it(database: Database, connections: ConnectionService) -> None:
    with database.begin() as connection:
        places = {name: new_collection(connection, name) for name in "abcd"}
    people = {name: somebody(database, name, "Contributor", scope) for name, scope in places.items()}
    ready = Barrier(4)

    def take(collection: str) -> StoredConnection | ConflictError:
        ready.wait(20)
        try:
            return connections.add(people[collection], "Sales", "Web", WEB, collection=collection)
        except ConflictError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(take, "abcd"))
    assert sorted(type(each).__name__ for each in taken) == ["ConflictError"] * 3 + ["StoredConnection"]
    assert connections.count(SYSTEM) == 1


def stored(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(tables.secrets)).scalar_one()


def test_a_credential_does_not_follow_to_another_origin(database: Database, connections: ConnectionService) -> None:
    added = connections.add(
        SYSTEM, "Sales", "Web", WEB, credential="key", secret=Secret("hunter2"), private_networks=["10.0.0.0/8"]
    )
    kept = connections.change(SYSTEM, "Sales", path="https://api.example.com/v3", privacy="Private")
    assert (kept.path, kept.privacy, kept.credential_kind) == ("https://api.example.com/v3", "Private", "key")
    assert connections.resolve(SYSTEM, added.id, purpose="test").secret == Secret("hunter2")
    gone = connections.change(SYSTEM, "Sales", path="https://elsewhere.example.com/v3")
    assert (gone.credential_kind, gone.private_networks, gone.privacy) == ("anonymous", (), "Private")
    assert connections.resolve(SYSTEM, added.id, purpose="test").secret is None
    assert stored(database) == 0
    connections.add(
        SYSTEM, "DB", "PostgreSQL", "db.example.com;sales", credential="username_password",
        fields={"username": "ann"}, secret=Secret("hunter2"),
    )  # fmt: skip
    assert connections.change(SYSTEM, "DB", path="DB.example.com;stock").credential_kind == "username_password"
    assert connections.change(SYSTEM, "DB", path="db2.example.com;stock").credential_kind == "anonymous"


def test_a_credential_is_replaced_whole(database: Database, connections: ConnectionService) -> None:
    added = connections.add(SYSTEM, "Sales", "Web", WEB, credential="key", secret=Secret("hunter2"))
    connections.set_credential(SYSTEM, "Sales", "username_password", {"username": "ann"}, secret=Secret("another"))
    found = connections.resolve(SYSTEM, added.id, purpose="test")
    assert (found.credential_kind, found.fields, found.secret) == (
        "username_password",
        {"username": "ann"},
        Secret("another"),
    )
    with pytest.raises(UsageError):
        connections.set_credential(SYSTEM, "Sales", "username_password", {"username": "bob"})
    with pytest.raises(SecretError):
        connections.set_credential(SYSTEM, "Sales", "key", reference="env:OTHER")
    assert connections.resolve(SYSTEM, added.id, purpose="test").fields == {"username": "ann"}
    assert stored(database) == 1


def test_moving_a_connection_needs_a_place_to_put_it(database: Database, connections: ConnectionService) -> None:
    with database.begin() as connection:
        here, away = new_collection(connection, "ml"), new_collection(connection, "away")
    added = connections.add(SYSTEM, "Sales", "Web", WEB, collection="ml")
    manager = somebody(database, "ann", "Connection manager", here)
    reader = somebody(database, "bob", "Reader", away)
    assert outcome(lambda: connections.change(manager, "Sales", collection="away")) == "404"
    with database.begin() as connection:
        give(connection, manager, "Reader", away)
    assert outcome(lambda: connections.change(manager, "Sales", collection="away")) == "403"
    with database.begin() as connection:
        give(connection, manager, "Contributor", away)
    assert outcome(lambda: connections.get(reader, "Sales")) == "404"
    assert connections.change(manager, "Sales", collection="away").collection == "away"
    assert connections.get(reader, "Sales").scope_id == added.scope_id
    before = last_event(database)
    connections.change(SYSTEM, "Sales", collection="away")
    assert [event.event for event in events(database, since=before)] == ["connection.changed"]


def test_of_several_to_one_place_the_nearest_is_used_and_then_the_oldest(
    database: Database, connections: ConnectionService
) -> None:
    with database.begin() as connection:
        for name, parent in (("a", "root"), ("b", "a"), ("c", "root")):
            new_collection(connection, name, parent)
        flows = {
            name: add_scope(connection, ScopeKind.DATAFLOW, "flow", scope_of(connection, name)).id
            for name in ("root", "a", "b", "c")
        }
    ann = somebody(database, "ann", "Connection user")

    def used(near: int | None) -> list[str]:
        return [one.name for one in connections.usable(ann, near=near)]

    connections.add(SYSTEM, "old", "PostgreSQL", "db.example.com;sales", collection="c")
    for name, path in (("in root", "DB.example.com;sales"), ("in a", "db.example.com; Sales")):
        connections.add(SYSTEM, name, "PostgreSQL", path, collection=name.removeprefix("in "))
    assert used(None) == ["old"]
    assert {name: used(flow) for name, flow in flows.items()} == {
        "root": ["old"],
        "a": ["in a"],
        "b": ["in a"],
        "c": ["old"],
    }
    connections.add(SYSTEM, "new in a", "PostgreSQL", "db.example.com;sales", collection="a")
    assert used(flows["b"]) == ["in a"]
    # Another kind, another path, and letters of an address in another case are other places.
    connections.add(SYSTEM, "web", "Web", WEB)
    connections.add(SYSTEM, "feed", "OData", WEB)
    connections.add(SYSTEM, "web 2", "Web", WEB.upper())
    assert sorted(used(flows["b"])) == ["feed", "in a", "web", "web 2"]


def test_what_is_unreadable_answers_like_what_is_not_there(database: Database, connections: ConnectionService) -> None:
    connections.add(SYSTEM, "hidden", "Web", WEB)
    stranger = somebody(database, "stranger")
    told = []
    for name in ("hidden", "nosuch"):
        with pytest.raises(HeadwaterError) as caught:
            connections.get(stranger, name)
        told.append((type(caught.value), str(caught.value).replace(name, "?"), caught.value.code))
    assert told[0] == told[1]
