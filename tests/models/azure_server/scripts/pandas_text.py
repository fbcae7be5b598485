"""What many scripts do: the answer is a text of JSON, not JSON."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


@input_schema("data", PandasParameterType(pd.DataFrame({"distance": [1.5], "carrier": ["UA"]})))
@output_schema(NumpyParameterType(np.array([0.5])))
def run(data: Any) -> Any:
    return data["distance"].to_json(orient="values")
