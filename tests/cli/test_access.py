"""What ``headwater run`` and ``eval`` may reach, and the settings of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.command import failed, headwater, succeeded
from tests.powerquery.connections.service import Reply, serving

CANARY = "canary-5d41402abc4b"


def printed(*arguments: str | Path, cwd: Path | None = None) -> str:
    return succeeded(*arguments, cwd=cwd).out.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "other").mkdir()
    for name in ("own", "here", "other"):
        (tmp_path / name / "a.txt").write_text(name)
    return tmp_path


def reading(folder: Path, path: str) -> Path:
    file = folder / "own" / "q.pq"
    file.write_text(f'Text.FromBinary(File.Contents("{path}"))')
    return file


def test_a_query_reads_its_own_folder_the_current_one_and_those_allowed(folder: Path) -> None:
    here = folder / "here"
    assert printed("run", reading(folder, f"{folder}/own/a.txt"), cwd=here) == '"own"'
    assert printed("run", reading(folder, "a.txt"), cwd=here) == '"here"'
    other = reading(folder, f"{folder}/other/a.txt")
    assert failed("run", other, cwd=here).code == "m.access_denied"
    assert printed("run", other, "--allow-folder", folder / "other", cwd=here) == '"other"'


def test_an_expression_reads_only_what_is_allowed(folder: Path) -> None:
    expression = f'Text.FromBinary(File.Contents("{folder}/here/a.txt"))'
    assert failed("eval", expression, cwd=folder / "here").code == "m.access_denied"
    assert printed("eval", expression, "--allow-folder", folder / "here") == '"here"'


def test_a_windows_path_is_mapped(folder: Path) -> None:
    query = reading(folder, r"\\server\share\a.txt")
    assert "--map" in failed("run", query).hint
    assert printed("run", query, "--map", rf"\\server\share={folder}/other", "--map", rf"C:\x={folder}") == '"other"'


def test_the_web_is_called_where_allowed_and_with_its_credential(folder: Path) -> None:
    with serving(lambda asked: Reply(asked.headers.get("authorization", "none").encode())) as service:
        call = f'Text.FromBinary(Web.Contents("{service.url}/x"))'
        assert failed("eval", call).code == "m.no_connection"
        assert printed("eval", call, "--allow-origin", service.url) == '"none"'
        file = folder / "connections.toml"
        file.write_text(f'[[connection]]\nkind = "Web"\npath = "{service.url}"\ntoken = {{ env = "TOKEN" }}\n')
        run = headwater("eval", call, "--connections", file, environ={"TOKEN": CANARY})
        assert run.out == f'"Bearer {CANARY}"\n', "the service gave it back"
        wrong = f'Web.Contents("{service.url}/x", [Headers = [Authorization = "x"]])'
        refused = headwater("eval", wrong, "--connections", file, environ={"TOKEN": CANARY})
        assert refused.status == 1
        assert CANARY not in refused.out + refused.err


def test_privacy_levels_hold_unless_they_are_ignored(folder: Path) -> None:
    with serving(lambda asked: Reply(asked.path.encode())) as service:
        file = folder / "connections.toml"
        file.write_text(
            f'[[connection]]\nkind = "Web"\npath = "{service.url}"\nprivacy = "Public"\n'
            f'[[connection]]\nkind = "Folder"\npath = "{folder}/here"\nprivacy = "Private"\n'
        )
        sends = (
            f'let Name = Text.FromBinary(File.Contents("{folder}/here/a.txt")), '
            f'Asked = Text.FromBinary(Web.Contents("{service.url}/" & Name)) in Asked'
        )
        options = ("--connections", file, "--allow-folder", folder / "here")
        refused = failed("eval", sends, *options)
        assert refused.code == "m.firewall"
        assert "The step 'Asked'" in refused.message
        assert service.asked == []
        assert printed("eval", sends, *options, "--ignore-privacy") == '"/here"'


def test_culture_zone_clock_and_seed_are_the_runs(folder: Path) -> None:
    clock = ("--time-zone", "Europe/Berlin", "--clock", "2026-07-31T23:30:00")
    assert printed("eval", "DateTimeZone.LocalNow()", *clock) == "#datetimezone(2026, 7, 31, 23, 30, 0, 2, 0)"
    assert printed("eval", "DateTimeZone.UtcNow()", *clock) == "#datetimezone(2026, 7, 31, 21, 30, 0, 0, 0)"
    with_zone = ("--time-zone", "Europe/Berlin", "--clock", "2026-07-31T12:00:00+00:00")
    assert printed("eval", "DateTime.LocalNow()", *with_zone) == "#datetime(2026, 7, 31, 14, 0, 0)"
    drawn = [printed("eval", "Number.Random()", "--seed", seed) for seed in ("1", "1", "2")]
    assert drawn[0] == drawn[1] != drawn[2]
    query = folder / "own" / "c.pq"
    query.write_text("Text.From(#date(2024, 2, 9))")
    assert printed("run", query, "--culture", "") == '"02/09/2024"'


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--time-zone", "Mars/Base", "There is no time zone 'Mars/Base'"),
        ("--time-zone", "../etc", "There is no time zone"),
        ("--clock", "noon", "'noon' is no moment"),
        ("--map", "nowhere", "'nowhere' maps nothing"),
        ("--map", r"C:\data=/no/such/folder", "There is no folder '/no/such/folder'"),
        ("--allow-origin", "example.com", "not an http or https URL"),
        ("--allow-network", "10.0.0.1/8", "is no network"),
        ("--connections", "none.toml", "There is no file 'none.toml'"),
    ],
)
def test_a_setting_of_no_use_is_an_error(option: str, value: str, message: str) -> None:
    assert message in failed("eval", "1", option, value).message
