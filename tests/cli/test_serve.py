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
from tests.cli.command import ADMINISTRATOR, failed, failure_in, headwater, interrupt, line_with, started
from tests.cli.test_dataflows import GOOD, tables
from tests.server.authority import Authority
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
        with httpx.Client(base_url=address, headers=ADMINISTRATOR, timeout=30, trust_env=False) as client:
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
    ("options", "code", "where"),
    [
        (["--host", "0.0.0.0"], "serve.not_protected", "0.0.0.0"),
        (["--host", "::", "--public-url", "https://data.example.org"], "serve.not_protected", "::"),
        (["--host", "192.0.2.1", "--behind-proxy", "192.0.2.2"], "serve.no_name", "192.0.2.1"),
        (["--host", "data.example.org"], "serve.address", "data.example.org"),
        (["--public-url", "data.example.org"], "serve.public_url", "--public-url"),
        (["--behind-proxy", "proxy.example.org"], "serve.proxy", "--behind-proxy"),
        (["--tls-certificate", "missing.pem", "--tls-key", "missing.key"], "serve.tls_file", "missing.pem"),
        (["--tls-certificate", "missing.pem"], "usage", ""),
        (["--tls-key", "missing.key"], "usage", ""),
        (["--tls-key-password-file", "missing"], "usage", ""),
    ],
)
def test_what_it_may_not_start_with_is_told_before_anything_is_opened(
    tmp_path: Path, options: list[str], code: str, where: str
) -> None:
    found = failed("serve", "--home", tmp_path / "none", "--port", "0", *options)
    assert (found.code, found.where) == (code, where)


def test_the_demo_is_for_this_machine_alone(tmp_path: Path) -> None:
    found = failed("demo", "--home", tmp_path / "new", "--host", "192.0.2.1", "--port", "0")
    assert (found.code, found.where) == ("serve.not_local", "192.0.2.1")
    assert not (tmp_path / "new").exists()


def test_other_machines_are_served_over_tls_under_the_public_name(read_home: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("server", "data.example.org", "127.0.0.1", password=b"canary")
    password = tmp_path / "password"
    password.write_text("canary\n")
    environ = {
        "HEADWATER_SERVE_HOST": "0.0.0.0",
        "HEADWATER_SERVE_PORT": "0",
        "HEADWATER_TLS_CERTIFICATE": str(issued.certificate),
        "HEADWATER_TLS_KEY": str(issued.key),
        "HEADWATER_TLS_KEY_PASSWORD_FILE": str(password),
        "HEADWATER_PUBLIC_URL": "https://data.example.org",
        "HEADWATER_DRAIN_SECONDS": "1",
    }
    with started("serve", "--home", read_home, environ=environ) as process:
        line = line_with(process.stderr, "Headwater serves https://data.example.org (")
        found = re.search(r"listening on https://0\.0\.0\.0:(\d+)\.", line)
        assert found is not None, line
        address = f"https://127.0.0.1:{found[1]}"
        with httpx.Client(
            base_url=address, headers=ADMINISTRATOR, verify=authority.context, timeout=30, trust_env=False
        ) as client:
            answer = client.get("/readyz", headers={"host": "data.example.org"})
            assert answer.json()["status"] == "ready"
            assert answer.headers["strict-transport-security"]
            assert client.get("/api/overview", headers={"host": "data.example.org"}).status_code == 200
            assert client.get("/api/overview").json()["error"]["code"] == "request.host"
            # A probe knows the address alone.
            assert client.get("/healthz").status_code == 200
        outcome = interrupt(process, signal.SIGTERM)
        assert outcome.status == 0
        assert "canary" not in line + outcome.out + outcome.err


def test_a_certificate_for_other_names_is_for_a_proxy_alone(read_home: Path, tmp_path: Path) -> None:
    issued = Authority(tmp_path).issue("server", "inside.example.org")
    tls = ("--tls-certificate", str(issued.certificate), "--tls-key", str(issued.key))
    serve = ("serve", "--home", read_home, "--port", "0", *tls, "--public-url", "https://data.example.org")
    assert failed(*serve).code == "serve.tls_name"
    with started(*serve, "--behind-proxy", "127.0.0.1") as process:
        line_with(process.stderr, "Headwater serves https://data.example.org (")
        assert interrupt(process).status == 0


def test_lists_in_the_environment_are_parted_by_blanks(read_home: Path) -> None:
    environ = {
        "HEADWATER_PUBLIC_URL": "https://data.example.org/hw https://inside.example.org/hw",
        "HEADWATER_BEHIND_PROXY": "127.0.0.1 10.0.0.0/8",
    }
    with started("serve", "--home", read_home, "--port", "0", environ=environ) as process:
        line = line_with(process.stderr, "Headwater serves https://data.example.org/hw (")
        found = re.search(r"listening on (http://[\d.]+:\d+)\.", line)
        assert found is not None, line
        for host in ("data.example.org", "inside.example.org", "127.0.0.1"):
            answer = httpx.get(f"{found[1]}/hw/healthz", headers={"host": host}, timeout=30, trust_env=False)
            assert answer.status_code == 200
        assert interrupt(process).status == 0


def test_plain_http_between_people_and_a_proxy_is_warned_of(read_home: Path) -> None:
    with started("serve", "--home", read_home, "--port", "0", "--public-url", "http://data.example.org") as process:
        assert "WARNING" in line_with(process.stderr, "plain http")
        line_with(process.stderr, "Headwater serves")
        assert interrupt(process).status == 0


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
        lost = f"{found.group()}/api/tables/sales/lost"
        assert httpx.get(lost, headers=ADMINISTRATOR, timeout=30, trust_env=False).status_code == 404
        rest = interrupt(process).err
    json_lines(first + rest)


def test_the_home_is_named_by_the_environment_too(read_home: Path, tmp_path: Path) -> None:
    environ = {"HEADWATER_HOME": str(read_home)}
    assert "sales" in headwater("dataflow", "list", cwd=tmp_path, environ=environ).out
    assert failure_in(headwater("dataflow", "list", cwd=tmp_path)).where == str(tmp_path / ".headwater")
