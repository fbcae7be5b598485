"""The folder that a scoring process may write to: its home, gone when it is."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

__all__ = ["Scratch", "sweep"]

_PREFIX = "headwater-model-"
#: A folder is locked right after it is made; one that is younger than this may be about to be.
_SETTLED_SECONDS = 600.0


class Scratch:
    """A new folder, locked as long as its owner lives, so that others know whose folders are nobody's any more."""

    def __init__(self) -> None:
        _sweep_once()
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
        self._lock = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove it with all that is in it; may be called again."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def sweep(folder: Path) -> None:
    """Remove what owners left behind that were killed."""
    for path in folder.glob(f"{_PREFIX}*"):
        # Somebody else's, or gone meanwhile.
        with suppress(OSError):
            if path.stat().st_uid == os.getuid() and time.time() - path.stat().st_mtime > _SETTLED_SECONDS:
                _remove_if_free(path)


def _remove_if_free(path: Path) -> None:
    lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)


@cache
def _sweep_once() -> None:
    sweep(Path(tempfile.gettempdir()))
