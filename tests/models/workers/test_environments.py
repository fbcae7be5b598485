"""Environments for models: found, or built by uv from a folder of wheels made here."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headwater.errors import ConflictError, ModelError
from headwater.models.signature import Signature
from headwater.models.workers import environments
from headwater.models.workers.building import Uv
from headwater.models.workers.environments import EnvironmentOptions, Environments
from headwater.models.workers.interpreters import Interpreter, own_interpreter
from headwater.models.workers.options import WorkerOptions
from headwater.models.workers.pool import ScorerPool
from headwater.models.workers.process import WorkerScorer
from headwater.models.workers.requirements import Requirements, requirements_of
from headwater.secret import Secret

TINY = Requirements(packages=("tiny==1.0",))


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str], requires: str = "") -> None:
    info = f"{name}-{version}.dist-info"
    needed = f"Requires-Dist: {requires}\n" if requires else ""
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Path:
    """A wheel whose package wants to run whenever its Python starts, another that needs what is not there, and a
    package that would have to be built.
    """
    folder = tmp_path / "wheels"
    folder.mkdir()
    ran = f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()\n"
    write_wheel(folder, "tiny", "1.0", {"tiny.py": "VALUE = 1\n", "tiny_start.pth": ran})
    write_wheel(folder, "needy", "2.0", {"needy.py": ""}, requires="absent>=3")
    (tmp_path / "unbuilt-1.0").mkdir()
    (tmp_path / "unbuilt-1.0" / "backend.py").write_text(ran)
    (tmp_path / "unbuilt-1.0" / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    shutil.make_archive(str(folder / "unbuilt-1.0"), "gztar", tmp_path, "unbuilt-1.0")
    return folder


@pytest.fixture
def known(tmp_path: Path, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch) -> Environments:
    """Without the worker's own packages, which are large."""
    monkeypatch.setattr(environments, "_WORKER", ())
    return Environments(tmp_path / "environments", EnvironmentOptions(wheelhouse=wheelhouse))


def refusal(known: Environments, requirements: Requirements) -> ModelError:
    with pytest.raises(ModelError) as caught:
        known.build(requirements)
    assert caught.value.code == "model.environment"
    return caught.value


def test_our_own_python_serves_where_it_has_what_is_required(saved_models: Path, tmp_path: Path) -> None:
    known = Environments(tmp_path)
    assert known.interpreter(saved_models / "pipeline", "demo.m") == own_interpreter()
    assert known.find(Requirements(packages=("pandas", "mlflow"))) == own_interpreter()
    assert known.find(Requirements(packages=("pandas<0.1",))) is None
    assert known.find(Requirements(python="3.42")) is None
    assert known.build(Requirements()) == own_interpreter(), "nothing has to be built"


def test_one_is_built_once_and_found_by_others(known: Environments, tmp_path: Path, wheelhouse: Path) -> None:
    assert known.find(TINY) is None
    told: list[str] = []
    built = known.build(TINY, told.append)
    assert told[0].startswith("virtual environment") and "packages: tiny==1.0" in told and told[-1] == "bytecode"
    site = next(built.folders[0].glob("lib/python*/site-packages"))
    assert (site / "tiny.py").is_file() and list((site / "__pycache__").glob("tiny.*.pyc"))
    assert built.folders[1] == Path(sys.base_prefix)
    assert "tiny==1.0" in known.log(TINY).read_text()

    shutil.rmtree(wheelhouse)
    others = Environments(tmp_path / "environments")
    assert others.find(TINY) == others.build(TINY, told.append) == built
    assert told[-1] == "bytecode", "nothing was built again"


def test_nothing_that_is_installed_runs_meanwhile(known: Environments, tmp_path: Path) -> None:
    known.build(TINY)
    assert not (tmp_path / "ran").exists()


def test_a_model_runs_in_it(
    known: Environments, saved_models: Path, signature_of: Callable[[str], Signature], tmp_path: Path
) -> None:
    """MLflow and what it needs is led to from there: installing it takes a while, and the test of long does."""
    built = known.build(TINY)
    site = next(built.folders[0].glob("lib/python*/site-packages"))
    (site / "tiny_start.pth").unlink()
    ours = Path(sysconfig.get_path("purelib"))
    (site / "borrowed.pth").write_text(f"{ours}\n")
    python = replace(built, folders=(*built.folders, ours))
    batch = pa.RecordBatch.from_arrays(
        [pa.array(["module tiny", "module headwater"])], schema=signature_of("spy").wire_schema
    )
    options = WorkerOptions(minimum_isolation="restricted", hidden=(tmp_path,))
    scorer = WorkerScorer(
        saved_models / "spy", signature_of("spy"), name="demo.spy", log=tmp_path / "log", options=options,
        interpreter=python,
    )  # fmt: skip
    try:
        scored = scorer.score(batch)
    finally:
        scorer.close()
    assert scored.values.to_pylist() == [f"module: {site / 'tiny.py'}", None]
    assert scored.errors is not None and "ModuleNotFoundError" in scored.errors.to_pylist()[1]


def test_scoring_never_builds(
    known: Environments, saved_models: Path, signature_of: Callable[[str], Signature], tmp_path: Path
) -> None:
    artifact = shutil.copytree(saved_models / "spy", tmp_path / "model")
    (artifact / "requirements.txt").write_text("tiny==1.0\n")
    with ScorerPool(tmp_path / "logs", environments=known) as pool:
        with pytest.raises(ModelError, match=r"was not built yet: .*does not have tiny==1\.0") as caught:
            pool.worker("m-1", "demo.spy", signature_of("spy"), artifact)
        assert (caught.value.code, caught.value.hint) == (
            "model.environment",
            "Run 'headwater functions build demo.spy'.",
        )
        built = known.build(requirements_of(artifact))
        scorer = pool.worker("m-1", "demo.spy", signature_of("spy"), artifact)
        assert isinstance(scorer, WorkerScorer) and scorer._process._interpreter == built


@pytest.mark.parametrize(
    ("requirements", "says"),
    [
        (Requirements(packages=("missing==1",)), "missing"),
        (Requirements(packages=("tiny==2.0",)), "tiny"),
        (Requirements(packages=("needy",)), "absent"),
        (Requirements(packages=("tiny",), constraints=("tiny<1",)), "tiny"),
        (Requirements(packages=("unbuilt",)), "unbuilt"),
        (Requirements(python="3.42"), "Python 3.42"),
        (Requirements(python="3.7"), "Python 3.7"),
    ],
)
def test_why_one_cannot_be_built_is_said(
    known: Environments, tmp_path: Path, requirements: Requirements, says: str
) -> None:
    assert says in refusal(known, requirements).message
    assert known.find(requirements) is None
    assert not (tmp_path / "ran").exists(), "a package without a wheel is not built"


def test_without_uv_it_is_said_what_to_install(known: Environments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    assert "headwater[environments]" in refusal(known, TINY).hint


def test_what_was_not_finished_is_built_anew(known: Environments) -> None:
    place = known.log(TINY).parent
    (place / "venv" / "bin").mkdir(parents=True)
    (place / "venv" / "bin" / "python").write_text("half of it")
    assert known.find(TINY) is None
    assert known.build(TINY).executable.resolve() == Path(sys.executable).resolve()


def test_two_that_build_the_same_do_it_once(known: Environments, tmp_path: Path, wheelhouse: Path) -> None:
    told: list[str] = []
    options = EnvironmentOptions(wheelhouse=wheelhouse)

    def build(_: int) -> Interpreter:
        return Environments(tmp_path / "environments", options).build(TINY, told.append)

    with ThreadPoolExecutor(3) as threads:
        assert len(set(threads.map(build, range(3)))) == 1
    assert told.count("bytecode") == 1


def test_a_build_ends_in_time(known: Environments, tmp_path: Path, wheelhouse: Path) -> None:
    hasty = Environments(tmp_path / "hasty", EnvironmentOptions(wheelhouse=wheelhouse, time_limit=0.001))
    with pytest.raises((ModelError, ConflictError)):
        hasty.build(TINY)
    assert hasty.find(TINY) is None


def test_the_password_of_an_index_is_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The port is nobody's: what is told of the failure names the address that was tried."""
    monkeypatch.setattr(environments, "_WORKER", ())
    address = "http://ann:hunter2@127.0.0.1:9/simple"
    known = Environments(tmp_path, EnvironmentOptions(index_url=Secret(address)))
    seen: list[str] = []
    start = subprocess.Popen

    def watched(command: list[str], **options: Any) -> Any:
        seen.extend(command)
        return start(command, **options)

    monkeypatch.setattr(subprocess, "Popen", watched)
    error = refusal(known, TINY)
    log = known.log(TINY).read_text()
    assert "127.0.0.1:9" in error.message + log
    files = "".join(path.read_text("utf-8", "replace") for path in tmp_path.rglob("*.*") if path.is_file())
    assert "install" in seen
    for told in (str(error.to_dict()), log, files, str(seen), *capfd.readouterr(), repr(known._options)):
        assert "hunter2" not in told


def test_what_uv_would_print_of_a_password_is_not_kept(tmp_path: Path) -> None:
    address = "https://hunter2@pypi.example.com/simple"
    uv = Uv(tmp_path / "log", tmp_path / "cache", 60, Secret(address))
    told = uv._redacted(f"cannot fetch {address}/tiny nor https://ann:hunter2@elsewhere.example.com/x")
    assert told == "cannot fetch (the index)/tiny nor https://…@elsewhere.example.com/x"


def test_building_from_source_is_what_an_administrator_allows(
    known: Environments, tmp_path: Path, wheelhouse: Path
) -> None:
    options = EnvironmentOptions(wheelhouse=wheelhouse, allow_builds=True)
    assert "unbuilt" in refusal(Environments(tmp_path / "others", options), Requirements(packages=("unbuilt",))).message
    assert (tmp_path / "ran").exists(), "its code ran, and made no wheel"


@pytest.mark.long
def test_a_whole_environment_from_the_index(
    saved_models: Path, signature_of: Callable[[str], Signature], tmp_path: Path
) -> None:
    """Of another version of scikit-learn than ours, with MLflow and all that it needs."""
    known = Environments(tmp_path / "environments")
    artifact = shutil.copytree(saved_models / "spy", tmp_path / "model")
    (artifact / "requirements.txt").write_text("mlflow==3.17.2\nscikit-learn==1.8.0\n")
    python = known.build(requirements_of(artifact))
    batch = pa.RecordBatch.from_arrays([pa.array(["module sklearn"])], schema=signature_of("spy").wire_schema)
    options = WorkerOptions(minimum_isolation="restricted", hidden=(tmp_path,))
    with ScorerPool(tmp_path / "logs", options, known) as pool:
        (answer,) = pool.worker("m", "demo.spy", signature_of("spy"), artifact).score(batch).values.to_pylist()
    assert answer.startswith(f"module: {python.folders[0]}")
