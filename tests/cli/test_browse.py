"""``headwater browse`` and webhooks of sources on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.command import failed, succeeded

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.catalog import AssetRecord, AssetRef


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with Headwater.open(tmp_path / "home", create=True) as app:
        app.collections.add(SYSTEM, "ml")
        workspace = AssetRecord("ml_workspace", "mlflow://lab", "lab", collection="ml")
        parent = AssetRef("ml_workspace", "mlflow://lab")
        model = AssetRecord("ml_model", "mlflow://lab/models/churn", "churn", collection="ml", parent=parent)
        app.assets.upsert([workspace, model])
        networks = ("127.0.0.0/8",)
        app.sources.add(SYSTEM, "lab", "Lab", "mlflow", "http://127.0.0.1:9", "ml", private_networks=networks)
    return tmp_path / "home"


def test_one_goes_down_from_the_tree(place: Path) -> None:
    assert succeeded("browse", "--home", place).out == "root\t0\t2\n  ml\t2\t2\n"
    assert succeeded("browse", "--sources", "--home", place).out == "mlflow\tlab\tml\t0\n"
    assert succeeded("browse", "--source", "lab", "--home", place).out == ""
    name, kind, guid, more = succeeded("browse", "--collection", "ml", "--home", place).out.rstrip("\n").split("\t")
    assert (name, kind, more) == ("lab", "ml_workspace", "+")
    (below,) = json.loads(succeeded("browse", guid, "--json", "--home", place).out)
    assert (below["display_name"], below["has_children"]) == ("churn", False)
    assert "One way" in failed("browse", guid, "--sources", "--home", place).message


def test_a_webhook_is_arranged_and_its_secret_shown_once(place: Path) -> None:
    shown = dict(
        line.split("\t")
        for line in succeeded("source", "schedule", "lab", "--webhook", "--home", place).out.splitlines()
    )
    assert shown["address"] == "/api/webhooks/mlflow/lab" and len(shown["secret"]) >= 40
    again = succeeded("source", "schedule", "lab", "--webhook", "--home", place).out
    assert shown["secret"] not in again
    assert "Leave one out" in failed("source", "schedule", "lab", "daily", "--webhook", "--home", place).hint
    with Headwater.open(place) as app:
        schedule = app.source_schedules.get(SYSTEM, "lab")
    assert schedule is not None and shown["secret"] not in repr(schedule)
