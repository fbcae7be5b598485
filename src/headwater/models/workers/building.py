"""Building an environment with uv, without running anything of what is installed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from headwater.errors import ModelError
from headwater.secret import Secret

__all__ = ["Uv"]

#: What uv needs of our environment: where Pythons are, and how the index is reached.
_ENVIRONMENT = (
    "PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "all_proxy",
)  # fmt: skip
_CREDENTIALS = re.compile(r"(\w+://)[^/\s@]+@")
_ORNAMENTS = re.compile(r"[×╰─▶│├\s]+")
_MOST_TOLD = 700


class Uv:
    """Runs uv's commands, all of them within one time limit.

    Args:
        log: the file that gets what is printed, without credentials.
        cache: where packages are kept for the next environment.
        seconds: how long all of it may take.
        index_url: the index of packages; it may hold a password, which is in no command line and no message.
    """

    def __init__(self, log: Path, cache: Path, seconds: float, index_url: Secret | None = None) -> None:
        self._log = log
        self._cache = cache
        self._deadline = time.monotonic() + seconds
        self._index_url = index_url

    def make(self, venv: Path, python: str) -> None:
        """An empty virtual environment with a Python of this machine; none is fetched from elsewhere.

        Raises:
            ModelError: there is none, uv is not installed, or time is up.
        """
        self._uv(f"Python {python} is not to be had", "venv", "--no-project", "--python", python, str(venv))

    def install(
        self,
        venv: Path,
        packages: Sequence[str],
        constraints: Sequence[str],
        *,
        wheelhouse: Path | None,
        allow_builds: bool,
    ) -> None:
        """Install packages from the index, or from a folder of wheels and nowhere else.

        Raises:
            ModelError: they are not to be had together, or time is up.
        """
        wanted, limits = self._log.with_name("requirements.txt"), self._log.with_name("constraints.txt")
        wanted.write_text("".join(f"{each}\n" for each in packages), "utf-8")
        limits.write_text("".join(f"{each}\n" for each in constraints), "utf-8")
        options = ["--python", str(venv / "bin" / "python"), "-r", str(wanted), "-c", str(limits)]
        if wheelhouse is not None:
            options += ["--offline", "--no-index", "--find-links", str(wheelhouse)]
        if not allow_builds:
            options.append("--no-build")
        self._uv("The packages are not to be had", "pip", "install", *options)

    def compile(self, venv: Path) -> None:
        """Compile what was installed: the processes of models can write nothing there.

        uv would start the new Python for this, and with it whatever its packages want run at each start; ``-S`` does
        not.
        """
        python, folder = str(venv / "bin" / "python"), str(venv / "lib")
        # Some packages hold files in other dialects of Python, which then stay as they are: that is no failure.
        self._run([python, "-I", "-S", "-m", "compileall", "-q", folder], {}, None)

    def base(self, venv: Path) -> Path:
        """The installation of Python that a virtual environment is made over."""
        lines = (venv / "pyvenv.cfg").read_text("utf-8").splitlines()
        settings = dict(line.split(" = ", 1) for line in lines if " = " in line)
        return Path(settings["home"]).parent

    def _uv(self, failure: str, *arguments: str) -> None:
        variables = {"UV_CACHE_DIR": str(self._cache), "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}
        if self._index_url is not None:
            variables["UV_DEFAULT_INDEX"] = self._index_url.reveal()
        self._run([_binary(), "--no-progress", "--color", "never", *arguments], variables, failure)

    def _run(self, command: list[str], variables: Mapping[str, str], failure: str | None) -> None:
        """``failure`` says what it means when the command fails; None: nothing."""
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | dict(variables)
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            printed, _ = process.communicate(timeout=max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise self._failed("It took too long", "Allow more with build_timeout in [scoring], or try again") from None
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        told = self._redacted(printed)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(told)
        if process.returncode != 0 and failure is not None:
            raise self._failed(
                f"{failure}: {_reason(told)}", "Provide what is missing, or log the model with other requirements"
            )

    def _redacted(self, text: str) -> str:
        if self._index_url is not None:
            text = text.replace(self._index_url.reveal(), "(the index)")
        return _CREDENTIALS.sub(r"\1…@", text)

    def _failed(self, why: str, hint: str) -> ModelError:
        return ModelError(
            f"The environment cannot be built. {why}.",
            code="model.environment",
            place="environment",
            hint=f"{hint}; see {self._log}.",
        )


def _binary() -> str:
    try:
        from uv import find_uv_bin
    except ImportError:
        raise ModelError(
            "Building environments needs uv, which is not installed.",
            code="model.environment",
            hint="Install it: pip install 'headwater[environments]'.",
        ) from None
    return str(find_uv_bin())


def _reason(printed: str) -> str:
    """uv's explanation, on one line: it names the requirement that fails."""
    lines = [_ORNAMENTS.sub(" ", line).strip() for line in printed.splitlines()]
    told = [line for line in lines if line and not line.startswith(("Using ", "Creating ", "Resolved ", "warning:"))]
    return " ".join(told).removeprefix("error: ").replace(" cause: ", ": ")[:_MOST_TOLD].rstrip(". ")
