"""Standard types: one row a call."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

import datetime
from typing import Any

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


@input_schema("distance", StandardPythonParameterType(1.5))
@input_schema("stops", StandardPythonParameterType(1))
@input_schema("carrier", StandardPythonParameterType("UA"))
@input_schema("late", StandardPythonParameterType(True))
@input_schema("moment", StandardPythonParameterType(datetime.datetime(2024, 1, 2, 3, 4, 5)))
@input_schema("photo", StandardPythonParameterType(b"abc"))
@output_schema(
    StandardPythonParameterType({"score": 0.5, "said": "a", "moment": datetime.datetime(2024, 1, 2), "whole": 1})
)
def run(distance: float, stops: int, carrier: str, late: bool, moment: datetime.datetime, photo: bytes) -> Any:
    said = f"{carrier} {late} {photo!r}"
    return {"score": distance + stops, "said": said, "moment": moment.isoformat(), "whole": stops * 2}
