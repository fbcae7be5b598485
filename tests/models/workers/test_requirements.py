"""What artifacts require, as MLflow and people write it down, and whether this installation has it."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from headwater.errors import ModelError
from headwater.models.workers.requirements import Requirements, lacking, requirements_of

MLMODEL = """flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    python_version: 3.12.4
"""
PYTHON_ENV = "python: 3.11.7\nbuild_dependencies: [pip==26.3, setuptools]\ndependencies: [-r requirements.txt]\n"
CONDA = """channels: [conda-forge]
dependencies:
  - python=3.10.2
  - pip<=26.3
  - pip: [mlflow==3.1.0, pandas]
"""


def artifact(folder: Path, **files: str) -> Path:
    for name, text in {"MLmodel": MLMODEL, **files}.items():
        (folder / name.replace("_yaml", ".yaml").replace("_txt", ".txt")).write_text(text)
    return folder


def test_what_mlflow_saves_is_read(saved_models: Path) -> None:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    expected = Requirements(python, (f"mlflow=={metadata.version('mlflow')}",))
    assert requirements_of(saved_models / "pipeline") == expected
    assert lacking(expected) == []


def test_lines_are_pips(tmp_path: Path) -> None:
    lines = """# made by hand
Scikit_Learn == 1.6.1   # this one
pandas[excel, aws]>=2 ; python_version >= "3.9"

-r more.txt
-c constraints.txt
"""
    (tmp_path / "more.txt").write_text("numpy<3\n--constraint=limits.txt\n")
    (tmp_path / "limits.txt").write_text("six<2\n")
    found = requirements_of(
        artifact(tmp_path, python_env_yaml=PYTHON_ENV, requirements_txt=lines, constraints_txt="scipy<2\n")
    )
    assert found == Requirements(
        "3.11",
        ("numpy<3", 'pandas[aws,excel]>=2; python_version >= "3.9"', "scikit-learn==1.6.1"),
        ("scipy<2", "six<2"),
    )


def test_older_artifacts_have_fewer_files(tmp_path: Path) -> None:
    assert requirements_of(artifact(tmp_path)) == Requirements("3.12")
    found = requirements_of(artifact(tmp_path, conda_yaml=CONDA))
    assert found == Requirements("3.10", ("mlflow==3.1.0", "pandas"))
    found = requirements_of(artifact(tmp_path, requirements_txt="six\n"))
    assert found == Requirements("3.12", ("six",))


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://ann:canary@evil.example.com",
        "-i https://evil.example.com",
        "-e .",
        "./wheels/own.whl",
        "/etc/passwd",
        "own @ https://ann:canary@evil.example.com/own.whl",
        "git+https://canary@evil.example.com/own",
        "-r ../outside.txt",
        "-r requirements.txt",
        "-r missing.txt",
        "six==",
    ],
)
def test_what_leads_elsewhere_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "outside.txt").write_text("six")
    (tmp_path / "model").mkdir()
    folder = artifact(tmp_path / "model", python_env_yaml=PYTHON_ENV, requirements_txt=f"pandas\n{line}\n")
    with pytest.raises(ModelError) as caught:
        requirements_of(folder)
    assert caught.value.code == "model.requirements"
    assert "canary" not in str(caught.value.to_dict())


PANDAS = metadata.version("pandas")


@pytest.mark.parametrize(
    ("requirement", "met"),
    [
        (f"pandas=={PANDAS}", True),
        ("pandas", True),
        ("pandas<0.1", False),
        ("nothing-of-that-name", False),
        ('nothing-of-that-name; python_version < "3"', True),
        ("mlflow-skinny>=3", True),
        ("mlflow-skinny<3", False),
        ("uvicorn[standard-of-no-name]", True),  # an extra that the package does not have asks for nothing
        ("headwater", True),
        ("headwater[mysql]<0", False),
    ],
)
def test_what_is_installed_is_known(requirement: str, met: bool) -> None:
    assert lacking(Requirements(packages=(requirement,))) == ([] if met else [requirement])


def test_extras_count() -> None:
    """One whose packages are here, and one whose are not; both of a package that is here for the tests."""
    assert lacking(Requirements(packages=("headwater[mlflow]",))) == []
    assert metadata.version("mlflow")
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("boto3")
    assert lacking(Requirements(packages=("mlflow[extras]",))) == ["mlflow[extras]"]


def test_constraints_count_where_the_package_is_there() -> None:
    found = lacking(Requirements(constraints=("pandas<0.1", "nothing-of-that-name<1", "six>0")))
    assert found == ["pandas<0.1"]
