"""Several lists side by side, one a column."""

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


@input_schema("a", NumpyParameterType(np.array([1.0])))
@input_schema("b", NumpyParameterType(np.array(["some text"])))
@output_schema(
    StandardPythonParameterType(
        {"twice": NumpyParameterType(np.array([1.0])), "said": NumpyParameterType(np.array(["some text"]))}
    )
)
def run(a: Any, b: Any) -> Any:
    return {"twice": (a * 2).tolist(), "said": [str(text) for text in b]}
