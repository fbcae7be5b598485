"""A home folder whose metadata is in a PostgreSQL server's database: every command goes there."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url
from tests.access.databases import new_bare_database
from tests.cli.command import failed, failure_in, headwater

from headwater.app.home import CONFIGURATION, open_home
from headwater.app.metadata_place import VARIABLE, MetadataPlace
from headwater.app.runtime import Headwater
from headwater.errors import HomeError, SecretError
from headwater.store import Database, migrations

PASSWORD = "canary-of-the-database"
FLOW = {"dataflow.toml": '[dataflow]\nname = "numbers"\nload = ["n"]\n', "n.pq": '#table({"a"}, {{1}, {2}})'}


@pytest.fixture
def server_url(tmp_path: Path, postgresql_folder: str) -> str:
    """The URL of an empty database as a person writes it, without user and driver."""
    url = make_url(new_bare_database(tmp_path, postgresql_folder))
    return str(URL.create("postgresql", database=url.database, query=url.query))


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    folder = tmp_path / "numbers"
    folder.mkdir()
    for name, text in FLOW.items():
        (folder / name).write_text(text)
    return folder


def test_every_command_uses_the_database_that_init_was_told(tmp_path: Path, server_url: str, flow: Path) -> None:
    home, environ = tmp_path / "home", {"DB_PASSWORD": PASSWORD}
    told = ("--database", server_url, "--database-user", "postgres", "--database-password", "env:DB_PASSWORD")
    outcomes = [
        headwater("init", "--home", home, *told, environ=environ),
        headwater("dataflow", "apply", flow, "--home", home, environ=environ),
        headwater("refresh", "numbers", "--home", home, environ=environ),
        headwater("dataflow", "list", "--home", home, environ=environ),
        headwater("upgrade", "--home", home, environ=environ),
    ]
    assert [outcome.status for outcome in outcomes] == [0] * 5, outcomes
    status = headwater("status", "--json", "--home", home, environ=environ)
    found = json.loads(status.out)
    assert found["revision"] == migrations.head_revision()
    assert found["database"].startswith("postgresql+psycopg://postgres:***@")
    assert not list(home.glob("*.db*")), "nothing is in a file"
    written = "".join(outcome.out + outcome.err for outcome in [*outcomes, status])
    assert PASSWORD not in written + (home / CONFIGURATION).read_text()
    with Database(make_url(server_url).set(drivername="postgresql+psycopg", username="postgres")).read() as connection:
        assert connection.exec_driver_sql("SELECT name FROM dataflows").scalar_one() == "numbers"


def test_two_homes_of_one_database_are_one_installation(
    tmp_path: Path, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(make_url(server_url).set(username="postgres")))
    with Headwater.open(tmp_path / "a", create=True) as one, Headwater.open(tmp_path / "b", create=True) as other:
        assert one.installation == other.installation
        assert one.database.place == other.database.place
    assert not (tmp_path / "a" / "headwater.db").exists()


def test_the_environment_stands_above_the_file_and_never_shows_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = open_home(tmp_path / "home", create=True)
    monkeypatch.setenv(VARIABLE, f"postgresql://ann:{PASSWORD}@127.0.0.1:1/x")
    assert home.database_url.password == PASSWORD
    shown = repr(home) + repr(home.database_url) + str(home.database_url)
    assert PASSWORD not in shown
    with pytest.raises(HomeError) as caught:
        Headwater(home)
    assert (caught.value.code, caught.value.place) == (
        "home.unreadable",
        "postgresql+psycopg://ann:***@127.0.0.1:1/x",
    )
    assert PASSWORD not in str(caught.value) + caught.value.hint
    assert "server runs" in caught.value.hint and "\n" not in caught.value.message


@contextmanager
def silent_port() -> Iterator[int]:
    """A port at which nobody answers, though the connection is made."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_is_away_is_told_by_a_command(tmp_path: Path) -> None:
    with silent_port() as port:
        free = port
    outcome = headwater(
        "dataflow",
        "list",
        "--home",
        tmp_path / "h",
        environ={VARIABLE: f"postgresql://a:{PASSWORD}@127.0.0.1:{free}/x"},
    )
    assert failure_in(outcome).code == "home.missing", "the home folder comes first"
    headwater("init", "--home", tmp_path / "h")
    outcome = headwater(
        "dataflow",
        "list",
        "--home",
        tmp_path / "h",
        environ={VARIABLE: f"postgresql://a:{PASSWORD}@127.0.0.1:{free}/x"},
    )
    found = failure_in(outcome)
    assert found.code == "home.unreadable" and "refused" in found.message and PASSWORD not in outcome.err


@pytest.mark.parametrize(
    ("table", "word"),
    [
        (f'url = "postgresql://ann:{PASSWORD}@h/x"', "password"),
        (f'url = "postgresql://h/x"\npassword = "{PASSWORD}"', "password"),
        ('url = "mysql://h/x"', "PostgreSQL"),
        ('url = "postgresql://h"', "PostgreSQL"),
        ('url = "nonsense"', "PostgreSQL"),
        ('user = "ann"', "url"),
        ("url = 5", "url"),
        ('url = "postgresql://h/x"\nport = 5', "port"),
    ],
)
def test_what_the_table_cannot_say_is_told_without_showing_it(tmp_path: Path, table: str, word: str) -> None:
    home = open_home(tmp_path / "home", create=True).path
    with (home / CONFIGURATION).open("a") as file:
        file.write(f"\n[database]\n{table}\n")
    found = failed("status", "--home", home)
    assert found.code == "home.unreadable" and word in found.message
    assert PASSWORD not in found.message + found.hint + found.where


def test_a_password_on_the_command_line_is_refused(tmp_path: Path) -> None:
    for given in (
        ("--database", f"postgresql://ann:{PASSWORD}@h/x"),
        ("--database", "postgresql://h/x", "--database-password", PASSWORD),
    ):
        found = failed("init", "--home", tmp_path / "home", *given)
        assert found.code == "usage" and PASSWORD not in found.message + found.hint
    assert not (tmp_path / "home").exists()


def test_a_home_that_is_there_keeps_its_database(tmp_path: Path) -> None:
    headwater("init", "--home", tmp_path / "home")
    found = failed("init", "--home", tmp_path / "home", "--database", "postgresql://h/x")
    assert found.code == "conflict"


def test_a_reference_that_leads_nowhere_says_so(tmp_path: Path) -> None:
    place = MetadataPlace("postgresql://h/x", "ann", f"file:{tmp_path / 'absent'}")
    with pytest.raises(SecretError):
        place.resolve(tmp_path, {})
    (tmp_path / "there").write_text(PASSWORD + "\n")
    place = MetadataPlace("postgresql://h/x", "ann", f"file:{tmp_path / 'there'}")
    assert place.resolve(tmp_path, {}).password == PASSWORD
    assert open_home(tmp_path / "home", create=True, metadata=place).metadata == place


def test_a_driver_that_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(HomeError) as caught:
        Database("postgresql+psycopg://h/x")
    assert caught.value.code == "home.driver" and "headwater[postgresql]" in caught.value.hint


def test_a_lost_connection_is_replaced(tmp_path: Path, server_url: str) -> None:
    """What a server that starts anew does to connections that wait in the pool."""
    database = Database(make_url(server_url).set(drivername="postgresql+psycopg", username="postgres"))
    database.upgrade()
    other = Database(database.engine.url)
    with other.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert database.revision() == migrations.head_revision()
    database.close()
    other.close()
