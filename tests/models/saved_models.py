"""Save the MLflow models that the tests of scoring use: ``saved_models.py FOLDER``, a folder a model.

- ``arithmetic``: ``twice`` = 2x and ``even`` (of n), and does what column ``mode`` says: ``raise``, ``exit``,
  ``sleep``, ``short``, ``text``, ``print``.
- ``pipeline``: a scikit-learn pipeline over text and numbers; its output is an unnamed tensor.
- ``tensor``: sums over an unnamed (-1, 3) tensor.
- ``nested``: an array, an object and a map.
- ``types``: one column of each scalar type, given back as the text of its NumPy type.
- ``forms``: answers in the form that column ``form`` names.
- ``unloadable``: fails while it is loaded.
- ``spy``: tries what no model may, as column ``attempt`` says: ``read PATH``, ``write PATH``, ``connect PORT``,
  ``unix PATH``, ``abstract NAME``, ``variables``, ``signal PID``, ``trace PID``, ``memory BYTES``, ``chmod PATH``, …;
  answers ``denied`` or what came of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import multiprocessing
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, Schema
from mlflow.types.schema import Array, DataType, Map, Object, Property
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

pyfunc: Any = mlflow.pyfunc


def model(predict: Callable[..., Any], **more: Any) -> Any:
    """A model with this way to predict. Made without a class statement, since MLflow is not read for types."""
    return type(predict.__name__, (pyfunc.PythonModel,), {"predict": predict, **more})()


def arithmetic(self: Any, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
    modes = set(model_input["mode"])
    if "raise" in modes:
        raise ValueError(f"cannot score {model_input['x'].tolist()}")
    if "exit" in modes:
        os._exit(3)
    if "sleep" in modes:
        time.sleep(60)
    if "print" in modes:
        print("noise on standard output " * 1000, flush=True)
        os.write(1, b"more noise")
        assert not sys.stdin.read()
    answer = pd.DataFrame({"twice": model_input["x"] * 2, "even": model_input["n"] % 2 == 0})
    if "text" in modes:
        return answer.assign(twice="so much")
    return answer.iloc[:-1] if "short" in modes else answer


def row_sum(self: Any, context: Any, model_input: np.ndarray[Any, Any], params: Any = None) -> Any:
    assert isinstance(model_input, np.ndarray)
    return model_input.sum(axis=1)


def nested(self: Any, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
    rows = model_input.to_dict("records")
    return pd.DataFrame(
        {
            "total": [sum(row["numbers"]) for row in rows],
            "text": [f"{row['point']['name']} {[f'{k}={v}' for k, v in row['weights'].items()]}" for row in rows],
            "doubled": [[2 * number for number in row["numbers"]] for row in rows],
        }
    )


def types(self: Any, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
    described = " ".join(f"{name}:{model_input[name].to_numpy().dtype.str[1:]}" for name in NUMPY)
    objects = {type(model_input[name].iloc[0]).__name__ for name in ("text", "bytes")}
    return [f"{described} {sorted(objects)} {model_input['moment'].iloc[0].isoformat()}"] * len(model_input)


NUMPY = ["flag", "small", "large", "single", "double", "moment"]


def forms(self: Any, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
    a, b = np.array([1.5, np.nan]), ["x", None]
    frame = pd.DataFrame({"a": a, "b": b})
    forms = {
        "frame": frame,
        "reordered": frame[["b", "a"]],
        "dict": {"a": a, "b": b},
        "records": frame.to_dict("records"),
        "extension": frame.assign(a=pd.array([1.5, None], "Float64"), b=pd.array(b, "string")),
        "objects": frame.astype(object),
        "missing": frame[["a"]],
        "scalar": 3,
    }
    return forms[model_input["form"].iloc[0]]


def unloadable(self: Any, context: Any, model_input: Any, params: Any = None) -> Any:
    return model_input


def fail_to_load(self: Any, context: Any) -> None:
    raise RuntimeError("no such module")


def spy(self: Any, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
    return [attempt(text) for text in model_input["attempt"]]


def attempt(text: str) -> str:
    what, _, argument = text.partition(" ")
    try:
        return f"{what}: {ATTEMPTS[what](argument)}"
    except OSError as error:
        return f"denied ({type(error).__name__})"


def connect(family: int, address: Any) -> str:
    with socket.socket(family) as opened:
        opened.settimeout(5)
        opened.connect(address)
    return "connected"


def connect_datagram_pair(path: str) -> str:
    left, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.connect(path)
    return "connected"


NEW_USER_NAMESPACE = 0x10000000
SEPARATE_FOLDER = 0x200  # what everybody may unshare
PTRACE_SEIZE = 0x4206  # unlike attaching, it does not stop the process


def called(name: str, *arguments: int) -> str:
    """A function of the C library."""
    result = getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments)
    if result == 0 and name == "syscall":
        os._exit(0)  # this is the clone
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return "done"


def forge(answer: str) -> str:
    """Write into every pipe there is, as if the worker had."""
    content = {"huge": b"", "junk": b"\0" * 100, "deep": b"[" * 100_000, "short": b"A"}[answer]
    kind = b"F" if answer == "deep" else b"A"
    frame = struct.pack("<cQ", kind, 1 << 60 if answer == "huge" else len(content)) + content
    for descriptor in range(3, 20):
        with contextlib.suppress(OSError):
            os.write(descriptor, frame)
    return "written"


def symlink(path: str) -> bytes:
    link = Path.home() / "led"
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    return link.read_bytes()


def write(path: str) -> str:
    return str(Path(path).write_text("changed"))


def own_folder(_: str) -> str:
    """What models do with files of their own."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a").mkdir()
        (Path(folder) / "a" / "file").write_text("text")
        shutil.copytree(Path(folder) / "a", Path(folder) / "b")
        (Path(folder) / "b" / "file").rename(Path.home() / "file")
    return (Path.home() / "file").read_text()


def start(_: str) -> str:
    command = [sys.executable, "-c", "open('/etc/shadow')"]
    done = subprocess.run(command, capture_output=True, check=False)
    return "denied too" if b"PermissionError" in done.stderr else "free"


ATTEMPTS: dict[str, Callable[[str], Any]] = {
    "read": lambda path: Path(path).read_bytes()[:20],
    "list": os.listdir,
    "write": write,
    "remove": os.remove,
    "truncate": lambda path: os.truncate(path, 0),
    "chmod": lambda path: Path(path).chmod(0o777),
    "link": lambda path: os.link(path, Path.home() / "linked"),
    "symlink": symlink,
    "connect": lambda port: connect(socket.AF_INET, ("127.0.0.1", int(port))),
    "unix": lambda path: connect(socket.AF_UNIX, path),
    "abstract": lambda name: connect(socket.AF_UNIX, f"\0{name}"),
    "datagram": connect_datagram_pair,
    "variables": lambda _: dict(os.environ),
    "signal": lambda pid: os.kill(int(pid), 0),
    "trace": lambda pid: called("ptrace", PTRACE_SEIZE, int(pid), 0, 0),
    "namespace": lambda _: called("unshare", SEPARATE_FOLDER),
    "clone": lambda _: called("syscall", 56 if os.uname().machine == "x86_64" else 220, NEW_USER_NAMESPACE | 17, 0, 0),
    "memory": lambda size: len(bytearray(int(size))),
    "own": own_folder,
    "start": start,
    "forge": forge,
    "module": lambda name: importlib.import_module(name).__file__,
    "lock": lambda _: multiprocessing.Lock(),
}


def columns(**types: Any) -> Schema:
    """A schema; a name that ends in ``_`` is an optional column's."""
    return Schema([ColSpec(kind, name.rstrip("_"), required=not name.endswith("_")) for name, kind in types.items()])


def save(folder: Path, python_model: Any, inputs: Any, outputs: Any) -> None:
    signature = ModelSignature(inputs=inputs, outputs=outputs)
    pyfunc.save_model(folder, python_model=python_model, signature=signature, pip_requirements=[])


def save_pipeline(folder: Path) -> None:
    random = np.random.default_rng(1)
    table = pd.DataFrame(
        {"carrier": random.choice(["AA", "UA", "B6"], 500), "distance": random.integers(100, 2000, 500)}
    )
    delay = table["distance"] / 100 + (table["carrier"] == "UA") * 5
    encoder = make_column_transformer((OneHotEncoder(), ["carrier"]), remainder="passthrough")
    pipeline = make_pipeline(encoder, LinearRegression()).fit(table, delay)
    signature = infer_signature(table, pipeline.predict(table))
    sklearn: Any = mlflow.sklearn
    sklearn.save_model(pipeline, folder, signature=signature, pip_requirements=[])


def main(folder: Path) -> None:
    arithmetic_in = columns(x_="double", n="integer", mode="string")
    save(folder / "arithmetic", model(arithmetic), arithmetic_in, columns(twice="double", even="boolean"))
    save_pipeline(folder / "pipeline")
    tensor = infer_signature(np.ones((2, 3)), np.ones(2))
    save(folder / "tensor", model(row_sum), tensor.inputs, tensor.outputs)
    point = Object([Property("name", DataType.string), Property("size", DataType.float, required=False)])
    nested_in = columns(numbers=Array(DataType.integer), point=point, weights=Map(DataType.double))
    save(
        folder / "nested", model(nested), nested_in, columns(total="long", text="string", doubled=Array(DataType.long))
    )
    every = {"flag": "boolean", "small": "integer", "large": "long", "single": "float", "double": "double"}
    every |= {"text": "string", "bytes": "binary", "moment": "datetime"}
    save(folder / "types", model(types), columns(**every), columns(seen="string"))
    save(folder / "forms", model(forms), columns(form="string"), columns(a="double", b="string"))
    save(folder / "spy", model(spy), columns(attempt="string"), columns(outcome="string"))
    save(
        folder / "unloadable", model(unloadable, load_context=fail_to_load), columns(form="string"), columns(a="double")
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
