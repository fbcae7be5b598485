"""Atlas's filters, ``entityFilters`` and ``tagFilters``, read into conditions."""

from __future__ import annotations

from typing import Any, Final

from headwater.catalog.discovery.conditions import All, AnyOf, Compare, Condition, normal_operator
from headwater.errors import UsageError

__all__ = ["read_criteria"]

_DEEPEST: Final = 32
_MOST: Final = 500


def read_criteria(stated: Any, depth: int = 0) -> Condition | None:
    """A filter; None where there is none.

    Raises:
        UsageError: it cannot be read.

    >>> read_criteria({"condition": "OR", "criterion": [
    ...     {"attributeName": "name", "operator": "eq", "attributeValue": "a"}]})
    AnyOf(parts=(Compare(attribute='name', operator='eq', value='a'),))
    """
    if stated is None or stated == {}:
        return None
    if not isinstance(stated, dict) or depth > _DEEPEST:
        raise UsageError("A filter is no object, or nested too deeply.", hint='Write {"condition": "AND", …}.')
    # apache-atlas's client writes everything that a filter may have, most of it null.
    if stated.get("attributeName") is not None:
        name, operator = stated["attributeName"], stated.get("operator") or "eq"
        if not isinstance(name, str) or not isinstance(operator, str) or len(name) > 1_000 or "\0" in name:
            raise UsageError("A filter's attribute or operator is no text.", hint="Name an attribute.")
        return Compare(name, normal_operator(operator), stated.get("attributeValue"))
    listed = stated.get("criterion")
    if not isinstance(listed, list) or len(listed) > _MOST:
        raise UsageError(
            "A filter names neither an attribute nor criteria.",
            hint='Write {"attributeName": "name", "operator": "eq", "attributeValue": "orders"}.',
        )
    parts = tuple(part for each in listed if (part := read_criteria(each, depth + 1)) is not None)
    condition = str(stated.get("condition") or "AND").upper()
    if condition not in {"AND", "OR"}:
        raise UsageError(f"'{condition[:20]}' joins no criteria.", hint="Use AND or OR.")
    return All(parts) if condition == "AND" else AnyOf(parts)
