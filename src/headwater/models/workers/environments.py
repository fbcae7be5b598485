"""Environments for models: which Python has what a model needs, and building one where none has.

A model runs with this installation's own packages where they meet what its artifact requires. Else an environment is
built for it, on request, and kept under a hash of the requirements: models that require the same share one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from packaging.requirements import Requirement

from headwater.errors import ConflictError, ModelError
from headwater.models.workers.building import Uv
from headwater.models.workers.interpreters import Interpreter, own_interpreter
from headwater.models.workers.requirements import Requirements, lacking, requirements_of
from headwater.secret import Secret

__all__ = ["EnvironmentOptions", "Environments"]

#: Changes whenever the same requirements come to mean another environment.
_BUILDER = 1
#: What the worker imports, where the model does not name it itself.
_WORKER = ("mlflow-skinny", "numpy", "pandas", "pyarrow")
_OLDEST_PYTHON = (3, 10)
_MARKER, _VENV, _LOG = "environment.json", "venv", "build.log"

Progress = Callable[[str], None]
"""Told what is being done, in a few words."""


@dataclass(frozen=True, slots=True)
class EnvironmentOptions:
    """Where packages come from.

    Args:
        index_url: the index; None is the public one. It may hold a password.
        wheelhouse: a folder with wheels; then nothing is asked of any index.
        allow_builds: whether packages without a wheel are built, which runs their code on this machine.
        time_limit: seconds that building one environment may take.
    """

    index_url: Secret | None = None
    wheelhouse: Path | None = None
    allow_builds: bool = False
    time_limit: float = 1800.0


class Environments:
    """The environments of an installation; several processes may use it at once.

    Args:
        folder: where they are kept.
        options: where packages come from.
    """

    def __init__(self, folder: Path, options: EnvironmentOptions | None = None) -> None:
        self._folder = folder
        self._options = options or EnvironmentOptions()

    def find(self, requirements: Requirements) -> Interpreter | None:
        """The Python that meets the requirements: this one, or one that was built; None where it has to be built."""
        if _own_python(requirements) and not lacking(requirements) and not lacking(Requirements(packages=_WORKER)):
            return own_interpreter()
        return self._built(requirements)

    def interpreter(self, artifact: Path, name: str) -> Interpreter:
        """The Python for a model. It is never built here: this is asked in the midst of a refresh.

        Raises:
            ModelError: ``model.environment``, it has to be built first; else as ``requirements_of`` says.
        """
        requirements = requirements_of(artifact)
        found = self.find(requirements)
        if found is not None:
            return found
        raise ModelError(
            f"{name} needs an environment of its own, which was not built yet: {_why(requirements)}.",
            code="model.environment",
            place=name,
            hint=f"Run 'headwater functions build {name}'.",
        )

    def build(self, requirements: Requirements, progress: Progress = lambda _: None) -> Interpreter:
        """The Python that meets the requirements, built where it has to be.

        Raises:
            ModelError: ``model.environment``, it cannot be built; the message says for want of what.
            ConflictError: another process has been building it for longer than that may take.
        """
        found = self.find(requirements)
        if found is not None:
            return found
        _check_python(requirements)
        place = self._place(requirements)
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.with_suffix(".lock"))
        try:
            lock.acquire(timeout=self._options.time_limit)
        except Timeout:
            raise ConflictError(
                "This environment is being built by another process.", hint="Try again later."
            ) from None
        with lock:
            return self._built(requirements) or self._build(place, requirements, progress)

    def log(self, requirements: Requirements) -> Path:
        """What was printed when the environment was built last, or could not be."""
        return self._place(requirements) / _LOG

    def _place(self, requirements: Requirements) -> Path:
        described = {
            "builder": _BUILDER,
            "python": _python(requirements),
            "packages": _packages(requirements),
            "constraints": requirements.constraints,
            "platform": sysconfig.get_platform(),
        }
        content = json.dumps(described, sort_keys=True, separators=(",", ":"))
        return self._folder / hashlib.sha256(content.encode()).hexdigest()

    def _built(self, requirements: Requirements) -> Interpreter | None:
        place = self._place(requirements)
        try:
            told = json.loads((place / _MARKER).read_text("utf-8"))
        except (OSError, ValueError):
            return None  # never built, or not to the end
        executable = place / _VENV / "bin" / "python"
        return Interpreter(executable, (place / _VENV, Path(told["base"]))) if executable.exists() else None

    def _build(self, place: Path, requirements: Requirements, progress: Progress) -> Interpreter:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        options = self._options
        uv = Uv(place / _LOG, self._folder / "cache", options.time_limit, options.index_url)
        venv = place / _VENV
        wanted = _python(requirements)
        progress(f"virtual environment with Python {wanted}")
        uv.make(venv, sys.executable if _own_python(requirements) else wanted)
        progress(f"packages: {', '.join(_packages(requirements))}")
        uv.install(
            venv, _packages(requirements), requirements.constraints,
            wheelhouse=options.wheelhouse, allow_builds=options.allow_builds,
        )  # fmt: skip
        progress("bytecode")
        uv.compile(venv)
        base = uv.base(venv)
        marker = {"base": str(base), "python": wanted, "packages": _packages(requirements)}
        partial = place / f"{_MARKER}.partial"
        partial.write_text(json.dumps(marker, indent=1), "utf-8")
        partial.rename(place / _MARKER)
        return Interpreter(venv / "bin" / "python", (venv, base))


def _python(requirements: Requirements) -> str:
    return requirements.python or f"{sys.version_info.major}.{sys.version_info.minor}"


def _own_python(requirements: Requirements) -> bool:
    return _python(requirements) == _python(Requirements())


def _packages(requirements: Requirements) -> list[str]:
    named = {Requirement(text).name for text in requirements.packages}
    wanted = [each for each in _WORKER if each not in named and not (each == "mlflow-skinny" and "mlflow" in named)]
    return sorted([*requirements.packages, *wanted])


def _why(requirements: Requirements) -> str:
    if not _own_python(requirements):
        return f"it requires Python {requirements.python}, and this is {_python(Requirements())}"
    return f"this installation does not have {', '.join(lacking(requirements)) or ', '.join(_WORKER)}"


def _check_python(requirements: Requirements) -> None:
    version = tuple(map(int, _python(requirements).split(".")))
    if version < _OLDEST_PYTHON:
        raise ModelError(
            f"The model requires Python {requirements.python}, and models run with Python 3.10 or later.",
            code="model.environment",
            hint="Train the model again with a later Python, or log it as ONNX.",
        )
