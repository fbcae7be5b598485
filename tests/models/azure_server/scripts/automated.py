"""What automated ML writes: a method beside the data, and a text of JSON for an answer."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


SAMPLE = pd.DataFrame(
    {"distance": pd.Series([0.0], dtype="float64"), "carrier": pd.Series(["example_value"], dtype="object")}
)


@input_schema("method", StandardPythonParameterType("predict"), convert_to_provided_type=False)
@input_schema("data", PandasParameterType(SAMPLE))
@output_schema(NumpyParameterType(np.array([0])))
def run(data: Any, method: str = "predict") -> Any:
    factor = 1 if method == "predict" else -1
    return json.dumps({"result": (data["distance"] * factor).tolist()})
