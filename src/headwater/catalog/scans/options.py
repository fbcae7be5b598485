"""What a scan is asked to bring in: everything or what is new, of the whole source or of a part of it."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Literal

from headwater.errors import UsageError

__all__ = ["ScanKind", "ScanOptions", "parse_tags"]

ScanKind = Literal["full", "incremental"]

_KINDS = ("full", "incremental")
#: How many patterns or tags one scope may have, and how long each may be.
_MOST, _LONGEST = 200, 500


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What a scan brings in, and what it may take away.

    Attributes:
        kind: ``full`` reads everything; ``incremental`` lists models, versions and aliases, and reads what changed.
        models: the models in scope, by name; ``*`` stands for any text, ``?`` for one character. None given: all.
        excluded_models: models out of scope all the same.
        experiments: the experiments in scope, by name, with the same wildcards: runs of others, and versions that no
            run of these made, stay out.
        tags: key and value that a version, or its model, must have; of a run that registered nothing, the run.
        unregistered_runs: bring runs in that registered no version, too.
        unregistered_models: bring models in that were logged and never registered, too.
        reread_signatures: read signatures again that are known.
        max_removed_share: a scan that would mark more of a type as missing than this share, and more than a few,
            marks nothing.
        confirm_removals: mark them all the same.

    Raises:
        UsageError: a value means nothing (``scan.options``).

    >>> options = ScanOptions(models=("fraud_*",), tags={"team": "risk"})
    >>> options.covers_model("fraud_eu"), options.covers_model("churn")
    (True, False)
    >>> ScanOptions.from_json(options.to_json()) == options
    True
    """

    kind: ScanKind = "full"
    models: tuple[str, ...] = ()
    excluded_models: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    unregistered_runs: bool = False
    unregistered_models: bool = False
    reread_signatures: bool = False
    max_removed_share: float = 0.5
    confirm_removals: bool = False

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise _nonsense(f"'{self.kind}' is no kind of scan", "Take 'full' or 'incremental'.")
        for name in ("models", "excluded_models", "experiments"):
            _check_texts(name, getattr(self, name))
        if not isinstance(self.tags, Mapping):
            raise _nonsense("'tags' are no pairs", "Write them as key=value.")
        _check_texts("tags", tuple(self.tags))
        if not all(isinstance(value, str) and len(value) <= _LONGEST for value in self.tags.values()):
            raise _nonsense("A tag's value is no text, or too long", "Write tags as key=value.")
        for name in ("unregistered_runs", "unregistered_models", "reread_signatures", "confirm_removals"):
            if not isinstance(getattr(self, name), bool):
                raise _nonsense(f"'{name}' is neither true nor false", "Give one of these.")
        share = self.max_removed_share
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise _nonsense("'max_removed_share' is no share", "Give a number from 0 to 1, such as 0.5.")

    @property
    def is_scoped(self) -> bool:
        """Whether a part of the source is out of scope."""
        return bool(self.models or self.excluded_models or self.experiments or self.tags)

    def covers_model(self, name: str) -> bool:
        """Whether a model of that name is in scope, as far as names tell."""
        return _matches(self.models, name) and not (self.excluded_models and _matches(self.excluded_models, name))

    def covers_experiment(self, name: str) -> bool:
        """Whether runs of that experiment are in scope."""
        return _matches(self.experiments, name)

    def covers_tags(self, *of: Mapping[str, str]) -> bool:
        """Whether something with these tags is in scope; the later ones say what a tag of two values has."""
        merged: dict[str, str] = {}
        for tags in of:
            merged |= tags
        return all(merged.get(key) == value for key, value in self.tags.items())

    def to_json(self) -> dict[str, Any]:
        """As JSON, without what is as it is by default.

        >>> ScanOptions(kind="incremental", models=("a*",)).to_json()
        {'kind': 'incremental', 'models': ['a*']}
        """
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        default = ScanOptions()
        kept = {name: value for name, value in given.items() if name == "kind" or value != getattr(default, name)}
        return {name: _plain(value) for name, value in kept.items()}

    @classmethod
    def from_json(cls, values: Any) -> ScanOptions:
        """What ``to_json`` gave, or somebody wrote.

        Raises:
            UsageError: it is no such thing (``scan.options``).
        """
        if not isinstance(values, Mapping):
            raise _nonsense("The options of a scan are no object", "Give names with values.")
        names = {item.name for item in fields(cls)}
        unknown = sorted(str(name) for name in values if name not in names)
        if unknown:
            raise _nonsense(f"A scan has no option '{unknown[0]}'", f"There are: {', '.join(sorted(names))}.")
        given: dict[str, Any] = {
            str(name): tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**given)


def parse_tags(texts: Iterable[str]) -> dict[str, str]:
    """Tags as people write them.

    Raises:
        UsageError: one of them is no ``key=value`` (``scan.options``).

    >>> parse_tags(["team=risk", "note=a=b"])
    {'team': 'risk', 'note': 'a=b'}
    """
    found: dict[str, str] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not key or not sign:
            raise _nonsense(f"'{text}' is no tag", "Write it as key=value.")
        found[key] = value
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _check_texts(name: str, values: Any) -> None:
    if not isinstance(values, tuple) or not all(isinstance(value, str) for value in values):
        raise _nonsense(f"'{name}' is no list of texts", 'Write it as ["first", "second"].')
    if len(values) > _MOST or any(not value or len(value) > _LONGEST for value in values):
        raise _nonsense(
            f"'{name}' holds too many texts, an empty one or one that is too long",
            f"Give up to {_MOST}, of 1 to {_LONGEST} characters each; '*' stands for any text.",
        )


def _nonsense(what: str, hint: str) -> UsageError:
    return UsageError(f"{what}.", code="scan.options", hint=hint)


def _matches(patterns: Iterable[str], name: str) -> bool:
    """Whether a name is like one of the patterns; every name is where there is none."""
    compiled = _compiled(tuple(patterns))
    return compiled is None or compiled.match(name) is not None


@lru_cache(maxsize=64)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    # fnmatch's expressions never try many stars against each other; "[" has no meaning in ours.
    return re.compile("|".join(fnmatch.translate(pattern.replace("[", "[[]")) for pattern in patterns))
