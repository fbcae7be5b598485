"""``headwater people``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

if TYPE_CHECKING:
    from headwater.access.people import User

__all__ = ["app"]

app = typer.Typer(help="People: who may come in.", no_args_is_help=True)

PersonArgument = Annotated[str, typer.Argument(help="A user, by name or id.")]


@app.command("list")
def list_people(
    matching: Annotated[str, typer.Option(help="A part of the name or address.")] = "",
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the users: name, display name, address, state, when they last signed in."""
    from headwater.cli.paging import PAGE, every

    with as_machine(home) as (headwater, actor):

        def page(after: str | None) -> tuple[list[User], str | None]:
            found = headwater.people.list(actor, matching=matching, after=after, limit=PAGE)
            return found.users, found.after

        users = list(every(page))
    if as_json:
        show_json(users)
        return
    for user in users:
        state = "active" if user.active else "disabled"
        seen = "never" if user.last_sign_in_at is None else f"{user.last_sign_in_at:%Y-%m-%d %H:%M} UTC"
        show(f"{user.name}\t{user.display_name}\t{user.email or ''}\t{state}\t{seen}")


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What they sign in with; an e-mail address is a good name.")],
    display_name: Annotated[str, typer.Option("--display-name", help="What others call them.")] = "",
    email: Annotated[str, typer.Option(help="Their e-mail address.")] = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a user, who comes in by a link."""
    with as_machine(home) as (headwater, actor):
        user = headwater.people.create(actor, name, display_name=display_name, email=email or None)
    say(f"user {user.name}. A link by which they set a password: headwater people link {user.name}")


@app.command("disable")
def disable(name: PersonArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Keep somebody out; their sessions end at once."""
    with as_machine(home) as (headwater, actor):
        user = headwater.people.disable(actor, headwater.people.find(actor, name).id)
    say(f"{user.name} is disabled")


@app.command("enable")
def enable(name: PersonArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Let somebody in again."""
    with as_machine(home) as (headwater, actor):
        user = headwater.people.enable(actor, headwater.people.find(actor, name).id)
    say(f"{user.name} is enabled")


@app.command("tie")
def tie(
    name: PersonArgument,
    issuer: Annotated[str, typer.Argument(help="An OpenID Connect issuer, as its configuration writes it.")],
    subject: Annotated[str, typer.Argument(help="What the issuer calls them: the claim 'sub'.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let a provider vouch for somebody."""
    with as_machine(home) as (headwater, actor):
        user = headwater.openid.link(actor, headwater.people.find(actor, name).id, issuer, subject)
    say(f"{issuer} vouches for {user.name}")


@app.command("link")
def link(
    name: PersonArgument,
    sign_in: Annotated[bool, typer.Option("--sign-in", help="It signs them in, without a password.")] = False,
    address: Annotated[str, typer.Option(help="Where browsers reach the server.")] = "http://127.0.0.1:8400",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print a one-time link by which somebody sets a password."""
    from headwater.app.administration import link_address

    with as_machine(home) as (headwater, actor):
        user = headwater.people.find(actor, name)
        made = headwater.people.link(actor, user.id, "sign_in" if sign_in else "set_password")
    show(link_address(address, made))
    say(f"For {user.name}; good once, until {made.expires_at:%Y-%m-%d %H:%M} UTC.")
