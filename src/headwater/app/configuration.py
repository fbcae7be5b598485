"""Reading the tables of ``headwater.toml``: what each may hold, and what the administrator's references lead to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater.access.vaults import Vaults
from headwater.errors import HomeError
from headwater.secret import Secret

__all__ = ["Section", "administrators_secret", "is_reference"]


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the configuration.

    Every reader gives what it is given as ``usual`` where the entry is missing, and raises HomeError
    (``home.unreadable``) where it is of another kind. No message shows a value: it may be a secret in a wrong place.

    Attributes:
        name: what the table is called.
        entries: what it states.
        file: the file it stands in.
    """

    name: str
    entries: Mapping[str, Any]
    file: Path

    @classmethod
    def of(cls, document: Mapping[str, Any], name: str, file: Path, known: tuple[str, ...]) -> Section:
        """The table of a document, empty where it is missing; HomeError where it is none, or has other entries."""
        table = document.get(name, {})
        if not isinstance(table, dict):
            raise _misstated(f"'{name}' is a table.", file, f"Write it as [{name}].")
        for entry in sorted(table.keys() - set(known)):
            hint = f"It has: {', '.join(known)}."
            raise _misstated(f"'{name}' has no entry '{entry[:40]}'.", file, hint)
        return cls(name, table, file)

    def text(self, entry: str, usual: str = "", *, example: str) -> str:
        """A text that is not empty."""
        value = self.entries.get(entry, usual)
        if not isinstance(value, str) or "\0" in value or (entry in self.entries and not value):
            raise self.wrong(entry, "a text", f'"{example}"')
        return value

    def texts(self, entry: str, *, example: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.entries.get(entry, [])
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            raise self.wrong(entry, "a list of texts", f'["{example}"]')
        return tuple(value)

    def number(self, entry: str, usual: int, *, least: int, most: int) -> int:
        """A whole number within its range."""
        value = self.entries.get(entry, usual)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(entry, f"a whole number from {least} to {most}", str(usual))
        return value

    def choice(self, entry: str, usual: str, choices: tuple[str, ...]) -> str:
        """One of some texts."""
        value = self.entries.get(entry, usual)
        if value not in choices:
            listed = ", ".join(f'"{choice}"' for choice in choices)
            raise self.wrong(entry, f"one of {listed}", f'"{usual}"')
        return str(value)

    def reference(self, entry: str) -> str:
        """A reference to a secret, which is never in the file itself; "" where there is none."""
        value = self.entries.get(entry, "")
        if entry in self.entries and not is_reference(value):
            raise self.wrong(entry, "a reference to a secret", '"env:NAME" or "file:/folder/name"')
        return str(value)

    def wrong(self, entry: str, what: str, example: str) -> HomeError:
        """The error of an entry that is not ``what``."""
        return _misstated(f"'{entry}' in [{self.name}] is {what}.", self.file, f"Write it as {entry} = {example}.")


def is_reference(value: object) -> bool:
    """Whether a value of the configuration refers to a secret.

    >>> is_reference("env:SMTP_PASSWORD"), is_reference("hunter2")
    (True, False)
    """
    return isinstance(value, str) and value.startswith(("env:", "file:")) and not value.endswith(":")


def administrators_secret(reference: str) -> Secret:
    """The secret that the configuration itself refers to: what the administrator's own file names is allowed by that.

    Raises:
        SecretError: the variable or the file is not there, or holds none.
    """
    kind, _, rest = reference.partition(":")
    if kind == "env":
        return Vaults(variables=frozenset({rest}), environment=os.environ).get(reference)
    return Vaults(folders=(Path(rest).parent,)).get(reference)


def _misstated(message: str, file: Path, hint: str) -> HomeError:
    return HomeError(message, place=str(file), hint=hint, code="home.unreadable")
