"""Secrets that are kept elsewhere: in the environment, in a file, or in a vault that a plugin reaches.

Whoever may save a connection could name *any* variable or file of the server and send what is in it to an address of
their own. So nothing is allowed until an administrator lists it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol

from headwater.errors import SecretError, UsageError
from headwater.secret import Secret

__all__ = ["ENTRY_POINT_GROUP", "Vault", "Vaults"]

ENTRY_POINT_GROUP = "headwater.vaults"
_LARGEST_FILE = 64 * 1024


class Vault(Protocol):
    """What an entry point of the group ``headwater.vaults`` leads to: a callable.

    ``path`` is what follows the plugin's name in the reference. A secret that cannot be given is told by LookupError,
    OSError or ValueError; their texts are not shown, for nobody knows what is in them.
    """

    def __call__(self, path: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Vaults:
    """What references may lead to.

    Attributes:
        variables: the names of the environment's variables that may be used.
        folders: folders whose files may be used, at any depth; links are followed before that is decided.
        plugins: the names of the vault plugins that may be used.
        environment: where the variables are looked up.
    """

    variables: frozenset[str] = frozenset()
    folders: tuple[Path, ...] = ()
    plugins: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def check(self, reference: str) -> None:
        """Refuse a reference that is none, or that leads where nothing was allowed.

        Raises:
            UsageError: the text is no reference.
            SecretError: what it leads to is not allowed, or no such plugin is installed.
        """
        kind, rest = _parts(reference)
        match kind:
            case "env":
                self._check_variable(rest)
            case "file":
                self._allowed_path(rest)
            case _:
                self._plugin(rest.partition(":")[0])

    def get(self, reference: str) -> Secret:
        """The secret that a reference leads to now.

        Raises:
            UsageError: the text is no reference.
            SecretError: it leads to nothing, or to what is not allowed.
        """
        kind, rest = _parts(reference)
        match kind:
            case "env":
                return self._variable(rest)
            case "file":
                return self._file(rest)
            case _:
                return self._from_plugin(rest)

    def _check_variable(self, name: str) -> None:
        if name not in self.variables:
            raise _denied("This environment variable may not be used for a secret.", "the allowed variables")

    def _variable(self, name: str) -> Secret:
        self._check_variable(name)
        value = self.environment.get(name)
        if not value:
            raise SecretError(f"The environment variable {name} is not set.", hint="Set it, and start Headwater again.")
        return Secret(value)

    def _allowed_path(self, text: str) -> Path:
        path = Path(text).resolve()
        if not Path(text).is_absolute() or not any(path.is_relative_to(folder.resolve()) for folder in self.folders):
            raise _denied("This file may not be used for a secret.", "the allowed folders, and write the whole path")
        return path

    def _file(self, text: str) -> Secret:
        path = self._allowed_path(text)
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST_FILE + 1)
            value = content.decode().removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise SecretError("The secret's file cannot be read.", hint="Check it and its rights.") from error
        if not value or len(content) > _LARGEST_FILE:
            raise SecretError("The secret's file is empty, or too large to be one.", hint="Check what is in it.")
        return Secret(value)

    def _plugin(self, name: str) -> EntryPoint:
        if name not in self.plugins:
            raise _denied("This vault plugin may not be used.", "the allowed plugins")
        found = entry_points(group=ENTRY_POINT_GROUP, name=name)
        if not found:
            raise SecretError(f"There is no vault plugin '{name}'.", hint="Install the package that brings it.")
        return next(iter(found))

    def _from_plugin(self, rest: str) -> Secret:
        name, _, path = rest.partition(":")
        vault: Vault = self._plugin(name).load()
        try:
            return Secret(vault(path))
        except (LookupError, OSError, ValueError) as error:
            kind = type(error).__name__
        # Outside of the handler: the plugin's own error, whose text may hold anything, does not travel along.
        raise SecretError(
            f"The vault '{name}' did not give the secret ({kind}).", hint="Look into the vault's own log."
        )


def _parts(reference: str) -> tuple[str, str]:
    kind, _, rest = reference.partition(":")
    if kind not in {"env", "file", "plugin"} or not rest:
        raise UsageError(
            "This is no reference to a secret.",
            hint="References look like env:NAME, file:/folder/name or plugin:NAME:path.",
            code="usage.secret_reference",
        )
    return kind, rest


def _denied(message: str, what: str) -> SecretError:
    return SecretError(message, code="secret.denied", hint=f"An administrator adds it to {what}.")
