"""What a scoring process is given: the command that isolates it, the files it may read, the variables it sees."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headwater.errors import ScoringError
from headwater.models.workers import isolation, worker
from headwater.models.workers.interpreters import Interpreter
from headwater.models.workers.options import IsolationLevel, WorkerOptions

__all__ = ["Isolation", "command", "variables"]

#: What programs need of the system: its libraries, what machine this is, and a few public settings.
_SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sys/devices/system", "/sys/fs/cgroup", "/proc/self", "/proc/cpuinfo",
    "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/filesystems", "/proc/sys/kernel", "/proc/sys/vm",
    "/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/mime.types",
    "/etc/os-release", "/etc/fonts", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/dev/zero", "/dev/random",
    "/dev/urandom",
)  # fmt: skip

#: What of our environment the process gets to see: no credential, key or database address is in it.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PYTHONUNBUFFERED": "1"}

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


@dataclass(frozen=True, slots=True)
class Isolation:
    """How far a scoring process is from everything else, as it said itself before any foreign code ran.

    ``missing`` says in words what is not held, where ``level`` is the lowest.
    """

    level: IsolationLevel
    missing: tuple[str, ...] = ()

    @classmethod
    def read(cls, told: bytes, options: WorkerOptions) -> Isolation:
        """What the process said, with what only the administrator knows."""
        content = json.loads(told)
        level: IsolationLevel = content["level"]
        if options.container and level == "restricted":
            level = "container"
        return cls(level, tuple(content["missing"]))

    def check(self, least: IsolationLevel, name: str) -> None:
        """Refuse to load a model with less.

        Raises:
            ScoringError: ``model.isolation``; it says what is missing.
        """
        if isolation.LEVELS.index(self.level) >= isolation.LEVELS.index(least):
            return
        missing = "; ".join(self.missing) or "nobody said that the server runs in a container with nothing else in it"
        raise ScoringError(
            f"The process for {name} is isolated as '{self.level}', and '{least}' is required. Missing: {missing}.",
            code="model.isolation",
            place=name,
            hint="Run the server where this is to be had (Linux 6.12 has all of it), or change minimum_isolation in "
            "the table [scoring] of headwater.toml.",
        )


def command(interpreter: Interpreter, artifact: Path, scratch: Path, options: WorkerOptions) -> list[str]:
    """What is run: our own Python gives up all that it can, then becomes the model's with the worker."""
    serve = str(Path(worker.__file__))
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    wanted = {
        "read": [*_SYSTEM, *filter(None, libraries), *map(str, interpreter.folders), str(artifact), serve],
        "write": [str(scratch), "/dev/null"],
        "beside": str(scratch.parent),
        "hidden": [str(path) for path in options.hidden],
        "memory": options.memory_limit,
    }
    give_up = [sys.executable, "-I", "-S", str(Path(isolation.__file__)), json.dumps(wanted)]
    return [*give_up, str(interpreter.executable), "-I", serve]


def variables(scratch: Path, options: WorkerOptions) -> Mapping[str, str]:
    """The environment of the process: a few harmless variables of ours, and a folder of its own."""
    allowed = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    threads = options.threads
    limits = {} if threads is None else dict.fromkeys(_THREAD_VARIABLES, str(threads))
    own = {"HOME": str(scratch), "TMPDIR": str(scratch)}
    return {**allowed, **own, **_QUIET, **limits, **options.environment}
