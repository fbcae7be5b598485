"""Trains and registers what ``benchmarks/scoring.py`` scores with: ``scoring_models.py TRACKING_URL DATA FOLDER``.

Four models over the twelve columns of DATA (Parquet): ``gb`` (LightGBM), ``lr`` (a logistic pipeline), and both as
ONNX (``gb_onnx``, ``lr_onnx``). FOLDER gets ``lr`` once more, to be served.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import lightgbm
import mlflow
import pandas as pd
from mlflow.models import infer_signature
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TRAINING_ROWS = 50_000


def register_lightgbm_converter() -> None:
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

    update_registered_converter(
        lightgbm.LGBMClassifier,
        "LightGbmLGBMClassifier",
        calculate_linear_classifier_output_shapes,
        convert_lightgbm,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )


def as_onnx(model: Any, columns: int) -> Any:
    inputs = [("features", FloatTensorType([None, columns]))]
    options = {id(model): {"zipmap": False}}
    return convert_sklearn(model, initial_types=inputs, options=options, target_opset={"": 15, "ai.onnx.ml": 3})


def main(url: str, data: str, folder: str) -> None:
    mlflow_module: Any = mlflow
    mlflow_module.set_tracking_uri(url)
    table: Any = pd.read_parquet(data).iloc[:TRAINING_ROWS]
    target: Any = (table["c0"] + table["c1"] * table["c2"] > 0).astype(int)
    gb: Any = lightgbm.LGBMClassifier(n_estimators=100, num_leaves=31, n_jobs=1, verbose=-1).fit(table, target)
    lr: Any = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, target)
    for name, model, log in (("gb", gb, mlflow_module.lightgbm), ("lr", lr, mlflow_module.sklearn)):
        signature = infer_signature(table, model.predict(table))
        log.log_model(model, name=name, signature=signature, registered_model_name=name)
    mlflow_module.sklearn.save_model(lr, Path(folder) / "lr", signature=infer_signature(table, lr.predict(table)))
    register_lightgbm_converter()
    for name, model in (("gb_onnx", gb), ("lr_onnx", lr)):
        graph = as_onnx(model, len(table.columns))
        answer = {"label": model.predict(table[:5]), "probabilities": model.predict_proba(table[:5]).astype("float32")}
        signature = infer_signature(table.astype("float32"), answer)
        mlflow_module.onnx.log_model(graph, name=name, signature=signature, registered_model_name=name)


if __name__ == "__main__":
    main(*sys.argv[1:])
