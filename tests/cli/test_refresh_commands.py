"""``headwater refresh`` with its options, and when a dataflow is refreshed by itself."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import failed, succeeded
from tests.server.small_home import REGIONS, ROWS

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater


def test_a_dry_run_says_what_would_be_done(home: Path) -> None:
    shown = succeeded("refresh", "sales", "--dry-run", "--home", home).out.splitlines()
    assert shown[0] == f"sales/orders_scored: full, {ROWS:,} rows published, {ROWS:,} rows now, 0 to score"
    told = json.loads(succeeded("refresh", "sales", "--dry-run", "--json", "--home", home).out)
    assert [entity["rows"] for entity in told["entities"]] == [ROWS, len(REGIONS)]
    with Headwater.open(home) as app:
        assert len(app.refreshes(SYSTEM, "sales")) == 1


def test_asked_for_and_left_to_a_worker(home: Path) -> None:
    asked = succeeded("refresh", "sales", "--no-wait", "--home", home).out.strip()
    found = failed("refresh", "sales", "--home", home)
    assert (found.code, found.where) == ("refresh.active", asked)
    # It is there to be watched: nobody else does it, so it runs here.
    ended = json.loads(succeeded("refresh", "sales", "--watch", "--json", "--home", home).out)
    assert (ended["id"], ended["status"]) == (asked, "succeeded")
    assert failed("refresh", "sales", "--watch", "--no-wait", "--home", home).code == "usage"


def test_a_refresh_that_waits_is_cancelled(home: Path) -> None:
    asked = succeeded("refresh", "sales", "--no-wait", "--home", home).out.strip()
    assert asked in succeeded("dataflow", "cancel", "sales", "--home", home).err
    assert failed("dataflow", "cancel", "sales", "--home", home).code == "refresh.ended"


def test_a_schedule_is_paused_and_goes_on(home: Path) -> None:
    at_home = ("--home", home)
    assert succeeded("dataflow", "schedule", "sales", *at_home).out == "sales has no schedule\n"
    settings = home.parent / "dataflows" / "sales" / "dataflow.toml"
    settings.write_text(settings.read_text() + '\n[schedule]\ncron = "0 6 * * *"\ntime_zone = "Europe/Berlin"\n')
    succeeded("dataflow", "apply", settings.parent, *at_home)
    assert "\t0 6 * * *\tEurope/Berlin\tmissed: once\tnext " in succeeded("dataflow", "schedule", "sales", *at_home).out
    succeeded("dataflow", "pause", "sales", "--reason", "Stocktaking.", *at_home)
    assert succeeded("dataflow", "schedule", "sales", *at_home).out.endswith("paused: Stocktaking.\n")
    succeeded("dataflow", "resume", "sales", *at_home)
    told = json.loads(succeeded("dataflow", "schedule", "sales", "--json", *at_home).out)
    assert (told["paused"], told["paused_reason"]) == (False, None)
