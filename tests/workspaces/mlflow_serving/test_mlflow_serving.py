"""The connector to a served MLflow model, against MLflow's own scoring server and against one that lies."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.workspaces.contract import ConnectorContract, Expected
from tests.workspaces.liar import Liar, lying

from headwater.errors import HeadwaterError, WorkspaceError
from headwater.net import HttpClient
from headwater.workspaces import make_credential
from headwater.workspaces.mlflow_serving import MLflowServingConnector

pytestmark = pytest.mark.xdist_group("mlflow_serving")

ROWS = b'{"dataframe_split": {"columns": ["distance"], "data": [[1.5], [4.0]]}}'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real one."""
    folder = tmp_path_factory.mktemp("served")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "serve.py"), str(folder)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, (folder / "log").read_text()
        url = f"http://127.0.0.1:{port}"
        _wait_ready(url)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait_ready(url: str) -> None:
    ends = time.monotonic() + 60
    with HttpClient(url, timeout=2) as client:
        while True:
            try:
                client.get_bytes("/ping")
            except HeadwaterError:
                assert time.monotonic() < ends
                time.sleep(0.1)
            else:
                return


@pytest.fixture
def liar() -> Iterator[Liar]:
    with lying() as liar:
        yield liar


class TestContract(ConnectorContract):
    @pytest.fixture
    def expected(self, service: str) -> Expected:
        return Expected(
            factory=MLflowServingConnector,
            kind="mlflow_serving",
            url=service,
            models=frozenset({"model"}),
            model="model",
            version="1",
            latest="1",
            endpoints=frozenset({"model"}),
            endpoint="model",
            rows=ROWS,
            shapes=({}, {"version": "3.17.2"}, "3", 3.17, "3.17.2 and more"),
        )


def test_rows_are_scored_where_it_says(service: str) -> None:
    with closing(MLflowServingConnector(service)) as connector:
        endpoint = connector.get_endpoint("model")
        assert (endpoint.kind, endpoint.url, endpoint.state) == ("mlflow", f"{service}/invocations", "Succeeded")
        assert (endpoint.document, endpoint.revision, endpoint.problem) == (None, "", "")
        assert connector.endpoint_identity(endpoint).endswith("/endpoints/model#")
        with connector.endpoint_client("model") as client:
            headers = {"Content-Type": "application/json"}
            answer = client.request("POST", "/invocations", headers=headers, content=ROWS, deadline=30)
            assert json.loads(answer.body) == {"predictions": [3.0, 8.0]}


def test_its_own_document_describes_no_columns(service: str) -> None:
    """Why it is not read: it has the operation, and nothing of its body."""
    with HttpClient(service) as client:
        assert "requestBody" not in client.get_json("/openapi.json")["paths"]["/invocations"]["post"]


@pytest.mark.parametrize("given", ["/fraud", "/fraud/", "/fraud/invocations", "/fraud/invocations/"])
def test_it_may_be_mounted_under_a_path(liar: Liar, given: str) -> None:
    liar.answers = {"/fraud/version": b"3.17.2\n", "/fraud/ping": b"\n"}
    with closing(MLflowServingConnector(liar.url + given)) as connector:
        assert connector.test().display_name == f"{liar.url}/fraud (MLflow 3.17.2)"
        assert connector.test().qualified_name == liar.url.replace("http://", "mlflow_serving://") + "/fraud"
        assert connector.get_endpoint("model").url == f"{liar.url}/fraud/invocations"


def test_a_server_without_its_model_is_listed_as_failed(liar: Liar) -> None:
    liar.answers = {"/version": b"2.22.0rc1"}
    with closing(MLflowServingConnector(liar.url)) as connector:
        assert [endpoint.state for endpoint in connector.list_endpoints()] == ["Failed"]
        with pytest.raises(WorkspaceError, match="no model loaded"):
            connector.test()


def test_a_client_shows_the_credential_and_asks_once(liar: Liar) -> None:
    liar.answers = {"/version": b"3.17.2", "/ping": b""}
    credential = make_credential("basic", {"username": "ann"}, "canary")
    with closing(MLflowServingConnector(liar.url, credential=credential)) as connector:
        with connector.endpoint_client("model") as client:
            before = len(liar.seen)
            liar.answers, liar.status, liar.headers = {}, 429, {"Retry-After": "0"}
            assert client.request("POST", "/invocations", content=ROWS).status == 429
    assert [request["authorization"] for request in liar.seen[before:]] == [credential.headers()["Authorization"]]
