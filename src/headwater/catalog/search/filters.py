"""Filters: a small typed tree, and the JSON of Purview's clients that it is read from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from headwater.catalog.search.documents import milliseconds
from headwater.errors import UsageError

__all__ = [
    "And",
    "Attribute",
    "Between",
    "Filter",
    "Identified",
    "Not",
    "Operator",
    "Or",
    "TermNamed",
    "Under",
    "ValueIn",
    "parse_filter",
]

Operator = Literal["eq", "contains", "prefix", "gt", "ge", "lt", "le"]


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Filter


@dataclass(frozen=True, slots=True)
class ValueIn:
    """One of these values is in a column of ``documents.COLUMNS``."""

    column: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Under:
    """A column has the value, or one that is named beneath it: ``PERSONAL`` has ``PERSONAL.EMAIL`` beneath it."""

    column: str
    value: str


@dataclass(frozen=True, slots=True)
class TermNamed:
    """A glossary term by its name, in one glossary or ("") in any."""

    name: str
    glossary: str = ""


@dataclass(frozen=True, slots=True)
class Identified:
    guids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Between:
    """Created or updated in ``lower <= time < upper``, in milliseconds since 1970; None is open."""

    column: Literal["created", "updated"]
    lower: int | None
    upper: int | None


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute compares so with a value. Text is compared without case and accents."""

    name: str
    operator: Operator
    value: str | int | float | bool


Filter = And | Or | Not | ValueIn | Under | TermNamed | Identified | Between | Attribute

_DEEPEST, _LONGEST = 32, 1_000
_TIMES: Mapping[str, Literal["created", "updated"]] = {
    "createTime": "created",
    "updateTime": "updated",
    "modifiedTime": "updated",
    "created": "created",
    "updated": "updated",
}
_RANGES: Mapping[str, timedelta] = {
    "LAST_24H": timedelta(hours=24),
    "LAST_7D": timedelta(days=7),
    "LAST_30D": timedelta(days=30),
    "LAST_365D": timedelta(days=365),
}
# Leaves that name a value of a column, and the column.
_VALUES: Mapping[str, str] = {
    "objectType": "objectType",
    "assetType": "assetType",
    "sourceType": "assetType",
    "source": "source",
    "label": "label",
    "sensitivity": "sensitivity",
    "sensitivityLabelId": "sensitivity",
    "termGuid": "termGuid",
    "contactId": "contact",
    "contact": "contact",
    "owner": "owner",
    "expert": "expert",
    "endorsement": "endorsement",
    "glossaryType": "type",
    "termStatus": "termStatus",
    "termTemplate": "termTemplate",
}
_OPERATORS = ("eq", "ne", "contains", "prefix", "gt", "ge", "lt", "le", "timerange")


def parse_filter(
    value: Any, *, now: datetime, subclassifications: Mapping[str, Collection[str]] | None = None
) -> Filter | None:
    """Read a filter from the JSON that Purview's clients send.

    Args:
        value: the filter; None or ``{}`` is no filter.
        now: what ``LAST_7D`` and the like count back from.
        subclassifications: the classifications beneath each one, beside those that its name says.

    Raises:
        UsageError: a leaf is not known, or holds something that makes no sense.

    >>> parse_filter({"not": {"objectType": "Files"}}, now=datetime(2026, 1, 1))
    Not(part=ValueIn(column='objectType', values=frozenset({'Files'})))
    """
    if value is None or value == {}:
        return None
    return _FilterReader(now, subclassifications or {}).read(value, 0)


class _FilterReader:
    def __init__(self, now: datetime, subclassifications: Mapping[str, Collection[str]]) -> None:
        self._now = milliseconds(now)
        self._subclassifications = subclassifications
        self._leaves: Mapping[str, Callable[[Mapping[str, Any], str], Filter]] = {
            **dict.fromkeys(_VALUES, self._value),
            **dict.fromkeys(_TIMES, self._time),
            **dict.fromkeys(("id", "guid"), lambda leaf, name: Identified(_texts(leaf, name))),
            **dict.fromkeys(("entityType", "typeName"), self._type),
            **dict.fromkeys(("collectionId", "collection"), self._collection),
            "fileExtension": self._extension,
            "classification": self._classification,
            "term": self._term,
            "attributeName": self._attribute,
        }

    def read(self, value: Any, depth: int) -> Filter:
        if not isinstance(value, Mapping) or not value:
            raise UsageError("A filter is not an object with something in it.", hint='Write {"objectType": "Tables"}.')
        if depth > _DEEPEST:
            raise UsageError("The filter is nested too deeply.", hint=f"Use {_DEEPEST} levels at most.")
        parts = [self._entry(key, value, depth) for key in value if key not in _COMPANIONS]
        if not parts:
            raise UsageError(
                f"A filter has only {_named(value)}.", hint="These words belong to a leaf, such as entityType."
            )
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _entry(self, key: str, value: Mapping[str, Any], depth: int) -> Filter:
        if key in ("and", "or"):
            parts = tuple(self.read(part, depth + 1) for part in _listed(value[key], key))
            return And(parts) if key == "and" else Or(parts)
        if key == "not":
            return Not(self.read(value[key], depth + 1))
        if key not in self._leaves:
            raise UsageError(
                f"There is no filter '{str(key)[:80]}'.", hint=f"Filters are and, or, not, {', '.join(self._leaves)}."
            )
        return self._leaves[key](value, key)

    @staticmethod
    def _value(leaf: Mapping[str, Any], name: str) -> Filter:
        return ValueIn(_VALUES[name], _texts(leaf, name))

    @staticmethod
    def _type(leaf: Mapping[str, Any], name: str) -> Filter:
        return ValueIn("types" if _switch(leaf, "includeSubTypes") else "type", _texts(leaf, name))

    @staticmethod
    def _collection(leaf: Mapping[str, Any], name: str) -> Filter:
        return ValueIn("collections" if _switch(leaf, "includeSubCollections") else "collection", _texts(leaf, name))

    @staticmethod
    def _extension(leaf: Mapping[str, Any], name: str) -> Filter:
        return ValueIn("fileExtension", frozenset(text.lstrip(".").lower() for text in _texts(leaf, name)))

    def _classification(self, leaf: Mapping[str, Any], name: str) -> Filter:
        names = _texts(leaf, name)
        if not _switch(leaf, "includeSubClassifications"):
            return ValueIn("classification", names)
        declared = frozenset(below for above in names for below in self._subclassifications.get(above, ()))
        parts: list[Filter] = [Under("classification", above) for above in sorted(names)]
        return Or((*parts, ValueIn("classification", declared))) if declared else _either(parts)

    @staticmethod
    def _term(leaf: Mapping[str, Any], name: str) -> Filter:
        glossary = leaf.get("glossary") or ""
        if not isinstance(glossary, str):
            raise UsageError("'glossary' in a filter is not text.", hint="Give the glossary's name.")
        return _either([TermNamed(term, glossary) for term in sorted(_texts(leaf, name))])

    def _time(self, leaf: Mapping[str, Any], name: str) -> Filter:
        return self._one_time(_TIMES[name], leaf[name])

    def _one_time(self, column: Literal["created", "updated"], value: Any) -> Filter:
        if isinstance(value, str):
            return self._ranges(column, value)
        if isinstance(value, Mapping) and {"operator", "timeThreshold"} == set(value):
            return self._threshold(column, str(value["operator"]), value["timeThreshold"])
        raise UsageError(
            f"'{column}' is compared with something that is no time.",
            hint='Write "LAST_7D" or {"operator": "ge", "timeThreshold": 1545580800000}.',
        )

    def _ranges(self, column: Literal["created", "updated"], value: Any) -> Filter:
        """Ranges counted back from now; several are parted by a bar."""
        bounds = [self._range(text) for text in str(value).split("|")]
        return _either([Between(column, lower, upper) for lower, upper in bounds])

    def _range(self, text: str) -> tuple[int | None, int | None]:
        if text == "MORE_THAN_365D":
            return None, self._now - _milliseconds(timedelta(days=365))
        if text in _RANGES:
            return self._now - _milliseconds(_RANGES[text]), None
        raise UsageError(
            f"'{text[:80]}' is no time range.", hint=f"Time ranges are {', '.join(_RANGES)}, MORE_THAN_365D."
        )

    def _threshold(self, column: Literal["created", "updated"], operator: str, value: Any) -> Filter:
        if operator == "timerange":
            return self._ranges(column, value)
        time = _moment(value)
        exactly = Between(column, time, time + 1)
        comparisons: Mapping[str, Filter] = {
            "eq": exactly,
            "ne": Not(exactly),
            "gt": Between(column, time + 1, None),
            "ge": Between(column, time, None),
            "lt": Between(column, None, time),
            "le": Between(column, None, time + 1),
        }
        if operator not in comparisons:
            raise UsageError(f"A time cannot be compared by '{operator[:80]}'.", hint="Use eq, ne, gt, ge, lt or le.")
        return comparisons[operator]

    def _attribute(self, leaf: Mapping[str, Any], key: str) -> Filter:
        name, operator, value = leaf[key], leaf.get("operator", "eq"), leaf.get("attributeValue")
        if (
            not isinstance(name, str)
            or not isinstance(operator, str)
            or not isinstance(value, str | int | float | bool)
        ):
            raise UsageError(
                "An attribute filter lacks its name, operator or a plain value.",
                hint='Write {"attributeName": "name", "operator": "eq", "attributeValue": "orders"}.',
            )
        # The published examples list the operators that an attribute has with bars between them.
        return _either([self._comparison(name, each, value) for each in operator.split("|")])

    def _comparison(self, name: str, operator: str, value: str | float | bool) -> Filter:
        if operator not in _OPERATORS:
            raise UsageError(f"'{operator[:80]}' is no operator.", hint=f"Operators are {', '.join(_OPERATORS)}.")
        if name in _TIMES:
            return self._threshold(_TIMES[name], operator, value)
        if operator == "timerange":
            bounds = [self._range(text) for text in str(value).split("|")]
            return _either([_within(name, lower, upper) for lower, upper in bounds])
        if operator == "ne":
            return Not(Attribute(name, "eq", value))
        return Attribute(name, operator, value)  # type: ignore[arg-type]  # one of _OPERATORS, checked above


_COMPANIONS = frozenset(
    {
        "includeSubTypes",
        "includeSubClassifications",
        "includeSubCollections",
        "glossary",
        "operator",
        "attributeValue",
    }
)


def _either(parts: list[Any]) -> Filter:
    found: Filter = parts[0] if len(parts) == 1 else Or(tuple(parts))
    return found


def _within(name: str, lower: int | None, upper: int | None) -> Filter:
    return Attribute(name, "ge", lower) if lower is not None else Attribute(name, "lt", upper or 0)


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _moment(value: Any) -> int:
    """A time, given as milliseconds since 1970 or in ISO 8601."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e17:
        return int(value)
    try:
        return milliseconds(datetime.fromisoformat(value))
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(
            "A filter compares with something that is no time.", hint="Give milliseconds since 1970."
        ) from error


def _listed(value: Any, key: str) -> list[Any]:
    if not isinstance(value, list) or not value or len(value) > _LONGEST:
        raise UsageError(
            f"'{key}' does not hold a list of 1 to {_LONGEST} filters.", hint=f'Write {{"{key}": [{{…}}, {{…}}]}}.'
        )
    return value


def _texts(leaf: Mapping[str, Any], name: str) -> frozenset[str]:
    """The value of a leaf: one text, or a list of those of which one is enough."""
    value = leaf[name]
    texts = value if isinstance(value, list) else [value]
    if not texts or len(texts) > _LONGEST or not all(isinstance(text, str) for text in texts):
        raise UsageError(
            f"The filter '{name}' is not given text.", hint=f'Write {{"{name}": "…"}}, or a list of texts.'
        )
    return frozenset(texts)


def _switch(leaf: Mapping[str, Any], name: str) -> bool:
    value = leaf.get(name, False)
    if not isinstance(value, bool):
        raise UsageError(f"'{name}' in a filter is neither true nor false.", hint=f'Write {{"{name}": true}}.')
    return value


def _named(value: Mapping[str, Any]) -> str:
    return ", ".join(f"'{str(key)[:40]}'" for key in value)
