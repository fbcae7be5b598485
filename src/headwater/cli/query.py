"""``headwater run``, ``eval`` and ``fmt``."""

from __future__ import annotations

import logging
from pathlib import Path

from headwater.app.queries import open_query, write_table
from headwater.cli.output import say, show
from headwater.errors import HeadwaterError, UsageError
from headwater.powerquery import evaluate, explain, to_text
from headwater.powerquery.language import format_document

log = logging.getLogger(__name__)


def run(
    file: Path, query: str | None, output: Path | None, *, explain: bool, culture: str, folders: list[Path]
) -> None:
    """Run a file; print its value, write its table, or explain how it would be computed."""
    opened = open_query(file, query, culture=culture, folders=folders)
    if explain:
        _show_explanation(opened.value, opened.session)
    elif output is not None:
        rows = write_table(opened, output)
        say(f"{rows:,} rows written to {output}")
    else:
        show(to_text(opened.value))


def _show_explanation(value: object, session: object) -> None:
    found = explain(value, session)  # type: ignore[arg-type]  # as open_query gave them
    show(found.to_text())


def evaluate_expression(expression: str, culture: str) -> None:
    """Print the value of an expression."""
    show(to_text(evaluate(expression, culture, source_name="expression")))


def format_in_place(files: list[Path], *, check: bool) -> None:
    """Format files; with ``check`` only say which would change."""
    changed = []
    for file in files:
        before = _read(file)
        after = format_document(before, str(file))
        if before != after:
            changed.append(file)
            if not check:
                file.write_text(after, "utf-8")
    for file in changed:
        say(f"{'would change' if check else 'formatted'}: {file}")
    if check and changed:
        raise UsageError(f"{len(changed)} of {len(files)} files are not formatted.", hint="Run 'headwater fmt'.")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HeadwaterError(
            f"The file cannot be read: {error}.", place=str(file), hint="Check the path.", code="file.unreadable"
        ) from error
