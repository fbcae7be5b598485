"""Files of a table that no kept version needs, and logs that have grown long."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headwater.errors import TableError
from headwater.tables.delta import checkpoint, file_names, open_table
from headwater.tables.staging import reported

__all__ = ["Cleaned", "remove_unused", "sum_up_log"]

_LOG = "_delta_log"
_STAMP = re.compile(r"([0-9]{20})-[0-9a-f]{12}")

#: Versions after which a log is summed up anew.
_LONG_LOG = 20


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was deleted: so many files, which had so many bytes where no other name leads to them."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: Cleaned) -> Cleaned:
        return Cleaned(self.files + other.files, self.bytes + other.bytes)


def remove_unused(path: Path, kept: Collection[int], *, beside: str = "", leftovers_before: datetime) -> Cleaned:
    """Delete the files of versions that are not kept, and what was staged and never committed.

    Args:
        path: the table's folder.
        kept: the versions whose files stay.
        beside: the file beside the table that the published version needs; "" where it needs none.
        leftovers_before: what was staged before, and is not in the log, belongs to nobody.

    Raises:
        TableError: the log cannot be read, or a file cannot be deleted. The files of kept versions stay.
    """
    needed: set[str] = set()
    for version in kept:
        needed.update(file_names(open_table(path, version)))
    committed = set(_committed_names(path))
    gone = Cleaned()
    with reported(path, "cleaned"):
        for file in path.glob("*.parquet"):
            if file.name not in needed and (file.name in committed or _is_older(file, leftovers_before)):
                gone += _deleted(file)
        for file in path.glob("_digests/*.npy"):
            # What was made before the one in use has been replaced by it.
            is_replaced = bool(beside) and file.name < Path(beside).name
            if file.name != Path(beside).name and (is_replaced or _is_older(file, leftovers_before)):
                gone += _deleted(file)
    return gone


def sum_up_log(path: Path, version: int) -> None:
    """Write a checkpoint, where many versions have come after the last one.

    Raises:
        TableError: it cannot be written.
    """
    if version - _last_checkpoint(path) >= _LONG_LOG:
        checkpoint(path)


def _last_checkpoint(path: Path) -> int:
    try:
        return int(json.loads((path / _LOG / "_last_checkpoint").read_text("utf-8"))["version"])
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TableError(
            "The table's log cannot be read.", place=str(path), hint="Restore it from a backup."
        ) from error


def _committed_names(path: Path) -> Iterator[str]:
    """Every file that a commit that is still there added."""
    with reported(path, "read"):
        for commit in sorted((path / _LOG).glob("*.json")):
            for line in commit.read_text("utf-8").splitlines():
                added = json.loads(line).get("add")
                if added is not None:
                    yield added["path"]


def _is_older(file: Path, moment: datetime) -> bool:
    """Whether a file was staged before; one with a name that is not ours never was."""
    found = _STAMP.match(file.name)
    if found is None:
        return False
    staged = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1]) // 1000)
    return staged < moment


def _deleted(file: Path) -> Cleaned:
    """A file whose rows have another name as well frees nothing by going."""
    status = file.stat()
    file.unlink(missing_ok=True)
    return Cleaned(1, status.st_size if status.st_nlink == 1 else 0)
