"""Batch functions: what a call node in a plan carries. A model is one; so is any M function made for batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from headwater.plan.types import DataType, Field


class BatchFunction(Protocol):
    """A function over a whole column of inputs at once.

    ``identity`` names what exactly is called (a model version's qualified name) for lineage; it is empty for a
    function that no catalog knows.
    """

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str: ...

    @property
    def parameters(self) -> tuple[Field, ...]: ...

    @property
    def result(self) -> DataType: ...

    def apply(self, batches: pa.RecordBatchReader, arguments: Sequence[str], result: str) -> pa.RecordBatchReader:
        """Run over a stream of batches.

        Args:
            batches: the input relation; read once, in order.
            arguments: one column name of ``batches`` per parameter, already of the parameter's Arrow type. A name's
                sentinel column (``name__err``), where present, marks rows whose argument is an error: such a row is
                not sent, and its result is that error.
            result: the name of the column to add.

        Returns:
            the same rows in the same order: every input column, then ``result`` (Arrow type of ``self.result``),
            then ``result__err`` (string).
        """
        ...
