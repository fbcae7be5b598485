"""What all code makers share: names, members that are put off, and places for errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headwater.errors import MError
from headwater.powerquery.evaluator.scope import Code, Frame, Scope, reader
from headwater.powerquery.language import syntax
from headwater.powerquery.values.core import Thunk, Value


def _unwatched(_node: syntax.Invocation, _scope: Scope, code: Code) -> Code:
    return code


class CodeMaker:
    """Makes code of the expressions of one M text; its heirs know the nodes, a method each.

    ``globals`` gives names that no scope has: the library's and the environment's. ``locate`` says where an offset
    of the text is, for error messages. ``watch`` may stand around the code of a call: see :mod:`.firewall`.
    """

    def __init__(
        self,
        lookup: Callable[[str], Value],
        locate: Callable[[syntax.Span], str],
        watch: Callable[[syntax.Invocation, Scope, Code], Code] = _unwatched,
    ) -> None:
        self._lookup = lookup
        self._locate = locate
        self._watch = watch
        self.loops: dict[Any, Any] = {}

    def locate(self, node: syntax.Node) -> str:
        """Where a node stands, for people."""
        return self._locate(node.span)

    def resolve(self, node: syntax.Identifier, scope: Scope, frame: Frame) -> Value:
        """The value of a name as an expression in ``scope`` sees it, with ``frame`` as its frame."""
        found = scope.find(node.name, inclusive=node.inclusive)
        return self._lookup(node.name) if found is None else reader(*found)(frame)

    def compile(self, node: syntax.Expr, scope: Scope) -> Code:
        """Code for an expression."""
        handler: Callable[..., Code] = getattr(self, "_" + type(node).__name__.strip("_").lower())
        return handler(node, scope)

    def compile_members(self, members: Sequence[tuple[str, syntax.Expr]], scope: Scope) -> list[Code]:
        """Code for each member of a let, record or section whose names are ``scope``'s, in order."""
        return [self.member(value, scope.defining(name)) for name, value in members]

    def member(self, node: syntax.Expr, scope: Scope) -> Code:
        """Code that puts off an expression, unless there is nothing to put off."""
        code = self.compile(node, scope)
        if isinstance(node, syntax.Literal | syntax.Function | syntax.Each):
            return code
        return lambda frame: Thunk(lambda: code(frame))

    def placed(self, node: syntax.Node, code: Code) -> Code:
        """The code, with errors that have no place yet given this node's."""
        locate, span = self._locate, node.span

        def in_place(frame: Frame) -> Value:
            try:
                return code(frame)
            except MError as error:
                if not error.place:
                    error.place = locate(span)
                raise

        return in_place
