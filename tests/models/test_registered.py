"""What loads a registered model: a process, or nothing but the graph; and what may be loaded at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from headwater.errors import ModelError
from headwater.models.discovery import FunctionDescription
from headwater.models.names import ModelName
from headwater.models.onnx import OnnxScorer
from headwater.models.registered import RegisteredModels
from headwater.models.schemas.typed import signature_from_text, signature_to_text
from headwater.models.signature import Signature
from headwater.models.workers.artifacts import ArtifactCache
from headwater.models.workers.environments import Environments
from headwater.models.workers.pool import ScorerPool
from headwater.models.workers.process import WorkerScorer
from headwater.workspaces.base import ModelVersionInfo

TYPED = "(a as number, b as number) => [variable = number]"


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A regression as an ONNX graph, logged without a signature."""
    import mlflow.onnx
    from skl2onnx import to_onnx
    from sklearn.linear_model import LinearRegression

    table = np.random.default_rng(7).normal(size=(50, 2)).astype(np.float32)
    folder = tmp_path_factory.mktemp("onnx") / "graph"
    fitted = LinearRegression().fit(table, table[:, 0] * 2 + 1)
    mlflow.onnx.save_model(to_onnx(fitted, table[:1]), folder, pip_requirements=[])
    return folder


def described(signature: Signature | None) -> FunctionDescription:
    version = ModelVersionInfo("graph", "1")
    return FunctionDescription(ModelName("demo", "graph"), "model", "1", "q", signature=signature, registered=version)


def copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to))


Make = Callable[[bool], RegisteredModels]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with ScorerPool(tmp_path / "logs") as pool:

        def made(trusted: bool) -> RegisteredModels:
            environments = Environments(tmp_path / "environments")
            return RegisteredModels(ArtifactCache(tmp_path / "artifacts"), pool, environments, lambda _: trusted)

        yield made


def test_a_graph_needs_no_trust_and_no_process(make: Make, graph: Path) -> None:
    scorer = make(False).scorer(described(signature_from_text(TYPED)), "one", partial(copy, graph))
    assert isinstance(scorer, OnnxScorer)
    batch = pa.RecordBatch.from_pandas(pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, 5.0]}), preserve_index=False)
    assert scorer.score(batch).values.to_pylist() == pytest.approx([3.0, 5.0], rel=1e-5)


def test_a_graph_says_itself_what_it_takes(make: Make, graph: Path) -> None:
    told = make(False).prepare(described(None), "one", partial(copy, graph))
    assert told is not None
    assert signature_to_text(told) == "(X as {Single.Type}) => [variable = Double.Type]"
    assert make(False).prepare(described(told), "one", partial(copy, graph)) is None, "what has one keeps it"


@pytest.mark.parametrize("trusted", [True, False])
def test_code_needs_both(
    make: Make, saved_models: Path, trusted: bool, signature_of: Callable[[str], Signature]
) -> None:
    found = described(signature_of("arithmetic"))
    if not trusted:
        with pytest.raises(ModelError) as caught:
            make(False).scorer(found, "two", partial(copy, saved_models / "arithmetic"))
        assert caught.value.code == "model.untrusted"
        return
    assert isinstance(make(True).scorer(found, "two", partial(copy, saved_models / "arithmetic")), WorkerScorer)


def test_another_schema_is_another_scorer(make: Make, graph: Path) -> None:
    models, texts = make(False), (TYPED, TYPED, TYPED.replace("variable", "twice"))
    first, again, other = (
        models.scorer(described(signature_from_text(text)), "one", partial(copy, graph)) for text in texts
    )
    assert first is again and first is not other
