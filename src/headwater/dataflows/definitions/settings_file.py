"""Settings as ``dataflow.toml`` states them: read, and written.

::

    [dataflow]
    name = "flights"
    load = ["flights_scored", "delays_by_carrier"]   # the queries that become tables
    owner = "ana"                        # who answers for it, and is told
    culture = "en-US"
    time_zone = "Europe/Berlin"          # of local times; UTC without it
    errors = "null"                      # an error cell: "null" (and counted) or "fail"
    schema_changes = "follow"            # other columns than before: "follow", "add" (new ones only) or "fail"
    rescore = "all"                      # a model has a new version: rescore "all", "new_rows" only, or "never"
    retries = 2                          # after failures that may pass by themselves

    [schedule]
    cron = "0 6 * * *"
    time_zone = "Europe/Berlin"          # the dataflow's without it
    missed = "once"                      # what was missed: run "once", "skip" it, or run "all"

    [limits]
    parallel = 2                         # entities side by side
    memory = "2GB"
    time = "2h"
    rows = 10_000_000                    # of an entity

    [[notify]]
    email = "team@example.org"           # or person = "ben", or webhook = "https://…"
    on = "failure"                       # or "always"

    [entities.flights_scored]
    mode = "keyed"                       # "full", "keyed" or "partitioned"
    key = ["id"]
    gone = "remove"                      # rows that the query no longer gives: "remove" or "keep"

    [entities.sales]
    mode = "partitioned"
    store = "5 years"                    # of RangeStart and RangeEnd
    refresh = "10 days"
    detect_changes = "ModifiedAt"        # a column whose greatest value tells whether a period changed
    complete_periods = true

    [groups]
    Staging = ["raw_orders", "raw_lines"]

    [linked.customers]                   # a name for another dataflow's table
    dataflow = "crm"
    entity = "customers"

    [columns]                            # what an imported table was said to have; exporting it says so again
    sales = [["id", "int64"], ["when", "datetime"]]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from headwater.dataflows.definitions.settings import (
    ColumnKind,
    EntitySettings,
    ErrorPolicy,
    Gone,
    Limits,
    LinkedEntity,
    Mode,
    Partitions,
    Periods,
    RescorePolicy,
    ScheduleSettings,
    SchemaPolicy,
    Settings,
    Subscriber,
)
from headwater.errors import UsageError
from headwater.jobs.cron import check as check_cron
from headwater.jobs.schedules import MissedPolicy

__all__ = ["SETTINGS_FILE", "read_settings"]

SETTINGS_FILE = "dataflow.toml"

_TABLES = ("schedule", "limits", "notify", "entities", "groups", "linked", "columns")
_SIZES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_TIMES = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def read_settings(document: Mapping[str, Any], place: str) -> Settings:
    """The settings that the tables of a ``dataflow.toml`` state.

    Args:
        document: the file's tables, as TOML reads them.
        place: the file, for errors.

    Raises:
        UsageError: something is stated that is no setting, or cannot be.
    """
    try:
        return _settings(document)
    except UsageError as error:
        raise UsageError(error.message, place=place, hint=error.hint) from error


def _settings(document: Mapping[str, Any]) -> Settings:
    _known(document, ("dataflow", *_TABLES), "table")
    stated = _table(document, "dataflow")
    _known(stated, ("name", *(f.name for f in fields(Settings) if f.name not in _TABLES)), "setting")
    _text(stated, "name", "")
    return Settings(
        load=_names(stated, "load"),
        errors=_choice(stated, "errors", ErrorPolicy, "null"),
        culture=_text(stated, "culture", "en-US"),
        description=_text(stated, "description", ""),
        owner=_text(stated, "owner", ""),
        time_zone=_zone(_text(stated, "time_zone", "UTC")),
        schema_changes=_choice(stated, "schema_changes", SchemaPolicy, "follow"),
        rescore=_choice(stated, "rescore", RescorePolicy, "all"),
        retries=_whole(stated, "retries", 2, 0, 10),
        schedule=_schedule(_table(document, "schedule")) if "schedule" in document else None,
        limits=_limits(_table(document, "limits")),
        notify=_subscribers(document.get("notify", [])),
        entities={name: _entity(_table(document["entities"], name)) for name in _table(document, "entities")},
        groups={name: _names(document["groups"], name) for name in _table(document, "groups")},
        linked={name: _linked(_table(document["linked"], name)) for name in _table(document, "linked")},
        columns={name: _columns(listed) for name, listed in _table(document, "columns").items()},
    )


def _schedule(stated: Mapping[str, Any]) -> ScheduleSettings:
    _known(stated, ("cron", "time_zone", "missed"), "setting of 'schedule'")
    zone = _text(stated, "time_zone", "")
    cron = _text(stated, "cron", "")
    check_cron(cron, zone or "UTC")
    return ScheduleSettings(cron, _zone(zone) if zone else "", _choice(stated, "missed", MissedPolicy, "once"))


def _limits(stated: Mapping[str, Any]) -> Limits:
    _known(stated, ("parallel", "memory", "time", "rows"), "limit")
    memory, time = _text(stated, "memory", ""), _text(stated, "time", "")
    return Limits(
        parallel=_whole(stated, "parallel", 2, 1, 64),
        memory=_measured(memory, _SIZES, '"2GB"') if memory else None,
        seconds=_measured(time, _TIMES, '"90m" or "2h"') if time else None,
        rows=_whole(stated, "rows", 0, 1, 10**15) if "rows" in stated else None,
    )


def _subscribers(stated: Any) -> tuple[Subscriber, ...]:
    hint = 'Write each as [[notify]] with one of person, email and webhook, and on = "failure" or "always".'
    if not isinstance(stated, list) or not all(isinstance(entry, dict) for entry in stated):
        raise _misstated("'notify' is a list of those who are told.", hint)
    found = []
    for entry in stated:
        kinds: list[Any] = [kind for kind in ("person", "email", "webhook") if kind in entry]
        if len(kinds) != 1 or entry.keys() - {*kinds, "on"}:
            raise _misstated("An entry of 'notify' does not say whom to tell.", hint)
        address = _text(entry, kinds[0], "")
        if not address or (kinds[0] == "webhook" and not address.startswith(("https://", "http://"))):
            raise _misstated(f"An entry of 'notify' has a '{kinds[0]}' that is none.", hint)
        on: Any = _choice(entry, "on", Literal["failure", "always"], "failure")
        found.append(Subscriber(kinds[0], address, on))
    return tuple(found)


_ENTITY = ("mode", "key", "gone", "store", "refresh", "detect_changes", "complete_periods", "errors", "schema_changes")


def _entity(stated: Mapping[str, Any]) -> EntitySettings:
    _known(stated, _ENTITY, "setting of an entity")
    mode: Mode = _choice(stated, "mode", Mode, "full")
    partitions = _partitions(stated) if mode == "partitioned" else None
    for name, needed in (("key", "keyed"), ("gone", "keyed"), *((key, "partitioned") for key in _ENTITY[3:7])):
        if name in stated and mode != needed and not (name == "key" and mode == "full"):
            raise _misstated(f"'{name}' says nothing in the mode \"{mode}\".", f'It belongs to mode = "{needed}".')
    key = _names(stated, "key")
    if mode == "keyed" and not key:
        raise _misstated("A keyed entity has no 'key'.", 'Name the columns that tell rows apart: key = ["id"].')
    return EntitySettings(
        mode,
        key,
        _choice(stated, "gone", Gone, "remove"),
        partitions,
        _choice(stated, "errors", ErrorPolicy, None),
        _choice(stated, "schema_changes", SchemaPolicy, None),
    )


def _partitions(stated: Mapping[str, Any]) -> Partitions:
    if "store" not in stated or "refresh" not in stated:
        raise _misstated(
            "A partitioned entity says how much to store and to refresh.",
            'Write store = "5 years" and refresh = "10 days".',
        )
    complete = stated.get("complete_periods", False)
    if not isinstance(complete, bool):
        raise _misstated("'complete_periods' is true or false.", "Write one of these, without quotes.")
    store, refresh = Periods.parse(_text(stated, "store", "")), Periods.parse(_text(stated, "refresh", ""))
    return Partitions(store, refresh, _text(stated, "detect_changes", ""), complete)


def _linked(stated: Mapping[str, Any]) -> LinkedEntity:
    _known(stated, ("dataflow", "entity"), "setting of a linked entity")
    dataflow, entity = _text(stated, "dataflow", ""), _text(stated, "entity", "")
    if not dataflow or not entity:
        raise _misstated("A linked entity names a dataflow and an entity of it.", "State both.")
    return LinkedEntity(dataflow, entity)


def _columns(listed: Any) -> tuple[tuple[str, ColumnKind], ...]:
    hint = 'Write it as sales = [["id", "int64"], ["name", "text"]].'
    if not isinstance(listed, list):
        raise _misstated("'columns' lists the columns of a table.", hint)
    found: list[tuple[str, ColumnKind]] = []
    for pair in listed:
        if not isinstance(pair, list) or [type(part) for part in pair] != [str, str]:
            raise _misstated("A column in 'columns' is not a name and a type.", hint)
        found.append((pair[0], _choice({"type": pair[1]}, "type", ColumnKind, None)))
    return tuple(found)


def _known(stated: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for key in stated:
        if key not in known:
            raise _misstated(f"'{key}' is no {what}.", f"There are {', '.join(known)}.")


def _table(stated: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = stated.get(key, {})
    if not isinstance(value, dict):
        raise _misstated(f"'{key}' is a table.", f"Write it as [{key}].")
    return value


def _names(stated: Mapping[str, Any], key: str) -> tuple[str, ...]:
    listed = stated.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(name, str) and name for name in listed):
        raise _misstated(f"'{key}' is a list of names.", f'Write it as {key} = ["one", "other"].')
    return tuple(listed)


def _text(stated: Mapping[str, Any], key: str, default: str) -> str:
    value = stated.get(key, default)
    if not isinstance(value, str):
        raise _misstated(f"'{key}' is a text.", "Write it in quotes.")
    return value


def _whole(stated: Mapping[str, Any], key: str, default: int, least: int, most: int) -> int:
    value = stated.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _misstated(f"'{key}' is a whole number from {least} to {most:,}.", "Write one of these, without quotes.")
    return value


def _choice(stated: Mapping[str, Any], key: str, choices: Any, default: Any) -> Any:
    value = stated.get(key, default)
    if value is not default and value not in get_args(choices):
        listed = " or ".join(f'"{choice}"' for choice in get_args(choices))
        raise _misstated(f"'{key}' is {listed}.", "Write one of these.")
    return value


def _measured(text: str, units: Mapping[str, int], example: str) -> int:
    found = re.fullmatch(rf"([1-9][0-9]{{0,9}}) ?({'|'.join(units)})", text.strip())
    if found is None:
        raise _misstated(f"'{text}' is no such limit.", f"Write it as {example}.")
    return int(found[1]) * units[found[2]]


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        raise _misstated(f"'{name}' is no time zone.", 'Write it as "Europe/Berlin" or "UTC".') from error


def _misstated(message: str, hint: str) -> UsageError:
    return UsageError(message, hint=hint)
