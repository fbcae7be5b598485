"""A frame of pandas in the orient 'columns'."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


SAMPLE = pd.DataFrame(
    {
        "distance": [1.5, 2.5],
        "stops": [1, 2],
        "carrier": ["UA", "AA"],
        "late": [True, False],
        "moment": pd.to_datetime(["2024-01-02T03:04:05", "2024-01-03T00:00:00"]),
    }
)
ANSWER = pd.DataFrame({"score": [0.5, 0.25], "said": ["a", "b"]})


@input_schema("data", PandasParameterType(SAMPLE, orient="columns"))
@output_schema(PandasParameterType(ANSWER, orient="columns"))
def run(data: Any) -> Any:
    assert list(data.columns) == list(SAMPLE.columns)
    assert list(data.dtypes) == list(SAMPLE.dtypes)
    said = data["carrier"].fillna("none") + " " + data["moment"].map(str) + " " + data["late"].astype(str)
    answer = pd.DataFrame({"score": data["distance"] * 2 + data["stops"], "said": said})
    return json.loads(answer.to_json(orient="columns"))
