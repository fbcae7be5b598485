"""What differs between two definitions, as text that people read."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from headwater.dataflows.definitions.definition import DataflowDefinition
from headwater.dataflows.definitions.settings_file import SETTINGS_FILE
from headwater.dataflows.definitions.settings_writing import settings_text

__all__ = ["unified_diff"]


def unified_diff(before: DataflowDefinition, after: DataflowDefinition, names: tuple[str, str]) -> str:
    """The differences in settings and in each query, as a unified diff; "" where there are none.

    Args:
        before: one definition.
        after: the other one.
        names: what the two are called.
    """
    settings = (settings_text(before.name, before.settings), settings_text(after.name, after.settings))
    parts = list(_part(SETTINGS_FILE, *settings, names))
    for query in sorted(before.queries.keys() | after.queries.keys()):
        texts = before.queries.get(query, ""), after.queries.get(query, "")
        parts += _part(query, *texts, names)
    if not parts and before.section != after.section:
        parts += _part("section", before.to_section(), after.to_section(), names)
    return "".join(parts)


def _part(title: str, before: str, after: str, names: tuple[str, str]) -> Iterator[str]:
    lines = [text.splitlines(keepends=True) for text in (before, after)]
    labels = (f"{names[0]}/{title}", f"{names[1]}/{title}")
    for line in difflib.unified_diff(lines[0], lines[1], *labels):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
