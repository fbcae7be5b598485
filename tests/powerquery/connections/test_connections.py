"""Connections: which one serves a source, where its secret comes from, and that nobody is shown it."""

from __future__ import annotations

import copy
import pickle
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import HeadwaterError, MError, NotFoundError, UsageError
from headwater.powerquery import Session
from headwater.powerquery.connections import (
    Anonymous,
    Connection,
    Connections,
    Key,
    OAuth2,
    Privacy,
    UsernamePassword,
)
from headwater.powerquery.connections.file import read_connections
from headwater.secret import Secret

CANARY = "canary-5d41402abc4b"


# -- finding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path", "served", "not_served"),
    [
        ("Web", "https://a.example/api", "https://A.example:443/api/x?y=1", "https://a.example/apis"),
        ("Web", "https://a.example", "https://a.example/any", "http://a.example/any"),
        ("Web", "https://a.example/a b", "https://a.example/a%20b/c", "https://a.example/a"),
        ("PostgreSQL", "localhost;Sales", "LOCALHOST;sales", "localhost;salary"),
        ("PostgreSQL", "localhost", "localhost;sales", "localhost:5433;sales"),
        ("Odbc", "", "dsn=anything", None),
        ("Folder", "/data/raw/", "/data/raw/a.csv", "/data/rawer/a.csv"),
        ("Folder", "C:\\data", "C:\\data\\a.csv", "C:\\dat"),
        ("Folder", "C:\\Data\\", "c:/x/../DATA/./a.csv", "C:\\data\\..\\a.csv"),
        ("Folder", "\\\\server\\share", "//SERVER/share/a.csv", "\\\\server\\shared"),
        ("Folder", "/data", "/x/../data/a.csv", "/Data/a.csv"),
    ],
)
def test_a_connection_serves_what_is_below_its_path(kind: str, path: str, served: str, not_served: str | None) -> None:
    connection = Connection(kind, path)
    known = Connections([connection])
    assert known(kind, served) is connection
    assert not_served is None or known(kind, not_served) is None
    assert known("Other", served) is None


def test_the_longest_prefix_wins() -> None:
    short, long = Connection("Web", "https://a.example"), Connection("Web", "https://a.example/api/v2")
    for order in ([short, long], [long, short]):
        known = Connections(order)
        assert known("Web", "https://a.example/api/v2/x") is long
        assert known("Web", "https://a.example/api/v1") is short


def test_a_folders_connection_serves_its_files() -> None:
    folder = Connection("Folder", "/data", privacy=Privacy.PRIVATE)
    assert Connections([folder])("File", "/data/a.csv") is folder


def test_a_missing_connection_is_an_error_that_says_which() -> None:
    with pytest.raises(MError) as caught:
        Session().connection("PostgreSQL", "localhost;sales")
    assert caught.value.reason == "DataSource.Error"
    assert "PostgreSQL 'localhost;sales'" in caught.value.message
    assert "--connections" in caught.value.hint
    with pytest.raises(MError) as caught:
        Session().connection("Web", f"https://a.example/x?token={CANARY}")
    assert CANARY not in str(caught.value.to_dict())


@given(st.text(max_size=40))
def test_any_path_finds_or_does_not(path: str) -> None:
    known = Connections([Connection("Sql", "server;db"), Connection("File", "/data")])
    for kind in ("Sql", "File"):
        assert known(kind, path) is None or isinstance(known(kind, path), Connection)


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_a_secret_is_shown_to_nobody() -> None:
    secret = Secret(CANARY)
    for credential in (UsernamePassword("ann", secret), Key(secret), OAuth2(secret)):
        connection = Connection("Web", "https://a.example", credential)
        session = Session(connections=Connections([connection]))
        shown = f"{secret} {secret!r} {credential} {connection!r} {connection} {vars(session)} {connection.label}"
        assert CANARY not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert copy.copy([secret])[0].reveal() == CANARY


# -- the file ----------------------------------------------------------------------------------------------------------


def written(folder: Path, text: str) -> Path:
    file = folder / "connections.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_file_says_where_secrets_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", CANARY)
    (tmp_path / "token.txt").write_text("t0ken\n")
    known = read_connections(
        written(
            tmp_path,
            """
            [[connection]]
            kind = "PostgreSQL"
            path = "localhost;sales"
            privacy = "organizational"
            username = "ann"
            password = { env = "DB_PASSWORD" }

            [[connection]]
            kind = "Web"
            path = "https://a.example"
            token = { file = "token.txt" }

            [[connection]]
            kind = "Folder"
            path = "/data"
            privacy = "Private"
            """,
        )
    )
    assert known("PostgreSQL", "localhost;sales") == Connection(
        "PostgreSQL", "localhost;sales", UsernamePassword("ann", Secret(CANARY)), Privacy.ORGANIZATIONAL
    )
    web, folder = known("Web", "https://a.example/x"), known("File", "/data/a")
    assert web is not None
    assert folder is not None
    assert (web.credential, web.privacy) == (OAuth2(Secret("t0ken")), Privacy.NONE)
    assert (folder.credential, folder.privacy) == (Anonymous(), Privacy.PRIVATE)


def test_a_relative_folder_is_from_the_files_own(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "a.txt").write_text("ann")
    text = '[[connection]]\nkind = "Folder"\npath = "people"\nprivacy = "Private"'
    known = read_connections(written(tmp_path, text))
    found = known("File", f"{tmp_path.resolve()}/people/a.txt")
    assert found is not None
    assert found.privacy is Privacy.PRIVATE


HEAD = '[[connection]]\nkind = "Web"\npath = "https://a.example"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + f'token = "{CANARY}"', "'token' does not say where the secret is"),
        (HEAD + f'token = {{ env = "X", text = "{CANARY}" }}', "'token' does not say where the secret is"),
        (HEAD + f'secret = "{CANARY}"', "'secret' is no field of a connection"),
        (HEAD + f'token = "{CANARY}', "not TOML"),
        (HEAD + 'token = { env = "NOT_SET_ANYWHERE" }', "environment variable 'NOT_SET_ANYWHERE'"),
        (HEAD + 'token = { file = "missing.txt" }', "'missing.txt' for 'token' cannot be read"),
        (HEAD + 'username = "ann"', "make no credential"),
        (HEAD + 'username = "ann"\nkey = { env = "PATH" }', "make no credential"),
        (HEAD + 'privacy = "Secret"', "'Secret' is no privacy level"),
        (HEAD + "privacy = 3", "'privacy' is not a text"),
        ('[[connection]]\nkind = "Web"', "'path' is missing"),
        ('[[connection]]\nkind = "Web"\npath = "a.example"', "The address cannot be used"),
        ("connection = 3", "something else"),
        ('[[connections]]\nkind = "Web"', "something else"),
    ],
)
def test_what_a_file_may_not_hold(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_connections(written(tmp_path, text))
    assert message in caught.value.message
    assert "connections.toml" in caught.value.place
    assert CANARY not in everything(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_connections(tmp_path / "none.toml")
    with pytest.raises(UsageError):
        read_connections(tmp_path)


def everything(error: HeadwaterError) -> str:
    """The error as any interface would show it, with its causes."""
    return "".join(traceback.format_exception(error)) + str(error.to_dict())
