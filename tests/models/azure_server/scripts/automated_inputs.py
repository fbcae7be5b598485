"""What automated ML writes of late: Inputs, a GlobalParameters that is one number, and Results."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


@input_schema("GlobalParameters", StandardPythonParameterType(0.0), convert_to_provided_type=False)
@input_schema(
    "Inputs",
    StandardPythonParameterType({"data": PandasParameterType(pd.DataFrame({"distance": [1.0], "carrier": ["x"]}))}),
)
@output_schema(StandardPythonParameterType({"Results": NumpyParameterType(np.array([0]))}))
def run(Inputs: Any, GlobalParameters: float = 0.0) -> Any:
    return {"Results": (Inputs["data"]["distance"] + GlobalParameters).tolist()}
