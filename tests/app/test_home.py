from __future__ import annotations

from pathlib import Path

import pytest

from headwater.access.vaults import Vaults
from headwater.app.home import CONFIGURATION, open_home
from headwater.errors import HomeError


def test_a_new_home_is_marked_and_opens_again(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home", create=True, folders=("data", "/srv/files"))
    assert home.folders == (home.path / "data", Path("/srv/files"))
    assert open_home(tmp_path / "home") == home


def test_what_references_to_secrets_may_lead_to_is_said(tmp_path: Path) -> None:
    marker = open_home(tmp_path / "home", create=True).path / CONFIGURATION
    assert open_home(tmp_path / "home").vaults == Vaults(), "nothing, until it is said"
    stated = '[secrets]\nvariables = ["A"]\nfolders = ["own", "/run/secrets"]\nplugins = ["p"]\n'
    marker.write_text(marker.read_text() + stated)
    folders = (tmp_path / "home" / "own", Path("/run/secrets").resolve())
    assert open_home(tmp_path / "home").vaults == Vaults(frozenset({"A"}), folders, frozenset({"p"}))


def test_a_folder_that_is_no_home_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HomeError) as caught:
        open_home(tmp_path)
    assert caught.value.code == "home.missing"


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(HomeError) as caught:
        open_home(tmp_path, create=True)
    assert caught.value.code == "home.occupied"
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("format = 0\n", "home.version"),
        ("format = 2\n", "home.version"),
        ("folders = []\n", "home.version"),
        ("format = \n", "home.unreadable"),
        ("format = 1\nfolders = 'data'\n", "home.unreadable"),
        ("format = 1\nsecrets = 'env'\n", "home.unreadable"),
        ("format = 1\n[secrets]\nvariables = 'A'\n", "home.unreadable"),
        ("format = 1\n[secrets]\nfolders = [1]\n", "home.unreadable"),
        ("format = 1\n[secrets]\npaths = []\n", "home.unreadable"),
    ],
)
def test_another_version_or_a_broken_file_is_told(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / CONFIGURATION).write_text(text)
    with pytest.raises(HomeError) as caught:
        open_home(tmp_path)
    assert caught.value.code == code
    assert CONFIGURATION in caught.value.place
