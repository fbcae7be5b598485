"""``headwater run``, ``eval`` and ``fmt``."""

from __future__ import annotations

from pathlib import Path

from headwater.app.queries import format_file, open_expression, open_query
from headwater.app.settings import RunSettings
from headwater.cli.output import say, show
from headwater.errors import UsageError


def run(
    file: Path,
    query: str | None,
    output: Path | None,
    settings: RunSettings,
    *,
    explain: bool,
    most_rows: int | None = None,
) -> None:
    """Run a file; print its value, write its table, or explain how it would be computed."""
    opened = open_query(file, query, settings)
    if explain:
        show(opened.explanation())
        return
    if most_rows is not None:
        opened = opened.within_rows(most_rows)
    if output is not None:
        written = opened.write(output)
        noted = f"; {written.errors:,} error cells as null" if written.errors else ""
        say(f"{written.rows:,} rows written to {output}{noted}")
    else:
        show(opened.text())


def evaluate_expression(expression: str, settings: RunSettings) -> None:
    """Print the value of an expression."""
    show(open_expression(expression, settings).text())


def format_in_place(files: list[Path], *, check: bool) -> None:
    """Format files; with ``check`` only say which would change, and fail if one would."""
    changed = 0
    for file in files:
        if format_file(file, check=check):
            changed += 1
            say(f"{'would change' if check else 'formatted'}: {file}")
    if check and changed:
        raise UsageError(
            f"{changed} of {len(files)} files are not formatted.", hint="Run 'headwater fmt' without --check."
        )
