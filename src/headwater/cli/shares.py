"""``headwater share``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json
from headwater.errors import UsageError

if TYPE_CHECKING:
    from headwater.app.sharing import Share

__all__ = ["app"]

app = typer.Typer(help="Links by which published tables are shared.", no_args_is_help=True)


@app.command("create")
def create(  # noqa: PLR0917 -- the command's options
    table: Annotated[str, typer.Argument(help="A published table: DATAFLOW/ENTITY.")],
    name: Annotated[str, typer.Argument(help="What, or whom, it is for.")],
    sharer: Annotated[str, typer.Option("--as", help="Whose rights it has: a user, by name or id.")],
    days: Annotated[int, typer.Option(help="How long it is good.")] = 7,
    column: Annotated[
        list[str] | None, typer.Option(help="A column that is given; may be repeated. Else: all.")
    ] = None,
    rows: Annotated[int | None, typer.Option(help="How many of the first rows are given. Else: all.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a link to a table and print its secret, once; the table is at /s/SECRET of the server."""
    dataflow, slash, entity = table.partition("/")
    if not slash:
        raise UsageError(f"'{table}' names no published table.", hint="Write it as DATAFLOW/ENTITY.")
    with as_machine(home) as (headwater, actor):
        made = headwater.shares.create(
            actor, dataflow, entity, name=name, days=days, columns=column, rows=rows, sharer=sharer
        )
    show(made.token)
    say(f"{table} is at /s/{made.info.prefix}… until {made.info.expires_at:%Y-%m-%d %H:%M} UTC. It is not shown again.")


@app.command("list")
def list_shares(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the links: id, beginning, table, name, who shares, state, how often used."""
    with as_machine(home) as (headwater, actor):
        found = headwater.shares.list(actor)
    if as_json:
        show_json(found)
        return
    for share in found:
        table = f"{share.dataflow}/{share.entity}"
        show(f"{share.id}\t{share.prefix}…\t{table}\t{share.name}\t{share.sharer}\t{_state(share)}\t{share.uses} uses")


@app.command("show")
def show_share(
    share: Annotated[str, typer.Argument(help="The link's id.")],
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show a link: what it gives, and how it was used."""
    with as_machine(home) as (headwater, actor):
        found = headwater.shares.get(actor, share)
    if as_json:
        show_json(found)
        return
    show(f"table\t{found.dataflow}/{found.entity}")
    show(f"columns\t{'all' if found.columns is None else ', '.join(found.columns)}")
    show(f"rows\t{'all' if found.rows is None else found.rows}")
    show(f"shared by\t{found.sharer}")
    show(f"state\t{_state(found)}")
    last = "" if found.last_used_at is None else f", last {found.last_used_at:%Y-%m-%d %H:%M} UTC"
    show(f"used\t{found.uses} times{last}")


@app.command("revoke")
def revoke(
    share: Annotated[str, typer.Argument(help="The link's id.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a link worthless from the next request on."""
    with as_machine(home) as (headwater, actor):
        headwater.shares.revoke(actor, share)
    say("the link is revoked")


def _state(share: Share) -> str:
    if share.revoked_at is not None:
        return f"revoked {share.revoked_at:%Y-%m-%d}"
    return f"{'expired' if share.is_over else 'until'} {share.expires_at:%Y-%m-%d %H:%M} UTC"
