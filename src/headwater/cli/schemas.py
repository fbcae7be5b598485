"""``headwater schema``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.credentials import NetworkOption
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import show, show_json
from headwater.errors import SchemaError

if TYPE_CHECKING:
    from headwater.models.discovery import FunctionDescription

__all__ = ["app"]

app = typer.Typer(help="Schemas: what makes a model a function.", no_args_is_help=True)


@app.callback()
def _schemas() -> None:
    """A group, though it has one command."""


@app.command("check")
def check(
    target: Annotated[
        str,
        typer.Argument(
            help="A function's name, a folder with an MLmodel file, an OpenAPI file, or a service's address."
        ),
    ],
    as_json: JsonOption = False,
    private_network: NetworkOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Say what a model would be as a function, or what it lacks; fail where it cannot be one."""
    from headwater.app.functions.schemas import check_schema

    def describe(name: str) -> FunctionDescription:
        with as_machine(home) as (headwater, actor):
            return headwater.functions.get(actor, name)

    reports = check_schema(target, describe, private_network or ())
    found = any(named.report.callable for named in reports)
    if as_json:
        show_json({"callable": found, "functions": [named.to_dict() for named in reports]})
    else:
        show("\n\n".join(f"{named.name}\n{named.report.to_text()}" for named in reports))
    if not found:
        raise SchemaError(f"{target} cannot be a function.", place=target, hint="Do what the findings say.")
