"""What an artifact's ``MLmodel`` file says of how it is loaded, with every path in it kept within the artifact."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headwater.errors import ModelError

__all__ = ["check_contained", "contained", "read_flavors"]

#: What others write is not read without end.
_MOST_BYTES = 10_000_000


def read_flavors(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """The ways in which a model can be loaded, by their names (``python_function``, ``onnx``, …).

    Raises:
        ModelError: the folder holds no ``MLmodel`` that could be read.
    """
    import yaml

    try:
        with (folder / "MLmodel").open("rb") as file:
            content = yaml.load(file.read(_MOST_BYTES), yaml.CSafeLoader)
        flavors = content["flavors"]
        return {str(name): flavor for name, flavor in flavors.items() if isinstance(flavor, dict)}
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # Without the cause's text, which quotes the file.
        raise ModelError(
            f"The artifact has no MLmodel file that could be read ({type(error).__name__}).",
            code="model.artifact",
            place=folder.name,
            hint="Log the model again.",
        ) from None


def contained(folder: Path, name: object) -> Path | None:
    """The file that an artifact means by a relative path; None where there is none within it."""
    if not isinstance(name, str) or not name:
        return None
    found, root = (folder / name).resolve(), folder.resolve()
    return found if found.is_file() and found.is_relative_to(root) else None


def check_contained(folder: Path) -> None:
    """Refuse an artifact with a link that leads out of it.

    Raises:
        ModelError: ``model.containment``.
    """
    root = folder.resolve()
    for path in folder.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise ModelError(
                f"The artifact's file '{path.name}' leads out of the artifact.",
                code="model.containment",
                place=folder.name,
                hint="Log the model with all its files.",
            )
