"""Trains the demo's model and registers it in MLflow: ``python -m headwater.app.demo.training WAREHOUSE``.

A process of its own, as a data scientist's would be: it knows MLflow and nothing of Headwater's rooms. It trains
first, then reads the server's address as a line on standard input, and prints one JSON line when it is done.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from headwater.app.demo.warehouse import MODEL_INPUTS, model_inputs_sql, month_file

TRAINING_MONTHS = range(1, 7)
HOLDOUT_MONTHS = range(7, 10)
LATE_MINUTES = 15
MODEL_NAME = "arrival_delay"
PARAMETERS: dict[str, Any] = {"max_iter": 400, "learning_rate": 0.03, "max_leaf_nodes": 31, "random_state": 13}
CATEGORIES = ["carrier", "origin", "dest"]


def main() -> None:
    """Train, wait for the address, log and register."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    warehouse = Path(sys.argv[1])
    started = time.perf_counter()
    training, holdout = _read(warehouse, TRAINING_MONTHS), _read(warehouse, HOLDOUT_MONTHS)
    pipeline = _train(training)
    auc = _auc(pipeline, holdout)
    seconds = time.perf_counter() - started
    address = sys.stdin.readline().strip()
    version = _register(address, warehouse, pipeline, training, {"auc_holdout": auc, "training_seconds": seconds})
    print(json.dumps({"auc_holdout": auc, "seconds": time.perf_counter() - started, "version": version}))  # noqa: T201


def _read(warehouse: Path, months: range) -> Any:
    """The flights of these months that arrived, with the model's inputs and whether each was late."""
    import duckdb

    files = [month_file(warehouse, month) for month in months]
    columns = ", ".join(MODEL_INPUTS)
    query = f"""
        SELECT {columns}, arr_delay >= {LATE_MINUTES} AS late
        FROM ({model_inputs_sql(files, warehouse / "weather.csv")}) WHERE arr_delay IS NOT NULL
        ORDER BY month, day, sched_dep_time, carrier, flight
    """  # noqa: S608 -- our own names
    with duckdb.connect() as connection:
        return connection.sql(query).df()


def _train(training: Any) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    prepare = make_column_transformer((encoder, CATEGORIES), remainder="passthrough", verbose_feature_names_out=False)
    model = HistGradientBoostingClassifier(categorical_features=[0, 1, 2], **PARAMETERS)
    return make_pipeline(prepare, model).fit(training[list(MODEL_INPUTS)], training["late"])


def _auc(pipeline: Any, holdout: Any) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(holdout["late"], pipeline.predict_proba(holdout[list(MODEL_INPUTS)])[:, 1]))


def _register(address: str, warehouse: Path, pipeline: Any, training: Any, metrics: dict[str, float]) -> str:
    """Log the run and register the model; returns the version."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    import mlflow

    mlflow.set_tracking_uri(address)
    mlflow.set_experiment("flight delays")
    with mlflow.start_run(run_name="arrival_delay training"):
        _log_datasets(warehouse)
        mlflow.log_params({**PARAMETERS, "months": f"{TRAINING_MONTHS[0]}-{TRAINING_MONTHS[-1]}"})
        mlflow.log_metrics(metrics)
        info = _log_model(pipeline, training)
    client = mlflow.MlflowClient()
    version = mlflow.register_model(info.model_uri, MODEL_NAME)
    client.update_registered_model(MODEL_NAME, "Will a flight arrive fifteen minutes late or more?")
    client.set_registered_model_alias(MODEL_NAME, "champion", version.version)
    return str(version.version)


def _log_datasets(warehouse: Path) -> None:
    import mlflow
    import pandas as pd

    for month in TRAINING_MONTHS:
        file = month_file(warehouse, month)
        _log_dataset(mlflow, pd.read_csv(file), file, f"flights 2013-{month:02d}")
    weather = warehouse / "weather.csv"
    _log_dataset(mlflow, pd.read_csv(weather), weather, "weather")


def _log_dataset(mlflow: Any, frame: Any, file: Path, name: str) -> None:
    dataset = mlflow.data.from_pandas(frame, source=file.as_uri(), name=name)
    mlflow.log_input(dataset, context="training")


def _log_model(pipeline: Any, training: Any) -> Any:
    import joblib
    import mlflow
    import sklearn
    from mlflow.types.schema import ColSpec, Schema

    example = training[list(MODEL_INPUTS)].head(5)
    inputs = mlflow.models.infer_signature(example).inputs
    # Weather may be missing for an hour: those columns are optional, whatever five example rows show.
    columns: list[Any] = [
        ColSpec(c.type, c.name, required=c.name not in MODEL_INPUTS[MODEL_INPUTS.index("temp") :])
        for c in inputs.inputs
    ]
    outputs = Schema([ColSpec("double", "probability"), ColSpec("boolean", "label")])
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "pipeline.joblib"
        joblib.dump(pipeline, stored)
        return mlflow.pyfunc.log_model(
            name=MODEL_NAME,
            python_model=str(Path(__file__).with_name("delay_model.py")),
            artifacts={"pipeline": str(stored)},
            signature=mlflow.models.ModelSignature(inputs=Schema(columns), outputs=outputs),
            input_example=example,
            pip_requirements=[f"scikit-learn=={sklearn.__version__}", "pandas", "joblib"],
        )


if __name__ == "__main__":
    main()
