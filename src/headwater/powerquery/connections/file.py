"""Connections kept in a TOML file, which names where the secrets are and holds none."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headwater.errors import MError, NotFoundError, UsageError
from headwater.powerquery.connections.model import (
    Anonymous,
    Connection,
    Credential,
    Key,
    OAuth2,
    Privacy,
    UsernamePassword,
)
from headwater.powerquery.connections.resolving import WINDOWS_PATH, Connections
from headwater.secret import Secret

_TEXTS = ("kind", "path", "privacy", "username")
_SECRETS = ("password", "key", "token")


def read_connections(file: Path) -> Connections:
    """The connections of a file: ``[[connection]]`` tables with ``kind``, ``path``, ``privacy`` and a credential.

    A credential is ``username`` and ``password``, ``key``, or ``token``; the secret ones are
    ``{ env = "NAME" }`` or ``{ file = "path" }``. Relative paths are from the file's folder.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it cannot be read, a field is unknown or missing, a secret stands in it or is not where it says.
    """
    try:
        content = tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file '{file}'.", place=str(file), hint="Check the path.") from error
    except (OSError, UnicodeDecodeError):
        raise _refused(file, "The file cannot be read", "Give a text file that this process may read.") from None
    except tomllib.TOMLDecodeError:
        # Neither the parser's words nor its error, which quote the file: a secret may stand where none should.
        raise _refused(file, "The file is not TOML", "Write [[connection]] tables, each with kind and path.") from None
    unknown = sorted(set(content) - {"connection"})
    entries = content.get("connection", [])
    if unknown or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _refused(file, "The file holds something else than [[connection]] tables", "Write those, nothing else.")
    read = [_connection(entry, f"{file}, connection {at}", file) for at, entry in enumerate(entries, start=1)]
    try:
        return Connections(read)
    except MError as error:
        raise UsageError(error.message, place=str(file), hint=error.hint) from error


def _connection(entry: Mapping[str, Any], place: str, file: Path) -> Connection:
    unknown = sorted(set(entry) - {*_TEXTS, *_SECRETS})
    if unknown:
        known = ", ".join((*_TEXTS, *_SECRETS))
        raise _refused(place, f"'{unknown[0]}' is no field of a connection", f"The fields are {known}.")
    for name in _TEXTS:
        if name in entry and not isinstance(entry[name], str):
            raise _refused(place, f"'{name}' is not a text", f'Write {name} = "…".')
    for name in ("kind", "path"):
        if name not in entry:
            raise _refused(place, f"'{name}' is missing", f'Write {name} = "…".')
    path = _resolved(entry["path"], file) if entry["kind"] in {"File", "Folder"} else entry["path"]
    return Connection(entry["kind"], path, _credential(entry, place, file), _privacy(entry, place))


def _resolved(path: str, file: Path) -> str:
    """A path of this machine in full, as a file that M reads is known by; one of Windows as it is."""
    return path if WINDOWS_PATH.match(path) else str((file.parent / path).resolve())


def _privacy(entry: Mapping[str, Any], place: str) -> Privacy:
    level = entry.get("privacy", Privacy.NONE.value)
    for known in Privacy:
        if known.value.casefold() == level.casefold():
            return known
    levels = ", ".join(known.value for known in Privacy)
    raise _refused(place, f"'{level}' is no privacy level", f"The levels are {levels}.")


def _credential(entry: Mapping[str, Any], place: str, file: Path) -> Credential:
    secrets = {name: _secret(entry[name], name, place, file) for name in _SECRETS if name in entry}
    match sorted(secrets), "username" in entry:
        case [], False:
            return Anonymous()
        case ["password"], True:
            return UsernamePassword(entry["username"], secrets["password"])
        case ["key"], False:
            return Key(secrets["key"])
        case ["token"], False:
            return OAuth2(secrets["token"])
    raise _refused(
        place,
        "The fields make no credential",
        "Give username and password, or key, or token, or none of them.",
    )


def _secret(given: Any, name: str, place: str, file: Path) -> Secret:
    match given:
        case {"env": str(variable), **rest} if not rest:
            found = os.environ.get(variable)
            if found is None:
                raise _refused(
                    place, f"The environment variable '{variable}' for '{name}' is not set", "Set it, and run again."
                )
            return Secret(found)
        case {"file": str(path), **rest} if not rest:
            try:
                return Secret((file.parent / path).read_text("utf-8").rstrip("\r\n"))
            except (OSError, UnicodeDecodeError):
                raise _refused(
                    place, f"The file '{path}' for '{name}' cannot be read", "Check that it exists."
                ) from None
    raise _refused(
        place,
        f"'{name}' does not say where the secret is",
        f'No secret may stand in this file: write {name} = {{ env = "NAME" }} or {name} = {{ file = "path" }}.',
    )


def _refused(place: str | Path, message: str, hint: str) -> UsageError:
    return UsageError(f"{message}.", place=str(place), hint=hint, code="connections")
