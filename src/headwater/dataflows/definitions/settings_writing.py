"""Settings written down as :mod:`headwater.dataflows.definitions.settings_file` reads them."""

from __future__ import annotations

from typing import Any

from headwater.dataflows.definitions.settings import EntitySettings, Limits, Settings, Subscriber

__all__ = ["settings_document", "settings_text"]

_SIZES = {"TB": 10**12, "GB": 10**9, "MB": 10**6, "KB": 10**3}
_TIMES = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def settings_document(name: str, settings: Settings) -> dict[str, Any]:
    """The tables of a ``dataflow.toml``, as TOML and JSON write them alike; what is usual is left out.

    >>> settings_document("sales", Settings(("orders",), owner="ana"))
    {'dataflow': {'name': 'sales', 'load': ['orders'], 'owner': 'ana'}}
    """
    usual = Settings(())
    plain = ("errors", "culture", "description", "owner", "time_zone", "schema_changes", "rescore", "retries")
    stated = {key: getattr(settings, key) for key in plain if getattr(settings, key) != getattr(usual, key)}
    document: dict[str, Any] = {"dataflow": {"name": name, "load": list(settings.load), **stated}}
    if settings.schedule is not None:
        schedule = settings.schedule
        zone = {"time_zone": schedule.time_zone} if schedule.time_zone else {}
        document["schedule"] = {"cron": schedule.cron, **zone, "missed": schedule.missed}
    tables = {
        "limits": _limits(settings.limits),
        "notify": [_subscriber(told) for told in settings.notify],
        "entities": {entity: _entity(found) for entity, found in settings.entities.items()},
        "groups": {group: list(members) for group, members in settings.groups.items()},
        "linked": {
            own: {"dataflow": linked.dataflow, "entity": linked.entity} for own, linked in settings.linked.items()
        },
        "columns": {entity: [list(pair) for pair in listed] for entity, listed in settings.columns.items()},
    }
    return document | {key: table for key, table in tables.items() if table}


def settings_text(name: str, settings: Settings) -> str:
    """The text of a ``dataflow.toml``.

    >>> print(settings_text("sales", Settings(("orders",))), end="")
    [dataflow]
    name = "sales"
    load = ["orders"]
    """
    import tomlkit

    return tomlkit.dumps(settings_document(name, settings))


def _limits(limits: Limits) -> dict[str, Any]:
    stated: dict[str, Any] = {} if limits.parallel == Limits().parallel else {"parallel": limits.parallel}
    if limits.memory is not None:
        stated["memory"] = _measured(limits.memory, _SIZES)
    if limits.seconds is not None:
        stated["time"] = _measured(limits.seconds, _TIMES)
    if limits.rows is not None:
        stated["rows"] = limits.rows
    return stated


def _measured(number: int, units: dict[str, int]) -> str:
    """The number in the largest unit that it is a multiple of; what is stated never needs a smaller one."""
    unit = next(unit for unit, size in units.items() if number % size == 0)
    return f"{number // units[unit]}{unit}"


def _subscriber(told: Subscriber) -> dict[str, Any]:
    return {told.kind: told.address, "on": told.on}


def _entity(entity: EntitySettings) -> dict[str, Any]:
    usual = EntitySettings()
    stated: dict[str, Any] = {"mode": entity.mode}
    if entity.key:
        stated["key"] = list(entity.key)
    if entity.mode == "keyed":
        stated["gone"] = entity.gone
    if entity.partitions is not None:
        periods = entity.partitions
        stated |= {"store": str(periods.store), "refresh": str(periods.refresh)}
        if periods.detect_changes:
            stated["detect_changes"] = periods.detect_changes
        if periods.complete_periods:
            stated["complete_periods"] = True
    for key in ("errors", "schema_changes"):
        if getattr(entity, key) != getattr(usual, key):
            stated[key] = getattr(entity, key)
    return stated
