"""Options that several groups of commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["DEFAULT_HOME", "HomeOption", "JsonOption"]

HomeOption = Annotated[Path, typer.Option("--home", envvar="HEADWATER_HOME", help="The home folder.")]
DEFAULT_HOME = Path(".headwater")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]
