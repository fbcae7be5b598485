"""The standard library: a folder a category, one declaration a function."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from headwater.powerquery.library.declarations import REGISTRY, Declaration, Registry

__all__ = ["Declaration", "registry", "source_functions"]

_CATEGORIES = (
    "binary", "binary_format", "data", "date", "functions", "geography", "lines", "list", "logical", "number",
    "record", "table", "text", "type", "uri", "value",
)  # fmt: skip


@cache
def registry() -> Registry:
    """All declarations of the library; imported when first asked for."""
    for category in _CATEGORIES:
        import_module(f"{__name__}.{category}")
    return REGISTRY


@cache
def source_functions() -> frozenset[str]:
    """The names of the functions that may open a data source: those of the category ``data``."""
    functions = registry().functions
    return frozenset(n for n, d in functions.items() if d.implementation.__module__.startswith(f"{__name__}.data."))
