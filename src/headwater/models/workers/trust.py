"""Whether an artifact may be loaded: the one place where that is decided.

Loading most models is running code that whoever registered them chose: pickles, skops, code paths, loader modules. They
are loaded from workspaces that an administrator trusted, and from no others. An ONNX graph is data, as long as
onnxruntime loads it by itself; loaded by MLflow the same artifact may name a loader of its own, and is code.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from headwater.errors import ModelError
from headwater.models.workers.mlmodel import check_contained, contained, read_flavors

__all__ = ["Loading", "check_artifact"]


class Loading(Enum):
    """What loading an artifact takes: ``DATA`` is read by onnxruntime, ``CODE`` is run by a process of its own."""

    DATA = "data"
    CODE = "code"


def check_artifact(folder: Path, *, trusted: bool, name: str, runs_onnx: bool = False) -> Loading:
    """How an artifact is loaded, where it may be.

    Args:
        folder: the artifact's, whose digests were checked.
        trusted: whether its workspace is.
        name: the function's, which begins with its source's: ``demo.arrival_delay``.
        runs_onnx: whether the caller loads what comes out as ``DATA`` without MLflow and without a process.

    Raises:
        ModelError: ``model.untrusted``, loading it would run code and its workspace is not trusted;
            ``model.containment``, a file of it leads elsewhere; ``model.artifact``, it is none.
    """
    check_contained(folder)
    graph = read_flavors(folder).get("onnx", {}).get("data")
    if runs_onnx and contained(folder, graph) is not None:
        return Loading.DATA
    if not trusted:
        source = name.partition(".")[0]
        raise ModelError(
            f"Loading {name} would run code that came with it, and the workspace '{source}' is not trusted.",
            code="model.untrusted",
            place=name,
            hint=f"An administrator who trusts everybody who may register models there allows it with "
            f"'headwater source trust {source}'. A model logged as ONNX needs no trust.",
        )
    return Loading.CODE
