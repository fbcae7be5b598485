"""Real MLflow models, saved once, and real scoring processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.signature import Signature
from headwater.models.workers.process import WorkerOptions, WorkerScorer
from headwater.workspaces.mlflow.extract import parse_mlmodel

OpenScorer = Callable[..., WorkerScorer]


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that tests/models/saved_models.py fills."""
    folder = tmp_path_factory.mktemp("models")
    script = Path(__file__).parent / "saved_models.py"
    command = [sys.executable, "-W", "ignore", str(script), str(folder)]
    saved = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert saved.returncode == 0, saved.stderr
    return folder


@pytest.fixture(scope="session")
def signature_of(saved_models: Path) -> Callable[[str], Signature]:
    """The signature of a saved model, read from its MLmodel file."""

    def read(model: str) -> Signature:
        declared, _ = parse_mlmodel((saved_models / model / "MLmodel").read_bytes(), model)
        assert declared is not None
        return from_mlflow(declared.inputs, declared.outputs, declared.params, model=model)

    return read


@pytest.fixture(scope="session")
def arithmetic(
    saved_models: Path, signature_of: Callable[[str], Signature], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerScorer]:
    """A running scorer of the model ``arithmetic``, for tests that leave it alive."""
    log = tmp_path_factory.mktemp("logs") / "arithmetic.log"
    scorer = WorkerScorer(saved_models / "arithmetic", signature_of("arithmetic"), name="demo.arithmetic", log=log)
    yield scorer
    scorer.close()


@pytest.fixture
def open_scorer(saved_models: Path, signature_of: Callable[[str], Signature], tmp_path: Path) -> Iterator[OpenScorer]:
    """Opens scorers of saved models, and closes them at the end."""
    opened: list[WorkerScorer] = []

    def open_one(model: str, options: WorkerOptions | None = None) -> WorkerScorer:
        log = tmp_path / f"{model}-{len(opened)}.log"
        scorer = WorkerScorer(saved_models / model, signature_of(model), name=f"demo.{model}", log=log, options=options)
        opened.append(scorer)
        return scorer

    yield open_one
    for scorer in opened:
        scorer.close()
