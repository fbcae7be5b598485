"""Who is told of which refresh, what it says, and that it says nothing of a row."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from tests.notifications.conftest import CANARY, Hook, World, mail_server

from headwater import moments
from headwater.access import SYSTEM
from headwater.jobs import NewSchedule, schedules
from headwater.store import tables

FAILED = "The dataflow 'flow' could not be refreshed"


def test_the_owner_and_the_subscribers_are_told_once_each(both: World) -> None:
    ann = both.person("ann", email="ann@example.org")
    for name in ("ben", "cay", "dan"):
        both.person(name, email=f"{name}@example.org" if name == "ben" else None)
    notify = "".join(
        f"[[notify]]\n{entry}\n"
        for entry in ('person = "ben"', 'person = "ben@example.org"\non = "always"', 'email = "ben@example.org"')
    )
    both.flow(ann, 'owner = "cay"', notify=notify)
    both.refresh()
    assert both.told("cay") == both.told("ben") == [FAILED]
    assert both.told("ann") == both.told("dan") == [], "it has another owner"
    assert [job.payload["address"] for job in both.jobs()] == ["ben@example.org"], "one mail, whatever the ways"


def test_without_an_owner_it_is_whoever_saved_it(world: World) -> None:
    ann = world.person("ann")
    world.flow(ann)
    world.refresh()
    world.flow(ann, fails=False)
    world.refresh()
    assert world.told("ann") == [FAILED], "and not of what went well"


def test_always_means_successes_too(both: World) -> None:
    ann = both.person("ann")
    both.person("ben")
    both.flow(ann, notify='[[notify]]\nperson = "ben"\non = "always"', fails=False)
    both.refresh()
    assert both.told("ben") == ["The dataflow 'flow' was refreshed"] and both.told("ann") == []


def test_who_may_not_see_it_is_not_told(world: World) -> None:
    ann = world.person("ann")
    world.person("eve", role="")
    world.person("fay")
    world.flow(ann, 'owner = "eve"', notify='[[notify]]\nperson = "eve"\n[[notify]]\nperson = "fay"')
    world.app.people.disable(SYSTEM, world.people["fay"].id)
    world.refresh()
    with world.app.database.read() as connection:
        told = connection.execute(select(tables.notifications.c.user_id)).scalars().all()
    assert told == [world.people["ann"].id]


def test_a_disabled_saver_pauses_the_schedule_and_the_servers_owners_are_told(both: World) -> None:
    ann = both.person("ann")
    boss = both.app.people.create(SYSTEM, "boss")
    both.people["boss"] = boss
    both.app.access.grant(SYSTEM, boss.id, "Owner", "/")
    both.flow(ann)
    with both.app.database.begin() as connection:
        flow = connection.execute(select(tables.dataflows.c.id)).scalar_one()
        schedules.put(connection, NewSchedule("refresh", f"dataflow:{flow}", {}, "0 6 * * *"))
    both.app.people.disable(SYSTEM, both.people["ann"].id)
    both.refresh()
    (told,) = both.inbox("boss")
    assert "schedule is paused" in told.text and "whose account is disabled" in told.text


def test_a_disabled_saver_ends_refreshes_where_there_is_no_schedule_too(both: World) -> None:
    """Disabling somebody works, and the refresh that is asked for then ends as failed, and says so to people."""
    both.flow(both.person("ann"))
    boss = both.app.people.create(SYSTEM, "boss")
    both.people["boss"] = boss
    both.app.access.grant(SYSTEM, boss.id, "Owner", "/")
    assert not both.app.people.disable(SYSTEM, both.people["ann"].id).active
    both.refresh()
    (refresh,) = both.app.refreshes(SYSTEM)
    assert (refresh.status, refresh.error and refresh.error["code"]) == ("failed", "refresh.saver_disabled")
    (told,) = both.inbox("boss")
    assert "whose account is disabled" in told.text and "schedule" not in told.text


@pytest.mark.parametrize("fails", [True, False])
def test_a_schedule_that_is_removed_while_its_refresh_runs(both: World, fails: bool) -> None:
    ann = both.person("ann")
    both.flow(ann, "[schedule]\ncron = '0 6 * * *'", fails=fails, notify='[[notify]]\nperson = "ann"\non = "always"')

    def remove(_moment: str) -> None:
        both.flow(ann, fails=fails, notify='[[notify]]\nperson = "ann"\non = "always"')

    forget = moments.on("refresh.started", remove)
    both.refresh("schedule")
    forget()
    assert both.app.refreshing.schedule(SYSTEM, "flow") is None
    (refresh,) = both.app.refreshes(SYSTEM)
    assert refresh.status == ("failed" if fails else "succeeded")
    assert len(both.told("ann")) == 1


def test_the_fourth_failure_in_a_row_says_that_the_schedule_is_paused(world: World) -> None:
    ann = world.person("ann")
    world.flow(ann)
    with world.app.database.begin() as connection:
        flow = connection.execute(select(tables.dataflows.c.id)).scalar_one()
        schedules.put(connection, NewSchedule("refresh", f"dataflow:{flow}", {}, "0 6 * * *"))
    for _ in range(4):
        world.refresh("schedule")
    texts = [each.text for each in world.inbox("ann")]
    assert ["paused after 4 failures" in text for text in texts] == [True, False, False, False]
    assert not any(CANARY in text for text in texts)


def test_no_canary_sings(both: World, hook: Hook) -> None:
    """M's message holds a cell: nothing that anybody is told does, and nothing that is kept for telling it."""
    with mail_server() as (box, _):
        both.configure(
            f'[smtp]\nhost = "127.0.0.1"\nport = {box.port}\ntls = "none"\nfrom = "hw@example.org"\n'
            f'[notifications]\nwebhook_origins = ["{hook.origin}"]\nlink = "https://data.example.org"'
        )
        ann = both.person("ann", email="ann@example.org")
        both.flow(ann, notify=f'[[notify]]\nwebhook = "{hook.origin}/in"\n[[notify]]\nemail = "all@example.org"')
        refresh = both.refresh()
        assert CANARY in json.dumps(dict(both.app.refreshes(SYSTEM)[0].error or {})), "the refresh itself has it"
        assert [job.status for job in both.send()] == ["succeeded"] * 3
        assert len(box.mails) == 2 and len(hook.calls) == 1
        mails = "".join(mail.content.decode() for mail in box.mails)
        told = both.inbox("ann")[0]
        kept = json.dumps([dict(job.payload) for job in both.jobs()])
        for text in (mails, hook.calls[0].body.decode(), told.title + told.text, kept):
            assert CANARY not in text
            assert "rows" in text and "Checked" in text, "the query and its step are told"
        error = hook.calls[0].json["error"]
        assert error["code"] == "refresh.m.expression" and error["message"] == ""
        assert "step 'Checked'" in error["where"] and error["hint"]
        assert hook.calls[0].json["link"] == f"https://data.example.org/api/dataflows/flow/refreshes/{refresh}"
