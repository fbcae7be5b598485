"""The commands of the ribbon: what each is called, what it asks for, and the step that it writes.

>>> write_step("rows.keep_top", {"count": 10}, "Source")
'Table.FirstN(Source, 10)'
>>> recognise("Table.FirstN(Source, 10)")
Recognised(command='rows.keep_top', previous='Source', arguments={'count': 10})
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from headwater.errors import MSyntaxError, UsageError
from headwater.powerquery.editing.commands.forms import Each, Form, Variant
from headwater.powerquery.editing.commands.kinds import QUERY, Argument, Kind, Source, Unlike, bare
from headwater.powerquery.language import parse_expression, syntax

__all__ = ["COMMANDS", "Command", "Parameter", "Recognised", "Tab", "add_command", "recognise", "write_step"]

Tab = Literal["home", "transform", "add column"]

_PREVIOUS = "previous"


@dataclass(frozen=True)
class Parameter:
    """What a command asks for."""

    name: str
    kind: Kind
    label: str
    optional: bool = False
    default: Argument = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """A command of the ribbon.

    Attributes:
        name: what programs call it.
        label: what people read.
        tab, group: where it stands.
        parameters: what it asks for.
        form: how its step is written.
        step: what the step is called.
        column_kinds: the kinds of columns it makes sense for; none: any.
    """

    name: str
    label: str
    tab: Tab
    group: str
    parameters: tuple[Parameter, ...]
    form: Form
    step: str
    column_kinds: tuple[str, ...] = ()

    def write(self, arguments: Mapping[str, Argument], previous: str) -> str:
        """The step's formula; UsageError where the arguments are not what the command asks for."""
        defaults = {each.name: each.default for each in self.parameters if each.default is not None}
        return self.form.write({**defaults, **arguments, _PREVIOUS: previous})

    def suits(self, kinds: Sequence[str]) -> bool:
        """Whether the command makes sense for columns of these kinds (``text``, ``number``, ``date`` …)."""
        return not self.column_kinds or all(kind in self.column_kinds or kind == "any" for kind in kinds)


@dataclass(frozen=True, slots=True)
class Recognised:
    """The command that would write a step, and its arguments: what the gear opens."""

    command: str
    previous: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)


COMMANDS: dict[str, Command] = {}
"""All commands by name, in the order of the ribbon."""

_BY_FUNCTION: dict[str, list[tuple[Command, Form]]] = {}


def add_command(
    name: str,
    label: str,
    *variants: Variant | str,
    place: tuple[Tab, str],
    step: str,
    parameters: Sequence[Parameter] = (),
    spread: Mapping[str, Each] | None = None,
    column_kinds: tuple[str, ...] = (),
) -> None:
    """Declare a command. ``variants`` are the ways its step is written, the preferred one first."""
    assert name not in COMMANDS, f"{name} is declared twice"
    ways = tuple(each if isinstance(each, Variant) else Variant(each) for each in variants)
    kinds: dict[str, Kind] = {_PREVIOUS: QUERY, **{each.name: each.kind for each in parameters}}
    form = Form(kinds, ways, spread or {})
    command = Command(name, label, place[0], place[1], tuple(parameters), form, step, column_kinds)
    COMMANDS[name] = command
    for way in ways:
        _BY_FUNCTION.setdefault(_called(way.tree), []).append((command, Form(kinds, (way,), spread or {})))


def write_step(command: str, arguments: Mapping[str, Argument], previous: str) -> str:
    """The formula of the step that a command writes after ``previous``.

    Raises:
        UsageError: there is no such command, or the arguments are not what it asks for.
    """
    if command not in COMMANDS:
        raise UsageError(f"There is no command '{command}'.", hint="List the commands.", code="editing.no_command")
    return COMMANDS[command].write(arguments, previous)


def recognise(expression: str) -> Recognised | None:
    """The command that would have written a formula, with its arguments; None: a formula of a person's own."""
    try:
        tree = parse_expression(expression)
    except MSyntaxError:
        return None
    return next(_recognised(Source(tree, expression)), None)


def _recognised(source: Source) -> Iterator[Recognised]:
    for command, form in _BY_FUNCTION.get(_called(source.node), ()):
        try:
            arguments = form.read(source)
        except Unlike:
            continue
        previous = arguments.pop(_PREVIOUS)
        yield Recognised(command.name, previous, arguments)


def _called(node: syntax.Node) -> str:
    """The function that a formula calls; "" where it is no call of one."""
    node = bare(node)
    if isinstance(node, syntax.Invocation) and isinstance(node.function, syntax.Identifier):
        return node.function.name
    return ""
