"""Below the model: a row whose inputs are what they were keeps its predictions, and is not even looked up.

A plan that calls models, and above the calls only computes more columns of the same row, gives for each row of what is
below the calls one row of the table. If that row is what it was, and the calls are exactly what they were, so is the
table's row: only the other rows go on through the models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from headwater.engines.passes import apply_passes, needed_columns
from headwater.models.functions import ModelFunction
from headwater.plan.cells import error_column
from headwater.plan.expressions import Literal, call, operators_of
from headwater.plan.nodes import Call, Column, Filter, Node, Project, fresh_id, select, with_inputs
from headwater.plan.types import INT64, DataType, Field
from headwater.powerquery import PlanTable

__all__ = ["Split", "split_below_models"]


@dataclass(frozen=True)
class Split:
    """A plan in two.

    Attributes:
        below: gives the rows that go into the models.
        above: the nodes from the plan's root down to its lowest call.
        recipe: stands for exactly what ``above`` does.
    """

    below: Node
    above: tuple[Node, ...]
    recipe: str

    def over(self, choose: Callable[[pa.RecordBatch], pa.Array[Any]]) -> Node:
        """The plan over those rows only that ``choose`` leaves.

        Args:
            choose: is given the rows that go into the models, batch by batch, and says of each whether it goes on:
                a column of whole numbers, null for those that do not.
        """
        added = Column(fresh_id("chosen", [c.id for c in self.below.columns]), "", INT64)
        names = tuple(column.id for column in self.below.columns)
        chosen = Call(self.below, _Chooser(choose), names, added)
        is_absent = call("=", added.ref, Literal(None, INT64))
        node: Node = select(Filter(chosen, call("not", is_absent)), self.below.columns)
        for one in reversed(self.above):
            node = with_inputs(one, [node])
        return node


def split_below_models(table: PlanTable) -> Split | None:
    """A table's plan in two, below its lowest model call; None where it calls none, or does more above a call.

    Only calls of which it is known that they answer tomorrow as they do today are left out tomorrow.
    """
    plan = apply_passes(table.runnable)
    chain: list[Node] = []
    node = plan
    while _passes_rows(node):
        chain.append(node)
        node = node.inputs[0]
    while chain and not isinstance(chain[-1], Call):
        node = chain.pop()
    if not chain:
        return None
    needed = needed_columns(plan)[id(node)]
    below = select(node, [column for column in node.columns if column.id in needed])
    return Split(below, tuple(chain), _digest(chain))


def _passes_rows(node: Node) -> bool:
    """Whether a node only computes more columns of the same row, so that its failures can be seen in the end."""
    if isinstance(node, Call):
        return bool(_recipe_of(node))
    return isinstance(node, Project) and not any("otherwise" in operators_of(value) for _, value in node.items)


def _recipe_of(node: Call) -> str:
    return node.function.recipe if isinstance(node.function, ModelFunction) else ""


def _digest(chain: Sequence[Node]) -> str:
    """What nodes do, without what they do it to. Expressions are dataclasses of constants: their text says it all."""
    described = []
    for node in chain:
        if isinstance(node, Call):
            described.append(repr(("call", _recipe_of(node), node.arguments, node.added)))
        else:
            assert isinstance(node, Project), "there is nothing else above a call here"
            described.append(repr(("project", node.items)))
    return hashlib.sha256("\n".join(described).encode()).hexdigest()


@dataclass
class _Chooser:
    """A batch function that says which rows go on. It is nobody's function: it has no identity."""

    choose: Callable[[pa.RecordBatch], pa.Array[Any]]
    name: str = "rows that changed"
    identity: str = ""
    parameters: tuple[Field, ...] = ()
    result: DataType = INT64

    def apply(self, batches: pa.RecordBatchReader, arguments: Sequence[str], result: str) -> pa.RecordBatchReader:
        """The rows, with what was chosen; see :meth:`headwater.plan.functions.BatchFunction.apply`."""
        schema = batches.schema.append(pa.field(result, pa.int64()))
        schema = schema.append(pa.field(error_column(result), pa.string()))

        def chosen() -> Iterator[pa.RecordBatch]:
            for batch in batches:
                none = pa.nulls(batch.num_rows, pa.string())
                yield pa.RecordBatch.from_arrays([*batch.columns, self.choose(batch), none], schema=schema)

        return pa.RecordBatchReader.from_batches(schema, chosen())
