"""What the command line shows: errors, logs, progress."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headwater.errors import HeadwaterError, MSyntaxError

if TYPE_CHECKING:
    from rich.progress import Progress

FAILED = 1
INTERRUPTED = 130


def fail(error: HeadwaterError) -> int:
    """Show an error on standard error; returns the exit status."""
    print(f"error [{error.code}]: {error}", file=sys.stderr)  # noqa: T201 -- this is where output is made
    if isinstance(error, MSyntaxError) and len(error.diagnostics) > 1:
        for finding in error.diagnostics:
            print(f"  line {finding.line}, column {finding.column}: {finding.message}", file=sys.stderr)  # noqa: T201
    if error.place:
        print(f"  where: {error.place}", file=sys.stderr)  # noqa: T201
    if error.hint:
        print(f"  to do: {error.hint}", file=sys.stderr)  # noqa: T201
    return FAILED


def interrupted() -> int:
    """Say that Ctrl+C ended the command; returns the exit status."""
    print("error [interrupted]: Stopped before the end; what was published before is unchanged.", file=sys.stderr)  # noqa: T201
    return INTERRUPTED


def say(text: str = "") -> None:
    """A line for the person, on standard error: standard output is for results."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def show(text: str) -> None:
    """A line of a result, on standard output."""
    print(text, flush=True)  # noqa: T201


def set_up_logging(*, json_logs: bool, verbose: bool) -> None:
    """Logs go to standard error, as text or as one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    if json_logs:
        from pythonjsonlogger.json import JsonFormatter

        handler.setFormatter(JsonFormatter("{asctime}{levelname}{name}{message}", style="{"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO if verbose or json_logs else logging.WARNING, handlers=[handler], force=True)


@contextmanager
def progress() -> Iterator[Progress]:
    """Progress bars on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield bars
