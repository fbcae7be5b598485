"""An object with objects and lists in it: one row a call."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


CLAIM = {"amount": 1.5, "person": {"name": "x", "age": 3}, "codes": [1, 2], "parts": [{"price": 1.0}]}


@input_schema("claim", StandardPythonParameterType(CLAIM))
@output_schema(StandardPythonParameterType({"score": 0.5, "why": ["a"]}))
def run(claim: Any) -> Any:
    total = (
        claim["amount"] + claim["person"]["age"] + sum(claim["codes"]) + sum(part["price"] for part in claim["parts"])
    )
    return {"score": total, "why": [claim["person"]["name"]] * len(claim["codes"])}
