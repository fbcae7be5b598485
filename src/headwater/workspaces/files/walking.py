"""What lies in a folder: files with data, folders that are one dataset, Delta tables. No file is opened.

Links are not followed: what they lead to inside the folder is found under its own name, and what lies outside was not
allowed. Hidden files are somebody's or some tool's own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal

from headwater.errors import WorkspaceError

__all__ = ["Entry", "Found", "form_of", "recognised", "walk"]

MOST_ENTRIES = 500_000
DEEPEST = 60

_FORMS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".feather": "feather",
    ".arrow": "feather",
    ".orc": "orc",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
    ".xlsb": "workbook",
    ".xls": "workbook",
    ".ods": "workbook",
}
#: Of these forms the reader takes a file that is compressed as a whole.
_COMPRESSED = frozenset({"csv"})
_COMPRESSIONS = frozenset({".gz", ".bz2"})
_HIDDEN = (".", "~$", "$")
#: What Hive, Spark and their like leave beside the files of a dataset.
_BESIDE = ("_", *_HIDDEN)
_PARTITION = re.compile(r"[^=]+=.*")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file with data, as the folder lists it; ``modified`` is in nanoseconds since 1970."""

    path: Path
    form: str
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Found:
    """Something in a folder. ``files`` are a file itself, or those of a ``dataset``; ``problem`` says what is amiss."""

    kind: Literal["folder", "file", "dataset", "delta"]
    path: Path
    parent: Path | None
    files: tuple[Entry, ...] = ()
    problem: str = ""


@dataclass(slots=True)
class _Budget:
    """How many entries may still be looked at: a walk ends with an error, and not never."""

    root: Path
    left: int = MOST_ENTRIES

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise _too_much(self.root, f"more than {MOST_ENTRIES} files and folders")


def walk(root: Path) -> Iterator[Found]:
    """Everything with data at and below a folder; a folder comes before what is in it, and only if there is any.

    Raises:
        WorkspaceError: there is too much, or the folder itself cannot be listed.
    """
    yield from _walked(root, None, _Budget(root), 0)


def recognised(folder: Path) -> Found | None:
    """A folder that is one dataset or a Delta table; None where it is neither.

    Raises:
        WorkspaceError: it cannot be listed.
    """
    return _as_one(folder, None, _listed(folder), _Budget(folder))


def form_of(name: str) -> str | None:
    """The form of a file by its name; None where it is no data that is known here.

    >>> form_of("Flights.CSV"), form_of("flights.csv.gz"), form_of("flights.parquet.gz"), form_of("notes.pdf")
    ('csv', 'csv', None, None)
    """
    path = PurePath(name.lower())
    if path.suffix in _COMPRESSIONS:
        inner = _FORMS.get(PurePath(path.stem).suffix)
        return inner if inner in _COMPRESSED else None
    return _FORMS.get(path.suffix)


def _walked(folder: Path, parent: Path | None, budget: _Budget, depth: int) -> Iterator[Found]:
    if depth > DEEPEST:
        raise _too_much(folder, f"folders more than {DEEPEST} deep")
    try:
        entries = _listed(folder)
    except WorkspaceError as error:
        if parent is None:
            raise
        yield Found("folder", folder, parent, problem=error.message)
        return
    budget.take(len(entries))
    whole = _as_one(folder, parent, entries, budget)
    if whole is not None:
        yield whole
        return
    told = parent is None
    if told:
        yield Found("folder", folder, parent)
    for found in _inside(folder, entries, budget, depth):
        if not told:
            told = True
            yield Found("folder", folder, parent)
        yield found


def _inside(folder: Path, entries: list[os.DirEntry[str]], budget: _Budget, depth: int) -> Iterator[Found]:
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walked(Path(entry.path), folder, budget, depth + 1)
        elif (file := _file(entry)) is not None:
            yield Found("file", file.path, folder, (file,))


def _as_one(folder: Path, parent: Path | None, entries: list[os.DirEntry[str]], budget: _Budget) -> Found | None:
    """The folder as a Delta table, or as the one dataset that its partitions or part files are."""
    if any(entry.name == "_delta_log" and entry.is_dir(follow_symlinks=False) for entry in entries):
        return Found("delta", folder, parent)
    files = _dataset_files([entry for entry in entries if not entry.name.startswith(_BESIDE)], budget)
    if files and len({file.form for file in files}) == 1:
        return Found("dataset", folder, parent, tuple(files))
    return None


def _dataset_files(entries: list[os.DirEntry[str]], budget: _Budget) -> list[Entry]:
    """The files of a folder that is written as one dataset; none where it is not."""
    folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    if not folders:
        files = [_file(entry) for entry in entries]
        is_written = all(entry.name.startswith("part-") for entry in entries)
        return [file for file in files if file is not None] if is_written and all(files) else []
    if len(folders) < len(entries) or not all(_PARTITION.fullmatch(entry.name) for entry in folders):
        return []
    found: list[Entry] = []
    for entry in folders:
        members = _partition(Path(entry.path), budget)
        if members is None:
            return []
        found += members
    return found


def _partition(folder: Path, budget: _Budget) -> list[Entry] | None:
    """The files of one partition; None where something else lies in it, too."""
    entries = [entry for entry in _listed(folder) if not entry.name.startswith(_BESIDE)]
    budget.take(len(entries))
    if any(entry.is_dir(follow_symlinks=False) for entry in entries):
        return _dataset_files(entries, budget) or None
    files = [_file(entry) for entry in entries]
    return [file for file in files if file is not None] if all(files) else None


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder by name, without what is hidden and without links."""
    try:
        with os.scandir(folder) as entries:
            seen = [e for e in entries if not e.name.startswith(_HIDDEN) and not e.is_symlink()]
    except OSError as error:
        raise WorkspaceError(
            "The folder is not there, or may not be read.",
            place=str(folder),
            hint="Check that it is mounted, and that Headwater's account may list it.",
        ) from error
    return sorted(seen, key=lambda entry: entry.name)


def _file(entry: os.DirEntry[str]) -> Entry | None:
    """A regular file of a known form (a pipe would be waited for); None for all else, and for what is gone again."""
    form = form_of(entry.name)
    try:
        if form is None or not entry.is_file(follow_symlinks=False):
            return None
        told = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    return Entry(Path(entry.path), form, told.st_size, told.st_mtime_ns)


def _too_much(folder: Path, what: str) -> WorkspaceError:
    return WorkspaceError(
        f"The folder holds {what}.", place=str(folder), hint="Register folders below it as sources of their own."
    )
