"""What administrators look at on the machine: what everybody was told, what was sent, and whether sending works."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.cli.command import failed, succeeded
from tests.notifications.conftest import Hook, World

from headwater.access import SYSTEM, Actor, Via
from headwater.app.notifications.deliveries import deliveries
from headwater.errors import NotFoundError

SECRET_PATH = "/in?token=canary"


@pytest.fixture
def told(world: World) -> World:
    """Ann and Ben were told once."""
    world.person("ben")
    world.flow(world.person("ann"), notify='[[notify]]\nperson = "ben"')
    world.refresh()
    return world


def run(world: World, *arguments: str) -> Any:
    return succeeded("notifications", *arguments, "--home", world.app.home.path)


def test_what_everybody_was_told(told: World) -> None:
    listed = run(told, "list")
    assert listed.out.count("\tnew\tann\t") == listed.out.count("\tnew\tben\t") == 1 and "2 not read" in listed.err
    (ben,) = json.loads(run(told, "list", "--person", "ben", "--json").out)
    assert (ben["person"], ben["subject"], ben["read_at"]) == ("ben", "dataflow:flow", None)
    shown = run(told, "show", str(ben["id"])).out
    assert "The dataflow 'flow' could not be refreshed" in shown and "To do:" in shown and "ben" in shown
    assert json.loads(run(told, "list", "--dataflow", "other", "--json").out) == []
    assert "1 marked" in run(told, "read", "--person", "ben", str(ben["id"])).err
    assert "0 marked" in run(told, "read", "--person", "ben").err
    (ann,) = json.loads(run(told, "list", "--unread", "--json").out)
    assert ann["person"] == "ann"
    assert json.loads(run(told, "list", "--before", str(min(ann["id"], ben["id"])), "--json").out) == []
    home = told.app.home.path
    assert failed("notifications", "list", "--person", "nobody", "--home", home).code == "access.principal"
    assert failed("notifications", "show", "4711", "--home", home).code == "not_found"


def test_what_was_sent_and_what_could_not_be(world: World, hook: Hook) -> None:
    world.configure(f'[notifications]\nwebhook_origins = ["{hook.origin}"]')
    urls = (f"{hook.origin}{SECRET_PATH}", f"https://denied.example.org{SECRET_PATH}")
    world.flow(world.person("ann"), notify="\n".join(f'[[notify]]\nwebhook = "{url}"' for url in urls))
    world.refresh()
    waiting = run(world, "sent").out
    assert waiting.count("queued\twebhook\t") == 2 and "canary" not in waiting
    world.send()
    found = {each["where"]: each for each in json.loads(run(world, "sent", "--json").out)}
    assert set(found) == {str(hook.origin), "https://denied.example.org"}
    sent, denied = found[str(hook.origin)], found["https://denied.example.org"]
    assert (sent["status"], sent["dataflow"], sent["error"]) == ("succeeded", "flow", None)
    assert (denied["status"], denied["error"]["code"]) == ("failed", "network.origin_denied")
    only = run(world, "sent", "--failed").out
    assert "denied.example.org" in only and "not allowed" in only and str(hook.origin) not in only
    assert "canary" not in json.dumps(found) + only


def test_who_may_not_see_the_server_does_not_see_what_was_sent(world: World) -> None:
    ann = world.person("ann")
    with pytest.raises(NotFoundError):
        deliveries(world.app.database, ann)
    world.app.access.grant(SYSTEM, ann.user_id or "", "Owner", "/")
    assert deliveries(world.app.database, Actor(ann.user_id, "ann", Via.SESSION)) == []


def test_an_address_is_tried_out(world: World, hook: Hook) -> None:
    home = world.app.home.path
    address = f"{hook.origin}{SECRET_PATH}"
    denied = failed("notifications", "test", address, "--home", home)
    assert denied.code == "network.origin_denied" and "canary" not in denied.message
    world.configure(f'[notifications]\nwebhook_origins = ["{hook.origin}"]\nlink = "https://data.example.org"')
    assert "canary" not in run(world, "test", address).err
    (call,) = hook.calls
    assert (call.json["event"], call.json["link"], call.json["refresh"]) == ("test", None, "")
    hook.answers.append((429, {"Retry-After": "60"}))
    assert failed("notifications", "test", address, "--home", home).code == "network.busy"
    assert failed("notifications", "test", "team@example.org", "--home", home).code == "usage"
