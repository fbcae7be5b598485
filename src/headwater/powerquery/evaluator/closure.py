"""Where a function written in M came from: enough to look inside it and to say where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from headwater.powerquery.evaluator.scope import Code, Frame, Scope
from headwater.powerquery.language import syntax
from headwater.powerquery.values.core import Value


class Compiles(Protocol):
    """What a closure needs of its compiler."""

    def compile(self, node: syntax.Expr, scope: Scope) -> Code:
        """Code for an expression."""
        ...

    @property
    def loops(self) -> dict[Any, Any]:
        """Compiled loops, kept as long as the text's other code."""
        ...

    def resolve(self, node: syntax.Identifier, scope: Scope, frame: Frame) -> Value:
        """The value of a name as an expression in ``scope`` sees it, with ``frame`` as its frame."""
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

    def sole_parameter(self, kind: str) -> str | None:
        """The name of the only parameter, ``_`` of an ``each``, when it may be anything or a value of this kind.

        None where there are more or fewer, or where calling the function checks a type.
        """
        if isinstance(self.node, syntax.Each):
            return "_"
        if len(self.node.parameters) != 1 or self.node.return_type is not None:
            return None
        parameter = self.node.parameters[0]
        allowed = (None, syntax.PrimitiveType("any"), syntax.PrimitiveType(kind))
        return parameter.name if parameter.type in allowed else None
