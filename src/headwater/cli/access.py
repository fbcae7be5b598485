"""``headwater access``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

if TYPE_CHECKING:
    from headwater.app.administration import Given, ShownScope

__all__ = ["app"]

app = typer.Typer(help="Roles: who may do what, and where.", no_args_is_help=True)

WhoArgument = Annotated[str, typer.Argument(help="A user, by name or id, or group:NAME.")]
UserArgument = Annotated[str, typer.Argument(help="A user, by name or id.")]
RoleArgument = Annotated[str, typer.Argument(help="A role.")]
ActionArgument = Annotated[str, typer.Argument(help="An action, e.g. model.invoke.")]
ScopeArgument = Annotated[
    str,
    typer.Argument(
        help="Where: server, collection:NAME, source:NAME, model:SOURCE/MODEL, service:NAME, dataflow:NAME, "
        "table:DATAFLOW/ENTITY, connection:NAME, subscription:ID, scope:ID, or a path."
    ),
]


@app.command("actions")
def actions() -> None:
    """List everything that a role can allow."""
    from headwater.access import Action

    for action in Action:
        show(f"{action.value}\t{action.description}")


@app.command("roles")
def roles(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the roles with what they allow."""
    with as_machine(home) as (headwater, _actor):
        found = headwater.access.roles.list()
    if as_json:
        show_json([{"name": role.name, "built_in": role.built_in, "allows": role.allows()} for role in found])
        return
    for role in found:
        less = f" less {', '.join(role.not_actions)}" if role.not_actions else ""
        kind = "built in" if role.built_in else "own"
        show(f"{role.name}\t{kind}\t{', '.join(role.actions)}{less}\t{role.description}")


@app.command("define")
def define(
    name: Annotated[str, typer.Argument(help="The role's name; one that is there is changed.")],
    action: Annotated[list[str], typer.Option("--action", help="What it allows, e.g. 'asset.*'; may be repeated.")],
    without: Annotated[
        list[str] | None, typer.Option("--without", help="What it leaves out of that; may be repeated.")
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a role of one's own, or change it."""
    with as_machine(home) as (headwater, actor):
        there = any(role.name.casefold() == name.casefold() for role in headwater.access.roles.list())
        save = headwater.access.roles.change if there else headwater.access.roles.create
        role = save(actor, name, actions=action, not_actions=without or [], description=description)
    say(f"role {role.name}: {', '.join(sorted(role.allows()))}")


@app.command("undefine")
def undefine(name: RoleArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Delete a role of one's own that nobody has."""
    with as_machine(home) as (headwater, actor):
        headwater.access.roles.delete(actor, name)
    say(f"role {name} is gone")


@app.command("grant")
def grant(who: WhoArgument, role: RoleArgument, scope: ScopeArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Give a user or a group a role at a scope and everything below it."""
    with as_machine(home) as (headwater, actor):
        given, new = headwater.access.grant(actor, who, role, scope)
    say(f"{_who(given)} is {given.role} at {given.scope.path}{'' if new else ' already'}")


@app.command("revoke")
def revoke(who: WhoArgument, role: RoleArgument, scope: ScopeArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Take a role away where it was given."""
    with as_machine(home) as (headwater, actor):
        taken = headwater.access.revoke(actor, who, role, scope)
    say(f"{_who(taken)} is not {taken.role} at {taken.scope.path} any more")


@app.command("list")
def list_assignments(
    scope: Annotated[str | None, typer.Option(help="Only what was given at this very scope.")] = None,
    who: Annotated[str | None, typer.Option(help="Only what this user or group:NAME itself was given.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List who was given which role where."""
    from headwater.cli.paging import PAGE, every

    with as_machine(home) as (headwater, actor):

        def page(after: int | None) -> tuple[list[Given], int | None]:
            found = headwater.access.assignments(actor, scope=scope, who=who, after=after, limit=PAGE)
            return found.given, found.after

        given = list(every(page))
    if as_json:
        show_json(given)
        return
    for each in given:
        show(f"{_who(each)}\t{each.role}\t{each.scope.path}\t{each.granted_at:%Y-%m-%d %H:%M} UTC")


@app.command("scopes")
def scopes(
    of: Annotated[str | None, typer.Argument(help="The scope above; else the topmost ones.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the scopes right below one."""
    from headwater.cli.paging import PAGE, every

    with as_machine(home) as (headwater, actor):

        def page(after: int | None) -> tuple[list[ShownScope], int | None]:
            found = headwater.access.scopes(actor, of, after=after, limit=PAGE)
            return found.scopes, found.after

        found = list(every(page))
    if as_json:
        show_json(found)
        return
    for scope in found:
        show(f"scope:{scope.id}\t{scope.kind}\t{scope.name}\t{scope.path}")


@app.command("check")
def check(
    user: UserArgument,
    action: ActionArgument,
    scope: ScopeArgument,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print yes or no: whether somebody may do something at a scope; status 1 for no."""
    with as_machine(home) as (headwater, actor):
        allowed = headwater.access.check(actor, action, scope, user)
    if as_json:
        show_json({"allowed": allowed})
    else:
        show("yes" if allowed else "no")
    if not allowed:
        raise typer.Exit(1)


@app.command("explain")
def explain(
    user: UserArgument,
    action: ActionArgument,
    scope: ScopeArgument,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Say why somebody may do something at a scope or may not, and what would help."""
    with as_machine(home) as (headwater, actor):
        answer = headwater.access.explain(actor, action, scope, user)
    if as_json:
        show_json(
            {"user": answer.user, "action": answer.action.value, "scope": answer.scope}
            | {"explanation": answer.explanation, "sentences": answer.sentences}
        )
        return
    for sentence in answer.sentences:
        show(sentence)


def _who(given: Given) -> str:
    """As it is written in commands."""
    return f"group:{given.principal.name}" if given.principal.kind == "group" else given.principal.name
