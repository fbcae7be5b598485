"""Conditions on entities: a small tree, as Atlas's filters and its query language state it, and its SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)

from headwater.catalog.types import Types
from headwater.errors import UsageError
from headwater.store import tables

__all__ = ["All", "AnyOf", "Compare", "Condition", "IsA", "Not", "Statements", "normal_operator"]

_asset, _kind, _label = tables.assets.c, tables.asset_classifications.c, tables.asset_labels.c


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


@dataclass(frozen=True, slots=True)
class Compare:
    """An attribute compares so with a value; ``operator`` is one of ``OPERATORS``."""

    attribute: str
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class IsA:
    """It is of a type, or one below it, or has a classification, or one below it."""

    name: str


Condition = All | AnyOf | Not | Compare | IsA

#: Each operator, and the further ways in which it is written, without regard to case.
OPERATORS: Final[Mapping[str, str]] = {
    "eq": "=",
    "neq": "!=",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "in": "in",
    "like": "like",
    "startswith": "begins_with",
    "endswith": "ends_with",
    "contains": "contains",
    "notcontains": "not_contains",
    "containsany": "contains_any",
    "containsall": "contains_all",
    "isnull": "is_null",
    "notnull": "not_null",
}
_WRITTEN = {**{sign: name for name, sign in OPERATORS.items()}, "<>": "neq", **{name: name for name in OPERATORS}}


def normal_operator(text: str) -> str:
    """An operator by any of its names.

    Raises:
        UsageError: there is none of that name.

    >>> normal_operator("STARTSWITH"), normal_operator(">="), normal_operator("not_null")
    ('startswith', 'gte', 'notnull')
    """
    found = _WRITTEN.get(text.lower())
    if found is None:
        raise UsageError(f"'{text[:80]}' is no operator.", hint=f"Operators are {', '.join(sorted(OPERATORS))}.")
    return found


#: Attributes that every entity has in columns of its own.
_COLUMNS: Final[Mapping[str, ColumnElement[Any]]] = {
    "name": _asset.display_name,
    "displayName": _asset.display_name,
    "displayText": _asset.display_name,
    "qualifiedName": _asset.qualified_name,
    "guid": _asset.guid,
    "__guid": _asset.guid,
    "__typeName": _asset.type_name,
    "__createdBy": _asset.created_by,
    "__modifiedBy": _asset.updated_by,
    "__state": case((_asset.status == "deleted", "DELETED"), else_="ACTIVE"),
    "userDescription": _asset.user_description,
}
_TIMES: Final[Mapping[str, ColumnElement[Any]]] = {
    "__timestamp": _asset.created_at,
    "createTime": _asset.created_at,
    "__modificationTimestamp": _asset.updated_at,
    "updateTime": _asset.updated_at,
}
_ORDERS: Final = {"lt": "__lt__", "lte": "__le__", "gt": "__gt__", "gte": "__ge__"}


class Statements:
    """The SQL of conditions.

    Args:
        types: the types that there are.
        dialect: of the database ("sqlite", "postgresql").
        below: the classifications beneath each one.
        attributes: the JSON column that attributes without one of their own are in; None: entities' own.
    """

    def __init__(self, types: Types, dialect: str, below: Mapping[str, frozenset[str]], attributes: Any = None) -> None:
        self._types = types
        self._dialect = dialect
        self._below = below
        self._attributes = attributes

    def where(self, condition: Condition) -> ColumnElement[bool]:
        """The condition as SQL's.

        Raises:
            UsageError: a value does not go with its operator.
        """
        if isinstance(condition, All):
            return and_(true(), *(self.where(part) for part in condition.parts))
        if isinstance(condition, AnyOf):
            return or_(false(), *(self.where(part) for part in condition.parts))
        if isinstance(condition, Not):
            return not_(func.coalesce(self.where(condition.part), false()))
        if isinstance(condition, IsA):
            return self._is_a(condition.name)
        return self._compare(condition)

    def value(self, attribute: str) -> ColumnElement[Any]:
        """An attribute's value, to be shown or sorted by."""
        return _TIMES[attribute] if attribute in _TIMES else self._text(attribute)

    def classified(self, names: Sequence[str], condition: Condition | None = None) -> ColumnElement[bool]:
        """Whether an entity has one of these classifications, with attributes that meet a condition."""
        met = (
            []
            if condition is None
            else [Statements(self._types, self._dialect, self._below, _kind.attributes).where(condition)]
        )
        return exists().where(_kind.asset_id == _asset.id, _kind.state == "accepted", _kind.type_name.in_(names), *met)

    def _is_a(self, name: str) -> ColumnElement[bool]:
        if name in self._types:
            return _asset.type_name.in_(self._types.subtypes(name))
        return self.classified([name, *sorted(self._below.get(name, ()))])

    # -- values --

    def _text(self, attribute: str) -> ColumnElement[Any]:
        own = self._attributes is None
        if own and attribute in _COLUMNS:
            return _COLUMNS[attribute]
        group, dot, _ = attribute.partition(".")
        if own and dot and group in self._types.business:
            return self._json(_asset.business_attributes, attribute.split(".", 1))[0]
        return self._json(self._attributes if not own else _asset.attributes, [attribute])[0]

    def _number(self, attribute: str) -> ColumnElement[Any]:
        own = self._attributes is None
        group, dot, _ = attribute.partition(".")
        if own and dot and group in self._types.business:
            return self._json(_asset.business_attributes, attribute.split(".", 1))[1]
        return self._json(self._attributes if not own else _asset.attributes, [attribute])[1]

    def _json(self, column: Any, path: Sequence[str]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """What JSON has at a path, as text, and as a number where it is one."""
        if self._dialect == "postgresql":
            text = func.jsonb_extract_path_text(column, *path)
            kind = func.jsonb_typeof(func.jsonb_extract_path(column, *path))
            # In a CASE, so that nothing else is ever read as a number.
            return text, case(
                (kind == "number", cast(text, tables.asset_classifications.c.confidence.type)), else_=null()
            )
        if any('"' in part for part in path):
            return cast(null(), Text), null()
        place = "$" + "".join(f'."{part}"' for part in path)
        kind, value = func.json_type(column, place), func.json_extract(column, place)
        number = case((kind.in_(["integer", "real"]), value), else_=null())
        return case((kind.in_(["true", "false"]), kind), else_=cast(value, Text)), number

    # -- comparisons --

    def _compare(self, condition: Compare) -> ColumnElement[bool]:
        name, operator, value = condition.attribute, condition.operator, condition.value
        if name in {"__labels", "__classificationNames"} and self._attributes is None:
            return self._listed(name, operator, value)
        if name in _TIMES and self._attributes is None:
            return _moments(_TIMES[name], operator, value)
        text = self._text(name)
        if operator == "isnull":
            return or_(text.is_(None), text == "")
        if operator == "notnull":
            return and_(text.is_not(None), text != "")
        if operator in _ORDERS:
            number = _as_number(value)
            if number is not None and (self._attributes is not None or name not in _COLUMNS):
                found: ColumnElement[bool] = getattr(self._number(name), _ORDERS[operator])(number)
                return found
            found = getattr(text, _ORDERS[operator])(_written(value))
            return found
        if operator in {"eq", "neq"} and isinstance(value, float):
            same = self._number(name) == value
            return same if operator == "eq" else or_(not_(same), self._number(name).is_(None))
        return _texts(text, operator, value)

    def _listed(self, name: str, operator: str, value: Any) -> ColumnElement[bool]:
        """A condition that one of several values meets."""
        if name == "__labels":
            column: Any = _label.label
            one = select(literal(1)).where(_label.asset_id == _asset.id)
        else:
            column = _kind.type_name
            one = select(literal(1)).where(_kind.asset_id == _asset.id, _kind.state == "accepted")
        if operator in {"isnull", "notnull"}:
            return ~one.exists() if operator == "isnull" else one.exists()
        if operator in {"neq", "notcontains"}:
            return ~one.where(_texts(column, "eq" if operator == "neq" else "contains", value)).exists()
        return one.where(_texts(column, operator, value)).exists()


def _texts(text: ColumnElement[Any], operator: str, value: Any) -> ColumnElement[bool]:
    """Text compared: what is equal is equal to the letter, all else without regard to case."""
    if operator in {"in", "containsany", "containsall"}:
        several = [_written(each) for each in (value if isinstance(value, (list, tuple)) else _split(value))]
        if operator == "in":
            return text.in_(several)
        parts = [text.icontains(each, autoescape=True) for each in several]
        return or_(false(), *parts) if operator == "containsany" else and_(true(), *parts)
    wanted = _written(value)
    tests: dict[str, Any] = {
        "eq": lambda: text == wanted,
        "neq": lambda: or_(text != wanted, text.is_(None)),
        "like": lambda: text.ilike(_pattern(wanted), escape="\\"),
        "startswith": lambda: text.istartswith(wanted, autoescape=True),
        "endswith": lambda: text.iendswith(wanted, autoescape=True),
        "contains": lambda: text.icontains(wanted, autoescape=True),
        "notcontains": lambda: or_(not_(text.icontains(wanted, autoescape=True)), text.is_(None)),
    }
    if operator not in tests:
        raise UsageError(f"Text does not compare by '{operator}'.", hint="Use eq, neq, in, like, startsWith …")
    found: ColumnElement[bool] = tests[operator]()
    return found


def _moments(at: ColumnElement[Any], operator: str, value: Any) -> ColumnElement[bool]:
    if operator in {"isnull", "notnull"}:
        return false() if operator == "isnull" else true()
    moment = _moment(value)
    if operator in _ORDERS:
        found: ColumnElement[bool] = getattr(at, _ORDERS[operator])(moment)
        return found
    if operator in {"eq", "neq"}:
        return at == moment if operator == "eq" else at != moment
    raise UsageError(f"A time does not compare by '{operator}'.", hint="Use eq, neq, lt, lte, gt or gte.")


def _moment(value: Any) -> datetime:
    try:
        number = _as_number(value)
        if number is not None:
            return datetime.fromtimestamp(number / 1000, UTC)
        found = datetime.fromisoformat(str(value))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError("That is no time.", hint="Give milliseconds since 1970, or ISO 8601.") from error


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 1e300 else None


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else str(value)
    if "\0" in text:
        raise UsageError("A value has the character NUL.", hint="Leave it out.")
    return text


def _split(value: Any) -> list[str]:
    return [part.strip() for part in _written(value).split(",")]


def _pattern(text: str) -> str:
    r"""SQL's pattern for one with stars and question marks.

    >>> _pattern("sales_*?")
    'sales\\_%_'
    """
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")
