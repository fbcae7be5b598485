"""Archives that are damaged, forged or of another version: refused before anything is written, or brought up."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from headwater.access import SYSTEM
from headwater.app.backup import restore
from headwater.app.backup.archive import MANIFEST
from headwater.app.runtime import Headwater
from headwater.errors import HomeError, NotFoundError
from headwater.store import Database, migrations, tables
from headwater.store.portable import reflected, rows


def test_a_backup_of_an_older_version_is_brought_up(tmp_path: Path) -> None:
    """The archive of another revision: its rows go into tables of that time, which are then brought up."""
    database = Database(f"sqlite:///{tmp_path / 'older.db'}")
    with database.begin() as connection:
        migrations.upgrade(connection, place="", to="0005")
        connection.exec_driver_sql("INSERT INTO installation VALUES ('i', '2026-01-01 00:00:00.000000')")
        connection.exec_driver_sql(
            "INSERT INTO dataflows (id, name, created_at, current_version) VALUES (7, 'old', '2026-01-01 00:00:00', 1)"
        )
    with Headwater.open(tmp_path / "now", create=True) as app:
        app.back_up(SYSTEM, tmp_path / "b.tar")

    def older(name: str, content: bytes) -> bytes | None:
        if name.startswith("metadata/"):
            with database.read() as connection:
                table = reflected(connection).tables.get(name[9:-6])
                lines = None if table is None else [json.dumps(row) for row in rows(connection, table)]
            return None if lines is None else ("\n".join(lines) + "\n" if lines else "").encode()
        return content

    rewritten(tmp_path / "b.tar", older, {"revision": "0005"})
    restore(tmp_path / "b.tar", tmp_path / "new", SYSTEM)
    with Headwater.open(tmp_path / "new") as new, new.database.read() as connection:
        assert connection.execute(select(tables.dataflows.c.name)).scalars().all() == ["old"]
        assert new.installation == "i"


Change = Callable[[str, bytes], bytes | None]


def rewritten(file: Path, change: Change, stated: dict[str, Any] | None = None, extra: tuple[Any, ...] = ()) -> None:
    """Forge an archive: its members as ``change`` says, and a manifest to match."""
    with tarfile.open(file) as source:
        found = {entry.name: source.extractfile(entry).read() for entry in source if entry.isreg()}  # type: ignore[union-attr]  # regular
    manifest = json.loads(found.pop(MANIFEST)) | (stated or {})
    kept = {name: new for name, content in found.items() if (new := change(name, content)) is not None}
    manifest["members"] = {n: {"size": len(c), "sha256": hashlib.sha256(c).hexdigest()} for n, c in kept.items()}
    with tarfile.open(file, "w") as target:
        for name, content in [*kept.items(), (MANIFEST, json.dumps(manifest).encode())]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            target.addfile(entry, io.BytesIO(content))
        for entry in extra:
            target.addfile(entry)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The archive of an empty home."""
    folder = tmp_path_factory.mktemp("small")
    with Headwater.open(folder / "home", create=True) as app:
        app.back_up(SYSTEM, folder / "b.tar")
    return (folder / "b.tar").read_bytes()


@pytest.fixture
def file(small: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "b.tar"
    path.write_bytes(small)
    return path


def refused(file: Path, code: str = "backup.damaged", *, begun: bool = False) -> HomeError:
    """Restoring is refused before anything is written, or, where it had begun, leaves nothing."""
    new = file.parent / "new"
    with pytest.raises(HomeError) as caught:
        restore(file, new, SYSTEM)
    assert caught.value.code == code, caught.value.message
    assert caught.value.hint
    assert new.exists() == begun and not list(file.parent.glob("new/*"))
    return caught.value


@pytest.mark.parametrize("at", [600, 5_000, None])
def test_a_changed_byte_is_found(file: Path, at: int | None) -> None:
    """At a place, or in the manifest; the zeros between members mean nothing."""
    content = bytearray(file.read_bytes())
    content[content.index(b'"sha256"') if at is None else at] ^= 0x01
    file.write_bytes(content)
    refused(file)


@pytest.mark.parametrize("share", [0, 0.3, 0.6])
def test_a_file_that_was_cut_short_is_refused(file: Path, share: float) -> None:
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    refused(file)


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(b"thesis" * 500)
    refused(tmp_path / "b.tar")
    (tmp_path / "b.tar").write_bytes(b"\x28\xb5\x2f\xfd" + b"thesis" * 500)
    refused(tmp_path / "b.tar")
    with pytest.raises(NotFoundError):
        restore(tmp_path / "absent.tar", tmp_path / "new", SYSTEM)


@pytest.mark.parametrize(
    "name",
    [
        "tables/../../escaped",
        "/tmp/escaped",
        "ledger/a/../../../escaped",
        "secret.key",
        "tables//x",
        "metadata/a/b.jsonl",
    ],
)
def test_a_member_leads_nowhere_else(file: Path, name: str) -> None:
    rewritten(file, lambda n, c: c)
    assert restore(file, file.parent / "whole", SYSTEM), "as such it is one"

    with tarfile.open(file) as source:
        manifest = json.loads(source.extractfile(MANIFEST).read())  # type: ignore[union-attr]  # regular
    assert name not in manifest["members"]
    rewritten(file, lambda n, c: c)
    with tarfile.open(file) as source:
        found = [(e, source.extractfile(e).read()) for e in source]  # type: ignore[union-attr]  # regular
    with tarfile.open(file, "w") as target:
        for content_of in [(tarfile.TarInfo(name), b""), *found]:
            target.addfile(content_of[0], io.BytesIO(content_of[1]))
    refused(file)
    assert not (file.parent / "escaped").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_only_plain_files_are_in_it(file: Path, kind: bytes) -> None:
    link = tarfile.TarInfo("tables/a")
    link.type, link.linkname = kind, "/etc/passwd"
    rewritten(file, lambda n, c: c, extra=(link,))
    refused(file)


def test_rows_that_do_not_fit_leave_nothing(file: Path) -> None:
    orphan = b'{"guid": "x"}\n'
    rewritten(file, lambda name, content: orphan if name == "metadata/assets.jsonl" else content)
    refused(file, "home.unreadable", begun=True)
    lost = json.dumps({"group_id": "nobody", "member_id": "nobody"}).encode() + b"\n"
    rewritten(file, lambda name, content: lost if name == "metadata/group_members.jsonl" else
              (b"" if name == "metadata/assets.jsonl" else content))  # fmt: skip
    refused(file, begun=True)


def test_another_versions_backup_is_refused(file: Path) -> None:
    rewritten(file, lambda n, c: c, {"format": 2})
    refused(file, "backup.version")
    rewritten(file, lambda n, c: c, {"format": 1, "revision": "f00d"})
    refused(file, "home.version", begun=True)
