"""Promises 1 to 3 and 6: a process that is killed, wherever, leaves good tables, and another one goes on.

The ordinary run kills at some of the moments, chosen by a seed that it prints; ``make test-long`` at each of them.
"""

from __future__ import annotations

import random

import pytest
from tests.durability.service import Service
from tests.durability.site import BATCH, ROWS, Site, readers
from tests.seeds import SEED

from headwater.access import SYSTEM
from headwater.models.services.options import ServiceOptions

#: (the moment, which time it is come to): every one that a refresh comes to.
MOMENTS = [
    ("jobs.claimed", 1),
    ("refresh.started", 1),
    ("ledger.written", 1),
    ("ledger.appended", 2),
    ("refresh.staged", 1),
    ("refresh.staged", 3),
    ("refresh.before_intent", 1),
    ("refresh.after_intent", 1),
    ("refresh.committed", 1),
    ("refresh.committed", 2),
    ("refresh.before_pointer", 1),
    ("refresh.after_pointer", 1),
    ("jobs.ending", 1),
]
SAMPLE = random.Random(SEED).sample(MOMENTS, 2)


def killed_and_finished(site: Site, service: Service, moment: str, number: int) -> None:
    asked = site.request()
    site.write(2)
    before = len(service.calls)
    with readers(site) as seen:
        site.killed_at(asked, moment, number)
        with site.open() as (app, _):
            left = site.generation(app)
            running = app.refreshing.get(SYSTEM, asked)
        assert left in {1, 2}
        assert not running.has_ended, "nobody has ended it: a worker takes it over"
        state = site.finish(asked)
    assert state.status == "succeeded", state.error
    # Once the new refresh is seen, nobody sees the old one any more.
    assert seen == sorted(seen), seen
    with site.open() as (app, _):
        assert site.generation(app) == 2
        assert site.ledger_rows(app) == 2 * ROWS
        (newest, first) = app.refreshes(SYSTEM, "shop")
        assert (newest.id, newest.status, first.status) == (asked, "succeeded", "succeeded")
        assert {entity.entity for entity in app.refresh_entities(SYSTEM, asked)} == {"orders", "scored", "totals"}
        runs = [
            event["run"]["runId"] for event in app.openlineage.events(SYSTEM).events if event["eventType"] == "START"
        ]
        assert len(runs) == len(set(runs)) == 2 * (1 + 3), "a refresh that is taken up starts no second time"
        versions = {table.entity: table.delta_version for table in app.tables.list(SYSTEM)}
        assert versions == {"orders": 1, "scored": 1, "totals": 1}, "one version, however often it was begun"
    sent_again(service, before)


def sent_again(service: Service, before: int) -> None:
    """At most what was under way at once was sent a second time, batch by batch under the key that it had."""
    calls = service.calls[before:]
    amounts = [amount for call in calls for amount in call.amounts]
    again = len(amounts) - len(set(amounts))
    assert set(amounts) == {2_000 + number for number in range(ROWS)}
    # What was under way, and the answer that was just being kept.
    assert again <= (ServiceOptions().window + 1) * BATCH
    by_rows = {call.amounts: call.key for call in calls}
    assert all(by_rows[call.amounts] == call.key for call in calls)


@pytest.mark.parametrize(("moment", "number"), SAMPLE)
def test_a_process_that_is_killed(site: Site, service: Service, moment: str, number: int) -> None:
    print(f"seed {SEED}")
    killed_and_finished(site, service, moment, number)


@pytest.mark.long
@pytest.mark.parametrize(("moment", "number"), MOMENTS)
def test_a_process_that_is_killed_anywhere(site: Site, service: Service, moment: str, number: int) -> None:
    killed_and_finished(site, service, moment, number)
