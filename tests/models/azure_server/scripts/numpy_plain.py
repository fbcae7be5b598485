"""A NumPy array of two dimensions: its description tells neither width nor names."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0, 3.0]])))
@output_schema(NumpyParameterType(np.array([0.5])))
def run(data: Any) -> Any:
    assert data.shape[1] == 3 and data.dtype == "float64"
    return (data @ [1.0, 10.0, 100.0]).tolist()
