"""The MLflow connector against a server with sign-in (MLflow's own basic-auth application), as several accounts."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from headwater.errors import RemoteError
from headwater.workspaces import Credential, make_credential
from headwater.workspaces.mlflow import MLflowConnector
from headwater.workspaces.mlflow.local import LocalServer

pytestmark = pytest.mark.xdist_group("mlflow")

ADMIN, ANALYST, READER, STRANGER = "admin", "analyst", "reader", "stranger"
CANARY = "canary-3b77"
MLMODEL = """\
flavors: {python_function: {loader_module: none}}
signature: {inputs: '[{"type": "double", "name": "distance"}]'}
"""
SETTINGS = """\
[mlflow]
default_permission = NO_PERMISSIONS
database_uri = sqlite:///{folder}/accounts.db
admin_username = admin
admin_password = {password}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 600
"""


def password(user: str) -> str:
    return f"{CANARY}-{user}"


class GuardedServer(LocalServer):
    """MLflow asks for a name and password, and gives nobody anything that was not granted."""

    def _command(self) -> list[str]:
        settings = self.folder / "accounts.ini"
        settings.write_text(SETTINGS.format(folder=self.folder, password=password(ADMIN)))
        variables = [f"MLFLOW_AUTH_CONFIG_PATH={settings}", "MLFLOW_FLASK_SERVER_SECRET_KEY=only-for-tests"]
        return ["/usr/bin/env", *variables, *super()._command(), "--app-name", "basic-auth"]


@dataclass(frozen=True)
class Guarded:
    url: str
    run_id: str

    def as_user(self, user: str, secret: str | None = None) -> MLflowConnector:
        return MLflowConnector(self.url, credential=account(user, secret))


def account(user: str, secret: str | None = None) -> Credential:
    return make_credential("basic", {"username": user}, secret or password(user))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """``reader`` may READ the model late_arrival, ``analyst`` its experiment as well, ``stranger`` nothing."""
    with GuardedServer(tmp_path_factory.mktemp("guarded") / "server") as server:
        with httpx.Client(base_url=server.url, auth=(ADMIN, password(ADMIN)), trust_env=False, timeout=30) as admin:
            run_id, experiment = _train(admin)
            for user in (ANALYST, READER, STRANGER):
                _post(admin, "/api/2.0/mlflow/users/create", username=user, password=password(user))
            for user, kind, resource in (
                (READER, "registered_model", "late_arrival"),
                (ANALYST, "registered_model", "late_arrival"),
                (ANALYST, "experiment", experiment),
            ):
                grant = {"resource_type": kind, "resource_id": resource, "permission": "READ"}
                _post(admin, "/api/3.0/mlflow/users/permissions/grant", username=user, **grant)
        yield Guarded(server.url, run_id)


def _train(admin: httpx.Client) -> tuple[str, str]:
    """Two versions of one model, from one run, and a model without any; the run's id and the experiment's."""
    experiment: str = _post(admin, "/api/2.0/mlflow/experiments/create", name="delays")["experiment_id"]
    run_id: str = _post(admin, "/api/2.0/mlflow/runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    folder = f"{experiment}/{run_id}/artifacts/model"
    admin.put(f"/api/2.0/mlflow-artifacts/artifacts/{folder}/MLmodel", content=MLMODEL).raise_for_status()
    for name in ("late_arrival", "unsigned"):
        _post(admin, "/api/2.0/mlflow/registered-models/create", name=name)
    for _ in range(2):
        source = {"source": f"mlflow-artifacts:/{folder}", "run_id": run_id}
        _post(admin, "/api/2.0/mlflow/model-versions/create", name="late_arrival", **source)
    _post(admin, "/api/2.0/mlflow/registered-models/alias", name="late_arrival", alias="champion", version="1")
    return run_id, experiment


def _post(admin: httpx.Client, path: str, **payload: str) -> Any:
    answer = admin.post(path, json=payload)
    answer.raise_for_status()
    return answer.json()


def test_each_account_sees_what_it_may(guarded: Guarded) -> None:
    seen: dict[str, set[str]] = {}
    versions: dict[str, set[str]] = {}
    for user in (ADMIN, READER, STRANGER):
        with closing(guarded.as_user(user)) as connector:
            assert connector.test().kind == "mlflow"
            seen[user] = {model.name for model in connector.list_models()}
            versions[user] = {version.model for version in connector.list_versions()}
    assert seen[ADMIN] == {"late_arrival", "unsigned"}
    assert (seen[READER], seen[STRANGER]) == ({"late_arrival"}, set())
    assert (versions[READER], versions[STRANGER]) == ({"late_arrival"}, set())


def test_a_mere_reader_of_a_model_reads_its_signature_and_not_its_run_or_files(
    guarded: Guarded, tmp_path: Path
) -> None:
    """READ on a model reaches its versions and their MLmodel files; runs and other artifacts belong to experiments."""
    with closing(guarded.as_user(READER)) as connector:
        version = connector.get_version("late_arrival", "1")
        assert version.signature is not None and version.digest is not None
        assert connector.get_version("late_arrival", alias="champion") == version
        assert connector.get_version("late_arrival").version == "2"
        for ask in (
            lambda: connector.get_job(guarded.run_id),
            lambda: connector.download_version("late_arrival", "1", tmp_path),
        ):
            with pytest.raises(RemoteError) as caught:
                ask()
            assert caught.value.status == 403
            assert "READ" in caught.value.hint and "experiment" in caught.value.hint


def test_with_its_experiment_a_model_can_be_used_in_full(guarded: Guarded, tmp_path: Path) -> None:
    with closing(guarded.as_user(ANALYST)) as connector:
        assert connector.get_job(guarded.run_id).experiment == "delays"
        assert (connector.download_version("late_arrival", "1", tmp_path) / "MLmodel").read_text() == MLMODEL


def test_who_may_not_read_a_model_is_told_what_to_do(guarded: Guarded) -> None:
    with closing(guarded.as_user(STRANGER)) as connector, pytest.raises(RemoteError) as caught:
        connector.get_version("late_arrival", "1")
    assert caught.value.status == 403
    assert "READ" in caught.value.hint and caught.value.place == guarded.url


@pytest.mark.parametrize("credential", [None, account(READER, "wrong"), account("nobody")])
def test_no_and_wrong_credentials_are_told_apart_from_missing_rights(
    guarded: Guarded, credential: Credential | None
) -> None:
    with (
        closing(MLflowConnector(guarded.url, credential=credential)) as connector,
        pytest.raises(RemoteError) as caught,
    ):
        connector.test()
    assert caught.value.status == 401
    assert "password" in caught.value.hint


def test_no_password_is_found_anywhere(guarded: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with closing(guarded.as_user(STRANGER)) as connector:
        list(connector.list_models())
        with pytest.raises(RemoteError) as caught:
            connector.get_job(guarded.run_id)
        told = repr(connector) + str(vars(connector)) + "".join(traceback.format_exception(caught.value))
    sent = account(STRANGER).headers()["Authorization"].removeprefix("Basic ")
    assert "runs/get" in caplog.text
    for secret in (CANARY, sent):
        assert secret not in caplog.text + told + str(caught.value.to_dict())
