"""A frame of pandas in the orient 'values'."""

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


@input_schema("data", PandasParameterType(SAMPLE, orient="values"))
@output_schema(PandasParameterType(ANSWER, orient="values"))
def run(data: Any) -> Any:
    # Without names there are no types either: the columns hold what JSON held.
    frame = data.set_axis(SAMPLE.columns, axis="columns").astype(SAMPLE.dtypes.to_dict())
    said = frame["carrier"].fillna("none") + " " + frame["moment"].map(str) + " " + frame["late"].astype(str)
    answer = pd.DataFrame({"score": frame["distance"] * 2 + frame["stops"], "said": said})
    return json.loads(answer.to_json(orient="values"))
