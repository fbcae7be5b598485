"""Downloaded model artifacts: once per immutable identity, checked each time before they are used."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from headwater.errors import ModelError

__all__ = ["ArtifactCache"]

_MODEL, _MANIFEST = "model", "manifest.json"


class ArtifactCache:
    """A folder of model artifacts, one per identity, that several processes may use at once.

    Each artifact has a manifest of its files' SHA-256 digests, written when it was downloaded. One whose files differ
    from it is downloaded again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checked: dict[str, Path] = {}
        self._lock = threading.Lock()

    def get(self, identity: str, digest: str | None, download: Callable[[Path], Path]) -> Path:
        """The folder with the artifact's files.

        Args:
            identity: what the workspace says exactly this artifact is.
            digest: of its ``MLmodel`` file (``sha256:…``), where the workspace told it.
            download: writes the artifact under a new folder and returns the folder that holds ``MLmodel``.

        Raises:
            ModelError: the downloaded ``MLmodel`` is not the one that the workspace described.
        """
        with self._lock:
            if identity not in self._checked:
                entry = self._folder / hashlib.sha256(identity.encode()).hexdigest()[:32]
                if not _is_intact(entry):
                    self._download(entry, identity, digest, download)
                self._checked[identity] = entry / _MODEL
            return self._checked[identity]

    def _download(self, entry: Path, identity: str, digest: str | None, download: Callable[[Path], Path]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f"partial-{uuid.uuid4().hex}"
        try:
            partial.mkdir()
            model = download(partial / "download")
            _check_digest(model / "MLmodel", digest)
            model.rename(partial / _MODEL)
            manifest = {"identity": identity, "files": _digests(partial / _MODEL)}
            (partial / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            if _is_intact(entry):
                return  # another process was quicker, and may be loading it already
            shutil.rmtree(entry, ignore_errors=True)
            partial.rename(entry)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _is_intact(entry: Path) -> bool:
    manifest = entry / _MANIFEST
    if not manifest.is_file():
        return False
    try:
        files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError):
        return False
    return bool(files == _digests(entry / _MODEL))


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_digest(mlmodel: Path, digest: str | None) -> None:
    if digest is None or f"sha256:{_sha256(mlmodel)}" == digest:
        return
    raise ModelError(
        "The artifact that was downloaded is not the one that the workspace described: its MLmodel file differs.",
        code="model.digest",
        place=str(mlmodel.name),
        hint="Somebody changed the artifact in the meantime: try again, and if that does not help, register it anew.",
    )
