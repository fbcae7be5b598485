"""Who may do what with a source: every method for every role, each answered, unknown or forbidden."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.access.roles.support import give
from tests.workspaces.stored.support import PUBLIC, Probe, new_collection, outcome, scope_of, somebody

from headwater.access import SYSTEM, Actor, ScopeKind, add_scope, server_scope
from headwater.access.people import disable_user
from headwater.errors import HeadwaterError
from headwater.secret import Secret
from headwater.store import Database, utc_now
from headwater.workspaces import Source, SourceService

Act = Callable[[SourceService, Actor, Source], object]


def connected(sources: SourceService, actor: Actor, source: Source) -> None:
    with sources.connect(actor, source.name):
        pass


def linked(sources: SourceService, actor: Actor, source: Source) -> None:
    sources.link_credential(actor, source.name, "token", secret=Secret("mine"))


def unlinked(sources: SourceService, actor: Actor, source: Source) -> None:
    linked(sources, actor, source)
    sources.unlink_credential(actor, source.name)


def own_described(sources: SourceService, actor: Actor, source: Source) -> None:
    sources.describe_credential(actor, source.name, own=True)


def used(sources: SourceService, actor: Actor, source: Source) -> None:
    linked(sources, actor, source)
    assert sources.credential_for(actor, source, purpose="test") is not None


def referred(sources: SourceService, actor: Actor, source: Source) -> None:
    sources.set_credential(actor, source.name, "token", reference="env:ALLOWED")


def own_referred(sources: SourceService, actor: Actor, source: Source) -> None:
    sources.link_credential(actor, source.name, "token", reference="env:ALLOWED")


def in_service_mode(act: Act) -> Act:
    """For the acts that call the source: without a credential of one's own they would end there."""

    def acted(sources: SourceService, actor: Actor, source: Source) -> object:
        sources.change(SYSTEM, source.name, credential_mode="service")
        return act(sources, actor, source)

    return acted


ACTS: dict[str, Act] = {
    "get": lambda sources, actor, source: sources.get(actor, source.name),
    "test": in_service_mode(lambda sources, actor, source: sources.test(actor, source.name)),
    "connect": in_service_mode(connected),
    "change": lambda sources, actor, source: sources.change(actor, source.name, display_name="Another"),
    "remove": lambda sources, actor, source: sources.remove(actor, source.name),
    "set": lambda sources, actor, source: sources.set_credential(actor, source.name, "anonymous"),
    "clear": lambda sources, actor, source: sources.remove_credential(actor, source.name),
    "describe": lambda sources, actor, source: sources.describe_credential(actor, source.name),
    "link": linked,
    "unlink": unlinked,
    "own": own_described,
    "use": used,
    "refer": referred,
    "link_by_reference": own_referred,
    "add": lambda sources, actor, source: sources.add(actor, "new", "", "mlflow", PUBLIC, "ml"),
    "trust": lambda sources, actor, source: sources.trust(actor, source.name, True),
    "add_trusted": lambda sources, actor, source: sources.add(
        actor, "trusted", "", "mlflow", PUBLIC, "ml", trusted=True
    ),
}

READING = {"get", "test"}
REGISTERING = {"change", "remove", "set", "clear", "describe", "connect"}
OWN = {"link", "unlink", "own", "use"}
#: An address of one's own and any reference that is allowed would be somebody else's secret sent there.
REFERRING = {"refer", "link_by_reference"}
#: Code that runs on the machine has everything that the machine has.
TRUSTING = {"trust", "add_trusted"}

#: Of each role: what is answered, and what is forbidden; anything else is unknown.
EXPECTED: dict[str, tuple[set[str], set[str]]] = {
    "nothing": (set(), set()),
    "Owner of the server": (set(ACTS), set()),
    "Owner": (set(ACTS) - REFERRING - TRUSTING, REFERRING | TRUSTING),
    "Contributor": (set(ACTS) - REFERRING - TRUSTING, REFERRING | TRUSTING),
    "Data source administrator": (set(ACTS) - REFERRING - TRUSTING, REFERRING | TRUSTING),
    "Reader": (READING | OWN, REGISTERING | REFERRING | TRUSTING | {"add"}),
    # They may see the collection, and not what is registered there.
    "Data curator": (set(), {"add", "add_trusted"}),
    "Collection administrator": (set(), {"add", "add_trusted"}),
    # One model is enough to have to do with its source, and not to see it.
    "Reader of a model": (OWN, {"link_by_reference"}),
    "disabled Owner": (set(), set()),
    # Tokens for some actions, and for another scope.
    "token for models": (OWN, {"link_by_reference"}),
    "token elsewhere": (set(), set()),
}


def holder(database: Database, role: str, models: list[int]) -> Actor:
    with database.begin() as connection:
        here, elsewhere, server = (
            scope_of(connection, "ml"),
            scope_of(connection, "elsewhere"),
            server_scope(connection),
        )
    match role:
        case "Owner of the server":
            return somebody(database, "root", "Owner", server)
        case "nothing":
            return somebody(database, "stranger", "Owner", elsewhere)
        case "Reader of a model":
            made = somebody(database, "stranger")
            with database.begin() as connection:
                for scope in models:
                    give(connection, made, "Reader", scope)
            return made
        case "disabled Owner":
            made = somebody(database, "gone", "Owner", here)
            with database.begin() as connection:
                disable_user(connection, made.user_id or "", by=SYSTEM, now=utc_now())
            return made
        case "token for models":
            made = somebody(database, "narrow", "Owner", here)
            return Actor(made.user_id, made.name, made.via, actions=frozenset({"model.*"}))
        case "token elsewhere":
            made = somebody(database, "far", "Owner", here)
            return Actor(made.user_id, made.name, made.via, scope_id=elsewhere)
        case _:
            return somebody(database, "ann", role, here)


@pytest.mark.parametrize("role", EXPECTED)
def test_rights(database: Database, sources: SourceService, probed: Probe, role: str) -> None:
    with database.begin() as connection:
        new_collection(connection, "ml")
        new_collection(connection, "elsewhere")
    registered: dict[str, Source] = {}
    models: list[int] = []
    for act in ACTS:
        registered[act] = sources.add(SYSTEM, act, "", "mlflow", probed.url, "ml", credential_mode="personal")
        sources.set_credential(SYSTEM, act, "token", secret=Secret("the service's"))
        with database.begin() as connection:
            models.append(add_scope(connection, ScopeKind.MODEL, "m", registered[act].scope_id).id)
    actor = holder(database, role, models)
    done, forbidden = EXPECTED[role]
    listed = {source.name for source in sources.list(actor).sources}
    assert listed == (set(ACTS) if "get" in done else set())
    assert sources.count(actor) == len(listed)
    answers = {name: outcome(lambda name=name: ACTS[name](sources, actor, registered[name])) for name in ACTS}  # type: ignore[misc]  # mypy knows no defaults of lambdas
    assert answers == {name: "ok" if name in done else "403" if name in forbidden else "404" for name in ACTS}


def test_what_is_unreadable_answers_like_what_is_not_there(database: Database, sources: SourceService) -> None:
    sources.add(SYSTEM, "hidden", "", "mlflow", PUBLIC)
    stranger = somebody(database, "stranger")
    told = []
    for name in ("hidden", "nosuch"):
        with pytest.raises(HeadwaterError) as caught:
            sources.get(stranger, name)
        told.append((type(caught.value), str(caught.value).replace(name, "?"), caught.value.code))
    assert told[0] == told[1]


def test_a_collection_that_may_not_be_seen_is_not_named(database: Database, sources: SourceService) -> None:
    with database.begin() as connection:
        new_collection(connection, "secretplans")
    source = sources.add(SYSTEM, "demo", "", "mlflow", PUBLIC, "secretplans")
    reader = somebody(database, "ann", "Reader", source.scope_id)
    assert source.collection == "secretplans"
    assert sources.get(reader, "demo").collection == ""
    assert sources.list(reader).sources[0].collection == ""
