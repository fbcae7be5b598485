"""The files of an ONNX model in an MLflow artifact, checked before anything loads them.

A graph may keep its weights in other files, which it names. Here each of those has to lie beside the graph: no name
leads out of its folder, through ``..``, an absolute path or a link, and none is one of the markers that ONNX Runtime
reads as an address in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from headwater.errors import ModelError

__all__ = ["MAX_BYTES", "OnnxArtifact", "is_onnx", "open_artifact"]

#: A graph and its weights may be so large. They are held in memory as long as the model is called.
MAX_BYTES = 1 << 30

_LOADER = "mlflow.onnx"


@dataclass(frozen=True, slots=True)
class OnnxArtifact:
    """The graph's file. ``labels`` are the classes by the output that has a probability for each of them by name."""

    path: Path
    labels: Mapping[str, tuple[str, ...]]


def is_onnx(folder: Path) -> bool:
    """Whether a folder holds an MLflow model that can be scored here: an ONNX graph all of whose files are its own.

    False too where the extra ``onnx`` is not installed, or where MLflow would put other code around the graph.
    """
    try:
        open_artifact(folder)
    except ModelError:
        return False
    return True


def open_artifact(folder: Path, max_bytes: int = MAX_BYTES) -> OnnxArtifact:
    """The ONNX model in an MLflow artifact; nothing of it is run.

    Args:
        folder: holds ``MLmodel``.
        max_bytes: how large the graph and its weights may be.

    Raises:
        ModelError: there is none, it cannot be read, it is too large, one of its files is not its own, or the extra
            ``onnx`` is not installed.
    """
    path = _contained(folder, folder, _graph_name(folder))
    _check_packages()
    size = path.stat().st_size
    if size > max_bytes:
        raise _too_large(max_bytes)
    graph = _parsed(path)
    weights = {_contained(folder, path.parent, name) for name in _outside_files(graph)}
    if size + sum(file.stat().st_size for file in weights) > max_bytes:
        raise _too_large(max_bytes)
    return OnnxArtifact(path, _labels(graph))


def _graph_name(folder: Path) -> str:
    try:
        described = yaml.safe_load((folder / "MLmodel").read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise _refused("The model's MLmodel file cannot be read.") from error
    flavors = described.get("flavors") if isinstance(described, dict) else None
    flavor = flavors.get("onnx") if isinstance(flavors, dict) else None
    name = flavor.get("data") if isinstance(flavor, dict) else None
    if not isinstance(flavors, dict) or not isinstance(name, str) or not name.endswith(".onnx"):
        raise _refused("The model is no ONNX model.")
    pyfunc = flavors.get("python_function")
    if isinstance(pyfunc, dict) and pyfunc.get("loader_module", _LOADER) != _LOADER:
        raise _refused("The model puts code of its own around its ONNX graph.")
    return name


def _contained(folder: Path, base: Path, name: str) -> Path:
    """The file of this name at ``base``, wherever links lead, which has to be below ``folder``."""
    if not name or "*" in name or "\0" in name or "\\" in name:
        raise _refused("A file that the model names is none of its own.")
    path = (base / name).resolve()
    if path.is_relative_to(folder.resolve()) and path.is_relative_to(base.resolve()) and path.is_file():
        return path
    raise _refused("A file that the model names is missing, or lies outside of the model's folder.")


def _check_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise ModelError(
            "ONNX models cannot be scored: the packages for it are not installed.",
            code="model.onnx",
            hint="Install them with pip install 'headwater[onnx]'.",
        ) from error


def _parsed(path: Path) -> Any:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        return onnx.load(str(path), load_external_data=False)
    except DecodeError as error:
        raise _refused("The ONNX graph cannot be read.") from error


def _outside_files(graph: Any) -> set[str]:
    """The names of all files besides the graph's that hold some of its tensors."""
    entries = (entry for tensor in _tensors(graph) for entry in tensor.external_data)
    return {entry.value for entry in entries if entry.key == "location"}


def _tensors(model: Any) -> Iterator[Any]:
    for part in _parts(model):
        yield from getattr(part, "initializer", ())
        for sparse in getattr(part, "sparse_initializer", ()):
            yield from (sparse.values, sparse.indices)
        for attribute in _attributes(part):
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)


def _parts(model: Any) -> Iterator[Any]:
    """Everything that holds nodes: the graph, functions, training graphs, and the graphs within nodes."""
    waiting = [model.graph, *model.functions]
    waiting += [graph for info in model.training_info for graph in (info.initialization, info.algorithm)]
    while waiting:
        part = waiting.pop()
        yield part
        for attribute in _attributes(part):
            waiting += attribute.graphs
            if attribute.HasField("g"):
                waiting.append(attribute.g)


def _attributes(part: Any) -> Iterator[Any]:
    for node in part.node:
        yield from node.attribute
    yield from getattr(part, "attribute_proto", ())


def _labels(model: Any) -> dict[str, tuple[str, ...]]:
    found = {}
    for node in model.graph.node:
        if node.op_type == "ZipMap" and node.output:
            values = {attribute.name: attribute for attribute in node.attribute}
            texts, numbers = values.get("classlabels_strings"), values.get("classlabels_int64s")
            labels = [text.decode(errors="replace") for text in texts.strings] if texts is not None else []
            found[node.output[0]] = tuple(labels or [str(number) for number in (numbers.ints if numbers else ())])
    return {name: labels for name, labels in found.items() if labels}


def _refused(message: str) -> ModelError:
    return ModelError(message, code="model.onnx", hint="Log the model again with mlflow.onnx.log_model.")


def _too_large(limit: int) -> ModelError:
    return ModelError(
        f"The ONNX model is larger than {limit:,} bytes.",
        code="model.onnx_size",
        hint="Raise the limit, or score the model in a process of its own.",
    )
