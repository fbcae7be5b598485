"""Engines are found through entry points, and in no other way."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from headwater.engines import Engine, engine_names, load_engine
from headwater.engines.duckdb import DuckDBEngine
from headwater.errors import NotFoundError


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that provides an engine ``other``."""
    folder = tmp_path / "other-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[headwater.engines]\nother = headwater.engines.duckdb:DuckDBEngine\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


@pytest.mark.usefixtures("installed")
def test_an_engine_is_loaded_by_name_with_its_settings(tmp_path: Path) -> None:
    assert "other" in engine_names()
    engine = load_engine("other", threads=1, temp_directory=tmp_path / "spill")
    assert isinstance(engine, DuckDBEngine) and isinstance(engine, Engine)
    engine.close()


def test_an_unknown_engine_names_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match="no engine 'abacus'") as caught:
        load_engine("abacus")
    assert "Installed engines:" in caught.value.hint
