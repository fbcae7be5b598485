"""Which names an M expression takes from outside itself: other queries, the library, models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from headwater.powerquery.evaluator.program import QUERIES_SECTION
from headwater.powerquery.language import syntax

__all__ = ["Names", "Reference", "references", "scoped"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a name that nothing around it defines; ``own`` where the query's own name is meant (``@name``)."""

    name: str
    node: syntax.Identifier | syntax.SectionAccess
    own: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Names in sight, each with its definition, or None where it is a parameter; ``hidden`` is being defined here."""

    definitions: Mapping[str, syntax.Expr | None]
    parent: Names | None
    hidden: str | None = None

    def find(self, name: str, *, inclusive: bool) -> Names | None:
        """The names among which a name is defined; None: outside the text."""
        names: Names | None = self
        while names is not None:
            if name in names.definitions and (inclusive or name != names.hidden):
                return names
            names = names.parent
        return None

    def defining(self, name: str) -> Names:
        """These names as the definition of one of them sees them."""
        return Names(self.definitions, self.parent, name)


_NONE = Names({}, None)


def scoped(tree: syntax.Expr) -> Iterator[tuple[syntax.Node, Names]]:
    """Every node with the names in sight there, parents first, in the order of the text; depth is no matter."""
    pending: list[tuple[syntax.Node, Names]] = [(tree, _NONE)]
    while pending:
        node, names = pending.pop()
        yield node, names
        pending.extend(reversed(list(_parts(node, names))))


def references(tree: syntax.Expr) -> Iterator[Reference]:
    """The uses of names from outside, in the order of the text.

    >>> from headwater.powerquery.language import parse_expression
    >>> [found.name for found in references(parse_expression("let a = orders, b = (x) => a & x & c in b(d)"))]
    ['orders', 'c', 'd']
    """
    for node, names in scoped(tree):
        match node:
            case syntax.Identifier(name=name, inclusive=inclusive):
                if names.find(name, inclusive=inclusive) is None:
                    yield Reference(name, node, inclusive)
            case syntax.SectionAccess(section=section, name=name) if section == QUERIES_SECTION:
                yield Reference(name, node, True)


def _parts(node: syntax.Node, names: Names) -> Iterator[tuple[syntax.Node, Names]]:
    """The parts of a node, and the names that each sees."""
    match node:
        case syntax.Let(bindings=bindings, body=body):
            inner = Names({b.name: b.value for b in bindings}, names)
            yield from ((b.value, inner.defining(b.name)) for b in bindings)
            yield body, inner
        case syntax.Record(fields=fields):
            inner = Names({b.name: b.value for b in fields}, names)
            yield from ((b.value, inner.defining(b.name)) for b in fields)
        case syntax.Function(parameters=parameters, body=body):
            yield from ((part, names) for part in syntax.children(node) if part is not body)
            yield body, Names({p.name: None for p in parameters}, names)
        case syntax.Each(body=body):
            yield body, Names({"_": None}, names)
        case _:
            yield from ((part, names) for part in syntax.children(node))
