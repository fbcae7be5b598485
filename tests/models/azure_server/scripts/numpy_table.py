"""A NumPy array of whole numbers, a setting beside it, and several values a row for an answer."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


@input_schema("x", NumpyParameterType(np.array([[1, 2], [3, 4]], dtype="int32")))
@input_schema("threshold", StandardPythonParameterType(0.5))
@output_schema(NumpyParameterType(np.array([[0.5, 0.5]])))
def run(x: Any, threshold: float) -> Any:
    assert x.dtype == "int32"
    return (x * threshold).tolist()
