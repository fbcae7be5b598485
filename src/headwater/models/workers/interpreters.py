"""The Python that runs a model's code: this one, or that of an environment built for the model."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Interpreter", "own_interpreter"]

_ASK = "import json, sys; print(json.dumps([sys.prefix, sys.base_prefix, *sys.path]))"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """``folders`` is what it has to read to run: its library, and the packages of its environment."""

    executable: Path
    folders: tuple[Path, ...]


@cache
def own_interpreter() -> Interpreter:
    """This process's own, with the packages that it has when it is run on its own.

    It is asked, because the path of this process may hold other folders: the one it was started in, for example.
    """
    command = [sys.executable, "-I", "-c", _ASK]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    folders = sorted({Path(each) for each in json.loads(told)})
    return Interpreter(Path(sys.executable), tuple(folder for folder in folders if folder.exists()))
