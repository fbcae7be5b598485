"""Inputs and GlobalParameters in, Results out."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

import pandas as pd
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


@input_schema(
    "Inputs",
    StandardPythonParameterType({"input1": PandasParameterType(pd.DataFrame({"distance": [1.5], "carrier": ["UA"]}))}),
)
@input_schema("GlobalParameters", StandardPythonParameterType({"factor": 2.0, "mode": "plain"}))
@output_schema(
    StandardPythonParameterType(
        {
            "Results": StandardPythonParameterType(
                {"output1": PandasParameterType(pd.DataFrame({"score": [0.5], "said": ["x"]}))}
            )
        }
    )
)
def run(Inputs: Any, GlobalParameters: Any) -> Any:
    frame = Inputs["input1"]
    said = frame["carrier"] + " " + GlobalParameters["mode"]
    answer = pd.DataFrame({"score": frame["distance"] * GlobalParameters["factor"], "said": said})
    return {"Results": {"output1": answer.to_dict("records")}}
