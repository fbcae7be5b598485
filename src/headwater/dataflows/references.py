"""Which names an M expression takes from outside itself: other queries, the library, models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from headwater.powerquery.evaluator.program import QUERIES_SECTION
from headwater.powerquery.language import syntax

__all__ = ["Reference", "references"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a name that nothing around it defines; ``own`` where the query's own name is meant (``@name``)."""

    name: str
    node: syntax.Identifier | syntax.SectionAccess
    own: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Names:
    """Names in sight, and in the definition of which of them it is, where it is in one."""

    names: frozenset[str]
    parent: _Names | None
    hidden: str | None = None

    def defines(self, name: str, *, inclusive: bool) -> bool:
        """Whether the name is found here or further out."""
        scope: _Names | None = self
        while scope is not None:
            if name in scope.names and (inclusive or name != scope.hidden):
                return True
            scope = scope.parent
        return False


_Pending = list[tuple[syntax.Node, _Names | None]]


def references(tree: syntax.Expr) -> Iterator[Reference]:
    """The uses of names from outside, in the order of the text; depth is no matter.

    >>> from headwater.powerquery.language import parse_expression
    >>> [found.name for found in references(parse_expression("let a = orders, b = (x) => a & x & c in b(d)"))]
    ['orders', 'c', 'd']
    """
    pending: _Pending = [(tree, None)]
    while pending:
        node, names = pending.pop()
        match node:
            case syntax.Identifier(name=name, inclusive=inclusive):
                if names is None or not names.defines(name, inclusive=inclusive):
                    yield Reference(name, node, inclusive)
            case syntax.SectionAccess(section=section, name=name):
                if section == QUERIES_SECTION:
                    yield Reference(name, node, True)
            case _:
                pending.extend(reversed(list(_parts(node, names))))


def _parts(node: syntax.Node, names: _Names | None) -> Iterator[tuple[syntax.Node, _Names | None]]:
    """The parts of a node, and the names that each sees beyond those of the text's outside."""
    match node:
        case syntax.Let(bindings=bindings, body=body):
            inner = _Names(frozenset(b.name for b in bindings), names)
            yield from _defined(bindings, inner)
            yield body, inner
        case syntax.Record(fields=fields):
            yield from _defined(fields, _Names(frozenset(b.name for b in fields), names))
        case syntax.Function(parameters=parameters, body=body):
            for part in syntax.children(node):
                if part is not body:
                    yield part, names
            yield body, _Names(frozenset(p.name for p in parameters), names)
        case syntax.Each(body=body):
            yield body, _Names(frozenset("_"), names)
        case _:
            for part in syntax.children(node):
                yield part, names


def _defined(bindings: Iterable[syntax.Binding], inner: _Names) -> Iterator[tuple[syntax.Node, _Names]]:
    for binding in bindings:
        yield binding.value, _Names(inner.names, inner.parent, binding.name)
