"""How little is loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.cli.command import headwater

HEAVY = {"mlflow", "pandas", "duckdb", "pyarrow", "sqlalchemy", "fastapi", "deltalake", "numpy", "httpx", "uvicorn"}


@pytest.mark.parametrize(
    "program",
    [
        "import headwater",
        "import headwater.cli.main",
        "from headwater.cli.main import app; app(['--help'], standalone_mode=False)",
        "from headwater.cli.main import app; app(['run', '--help'], standalone_mode=False)",
        "from headwater.cli.main import app; app(['source', 'scan', '--help'], standalone_mode=False)",
        "from headwater.cli.main import app; app(['access', 'grant', '--help'], standalone_mode=False)",
    ],
)
def test_nothing_heavy_is_imported(program: str) -> None:
    code = f"{program}\nimport sys\nprint('LOADED', *sorted(m for m in sys.modules if '.' not in m))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(run.stdout.rpartition("LOADED")[2].split())
    assert "headwater" in loaded
    assert not loaded & HEAVY


def test_help_names_every_command() -> None:
    shown = headwater("--help")
    assert shown.status == 0
    for command in ("demo", "init", "serve", "run", "eval", "fmt", "refresh", "lineage", "dataflow", "source"):
        assert f"\n  {command} " in shown.out
    for command in ("people", "group", "token", "access", "audit", "secrets"):
        assert f"\n  {command} " in shown.out


def test_a_program_that_heads_the_output_away_is_no_error() -> None:
    command = f"{sys.executable} -m headwater.cli.main eval '{{1..200000}}' | head -c 10"
    run = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert (run.stdout, run.stderr) == ("{1, 2, 3, ", "")
