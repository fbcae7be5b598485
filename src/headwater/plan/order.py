"""Order as a property of a plan node: what its rows' order is, once an engine has run it without taking care."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from headwater.plan.nodes import (
    Aggregate,
    Distinct,
    Filter,
    Index,
    Join,
    Node,
    Project,
    Reshape,
    Slice,
    Sort,
    SortKey,
    Union,
)
from headwater.plan.nodes import Call as CallNode


@dataclass(frozen=True, slots=True)
class Natural:
    """The order the rows came in (of the files, of the list) is still there."""


@dataclass(frozen=True, slots=True)
class By:
    """The rows are sorted by these keys; ties are in their order before."""

    keys: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """The engine may hand the rows out in any order; M's order has to be restored where somebody sees it."""


Order: TypeAlias = Natural | By | Lost


def order_of(node: Node) -> Order:
    """The order of a node's rows.

    Join, aggregate and distinct lose it; a sort sets it; index and slice observe it, so their engine restores it
    beneath them; everything else passes its input's on.
    """
    match node:
        case Join() | Aggregate() | Distinct() | Reshape(order="lost" | "reverses"):
            return Lost()
        case Sort(keys=keys):
            return By(keys)
        case Index() | Slice() | Reshape(order="observes"):
            inner = order_of(node.inputs[0])
            return Natural() if isinstance(inner, Lost) else inner
        case Union(members=members):
            return Lost() if any(isinstance(order_of(m), Lost) for m in members) else Natural()
        case Project() | Filter() | CallNode() | Reshape():
            return order_of(node.inputs[0])
        case _:
            return Natural()
