"""``headwater source``, against a real MLflow server and a dead one."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.command import failed, failure_in, headwater, succeeded
from tests.cli.test_dataflows import GOOD, latest, tables
from tests.conftest import SeededMLflow
from tests.server.small_home import ROWS

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater


@pytest.fixture
def dead() -> Iterator[str]:
    """The address of a server that is not there: the port is bound, and nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_a_workspace_is_added_tested_scanned_and_used(home: Path, mlflow_server: SeededMLflow) -> None:
    option = ("--home", home)
    url = mlflow_server.url + "/"
    added = succeeded("source", "add", "mine", url, "--display-name", "Mine", "--trust", *option)
    assert added.err == f"source mine (mlflow): {mlflow_server.url}, in collection root\n"
    assert f"mine answers: mlflow at {mlflow_server.url}" in succeeded("source", "test", "mine", *option).err

    scanned = succeeded("source", "scan", "mine", *option).err
    assert "mine: " in scanned
    # At least these two: other tests share the server.
    assert "ml_model_version" in scanned
    assert "ml_job" in scanned
    assert "mine: " in succeeded("source", "scan", "mine", "--incremental", *option).err

    lab, mine = succeeded("source", "list", *option).out.splitlines()
    assert lab == "lab\tmlflow\thttp://127.0.0.1:9\troot\tnever scanned\tnot trusted"
    assert mine.startswith(f"mine\tmlflow\t{mlflow_server.url}\troot\tsucceeded ")

    folder = home.parent / "dataflows" / "late"
    folder.mkdir()
    (folder / "dataflow.toml").write_text('[dataflow]\nname = "late"\nload = ["scored"]\n')
    (folder / "scored.pq").write_text(
        f'let\n    Source = Csv.Document(File.Contents("{home.parent}/warehouse/orders.csv")),\n'
        '    Typed = Table.TransformColumnTypes(Table.PromoteHeaders(Source), {{"amount", type number}}),\n'
        "    Filled = Table.SelectRows(Typed, each [amount] <> null),\n"
        '    Scored = Table.AddColumn(Filled, "p", each mine.late_arrival([amount], [region]))\n'
        'in\n    Table.ExpandRecordColumn(Scored, "p", {"probability", "label"})\n'
    )
    succeeded("dataflow", "apply", folder, *option)
    rows = f"{ROWS - 1:,}"
    assert f"late/scored: {rows} rows, {rows} scored, 0 reused" in succeeded("refresh", "late", *option).err
    assert f"late/scored: {rows} rows, 0 scored, {rows} reused" in succeeded("refresh", "late", *option).err
    tree = succeeded("lineage", "late/scored", "probability", *option).out
    assert "model version late_arrival" in tree
    assert "training job train late_arrival" in tree
    assert (mlflow_server.data / "weather.csv").as_uri() in tree


def test_a_scan_is_told_what_is_in_scope_and_what_to_wait_for(home: Path, mlflow_server: SeededMLflow) -> None:
    option = ("--home", home)
    succeeded("source", "add", "scoped", mlflow_server.url, *option)
    scoped = ("source", "scan", "scoped", "--model", "late*", "--model", "un*", "--exclude-model", "unsigned", *option)
    pending = json.loads(succeeded(*scoped, "--no-details", "--json").out)
    assert (pending["counts"]["ml_model"], pending["pending"], pending["details"]) == (1, 2, None)
    assert "signatures: 2 read, 0 could not be read" in succeeded(*scoped).err
    tagged = json.loads(succeeded(*scoped, "--tag", "reviewed=yes", "--experiment", "del*", "--json").out)
    assert tagged["counts"]["ml_model_version"] == 1
    everything = ("--unregistered-runs", "--unregistered-models", "--incremental", "--confirm-removals")
    assert "ml_job" in succeeded("source", "scan", "scoped", *everything, *option).err
    assert failed("source", "scan", "scoped", "--tag", "reviewed", *option).code == "scan.options"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["add", "1st", "http://127.0.0.1:1"], "usage"),
        (["add", "lab", "http://127.0.0.1:1"], "conflict"),
        (["add", "new", "http://127.0.0.1:1", "--kind", "abacus"], "usage"),
        (["add", "new", "http://127.0.0.1:1", "--collection", "lost"], "not_found"),
        (["add", "new", "ftp://127.0.0.1"], "usage"),
        (["test", "lost"], "not_found"),
        (["scan", "lost"], "not_found"),
    ],
)
def test_what_cannot_be_a_source_is_told(read_home: Path, arguments: list[str], code: str) -> None:
    found = failed("source", *arguments, "--home", read_home)
    assert found.code == code
    assert succeeded("source", "list", "--home", read_home).out.count("\n") == 1


def test_rows_that_do_not_fold_are_scored_and_counted_too(home: Path, mlflow_server: SeededMLflow) -> None:
    succeeded("source", "add", "mine", mlflow_server.url, "--home", home)
    if sys.platform == "linux":
        with (home / "headwater.toml").open("a") as configuration:
            configuration.write('[scoring]\nminimum_isolation = "restricted"\nmemory_limit = "8GB"\n')
    folder = home.parent / "dataflows" / "late"
    folder.mkdir()
    (folder / "dataflow.toml").write_text('[dataflow]\nname = "late"\nload = ["scored"]\n')
    (folder / "scored.pq").write_text(
        'let\n    Rows = #table(type table [d = number, c = text], {{1.5, "AA"}, {2.5, "BB"}}),\n'
        '    Scored = Table.AddColumn(Rows, "p", each mine.late_arrival([d], [c]))\n'
        'in\n    Table.ExpandRecordColumn(Scored, "p", {"probability", "label"})\n'
    )
    succeeded("dataflow", "apply", folder, "--home", home)
    refused = failed("refresh", "late", "--home", home)
    assert refused.code == "refresh.model.untrusted" and "headwater source trust mine" in refused.hint
    succeeded("source", "trust", "mine", "--home", home)
    assert "late/scored: 2 rows, 2 scored, 0 reused" in succeeded("refresh", "late", "--home", home).err
    assert "late/scored: 2 rows, 0 scored, 2 reused" in succeeded("refresh", "late", "--home", home).err


@pytest.mark.parametrize("command", ["test", "scan"])
def test_a_dead_server_is_told(home: Path, dead: str, command: str) -> None:
    succeeded("source", "add", "gone", dead, "--home", home)
    found = failed("source", command, "gone", "--home", home)
    assert found.code in {"network.unreachable", "scan"}
    assert found.where == dead
    with Headwater.open(home) as app:
        assert "ml_model" not in app.assets.counts_by_type(SYSTEM)


def test_a_dead_server_fails_the_refresh_that_calls_its_model(home: Path, dead: str) -> None:
    succeeded("source", "add", "gone", dead, "--home", home)
    folder = home.parent / "dataflows" / "sales"
    (folder / "totals.pq").write_text('Table.AddColumn(orders_scored, "p", each gone.late_arrival([amount], [region]))')
    succeeded("dataflow", "apply", folder, "--home", home)
    found = failure_in(headwater("refresh", "sales", "--home", home))
    assert found.code == "refresh.network.unreachable"
    assert found.where == f"sales, query totals, {dead}"
    assert latest(home) == ("failed", found.code)
    assert tables(home) == GOOD
