"""Trains and registers the models of the case ``model``: ``training.py TRACKING_URL``.

Both over twelve columns of numbers: ``gb`` (LightGBM, 100 trees) and ``lr`` (scaling and a logistic regression).
"""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import lightgbm
import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROWS = 50_000


def main(url: str) -> None:
    library: Any = mlflow
    library.set_tracking_uri(url)
    random = np.random.default_rng(3)
    table: Any = pd.DataFrame({f"c{number}": random.normal(size=ROWS) for number in range(12)})
    target: Any = (table["c0"] + table["c1"] * table["c2"] > 0).astype(int)
    gb: Any = lightgbm.LGBMClassifier(n_estimators=100, n_jobs=1, verbose=-1).fit(table, target)
    lr: Any = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, target)
    for name, model, log in (("gb", gb, library.lightgbm), ("lr", lr, library.sklearn)):
        signature = infer_signature(table, model.predict(table))
        log.log_model(model, name=name, signature=signature, registered_model_name=name)


if __name__ == "__main__":
    main(sys.argv[1])
