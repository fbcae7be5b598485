"""Options that several groups of commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "DEFAULT_HOME",
    "DatabaseOption",
    "DatabasePasswordOption",
    "DatabaseUserOption",
    "HomeOption",
    "JsonOption",
]

HomeOption = Annotated[Path, typer.Option("--home", envvar="HEADWATER_HOME", help="The home folder.")]
DEFAULT_HOME = Path(".headwater")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]

DatabaseOption = Annotated[
    str,
    typer.Option(
        "--database", help="A PostgreSQL database for the metadata, e.g. postgresql://db.example.org/headwater."
    ),
]
DatabaseUserOption = Annotated[str, typer.Option("--database-user", help="The user to connect to the database as.")]
DatabasePasswordOption = Annotated[
    str,
    typer.Option(
        "--database-password",
        help="Where the password is: env:NAME or file:/folder/name; never the password itself.",
    ),
]
