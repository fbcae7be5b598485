"""Plan to plan, before any engine compiles it: read less, and call batch functions on fewer rows.

Each pass keeps the rows, their order and their errors, and keeps a node that is reached twice one node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace

from headwater.plan.expressions import Expr, Literal, Ref, references, with_references
from headwater.plan.nodes import (
    Aggregate,
    Column,
    CsvScan,
    Distinct,
    Filter,
    Index,
    Join,
    Node,
    Project,
    Reshape,
    Slice,
    Sort,
    Union,
    fresh_id,
    select,
    topological,
    with_inputs,
)
from headwater.plan.nodes import Call as CallNode
from headwater.plan.reshaping import ErrorFilter


def push_slices(plan: Node) -> Node:
    """First rows are taken as far down as they can be: below projections, numbers and calls, in a scan, in a union."""
    shared = _shared(plan)

    def rewrite(node: Node) -> Node:
        if not isinstance(node, Slice):
            return node
        if node.offset == 0 and node.count is None:
            return node.input
        # A file is read anew wherever it is named, so a scan is never shared.
        return (
            node if id(node.input) in shared and not isinstance(node.input, CsvScan) else _sink_slice(node, node.input)
        )

    return _rewrite_down(plan, rewrite)


def push_filters_below_calls(plan: Node) -> Node:
    """A filter that does not look at a call's result is applied before the call."""
    shared = _shared(plan)

    def rewrite(node: Node) -> Node:
        match node:
            case Filter(input=CallNode() as call, predicate=predicate) if id(
                call
            ) not in shared and call.added.id not in set(references(predicate)):
                return replace(call, input=Filter(call.input, predicate))
            case _:
                return node

    return _rewrite_down(plan, rewrite)


def filter_early(plan: Node) -> Node:
    """A filter is applied before what it does not look at is computed: on fewer rows, then."""
    shared = _shared(plan)
    built: dict[int, Node] = {}
    alone: dict[int, Node] = {}
    for node in topological(plan):
        new = with_inputs(node, [built[id(below)] for below in node.inputs])
        if isinstance(new, Filter | ErrorFilter):
            new = _sink_filter(new, alone)
        built[id(node)] = new
        if id(node) not in shared:
            alone[id(new)] = new
    return built[id(plan)]


def drop_unused_columns(plan: Node) -> Node:
    """Projections keep what is read above them, and a call whose result nobody reads is not made.

    Engines drop unused columns by themselves, but not across a call: it gets its arguments and what is used above it.
    """
    needed = needed_columns(plan)

    def rewrite(node: Node) -> Node:
        wanted = needed.get(id(node))
        match node:
            case Project(input=below, items=items) if wanted is not None:
                kept = _kept(items, wanted)
                return node if len(kept) == len(items) else Project(below, kept)
            case CallNode(input=below, added=added) if wanted is not None:
                if added.id not in wanted:
                    return below
                passed = [column for column in below.columns if column.id in needed[id(below)]]
                return node if len(passed) in (0, len(below.columns)) else replace(node, input=select(below, passed))
            case _:
                return node

    return _rewrite_down(plan, rewrite)


PASSES: tuple[Callable[[Node], Node], ...] = (
    push_filters_below_calls,
    filter_early,
    push_slices,
    drop_unused_columns,
)


def apply_passes(plan: Node) -> Node:
    """The plan after every pass."""
    for one in PASSES:
        plan = one(plan)
    return plan


def _rewrite_down(plan: Node, rewrite: Callable[[Node], Node]) -> Node:
    """The plan with ``rewrite`` applied to each node until it changes nothing more, then to its inputs.

    ``rewrite`` sees the nodes of the plan as it was, or those it made itself; it must come to an end.
    """
    heads: dict[int, Node] = {}
    alive: list[Node] = []  # an id is a node's own only while the node is there
    waiting = [plan]
    while waiting:
        node = waiting.pop()
        if id(node) in heads:
            continue
        head, following = node, rewrite(node)
        while following is not head:
            alive.append(head)
            head, following = following, rewrite(following)
        heads[id(node)] = head
        waiting.extend(head.inputs)
    built: dict[int, Node] = {}
    for node in topological(plan, lambda node: heads[id(node)].inputs):
        head = heads[id(node)]
        built[id(node)] = with_inputs(head, [built[id(below)] for below in head.inputs])
    return built[id(plan)]


def _shared(plan: Node) -> frozenset[int]:
    """The nodes (by ``id``) with more than one parent: what is done to one for one parent would be done twice."""
    parents = Counter(id(below) for node in topological(plan) for below in node.inputs)
    return frozenset(identity for identity, count in parents.items() if count > 1)


def _sink_slice(node: Slice, below: Node) -> Node:
    match below:
        case Slice():
            return _merged(node, below)
        case Project() | CallNode():
            return replace(below, input=replace(node, input=below.input))
        case Index(start=start, step=step):
            return replace(below, input=replace(node, input=below.input), start=start + node.offset * step)
        case CsvScan(max_rows=None):
            return replace(below, skip_rows=below.skip_rows + node.offset, max_rows=node.count)
        case Union(members=members) if node.count is not None:
            limited = tuple(_limited(member, node.offset + node.count) for member in members)
            unchanged = all(new is old for new, old in zip(limited, members, strict=True))
            return node if unchanged else replace(node, input=replace(below, members=limited))
        case _:
            return node


def _sink_filter(node: Filter | ErrorFilter, alone: Mapping[int, Node]) -> Node:
    """The filter below what it need not wait for; ``alone`` are the nodes (by ``id``) that nobody else reads."""
    below = node.input
    if not isinstance(below, Project) or id(below) not in alone:
        return node
    looked_at = _looked_at(node)
    passed = {column.id: expression for column, expression in below.items if isinstance(expression, Ref)}
    if looked_at <= passed.keys():
        over = _over(node, below.input, passed)
        filtered = _sink_filter(over, alone)
        if filtered is over and len(passed) == len(below.items):
            return node  # nothing is computed here, and fewer columns are to be carried
        return _project_again(node, below, filtered, {}, {column.id: column.id for column in filtered.columns})
    early = [(c, e) for c, e in below.items if isinstance(e, Ref | Literal) or c.id in looked_at]
    if len(early) == len(below.items):
        return node
    raw: dict[str, Column] = {}
    for column, expression in below.items:
        if column.id not in {c.id for c, _ in early}:
            for identifier in references(expression):
                if identifier not in raw:
                    own = fresh_id(identifier, [*(c.id for c, _ in below.items), *(c.id for c in raw.values())])
                    raw[identifier] = replace(below.input.column(identifier), id=own)
    passing = [(column, below.input.column(identifier).ref) for identifier, column in raw.items()]
    filtered = replace(node, input=Project(below.input, (*early, *passing)))
    ready = {column.id for column, _ in early}
    return _project_again(node, below, filtered, ready, {identifier: column.id for identifier, column in raw.items()})


def _project_again(
    node: Filter | ErrorFilter, project: Project, filtered: Node, ready: Container[str], renamed: Mapping[str, str]
) -> Project:
    """``project``, over the filtered rows: what is ``ready`` is passed on, the rest is computed."""
    refs = {old: filtered.column(new).ref for old, new in renamed.items()}
    columns = {column.id: column for column in node.columns}
    return Project(
        filtered,
        tuple(
            (columns[c.id], filtered.column(c.id).ref if c.id in ready else with_references(expression, refs))
            for c, expression in project.items
        ),
    )


def _looked_at(node: Filter | ErrorFilter) -> set[str]:
    return set(references(node.predicate)) if isinstance(node, Filter) else set(node.checked)


def _over(node: Filter | ErrorFilter, below: Node, passed: Mapping[str, Ref]) -> Filter | ErrorFilter:
    """The filter over the rows that a projection passes on, which it knows under other names."""
    if isinstance(node, Filter):
        refs = {identifier: below.column(ref.id).ref for identifier, ref in passed.items()}
        return Filter(below, with_references(node.predicate, refs))
    return replace(node, input=below, checked=tuple(passed[identifier].id for identifier in node.checked))


def _limited(node: Node, rows: int) -> Node:
    if isinstance(node, Slice) and node.count is not None and node.count <= rows:
        return node
    return Slice(node, 0, rows)


def _merged(outer: Slice, inner: Slice) -> Slice:
    """One slice for two: ``outer`` of ``inner``."""
    left = None if inner.count is None else max(inner.count - outer.offset, 0)
    counts = [count for count in (left, outer.count) if count is not None]
    return Slice(inner.input, inner.offset + outer.offset, min(counts, default=None))


def needed_columns(plan: Node) -> dict[int, set[str]]:
    """For each node (by ``id``), the ids of its columns that some parent reads; all of them for the plan itself."""
    needed: dict[int, set[str]] = {id(plan): {column.id for column in plan.columns}}
    for node in reversed(topological(plan)):
        wanted = needed[id(node)]
        for below, ids in zip(node.inputs, _reads(node, wanted), strict=True):
            needed.setdefault(id(below), set()).update(ids)
    return needed


def _kept(items: tuple[tuple[Column, Expr], ...], wanted: set[str]) -> tuple[tuple[Column, Expr], ...]:
    """The items that are wanted, or one: a relation without columns would lose count of its rows."""
    return tuple((column, expression) for column, expression in items if column.id in wanted) or items[:1]


def _reads(node: Node, wanted: set[str]) -> list[set[str]]:
    """What ``node`` reads of each input when ``wanted`` of its own columns are read."""
    match node:
        case Project(items=items):
            return [_ids(expression for _, expression in _kept(items, wanted))]
        case Filter(predicate=predicate):
            return [wanted | set(references(predicate))]
        case Sort(keys=keys):
            return [wanted | _ids(key.expression for key in keys)]
        case Distinct(keys=keys):
            return [wanted | set(keys) if keys else {column.id for column in node.columns}]
        case Index(added=added):
            return [wanted - {added.id}]
        case CallNode(added=added, arguments=arguments):
            return [(wanted - {added.id}) | (set(arguments) if added.id in wanted else set())]
        case Aggregate(keys=keys, aggregates=aggregates):
            return [set(keys) | _ids(call.argument for _, call in aggregates if call.argument is not None)]
        case Join(left=left, right=right, on=on):
            return [
                {c.id for c in left.columns} & wanted | {a for a, _ in on},
                {c.id for c in right.columns} & wanted | {b for _, b in on},
            ]
        case Reshape():
            return [node.reads(wanted)]
        case _:  # a union finds its members' columns by position, so they all stay
            return [{column.id for column in below.columns} for below in node.inputs]


def _ids(expressions: Iterable[Expr]) -> set[str]:
    return {identifier for expression in expressions for identifier in references(expression)}
