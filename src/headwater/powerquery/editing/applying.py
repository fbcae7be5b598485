"""Commands applied to a query: a new step, or the step that the gear was opened for with other arguments."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.errors import UsageError
from headwater.powerquery.editing.changing import Edited, insert_step, replace_expression, with_steps
from headwater.powerquery.editing.commands import COMMANDS, write_step
from headwater.powerquery.editing.commands.kinds import Argument
from headwater.powerquery.editing.steps import Step, applied_steps

__all__ = ["apply_command", "change_arguments"]

_JOINED = {
    "columns.change_type": "types",
    "columns.remove": "columns",
    "columns.rename": "renames",
    "rows.sort": "sorts",
}
"""Commands of which two in a row are one: the argument whose items are put together."""


def apply_command(
    text: str, after: str, command: str, arguments: Mapping[str, Argument], *, join: bool = False
) -> Edited:
    """The query with the step of a command after another step.

    Args:
        text: the query.
        after: the step before it.
        command: the command's name.
        arguments: what it asks for.
        join: where ``after`` is a step of the same command, of which two in a row mean the same as one, the arguments
            are added to that step instead: a second column to sort by, one more column that is renamed.

    Raises:
        UsageError: the text does not parse, there is no such step or command, or the arguments do not suit it.

    >>> sorts = [{"column": "a", "order": "ascending"}]
    >>> print(apply_command("let Source = T in Source", "Source", "rows.sort", {"sorts": sorts}).text)
    let Source = T, #"Sorted Rows" = Table.Sort(Source, {{"a", Order.Ascending}}) in #"Sorted Rows"
    """
    written = write_step(command, arguments, after)
    step = next((each for each in applied_steps(with_steps(text).document.text) if each.name == after), None)
    earlier = _joinable(step, command, arguments) if join and step else None
    if earlier is not None:
        return change_arguments(text, after, earlier)
    return insert_step(text, after, written, COMMANDS[command].step)


def change_arguments(text: str, step: str, arguments: Mapping[str, Argument]) -> Edited:
    """The query with other arguments in the step of a command.

    Raises:
        UsageError: the text does not parse, there is no such step, its formula is somebody's own, or the arguments are
            not what its command asks for.
    """
    found = next((each for each in applied_steps(text) if each.name == step), None)
    if found is None or found.command is None:
        raise UsageError(
            f"Step '{step}' is no command's.", hint="Change its formula instead.", code="editing.own_formula"
        )
    return replace_expression(text, step, write_step(found.command.command, arguments, found.command.previous))


def _joinable(step: Step, command: str, arguments: Mapping[str, Argument]) -> dict[str, Argument] | None:
    """The arguments of an existing step with those of a new one added; None where two steps are needed."""
    name = _JOINED.get(command)
    if name is None or step.command is None or step.command.command != command:
        return None
    earlier = step.command.arguments
    if {key: value for key, value in earlier.items() if key != name} != {
        k: v for k, v in arguments.items() if k != name
    }:
        return None
    items = [*earlier[name], *arguments[name]]
    columns = [each["column"] if isinstance(each, Mapping) else each for each in items]
    renamed = {each["name"] for each in earlier[name] if isinstance(each, Mapping) and "name" in each}
    # What is renamed, converted or sorted by twice takes two steps, or the second would not mean what it says.
    if len(set(columns)) < len(columns) or renamed & set(columns):
        return None
    return {**earlier, name: items}
