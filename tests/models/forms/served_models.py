"""Serve MLflow models by MLflow's own scoring server: ``served_models.py FOLDER PORT``, a path a model.

Every model of FOLDER is served as ``/NAME/invocations``, and besides:

- ``echo``: gives its columns back, of every type; all are optional, and ``times`` and ``note`` are its params.
- ``tensors``: sums of two named tensors, one value and one list a row, as a dictionary of arrays.
- ``lists``: an array of 32-bit integers and an object.
- ``maps``: an array, a map and an array of arrays.
- ``table``: a table of two columns for an answer, from one unnamed tensor of one value a row.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow.pyfunc
import numpy as np
import pandas as pd
import uvicorn
from fastapi import FastAPI
from mlflow.models import ModelSignature
from mlflow.pyfunc import scoring_server
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Array, DataType, Map, Object, Property

pyfunc: Any = mlflow.pyfunc

TYPES = ("boolean", "integer", "long", "float", "double", "string", "binary", "datetime")


def model(predict: Any) -> Any:
    return type(predict.__name__, (pyfunc.PythonModel,), {"predict": predict})()


def echo(self: Any, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
    settings = params or {}
    return model_input.assign(double=model_input["double"] * settings["times"], note=str(settings["note"]))


def tensors(self: Any, context: Any, model_input: Any, params: Any = None) -> Any:
    assert model_input["one"].dtype == "int64" and model_input["many"].dtype == "float32"
    return {"total": model_input["one"] + model_input["many"].sum(axis=1), "pair": model_input["many"][:, :2]}


def table(self: Any, context: Any, model_input: Any, params: Any = None) -> Any:
    assert model_input.shape == (len(model_input),)
    return np.stack([model_input, model_input * 2], axis=1)


def lists(self: Any, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
    rows = model_input.to_dict("records")
    said = [f"{row['point']['name']} {row['point'].get('size')}" for row in rows]
    totals = [int(sum(row["numbers"])) for row in rows]
    return pd.DataFrame({"total": totals, "said": said, "point": [row["point"] for row in rows]})


def maps(self: Any, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
    rows = model_input.to_dict("records")
    totals = [sum(row["numbers"]) + sum(row["weights"].values()) for row in rows]
    return [
        {"total": total, "weights": row["weights"], "grid": [list(inner) for inner in row["grid"]]}
        for total, row in zip(totals, rows, strict=True)
    ]


def save(folder: Path, name: str, predict: Any, signature: ModelSignature) -> None:
    if not (folder / name).exists():
        pyfunc.save_model(folder / name, python_model=model(predict), signature=signature, pip_requirements=[])


def save_all(folder: Path) -> None:
    taken: list[Any]
    given: list[Any]
    every: list[Any]
    named: list[Any]
    optional = {"float", "double", "string", "binary", "datetime"}
    every = [ColSpec(kind, kind, required=kind not in optional) for kind in TYPES]
    params = ParamSchema([ParamSpec("times", "double", 1.0), ParamSpec("note", "string", "none")])
    save(folder, "echo", echo, ModelSignature(Schema(every), Schema([*every, ColSpec("string", "note")]), params))
    named = [TensorSpec(np.dtype("int64"), (-1,), "one"), TensorSpec(np.dtype("float32"), (-1, 3), "many")]
    given = [TensorSpec(np.dtype("float64"), (-1,), "total"), TensorSpec(np.dtype("float32"), (-1, 2), "pair")]
    save(folder, "tensors", tensors, ModelSignature(Schema(named), Schema(given)))
    point = Object([Property("name", DataType.string), Property("size", DataType.double, required=False)])
    taken = [ColSpec(Array(DataType.integer), "numbers"), ColSpec(point, "point")]
    given = [ColSpec("long", "total"), ColSpec("string", "said"), ColSpec(point, "point")]
    save(folder, "lists", lists, ModelSignature(Schema(taken), Schema(given)))
    weights, grid = ColSpec(Map(DataType.double), "weights"), ColSpec(Array(Array(DataType.double)), "grid")
    taken = [ColSpec(Array(DataType.long), "numbers"), weights, grid]
    save(folder, "maps", maps, ModelSignature(Schema(taken), Schema([ColSpec("double", "total"), weights, grid])))
    one = TensorSpec(np.dtype("float64"), (-1,))
    save(folder, "table", table, ModelSignature(Schema([one]), Schema([TensorSpec(np.dtype("float64"), (-1, 2))])))


def main(folder: Path, port: int) -> None:
    save_all(folder)
    app = FastAPI()
    for saved in sorted(folder.iterdir()):
        if saved.name != "unloadable":
            app.mount(f"/{saved.name}", scoring_server.init(pyfunc.load_model(str(saved))))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
