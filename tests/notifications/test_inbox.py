"""What people find in the app: their own, of what they may still see."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from tests.notifications.conftest import World

from headwater.access import SYSTEM, Actor, Via
from headwater.errors import ForbiddenError, UsageError
from headwater.server.application import create_app

BEN = '[[notify]]\nperson = "ben"\non = "always"'


@pytest.fixture
def told(both: World) -> World:
    """Ann was told three times, Ben too."""
    ann = both.person("ann")
    both.person("ben")
    both.flow(ann, notify=BEN)
    for _ in range(3):
        both.refresh()
    return both


def actor(world: World, name: str, via: Via = Via.SESSION) -> Actor:
    return Actor(world.people[name].id, name, via)


def test_pages_and_what_was_read(told: World) -> None:
    inbox, ann = told.app.inbox, actor(told, "ann")
    page = inbox.list(ann, limit=2)
    assert (len(page.notifications), page.unread) == (2, 3)
    rest = inbox.list(ann, limit=2, before=page.before)
    assert len(rest.notifications) == 1 and rest.before is None
    seen = [each.id for each in [*page.notifications, *rest.notifications]]
    assert seen == sorted(seen, reverse=True)
    assert inbox.mark_read(ann, [seen[0]]) == 1 and inbox.mark_read(ann, [seen[0]]) == 0
    assert [each.id for each in inbox.list(ann, unread=True).notifications] == seen[1:]
    assert inbox.mark_read(ann) == 2 and inbox.list(ann).unread == 0
    assert inbox.list(actor(told, "ben")).unread == 3, "another's are not touched"


def test_nobody_reads_anothers(told: World) -> None:
    inbox, ann = told.app.inbox, actor(told, "ann")
    bens = [each.id for each in inbox.list(actor(told, "ben")).notifications]
    assert inbox.mark_read(ann, bens) == 0
    with pytest.raises(ForbiddenError):
        inbox.list(ann, user="ben")
    with pytest.raises(UsageError):
        inbox.mark_read(SYSTEM)
    assert inbox.list(SYSTEM, user="ben").unread == 3
    found = inbox.list(SYSTEM, limit=4)
    assert {each.person for each in found.notifications} == {"ann", "ben"}
    assert (found.unread, len(inbox.list(SYSTEM, before=found.before).notifications)) == (6, 2)
    assert inbox.list(SYSTEM, dataflow="flow").unread == 6 and inbox.list(SYSTEM, dataflow="other").unread == 0
    assert {each.person for each in inbox.list(ann).notifications} == {"ann"}


def test_of_what_may_no_longer_be_seen_nothing_is(told: World) -> None:
    ben = actor(told, "ben")
    told.app.access.revoke(SYSTEM, ben.user_id or "", "Owner", "/collection/root")
    page = told.app.inbox.list(ben)
    assert (list(page.notifications), page.unread) == ([], 0)
    narrow = Actor(told.people["ann"].id, "ann", Via.TOKEN, actions=frozenset({"model.*"}))
    assert not told.app.inbox.list(narrow).notifications, "a token for models only"


def test_over_http(told: World) -> None:
    token = told.app.tokens.create(actor(told, "ann"), "test").token
    value = token if isinstance(token, str) else token.reveal()
    with TestClient(
        create_app(told.app), base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {value}"}
    ) as client:
        found = client.get("/api/notifications", params={"limit": 2}).json()
        assert (found["unread"], len(found["value"])) == (3, 2) and found["before"] == found["value"][1]["id"]
        assert client.post("/api/notifications/read", json={"ids": [found["value"][0]["id"]]}).json() == {"changed": 1}
        assert client.get("/api/notifications", params={"unread": True}).json()["unread"] == 2
        assert client.post("/api/notifications/read", json={}).json() == {"changed": 2}
        assert client.get("/api/notifications", params={"before": 0}).status_code == 422
