"""A structured NumPy array: objects with names, numbers of several sizes, a text, a moment and a list."""

# The package is in the server's own environment alone.
# mypy: disable-error-code="import-not-found, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    """Nothing to load."""


SAMPLE = np.array(
    [(1.5, 2, "UA", "2024-01-02T03:04:05", True, [1, 2])],
    dtype=[
        ("distance", "f8"),
        ("stops", "i4"),
        ("carrier", "U10"),
        ("moment", "M8[us]"),
        ("late", "?"),
        ("pair", "f4", (2,)),
    ],
)
ANSWER = np.array([(0.5, "x")], dtype=[("score", "f8"), ("said", "U40")])


@input_schema("data", NumpyParameterType(SAMPLE))
@output_schema(NumpyParameterType(ANSWER))
def run(data: Any) -> Any:
    assert data.dtype == SAMPLE.dtype
    said = [f"{row['carrier']} {row['moment']} {row['late']} {row['pair'].tolist()}" for row in data]
    return [
        {"score": score, "said": text}
        for score, text in zip((data["distance"] + data["stops"]).tolist(), said, strict=True)
    ]
