"""Sources that are folders of this machine: their addresses, and the rule by which they may be read.

The rule is M's for files: what lies, links followed, in a folder that an administrator allowed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from urllib.parse import unquote, urlsplit

from headwater.errors import NotFoundError, OriginDeniedError, UsageError, WorkspaceError
from headwater.workspaces.addresses import Destination
from headwater.workspaces.naming import dataset_name

__all__ = ["allowed_folder", "check_there", "folder_destination", "folder_path", "label", "member", "path_name"]

_LONGEST = 2_000


def folder_destination(url: str) -> Destination:
    """Where a folder's address leads: a path, or a ``file:`` URL. It is an administrator's to name.

    Raises:
        UsageError: it is no absolute path of this machine.

    >>> folder_destination("/data/lake/")
    Destination(path='file:///data/lake', origin='file:///data/lake', public=False)
    """
    path = folder_path(url)
    if not str(path).isprintable():
        raise _no_folder()
    name = path_name(path)
    return Destination(name, name, public=False)


def folder_path(url: str) -> Path:
    """The path of a folder's address; nothing is looked at.

    Raises:
        UsageError: it is no absolute path of this machine.

    >>> folder_path("file:///data/a%20lake").name
    'a lake'
    """
    text = url.strip()
    if text.lower().startswith("file:"):
        parts = urlsplit(text)
        if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
            raise _no_folder()
        text = unquote(parts.path, errors="surrogateescape")
        text = text.lstrip("/") if PureWindowsPath(text.lstrip("/")).drive else text
    path = Path(text)
    if len(text) > _LONGEST or "\0" in text or not path.is_absolute():
        raise _no_folder()
    # Not resolved: a link is looked at when the folder is opened, and may lead elsewhere by then.
    return Path(os.path.normpath(path))


def path_name(path: Path) -> str:
    """The qualified name of what is at an absolute path."""
    name = dataset_name(str(path))
    assert name is not None, "an absolute path names a place"
    return name


def label(path: Path) -> str:
    """What people call a file or folder: its name, and of one that is no text what can be shown.

    >>> label(Path("/data/lake"))
    'lake'
    """
    return os.fsencode(path.name or str(path)).decode(errors="replace")


def allowed_folder(url: str, folders: Sequence[Path]) -> Path:
    """The folder of an address, links followed, if it lies in one of ``folders``.

    Raises:
        UsageError: it is no absolute path of this machine.
        OriginDeniedError: it lies in none of them.
    """
    path = folder_path(url)
    try:
        resolved = path.resolve()
        if any(resolved.is_relative_to(folder.resolve()) for folder in folders):
            return resolved
    except (OSError, RuntimeError):
        pass  # links in a circle: nowhere that could have been allowed
    raise OriginDeniedError(
        "The folder lies in none of those that Headwater may read.",
        place=str(path),
        hint="Have an administrator add it to 'folders' in the configuration.",
    )


def check_there(folder: Path) -> None:
    """Refuse a folder that is not there or may not be listed (WorkspaceError)."""
    try:
        with os.scandir(folder):
            return
    except OSError as error:
        raise WorkspaceError(
            "The folder is not there, or may not be read.",
            place=str(folder),
            hint="Check that it is mounted, and that Headwater's account may list it.",
        ) from error


def member(root: Path, qualified_name: str) -> Path:
    """What a qualified name stands for at or below a folder; no link on the way to it is followed.

    Raises:
        NotFoundError: nothing there, or not below the folder.
    """
    try:
        path = folder_path(qualified_name)
        if path.is_relative_to(root) and path.exists() and path.resolve() == path:
            return path
    except (UsageError, OSError, RuntimeError):
        pass  # a name of another kind of place, or links in a circle
    raise NotFoundError(
        "The source has no such data.", place=str(root), hint="Scan the source, and choose from what it holds."
    )


def _no_folder() -> UsageError:
    return UsageError(
        "The address is not a folder's.",
        code="usage.address",
        hint="Give it as an absolute path (/data/lake) or as a file URL (file:///data/lake).",
    )
