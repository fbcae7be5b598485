"""``headwater people``, ``group``, ``token``, ``access``, ``audit`` and ``secrets``, as a person types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from tests.cli.command import failed, headwater, succeeded

from headwater.access import SYSTEM, Via
from headwater.app.identity import Origin
from headwater.app.runtime import Headwater
from headwater.secret import Secret
from headwater.store import utc_now

PASSWORD = "a long walk on the beach"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A home with a source, and ann."""
    with Headwater.open(tmp_path / "home", create=True) as app:
        app.sources.add(SYSTEM, "lab", "The lab", "mlflow", "http://127.0.0.1:9", "root")
        app.people.create(SYSTEM, "ann", display_name="Ann", email="ann@example.org")
    return tmp_path / "home"


def rows(*arguments: str | Path, home: Path) -> list[list[str]]:
    """What a command lists, line by line and column by column."""
    return [line.split("\t") for line in succeeded(*arguments, "--home", home).out.splitlines()]


def test_people_are_added_listed_and_disabled(place: Path) -> None:
    assert "headwater people link bob" in succeeded("people", "add", "Bob", "--home", place).err
    succeeded("people", "disable", "bob", "--home", place)
    assert rows("people", "list", home=place) == [
        ["ann", "Ann", "ann@example.org", "active", "never"],
        ["bob", "Bob", "", "disabled", "never"],
        ["built-in-administrator", "Built-in administrator", "", "active", "never"],
    ]
    succeeded("people", "enable", "bob", "--home", place)
    listed = json.loads(succeeded("people", "list", "--matching", "BO", "--json", "--home", place).out)
    assert [(user["name"], user["active"]) for user in listed] == [("bob", True)]
    assert failed("people", "disable", "nobody", "--home", place).code == "access.principal"


def test_a_link_lets_somebody_in(place: Path) -> None:
    made = succeeded("people", "link", "ann", "--address", "https://h.example/base", "--home", place)
    found = re.fullmatch(r"https://h\.example/base/sign-in/password#(hwl_\S+)\n", made.out)
    assert found is not None
    assert found[1] not in made.err
    direct = succeeded("people", "link", "ann", "--sign-in", "--home", place).out
    assert direct.startswith("http://127.0.0.1:8400/sign-in/link#hwl_")
    with Headwater.open(place) as app:
        app.identity.accept_link(found[1], PASSWORD, Origin())
        assert app.identity.sign_in("ann", PASSWORD, Origin("127.0.0.1"))
        assert app.identity.accept_sign_in_link(direct.strip().partition("#")[2], Origin())


def test_groups_have_members(place: Path) -> None:
    with Headwater.open(place) as app:
        app.groups.create(SYSTEM, "Everybody")
    succeeded("group", "add", "Risk team", "--home", place)
    succeeded("group", "add-member", "everybody", "group:risk team", "--home", place)
    succeeded("group", "add-member", "everybody", "ann", "--home", place)
    assert rows("group", "list", home=place) == [["Everybody"], ["Risk team"]]
    assert rows("group", "members", "EVERYBODY", home=place) == [["user", "Ann"], ["group", "Risk team"]]
    succeeded("group", "remove-member", "everybody", "ann", "--home", place)
    shown = json.loads(succeeded("group", "members", "everybody", "--json", "--home", place).out)
    assert [(member["kind"], member["display_name"]) for member in shown] == [("group", "Risk team")]
    succeeded("group", "delete", "Risk team", "--home", place)
    assert failed("group", "members", "Risk team", "--home", place).code == "not_found"


def test_a_token_is_printed_once_and_alone(place: Path) -> None:
    options = ("--action", "model.*", "--action", "source.read", "--scope", "source:lab", "--days", "7")
    made = succeeded("token", "create", "ann", "nightly job", *options, "--home", place)
    token = made.out.removesuffix("\n")
    assert re.fullmatch(r"hwt_[A-Za-z0-9_-]{43}", token)
    assert token not in made.err
    with Headwater.open(place) as app:
        actor = app.identity.bearer(token)
        assert (actor.name, actor.via, actor.actions) == ("ann", Via.TOKEN, frozenset({"model.*", "source.read"}))
    ((id_, prefix, name, state, actions, where),) = rows("token", "list", "ann", home=place)
    assert (prefix, name) == (f"{token[:10]}…", "nightly job")
    assert (actions, where) == ("model.*,source.read", "/collection/root/workspace/lab")
    assert state.startswith("good until 20")
    succeeded("token", "revoke", "ann", id_, "--home", place)
    shown = succeeded("token", "list", "ann", "--json", "--home", place).out
    assert json.loads(shown)[0]["info"]["revoked_at"] is not None
    assert token not in shown


def test_roles_are_given_asked_about_and_taken(place: Path) -> None:
    at = ("--home", place)
    with Headwater.open(place) as app:
        app.groups.add_member(SYSTEM, app.groups.create(SYSTEM, "Risk").id, "ann")
    given = succeeded("access", "grant", "group:Risk", "reader", "source:lab", *at)
    assert given.err == "group:Risk is Reader at /collection/root/workspace/lab\n"
    assert headwater("access", "check", "ann", "model.invoke", "source:lab", *at).out == "yes\n"
    refused = headwater("access", "check", "ann", "source.scan", "source:lab", "--json", *at)
    assert (refused.status, json.loads(refused.out), refused.err) == (1, {"allowed": False}, "")
    assert succeeded("access", "explain", "ann", "model.invoke", "source:lab", *at).out.splitlines() == [
        "Yes: ann may do model.invoke at /collection/root/workspace/lab.",
        "The group 'Risk' was given the role 'Reader' at /collection/root/workspace/lab, and ann is in it.",
    ]
    said = json.loads(succeeded("access", "explain", "ann", "source.scan", "source:lab", "--json", *at).out)
    assert said["explanation"]["roles_held"] == ["Reader"]
    assert said["sentences"][0] == "No: ann may not do source.scan at /collection/root/workspace/lab."
    assert [row[:3] for row in rows("access", "list", home=place)] == [
        ["built-in-administrator", "Owner", "/"],
        ["group:Risk", "Reader", "/collection/root/workspace/lab"],
    ]
    succeeded("access", "revoke", "group:Risk", "Reader", "source:lab", *at)
    assert headwater("access", "check", "ann", "model.invoke", "source:lab", *at).out == "no\n"
    assert failed("access", "grant", "ann", "Reader", "lab", *at).code == "access.scope"


def test_a_role_of_ones_own(place: Path) -> None:
    at = ("--home", place)
    define = ("access", "define", "Caller", "--action", "model.*")
    assert succeeded(*define, "--without", "model.read", *at).err == "role Caller: model.invoke\n"
    assert succeeded(*define, "--description", "Calls models.", *at).err == "role Caller: model.invoke, model.read\n"
    listed = rows("access", "roles", home=place)
    assert ["Caller", "own", "model.*", "Calls models."] in listed
    assert ["Owner", "built in", "*", "Everything, and giving roles to others."] in listed
    succeeded("access", "undefine", "caller", *at)
    assert failed("access", "grant", "ann", "Caller", "server", *at).code == "access.role"


def test_scopes_and_actions_are_listed(place: Path) -> None:
    ((number, kind, name, path),) = rows("access", "scopes", "collection:root", home=place)
    assert (kind, name, path) == ("workspace", "lab", "/collection/root/workspace/lab")
    assert number.startswith("scope:")
    assert ["model.invoke", "Call a model or a scoring service, and so have rows scored."] in [
        line.split("\t") for line in succeeded("access", "actions").out.splitlines()
    ]


def test_what_was_done_at_the_command_line_is_on_record(place: Path) -> None:
    succeeded("access", "grant", "ann", "Owner", "server", "--home", place)
    ((at, event, result, who, target, details),) = rows("audit", "list", "--event", "role.granted", home=place)
    assert (event, result) == ("role.granted", "succeeded")
    assert who.endswith(" at the command line")
    assert target.startswith("scope:")
    assert "role=Owner" in details
    since = ("--since", at[:10])
    exported = [json.loads(line) for line in succeeded("audit", "export", *since, "--home", place).out.splitlines()]
    assert [each["event"] for each in exported][-1] == "audit.exported"
    assert exported[-1]["via"] == "system"
    limited = succeeded("audit", "list", "--limit", "1", "--json", "--home", place)
    assert [each["event"] for each in json.loads(limited.out)] == ["audit.exported"]
    assert limited.err == ""
    assert "headwater audit export" in succeeded("audit", "list", "--limit", "1", "--home", place).err
    assert rows("audit", "list", "--until", "2020-01-01", home=place) == []
    assert succeeded("audit", "retain", "30", "--home", place).err == "0 events removed\n"
    assert failed("audit", "list", "--event", "x", "--home", place).code == "usage.event"


def test_the_last_owner_stays(place: Path) -> None:
    with Headwater.open(place) as app:
        app.access.grant(SYSTEM, "ann", "Owner", "server")
    assert failed("access", "revoke", "ann", "Owner", "server", "--home", place).code == "conflict.last_owner"


def test_secrets_come_under_a_new_key(place: Path) -> None:
    with Headwater.open(place) as app, app.database.begin() as connection:
        app.secrets_store.add(connection, Secret("hunter2"), by=SYSTEM, now=utc_now())
    file = place / "secret.key"
    file.write_text(f"{Fernet.generate_key().decode()}\n{file.read_text()}")
    assert [row[1:] for row in rows("secrets", "keys", home=place)] == [["newest", "0"], ["older", "1"]]
    assert succeeded("secrets", "rotate", "--home", place).err == "1 secrets encrypted anew\n"
    assert [row[1:] for row in rows("secrets", "keys", home=place)] == [["newest", "1"], ["older", "0"]]
    file.chmod(0o644)
    assert failed("secrets", "rotate", "--home", place).code == "secret.key"
