"""The catalog of one Headwater, pushed into another that is started, and read back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import insert, select, text, update
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.atlas.conftest import listening
from tests.policies.town import publish
from tests.server.homes import home_over

from headwater.access import SYSTEM, Actor, Via
from headwater.access.administrator import AdministratorToken
from headwater.app.home import open_home
from headwater.app.identity import Identity
from headwater.app.pushing import Pushes, PushReport, Target
from headwater.app.runtime import Headwater
from headwater.catalog import (
    AssetRecord,
    AssetService,
    ColumnRecord,
    LineageRecord,
    record_process,
)
from headwater.errors import ForbiddenError, HomeError, NotFoundError, RemoteError
from headwater.server.application import create_app
from headwater.store import tables, utc_now

TYPE = {
    "category": "ENTITY",
    "name": "team_sheet",
    "superTypes": ["DataSet"],
    "attributeDefs": [{"name": "team", "typeName": "string", "isOptional": True}],
}
VARIABLE = "HEADWATER_TEST_PUSH_TOKEN"


@dataclass
class Faults:
    """What the other side does wrong before it does right."""

    busy: int = 0
    cut: int = 0
    poison: bytes = b""
    refuse: int = 0
    requests: int = 0
    bodies: list[bytes] = field(default_factory=list)


class Faulty:
    """A server that is busy, hangs up, or chokes on one entity, before its application."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app, self._faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "GET":
            await self._app(scope, receive, send)
            return
        faults = self._faults
        faults.requests += 1
        body = await _body(receive)
        faults.bodies.append(body)
        if faults.refuse:
            await _answer(send, faults.refuse)
        elif faults.busy:
            faults.busy -= 1
            await _answer(send, 429)
        elif faults.cut:
            faults.cut -= 1
            # A promise of more than comes: the server hangs up.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"999")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": False})
        elif faults.poison and faults.poison in body:
            await _answer(send, 400)
        else:
            await self._app(scope, _again(body), send)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes) -> Receive:
    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"retry-after", b"0")]})
    await send({"type": "http.response.body", "body": b'{"errorCode": "ATLAS-400", "errorMessage": "secret row"}'})


@dataclass
class Pair:
    """This catalog, the other one, and what stands between them."""

    here: Headwater
    there: Headwater
    faults: Faults
    target: Target

    def push(self, *, full: bool = False, **more: Any) -> PushReport:
        target = Target(**{**{name: getattr(self.target, name) for name in _FIELDS}, **more})
        return Pushes(self.here.database, [target]).push(SYSTEM, target.name, full=full)


_FIELDS = tuple(Target.__dataclass_fields__)


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    faults, token = Faults(), secrets.token_urlsafe(32)
    monkeypatch.setenv(VARIABLE, token)
    with pytest.MonkeyPatch.context() as patch:
        here = Headwater(home_over(request, tmp_path / "here", patch))
    with pytest.MonkeyPatch.context() as patch:
        there = Headwater(home_over(request, tmp_path / "there", patch))
    with here, there:
        there.identity = Identity(there.database, AdministratorToken(token))
        server = listening(there)
        server._server = uvicorn.Server(
            uvicorn.Config(Faulty(create_app(there), faults), log_config=None, timeout_graceful_shutdown=1)
        )
        server._thread._kwargs = {"sockets": [server._socket]}  # type: ignore[attr-defined]  # the same thread
        server._thread._target = server._server.run  # type: ignore[attr-defined]  # of this server
        with server as url:
            target = Target("other", f"{url}/api/atlas/v2", "token", secret=f"env:{VARIABLE}")
            fill(here, tmp_path / "flows")
            yield Pair(here, there, faults, target)


def fill(app: Headwater, folder: Path) -> None:
    """Collections, a dataflow with a table, a model that was trained on a file, a type of one's own; annotations."""
    from headwater.catalog.types.defining import create_types

    app.collections.add(SYSTEM, "lab")
    create_types(
        app.database,
        SYSTEM,
        {"entityDefs": [TYPE], "classificationDefs": [{"name": "Pay", "category": "CLASSIFICATION"}]},
    )
    publish(app, folder, "staff", "root", {"people": '#table(type table [id = text], {{"1"}})'})
    columns = (ColumnRecord("id", "int64"), ColumnRecord("late", "logical"))
    file = AssetRecord("dataset", "file:///flights.csv", "flights.csv", {"rows": 3}, columns, "lab")
    workspace = AssetRecord("ml_workspace", "mlflow://h:1", "lab", collection="lab")
    model = AssetRecord("ml_model", "mlflow://h:1/models/m", "m", {"tags": {"a": "b"}}, None, "lab", workspace.ref)
    version = AssetRecord("ml_model_version", "mlflow://h:1/models/m/versions/1", "m v1", {}, None, "lab", model.ref)
    sheet = AssetRecord("team_sheet", "sheet://1", "sheet", {"team": "red"}, collection="lab")
    AssetService(app.database).upsert([file, workspace, model, version, sheet])
    job = AssetRecord("ml_job", "mlflow://h:1/jobs/r", "train", {"metrics": {"auc": 0.75}}, None, "lab", workspace.ref)
    record_process(app.database, LineageRecord(job, (file.ref,), (version.ref,)))
    with app.database.begin() as connection:
        number = connection.execute(
            select(tables.assets.c.id).where(tables.assets.c.qualified_name == "file:///flights.csv")
        ).scalar_one()
        connection.execute(insert(tables.asset_labels).values(asset_id=number, label="gold"))
        said = {"asset_id": number, "type_name": "Pay", "created_at": utc_now(), "created_by": "t"}
        connection.execute(insert(tables.asset_classifications).values(said))


def known(app: Headwater, *, collection: str = "") -> dict[tuple[str, str], Any]:
    """Everything of a catalog that is to be found in another one, by type and qualified name."""
    from headwater.catalog.entities.reading import entities_by_id

    with app.database.read() as connection:
        numbers = list(connection.scalars(select(tables.assets.c.id).where(tables.assets.c.status == "active")))
        entities = entities_by_id(connection, SYSTEM, numbers)
    return {
        (each["typeName"], each["attributes"]["qualifiedName"]): _compared(each)
        for each in entities
        if not collection or each["collectionId"] == collection
    }


def _compared(entity: dict[str, Any]) -> dict[str, Any]:
    attributes = {k: v for k, v in entity["attributes"].items() if v is not None and k not in {"inputs", "outputs"}}
    related = {
        name: sorted(
            each["uniqueAttributes"]["qualifiedName"] for each in (value if isinstance(value, list) else [value])
        )
        for name, value in entity["relationshipAttributes"].items()
        if value
    }
    classified = sorted(each["typeName"] for each in entity["classifications"])
    return {"attributes": attributes, "related": related, "labels": entity["labels"], "classified": classified}


def test_what_one_catalog_knows_is_read_back_equal_from_the_other(pair: Pair) -> None:
    report = pair.push()
    assert (report.full, report.warnings) == (True, ())
    expected = known(pair.here)
    assert known(pair.there) == expected
    assert report.entities == len(expected)
    assert expected["ml_job", "mlflow://h:1/jobs/r"]["related"]["inputs"] == ["file:///flights.csv"]
    assert expected["dataset", "file:///flights.csv"]["classified"] == ["Pay"]
    assert len(expected["dataset", "file:///flights.csv"]["related"]["columns"]) == 2


def test_the_next_push_sends_what_changed_alone(pair: Pair) -> None:
    pair.push()
    again = pair.push()
    assert (again.full, again.entities, again.related) == (False, 0, 0)
    AssetService(pair.here.database).upsert([AssetRecord("team_sheet", "sheet://1", "sheet", {"team": "blue"})])
    changed = pair.push()
    assert (changed.full, changed.entities) == (False, 1)
    assert known(pair.there)["team_sheet", "sheet://1"]["attributes"]["team"] == "blue"
    assert pair.push(full=True).entities == len(known(pair.here))
    assert pair.push(types=("team_sheet",)).full, "other settings begin anew"


def test_only_what_the_settings_name_is_pushed(pair: Pair) -> None:
    pair.there.collections.add(SYSTEM, "shared")
    report = pair.push(collections=("lab",), types=("dataset", "column", "ml_model"), into="shared")
    assert report.warnings == ()
    found = known(pair.there)
    expected = known(pair.here, collection="lab")
    assert set(found) == {name for name in expected if name[0] in {"dataset", "column", "ml_model"}}
    assert known(pair.there, collection="shared") == found
    assert "inputToProcesses" not in found["dataset", "file:///flights.csv"]["related"]


def test_what_is_gone_is_deleted_there_where_that_is_asked_for(pair: Pair) -> None:
    pair.push()
    name = ("team_sheet", "sheet://1")
    for deletions in (False, True):
        gone(pair.here, name)
        report = pair.push(deletions=deletions)
        assert (report.deleted, name in known(pair.there)) == (int(deletions), not deletions)


def gone(app: Headwater, name: tuple[str, str]) -> None:
    from headwater.store.changes import next_change

    with app.database.begin() as connection:
        asset = tables.assets.c
        values = {"status": "missing", "change": next_change(connection)}
        connection.execute(update(tables.assets).where(asset.qualified_name == name[1]).values(values))


def test_a_busy_server_and_one_that_hangs_up_are_asked_again(pair: Pair) -> None:
    pair.faults.busy, pair.faults.cut = 3, 0
    assert pair.push().warnings == ()
    assert known(pair.there) == known(pair.here)
    pair.faults.cut = 2
    AssetService(pair.here.database).upsert([AssetRecord("dataset", "s3://b/k", "k")])
    assert pair.push().entities == 1
    assert known(pair.there) == known(pair.here)


def test_one_bad_entity_is_a_warning_and_costs_no_other(pair: Pair) -> None:
    pair.faults.poison = b'"name":"m v1"'
    report = pair.push()
    assert [(warned.type_name, warned.status) for warned in report.warnings] == [("ml_model_version", 400)]
    assert "secret row" not in str(report)
    expected = known(pair.here)
    assert set(known(pair.there)) == set(expected) - {("ml_model_version", "mlflow://h:1/models/m/versions/1")}


def test_a_credential_that_is_refused_ends_the_push_and_the_next_begins_anew(pair: Pair) -> None:
    pair.faults.refuse = 403
    with pytest.raises(RemoteError) as refused:
        pair.push()
    assert pair.faults.requests == 1, "nothing else is tried"
    assert secret_of(pair) not in f"{refused.value!r} {refused.value.to_dict()}"
    pair.faults.refuse = 0
    assert pair.push().full
    assert known(pair.there) == known(pair.here)


def secret_of(pair: Pair) -> str:
    import os

    return os.environ[VARIABLE]


def test_only_who_manages_the_server_pushes(pair: Pair) -> None:
    nobody = Actor("00000000-0000-4000-8000-000000000007", "nobody", Via.SESSION)
    pushes = Pushes(pair.here.database, [pair.target])
    with pytest.raises(ForbiddenError):
        pushes.push(nobody, "other")
    with pytest.raises(ForbiddenError):
        pushes.list(nobody)
    with pytest.raises(NotFoundError):
        pushes.push(SYSTEM, "another")
    assert [(state.name, state.pushed_at) for state in pushes.list(SYSTEM)] == [("other", None)]
    pushes.push(SYSTEM, "other")
    assert pushes.list(SYSTEM)[0].report is not None


def test_targets_are_described_in_the_configuration(tmp_path: Path) -> None:
    open_home(tmp_path / "home", create=True)
    file = tmp_path / "home" / "headwater.toml"
    usual = file.read_text()
    stated = '\n[[push]]\nname = "p"\nurl = "https://h.example/api/atlas/v2/"\ncredential = "token"\nsecret = "env:T"\n'
    file.write_text(usual + stated + 'cron = "30 2 * * *"\n')
    (target,) = open_home(tmp_path / "home").pushes
    assert (target.url, target.cron, target.secret) == ("https://h.example/api/atlas/v2", "30 2 * * *", "env:T")
    with Headwater.open(tmp_path / "home") as app, app.database.read() as connection:
        found = connection.execute(select(tables.schedules.c.subject).where(tables.schedules.c.kind == "push"))
        assert list(found.scalars()) == ["push:p"]
    for wrong in (
        'cron = "never"\n',
        'username = "u"\n',
        "colour = 1\n",
        'private_networks = ["x"]\n',
        "deletions = 2\n",
    ):
        file.write_text(usual + stated + wrong)
        with pytest.raises(HomeError):
            open_home(tmp_path / "home")
    file.write_text(usual + stated + stated)
    with pytest.raises(HomeError):
        open_home(tmp_path / "home")
    file.write_text(usual + stated.replace("https", "http").replace("env:T", "hunter2"))
    with pytest.raises(HomeError) as told:
        open_home(tmp_path / "home")
    assert "hunter2" not in str(told.value.to_dict())
    file.write_text(usual)
    with Headwater.open(tmp_path / "home") as app, app.database.read() as connection:
        assert connection.execute(text("select count(*) from schedules where kind = 'push'")).scalar_one() == 0
