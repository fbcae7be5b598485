"""Column lineage of a plan: which source columns, through which functions, each output column comes from."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.plan.expressions import references
from headwater.plan.nodes import Aggregate, ArrowScan, CsvScan, Index, Join, Node, ParquetScan, Project, Source, Union
from headwater.plan.nodes import Call as CallNode


@dataclass(frozen=True, slots=True)
class Origin:
    """A source column that an output column is computed from; ``through`` names the identities of the batch
    functions (model versions) on the way, outermost first, each with the parameter that the column feeds.
    """

    source: Source
    column: str
    through: tuple[tuple[str, str], ...] = ()


def column_lineage(node: Node) -> dict[str, frozenset[Origin]]:
    """For each output column's M name, the source columns its values are computed from.

    Columns that only decide which rows there are (filters, join keys, group keys of other columns) are not counted:
    this is direct lineage, as OpenLineage's column facet has it.
    """
    memo: dict[tuple[int, str], frozenset[Origin]] = {}
    return {column.name: _trace(node, column.id, memo) for column in node.columns}


def sources(node: Node) -> tuple[Source, ...]:
    """Every source the plan reads, each once, in order of first appearance."""
    found = {
        scan.source: None
        for scan in node.walk()
        if isinstance(scan, CsvScan | ParquetScan | ArrowScan) and scan.source is not None
    }
    return tuple(found)


def called_functions(node: Node) -> tuple[str, ...]:
    """The identities of the batch functions the plan calls, each once."""
    found = {call.function.identity: None for call in node.walk() if isinstance(call, CallNode)}
    return tuple(identity for identity in found if identity)


_Memo = dict[tuple[int, str], frozenset[Origin]]


def _trace(node: Node, identifier: str, memo: _Memo) -> frozenset[Origin]:
    key = (id(node), identifier)
    if key not in memo:
        memo[key] = _trace_once(node, identifier, memo)
    return memo[key]


def _trace_once(node: Node, identifier: str, memo: _Memo) -> frozenset[Origin]:
    match node:
        case CsvScan() | ParquetScan() | ArrowScan():
            return _scan_origin(node, identifier)
        case Project(input=below, items=items):
            expression = next(e for c, e in items if c.id == identifier)
            return _all(below, tuple(references(expression)), memo)
        case Join(left=left, right=right):
            side = left if any(c.id == identifier for c in left.columns) else right
            return _trace(side, identifier, memo)
        case Aggregate(input=below, keys=keys, aggregates=aggregates):
            if identifier in keys:
                return _trace(below, identifier, memo)
            argument = next(call.argument for c, call in aggregates if c.id == identifier)
            return frozenset() if argument is None else _all(below, tuple(references(argument)), memo)
        case Union(members=members, columns=columns):
            at = next(i for i, c in enumerate(columns) if c.id == identifier)
            return frozenset().union(*(_trace(m, m.columns[at].id, memo) for m in members))
        case CallNode(input=below, added=added) if added.id == identifier:
            return _through_function(node, below, memo)
        case Index(added=added) if added.id == identifier:
            return frozenset()
        case _:
            return _trace(node.inputs[0], identifier, memo)


def _scan_origin(scan: CsvScan | ParquetScan | ArrowScan, identifier: str) -> frozenset[Origin]:
    if scan.source is None:
        return frozenset()
    at = next(i for i, c in enumerate(scan.columns) if c.id == identifier)
    name = scan.physical[at] if isinstance(scan, ParquetScan) else scan.columns[at].name
    return frozenset({Origin(scan.source, name)})


def _through_function(call: CallNode, below: Node, memo: _Memo) -> frozenset[Origin]:
    found: set[Origin] = set()
    for parameter, argument in zip(call.function.parameters, call.arguments, strict=True):
        step = (call.function.identity, parameter.name)
        found.update(Origin(o.source, o.column, (step, *o.through)) for o in _trace(below, argument, memo))
    return frozenset(found)


def _all(node: Node, identifiers: tuple[str, ...], memo: _Memo) -> frozenset[Origin]:
    return frozenset().union(*(_trace(node, identifier, memo) for identifier in identifiers))
