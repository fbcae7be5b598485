"""What an editor knows beside a query's text: the library, the other queries, models, and the columns of tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from headwater.errors import MSyntaxError
from headwater.powerquery.language import parse_expression, print_expression, syntax
from headwater.powerquery.library import registry
from headwater.powerquery.library.declarations import PerSession
from headwater.powerquery.values.types import FunctionType, Type, type_text

__all__ = ["Callable", "ModelFunction", "ParameterInfo", "Surroundings", "Symbol", "written_callable"]

SymbolKind = Literal["function", "constant", "query", "model", "step", "variable", "parameter", "field"]

_LANGUAGE = {
    "#shared": "All names in sight, as a record.",
    "#sections": "The sections that are evaluated, as a record.",
}


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """A parameter: its name, its M type as written, and whether it may be left out."""

    name: str
    type: str
    optional: bool

    @property
    def label(self) -> str:
        """The parameter as a signature shows it."""
        return f"{'optional ' if self.optional else ''}{self.name}{f' as {self.type}' if self.type else ''}"


@dataclass(frozen=True, slots=True)
class Callable:
    """What can be called: its parameters and the type of its result."""

    parameters: tuple[ParameterInfo, ...]
    result: str

    @property
    def least(self) -> int:
        """How many arguments it needs."""
        return sum(not each.optional for each in self.parameters)

    def label(self, name: str) -> str:
        """The signature as people read it."""
        result = f" as {self.result}" if self.result else ""
        return f"{name}({', '.join(each.label for each in self.parameters)}){result}"


@dataclass(frozen=True, slots=True)
class ModelFunction:
    """A model as a function: its signature in M's notation, ``(a as text) as record``, and what it is."""

    signature: str
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something that a name means."""

    name: str
    kind: SymbolKind
    type: str
    documentation: str
    callable: Callable | None = None


@dataclass(frozen=True)
class Surroundings:
    """Beside the text of one query.

    Attributes:
        queries: the dataflow's other queries, each with its text.
        models: models as functions, by name.
        columns: the columns, each with its type, of the tables that are known, by name of the step or query.
    """

    queries: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, ModelFunction] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def find(self, name: str) -> Symbol | None:
        """What a name means that no text defines: a query first, as when it is evaluated."""
        if name in self.queries:
            return self._query(name)
        return library_symbols().get(name) or self._models.get(name)

    @cached_property
    def symbols(self) -> dict[str, Symbol]:
        """Everything by name."""
        return {**self._models, **library_symbols(), **{name: self._query(name) for name in self.queries}}

    @cached_property
    def _models(self) -> dict[str, Symbol]:
        return {
            name: Symbol(name, "model", "function", each.documentation, _signature(each.signature))
            for name, each in self.models.items()
        }

    def _query(self, name: str) -> Symbol:
        text = self.queries[name]
        called = _signature(text) if "=>" in text else None
        return Symbol(name, "query", "function" if called else "", "", called)


_LIBRARY: dict[str, Symbol] = {}


def library_symbols() -> dict[str, Symbol]:
    """The library's functions and constants; read once."""
    if not _LIBRARY:
        library = registry()
        for name, declared in library.functions.items():
            _LIBRARY[name] = Symbol(name, "function", "function", declared.summary, _callable(declared.type))
        for name, (value, summary) in library.constants.items():
            kind = "type" if isinstance(value, Type) else "" if isinstance(value, PerSession) else "number"
            _LIBRARY[name] = Symbol(name, "constant", kind, summary)
        for name, summary in _LANGUAGE.items():
            _LIBRARY[name] = Symbol(name, "constant", "record", summary)
    return _LIBRARY


def written_callable(node: syntax.Expr | None) -> Callable | None:
    """What a function's text says about its calls; None where it is no function's."""
    if not isinstance(node, syntax.Function):
        return None
    parameters = tuple(ParameterInfo(p.name, _written(p.type), p.optional) for p in node.parameters)
    return Callable(parameters, _written(node.return_type))


def _written(node: syntax.Expr | None) -> str:
    return print_expression(node) if node is not None else ""


def _signature(text: str) -> Callable | None:
    for written in (text, f"{text} => null"):
        try:
            return written_callable(parse_expression(written))
        except MSyntaxError:
            continue
    return None


def _callable(of: FunctionType) -> Callable:
    parameters = tuple(ParameterInfo(p.name, _type_name(p.type), p.optional) for p in of.parameters)
    return Callable(parameters, _type_name(of.result))


def _type_name(of: Type) -> str:
    return type_text(of).removeprefix("type ")
