"""Registering sources: what a name and an address may be, where they lie, what changing and removing leaves."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, insert, select
from tests.access.roles.support import give
from tests.conftest import SeededMLflow
from tests.workspaces.stored.support import (
    PUBLIC,
    events,
    last_event,
    new_collection,
    outcome,
    scope_of,
    somebody,
)

from headwater.access import SYSTEM, Action, ScopeKind, add_scope, get_scope, may, server_scope
from headwater.errors import (
    ConflictError,
    ForbiddenError,
    HeadwaterError,
    NotFoundError,
    OriginDeniedError,
    UnreachableError,
    UsageError,
)
from headwater.secret import Secret
from headwater.store import Database, tables, utc_now
from headwater.store.changes import next_change
from headwater.workspaces import Source, SourceService, list_kinds, load_connector

URL = "http://127.0.0.1:5000"
SUBSCRIPTION = "6b9f1c1e-2f6d-4c0e-9d57-3f1f2b6a7c11"


def test_a_source_is_what_was_registered(database: Database, sources: SourceService) -> None:
    with database.begin() as connection:
        place = new_collection(connection, "ml")
    added = sources.add(SYSTEM, "demo", "Demo workspace", "mlflow", URL + "/", "ml", credential_mode="personal")
    assert (added.name, added.display_name, added.kind, added.url, added.collection, added.credential_mode) == (
        "demo",
        "Demo workspace",
        "mlflow",
        URL,
        "ml",
        "personal",
    )
    with database.read() as connection:
        scope = get_scope(connection, added.scope_id)
    assert (scope.kind, scope.name, scope.parent_id) == (ScopeKind.WORKSPACE, "demo", place)
    other = sources.add(SYSTEM, "another", "", "mlflow", URL)
    assert (other.display_name, other.collection, other.credential_mode) == ("another", "root", "service")
    assert sources.list(SYSTEM).sources == [other, added]
    assert sources.get(SYSTEM, "demo") == added


def test_a_listing_comes_in_pages(sources: SourceService) -> None:
    for name in "cab":
        sources.add(SYSTEM, name, "", "mlflow", URL)
    first = sources.list(SYSTEM, limit=2)
    second = sources.list(SYSTEM, limit=2, after=first.after)
    assert [[source.name for source in page.sources] for page in (first, second)] == [["a", "b"], ["c"]]
    assert second.after is None and sources.count(SYSTEM) == 3


NO_NAMES = ["", "1st", "a b", "a.b", "a-b", "ä", "a\n", "a" * 256]
REFUSED: list[tuple[str, str, dict[str, object], type[HeadwaterError]]] = [
    ("nonsense", URL, {}, UsageError),
    ("mlflow", "not a url", {}, UsageError),
    ("mlflow", "http://ann:hunter2@127.0.0.1:5000", {}, UsageError),
    ("mlflow", f"{PUBLIC}/?api_key=hunter2", {}, UsageError),
    ("mlflow", f"{PUBLIC}/#hunter2", {}, UsageError),
    ("openapi", f"{PUBLIC}/openapi.json#token=hunter2", {}, UsageError),
    ("mlflow", f"{PUBLIC}/\nhunter2", {}, UsageError),
    ("mlflow", "http://ml.example.com", {}, OriginDeniedError),
    ("mlflow", URL, {"collection": "nowhere"}, NotFoundError),
    ("mlflow", URL, {"private_networks": ["10.0.0.0/99"]}, UsageError),
    ("mlflow", URL, {"credential_mode": "nobody's"}, UsageError),
    ("mlflow", URL, {"settings": {"token": "hunter2"}}, UsageError),
    ("mlflow", URL, {"settings": {"subscription": "hunter2"}}, UsageError),
]


def test_what_cannot_be_registered(sources: SourceService) -> None:
    for name in NO_NAMES:
        with pytest.raises(UsageError):
            sources.add(SYSTEM, name, "", "mlflow", URL)
    for kind, url, more, error in REFUSED:
        with pytest.raises(error) as caught:
            sources.add(SYSTEM, "demo", "", kind, url, **more)  # type: ignore[arg-type]  # wrong on purpose
        assert "hunter2" not in str(caught.value.to_dict())
    assert sources.count(SYSTEM) == 0


def test_an_operation_of_a_service_can_be_registered(sources: SourceService) -> None:
    address = f"{PUBLIC}/openapi.json#/score"
    assert sources.add(SYSTEM, "fraud", "", "openapi", address).url == address


NOT_PUBLIC: list[tuple[str, list[str]]] = [
    (URL, []),
    ("https://127.0.0.1:5000", []),
    ("https://localhost", []),
    ("https://app.localhost", []),
    ("https://intranet", []),
    ("https://ml.internal", []),
    ("https://10.1.2.3", []),
    ("https://[::ffff:10.1.2.3]", []),
    ("https://169.254.169.254", []),
    ("https://127.1", []),
    ("https://0x7f.0.0.1", []),
    ("http://10.1.2.3", ["10.0.0.0/8"]),
    (PUBLIC, ["10.0.0.0/8"]),
]


def test_what_is_not_public_needs_an_administrator(database: Database, sources: SourceService) -> None:
    with database.read() as connection:
        server = server_scope(connection)
    registrar = somebody(database, "ann", "Contributor")
    administrator = somebody(database, "bob", "Owner", server)
    sources.add(registrar, "demo", "", "mlflow", PUBLIC)
    for number, (url, networks) in enumerate(NOT_PUBLIC):
        with pytest.raises(ForbiddenError):
            sources.add(registrar, "new", "", "mlflow", url, private_networks=networks)
        with pytest.raises(ForbiddenError):
            sources.change(registrar, "demo", url=url, private_networks=networks)
        added = sources.add(administrator, f"s{number}", "", "mlflow", url, private_networks=networks)
        assert (added.url, list(added.private_networks)) == (url, networks)
    assert sources.get(SYSTEM, "demo").url == PUBLIC


def test_networks_were_allowed_for_one_origin(database: Database, sources: SourceService) -> None:
    registrar = somebody(database, "ann", "Contributor")
    sources.add(SYSTEM, "demo", "", "mlflow", "https://10.1.2.3", private_networks=["10.0.0.0/8"])
    assert sources.change(SYSTEM, "demo", url="https://10.1.2.3/mlflow").private_networks == ("10.0.0.0/8",)
    assert sources.change(registrar, "demo", url=PUBLIC).private_networks == ()


def test_a_name_is_taken_once_and_free_again(database: Database, sources: SourceService) -> None:
    with database.begin() as connection:
        new_collection(connection, "ml")
    sources.add(SYSTEM, "demo", "", "mlflow", URL)
    with pytest.raises(ConflictError):
        sources.add(SYSTEM, "demo", "", "mlflow", "http://127.0.0.1:5001", "ml")
    sources.remove(SYSTEM, "demo")
    for gone in (sources.get, sources.remove, sources.test):
        with pytest.raises(NotFoundError):
            gone(SYSTEM, "demo")
    sources.add(SYSTEM, "demo", "", "mlflow", URL)


def test_of_two_that_take_a_name_at_once_one_gets_it(database: Database, sources: SourceService) -> None:
    with database.begin() as connection:
        for name in "abcd":
            new_collection(connection, name)
    ready = Barrier(4)

    def take(collection: str) -> Source | ConflictError:
        ready.wait(20)
        try:
            return sources.add(SYSTEM, "demo", "", "mlflow", URL, collection)
        except ConflictError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(take, "abcd"))
    assert sorted(type(each).__name__ for each in taken) == ["ConflictError"] * 3 + ["Source"]
    assert sources.count(SYSTEM) == 1


def test_moving_a_source_moves_who_may_see_it(database: Database, sources: SourceService) -> None:
    with database.begin() as connection:
        new_collection(connection, "ml")
        away = new_collection(connection, "away")
    source = sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC, "ml")
    reader = somebody(database, "ann", "Reader", away)
    mover = somebody(database, "bob", "Data source administrator", source.scope_id)
    assert outcome(lambda: sources.get(reader, "demo")) == "404"
    assert outcome(lambda: sources.change(mover, "demo", collection="away")) == "404"
    moved = sources.change(SYSTEM, "demo", collection="away")
    assert (moved.collection, moved.scope_id) == ("away", source.scope_id)
    assert sources.get(reader, "demo") == moved


def test_assets_move_along_unless_somebody_moved_them(database: Database, sources: SourceService) -> None:
    with database.begin() as connection:
        for name in ("ml", "away", "elsewhere"):
            new_collection(connection, name)
    source = sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC, "ml")
    add_asset(database, "a", source.id, source.scope_id, "ml")
    add_asset(database, "b", source.id, source.scope_id, "elsewhere")
    sources.change(SYSTEM, "demo", collection="away")
    columns = tables.assets.c
    with database.read() as connection:
        rows = connection.execute(
            select(columns.guid, tables.collections.c.name).join(tables.collections).order_by(columns.guid)
        ).all()
    assert [tuple(row) for row in rows] == [("a", "away"), ("b", "elsewhere")]


def add_asset(database: Database, guid: str, source_id: int | None, scope_id: int, collection: str) -> None:
    columns = tables.collections.c
    now = utc_now()
    with database.begin() as connection:
        place = connection.execute(select(columns.id).where(columns.name == collection)).scalar_one()
        connection.execute(
            insert(tables.assets).values(
                guid=guid,
                type_name="ml_model",
                qualified_name=guid,
                display_name=guid,
                collection_id=place,
                source_id=source_id,
                scope_id=scope_id,
                created_at=now,
                created_by="somebody",
                updated_at=now,
                updated_by="somebody",
                last_seen_at=now,
                change=next_change(connection),
            )
        )


def test_removing_a_source_keeps_its_assets_as_deleted_and_nothing_else(
    database: Database, sources: SourceService
) -> None:
    with database.begin() as connection:
        home, other = new_collection(connection, "ml"), new_collection(connection, "other")
    source = sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC, "ml", credential_mode="personal")
    with database.begin() as connection:
        model = add_scope(connection, ScopeKind.MODEL, "m", source.scope_id).id
    reader = somebody(database, "ann", "Reader", model)
    sources.link_credential(reader, "demo", "token", secret=Secret("mine"))
    sources.set_credential(SYSTEM, "demo", "token", secret=Secret("the service's"))
    add_asset(database, "a", source.id, source.scope_id, "ml")
    add_asset(database, "b", source.id, model, "other")
    add_asset(database, "c", None, model, "ml")
    add_asset(database, "d", None, other, "other")
    before = last_event(database)
    sources.remove(SYSTEM, "demo")
    columns = tables.assets.c
    with database.read() as connection:
        rows = connection.execute(
            select(columns.guid, columns.status, columns.source_id, columns.scope_id).order_by(columns.guid)
        ).all()
        for table in (tables.secrets, tables.source_credentials):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
        gone = {source.scope_id, model}
        assert not gone & set(connection.scalars(select(tables.scopes.c.id)))
        assert not gone & set(connection.scalars(select(tables.role_assignments.c.scope_id)))
    assert [tuple(row) for row in rows] == [
        ("a", "deleted", None, home),
        ("b", "deleted", None, other),
        ("c", "active", None, home),
        ("d", "active", None, other),
    ]
    recorded = [event.event for event in events(database, since=before)]
    assert sorted(recorded) == ["credential.removed"] * 2 + ["secret.removed"] * 2 + ["source.removed"]


def test_a_subscription_is_the_second_parent(database: Database, sources: SourceService) -> None:
    with database.begin() as connection:
        new_collection(connection, "ml")
        new_collection(connection, "away")
    settings = {"subscription": SUBSCRIPTION.upper()}
    one = sources.add(SYSTEM, "one", "", "mlflow", PUBLIC, "ml", settings=settings)
    two = sources.add(SYSTEM, "two", "", "mlflow", PUBLIC, "ml", settings=settings)
    assert one.settings == {"subscription": SUBSCRIPTION}
    with database.read() as connection:
        subscription = get_scope(connection, one.scope_id).subscription_id
        assert subscription is not None and get_scope(connection, two.scope_id).subscription_id == subscription
        assert get_scope(connection, subscription).kind is ScopeKind.SUBSCRIPTION
    reader = somebody(database, "ann", "Reader", subscription)
    assert [source.name for source in sources.list(reader).sources] == ["one", "two"]
    sources.change(SYSTEM, "two", collection="away")
    assert [source.name for source in sources.list(reader).sources] == ["one"]
    with database.read() as connection:
        apart = get_scope(connection, two.scope_id).subscription_id
        assert apart not in {None, subscription}
    sources.remove(SYSTEM, "one")
    with database.read() as connection:
        left = connection.scalars(select(tables.scopes.c.id).where(tables.scopes.c.kind == "subscription")).all()
    assert left == [apart]


@pytest.mark.xdist_group("mlflow")
def test_testing_a_source_calls_it(sources: SourceService, mlflow_server: SeededMLflow) -> None:
    sources.add(SYSTEM, "alive", "", "mlflow", mlflow_server.url)
    assert sources.test(SYSTEM, "alive").url == mlflow_server.url
    with sources.connect(SYSTEM, "alive") as connector:
        assert {model.name for model in connector.list_models()}
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        sources.add(SYSTEM, "dead", "", "mlflow", f"http://127.0.0.1:{held.getsockname()[1]}")
        with pytest.raises(UnreachableError):
            sources.test(SYSTEM, "dead")


def test_what_was_done_is_on_record(database: Database, sources: SourceService) -> None:
    with database.begin() as connection:
        new_collection(connection, "ml")
        place = scope_of(connection, "ml")
    ann = somebody(database, "ann", "Contributor", place)
    before = last_event(database)
    source = sources.add(ann, "demo", "", "mlflow", PUBLIC + "/team", "ml")
    sources.change(ann, "demo", display_name="Demo")
    with pytest.raises(HeadwaterError):
        sources.add(ann, "demo", "", "mlflow", PUBLIC, "ml")
    sources.remove(ann, "demo")
    recorded = [(event.event, event.target, event.scope_id, event.actor_id, dict(event.details))
                for event in events(database, since=before)]  # fmt: skip
    details = {"kind": "mlflow", "origin": PUBLIC}
    assert recorded == [
        (event, "source:demo", source.scope_id, ann.user_id, details)
        for event in ("source.added", "source.changed", "source.removed")
    ]


def test_trust_is_given_and_taken_on_record(database: Database, sources: SourceService) -> None:
    assert not sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC + "/team").trusted
    before = last_event(database)
    assert sources.trust(SYSTEM, "demo", True).trusted
    assert sources.change(SYSTEM, "demo", display_name="Demo").trusted, "what is not given stays"
    assert sources.get(SYSTEM, "demo").trusted and sources.list(SYSTEM).sources[0].trusted
    assert not sources.trust(SYSTEM, "demo", False).trusted
    assert sources.add(SYSTEM, "other", "", "mlflow", PUBLIC, trusted=True).trusted
    recorded = [(event.target, event.details["trusted"])
                for event in events(database, since=before) if event.event == "source.trusted"]  # fmt: skip
    assert recorded == [("source:demo", True), ("source:demo", False), ("source:other", True)]


@pytest.mark.parametrize("url", [PUBLIC + "/other", "https://elsewhere.example.com/team"])
def test_what_is_trusted_is_an_address(database: Database, sources: SourceService, url: str) -> None:
    """Else whoever may change a source could have code of their own run."""
    sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC + "/team", trusted=True)
    assert sources.change(SYSTEM, "demo", url=PUBLIC + "/team").trusted
    before = last_event(database)
    assert not sources.change(SYSTEM, "demo", url=url).trusted
    assert [event.event for event in events(database, since=before)] == ["source.changed", "source.trusted"]


def test_roles_given_at_a_source_do_not_outlive_it(database: Database, sources: SourceService) -> None:
    source = sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC)
    ann = somebody(database, "ann")
    with database.begin() as connection:
        give(connection, ann, "Reader", source.scope_id)
    sources.remove(SYSTEM, "demo")
    again = sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC)
    with database.read() as connection:
        assert not may(connection, ann, Action.SOURCE_READ, again.scope_id)


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        load_connector("nonsense", URL)
    assert all(kind in caught.value.hint for kind in list_kinds())
    assert "mlflow" in list_kinds()
