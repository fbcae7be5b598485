"""A list of objects by standard types: many rows a call."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


@input_schema("rows", StandardPythonParameterType([{"x": 1.5, "name": "a"}]))
@output_schema(StandardPythonParameterType([{"twice": 1.5, "name": "a"}]))
def run(rows: Any) -> Any:
    return [{"twice": row["x"] * 2, "name": row["name"]} for row in rows]
