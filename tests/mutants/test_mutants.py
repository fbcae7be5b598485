"""Promises broken on purpose: the tests that hold them have to fail, or they hold nothing.

Each mutant is a copy of the source with one text replaced. The ordinary run tries one, chosen by a seed that it
prints; ``make test-long`` tries all of them. ``HEADWATER_TEST_SEED`` repeats a choice.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.seeds import SEED

PROJECT = Path(__file__).parents[2]
MUTANTS: list[dict[str, str]] = tomllib.loads((Path(__file__).parent / "cases.toml").read_text("utf-8"))["mutant"]
SECONDS = 600


def mutated(mutant: dict[str, str], folder: Path) -> Path:
    """The source with the mutant in it."""
    source = folder / "src"
    skipped = shutil.ignore_patterns("__pycache__", "static")
    shutil.copytree(PROJECT / "src", source, ignore=skipped)
    file = source / "headwater" / mutant["file"]
    text = file.read_text("utf-8")
    assert text.count(mutant["old"]) == 1, f"{mutant['file']} has changed: mend the mutant '{mutant['name']}'"
    file.write_text(text.replace(mutant["old"], mutant["new"]), "utf-8")
    return source


def is_caught(mutant: dict[str, str], folder: Path) -> bool:
    """Whether one of the tests fails on it; a mutant that cannot even be loaded proves nothing."""
    environment = {**os.environ, "PYTHONPATH": str(mutated(mutant, folder)), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-o", "addopts="]
    command += ["--import-mode=importlib", "--strict-markers", "--timeout=300", *mutant["tests"].split()]
    run = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert run.returncode in {0, 1}, f"the tests did not run: {run.stdout[-2_000:]}{run.stderr[-2_000:]}"
    assert "error" not in run.stdout.splitlines()[-1], run.stdout[-2_000:]
    return run.returncode == 1


def test_every_mutant_still_fits(tmp_path: Path) -> None:
    for at, mutant in enumerate(MUTANTS):
        text = (PROJECT / "src" / "headwater" / mutant["file"]).read_text("utf-8")
        assert text.count(mutant["old"]) == 1, f"mutant {at}, '{mutant['name']}': {mutant['file']} has changed"


@pytest.mark.timeout(SECONDS + 60)
def test_one_mutant_is_caught(tmp_path: Path) -> None:
    mutant = random.Random(SEED).choice(MUTANTS)
    # Seen in the report of a failure, and with -rP.
    print(f"seed {SEED}: {mutant['name']}")
    assert is_caught(mutant, tmp_path), f"seed {SEED}: no test noticed that {mutant['name']}"


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant["name"])
def test_each_mutant_is_caught(mutant: dict[str, Any], tmp_path: Path) -> None:
    assert is_caught(mutant, tmp_path), f"no test noticed that {mutant['name']}"
