"""What the command line shows: results on standard output; errors, logs and progress on standard error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwater.errors import DefinitionError, HeadwaterError, MError, MSyntaxError

if TYPE_CHECKING:
    from rich.progress import Progress

FAILED = 1
MISUSED = 2
INTERRUPTED = 130

log = logging.getLogger("headwater")


@dataclass
class _Style:
    """How standard error is written: for a person, or as one JSON object a line, with no exception."""

    json: bool = False


_style = _Style()


def fail(error: HeadwaterError) -> int:
    """Show an error on standard error; returns the exit status."""
    if _style.json:
        log.error("%s", error, extra={"error": error.to_dict()})
        return FAILED
    say(f"error [{error.code}]: {error}")
    for line in _particulars(error):
        say(f"  {line}")
    return FAILED


def _particulars(error: HeadwaterError) -> Iterator[str]:
    if isinstance(error, MSyntaxError) and len(error.diagnostics) > 1:
        for finding in error.diagnostics:
            yield f"line {finding.line}, column {finding.column}: {finding.message}"
    if isinstance(error, DefinitionError) and len(error.findings) > 1:
        for found in error.findings:
            yield f"{found.severity} {found.place or 'settings'}: {found.message}"
    if isinstance(error, MError) and error.detail is not None:
        from headwater.app.reports import detail_text

        yield f"detail: {detail_text(error)}"
    if error.place:
        yield f"where: {error.place}"
    if error.hint:
        yield f"to do: {error.hint}"


def interrupted() -> int:
    """Say that Ctrl+C ended the command; returns the exit status."""
    fail(
        HeadwaterError(
            "Stopped before the end; what was published before is unchanged.",
            hint="Run the command again to start over.",
            code="interrupted",
        )
    )
    return INTERRUPTED


def say(text: str = "") -> None:
    """A line for the person, on standard error: standard output is for results."""
    if not _style.json:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 -- this is where output is made
    elif text.strip():
        log.info("%s", text.strip())


def show(text: str) -> None:
    """A line of a result, on standard output."""
    print(text, flush=True)  # noqa: T201 -- this is where output is made


def show_json(value: object) -> None:
    """A result as one line of JSON, on standard output; dataclasses become objects."""
    import orjson

    show(orjson.dumps(value, default=_plain).decode())


def _plain(value: object) -> object:
    """What JSON has for a set: a sorted list."""
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not shown as JSON")


def set_up_logging(*, json_logs: bool, verbose: bool) -> None:
    """Logs go to standard error, as text or as one JSON object a line."""
    _style.json = json_logs
    handler = logging.StreamHandler(sys.stderr)
    if json_logs:
        from pythonjsonlogger.json import JsonFormatter

        handler.setFormatter(
            JsonFormatter(
                "{levelname}{name}{message}",
                style="{",
                timestamp="time",
                rename_fields={"levelname": "level", "name": "logger"},
            )
        )
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO if verbose or json_logs else logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)


@contextmanager
def progress() -> Iterator[Progress]:
    """Progress bars on standard error; none beside JSON logs. A task's ``doing`` says what is being done just now."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:26}"),
        BarColumn(bar_width=14),
        TextColumn("{task.completed:>9,.0f}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}"),
    )
    with Progress(*columns, console=Console(stderr=True), disable=_style.json) as bars:
        yield bars
