"""The build hook, with a real npm on a tiny app; and what the real app's files promise."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
WEB = PROJECT / "web"

BUILD_SCRIPT = """
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
const folder = process.argv[process.argv.indexOf("--outDir") + 1];
const source = readFileSync("source.txt", "utf8");
mkdirSync(`${folder}/assets`, { recursive: true });
writeFileSync(`${folder}/index.html`, source);
writeFileSync(`${folder}/assets/${source}.js`, "");
if (source === "broken") { console.error("source.txt is broken"); process.exit(3); }
"""
MANIFEST: dict[str, Any] = {
    "name": "tiny",
    "version": "1.0.0",
    "private": True,
    "type": "module",
    "scripts": {"build": "node build.mjs"},
}
LOCK: dict[str, Any] = {
    "name": "tiny",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {"": {"name": "tiny", "version": "1.0.0"}},
}


def _load_hook() -> Any:
    spec = importlib.util.spec_from_file_location("hatch_build", PROJECT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hook = _load_hook()


@pytest.fixture
def app(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    web.mkdir()
    (web / "build.mjs").write_text(BUILD_SCRIPT)
    (web / "source.txt").write_text("first")
    (web / ".npmrc").write_text("fund=false\n")
    (web / "package.json").write_text(json.dumps(MANIFEST))
    (web / "package-lock.json").write_text(json.dumps(LOCK))
    return web


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"npm_config_cache": str(tmp_path / "npm-cache"), "npm_config_update_notifier": "false"}


def test_the_app_is_built_once_and_again_when_its_sources_change(app: Path, environ: dict[str, str]) -> None:
    static = app.parent / "package" / "static"
    assert hook.build_web(app, static, environ) == "built"
    assert (static / "index.html").read_text() == "first"
    (static / "mark").touch()

    (app / "node_modules").mkdir(exist_ok=True)
    (app / "node_modules" / "something.js").touch()
    assert hook.build_web(app, static, environ) == "unchanged"
    assert (static / "mark").exists()

    (app / "source.txt").write_text("second")
    assert hook.build_web(app, static, environ) == "built"
    assert sorted(file.name for file in (static / "assets").iterdir()) == ["second.js"]
    assert not (static / "mark").exists()
    assert [file.name for file in static.parent.iterdir()] == ["static"]


def test_a_build_that_fails_says_why_and_leaves_the_last_bundle(app: Path, environ: dict[str, str]) -> None:
    static = app.parent / "static"
    hook.build_web(app, static, environ)
    (app / "source.txt").write_text("broken")
    with pytest.raises(hook.WebBuildError) as caught:
        hook.build_web(app, static, environ)
    assert "source.txt is broken" in str(caught.value)
    assert "HEADWATER_SKIP_WEB=1" in str(caught.value)
    assert (static / "index.html").read_text() == "first"
    # Nor is the broken one taken for done.
    with pytest.raises(hook.WebBuildError):
        hook.build_web(app, static, environ)


def test_a_registry_that_does_not_answer_ends_in_one_message_with_the_way_out(
    app: Path, environ: dict[str, str]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    needed = {"version": "1.0.0", "integrity": "sha512-" + "A" * 86 + "=="}
    lock = json.loads(json.dumps(LOCK))
    lock["packages"][""]["dependencies"] = {"needed": "1.0.0"}
    lock["packages"]["node_modules/needed"] = needed
    (app / "package-lock.json").write_text(json.dumps(lock))
    (app / "package.json").write_text(json.dumps(MANIFEST | {"dependencies": {"needed": "1.0.0"}}))
    unreachable = environ | {"npm_config_registry": address, "npm_config_fetch_retries": "0"}
    with pytest.raises(hook.WebBuildError) as caught:
        hook.build_web(app, app.parent / "static", unreachable)
    assert "npm ci" in str(caught.value)
    assert "registry cannot be reached" in str(caught.value)
    assert "HEADWATER_SKIP_WEB=1" in str(caught.value)


@pytest.mark.parametrize(("value", "skipped"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_the_skip_variable(app: Path, environ: dict[str, str], value: str, skipped: bool) -> None:
    static = app.parent / "static"
    outcome = hook.build_web(app, static, environ | {"HEADWATER_SKIP_WEB": value})
    assert static.exists() is not skipped
    assert ("HEADWATER_SKIP_WEB" in outcome) is skipped


def test_a_bundle_that_came_without_its_sources_is_used(tmp_path: Path, environ: dict[str, str]) -> None:
    static = tmp_path / "static"
    with pytest.raises(hook.WebBuildError, match="neither a bundle"):
        hook.build_web(tmp_path / "web", static, environ)
    static.mkdir()
    (static / "index.html").touch()
    assert "came along" in hook.build_web(tmp_path / "web", static, environ)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": "x"}, {"a": "y"}),
        ({"a": "x"}, {"b": "x"}),
        ({"a": "x"}, {"d/a": "x"}),
        ({"a": "x", "b": ""}, {"a": "", "b": "x"}),
        ({"a": "x"}, {"a": "x", "b": ""}),
        ({"a": "b", "c": "d"}, {"a": "bcd"}),
    ],
)
def test_the_hash_of_the_sources_tells_them_apart(
    tmp_path: Path, before: dict[str, str], after: dict[str, str]
) -> None:
    hashes = []
    for name, files in (("before", before), ("after", after), ("again", after)):
        for path, content in files.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        hashes.append(hook.source_hash(tmp_path / name))
    assert hashes[0] != hashes[1]
    assert hashes[1] == hashes[2]


@pytest.mark.parametrize(
    ("installed", "enough"),
    [
        ({"node_modules/a": {"version": "1.0.0"}}, True),
        ({"node_modules/a": {"version": "1.0.0"}, "node_modules/checker": {"version": "3.0.0"}}, True),
        ({"node_modules/a": {"version": "1.0.1"}}, False),
        ({"node_modules/checker": {"version": "3.0.0"}}, False),
        ({}, False),
        (None, False),
    ],
)
def test_packages_are_installed_only_where_some_are_missing(
    tmp_path: Path, installed: dict[str, Any] | None, enough: bool
) -> None:
    locked = {
        "": {"name": "tiny"},
        "node_modules/a": {"version": "1.0.0"},
        "node_modules/checker": {"version": "3.0.0", "dev": True},
        "node_modules/other-platform": {"version": "2.0.0", "optional": True},
    }
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": locked}))
    if installed is not None:
        (tmp_path / "node_modules").mkdir()
        (tmp_path / "node_modules" / ".package-lock.json").write_text(json.dumps({"packages": installed}))
    assert hook.dependencies_installed(tmp_path) is enough


@pytest.mark.timeout(120)
def test_a_wheel_holds_the_bundle_and_a_source_distribution_brings_it_along(app: Path, environ: dict[str, str]) -> None:
    project = app.parent
    _lay_package(project)
    for target in ("sdist", "wheel"):
        _hatchling(project, environ, target)
    assert _bundle_in(project) == {"first": "headwater/server/web/static/index.html"}

    unpacked = project / "unpacked"
    shutil.unpack_archive(next((project / "dist").glob("*.tar.gz")), unpacked, filter="data")
    (source,) = unpacked.iterdir()
    assert (source / "src/headwater/server/web/static/index.html").read_text() == "first"
    # The same sources, their bundle beside them: nothing is built, and nothing could be.
    _hatchling(source, environ | {"npm_config_script_shell": "/nowhere/sh"}, "wheel")
    assert _bundle_in(source) == {"first": "headwater/server/web/static/index.html"}


@pytest.mark.timeout(120)
def test_an_editable_installation_has_the_bundle_in_its_sources(app: Path, environ: dict[str, str]) -> None:
    _lay_package(app.parent)
    _hatchling(app.parent, environ, "wheel:editable")
    assert (app.parent / "src/headwater/server/web/static/index.html").read_text() == "first"


def _lay_package(project: Path) -> None:
    package = project / "src" / "headwater"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (project / ".gitignore").write_text("node_modules/\nsrc/headwater/server/web/static/\n")
    shutil.copy(PROJECT / "hatch_build.py", project)
    declared = (PROJECT / "pyproject.toml").read_text()
    tables = re.findall(r"^\[tool\.hatch\.build[^\n]*\n(?:(?!\[)[^\n]*\n)*", declared, flags=re.MULTILINE)
    settings = "".join(tables).replace('"README.md", "LICENSE"', '"pyproject.toml"')
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "headwater"\nversion = "1"\n{settings}'
    )


def _hatchling(project: Path, environ: dict[str, str], target: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", "dist"]
    result = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def _bundle_in(project: Path) -> dict[str, str]:
    (wheel,) = (project / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {archive.read(name).decode(): name for name in archive.namelist() if name.endswith("index.html")}


def test_the_lock_file_names_no_host_and_every_version_is_exact() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text())
    assert [path for path, package in lock["packages"].items() if "resolved" in package] == []
    assert [path for path, package in lock["packages"].items() if path and "integrity" not in package] == []
    manifest = json.loads((WEB / "package.json").read_text())
    versions = manifest["dependencies"] | manifest["devDependencies"]
    assert {name: version for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in versions} == versions


def test_the_lock_file_holds_the_packages_of_every_platform() -> None:
    # npm drops those that the machine at hand could not load, and "npm ci" then refuses the file everywhere.
    packages = json.loads((WEB / "package-lock.json").read_text())["packages"]
    wanted = {name for package in packages.values() for name in package.get("optionalDependencies", {})}
    names = {path.rpartition("node_modules/")[2] for path in packages}
    assert wanted - names == set()
    assert any("darwin-arm64" in name for name in names)


def test_the_apps_own_tests_pass() -> None:
    if not (WEB / "node_modules" / "@dagrejs").is_dir():
        pytest.skip("the app's packages are not installed here: python hatch_build.py ci --ignore-scripts")
    _run_npm("test")


def test_the_apps_client_is_what_its_openapi_file_says() -> None:
    if not (WEB / "node_modules" / "openapi-typescript").is_dir():
        pytest.skip("the app's development packages are not installed here: see web/README.md")
    _run_npm("run", "client", "--", "--check")


def _run_npm(*arguments: str) -> None:
    command = [sys.executable, str(PROJECT / "hatch_build.py"), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
