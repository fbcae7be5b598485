"""``headwater token``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

if TYPE_CHECKING:
    from headwater.access.tokens import ApiToken
    from headwater.app.administration import ShownToken

__all__ = ["app"]

app = typer.Typer(help="API tokens: what programs show instead of a password.", no_args_is_help=True)

OwnerArgument = Annotated[str, typer.Argument(help="Whose: a user, by name or id.")]


@app.command("create")
def create(  # noqa: PLR0917 -- the command's options
    owner: OwnerArgument,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    action: Annotated[
        list[str] | None,
        typer.Option("--action", help="An action it is good for, e.g. 'model.*'; may be repeated. Else: all."),
    ] = None,
    scope: Annotated[str | None, typer.Option(help="The scope it is good at, and below. Else: anywhere.")] = None,
    days: Annotated[int, typer.Option(help="How long it lives.")] = 90,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a token and print it, once."""
    with as_machine(home) as (headwater, actor):
        made = headwater.tokens.create(actor, name, user=owner, actions=action, scope=scope, days=days)
    show(made.token)
    say(f"For {owner}; good until {made.info.expires_at:%Y-%m-%d %H:%M} UTC. It is not shown again.")


@app.command("list")
def list_tokens(owner: OwnerArgument, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List somebody's tokens: id, beginning, name, state, what they are good for."""
    with as_machine(home) as (headwater, actor):
        found = headwater.tokens.list(actor, owner)
    if as_json:
        show_json(found)
        return
    for token in found:
        info = token.info
        actions = "anything" if info.actions is None else ",".join(sorted(info.actions))
        show(f"{info.id}\t{info.prefix}…\t{info.name}\t{_state(info)}\t{actions}\t{_where(token)}")


@app.command("revoke")
def revoke(
    owner: OwnerArgument,
    token: Annotated[str, typer.Argument(help="The token's id.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a token worthless."""
    with as_machine(home) as (headwater, actor):
        headwater.tokens.revoke(actor, token, owner)
    say("The token is revoked")


def _where(token: ShownToken) -> str:
    if token.info.scope_id is None:
        return "anywhere"
    return "nowhere any more" if token.scope is None else token.scope.path


def _state(info: ApiToken) -> str:
    from headwater.store import utc_now

    if info.revoked_at is not None:
        return "revoked"
    return f"{'expired' if info.expires_at <= utc_now() else 'good until'} {info.expires_at:%Y-%m-%d}"
