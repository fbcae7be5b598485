"""Which calls of data source functions an expression depends on, read off the text.

M is pure: what reaches a call comes from the names in its arguments. A name leads to its definition, whose names lead
further; a parameter of a function around the call may hold anything. Memoised steps therefore need no mark of where
they came from, and the evaluator does no work for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from headwater.powerquery.language import syntax

_ANYTHING = {"#shared", "#sections"}


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The calls (by identity of their nodes) that something depends on; ``unknown`` where the text does not tell."""

    calls: frozenset[int]
    unknown: bool


@dataclass(slots=True, eq=False)
class _Names:
    """Names in sight: a name's definition, or None for a parameter.

    ``entered`` says that the function whose parameters these are (or are within) was reached by following what is
    depended on, so that its arguments are followed too.
    """

    definitions: Mapping[str, syntax.Expr | None]
    parent: _Names | None
    entered: bool
    hidden: str | None = None

    def find(self, name: str, *, inclusive: bool) -> _Names | None:
        """The names among which a name is defined."""
        names: _Names | None = self
        while names is not None:
            if name in names.definitions and (inclusive or name != names.hidden):
                return names
            names = names.parent
        return None

    def defining(self, name: str) -> _Names:
        """These names as the definition of ``name`` sees them."""
        return _Names(self.definitions, self.parent, self.entered, name)


@dataclass(slots=True)
class _Found:
    calls: set[int] = field(default_factory=set)
    unknown: bool = False
    seen: set[tuple[int, bool]] = field(default_factory=set)


class DependencyReader:
    """Answers for the calls and functions of the documents it was given.

    Args:
        sources: the names of the library's data source functions.
    """

    def __init__(self, sources: frozenset[str]) -> None:
        self._sources = sources
        self._unread: list[tuple[Mapping[str, syntax.Expr], syntax.Expr | None]] = []
        self._places: dict[int, tuple[syntax.Node, _Names, str]] = {}

    def add(self, definitions: Mapping[str, syntax.Expr], body: syntax.Expr | None = None) -> None:
        """Take in a document: named queries or members, or one expression; it is read when somebody asks."""
        self._unread.append((definitions, body))

    def step(self, node: syntax.Node) -> str:
        """The name of the step in which a call stands; "" where it is not known."""
        self._read()
        place = self._places.get(id(node))
        return "" if place is None else place[2]

    def of(self, node: syntax.Node) -> Dependencies:
        """What the arguments of a call, or the body of a function, depend on."""
        self._read()
        place = self._places.get(id(node))
        if place is None:
            return Dependencies(frozenset(), unknown=True)
        found = _Found()
        _, names, _ = place
        followed = node.arguments if isinstance(node, syntax.Invocation) else (node,)
        for part in followed:
            self._follow(part, names, found)
        return Dependencies(frozenset(found.calls), found.unknown)

    # -- where each call and function stands ------------------------------------------------------------------------

    def _read(self) -> None:
        while self._unread:
            definitions, body = self._unread.pop()
            names = _Names(definitions, None, entered=False)
            for name, value in definitions.items():
                self._place(value, names.defining(name), name)
            if body is not None:
                self._place(body, names, "")

    def _place(self, node: syntax.Node, names: _Names, step: str) -> None:
        if isinstance(node, syntax.Invocation | syntax.Function | syntax.Each):
            self._places[id(node)] = (node, names, step)
        for part, seen_names, name in _parts(node, names, entered=False):
            self._place(part, seen_names, name or step)

    # -- what an expression depends on ------------------------------------------------------------------------------

    def _follow(self, node: syntax.Node, names: _Names, found: _Found) -> None:
        key = (id(node), names.entered)
        if key in found.seen:
            return
        found.seen.add(key)
        match node:
            case syntax.Identifier(name=name, inclusive=inclusive):
                self._name(name, names, inclusive, found)
            case syntax.SectionAccess(name=name):
                self._name(name, names, True, found)
            case syntax.FieldAccess(target=None) | syntax.Projection(target=None):
                self._name("_", names, False, found)
            case syntax.Invocation(function=syntax.Identifier(name=name), arguments=arguments) if self._is_source(
                name, names
            ):
                found.calls.add(id(node))
                for argument in arguments:
                    self._follow(argument, names, found)
            case syntax.Let(body=body):
                self._follow(body, _Names({b.name: b.value for b in node.bindings}, names, names.entered), found)
            case _:
                for part, seen_names, _ in _parts(node, names, entered=True):
                    self._follow(part, seen_names, found)

    def _is_source(self, name: str, names: _Names) -> bool:
        return name in self._sources and names.find(name, inclusive=False) is None

    def _name(self, name: str, names: _Names, inclusive: bool, found: _Found) -> None:
        among = names.find(name, inclusive=inclusive)
        if among is None:
            # A data source function that is handed on is called out of sight.
            found.unknown = found.unknown or name in self._sources or name in _ANYTHING
            return
        definition = among.definitions[name]
        if definition is not None:
            self._follow(definition, among.defining(name), found)
        elif not among.entered:
            found.unknown = True


def _parts(node: syntax.Node, names: _Names, *, entered: bool) -> Iterator[tuple[syntax.Node, _Names, str]]:
    """The parts of a node, the names that each sees, and the name that it defines."""
    match node:
        case syntax.Let(bindings=bindings, body=body):
            inner = _Names({b.name: b.value for b in bindings}, names, names.entered)
            yield from _defined(bindings, inner)
            yield body, inner, ""
        case syntax.Record(fields=fields):
            yield from _defined(fields, _Names({b.name: b.value for b in fields}, names, names.entered))
        case syntax.Function(parameters=parameters, body=body):
            yield body, _Names({p.name: None for p in parameters}, names, entered), ""
        case syntax.Each(body=body):
            yield body, _Names({"_": None}, names, entered), ""
        case _:
            for part in syntax.children(node):
                yield part, names, ""


def _defined(bindings: Sequence[syntax.Binding], inner: _Names) -> Iterator[tuple[syntax.Node, _Names, str]]:
    for binding in bindings:
        yield binding.value, inner.defining(binding.name), binding.name
