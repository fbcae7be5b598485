"""The MLflow connector against a real server, and against one that lies."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.conftest import SeededMLflow
from tests.workspaces.contract import ConnectorContract, Expected

from headwater.errors import NotFoundError, WorkspaceError
from headwater.workspaces import Connector, dataset_name
from headwater.workspaces.mlflow import MLflowConnector, client, connector

pytestmark = pytest.mark.xdist_group("mlflow")


class TestContract(ConnectorContract):
    @pytest.fixture
    def expected(self, mlflow_server: SeededMLflow) -> Expected:
        places = [str(mlflow_server.data / "flights"), str(mlflow_server.data / "weather.csv")]
        return Expected(
            factory=MLflowConnector,
            kind="mlflow",
            url=mlflow_server.url,
            models=frozenset({"late_arrival", "odd name (ü)", "unsigned", "empty"}),
            model="late_arrival",
            version="1",
            alias="champion",
            latest="2",
            run_id=mlflow_server.run_id,
            inputs=("distance", "carrier"),
            outputs=("probability", "label"),
            datasets=frozenset(name for name in map(dataset_name, places) if name),
            shapes=(
                {"registered_models": 3, "model_versions": 3, "experiments": 3},
                {"registered_models": [3], "model_versions": [3], "model_version": 3, "experiments": [3]},
                {
                    "registered_models": [{}],
                    "model_versions": [{}],
                    "model_version": {},
                    "run": {},
                    "experiments": [{}],
                },
            ),
        )

    def asks(self, expected: Expected, connector: Connector, folder: Path) -> Mapping[str, Callable[[], object]]:
        assert isinstance(connector, MLflowConnector)
        return {
            **super().asks(expected, connector, folder),
            "list_experiments": lambda: list(connector.list_experiments()),
            "list_jobs": lambda: list(connector.list_jobs()),
            "list_unregistered_models": lambda: list(connector.list_unregistered_models()),
        }


@pytest.fixture
def real(mlflow_server: SeededMLflow) -> Iterator[MLflowConnector]:
    with closing(MLflowConnector(mlflow_server.url)) as connector:
        yield connector


def test_listings_are_complete_over_many_pages(real: MLflowConnector, monkeypatch: pytest.MonkeyPatch) -> None:
    models, versions = list(real.list_models()), list(real.list_versions())
    assert len(models) >= 4 and len(versions) >= 4
    search = client.MLflowClient.search_models
    monkeypatch.setattr(client.MLflowClient, "search_models", lambda self: search(self, max_results=1))
    monkeypatch.setattr(client, "VERSIONS_A_PAGE", 1)
    assert list(real.list_models()) == models
    assert list(real.list_versions()) == versions


def test_the_parts_of_a_version(real: MLflowConnector, mlflow_server: SeededMLflow) -> None:
    version = real.get_version("late_arrival", "1")
    assert version.tags == {"reviewed": "yes"}
    assert version.model_id is not None and version.source == f"models:/{version.model_id}"
    assert version.digest is not None and version.digest.startswith("sha256:")
    assert version.signature is not None
    assert version.signature.inputs == [
        {"type": "double", "name": "distance", "required": True},
        {"type": "string", "name": "carrier", "required": True},
    ]
    assert version.signature.params is not None and version.signature.params[0]["default"] == 0.5
    assert real.get_version("unsigned").signature is None


def test_the_parts_of_a_job(real: MLflowConnector, mlflow_server: SeededMLflow) -> None:
    job = real.get_job(mlflow_server.run_id)
    assert (job.name, job.experiment, job.status) == ("train late_arrival", "delays", "FINISHED")
    assert job.params == {"depth": "3"}
    assert job.metrics["auc"] == 0.75
    assert str(job.metrics["lift"]) == "nan"
    by_name = {dataset.name: dataset for dataset in job.inputs}
    assert by_name["flights"].context == "training"
    assert by_name["flights"].schema == (("distance", "double"), ("carrier", "string"), ("late", "long"))
    assert by_name["flights"].digest
    made_up = by_name["made up"]
    assert made_up.qualified_name.startswith("mlflow://127.0.0.1:")
    assert made_up.qualified_name.endswith("/datasets/made up")


def test_an_artifact_comes_with_its_folders(real: MLflowConnector, mlflow_server: SeededMLflow, tmp_path: Path) -> None:
    folder = real.download_version("late_arrival", "1", tmp_path / "model")
    copied = folder / "artifacts" / "weather.csv"
    assert copied.read_bytes() == (mlflow_server.data / "weather.csv").read_bytes()


def test_an_artifact_the_server_cannot_reach_says_so(real: MLflowConnector, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="MLmodel"):
        real.get_version("odd name (ü)")
    with pytest.raises(WorkspaceError, match="not served"):
        real.download_version("odd name (ü)", "1", tmp_path)


@contextmanager
def lying_server(answers: dict[str, Any]) -> Iterator[str]:
    """A server whose answer to ``PATH`` or ``PATH?path=…`` is ``answers[…]``, as JSON unless bytes."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            folder = parse_qs(parts.query).get("path")
            key = f"{parts.path}?path={folder[0]}" if folder and not parts.path.endswith("get-artifact") else parts.path
            answer = answers.get(key, b"stolen")
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


LOCATION = {"/api/2.0/mlflow/model-versions/get-download-uri": {"artifact_uri": "mlflow-artifacts:/1/a"}}
LISTING = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.mark.parametrize("name", ["..", ".", "", "a\\..\\..\\b", "c:evil", "nul\0byte", "link"])
def test_no_listed_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    target, outside = tmp_path / "to", tmp_path / "outside"
    target.mkdir()
    (target / "link").symlink_to(outside)
    listing = {"files": [{"path": name, "is_dir": False}]}
    with lying_server({**LOCATION, f"{LISTING}?path=1/a": listing}) as url:
        with closing(MLflowConnector(url)) as connector, pytest.raises(WorkspaceError, match="holds a file whose name"):
            connector.download_version("m", "1", target)
    assert not outside.exists()
    assert [path.name for path in target.iterdir()] == ["link"]


def test_a_path_is_reduced_to_its_last_part(tmp_path: Path) -> None:
    listing = {"files": [{"path": "../../etc/MLmodel", "is_dir": False}]}
    with lying_server({**LOCATION, f"{LISTING}?path=1/a": listing}) as url:
        with closing(MLflowConnector(url)) as connector:
            connector.download_version("m", "1", tmp_path / "to")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["MLmodel", "to"]


def test_an_endless_folder_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "MAX_ARTIFACT_DEPTH", 3)
    monkeypatch.setattr(connector, "MAX_ARTIFACT_FILES", 5)
    deeper = {f"{LISTING}?path=1/a" + "/d" * depth: {"files": [{"path": "d", "is_dir": True}]} for depth in range(9)}
    many = {f"{LISTING}?path=1/a": {"files": [{"path": f"f{number}", "is_dir": False} for number in range(9)]}}
    for listings, why in ((deeper, "nested too deeply"), (many, "more than 5 files")):
        with lying_server(LOCATION | listings) as url:
            with closing(MLflowConnector(url)) as lied_to, pytest.raises(WorkspaceError, match=why):
                lied_to.download_version("m", "1", tmp_path / why[:4])


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {"registered_models": [{"no": "name"}]},
        {"registered_models": ["text"]},
        {"registered_models": [], "next_page_token": "same"},
    ],
)
def test_an_answer_that_is_not_mlflows_says_so(answer: Any) -> None:
    with lying_server({"/api/2.0/mlflow/registered-models/search": answer}) as url:
        with closing(MLflowConnector(url)) as connector, pytest.raises(WorkspaceError, match="MLflow"):
            list(connector.list_models())


@pytest.mark.parametrize("content", [b"signature: [", b"signature: {inputs: 'no json'}", b"signature: {inputs: '{}'}"])
def test_an_mlmodel_that_cannot_be_read_says_so(content: bytes) -> None:
    version = {"model_version": {"name": "m", "version": "1"}}
    answers = {
        "/api/2.0/mlflow/model-versions/get": version,
        "/api/2.0/mlflow/registered-models/get": {"registered_model": {"name": "m"}},
        "/model-versions/get-artifact": content,
    }
    with lying_server(answers) as url:
        with closing(MLflowConnector(url)) as connector, pytest.raises(WorkspaceError, match="MLmodel"):
            connector.get_version("m", "1")


def test_yaml_in_an_mlmodel_runs_nothing(tmp_path: Path) -> None:
    version = {"model_version": {"name": "m", "version": "1"}}
    evil = f"!!python/object/apply:os.mkdir ['{tmp_path / 'ran'}']"
    answers = {
        "/api/2.0/mlflow/model-versions/get": version,
        "/api/2.0/mlflow/registered-models/get": {"registered_model": {"name": "m"}},
        "/model-versions/get-artifact": evil.encode(),
    }
    with lying_server(answers) as url:
        with closing(MLflowConnector(url)) as connector, pytest.raises(WorkspaceError):
            connector.get_version("m", "1")
    assert not (tmp_path / "ran").exists()
