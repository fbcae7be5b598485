"""Live views: of a real MLflow server and of files, compared with what a scan brought in before."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from tests.conftest import SeededMLflow
from tests.server.conftest import ORIGIN

from headwater.access import SYSTEM, Actor, Via, grant, server_scope
from headwater.access.people import create_user
from headwater.access.tokens import create_token
from headwater.app.live import Difference
from headwater.app.runtime import Headwater
from headwater.catalog import AssetRecord, AssetService, ScanOptions
from headwater.errors import NotFoundError, UnreachableError, UsageError
from headwater.server.application import create_app
from headwater.store import tables, utc_now

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Headwater]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "orders.csv").write_text("id,name\n1,Ann\n")
    with Headwater.open(tmp_path / "home", create=True, folders=(str(data),)) as app:
        app.sources.add(SYSTEM, "files", "Files", "folder", data.as_uri(), "root")
        app.scan(SYSTEM, "files")
        yield app


@pytest.fixture
def lab(app: Headwater, mlflow_server: SeededMLflow) -> Headwater:
    """With what the MLflow server holds."""
    app.sources.add(SYSTEM, "lab", "", "mlflow", mlflow_server.url, "root")
    app.scan(SYSTEM, "lab", ScanOptions(unregistered_runs=True))
    return app


def guid_of(app: Headwater, type_name: str, display_name: str) -> str:
    query = select(tables.assets.c.guid).where(
        tables.assets.c.type_name == type_name, tables.assets.c.display_name == display_name
    )
    with app.database.read() as connection:
        return str(connection.scalars(query.order_by(tables.assets.c.id)).first())


def changes(app: Headwater) -> int:
    with app.database.read() as connection:
        return int(connection.execute(select(func.max(tables.catalog_state.c.change))).scalar_one())


@pytest.mark.parametrize(
    ("type_name", "name"),
    [("ml_model", "late_arrival"), ("ml_model_version", "late_arrival v1"), ("ml_job", "train late_arrival")],
)
def test_what_did_not_change_is_shown_without_differences(lab: Headwater, type_name: str, name: str) -> None:
    guid, before = guid_of(lab, type_name, name), changes(lab)
    live = lab.live.look(SYSTEM, guid)
    stored = lab.assets.get(SYSTEM, guid)
    assert (live.found, live.source, live.credential) == (True, "lab", "service")
    assert live.differences == ()
    assert live.attributes.items() <= stored.attributes.items()
    assert [column.name for column in live.columns] == [column.name for column in stored.columns]
    assert changes(lab) == before, "nothing is stored"


def test_what_changed_since_the_scan_is_a_difference(lab: Headwater, mlflow_server: SeededMLflow) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(mlflow_server.url, mlflow_server.url)
    client.create_registered_model("watched", description="before")
    lab.scan(SYSTEM, "lab")
    guid = guid_of(lab, "ml_model", "watched")
    client.update_registered_model("watched", "after")
    differences = {each.field: each for each in lab.live.look(SYSTEM, guid).differences}
    assert differences["description"] == Difference("description", "before", "after")
    client.delete_registered_model("watched")
    gone = lab.live.look(SYSTEM, guid)
    assert (gone.found, gone.differences) == (False, (Difference("found", True, False),))


def test_files_are_read_with_their_columns(app: Headwater, tmp_path: Path) -> None:
    guid = guid_of(app, "dataset", "orders.csv")
    assert app.live.look(SYSTEM, guid).differences == ()
    (tmp_path / "data" / "orders.csv").write_text("id,email\n1,a\n")
    told = {each.field: (each.stored, each.live) for each in app.live.look(SYSTEM, guid).differences}
    assert (told["column name"][1], told["column email"][0]) == (None, None)
    (tmp_path / "data" / "orders.csv").unlink()
    assert not app.live.look(SYSTEM, guid).found


def test_who_may_not_see_the_asset_or_its_source_is_told_there_is_none(app: Headwater) -> None:
    guid = guid_of(app, "dataset", "orders.csv")
    served = create_app(app)
    expected = {"Data reader": 404, "Reader": 200, "Data source administrator": 404}
    for name, (role, status) in zip("abc", expected.items(), strict=True):
        with app.database.begin() as connection:
            user = create_user(connection, name, by=SYSTEM, now=utc_now())
            grant(connection, SYSTEM, user.id, role, server_scope(connection), now=utc_now())
            token = create_token(connection, user.id, "t", by=SYSTEM, now=utc_now()).token
        client = TestClient(served, base_url=ORIGIN, headers={"Authorization": f"Bearer {token}"})
        answer = client.get(f"/api/assets/{guid}/live")
        assert answer.status_code == status, (role, answer.text)
    # Of whoever came second.
    with pytest.raises(NotFoundError):
        app.live.look(Actor(user.id, "c", Via.SESSION), guid)


def test_a_personal_source_is_asked_with_ones_own_credential(lab: Headwater) -> None:
    guid = guid_of(lab, "ml_model", "late_arrival")
    lab.sources.change(SYSTEM, "lab", credential_mode="personal")
    with lab.database.begin() as connection:
        user = create_user(connection, "ann", by=SYSTEM, now=utc_now())
        grant(connection, SYSTEM, user.id, "Owner", server_scope(connection), now=utc_now())
    ann = Actor(user.id, "ann", Via.SESSION)
    with pytest.raises(UsageError) as refused:
        lab.live.look(ann, guid)
    assert "credential" in refused.value.message.lower()


def test_assets_that_lie_in_no_workspace_have_no_live_view(app: Headwater) -> None:
    AssetService(app.database).upsert([AssetRecord("dataset", "s3://b/loose", "loose")])
    with pytest.raises(UsageError) as refused:
        app.live.look(SYSTEM, guid_of(app, "dataset", "loose"))
    assert refused.value.code == "live.source"
    for seconds in (0, 61):
        with pytest.raises(UsageError):
            app.live.look(SYSTEM, guid_of(app, "dataset", "orders.csv"), seconds=seconds)


def test_a_workspace_that_does_not_answer_is_waited_for_no_longer_than_asked(app: Headwater) -> None:
    with silent() as url:
        app.sources.add(SYSTEM, "mute", "", "mlflow", url, "root")
        source = app.sources.get(SYSTEM, "mute")
        AssetService(app.database).upsert([AssetRecord("ml_model", f"{url}/models/m", "m", source_id=source.id)])
        with pytest.raises(UnreachableError) as refused:
            app.live.look(SYSTEM, guid_of(app, "ml_model", "m"), seconds=0.3)
        assert refused.value.code == "live.seconds"


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing, until the end of the block."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            for one in held:
                one.close()
            thread.join(5)
