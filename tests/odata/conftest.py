"""A home with a table of every published type, one of many rows and an empty one; a client, and a real server."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from headwater.access import SYSTEM
from headwater.access.administrator import AdministratorToken
from headwater.app.identity import Identity
from headwater.app.runtime import Headwater
from headwater.server.application import create_app
from headwater.server.listening import bind

TOKEN = secrets.token_urlsafe(32)
BASIC = {"Authorization": "Basic " + base64.b64encode(f"anybody:{TOKEN}".encode()).decode()}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ROWS = 25_000

#: A row of greatest and oddest values, a plain one, one of nulls.
EVERY_TYPE = """#table(
    type table [
        no = Int64.Type, logical = logical, whole = Int64.Type, number = number, text = text, date = date, time = time,
        datetime = datetime, zoned = datetimezone, duration = duration, binary = binary,
        record = [#"a b" = Int64.Type, t = text], list = {number}, lists = {{text}}, #"Änd 1" = text
    ],
    {
        {1, true, 9223372036854775807, 0.1, "a""\\#(lf)ü=1", #date(1, 1, 1), #time(23, 59, 59.9999999),
         #datetime(2024, 2, 29, 10, 30, 5.25), #datetimezone(2024, 2, 29, 10, 30, 5.25, -5, -30),
         #duration(3, 4, 5, 6.0000007), #binary({0, 255, 62, 63}), [#"a b" = 5, t = null], {1.5, null},
         {{"x", null}, {}}, "é"},
        {2, false, -9007199254740993, -1e300, "", #date(9999, 12, 31), #time(0, 0, 0), #datetime(1, 1, 1, 0, 0, 0),
         #datetimezone(9999, 12, 31, 1, 0, 0, 14, 0), #duration(-1, 0, 0, -0.5), #binary({}),
         [#"a b" = null, t = "t"], {}, {}, "b"},
        {3, null, null, null, null, null, null, null, null, null, null, null, null, null, null}
    }
)"""

MANY = f"""let
    Numbers = List.Numbers(0, {ROWS}),
    Rows = List.Transform(Numbers, (n) => {{n, Number.Mod(n * 7919, {ROWS}) / 4, Text.From(Number.Mod(n, 10))}})
in
    #table(type table [id = Int64.Type, amount = number, #"the group" = text], Rows)"""

SETTINGS = """[dataflow]
name = "every type"
load = ["types", "many", "the empty one"]

[entities.many]
key = ["id"]
"""


def publish(app: Headwater, folder: Path, settings: str, queries: dict[str, str]) -> None:
    """Save a dataflow of these queries and refresh it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataflow.toml").write_text(settings, "utf-8")
    for name, text in queries.items():
        (folder / f"{name}.pq").write_text(text, "utf-8")
    app.refresh(SYSTEM, app.apply(SYSTEM, folder).name)


@pytest.fixture(scope="session")
def odata_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headwater]:
    """For tests that change nothing."""
    folder = tmp_path_factory.mktemp("odata")
    with Headwater.open(folder / "home", create=True) as app:
        app.identity = Identity(app.database, AdministratorToken(TOKEN))
        empty = "#table(type table [a = Int64.Type, b = datetimezone], {})"
        publish(app, folder / "flow", SETTINGS, {"types": EVERY_TYPE, "many": MANY, "the empty one": empty})
        yield app


@pytest.fixture
def client(odata_home: Headwater) -> Iterator[TestClient]:
    app = create_app(odata_home)
    with TestClient(app, base_url="http://127.0.0.1", headers=BASIC, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def served(odata_home: Headwater) -> Iterator[str]:
    """The address of a server over the home."""
    server = uvicorn.Server(uvicorn.Config(create_app(odata_home), log_config=None))
    with bind("127.0.0.1", 0) as bound:
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


def every(client: TestClient, address: str, **headers: str) -> list[dict[str, Any]]:
    """The entities of all pages."""
    found: list[dict[str, Any]] = []
    link: str | None = address
    while link is not None:
        answer = client.get(link, headers=headers)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        found += document["value"]
        link = document.get("@odata.nextLink")
    return found
