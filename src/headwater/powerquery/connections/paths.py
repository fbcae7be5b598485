"""Which files and folders M may read, and what paths of another machine stand for on this one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headwater.errors import MError
from headwater.powerquery.connections.resolving import WINDOWS_PATH

_SEPARATORS = re.compile(r"[\\/]+")


@dataclass(frozen=True, slots=True)
class Located:
    """A file or folder that may be read: where it is here, and the text by which M knows it."""

    path: Path
    shown: str
    separator: str = "/"

    def shown_folder(self, folder: Path) -> str:
        """How M is told of a folder at or below this one: its path, ending in a separator."""
        parts = folder.relative_to(self.path).parts
        return self.separator.join([self.shown.rstrip("\\/"), *parts, ""])


class GrantedPaths:
    """The folders that M may read.

    Args:
        folders: folders whose files, and the files below them, may be read.
        mapped: what a path of another machine stands for here, ``{"C:\\\\data": Path("data")}``; what it stands for may
            be read.
    """

    def __init__(self, folders: Sequence[Path], mapped: Mapping[str, Path]) -> None:
        self._folders = [*folders, *mapped.values()]
        self._mapped = sorted(((_parts(text), target) for text, target in mapped.items()), key=lambda m: -len(m[0]))

    def locate(self, path: str) -> Located:
        """The file or folder of a path, links followed, if it lies in a granted folder.

        Raises:
            MError: DataSource.Error when M may not read there.
        """
        mapped = self._mapped_path(path)
        if mapped is None and os.name != "nt" and WINDOWS_PATH.match(path):
            raise _denied(path, r"Say what it stands for here: '--map C:\data=./data', 'path_map=' in Python.")
        try:
            resolved = Path(path if mapped is None else mapped).resolve()
            if any(resolved.is_relative_to(Path(folder).resolve()) for folder in self._folders):
                return Located(resolved, str(resolved)) if mapped is None else Located(resolved, path, "\\")
        except (OSError, RuntimeError, ValueError):
            pass  # links in a circle, characters that no path has: nowhere that could have been granted
        raise _denied(path, "Give its folder to the evaluation: '--allow-folder', 'folders=' in Python.")

    def _mapped_path(self, path: str) -> Path | None:
        parts = _parts(path)
        for prefix, target in self._mapped:
            if [part.casefold() for part in parts[: len(prefix)]] == [part.casefold() for part in prefix]:
                return target.joinpath(*parts[len(prefix) :])
        return None


def _parts(path: str) -> list[str]:
    """The segments of a path of either kind; what it begins with tells ``/data`` and ``\\\\data`` apart."""
    start = "\\\\" if path.startswith(("\\\\", "//")) else "/" if path.startswith("/") else ""
    segments = [part for part in _SEPARATORS.split(path) if part]
    return [start, *segments] if start else segments


def _denied(path: str, hint: str) -> MError:
    return MError("DataSource.Error", f"Access to '{path}' has not been granted.", hint=hint, code="m.access_denied")
