"""``headwater source``, ``connection`` and ``collection``, with secrets from where a command takes them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.access.people.test_canaries import Canaries
from tests.cli.command import COMMAND, SECONDS, Outcome, environment, failed, failure_in, headwater, succeeded
from tests.workspaces.stored.support import PUBLIC, Probe, probe

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater

WEB = "https://api.example.com/v2"
SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A home with a collection; of the environment, references may lead to ALLOWED."""
    with Headwater.open(tmp_path / "home", create=True) as app:
        app.collections.add(SYSTEM, "ml", "Machine learning")
    with (tmp_path / "home" / "headwater.toml").open("a") as configuration:
        configuration.write('\n[secrets]\nvariables = ["ALLOWED"]\n')
    return tmp_path / "home"


@pytest.fixture(scope="module")
def probed() -> Iterator[Probe]:
    with probe() as running:
        yield running


def piped(text: str, *arguments: str | Path) -> Outcome:
    """Run a command with something on its standard input."""
    run = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=text,
        env=environment(None),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert "Traceback" not in run.stdout + run.stderr, run.stderr
    return Outcome(run.returncode, run.stdout, run.stderr)


def rows(*arguments: str | Path) -> list[list[str]]:
    return [line.split("\t") for line in succeeded(*arguments).out.splitlines()]


def done(outcome: Outcome) -> Outcome:
    assert outcome.status == 0, outcome.err
    return outcome


def test_collections_are_added_and_listed(place: Path) -> None:
    at = ("--home", place)
    added = succeeded("collection", "add", "risk", "--display-name", "Risk team", "--parent", "ml", *at)
    assert added.err == "collection risk, in ml\n"
    listed = rows("collection", "list", *at)
    assert ["ml", "Machine learning", "root"] in listed
    assert ["risk", "Risk team", "ml"] in listed
    assert failed("collection", "add", "risk", "--parent", "ml", *at).code in {"conflict", "access.scope"}
    assert {each["name"] for each in json.loads(succeeded("collection", "list", "--json", *at).out)} >= {"root", "risk"}


def test_a_source_is_shown_changed_and_removed(place: Path) -> None:
    at = ("--home", place)
    options = ("--display-name", "Risk", "--collection", "ml", "--credential-mode", "personal")
    network = ("--private-network", "10.0.0.0/8", "--private-network", "fd00::/8", "--subscription", SUBSCRIPTION)
    succeeded("source", "add", "risk", PUBLIC, *options, *network, *at)
    shown = dict(rows("source", "show", "risk", *at))
    assert (shown["display name"], shown["collection"], shown["credentials"]) == ("Risk", "ml", "personal")
    assert shown["private networks"] == "10.0.0.0/8,fd00::/8"
    changed = succeeded("source", "change", "risk", "--credential-mode", "service", "--collection", "root", *at)
    assert changed.err == f"source risk (mlflow): {PUBLIC}, in collection root\n"
    (listed,) = json.loads(succeeded("source", "list", "--json", *at).out)
    assert listed["last_scan"] is None
    assert listed["source"]["private_networks"] == ["10.0.0.0/8", "fd00::/8"], "what is not given stays"
    assert listed["source"]["settings"] == {"subscription": SUBSCRIPTION}
    assert listed["source"]["credential_mode"] == "service"
    succeeded("source", "change", "risk", "--no-private-networks", *at)
    assert dict(rows("source", "show", "risk", *at))["private networks"] == "none"
    for wrong in (("--credential-mode", "none"), ("--url", "nowhere"), ("--private-network", "nonsense")):
        assert failed("source", "change", "risk", *wrong, *at).code.startswith("usage")
    assert succeeded("source", "remove", "risk", *at).err == "source risk is gone\n"
    assert failed("source", "show", "risk", *at).code == "not_found"


def test_a_source_is_trusted_and_distrusted(place: Path) -> None:
    at = ("--home", place)
    succeeded("source", "add", "risk", PUBLIC, *at)
    succeeded("source", "add", "own", PUBLIC, "--trust", *at)
    assert {row[0]: row[-1] for row in rows("source", "list", *at)} == {"own": "trusted", "risk": "not trusted"}
    succeeded("source", "trust", "risk", *at)
    assert dict(rows("source", "show", "risk", *at))["trusted"] == "yes"
    succeeded("source", "distrust", "risk", *at)
    assert dict(rows("source", "show", "risk", *at))["trusted"] == "no"


def test_a_source_is_called_with_the_secret_it_was_given(place: Path, probed: Probe) -> None:
    at = ("--home", place)
    succeeded("source", "add", "risk", probed.url, *at)
    given = ("source", "credential", "risk", "--kind")
    ways: tuple[tuple[tuple[str | Path, ...], str, Mapping[str, str], str], ...] = (
        ((*given, "basic", "--field", "username=ann", "--secret-stdin"), "hunter2\n", {}, "Basic YW5uOmh1bnRlcjI="),
        ((*given, "token", "--secret-env", "MINE"), "", {"MINE": "a token"}, "Bearer a token"),
        ((*given, "token", "--reference", "env:ALLOWED"), "", {"ALLOWED": "referred"}, "Bearer referred"),
    )
    for command, text, environ, expected in ways:
        outcome = piped(text, *command, *at) if text else headwater(*command, *at, environ=environ)
        assert done(outcome).err == f"risk: the credential is of kind {command[4]}\n"
        probed.shown.clear()
        done(headwater("source", "test", "risk", *at, environ=environ))
        assert set(probed.shown) == {expected}
    assert "secret: env:ALLOWED" in succeeded("source", "show", "risk", *at).out
    assert succeeded("source", "credential", "risk", "--remove", *at).err == "risk: the credential is gone\n"
    assert "credential\t" not in succeeded("source", "show", "risk", *at).out


@pytest.mark.parametrize(
    "options",
    [
        ("--kind", "token", "--secret-stdin", "--secret-env", "MINE"),
        ("--kind", "token", "--secret-stdin", "--reference", "env:ALLOWED"),
        ("--kind", "token", "--secret-env", "canary-hunter2"),
        ("--kind", "basic", "--field", "canary-hunter2", "--secret-stdin"),
        ("--kind", "token", "--reference", "canary-hunter2"),
        ("--kind", "token", "--secret-stdin"),
        ("--remove", "--kind", "token"),
        (),
    ],
)
def test_what_is_no_credential_is_told_without_repeating_it(place: Path, options: tuple[str, ...]) -> None:
    succeeded("source", "add", "risk", PUBLIC, "--home", place)
    outcome = headwater("source", "credential", "risk", *options, "--home", place)
    assert failure_in(outcome).code.startswith("usage")
    assert "canary" not in outcome.out + outcome.err


def test_a_secret_that_is_no_text_is_told(place: Path) -> None:
    succeeded("source", "add", "risk", PUBLIC, "--home", place)
    command = ("source", "credential", "risk", "--kind", "token", "--secret-stdin", "--home", place)
    for sent in (b"\xff\xfecanary", b""):
        run = subprocess.run(
            [*COMMAND, *map(str, command)], input=sent, env=environment(None), capture_output=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
        outcome = Outcome(run.returncode, run.stdout.decode(), run.stderr.decode())
        assert failure_in(outcome).code == "usage"
        assert "canary" not in outcome.err
        assert "Traceback" not in outcome.err


def test_no_command_takes_a_secret_as_an_argument(place: Path) -> None:
    for command in (("source", "credential", "risk"), ("connection", "credential", "db"), ("connection", "add", "db")):
        assert failed(*command, "--secret", "hunter2", "--home", place, status=2).code == "usage"


def test_connections_are_kept_shown_changed_and_removed(place: Path) -> None:
    at = ("--home", place)
    options = ("--credential", "username_password", "--field", "username=reader", "--secret-stdin")
    made = piped("hunter2\n", "connection", "add", "Sales DB", "PostgreSQL", "db.example.com; sales", *options,
                 "--privacy", "Private", "--collection", "ml", *at)  # fmt: skip
    assert done(made).err == "connection Sales DB (PostgreSQL): db.example.com;sales, in collection ml\n"
    with Headwater.open(place) as app:
        number = app.connections.get(SYSTEM, "Sales DB").id
        secret = app.connections.resolve(SYSTEM, number, purpose="test").secret
        assert secret is not None
        assert secret.reveal() == "hunter2", "without the shell's line break"
    assert rows("connection", "list", *at) == [
        ["Sales DB", "PostgreSQL", "db.example.com;sales", "Private", "ml", "username_password"]
    ]
    *_, credential = rows("connection", "show", "Sales DB", *at)
    assert credential[:4] == ["credential", "username_password", "username=reader", "secret: stored"]
    succeeded("connection", "change", "Sales DB", "--privacy", "None", "--collection", "root", *at)
    assert rows("connection", "list", *at)[0][3:] == ["None", "root", "username_password"]
    succeeded("connection", "credential", "Sales DB", "--kind", "anonymous", *at)
    (listed,) = json.loads(succeeded("connection", "list", "--json", *at).out)
    assert listed["credential_kind"] == "anonymous"
    assert failed("connection", "change", "Sales DB", "--privacy", "Secret", *at).code == "usage"
    assert succeeded("connection", "remove", "Sales DB", *at).err == "connection Sales DB is gone\n"
    assert rows("connection", "list", *at) == []


def test_azure_is_not_asked_with_what_it_does_not_take(place: Path) -> None:
    for command in (("azure-subscriptions",), ("azure-workspaces", "5b2c")):
        found = failure_in(piped("x", "source", *command, "--kind", "basic", "--field", "username=a",
                                 "--secret-stdin", "--home", place))  # fmt: skip
        assert found.message == "Azure takes no credential of kind basic."


def test_no_canary_sings(place: Path) -> None:
    canaries, told, at = Canaries(), [], ("--home", place)
    succeeded("source", "add", "risk", PUBLIC, *at)
    for command in (
        ("source", "credential", "risk", "--kind", "token"),
        ("connection", "add", "Sales", "Web", WEB, "--credential", "key"),
        ("connection", "credential", "Sales", "--kind", "oauth2"),
    ):
        told.append(done(piped(canaries.new(" ".join(command)), "--verbose", *command, "--secret-stdin", *at)))
    wrong = canaries.new("mistaken")
    told.append(piped(wrong, "--verbose", "source", "credential", "risk", "--kind", "anonymous", "--secret-stdin", *at))
    assert told[-1].status == 1
    for shown in (("source", "show", "risk"), ("connection", "show", "Sales"), ("audit", "export")):
        told.append(succeeded(*shown, *at))
    assert "credential.set" in told[-1].out
    for outcome in told:
        assert canaries.found_in((outcome.out + outcome.err).encode()) == []
    stored = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert b"api.example.com" in stored
    assert canaries.found_in(stored) == []
