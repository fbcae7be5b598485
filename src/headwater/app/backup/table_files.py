"""The files that the kept versions of a published table are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from headwater.errors import HomeError, TableError
from headwater.tables.delta import open_table

__all__ = ["table_files"]

_LOG = "_delta_log"
_LAST_CHECKPOINT = "_last_checkpoint"
#: 00000000000000000012.json, 00000000000000000012.checkpoint.parquet
_LOG_FILE = re.compile(r"(\d{20})\.(json|checkpoint(\.\d+\.\d+)?\.parquet)")


def table_files(folder: Path, published: int, earlier: Sequence[int]) -> Iterator[Path]:
    """The files of a table's published version and of those earlier ones that are whole; its log ends there.

    What a log has beyond the published version belongs to a refresh that had not ended.

    Raises:
        HomeError: the published version itself is not whole (``backup.table``).
    """
    found = dict.fromkeys(_data_files(folder, published))
    missing = next((path for path in found if not path.is_file()), None)
    if missing is not None:
        raise _incomplete(missing)
    for version in earlier:
        files = _files_of_kept(folder, version)
        found.update(dict.fromkeys(files))
    yield from found
    yield from _log_files(folder / _LOG, published)


def _files_of_kept(folder: Path, version: int) -> list[Path]:
    """The files of an earlier version; none of one that retention has taken away."""
    try:
        files = list(_data_files(folder, version))
    except TableError:
        return []
    return files if all(path.is_file() for path in files) else []


def _data_files(folder: Path, version: int) -> Iterator[Path]:
    actions: list[dict[str, Any]] = pa.table(open_table(folder, version).get_add_actions(flatten=True)).to_pylist()
    for action in actions:
        # The log writes the names of files as addresses do.
        path = folder / str(action["path"])
        yield path if path.exists() else folder / unquote(str(action["path"]))


def _log_files(log: Path, published: int) -> Iterator[Path]:
    for path in sorted(log.iterdir()):
        named = _LOG_FILE.fullmatch(path.name)
        if named is not None and int(named[1]) <= published:
            yield path
    last = log / _LAST_CHECKPOINT
    if last.is_file() and json.loads(last.read_bytes())["version"] <= published:
        yield last


def _incomplete(path: Path) -> HomeError:
    return HomeError(
        "A file of a published table is missing.",
        place=str(path),
        hint="Refresh the dataflow, then back up again.",
        code="backup.table",
    )
