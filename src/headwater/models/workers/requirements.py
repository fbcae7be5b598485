"""What a model's artifact says it needs to run: a version of Python and packages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from headwater.errors import ModelError
from headwater.models.workers.mlmodel import contained, read_flavors

__all__ = ["Requirements", "lacking", "requirements_of"]

_VERSION = re.compile(r"(\d+)\.(\d+)")
_OPTION = re.compile(r"(-r|--requirement|-c|--constraint)[=\s]+(\S+)$")
_MOST_BYTES = 1_000_000
#: MLflow in smaller packages; a model that names one runs with the other of the same version.
_MLFLOW = ("mlflow", "mlflow-skinny")


@dataclass(frozen=True, slots=True)
class Requirements:
    """``python`` is a version like ``3.11``, None where none is named; the others are requirements, sorted."""

    python: str | None = None
    packages: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()


def requirements_of(folder: Path) -> Requirements:
    """What an artifact says: its ``python_env.yaml`` or ``requirements.txt``, else its ``conda.yaml``.

    Raises:
        ModelError: ``model.requirements``, a line names something other than a package of an index, which would lead
            elsewhere than the administrator said; ``model.artifact``, it has no readable ``MLmodel``.
    """
    flavor = read_flavors(folder).get("python_function", {})
    python = _major_minor(flavor.get("python_version"))
    named = flavor.get("env")
    files = named if isinstance(named, dict) else {"conda": named}
    environment = _yaml(folder, files.get("virtualenv") or "python_env.yaml")
    conda = _yaml(folder, files.get("conda") or "conda.yaml")
    if environment:
        python, lines = _major_minor(environment.get("python")) or python, _texts(environment.get("dependencies"))
    elif contained(folder, "requirements.txt"):
        lines = ["-r requirements.txt"]
    else:
        python, lines = _conda_python(conda) or python, _conda_packages(conda)
    found: dict[bool, set[str]] = {False: set(), True: set()}
    for is_constraint, text in _lines(folder, lines, ()):
        found[is_constraint].add(text)
    return Requirements(python, tuple(sorted(found[False])), tuple(sorted(found[True])))


def lacking(requirements: Requirements) -> list[str]:
    """Those of the requirements that the packages installed beside this code do not meet."""
    missing = [text for text in requirements.packages if not _met(Requirement(text), frozenset())]
    held = [text for text in requirements.constraints if not _meets_if_there(Requirement(text))]
    return missing + held


# Reading ------------------------------------------------------------------------------------------------------------


def _lines(folder: Path, lines: list[str], through: tuple[str, ...]) -> Iterator[tuple[bool, str]]:
    """The requirements of lines as pip reads them, each with whether it is a constraint."""
    for line in lines:
        text = re.sub(r"(^|\s)#.*$", "", line).strip()
        option = _OPTION.match(text)
        if option is not None:
            constrains = option[1] in ("-c", "--constraint")
            for also, each in _lines(folder, _file(folder, option[2], through), (*through, option[2])):
                yield constrains or also, each
        elif text:
            yield False, _canonical(text)


def _file(folder: Path, name: str, through: tuple[str, ...]) -> list[str]:
    path = contained(folder, name)
    if path is None or name in through:
        raise _unusable(f"-r {name}")
    return path.read_bytes()[:_MOST_BYTES].decode("utf-8", "replace").splitlines()


def _canonical(text: str) -> str:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise _unusable(text) from None
    if requirement.url is not None:
        raise _unusable(requirement.name)
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


def _unusable(text: str) -> ModelError:
    shown = text.split("://", maxsplit=1)[0][:80]  # what follows could hold a password
    return ModelError(
        f"The model requires '{shown}', which is no package of an index.",
        code="model.requirements",
        place="requirements.txt",
        hint="Log the model again with packages by name and version: pip_requirements=[…].",
    )


def _yaml(folder: Path, name: object) -> Mapping[str, Any]:
    import yaml

    path = contained(folder, name)
    if path is None:
        return {}
    try:
        content = yaml.load(path.read_bytes()[:_MOST_BYTES], yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _conda_python(conda: Mapping[str, Any]) -> str | None:
    named = [text for text in _texts(conda.get("dependencies")) if re.match(r"python\s*[=<>~]", text)]
    return _major_minor(named[0]) if named else None


def _conda_packages(conda: Mapping[str, Any]) -> list[str]:
    """What pip installs of it. What conda does is not to be had here, but for Python itself."""
    listed = conda.get("dependencies")
    tables = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [text for table in tables for text in _texts(table.get("pip"))]


def _texts(listed: object) -> list[str]:
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def _major_minor(version: object) -> str | None:
    found = _VERSION.search(str(version)) if version is not None else None
    return None if found is None else f"{found[1]}.{found[2]}"


# Comparing ----------------------------------------------------------------------------------------------------------


def _met(requirement: Requirement, asked: frozenset[str]) -> bool:
    """Whether it is installed, with what its extras need; ``asked`` are the ones that are being looked into."""
    if requirement.marker is not None and not any(
        requirement.marker.evaluate({"extra": each}) for each in ("", *asked)
    ):
        return True
    installed = _installed(requirement)
    if installed is None or not requirement.specifier.contains(installed.version, prereleases=True):
        return False
    new = frozenset(requirement.extras) - asked
    return not new or all(
        _met(each, new) for each in map(Requirement, installed.requires or ()) if _of_extra(each, new)
    )


def _of_extra(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return (
        marker is not None and not marker.evaluate({"extra": ""}) and any(marker.evaluate({"extra": e}) for e in extras)
    )


def _meets_if_there(constraint: Requirement) -> bool:
    installed = _installed(constraint)
    return installed is None or constraint.specifier.contains(installed.version, prereleases=True)


def _installed(requirement: Requirement) -> metadata.Distribution | None:
    name = canonicalize_name(requirement.name)
    for each in _MLFLOW if name in _MLFLOW else (name,):
        try:
            return metadata.distribution(each)
        except metadata.PackageNotFoundError:
            continue
    return None
