"""Save the MLflow models that the tests of scoring use: ``saved_models.py FOLDER``, a folder a model.

- ``arithmetic``: ``twice`` = 2x and ``even`` (of n), and does what column ``mode`` says: ``raise``, ``exit``,
  ``sleep``, ``short``, ``text``, ``print``.
- ``pipeline``: a scikit-learn pipeline over text and numbers; its output is an unnamed tensor.
- ``tensor``: sums over an unnamed (-1, 3) tensor.
- ``nested``: an array, an object and a map.
- ``types``: one column of each scalar type, given back as the text of its NumPy type.
- ``forms``: answers in the form that column ``form`` names.
- ``unloadable``: fails while it is loaded.
"""

from __future__ import annotations

import os
import sys
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
    save(
        folder / "unloadable", model(unloadable, load_context=fail_to_load), columns(form="string"), columns(a="double")
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
