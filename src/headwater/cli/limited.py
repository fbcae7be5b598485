"""A command under limits: run once more, in a process that is watched from here."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.errors import UsageError

if TYPE_CHECKING:
    from headwater.powerquery import Limits

WATCHED = ("limit_seconds", "limit_memory", "limit_output")
"""The parameters that the watching process sees to; the watched one is not given them."""
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def size_of(text: str) -> int:
    """The bytes that a text such as ``512MB`` or ``1.5 GiB`` stands for; a thousand is 1024 here.

    Raises:
        UsageError: it is no size.

    >>> size_of("512MB"), size_of("2k"), size_of("100")
    (536870912, 2048, 100)
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"'{text}' is no size.", hint="Write it like 512MB or 2GB.")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def watched_limits(seconds: float | None, memory: str | None, output: str | None) -> Limits | None:
    """The limits that another process has to watch; None where there are none.

    Raises:
        UsageError: a limit is no size.
    """
    if seconds is None and memory is None and output is None:
        return None
    from headwater.powerquery import Limits

    return Limits(
        seconds=seconds,
        memory=None if memory is None else size_of(memory),
        output_bytes=None if output is None else size_of(output),
    )


def run_again(context: Any, limits: Limits, written: Path | None) -> int:
    """Run the command of ``context`` in a process under ``limits``; show what it printed, and return its status.

    Raises:
        MError: it went beyond a limit; what it had written of the file ``written`` is removed.
    """
    from headwater.powerquery.evaluator.limits import run_limited

    try:
        done = run_limited("headwater.cli.main", list(_words(context)), limits)
    finally:
        if written is not None:
            written.with_name(written.name + ".partial").unlink(missing_ok=True)
    sys.stdout.buffer.write(done.output)
    sys.stdout.buffer.flush()
    return done.status


def _words(context: Any) -> Iterator[str]:
    """The command line of a command and of those above it, without the limits that are watched here.

    A context is Click's, which Typer carries under different names (see :mod:`.main`).
    """
    if context.parent is not None:
        yield from _words(context.parent)
        yield context.command.name or ""
    arguments: list[str] = []
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if parameter.name in WATCHED or value is None or value is False:
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            if parameter.param_type_name == "argument":
                arguments.append(str(each))
            else:
                yield parameter.opts[0]
                yield from () if each is True else (str(each),)
    if arguments:
        yield "--"
        yield from arguments
