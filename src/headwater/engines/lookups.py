"""Joins as lookups: the left rows pass by in their order, and each finds its partners in a table held in memory.

An engine's join loses the order of rows; numbering them before it and sorting them after it costs more than the join.
Where the right side is small, this is the cheaper way to rows in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from headwater.engines.base import output_schema
from headwater.engines.sizes import estimates
from headwater.errors import MError
from headwater.plan.cells import decode_error, error_column
from headwater.plan.expressions import Expr, Ref, references
from headwater.plan.nodes import Column, Join, JoinKind, Node, Project, fresh_id, select, topological, with_inputs
from headwater.plan.types import Kind

_HELD_ROWS = 300_000
"""A right side of more rows, by its estimate, is joined by the engine."""
_WORTHWHILE_ROWS = 50_000
"""For fewer left rows, by their estimate, one statement is quicker than three."""
_PIECE_ROWS = 262_144
"""So many rows, and those of one left row more, are made at once: a key may have very many partners."""
_KEYS = frozenset({Kind.INT64, Kind.TEXT, Kind.DATE})
"""Kinds of keys that Arrow finds by the equality that M has."""


@dataclass(frozen=True)
class Lookup(Node):
    """An inner or left join on one key, whose rows come in M's order; a leaf to an engine. It has these columns."""

    left: Node
    right: Node
    on: tuple[str, str]
    kind: JoinKind
    columns: tuple[Column, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.left, self.right)


def place_lookups(plan: Node, observed: set[int], needed: dict[int, set[str]]) -> Node:
    """The plan with lookups in the place of joins that they suit; the very same plan where there is none.

    Args:
        plan: the plan.
        observed: the nodes (by ``id``) whose rows' order somebody sees.
        needed: for each node (by ``id``), the columns (ids) that somebody reads.
    """
    nodes = topological(plan)
    if not any(isinstance(node, Join) and id(node) in observed for node in nodes):
        return plan
    parents = Counter(id(below) for node in nodes for below in node.inputs)
    built: dict[int, Node] = {}
    rows = estimates(plan)
    for node in nodes:
        new = with_inputs(node, [built[id(below)] for below in node.inputs])
        if isinstance(node, Join) and isinstance(new, Join) and id(node) in observed and parents[id(node)] <= 1:
            small = rows[id(node.right)] <= _HELD_ROWS and rows[id(node.left)] >= _WORTHWHILE_ROWS
            if small and _suits(node):
                new = _as_lookup(new, needed[id(node)])
        elif isinstance(new, Project) and isinstance(new.input, Lookup) and parents[id(node.inputs[0])] <= 1:
            new = _absorbed(new, new.input)
        built[id(node)] = new
    return built[id(plan)]


def _suits(node: Join) -> bool:
    if node.kind not in ("inner", "left") or len(node.on) != 1:
        return False
    (mine, theirs), *_ = node.on
    kinds = {node.left.column(mine).type.kind, node.right.column(theirs).type.kind}
    # What both sides share would be run twice.
    apart = {id(one) for one in topological(node.left)}.isdisjoint(id(one) for one in topological(node.right))
    return len(kinds) == 1 and kinds <= _KEYS and apart


def _as_lookup(node: Join, needed: set[str]) -> Node:
    lookup = Lookup(node.left, node.right, node.on[0], node.kind, node.columns)
    # Rows without columns could not be counted.
    wanted = [column for column in node.columns if column.id in needed] or [node.left.column(node.on[0][0])]
    return _absorbed(select(lookup, wanted), lookup)


def _absorbed(project: Project, lookup: Lookup) -> Node:
    """A projection of a lookup as part of it, if each of its columns looks at one side alone.

    What is computed from a right row that is not there is something else than what is computed from the rows there are.
    """
    mine = {column.id for column in lookup.left.columns}
    of_left = [(c, e) for c, e in project.items if mine.issuperset(references(e))]
    of_right = [(c, e) for c, e in project.items if isinstance(e, Ref) and e.id not in mine]
    if len(of_left) + len(of_right) < len(project.items):
        return project
    taken = [column.id for column in project.columns]
    left, left_key = _side(lookup.left, of_left, lookup.on[0], taken)
    right, right_key = _side(lookup.right, of_right, lookup.on[1], taken)
    return Lookup(left, right, (left_key, right_key), lookup.kind, project.columns)


def _side(side: Node, items: Sequence[tuple[Column, Expr]], key: str, taken: list[str]) -> tuple[Node, str]:
    """A side with just these columns and its key, and the key's id."""
    name = next((column.id for column, expression in items if expression == side.column(key).ref), None)
    if name is None:
        name = fresh_id(key, taken)
        items = [*items, (replace(side.column(key), id=name), side.column(key).ref)]
    project = Project(side, tuple(items))
    return (_absorbed(project, side) if isinstance(side, Lookup) else project), name


def looked_up(node: Lookup, left: pa.RecordBatchReader, right: pa.Table) -> pa.RecordBatchReader:
    """The rows of a lookup, from those of its sides. Texts of the right side come dictionary-encoded.

    Raises:
        MError: a key is an error; from the left, while the stream is read.
    """
    mine, theirs = node.on
    partners = _Partners(_keys(right, node.right.column(theirs)), outer=node.kind == "left")
    names = output_schema(node.columns).names
    sides = {name: _array(right, name) for name in names if name not in left.schema.names}
    sides = {name: array.dictionary_encode() if array.type == pa.string() else array for name, array in sides.items()}
    types = {name: sides[name].type if name in sides else left.schema.field(name).type for name in names}
    schema = pa.schema(list(types.items()))

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in left:
            for rows, found in partners.of(_keys(batch, node.left.column(mine))):
                mine_again = batch if rows is None else batch.take(rows)
                arrays = [sides[name].take(found) if name in sides else mine_again.column(name) for name in names]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _array(rows: pa.RecordBatch | pa.Table, name: str) -> pa.Array[Any]:
    array = rows.column(name)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _keys(rows: pa.RecordBatch | pa.Table, key: Column) -> pa.Array[Any]:
    if key.may_fail:
        errors = rows.column(error_column(key.id)).drop_null()
        if len(errors):
            raise MError(*decode_error(errors[0].as_py()))
    return _array(rows, key.id)


class _Partners:
    """Where the right side has which key. Null is a key as any other."""

    def __init__(self, keys: pa.Array[Any], *, outer: bool) -> None:
        import numpy as np

        self._outer = outer
        self._distinct = keys.unique()
        self._unique = len(self._distinct) == len(keys)
        if not self._unique:
            import pyarrow.compute as pc

            codes = pc.index_in(keys, value_set=self._distinct).to_numpy(zero_copy_only=False)
            self._by_key = np.argsort(codes, kind="stable")
            self._counts = np.bincount(codes, minlength=len(self._distinct))
            self._starts = np.concatenate(([0], np.cumsum(self._counts)[:-1]))

    def of(self, keys: pa.Array[Any]) -> Iterator[tuple[pa.Array[Any] | None, pa.Array[Any]]]:
        """The rows of both sides that make results: of the left (None: each once), and of the right (null: none)."""
        import pyarrow.compute as pc

        found = pc.index_in(keys, value_set=self._distinct)
        if not self._unique:
            yield from self._several(found)
        elif self._outer or not found.null_count:
            yield None, found
        else:
            yield pc.indices_nonzero(found.is_valid()), found.drop_null()

    def _several(self, found: pa.Array[Any]) -> Iterator[tuple[pa.Array[Any], pa.Array[Any]]]:
        import numpy as np

        codes = found.fill_null(-1).to_numpy(zero_copy_only=False)
        counts = np.where(codes >= 0, self._counts[codes], 1 if self._outer else 0)
        ends = np.cumsum(counts)
        start = 0
        while start < len(codes):
            before = int(ends[start - 1]) if start else 0
            stop = max(int(np.searchsorted(ends, before + _PIECE_ROWS, side="right")), start + 1)
            rows = np.repeat(np.arange(start, stop), counts[start:stop])
            # Within each left row its partners are counted from 0.
            at = np.arange(before, before + len(rows)) - (ends - counts)[rows]
            alone = codes[rows] < 0
            place = np.where(alone, 0, self._starts[codes[rows]] + at)
            yield pa.array(rows), pa.array(self._by_key[place], mask=alone)
            start = stop
