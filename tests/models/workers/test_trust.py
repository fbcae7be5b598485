"""What may be loaded: code of trusted workspaces, data of any, and nothing that leads out of its artifact."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater.errors import ModelError
from headwater.models.workers.trust import Loading, check_artifact

CODE = "flavors: {python_function: {loader_module: mlflow.sklearn}, sklearn: {pickled_model: model.pkl}}"
ONNX = "flavors: {python_function: {loader_module: mlflow.onnx, data: model.onnx}, onnx: {data: %s}}"


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"graph")
    (tmp_path / "outside.onnx").write_bytes(b"graph")
    return folder


def code_of(folder: Path, **options: bool) -> str:
    with pytest.raises(ModelError) as caught:
        check_artifact(folder, name="demo.m", trusted=options.pop("trusted", False), **options)
    return caught.value.code


def test_code_needs_trust(artifact: Path) -> None:
    (artifact / "MLmodel").write_text(CODE)
    assert check_artifact(artifact, trusted=True, name="demo.m") is Loading.CODE
    assert code_of(artifact) == code_of(artifact, runs_onnx=True) == "model.untrusted"
    with pytest.raises(ModelError, match=r"demo\.m.*'demo' is not trusted") as caught:
        check_artifact(artifact, trusted=False, name="demo.m")
    assert "headwater source trust demo" in caught.value.hint


def test_an_onnx_graph_needs_none_where_mlflow_does_not_load_it(artifact: Path) -> None:
    (artifact / "MLmodel").write_text(ONNX % "model.onnx")
    for trusted in (True, False):
        assert check_artifact(artifact, trusted=trusted, name="demo.m", runs_onnx=True) is Loading.DATA
    assert code_of(artifact) == "model.untrusted", "MLflow imports the loader that the file names"
    assert check_artifact(artifact, trusted=True, name="demo.m") is Loading.CODE


@pytest.mark.parametrize("graph", ["../outside.onnx", "missing.onnx", "[model.onnx]", "''", ".", "/etc/passwd"])
def test_what_only_says_that_it_is_onnx_is_code(artifact: Path, graph: str) -> None:
    (artifact / "MLmodel").write_text(ONNX % graph)
    assert code_of(artifact, runs_onnx=True) == "model.untrusted"


@pytest.mark.parametrize("to", ["../outside.onnx", "/etc/passwd", "/etc", "../missing"])
def test_a_link_that_leads_out_is_refused_even_where_there_is_trust(artifact: Path, to: str) -> None:
    (artifact / "MLmodel").write_text(CODE)
    (artifact / "within").symlink_to("model.onnx")
    assert check_artifact(artifact, trusted=True, name="demo.m") is Loading.CODE
    (artifact / "led").symlink_to(to)
    assert code_of(artifact, trusted=True) == "model.containment"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "flavors: 1", "flavors: {", "canary: 1", "x: !!python/object/apply:os.system [true]", "[" * 5_000],
)
def test_no_mlmodel_is_no_artifact(artifact: Path, text: str) -> None:
    (artifact / "MLmodel").write_text(text)
    with pytest.raises(ModelError) as caught:
        check_artifact(artifact, trusted=True, name="demo.m")
    assert caught.value.code == "model.artifact" and "canary" not in str(caught.value)


def test_an_empty_folder_is_no_artifact(tmp_path: Path) -> None:
    assert code_of(tmp_path, trusted=True) == "model.artifact"
