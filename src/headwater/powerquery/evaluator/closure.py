"""Where a function written in M came from: enough to look inside it and to say where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from headwater.powerquery.evaluator.scope import Code, Frame, Scope
from headwater.powerquery.language import syntax


class Compiles(Protocol):
    """What a closure needs of its compiler."""

    def compile(self, node: syntax.Expr, scope: Scope) -> Code:
        """Code for an expression."""
        ...

    def locate(self, node: syntax.Node) -> str:
        """Where a node stands, for people."""
        ...


@dataclass(frozen=True, slots=True)
class Closure:
    """A function's text with the names it sees: ``frame`` is the one that ``scope`` describes."""

    node: syntax.Function | syntax.Each
    scope: Scope
    frame: Frame
    compiler: Compiles
