"""``headwater serve``: a real server as a child process; homes it cannot open; logs as JSON."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
from pathlib import Path

import httpx
import pytest
from tests.cli.command import failed, failure_in, headwater, interrupt, line_with, started
from tests.cli.test_dataflows import GOOD, tables
from tests.server.small_home import ROWS

from headwater.app.home import FORMAT


@pytest.mark.parametrize(
    ("host", "with_signal"), [("127.0.0.1", signal.SIGINT), ("localhost", signal.SIGTERM), ("::1", signal.SIGINT)]
)
def test_it_serves_on_a_free_port_until_it_is_ended(read_home: Path, host: str, with_signal: signal.Signals) -> None:
    if host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6 loopback address")
    with started("serve", "--home", read_home, "--host", host, "--port", "0") as process:
        found = re.search(r"http://\S+:\d+", line_with(process.stderr, "Headwater serves"))
        assert found is not None
        address = found.group()
        with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
            assert client.get("/readyz").json()["status"] == "ready"
            assert client.get("/api/tables/sales/orders_scored/rows").json()["total"] == ROWS
        assert interrupt(process, with_signal).status == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/healthz", trust_env=False)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_a_port_in_use_is_told(read_home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = failed("serve", "--home", read_home, "--port", str(port))
    assert (found.code, found.where) == ("serve.port_in_use", f"127.0.0.1:{port}")
    assert "--port" in found.hint


@pytest.mark.parametrize(
    ("command", "host"), [("serve", "0.0.0.0"), ("serve", "::"), ("serve", "workspace.example"), ("demo", "192.0.2.1")]
)
def test_no_other_machine_is_served(read_home: Path, tmp_path: Path, host: str, command: str) -> None:
    home = read_home if command == "serve" else tmp_path / "new"
    found = failed(command, "--home", home, "--host", host, "--port", "0")
    assert (found.code, found.where) == ("serve.not_local", host)
    assert not (tmp_path / "new").exists()


COMMANDS = [
    ["serve", "--port", "0"],
    ["refresh", "sales"],
    ["dataflow", "apply", "."],
    ["source", "list"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_what_is_no_home_is_told_and_left_alone(tmp_path: Path, arguments: list[str]) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        found = failed(*arguments, "--home", folder)
        assert (found.code, found.where) == ("home.missing", str(folder))
        assert "headwater init" in found.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_does_not_become_a_home(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("chapter 1")
    for command in (["init"], ["demo", "--once"]):
        assert failed(*command, "--home", tmp_path).code == "home.occupied"
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("stated", [FORMAT - 1, FORMAT + 1, '"one"'])
def test_a_home_of_another_format_is_told_and_left_alone(home: Path, stated: object) -> None:
    marker = home / "headwater.toml"
    text = marker.read_text()
    marker.write_text(text.replace(f"format = {FORMAT}", f"format = {stated}"))
    found = failed("refresh", "sales", "--home", home)
    assert (found.code, found.where) == ("home.version", str(marker))
    assert f"format {FORMAT}" in found.message
    marker.write_text(text)
    assert tables(home) == GOOD


@pytest.mark.parametrize("text", ["format = ", "format = 1\nfolders = 7\n", "format = 1\nfolders = [1]\n"])
def test_a_configuration_that_cannot_be_read_is_told(home: Path, text: str) -> None:
    (home / "headwater.toml").write_text(text)
    found = failed("serve", "--home", home, "--port", "0")
    assert (found.code, found.where) == ("home.unreadable", str(home / "headwater.toml"))


@pytest.mark.parametrize("revision", ["9999", None])
def test_a_database_of_another_version_is_told_and_left_alone(home: Path, revision: str | None) -> None:
    with sqlite3.connect(home / "headwater.db") as database:
        (known,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        database.execute("DELETE FROM alembic_version")
        if revision is not None:
            database.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    database.close()
    found = failed("refresh", "sales", "--home", home)
    assert (found.code, found.where) == ("home.version", str(home / "headwater.db"))
    assert f"revision {revision or 'none'}" in found.message
    assert known in found.message
    with sqlite3.connect(home / "headwater.db") as database:
        database.execute("DELETE FROM alembic_version")
        database.execute("INSERT INTO alembic_version VALUES (?)", (known,))
    database.close()
    assert tables(home) == GOOD


def test_a_damaged_database_is_told(home: Path) -> None:
    for file in home.glob("headwater.db*"):
        file.write_bytes(b"no database" * 1_000)
    found = failed("serve", "--home", home, "--port", "0")
    assert (found.code, found.where) == ("home.unreadable", str(home / "headwater.db"))


def json_lines(text: str) -> list[dict[str, object]]:
    """Every line as JSON; each is a record of a log."""
    records = [json.loads(line) for line in text.splitlines()]
    assert records
    assert all({"time", "level", "logger", "message"} <= record.keys() for record in records)
    return records


def test_logs_are_one_json_object_a_line_on_request(home: Path) -> None:
    run = headwater("--json-logs", "--verbose", "refresh", "sales", "--home", home)
    assert run.status == 0
    assert any("sales/totals: 4 rows" in str(record["message"]) for record in json_lines(run.err))


def test_an_error_is_a_json_log_too(read_home: Path) -> None:
    run = headwater("lineage", "sales/lost", "x", "--home", read_home, environ={"HEADWATER_JSON_LOGS": "1"})
    assert run.status == 1
    *_, record = json_lines(run.err)
    error = record["error"]
    assert isinstance(error, dict)
    assert error.keys() == {"code", "message", "where", "hint"}
    assert (record["level"], error["code"]) == ("ERROR", "not_found")


def test_the_servers_logs_are_json_too(read_home: Path) -> None:
    with started("--json-logs", "serve", "--home", read_home, "--port", "0") as process:
        first = line_with(process.stderr, "Headwater serves")
        found = re.search(r"http://[\d.]+:\d+", first)
        assert found is not None
        assert httpx.get(f"{found.group()}/api/tables/sales/lost", timeout=30, trust_env=False).status_code == 404
        rest = interrupt(process).err
    json_lines(first + rest)


def test_the_home_is_named_by_the_environment_too(read_home: Path, tmp_path: Path) -> None:
    environ = {"HEADWATER_HOME": str(read_home)}
    assert "sales" in headwater("dataflow", "list", cwd=tmp_path, environ=environ).out
    assert failure_in(headwater("dataflow", "list", cwd=tmp_path)).where == str(tmp_path / ".headwater")
