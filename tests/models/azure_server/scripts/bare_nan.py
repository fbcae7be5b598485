"""Python's JSON has NaN and Infinity, and scripts answer them."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


@input_schema("data", NumpyParameterType(np.array([1.0])))
@output_schema(NumpyParameterType(np.array([1.0])))
def run(data: Any) -> Any:
    return [float(value) for value in data]
