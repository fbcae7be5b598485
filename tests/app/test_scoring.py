"""The table ``[scoring]`` of a home folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headwater.app.home import CONFIGURATION, open_home
from headwater.app.runtime import Headwater
from headwater.app.scoring import Scoring
from headwater.errors import HomeError
from headwater.models.workers.environments import EnvironmentOptions
from headwater.models.workers.options import WorkerOptions
from headwater.secret import Secret

EVERYTHING = """[scoring]
minimum_isolation = "restricted"
container = true
memory_limit = "4GB"
processes = 4
threads = 3
start_timeout = 10
call_timeout = 2.5
index_url = "https://ann:hunter2@packages.example.com/simple"
wheelhouse = "wheels"
allow_builds = true
build_timeout = 60
"""


def configured(folder: Path, text: str) -> Path:
    marker = open_home(folder, create=True).path / CONFIGURATION
    marker.write_text(marker.read_text() + text)
    return folder


def test_without_it_what_is_usual(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home", create=True)
    assert home.scoring == Scoring()
    usual = WorkerOptions(processes=min(2, os.cpu_count() or 1), hidden=(home.path,))
    assert home.worker_options == usual, "no model looks into the home folder"


def test_every_entry_counts(tmp_path: Path) -> None:
    home = open_home(configured(tmp_path / "home", EVERYTHING))
    assert home.scoring.workers == WorkerOptions(
        start_timeout=10.0,
        call_timeout=2.5,
        processes=4,
        threads=3,
        memory_limit=4_000_000_000,
        minimum_isolation="restricted",
        container=True,
    )
    assert home.scoring.environments == EnvironmentOptions(
        Secret("https://ann:hunter2@packages.example.com/simple"), home.path / "wheels", True, 60.0
    )
    assert "hunter2" not in repr(home)


def test_the_application_runs_models_so(tmp_path: Path) -> None:
    with Headwater.open(configured(tmp_path / "home", EVERYTHING)) as app:
        assert app.scorers._options == app.home.worker_options
        assert app.scorers._environments is app.environments
        assert app.environments._options == app.home.scoring.environments


@pytest.mark.parametrize(("text", "size"), [("250MB", 250 * 10**6), ("2 GiB", 2 << 30), ("1MiB", 1 << 20)])
def test_sizes(tmp_path: Path, text: str, size: int) -> None:
    home = open_home(configured(tmp_path / "home", f'[scoring]\nmemory_limit = "{text}"\n'))
    assert home.scoring.workers.memory_limit == size


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("scoring = 'much'", "'scoring'"),
        ("[scoring]\nmemory = '4GB'", "'memory'"),
        ("[scoring]\nmemory_limit = 4", "'memory_limit'"),
        ("[scoring]\nmemory_limit = '4'", "'memory_limit'"),
        ("[scoring]\nmemory_limit = '0GB'", "'memory_limit'"),
        ("[scoring]\nminimum_isolation = 'total'", "'minimum_isolation'"),
        ("[scoring]\nminimum_isolation = ['process']", "'minimum_isolation'"),
        ("[scoring]\ncontainer = 1", "'container'"),
        ("[scoring]\nthreads = 0", "'threads'"),
        ("[scoring]\nthreads = true", "'threads'"),
        ("[scoring]\nthreads = 1.5", "'threads'"),
        ("[scoring]\nstart_timeout = 0", "'start_timeout'"),
        ("[scoring]\ncall_timeout = nan", "'call_timeout'"),
        ("[scoring]\ncall_timeout = inf", "'call_timeout'"),
        ("[scoring]\nindex_url = 'canary-hunter2'", "'index_url'"),
        ("[scoring]\nwheelhouse = ''", "'wheelhouse'"),
        ("[scoring]\nallow_builds = 'no'", "'allow_builds'"),
    ],
)
def test_what_it_cannot_mean_is_refused(tmp_path: Path, text: str, named: str) -> None:
    folder = tmp_path / "home"
    marker = open_home(folder, create=True).path / CONFIGURATION
    marker.write_text(f"format = 1\n{text}\n")
    with pytest.raises(HomeError) as caught:
        open_home(folder)
    assert caught.value.code == "home.unreadable"
    assert named in caught.value.message
    assert CONFIGURATION in caught.value.place and "canary" not in str(caught.value.to_dict())
