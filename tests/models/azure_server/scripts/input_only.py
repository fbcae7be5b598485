"""Only the input is decorated."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema


def init() -> None:
    """Nothing to load."""


@input_schema("a", StandardPythonParameterType(1.5))
def run(a: float) -> Any:
    return a
