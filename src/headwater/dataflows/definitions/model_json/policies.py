"""Refresh policies: which periods of an entity are kept and computed anew, as a ``model.json`` says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from headwater.dataflows.definitions.settings import EntitySettings, Partitions, Periods, Unit
from headwater.errors import MSyntaxError
from headwater.powerquery.language import (
    parse_expression,
    quote_field_name,
    quote_identifier,
    syntax,
)

__all__ = ["read_policy", "written_policy"]

FULL, INCREMENTAL = "FullRefreshPolicy", "IncrementalRefreshPolicy"

_UNITS: dict[str, Unit] = {"day": "days", "month": "months", "quarter": "quarters", "year": "years"}
_MOST = 99_999


def read_policy(entity: str, policy: Mapping[str, Any]) -> tuple[EntitySettings | None, list[str]]:
    """The settings that a policy stands for, None for those of a full refresh; and what was not understood of it."""
    kind = policy.get("$type", FULL)
    if kind != INCREMENTAL:
        return None, [] if kind == FULL else [f"the refresh policy of '{entity}', of a kind that is not known here"]
    store = _periods(policy, "rollingWindow")
    refresh = _periods(policy, "incremental")
    if store is None or refresh is None:
        return None, [f"the refresh policy of '{entity}', which does not say its periods"]
    polled = policy.get("pollingExpression")
    column = _polled_column(polled) if isinstance(polled, str) and polled else ""
    notes = [f"how changes of '{entity}' are detected"] if column is None else []
    offset = policy.get("incrementalPeriodsOffset", 0)
    if offset not in (0, -1):
        notes.append(f"that periods of '{entity}' are shifted")
    return EntitySettings("partitioned", partitions=Partitions(store, refresh, column or "", offset == -1)), notes


def written_policy(entity: str, settings: EntitySettings) -> dict[str, Any]:
    """The policy of an entity."""
    location = {"location": f"{quote(entity, safe='')}.csv"}
    if settings.partitions is None:
        return {"$type": FULL, **location}
    periods = settings.partitions
    policy: dict[str, Any] = {"$type": INCREMENTAL, **location}
    policy |= _stated("rollingWindow", periods.store) | _stated("incremental", periods.refresh)
    if periods.complete_periods:
        policy["incrementalPeriodsOffset"] = -1
    if periods.detect_changes:
        field = quote_field_name(periods.detect_changes)
        policy["pollingExpression"] = f"List.Max({quote_identifier(entity)}[{field}])"
    return policy


def _stated(prefix: str, periods: Periods) -> dict[str, Any]:
    unit = next(word for word, unit in _UNITS.items() if unit == periods.unit)
    return {f"{prefix}Granularity": unit, f"{prefix}Periods": periods.count}


def _periods(policy: Mapping[str, Any], prefix: str) -> Periods | None:
    unit = _UNITS.get(str(policy.get(f"{prefix}Granularity")).lower())
    count = policy.get(f"{prefix}Periods")
    whole = isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= _MOST
    return Periods(count, unit) if unit is not None and whole and isinstance(count, int) else None


def _polled_column(expression: str) -> str | None:
    """The column whose greatest value an expression asks for: ``List.Max(Orders[Changed])``; None: another one."""
    try:
        tree = parse_expression(expression)
    except MSyntaxError:
        return None
    match tree:
        case syntax.Invocation(
            function=syntax.Identifier(name="List.Max"), arguments=(syntax.FieldAccess(target=target, name=name), *_)
        ) if target is not None:
            return name
        case syntax.Invocation(
            function=syntax.Identifier(name="List.Max"),
            arguments=(
                syntax.Invocation(
                    function=syntax.Identifier(name="Table.Column"), arguments=(_, syntax.Literal(value=str() as name))
                ),
                *_,
            ),
        ):
            return name
    return None
