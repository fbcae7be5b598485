"""Filters by the beginnings of qualified names, as patterns of models' names where they mean the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from headwater.catalog import ScanOptions
from headwater.errors import UsageError
from headwater.workspaces import Source
from headwater.workspaces.registry import holds_models

__all__ = ["Filtered", "filtered"]

_MODELS = "/models/"


@dataclass(frozen=True, slots=True)
class Filtered:
    """What a scan brings in under a filter; ``unmapped``: prefixes that narrow nothing here."""

    options: ScanOptions
    unmapped: tuple[str, ...]


def filtered(source: Source, options: ScanOptions, stated: Mapping[str, Any] | None) -> Filtered:
    """The options of a scan with those of its filter.

    A prefix names models where it reads as a model's qualified name does, or as the source's address and
    ``/models/…``. What is included is all of it or what any prefix says, so that one which means nothing here lets
    everything in; one that excludes and means nothing excludes nothing.

    Raises:
        UsageError: the filter is none.
    """
    include, exclude = (_prefixes(stated or {}, name) for name in ("includeUriPrefixes", "excludeUriPrefixes"))
    included = {each: _pattern(source, each) for each in include}
    excluded = {each: _pattern(source, each) for each in exclude}
    unmapped = tuple(each for each, pattern in {**included, **excluded}.items() if pattern is None)
    models = [pattern for pattern in included.values() if pattern is not None]
    if len(models) == len(included):
        options = replace(options, models=options.models + tuple(models))
    without = tuple(pattern for pattern in excluded.values() if pattern is not None)
    return Filtered(replace(options, excluded_models=options.excluded_models + without), unmapped)


def _prefixes(stated: Mapping[str, Any], name: str) -> list[str]:
    found = stated.get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise UsageError(f"'{name}' is no list of texts.", hint='Send ["mlflow://host:port/models/fraud_"].')
    return found


def _pattern(source: Source, prefix: str) -> str | None:
    """The names of models that a prefix stands for; None where it stands for something else."""
    home, mark, rest = prefix.partition(_MODELS)
    name = unquote(rest)
    if not mark or not holds_models(source.kind) or home.rstrip("/").lower() not in _homes(source):
        return None
    if any(sign in name for sign in "*?"):
        return None
    if name.endswith("/"):
        return name[:-1] if name[:-1] and "/" not in rest[:-1] else None
    return f"{name}*" if "/" not in rest else None


def _homes(source: Source) -> Iterable[str]:
    """How the names of what a source holds begin, in small letters."""
    address = urlsplit(source.url)
    host, path = address.netloc.lower(), address.path.rstrip("/").lower()
    port = "" if address.port else {"http": ":80", "https": ":443"}.get(address.scheme, "")
    return {source.url.rstrip("/").lower(), f"{source.kind}://{host}{path}", f"{source.kind}://{host}{port}{path}"}
