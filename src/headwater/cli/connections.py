"""``headwater connection``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from headwater.cli.actor import as_machine
from headwater.cli.credentials import (
    FieldOption,
    NetworkOption,
    ReferenceOption,
    SecretEnvironmentOption,
    SecretStdinOption,
    given,
    show_credential,
)
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from headwater.workspaces import StoredConnection
    from headwater.workspaces.connections import Privacy

__all__ = ["app"]

app = typer.Typer(help="Connections: M's data sources, with their credentials.", no_args_is_help=True)

ConnectionArgument = Annotated[str, typer.Argument(help="A connection.")]
CredentialKindOption = Annotated[
    str, typer.Option("--credential", help="The kind of credential: anonymous, username_password, key or oauth2.")
]


@app.command("add")
def add(  # noqa: PLR0917 -- the command's options
    name: Annotated[str, typer.Argument(help="What people call it.")],
    kind: Annotated[str, typer.Argument(help="M's kind of data source: Web, OData, PostgreSQL, Folder, ….")],
    path: Annotated[str, typer.Argument(help="Where it leads: an address, a folder, server;database.")],
    credential: CredentialKindOption = "anonymous",
    field: FieldOption = None,
    secret_stdin: SecretStdinOption = False,
    secret_env: SecretEnvironmentOption = None,
    reference: ReferenceOption = None,
    privacy: Annotated[str, typer.Option(help="None, Public, Organizational or Private.")] = "None",
    collection: Annotated[str, typer.Option(help="The collection it goes into.")] = "root",
    private_network: NetworkOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Keep a connection."""
    new = given(field, secret_stdin=secret_stdin, secret_env=secret_env)
    with as_machine(home) as (headwater, actor):
        made = headwater.connections.add(
            actor, name, kind, path, credential=credential, **new, reference=reference,
            # Any other text is refused there.
            privacy=cast("Privacy", privacy), collection=collection, private_networks=private_network or (),
        )  # fmt: skip
    say(_line(made))


@app.command("list")
def list_connections(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the connections: name, kind, path, privacy, collection, kind of credential."""
    from headwater.cli.paging import PAGE, every

    with as_machine(home) as (headwater, actor):

        def page(after: Sequence[Any] | None) -> tuple[list[StoredConnection], Sequence[Any] | None]:
            found = headwater.connections.list(actor, after=after, limit=PAGE)
            return found.connections, found.after

        connections = list(every(page))
    if as_json:
        show_json(connections)
        return
    for each in connections:
        show(f"{each.name}\t{each.kind}\t{each.path}\t{each.privacy}\t{each.collection}\t{each.credential_kind}")


@app.command("show")
def show_connection(name: ConnectionArgument, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Show a connection with what may be shown of its credential."""
    with as_machine(home) as (headwater, actor):
        found = headwater.connections.get(actor, name)
        credential = headwater.connections.describe_credential(actor, name)
    if as_json:
        show_json({"connection": found, "credential": credential})
        return
    for label, value in (
        ("name", found.name),
        ("kind", found.kind),
        ("path", found.path),
        ("privacy", found.privacy),
        ("collection", found.collection),
        ("private networks", ",".join(found.private_networks) or "none"),
    ):
        show(f"{label}\t{value}")
    show_credential(credential)


@app.command("change")
def change(  # noqa: PLR0917 -- the command's options
    name: ConnectionArgument,
    path: Annotated[str | None, typer.Option(help="Its new path; elsewhere, the credential is forgotten.")] = None,
    privacy: Annotated[str | None, typer.Option(help="None, Public, Organizational or Private.")] = None,
    collection: Annotated[str | None, typer.Option(help="The collection it moves to.")] = None,
    private_network: NetworkOption = None,
    no_private_networks: Annotated[
        bool, typer.Option("--no-private-networks", help="It may lie in no private network any more.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Change a connection; what is not given stays."""
    with as_machine(home) as (headwater, actor):
        found = headwater.connections.change(
            actor, name, path=path, privacy=cast("Privacy | None", privacy), collection=collection,
            private_networks=() if no_private_networks else private_network or None,
        )  # fmt: skip
    say(_line(found))


@app.command("credential")
def set_credential(  # noqa: PLR0917 -- the command's options
    name: ConnectionArgument,
    kind: Annotated[str, typer.Option(help="Its kind: anonymous, username_password, key or oauth2.")],
    field: FieldOption = None,
    secret_stdin: SecretStdinOption = False,
    secret_env: SecretEnvironmentOption = None,
    reference: ReferenceOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Give a connection another credential."""
    new = given(field, secret_stdin=secret_stdin, secret_env=secret_env)
    with as_machine(home) as (headwater, actor):
        headwater.connections.set_credential(actor, name, kind, **new, reference=reference)
    say(f"{name}: the credential is of kind {kind}")


@app.command("remove")
def remove(name: ConnectionArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Forget a connection with its secret."""
    with as_machine(home) as (headwater, actor):
        headwater.connections.remove(actor, name)
    say(f"connection {name} is gone")


def _line(found: StoredConnection) -> str:
    return f"connection {found.name} ({found.kind}): {found.path}, in collection {found.collection}"
