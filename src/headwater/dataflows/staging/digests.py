"""Digests of rows: 64 bits that tell whether a row is what it was, and 64 that tell its key.

They are kept beside a table's files, so that the next refresh compares a million rows without reading them. That a
changed row is taken for an unchanged one has a chance of one in 2^64 for each changed row; see
:mod:`headwater.dataflows.staging.hashing`.
"""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headwater.dataflows.staging.hashing import Words
from headwater.tables import reported, sync_folder

__all__ = ["FOLDER", "Digests", "read_digests", "write_digests"]

#: Where they lie in a table's folder. Delta's tools leave alone what begins with an underscore.
FOLDER = "_digests"


@dataclass(frozen=True, slots=True)
class Digests:
    """Of each row of a version, in order: the digest of the row, and that of its key."""

    rows: Words
    keys: Words

    def __len__(self) -> int:
        return len(self.rows)


def write_digests(folder: Path, digests: Digests) -> str:
    """Keep digests beside a table, forced to the disk; returns the file's name, relative to the folder.

    Raises:
        TableError: they cannot be written. No file stays.
    """
    name = f"{FOLDER}/{time.time_ns():020d}-{uuid.uuid4().hex[:12]}.npy"
    with reported(folder, "written"):
        (folder / FOLDER).mkdir(exist_ok=True)
        _write(folder / name, digests)
    return name


def _write(path: Path, digests: Digests) -> None:
    try:
        with path.open("wb") as file:
            np.save(file, digests.rows)
            np.save(file, digests.keys)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def read_digests(folder: Path, name: str, rows: int) -> Digests | None:
    """What :func:`write_digests` kept of a version with so many rows; None where it is not there or not whole."""
    try:
        with (folder / name).open("rb") as file:
            stored, keys = (np.load(file, allow_pickle=False) for _ in range(2))
    except (OSError, ValueError, EOFError):
        return None
    is_whole = all(part.shape == (rows,) and part.dtype == np.uint64 for part in (stored, keys))
    return Digests(stored, keys) if is_whole else None
