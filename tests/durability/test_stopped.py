"""Promise 5: a process that was stopped for longer than its lease writes nothing when it goes on.

Another worker has finished its refresh meanwhile, and a later refresh has been published on top.
"""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.durability.site import ENTITIES, SECONDS, Site, wait_until
from tests.seeds import SEED

from headwater.store import tables
from headwater.tables import versions

MOMENTS = [
    ("ledger.written", 1),
    ("refresh.staged", 3),
    ("refresh.before_intent", 1),
    ("refresh.after_intent", 1),
    ("refresh.committed", 1),
    ("refresh.committed", 2),
    ("refresh.before_pointer", 1),
    ("refresh.after_pointer", 1),
]
SAMPLE = random.Random(SEED).sample(MOMENTS, 1)


def is_stopped(pid: int) -> bool:
    """Whether a process has been stopped by a signal."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def written(site: Site) -> dict[str, Any]:
    """All that a zombie could have changed: logs, files, the pointer, the history, the ledger."""
    folder = site.home / "tables" / "shop"
    with site.open() as (app, _), app.database.read() as connection:
        refreshes = connection.execute(select(tables.refreshes).order_by(tables.refreshes.c.id)).all()
        pointer = connection.execute(select(tables.published_tables).order_by(tables.published_tables.c.entity)).all()
        entities = connection.execute(
            select(tables.refresh_entities).order_by(tables.refresh_entities.c.refresh_id, "entity")
        ).all()
        ledger = connection.scalar(select(func.count()).select_from(tables.ledger_files))
        jobs = connection.execute(select(tables.jobs.c.id, tables.jobs.c.status, tables.jobs.c.fence)).all()
    return {
        "logs": {name: versions(folder / name) for name in ENTITIES},
        "rows": (refreshes, pointer, entities, sorted(jobs), ledger),
    }


def stopped_and_overtaken(site: Site, moment: str, number: int) -> None:
    asked = site.request()
    site.write(2)
    with site.worker(asked, moment, number, "stop") as process:
        wait_until(lambda: is_stopped(process.pid))
        state = site.finish(asked)
        assert state.status == "succeeded", state.error
        site.refresh(3)
        before = written(site)
        process.send_signal(signal.SIGCONT)
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, errors.decode()[-2_000:]
    assert written(site) == before
    with site.open() as (app, _):
        assert site.generation(app) == 3, "its files are all there: what went on took none of them away"
        site.ledger_rows(app)


@pytest.mark.parametrize(("moment", "number"), SAMPLE)
def test_a_process_that_was_stopped(site: Site, moment: str, number: int) -> None:
    print(f"seed {SEED}")
    stopped_and_overtaken(site, moment, number)


@pytest.mark.long
@pytest.mark.parametrize(("moment", "number"), MOMENTS)
def test_a_process_that_was_stopped_anywhere(site: Site, moment: str, number: int) -> None:
    stopped_and_overtaken(site, moment, number)
