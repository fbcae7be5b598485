"""The archive of a backup: a tar file, compressed with Zstandard where its name ends in ``.zst``.

::

    metadata/<table>.jsonl    the rows of a table of the metadata database, one JSON object a line
    headwater.toml            the configuration, which only refers to secrets
    ledger/…                  predictions
    tables/…                  published tables
    manifest.json             last: what made it, and every member's size and SHA-256

Nothing in an archive is believed before every member was compared with the manifest. That finds damage; it does not
find a forger, who would write a manifest to match.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa

from headwater.errors import HomeError, NotFoundError, UsageError

__all__ = ["MANIFEST", "ArchiveWriter", "Manifest", "Member", "below", "members", "read_manifest"]

MANIFEST = "manifest.json"
FORMAT = 1

_LARGEST_MANIFEST = 256 * 1024 * 1024
_CHUNK = 1 << 20
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_NAME = re.compile(r"manifest\.json|headwater\.toml|metadata/[a-z_]{1,63}\.jsonl|(ledger|tables)/[^\\\0]+")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself.

    Attributes:
        format: the layout of the archive.
        headwater: the version that made it.
        revision: the revision of the metadata.
        installation: whose backup it is.
        made_at: when it was begun, in UTC.
        key_ids: the keys that its stored secrets are encrypted with, by their ids; the keys are not in it.
        rows: how many rows of each table of the metadata there are.
        members: every other file of the archive.
    """

    headwater: str
    revision: str
    installation: str
    made_at: str
    key_ids: tuple[str, ...]
    rows: Mapping[str, int]
    members: Mapping[str, Member] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> bytes:
        """As it stands in the archive."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, text: bytes, place: str) -> Manifest:
        """What :meth:`to_json` wrote; HomeError (``backup.damaged``, ``backup.version``) for anything else."""
        try:
            stated: dict[str, Any] = json.loads(text)
            if stated.get("format") != FORMAT:
                raise _other_format(place)
            members = {name: Member(**member) for name, member in stated.pop("members").items()}
            return cls(**{**stated, "members": members, "key_ids": tuple(stated["key_ids"])})
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise _damaged("Its manifest cannot be read.", place) from error


class ArchiveWriter:
    """Writes an archive. It comes to its name whole and at the end; nobody but its owner may read it.

    Raises:
        UsageError: there is a file of that name already, or no folder for it.
    """

    def __init__(self, file: Path) -> None:
        if file.exists() or not file.parent.is_dir():
            what = "There is a file of that name already" if file.exists() else "There is no folder for that file"
            raise UsageError(f"{what}.", place=str(file), hint="Name a new file in a folder that is there.")
        self._file = file
        self._partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
        self._members: dict[str, Member] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        target: Any = self._stack.enter_context(os.fdopen(descriptor, "wb"))
        if self._file.suffix == ".zst":
            target = self._stack.enter_context(pa.CompressedOutputStream(target, "zstd"))
        self._tar = self._stack.enter_context(tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._stack.close()
        finally:
            self._partial.unlink(missing_ok=True)

    def add(self, name: str, path: Path) -> None:
        """Add a file as it is now; one that is there under this name already is not added twice."""
        if name in self._members:
            return
        with path.open("rb") as content:
            self._write(name, content, os.fstat(content.fileno()).st_size)

    def add_lines(self, name: str, lines: Iterable[bytes]) -> None:
        """Add a file made of lines, which pass through a file on the disk: a tar tells each size beforehand."""
        with tempfile.TemporaryFile(dir=self._file.parent) as content:
            for line in lines:
                content.write(line + b"\n")
            size = content.tell()
            content.seek(0)
            self._write(name, content, size)

    def finish(self, manifest: Manifest) -> int:
        """Write the manifest, force the archive to the disk, and give it its name; returns its size in bytes."""
        self.add_lines(MANIFEST, [replace(manifest, members=self._members).to_json()])
        self._stack.close()
        _force(self._partial)
        size = self._partial.stat().st_size
        # Whoever took the name meanwhile keeps it.
        os.link(self._partial, self._file)
        _force(self._file.parent)
        return size

    def _write(self, name: str, content: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        hashed = _Hashed(content)
        self._tar.addfile(entry, hashed)
        self._members[name] = Member(size, hashed.digest())


class _Hashed:
    """A file that is read once, from its beginning to its end; HomeError where it cannot be."""

    def __init__(self, content: IO[bytes], place: str = "") -> None:
        self._content = content
        self._place = place
        self._sum = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        with _readable(self._place):
            chunk = self._content.read(size)
        self._sum.update(chunk)
        self.size += len(chunk)
        return chunk

    def digest(self) -> str:
        return self._sum.hexdigest()

    def member(self) -> Member:
        """What was read, with what is left of it."""
        while self.read(_CHUNK):
            pass
        return Member(self.size, self.digest())


def read_manifest(file: Path) -> Manifest:
    """The manifest of an archive, every member of which was compared with it. Nothing is written.

    Raises:
        NotFoundError: there is no such file.
        HomeError: it is no backup, is damaged or cut short (``backup.damaged``), or another version's.
    """
    found: dict[str, Member] = {}
    manifest: Manifest | None = None
    for name, content in _stream(file):
        if manifest is not None or name in found:
            raise _damaged("It holds a file twice, or more after its end.", str(file))
        if name == MANIFEST:
            manifest = Manifest.from_json(content.read(_LARGEST_MANIFEST), str(file))
        else:
            found[name] = content.member()
    if manifest is None:
        raise _damaged("It ends too early.", str(file))
    different = sorted(n for n in found.keys() | manifest.members.keys() if found.get(n) != manifest.members.get(n))
    if different:
        raise _damaged(f"{len(different)} of its files are not as its manifest says.", str(file))
    return manifest


def members(file: Path, manifest: Manifest) -> Iterator[tuple[str, _Hashed]]:
    """The members of an archive that was checked, each to be read before the next one is asked for.

    Raises:
        HomeError: a member is not, or no longer, what the manifest says.
    """
    for name, content in _stream(file):
        if name == MANIFEST:
            return
        yield name, content
        if content.member() != manifest.members.get(name):
            raise _damaged("It was changed while it was read.", str(file))


def _stream(file: Path) -> Iterator[tuple[str, _Hashed]]:
    with _reading(file) as tar:
        for entry in tar:
            if not entry.isreg() or not _is_safe(entry.name):
                raise _damaged("It holds something that no backup holds.", str(file))
            content = tar.extractfile(entry)
            assert content is not None, "a regular file has content"
            yield entry.name, _Hashed(content, str(file))


def _is_safe(name: str) -> bool:
    """Whether a member's name stays below the folder that it is meant for.

    >>> _is_safe("ledger/ab/part.parquet"), _is_safe("ledger/../secret.key"), _is_safe("/etc/passwd")
    (True, False, False)
    """
    return _NAME.fullmatch(name) is not None and not set(name.split("/")) & {"", ".", ".."}


@contextmanager
def _reading(file: Path) -> Iterator[tarfile.TarFile]:
    if not file.is_file():
        raise NotFoundError("There is no such backup.", place=str(file), hint="Check the path.")
    with ExitStack() as stack:
        source: Any = stack.enter_context(file.open("rb"))
        compressed = source.read(len(_ZSTANDARD)) == _ZSTANDARD
        source.seek(0)
        stack.enter_context(_readable(str(file)))
        if compressed:
            source = stack.enter_context(pa.CompressedInputStream(source, "zstd"))
        yield stack.enter_context(tarfile.open(fileobj=source, mode="r|"))


@contextmanager
def _readable(place: str) -> Iterator[None]:
    """Turn what tar and Zstandard say of a damaged file into one error."""
    try:
        yield
    except (tarfile.TarError, EOFError, pa.ArrowException, UnicodeDecodeError) as error:
        raise _damaged("It cannot be read to its end.", place) from error
    except OSError as error:
        if error.errno is not None:
            raise  # the machine's, not the decompressor's
        raise _damaged("It cannot be read to its end.", place) from error


def below(folder: Path, name: str) -> Path:
    """Where a member belongs below a folder."""
    path = folder / PurePosixPath(name)
    assert path.resolve().is_relative_to(folder.resolve()), "checked when it was read"
    return path


def _force(path: Path) -> None:
    """Have a file or folder on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damaged(what: str, place: str) -> HomeError:
    return HomeError(
        f"This is no whole backup. {what}", place=place, hint="Take another backup's file.", code="backup.damaged"
    )


def _other_format(place: str) -> HomeError:
    return HomeError(
        "The backup has a layout that this Headwater does not read.",
        place=place,
        hint="Use the Headwater that made it, or a newer one.",
        code="backup.version",
    )
