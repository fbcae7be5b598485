"""``headwater policy``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json
from headwater.errors import UsageError

if TYPE_CHECKING:
    from headwater.access.policies import Subject
    from headwater.app.policies import ShownPolicy

__all__ = ["app"]

app = typer.Typer(help="Policies: who alone reads data of one kind.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The policy's name.")]
ReaderOption = Annotated[
    list[str] | None, typer.Option("--reader", help="A user, by name or id, or group:NAME; may be repeated.")
]
LockOutOption = Annotated[bool, typer.Option("--lock-out", help="It is meant that nobody reads it.")]


@app.command("create")
def create(  # noqa: PLR0917 -- the command's options
    name: NameArgument,
    subject: Annotated[str, typer.Argument(help="What it goes by: asset, classification, label or sensitivity.")],
    value: Annotated[
        str,
        typer.Argument(help="Which one; of an asset: table:DATAFLOW/ENTITY, table:DATAFLOW/ENTITY#COLUMN or a guid."),
    ],
    reader: ReaderOption = None,
    collection: Annotated[str, typer.Option(help="In which collection, and below, it holds.")] = "root",
    description: Annotated[str, typer.Option(help="Why.")] = "",
    lock_out: LockOutOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let only some people read data of one kind, from the next request on."""
    kind = _subject(subject)
    with as_machine(home) as (headwater, actor):
        made = headwater.policies.create(
            actor,
            name,
            collection=collection,
            subject=kind,
            value=value,
            readers=reader or [],
            description=description,
            lock_out=lock_out,
        )
    say(f"policy {made.name}: {made.subject} {made.value} in {made.collection.path} is read by {_readers(made)}")


@app.command("change")
def change(  # noqa: PLR0917 -- the command's options
    name: NameArgument,
    reader: ReaderOption = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Whether it holds.")] = None,
    description: Annotated[str | None, typer.Option(help="Why.")] = None,
    lock_out: LockOutOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Change who reads (these instead of those before), whether it holds, or its description."""
    with as_machine(home) as (headwater, actor):
        changed = headwater.policies.change(
            actor, name, readers=reader, enabled=enabled, description=description, lock_out=lock_out
        )
    say(f"policy {changed.name}{'' if changed.enabled else ' (off)'} is read by {_readers(changed)}")


@app.command("delete")
def delete(name: NameArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Delete a policy."""
    with as_machine(home) as (headwater, actor):
        headwater.policies.delete(actor, name)
    say(f"policy {name} is gone")


@app.command("list")
def list_policies(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the policies: name, what they are about, where they hold, who reads."""
    with as_machine(home) as (headwater, actor):
        found = headwater.policies.list(actor)
    if as_json:
        show_json(found)
        return
    for policy in found:
        state = "on" if policy.enabled else "off"
        show(
            f"{policy.name}\t{state}\t{policy.subject} {policy.value}\t{policy.collection.path}\t{_readers(policy)}"
            f"\t{policy.description}"
        )


def _subject(text: str) -> Subject:
    from headwater.access.policies import Subject

    if text not in get_args(Subject):
        raise UsageError(f"A policy cannot go by '{text}'.", hint=f"It goes by {', '.join(get_args(Subject))}.")
    return cast("Subject", text)


def _readers(policy: ShownPolicy) -> str:
    if not policy.people:
        return "nobody"
    named = ", ".join(f"group:{one.name}" if one.kind == "group" else one.name for one in policy.readers)
    return f"{named} ({policy.people} {'person' if policy.people == 1 else 'people'})"
