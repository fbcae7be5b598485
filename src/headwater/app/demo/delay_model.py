"""The demo's model as code: what MLflow stores and a scoring process loads. It needs nothing of Headwater."""

from typing import Any

import joblib
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class ArrivalDelay(PythonModel):
    """Will the flight arrive fifteen minutes late or more? Probability and label."""

    def load_context(self, context: PythonModelContext) -> None:
        self.pipeline = joblib.load(context.artifacts["pipeline"])

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        probability = self.pipeline.predict_proba(model_input)[:, 1]
        return pd.DataFrame({"probability": probability, "label": probability >= 0.5})


set_model(ArrivalDelay())
