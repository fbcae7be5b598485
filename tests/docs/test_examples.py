"""Every fenced example of the documentation runs.

A page is run from top to bottom in an empty folder. ``python`` fences run, and what they print has to appear in their
comments; ``sh`` fences are commands, each of which has to succeed, and a ``text`` fence right after one is their
output; a fence with ``file=NAME`` writes that file. Other fences are only shown.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.command import forked

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_SCRIPTS = [str(Path(sys.executable).parent)]
_FENCE = re.compile(r"^```(\w+)?(?: file=(\S+))?\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Fence:
    language: str
    file: str | None
    text: str
    follows_directly: bool


def fences(page: Path) -> list[Fence]:
    found, end = [], -10
    text = page.read_text()
    for match in _FENCE.finditer(text):
        found.append(Fence(match[1] or "", match[2], match[3], text[end : match.start()].strip() == ""))
        end = match.end()
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed = ""
    for fence in fences(page):
        if fence.file is not None:
            target = tmp_path / fence.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(fence.text)
        elif fence.language == "python":
            _run_python(fence.text)
        elif fence.language == "sh":
            printed = _run_commands(fence.text)
            continue
        elif fence.language == "text" and fence.follows_directly and printed:
            assert printed.strip() == fence.text.strip()
        printed = ""


def _run_python(text: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(text, "<example>", "exec"), {"__name__": "example"})
    for line in output.getvalue().splitlines():
        assert f"# {line}" in text, f"the example prints {line!r}, and does not say so"


def _run_commands(text: str) -> str:
    environment = {**os.environ, "PATH": os.pathsep.join([forked().scripts, *_SCRIPTS, os.environ["PATH"]])}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
