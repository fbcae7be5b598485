"""Relational nodes. A node knows its output columns, its inputs and how it treats order; it holds no engine.

Columns have an id, unique in its node without regard to case (SQL engines fold case), and an M name, which is what a
person sees and may repeat an id's letters in another case. A column keeps its id while it passes through nodes; a
join gives the right side's clashing columns new ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar
from typing import Literal as OneOf

import pyarrow as pa

from headwater.plan.cells import ERROR_SUFFIX
from headwater.plan.expressions import Expr, Ref
from headwater.plan.functions import BatchFunction
from headwater.plan.types import TEXT, DataType


@dataclass(frozen=True, slots=True)
class Column:
    """``may_fail``: cells can be errors, so the sentinel column ``id__err`` travels along."""

    id: str
    name: str
    type: DataType
    may_fail: bool = False

    @property
    def ref(self) -> Ref:
        """A reference to the column, from what lies above its node."""
        return Ref(self.id, self.type, self.may_fail)

    def renamed(self, name: str) -> Column:
        """The column under another M name; its id stays."""
        return replace(self, name=name)


def fresh_id(name: str, taken: Iterable[str]) -> str:
    """An id made of ``name``'s letters, unlike any in ``taken`` whatever the case, and never a sentinel's.

    >>> fresh_id("Order Date", ["order_date"])
    'order_date_2'
    """
    used = {t.lower() for t in taken}
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "column"
    stem = f"c_{stem}" if stem[0].isdigit() or stem.endswith(ERROR_SUFFIX.strip("_")) else stem
    candidate, count = stem, 1
    while candidate in used:
        count += 1
        candidate = f"{stem}_{count}"
    return candidate


@dataclass(frozen=True, slots=True)
class Source:
    """What a scan reads, by its identity in OpenLineage's naming (``file:///data/a.csv``, ``headwater://…/tables/x``)."""

    uri: str


class Node:
    """Base of all nodes; every one is an immutable dataclass with ``columns``."""

    columns: tuple[Column, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return ()

    @property
    def behind(self) -> tuple[Node, ...]:
        """What the rows come from: the inputs, and for a step outside the engine the plan that it worked on."""
        return self.inputs

    def column(self, identifier: str) -> Column:
        """The column with this id; KeyError if there is none."""
        for column in self.columns:
            if column.id == identifier:
                return column
        raise KeyError(identifier)

    def named(self, name: str) -> Column | None:
        """The column with this M name, or None."""
        return next((c for c in self.columns if c.name == name), None)

    def walk(self) -> Iterator[Node]:
        """This node and all below it, parents first."""
        yield self
        for child in self.inputs:
            yield from child.walk()


@dataclass(frozen=True)
class CsvScan(Node):
    """Rows of a delimited text file, in file order, all columns text; a field that is absent or empty is "".

    A row longer than ``columns`` loses its further fields. ``quoted_breaks`` says that a line break in quotes is data;
    else it ends the row. ``encoding`` is Python's name of it. ``skip_rows`` rows are passed over first, and no more
    than ``max_rows`` are read after them (None: all).
    """

    path: str
    columns: tuple[Column, ...]
    delimiter: str = ","
    quote: bool = True
    encoding: str = "utf-8"
    skip_rows: int = 0
    max_rows: int | None = None
    quoted_breaks: bool = True

    @property
    def source(self) -> Source:
        return file_source(self.path)


OFFSET_SUFFIX = ".offset"


@dataclass(frozen=True)
class ParquetScan(Node):
    """Rows of Parquet files, in the order of the files. ``physical`` names each column in the file.

    A DATETIMEZONE column is two columns of the file: its instant (a timestamp in UTC) under the physical name, and its
    offset in minutes under that name plus ``OFFSET_SUFFIX``; times are ticks. ``foreign`` files, which others wrote,
    have times and timestamps in Parquet's own types, and every offset is zero.
    """

    paths: tuple[str, ...]
    columns: tuple[Column, ...]
    physical: tuple[str, ...]
    source: Source
    foreign: bool = False


@dataclass(frozen=True)
class ArrowScan(Node):
    """An Arrow table held in memory: inline rows, or what the evaluator made. Columns are named by id."""

    table: pa.Table = field(compare=False)
    columns: tuple[Column, ...]
    source: Source | None = None


@dataclass(frozen=True)
class RowsScan(Node):
    """Rows of a step that no engine runs, made anew for each reading. Columns are named by id, each that ``may_fail``
    followed by its sentinel.

    Whoever runs a plan puts what ``batches`` gives in this node's place first. ``made_from`` is the plan that the step
    worked on, if any, and is there for lineage; ``step`` is the function that did not fold.
    """

    batches: Callable[[], Iterator[pa.RecordBatch]] = field(compare=False)
    columns: tuple[Column, ...]
    step: str
    made_from: Node | None = None

    @property
    def behind(self) -> tuple[Node, ...]:
        return () if self.made_from is None else (self.made_from,)


@dataclass(frozen=True)
class Project(Node):
    """Select, rename, compute. Each item is an output column with the expression that gives it."""

    input: Node
    items: tuple[tuple[Column, Expr], ...]

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        return tuple(column for column, _ in self.items)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)


@dataclass(frozen=True)
class _Through(Node):
    """A node whose columns are its input's."""

    input: Node

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        below = self.input
        while isinstance(below, _Through):  # a loop: plans can be deeper than Python's stack
            below = below.input
        return below.columns

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)


@dataclass(frozen=True)
class Filter(_Through):
    """Rows whose predicate is true; null counts as false; a predicate that is an error fails the whole query."""

    predicate: Expr


@dataclass(frozen=True)
class Slice(_Through):
    """Rows from ``offset``, at most ``count`` (None: all). Observes order."""

    offset: int = 0
    count: int | None = None


@dataclass(frozen=True, slots=True)
class SortKey:
    expression: Expr
    descending: bool = False


@dataclass(frozen=True)
class Sort(_Through):
    """Stable; nulls are least; text by code point."""

    keys: tuple[SortKey, ...]


@dataclass(frozen=True)
class Distinct(_Through):
    """The first row of each distinct combination of ``keys`` (ids; empty: all columns). Observes order, keeps it."""

    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Index(Node):
    """Adds a whole-number column: start, start + step, … Observes order."""

    input: Node
    added: Column
    start: int = 0
    step: int = 1

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        return (*self.input.columns, self.added)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)


JoinKind = OneOf["inner", "left", "right", "full", "left_anti", "right_anti", "left_semi", "right_semi"]


@dataclass(frozen=True)
class Join(Node):
    """Rows of ``left`` with rows of ``right`` whose keys are equal (null equals null, numbers by value).

    ``on`` pairs ids. Output columns: left's, then right's (anti and semi joins: of the kept side only); ids must not
    clash, see :func:`join`. Order: left's rows in order, each with its matches in the right's order; then unmatched
    right rows in order.
    """

    left: Node
    right: Node
    on: tuple[tuple[str, str], ...]
    kind: JoinKind = "inner"

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        if self.kind in ("left_anti", "left_semi"):
            return self.left.columns
        if self.kind in ("right_anti", "right_semi"):
            return self.right.columns
        return (*self.left.columns, *self.right.columns)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """``function`` names an entry of ``AGGREGATES``; ``argument`` is None for Table.RowCount."""

    function: str
    argument: Expr | None = None


@dataclass(frozen=True)
class Aggregate(Node):
    """One row for each distinct combination of the key columns, in order of first appearance.

    An aggregate over a cell that is an error is that error.
    """

    input: Node
    keys: tuple[str, ...]
    aggregates: tuple[tuple[Column, AggregateCall], ...]

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        return (*(self.input.column(k) for k in self.keys), *(c for c, _ in self.aggregates))

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)


@dataclass(frozen=True)
class Union(Node):
    """The inputs' rows one after another. ``columns`` are the output's; every input has them by position."""

    members: tuple[Node, ...]
    columns: tuple[Column, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.members


@dataclass(frozen=True)
class Call(Node):
    """Adds a column computed by a batch function from argument columns (ids). It cuts the plan: what is below runs
    to Arrow batches, the function turns them into batches, what is above reads those.
    """

    input: Node
    function: BatchFunction = field(compare=False)
    arguments: tuple[str, ...]
    added: Column

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        return (*self.input.columns, self.added)

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)


OrderEffect = OneOf["passes", "observes", "lost", "reverses"]


@dataclass(frozen=True)
class Reshape(Node):
    """Base of the nodes of :mod:`headwater.plan.reshaping`, which say themselves what is asked of a node.

    ``order`` is what the node does about it: pass its input's on, observe and keep it, lose it, or turn it round.
    """

    input: Node
    order: ClassVar[OrderEffect] = "passes"

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        return self.input.columns

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.input,)

    def reads(self, wanted: set[str]) -> set[str]:
        """The ids of the input that are read when ``wanted`` are."""
        return wanted

    def origins(self, identifier: str) -> tuple[str, ...]:
        """The ids of the input whose values end up in a column."""
        return (identifier,)

    def describe(self) -> str:
        """The node for people, in one line."""
        return type(self).__name__


def file_source(path: str) -> Source:
    """The identity of a local file: an absolute ``file://`` URI."""
    from pathlib import Path

    return Source(Path(path).resolve().as_uri())


def text_columns(names: Sequence[str]) -> tuple[Column, ...]:
    """Text columns with these M names and fresh ids."""
    return with_fresh_ids(tuple(Column("", name, TEXT) for name in names), ())


def with_fresh_ids(columns: Sequence[Column], taken: Iterable[str]) -> tuple[Column, ...]:
    """The columns, each given an id of its own beside ``taken``."""
    used = list(taken)
    result = []
    for column in columns:
        identifier = fresh_id(column.name, used)
        used.append(identifier)
        result.append(replace(column, id=identifier))
    return tuple(result)


def select(node: Node, columns: Sequence[Column]) -> Project:
    """A projection to these columns of ``node``, found by id, under the names they carry here."""
    return Project(node, tuple((column, node.column(column.id).ref) for column in columns))


def join(left: Node, right: Node, on: Sequence[tuple[str, str]], kind: JoinKind) -> Join:
    """A join whose right side has been given fresh ids where they clash with the left's. ``on`` uses the ids as they
    were; the right side's columns keep their order and names.
    """
    taken = [c.id for c in left.columns]
    used = {t.lower() for t in taken}
    renewed: dict[str, Column] = {}
    for column in right.columns:
        identifier = column.id if column.id.lower() not in used else fresh_id(column.name, used)
        used.add(identifier.lower())
        renewed[column.id] = replace(column, id=identifier)
    if any(old != new.id for old, new in renewed.items()):
        right = Project(right, tuple((renewed[c.id], c.ref) for c in right.columns))
    return Join(left, right, tuple((a, renewed[b].id) for a, b in on), kind)


def transform(node: Node, rewrite: Callable[[Node], Node]) -> Node:
    """The tree with ``rewrite`` applied to every node, inputs first.

    A node that is reached twice is rewritten once, so that what was shared (a call, above all) stays shared.
    """
    done: dict[int, Node] = {}
    for current in topological(node):
        done[id(current)] = rewrite(with_inputs(current, [done[id(below)] for below in current.inputs]))
    return done[id(node)]


def topological(node: Node, inputs: Callable[[Node], Sequence[Node]] = lambda node: node.inputs) -> list[Node]:
    """This node and all below it, each once, inputs before what reads them. Depth is no matter.

    Args:
        node: the root.
        inputs: what counts as a node's inputs.
    """
    order: list[Node] = []
    seen: set[int] = set()
    waiting: list[tuple[Node, bool]] = [(node, False)]
    while waiting:
        current, done = waiting.pop()
        if done:
            order.append(current)
        elif id(current) not in seen:
            seen.add(id(current))
            waiting.append((current, True))
            waiting.extend((below, False) for below in reversed(inputs(current)))
    return order


def with_inputs(node: Node, inputs: Sequence[Node]) -> Node:
    """The node over other inputs; the very same node when they are the ones it has."""
    if all(new is old for new, old in zip(inputs, node.inputs, strict=True)):
        return node
    match node:
        case Join():
            return replace(node, left=inputs[0], right=inputs[1])
        case Union():
            return replace(node, members=tuple(inputs))
        case Project() | _Through() | Index() | Aggregate() | Call() | Reshape():
            return replace(node, input=inputs[0])
        case _:
            return node
