"""What an entity's rows are computed from, as far as its definition says: the same fingerprint, the same computation.

Periods that are on store are taken over for as long as this stays. It is made of everything in a definition that bears
on rows, and of nothing else: neither of how M is laid out, nor of who is told, owns it or saved it, nor of when and
how often it is refreshed. Of parameters that a refresh gives itself (``RangeStart``), the own values are left out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from headwater.dataflows.definitions.definition import DataflowDefinition
from headwater.dataflows.staging.partitions import RANGE
from headwater.powerquery.language import tokenize

__all__ = ["entity_fingerprint"]

#: Through these a query may read any other one.
_ANYTHING = frozenset({"#shared", "#sections"})


def entity_fingerprint(definition: DataflowDefinition, entity: str) -> str:
    """The fingerprint of a loaded query.

    Raises:
        UsageError: loaded queries read each other.

    >>> from headwater.dataflows.definitions.settings import Settings
    >>> before = DataflowDefinition("flow", {"a": "b", "b": "{1, 2}"}, Settings(("a",)))
    >>> after = DataflowDefinition("flow", {"a": "b", "b": "{1,  2} // two"}, Settings(("a",), owner="Ann"))
    >>> entity_fingerprint(before, "a") == entity_fingerprint(after, "a")
    True
    """
    settings = definition.settings
    made: dict[str, str] = {}
    # Each after those that it reads.
    for name in definition.entities():
        stored = {other: [made[other], _kept(definition, other)] for other in definition.dependencies(name)}
        parts = [settings.culture, settings.time_zone, _own_settings(definition, name)]
        made[name] = _digest([*parts, _texts(definition, name), _linked(definition, name), stored])
    return made[entity]


def _own_settings(definition: DataflowDefinition, entity: str) -> list[Any]:
    own = definition.settings.of(entity)
    return [own.mode, own.key, own.gone, own.errors or definition.settings.errors]


def _kept(definition: DataflowDefinition, entity: str) -> list[str | bool]:
    """Which periods of an entity another one finds. Its own are told by their dates, whatever was kept before."""
    partitions = definition.settings.of(entity).partitions
    return [] if partitions is None else [str(partitions.store), partitions.complete_periods]


def _texts(definition: DataflowDefinition, entity: str) -> dict[str, list[str]]:
    """The tokens of the queries that are evaluated for it; the rows of loaded ones are read as they are stored."""
    used = _evaluated(definition, entity)
    tokens = {name: [token.text for token in tokenize(definition.queries[name])] for name in used}
    if any(_ANYTHING.intersection(texts) for texts in tokens.values()):
        return {name: [token.text for token in tokenize(text)] for name, text in definition.queries.items()}
    given = RANGE if definition.settings.of(entity).mode == "partitioned" else ()
    return {name: [] if name in given else texts for name, texts in tokens.items()}


def _evaluated(definition: DataflowDefinition, entity: str) -> set[str]:
    seen, waiting = {entity}, [entity]
    while waiting:
        new = definition.queries_used(waiting.pop()) - seen - set(definition.settings.load)
        seen |= new
        waiting += new
    return seen


def _linked(definition: DataflowDefinition, entity: str) -> dict[str, Any]:
    """The linked entities among the names that it uses."""
    named = {found.name for query in _evaluated(definition, entity) for found in definition.references(query)}
    return {name: asdict(linked) for name, linked in definition.settings.linked.items() if name in named}


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
