"""Fill an MLflow server through MLflow's own client: ``seed.py URL FOLDER``; prints the run ids as JSON, last.

- ``late_arrival``: version 1 (alias ``champion``, a tag) trained on a folder of two files, on one file and on a table
  made in code; version 2, trained anew on the same files.
- ``odd name (ü)``: a version with no run, whose artifact the server cannot read.
- ``unsigned``: a version with a run, and no signature.
- ``empty``: a model without versions.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
import pandas as pd
from mlflow.data.pandas_dataset import from_pandas
from mlflow.models import ModelSignature, infer_signature
from mlflow.pyfunc import log_model
from mlflow.pyfunc.model import PythonModel

TABLE = pd.DataFrame({"distance": [100.0, 250.0], "carrier": ["AA", "BB"], "late": [0, 1]})
INPUTS = TABLE[["distance", "carrier"]]


class Constant(PythonModel):
    """Two outputs, whatever comes in."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        return pd.DataFrame({"probability": [0.25] * len(model_input), "label": [False] * len(model_input)})


def train(name: str, data: Path, signature: ModelSignature | None) -> str:
    with mlflow.start_run(run_name=f"train {name}") as run:
        mlflow.log_params({"depth": 3})
        mlflow.log_metric("auc", 0.5, step=0)
        mlflow.log_metric("auc", 0.75, step=1)
        mlflow.log_metric("lift", float("nan"))
        mlflow.log_input(from_pandas(TABLE, source=str(data / "flights"), name="flights"), "training")
        mlflow.log_input(from_pandas(TABLE, source=str(data / "weather.csv"), name="weather"), "training")
        mlflow.log_input(from_pandas(TABLE, name="made up"), "evaluation")
        log_model(
            name="model",
            python_model=Constant(),
            signature=signature if signature else False,
            registered_model_name=name,
            pip_requirements=[],
            artifacts={"weather": str(data / "weather.csv")},
        )
    return str(run.info.run_id)


def main(url: str, data: Path) -> None:
    (data / "flights").mkdir(parents=True)
    for file in (data / "flights" / "2013-01.csv", data / "flights" / "2013-02.csv", data / "weather.csv"):
        TABLE.to_csv(file, index=False)
    mlflow.set_tracking_uri(url)
    mlflow.set_experiment("delays")
    outputs = Constant().predict(None, INPUTS)
    signature = infer_signature(INPUTS, outputs, params={"threshold": 0.5})
    runs = {
        "run_id": train("late_arrival", data, signature),
        "retrained_run_id": train("late_arrival", data, signature),
    }
    train("unsigned", data, None)
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("late_arrival", "champion", "1")
    client.set_model_version_tag("late_arrival", "1", "reviewed", "yes")
    client.create_registered_model("empty")
    client.create_registered_model("odd name (ü)", description="Names may be anything.")
    client.create_model_version("odd name (ü)", source="s3://bucket/some/where")
    print(json.dumps(runs))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
