"""The folders of scoring processes: whose owner was killed, they are removed by the next."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headwater.models.workers.scratch import Scratch, sweep


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_only_what_is_nobodys_is_swept(tmp_path: Path) -> None:
    held, new, left, other = (tmp_path / f"headwater-model-{name}" for name in ("held", "new", "left", "other"))
    scratch = Scratch()
    scratch.path.rename(held)
    new.mkdir()
    left.mkdir()
    (left / "file").write_text("text")
    other.symlink_to("/usr")
    (tmp_path / "somebody-elses").mkdir()
    for path in (held, left, tmp_path / "somebody-elses"):
        os.utime(path, (1, 1))
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {held.name, new.name, other.name, "somebody-elses"}


def test_it_is_private_and_goes(tmp_path: Path) -> None:
    scratch = Scratch()
    assert scratch.path.parent == tmp_path
    assert scratch.path.stat().st_mode & 0o777 == 0o700
    (scratch.path / "file").write_text("text")
    scratch.remove()
    scratch.remove()
    assert not list(tmp_path.iterdir())
