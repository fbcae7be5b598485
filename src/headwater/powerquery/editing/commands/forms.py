"""Forms: M with holes for arguments, which write an expression and recognise it again.

A template is M text in which the names of parameters are holes: ``Table.FirstN(previous, count)``. A hole between
brackets, ``[column]``, takes a column's name. What is written and what is recognised cannot come apart, because both
are the same template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from headwater.errors import UsageError
from headwater.powerquery.editing.commands.kinds import COLUMN, VALUE, Argument, Kind, Source, Unlike, bare, misfit
from headwater.powerquery.editing.document import Change, applied
from headwater.powerquery.language import parse_expression, quote_field_name, syntax

__all__ = ["Each", "Form", "Variant"]


@dataclass(frozen=True, slots=True)
class Each:
    """A hole that is filled with a list: one item a column, of the other arguments that the item has holes for."""

    form: Form
    over: str = "columns"
    item: str = "column"

    def write(self, arguments: Mapping[str, Argument]) -> str:
        """The list."""
        columns = arguments[self.over]
        if not isinstance(columns, Sequence) or isinstance(columns, str) or not columns:
            raise misfit("list of columns")
        shared = {name: value for name, value in arguments.items() if name in self.form.parameters}
        return "{" + ", ".join(self.form.write({**shared, self.item: column}) for column in columns) + "}"

    def read(self, source: Source) -> dict[str, Argument]:
        """The columns, and the arguments that all items have alike; Unlike where they differ."""
        node = bare(source.node)
        if not isinstance(node, syntax.List) or not node.items:
            raise Unlike
        found = [self.form.read(source.at(item)) for item in node.items]
        columns = [each.pop(self.item) for each in found]
        if any(each != found[0] for each in found):
            raise Unlike
        return {self.over: columns, **found[0]}


@dataclass(frozen=True)
class Variant:
    """One way to write a form: a template, for the arguments that it has holes for and the ones that ``fixed`` says."""

    template: str
    fixed: Mapping[str, Argument] = field(default_factory=dict)

    @cached_property
    def tree(self) -> syntax.Expr:
        """The template's tree."""
        return parse_expression(self.template)


@dataclass(frozen=True)
class Form:
    """Parameters and the ways in which they are written. A form is a kind of argument itself: an object."""

    parameters: Mapping[str, Kind]
    variants: tuple[Variant, ...]
    spread: Mapping[str, Each] = field(default_factory=dict)
    name: str = "object"

    def write(self, value: Argument) -> str:
        """The M of the arguments.

        Raises:
            UsageError: there is no way to write these arguments: one is missing, unknown or of another kind.
        """
        if not isinstance(value, Mapping):
            raise misfit(self.name)
        given = {name: each for name, each in value.items() if each is not None or self._takes_null(name)}
        for variant in self.variants:
            if self._fits(variant, given):
                return self._filled(variant, given)
        raise self._unfit(given)

    def read(self, source: Source) -> dict[str, Argument]:
        """The arguments that were written as a node; Unlike where none were."""
        for variant in self.variants:
            found: dict[str, Argument] = {}
            try:
                self._match(variant.tree, source, found)
            except Unlike:
                continue
            return {**found, **variant.fixed}
        raise Unlike

    # -- writing ---------------------------------------------------------------------------------------------------

    def _takes_null(self, name: str) -> bool:
        # Where a value is asked for, null is one.
        return self.parameters.get(name) is VALUE

    def _holes(self, variant: Variant) -> list[tuple[str, syntax.Identifier | syntax.FieldAccess]]:
        found: list[tuple[str, syntax.Identifier | syntax.FieldAccess]] = []
        for node in syntax.walk(variant.tree):
            match node:
                case syntax.Identifier(name=name) if name in self.parameters or name in self.spread:
                    found.append((name, node))
                case syntax.FieldAccess(target=None, name=name) if name in self.parameters:
                    found.append((name, node))
        return found

    def _needed(self, variant: Variant) -> set[str]:
        needed: set[str] = set()
        for name, _ in self._holes(variant):
            spread = self.spread.get(name)
            if spread is None:
                needed.add(name)
            else:
                needed |= {spread.over, *(each for each in spread.form.parameters if each != spread.item)}
        return needed

    def _fits(self, variant: Variant, given: Mapping[str, Argument]) -> bool:
        if any(name not in given or given[name] != value for name, value in variant.fixed.items()):
            return False
        return given.keys() - variant.fixed.keys() == self._needed(variant)

    def _filled(self, variant: Variant, given: Mapping[str, Argument]) -> str:
        changes = []
        for name, node in self._holes(variant):
            if isinstance(node, syntax.FieldAccess):
                COLUMN.write(given[name])
                written = f"[{quote_field_name(given[name])}]"
            elif name in self.spread:
                written = self.spread[name].write(given)
            else:
                written = self._written(name, given[name])
            changes.append(Change(node.span.start, node.span.end, written))
        return applied(variant.template, changes)

    def _written(self, name: str, value: Argument) -> str:
        try:
            return self.parameters[name].write(value)
        except UsageError as error:
            error.place = error.place or name
            raise

    def _unfit(self, given: Mapping[str, Argument]) -> UsageError:
        known = set(self.parameters) | {name for variant in self.variants for name in self._needed(variant)}
        known |= {name for variant in self.variants for name in variant.fixed}
        unknown = sorted(given.keys() - known)
        ways = [
            sorted((self._needed(each) | each.fixed.keys()) - given.keys() - {"previous"}) for each in self.variants
        ]
        missing = min(ways, key=len)
        if unknown:
            message = f"There is no parameter '{unknown[0]}'."
        elif missing:
            message = f"The argument '{missing[0]}' is missing."
        else:
            message = "These arguments cannot be given together."
        return UsageError(
            message, hint=f"The parameters are {', '.join(sorted(known - {'previous'}))}.", code="editing.argument"
        )

    # -- recognising -----------------------------------------------------------------------------------------------

    def _match(self, pattern: syntax.Node, source: Source, found: dict[str, Argument]) -> None:
        match pattern:
            case syntax.Identifier(name=name) if name in self.spread:
                self._take_all(self.spread[name].read(source), found)
                return
            case syntax.Identifier(name=name) if name in self.parameters:
                self._take_all({name: self.parameters[name].read(source)}, found)
                return
            case syntax.FieldAccess(target=None, name=name) if name in self.parameters:
                node = bare(source.node)
                if not isinstance(node, syntax.FieldAccess) or node.target is not None or node.optional:
                    raise Unlike
                self._take_all({name: node.name}, found)
                return
        pattern, node = bare(pattern), bare(source.node)
        if type(pattern) is not type(node):
            raise Unlike
        if isinstance(pattern, syntax.Literal):
            if pattern != node:
                raise Unlike
            return
        for name in pattern.__match_args__:
            if name != "span":
                self._match_part(getattr(pattern, name), getattr(node, name), source, found)

    def _match_part(self, pattern: object, part: object, source: Source, found: dict[str, Argument]) -> None:
        if isinstance(pattern, syntax.Node) and isinstance(part, syntax.Node):
            self._match(pattern, source.at(part), found)
        elif isinstance(pattern, tuple) and isinstance(part, tuple):
            if len(pattern) != len(part):
                raise Unlike
            for left, right in zip(pattern, part, strict=True):
                self._match_part(left, right, source, found)
        elif pattern != part:
            raise Unlike

    @staticmethod
    def _take_all(arguments: Mapping[str, Argument], found: dict[str, Argument]) -> None:
        for name, value in arguments.items():
            if name in found and found[name] != value:
                raise Unlike
            found[name] = value
