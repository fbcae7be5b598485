"""Column lineage of a plan: which source columns, through which functions, each output column comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from headwater.plan.databases import DatabaseScan
from headwater.plan.expressions import Call, Expr, Ref
from headwater.plan.nodes import (
    Aggregate,
    ArrowScan,
    CsvScan,
    Index,
    Join,
    Node,
    ParquetScan,
    Project,
    Reshape,
    RowsScan,
    Source,
    Union,
)
from headwater.plan.nodes import Call as CallNode


@dataclass(frozen=True, slots=True)
class Origin:
    """A source column that an output column is computed from; ``through`` names the identities of the batch
    functions (model versions) on the way, outermost first, each with the parameter that the column feeds.
    """

    source: Source
    column: str
    through: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionOutput:
    """A batch function's result that an output column holds: ``field`` of a record result, None for all of it."""

    identity: str
    field: str | None


Origins: TypeAlias = frozenset[Origin | FunctionOutput]


def column_lineage(node: Node) -> dict[str, Origins]:
    """For each output column's M name, the source columns and function outputs its values are computed from.

    Columns that only decide which rows there are (filters, join keys, group keys of other columns) are not counted:
    this is direct lineage, as OpenLineage's column facet has it.
    """
    memo: _Memo = {}
    return {column.name: _trace(node, column.id, None, memo) for column in node.columns}


def sources(node: Node) -> tuple[Source, ...]:
    """Every source the plan reads, each once, in order of first appearance."""
    found = {
        scan.source: None
        for scan in lineage_nodes(node)
        if isinstance(scan, CsvScan | ParquetScan | ArrowScan | DatabaseScan) and scan.source is not None
    }
    return tuple(found)


def called_functions(node: Node) -> tuple[str, ...]:
    """The identities of the batch functions the plan calls, each once."""
    found = {call.function.identity: None for call in lineage_nodes(node) if isinstance(call, CallNode)}
    return tuple(identity for identity in found if identity)


def lineage_nodes(node: Node) -> Iterator[Node]:
    """This node and all that it comes from, each once, parents first."""
    waiting, seen = [node], {id(node)}
    while waiting:
        current = waiting.pop()
        yield current
        fresh = [below for below in current.behind if id(below) not in seen]
        seen.update(id(below) for below in fresh)
        waiting.extend(reversed(fresh))


_Memo: TypeAlias = dict[tuple[int, str, str | None], Origins]


def _fields_read(expression: Expr) -> Iterator[tuple[str, str | None]]:
    """The columns an expression reads, each with the field it takes of it (None: the whole value)."""
    match expression:
        case Ref(id=identifier):
            yield identifier, None
        case Call(operator="[]", arguments=(Ref(id=identifier),), option=field):
            yield identifier, str(field)
        case Call(arguments=arguments):
            for argument in arguments:
                yield from _fields_read(argument)


def _trace(node: Node, identifier: str, field: str | None, memo: _Memo) -> Origins:
    key = (id(node), identifier, field)
    if key not in memo:
        memo[key] = _trace_once(node, identifier, field, memo)
    return memo[key]


def _trace_once(node: Node, identifier: str, field: str | None, memo: _Memo) -> Origins:
    match node:
        case CsvScan() | ParquetScan() | ArrowScan() | DatabaseScan():
            return _scan_origin(node, identifier)
        case RowsScan():
            return _made_outside(node, identifier, field, memo)
        case Project(input=below, items=items):
            expression = next(e for c, e in items if c.id == identifier)
            if isinstance(expression, Ref):
                return _trace(below, expression.id, field, memo)
            return _all(below, expression, memo)
        case Join(left=left, right=right):
            side = left if any(c.id == identifier for c in left.columns) else right
            return _trace(side, identifier, field, memo)
        case Aggregate(input=below, keys=keys, aggregates=aggregates):
            if identifier in keys:
                return _trace(below, identifier, field, memo)
            argument = next(call.argument for c, call in aggregates if c.id == identifier)
            return frozenset() if argument is None else _all(below, argument, memo)
        case Union(members=members, columns=columns):
            at = next(i for i, c in enumerate(columns) if c.id == identifier)
            return frozenset().union(*(_trace(m, m.columns[at].id, field, memo) for m in members))
        case CallNode(input=below, added=added) if added.id == identifier:
            return _through_function(node, below, field, memo)
        case Index(added=added) if added.id == identifier:
            return frozenset()
        case Reshape(input=below):
            return frozenset().union(*(_trace(below, one, field, memo) for one in node.origins(identifier)))
        case _:
            return _trace(node.inputs[0], identifier, field, memo)


def _scan_origin(scan: CsvScan | ParquetScan | ArrowScan | DatabaseScan, identifier: str) -> Origins:
    if scan.source is None:
        return frozenset()
    at = next(i for i, c in enumerate(scan.columns) if c.id == identifier)
    name = scan.physical[at] if isinstance(scan, ParquetScan) else scan.columns[at].name
    return frozenset({Origin(scan.source, name)})


def _made_outside(scan: RowsScan, identifier: str, field: str | None, memo: _Memo) -> Origins:
    """A step that no plan describes: a column is taken to come from the one of its name, else from all of them."""
    below = scan.made_from
    if below is None:
        return frozenset()
    same = below.named(scan.column(identifier).name)
    if same is not None:
        return _trace(below, same.id, field, memo)
    return frozenset().union(*(_trace(below, column.id, None, memo) for column in below.columns))


def _through_function(call: CallNode, below: Node, field: str | None, memo: _Memo) -> Origins:
    identity = call.function.identity
    found: set[Origin | FunctionOutput] = {FunctionOutput(identity, field)} if identity else set()
    for parameter, argument in zip(call.function.parameters, call.arguments, strict=True):
        step = ((identity, parameter.name),) if identity else ()
        for origin in _trace(below, argument, None, memo):
            # A function's output that feeds another function is told by the sources that both were computed from.
            if isinstance(origin, Origin):
                found.add(Origin(origin.source, origin.column, (*step, *origin.through)))
            elif not identity:
                found.add(origin)
    return frozenset(found)


def _all(node: Node, expression: Expr, memo: _Memo) -> Origins:
    return frozenset().union(*(_trace(node, identifier, field, memo) for identifier, field in _fields_read(expression)))
