"""Artifacts: downloaded once, checked before use, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from headwater.errors import ModelError
from headwater.models.workers.artifacts import ArtifactCache

CONTENT = b"flavors: {}\n"
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Workspace:
    """Gives an artifact of two files, in a folder below the one it is told."""

    def __init__(self) -> None:
        self.downloads = 0

    def download(self, to: Path) -> Path:
        self.downloads += 1
        model = to / "artifacts" / "model"
        (model / "data").mkdir(parents=True)
        (model / "MLmodel").write_bytes(CONTENT)
        (model / "data" / "weights").write_bytes(b"weights")
        return model


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


def test_it_is_downloaded_once_for_all_processes(tmp_path: Path, workspace: Workspace) -> None:
    for _ in range(2):
        cache = ArtifactCache(tmp_path)  # as another process would have it
        for _ in range(2):
            folder = cache.get("m-1", DIGEST, workspace.download)
            assert (folder / "MLmodel").read_bytes() == CONTENT
            assert (folder / "data" / "weights").read_bytes() == b"weights"
    assert workspace.downloads == 1


def test_identities_are_apart(tmp_path: Path, workspace: Workspace) -> None:
    cache = ArtifactCache(tmp_path)
    assert cache.get("m-1", DIGEST, workspace.download) != cache.get("m-2", DIGEST, workspace.download)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "data" / "weights").write_bytes(b"other"),
        lambda folder: (folder / "data" / "weights").unlink(),
        lambda folder: (folder / "sitecustomize.py").write_text("print('mine')"),
        lambda folder: (folder.parent / "manifest.json").write_text("{"),
        lambda folder: (folder.parent / "manifest.json").unlink(),
    ],
    ids=["changed", "lost", "added", "manifest torn", "manifest lost"],
)
def test_a_damaged_artifact_is_downloaded_again(
    tmp_path: Path, workspace: Workspace, damage: Callable[[Path], object]
) -> None:
    damage(ArtifactCache(tmp_path).get("m-1", DIGEST, workspace.download))
    folder = ArtifactCache(tmp_path).get("m-1", DIGEST, workspace.download)
    assert workspace.downloads == 2
    assert sorted(path.name for path in folder.rglob("*")) == ["MLmodel", "data", "weights"]


def test_another_artifact_than_described_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    with pytest.raises(ModelError) as caught:
        ArtifactCache(tmp_path).get("m-1", "sha256:0", workspace.download)
    assert caught.value.code == "model.digest"
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_leaves_nothing(tmp_path: Path) -> None:
    def fail(to: Path) -> Path:
        to.mkdir()
        raise ConnectionError

    with pytest.raises(ConnectionError):
        ArtifactCache(tmp_path).get("m-1", DIGEST, fail)
    assert list(tmp_path.iterdir()) == []


def test_whoever_comes_second_uses_the_first_ones_files(tmp_path: Path, workspace: Workspace) -> None:
    used: list[tuple[Path, int]] = []

    def slow(to: Path) -> Path:
        first = ArtifactCache(tmp_path).get("m-1", DIGEST, workspace.download)  # another process, meanwhile
        used.append((first, first.stat().st_ino))
        return workspace.download(to)

    folder = ArtifactCache(tmp_path).get("m-1", DIGEST, slow)
    assert used == [(folder, folder.stat().st_ino)], "what the first one may be loading stays where it is"
    assert len(list(tmp_path.iterdir())) == 1
