"""An organisation's own rules: what columns of such a name, with such values, are suggested to be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from headwater.access import Action, Actor, require, server_scope
from headwater.catalog.classifying.recognising import Recogniser, unavailable
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, exclusive, tables, utc_now

__all__ = ["ClassificationRule", "RuleService", "own_recognisers", "rules_digest"]

_LONGEST_NAME, _LONGEST_PATTERN = 255, 500
#: What one regular expression may take of memory; RE2 takes time in proportion to the text, whatever it is.
_MEMORY = 1 << 20
#: Counted up whenever a built-in recogniser changes, so that columns are looked at again.
_BUILT_IN_VERSION = 1

_rules = tables.classification_rules
_rule = tables.classification_rules.c


@dataclass(frozen=True, slots=True)
class ClassificationRule:
    """A rule. With both patterns, both have to match.

    Attributes:
        name: its own.
        classification: what it suggests.
        name_pattern: a regular expression (RE2) that is found in the column's name, in capitals or not.
        value_pattern: one that a whole value matches.
        least_share: how many of the values have to, from 0 to 1.
        enabled: whether it is used.
    """

    name: str
    classification: str
    name_pattern: str | None = None
    value_pattern: str | None = None
    least_share: float = 0.8
    enabled: bool = True

    def recogniser(self) -> Recogniser:
        """What recognises by it.

        Raises:
            UsageError: a pattern cannot be used (``classification.rule``), or the extra is not installed.
        """
        named = None if self.name_pattern is None else _compiled(self.name_pattern)
        whole = None if self.value_pattern is None else _compiled(self.value_pattern)
        return Recogniser(
            self.classification,
            f"what the rule '{self.name}' is for",
            None if whole is None else lambda value: 1.0 if whole.fullmatch(value) else 0.0,
            None if named is None else lambda name: named.search(name) is not None,
            self.least_share,
            needs_name=named is not None,
        )


class RuleService:
    """The rules of an installation: read by whoever may ``server.read``, changed by whoever may ``server.manage``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, actor: Actor) -> Sequence[ClassificationRule]:
        """All rules, by name.

        Raises:
            ForbiddenError, NotFoundError: the actor may not see the server's settings.
        """
        with self._database.read() as connection:
            require(connection, actor, Action.SERVER_READ, server_scope(connection))
            return _stored(connection)

    def put(self, actor: Actor, rule: ClassificationRule) -> None:
        """Add a rule, or change the one of this name.

        Raises:
            UsageError: it cannot be used (``classification.rule``), or the extra is not installed.
            ForbiddenError, NotFoundError: the actor may not change the server's settings.
        """
        _check(rule)
        rule.recogniser()
        values = asdict(rule) | {"changed_at": utc_now(), "changed_by": actor.name}
        with self._database.begin() as connection:
            exclusive(connection, "classification rules")
            require(connection, actor, Action.SERVER_MANAGE, server_scope(connection))
            changed = connection.execute(update(_rules).where(_rule.name == rule.name).values(values))
            if not changed.rowcount:
                connection.execute(insert(_rules).values(values))

    def remove(self, actor: Actor, name: str) -> None:
        """Remove a rule; what it suggested goes when its columns are looked at again.

        Raises:
            NotFoundError: there is none of this name.
            ForbiddenError: the actor may not change the server's settings.
        """
        with self._database.begin() as connection:
            require(connection, actor, Action.SERVER_MANAGE, server_scope(connection))
            if not connection.execute(delete(_rules).where(_rule.name == name)).rowcount:
                raise NotFoundError(f"There is no rule '{name}'.", hint="List those there are.")


def own_recognisers(connection: Connection) -> list[Recogniser]:
    """The rules that are in use, as recognisers; UsageError where the extra is not installed."""
    return [rule.recogniser() for rule in _stored(connection) if rule.enabled]


def rules_digest(connection: Connection) -> str:
    """What changes whenever any rule does."""
    told = [_BUILT_IN_VERSION, [asdict(rule) for rule in _stored(connection)]]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _stored(connection: Connection) -> list[ClassificationRule]:
    columns = [_rule[name] for name in ClassificationRule.__dataclass_fields__]
    return [ClassificationRule(*row) for row in connection.execute(select(*columns).order_by(_rule.name))]


def _check(rule: ClassificationRule) -> None:
    for text in (rule.name, rule.classification):
        if not text.strip() or len(text) > _LONGEST_NAME or "\x00" in text:
            raise _wrong("A rule has a name, and names a classification, of 255 characters at most.")
    if rule.name_pattern is None and rule.value_pattern is None:
        raise _wrong("A rule has a pattern for names, or one for values.")
    if not 0 < rule.least_share <= 1:
        raise _wrong("The least share of values is above 0, and 1 at most.")


def _compiled(pattern: str) -> Any:
    try:
        import re2
    except ImportError as error:
        raise unavailable(error) from error
    if not 0 < len(pattern) <= _LONGEST_PATTERN:
        raise _wrong(f"A pattern has between 1 and {_LONGEST_PATTERN} characters.")
    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, _MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise _wrong("A pattern is no regular expression that RE2 takes.") from error


def _wrong(message: str) -> UsageError:
    return UsageError(message, code="classification.rule", hint="Correct the rule; patterns are RE2's.")
