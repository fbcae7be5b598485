"""The standard library: a folder a category, one declaration a function."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from headwater.powerquery.library.declarations import REGISTRY, Declaration, Registry

__all__ = ["Declaration", "registry"]

_CATEGORIES = ("data", "date", "functions", "list", "logical", "number", "record", "table", "text", "type", "value")


@cache
def registry() -> Registry:
    """All declarations of the library; imported when first asked for."""
    for category in _CATEGORIES:
        import_module(f"{__name__}.{category}")
    return REGISTRY
