"""Arrow, as annotations see it.

pyarrow states no types, and stubs made for it by others lag behind it; so to the type checker an array is ``Any``, and
so is what computes on arrays. The names say what is meant.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute

__all__ = ["Array", "compute", "nulls", "row_values"]

Array: TypeAlias = Any
"""A ``pyarrow.Array`` of any type."""

compute: Any = pyarrow.compute
"""Arrow's kernels."""

nulls: Any = pa.nulls
"""``nulls(count, type)``: an array of so many nulls."""


def row_values(outputs: pa.RecordBatch) -> Array:
    """One value per row: the only output, or a record of all."""
    if outputs.num_columns == 1:
        return outputs.column(0)
    return pa.StructArray.from_arrays(outputs.columns, fields=list(outputs.schema))
