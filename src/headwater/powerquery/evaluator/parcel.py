"""What goes to a process that evaluates M, and what comes back: JSON and canonical M text, nothing that is code."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from headwater import errors
from headwater.errors import EngineError, HeadwaterError, MError, UsageError
from headwater.plan import types as p
from headwater.plan.nodes import Column
from headwater.powerquery.connections import Connection, Connections, Credential, Privacy, model
from headwater.powerquery.evaluator.program import evaluate_text
from headwater.powerquery.evaluator.session import Session
from headwater.powerquery.values.core import Thunk, Value
from headwater.powerquery.values.text import canonical_text
from headwater.secret import Secret

__all__ = ["error_of", "packed_columns", "packed_error", "packed_session", "session_of", "unpacked_columns", "value_of"]

_LONGEST_DETAIL = 1 << 16
_PLAIN_SETTINGS = ("culture", "seed", "ignore_privacy", "engine_name")

# -- the session ---------------------------------------------------------------------------------------------------


def packed_session(session: Session) -> dict[str, Any]:
    """A session as JSON; its clock stands still from now on.

    Raises:
        UsageError: it holds something that only lives in this process: a function, or a resolver of connections of
            one's own.
        MError: a value of its environment is an error.
    """
    return {
        **{name: getattr(session, name) for name in _PLAIN_SETTINGS},
        "timezone": _zone_name(session),
        "clock": session.clock().isoformat(),
        "folders": [str(Path(folder).resolve()) for folder in session.folders],
        "path_map": {there: str(Path(here).resolve()) for there, here in session.path_map.items()},
        "origins": list(session.origins),
        "networks": [str(network) for network in session.networks],
        "engine_settings": dict(session.engine_settings),
        "connections": _packed_connections(session),
        "environment": {name: _data_text(name, value) for name, value in session.environment.items()},
    }


def session_of(packed: Mapping[str, Any]) -> Session:
    """The session that :func:`packed_session` describes."""
    session = Session(**{name: packed[name] for name in _PLAIN_SETTINGS})
    moment = dt.datetime.fromisoformat(packed["clock"])
    session.clock = lambda: moment
    session.timezone = _zone(packed["timezone"])
    session.folders = [Path(folder) for folder in packed["folders"]]
    session.path_map = {there: Path(here) for there, here in packed["path_map"].items()}
    session.origins = packed["origins"]
    session.networks = [ip_network(network) for network in packed["networks"]]
    session.engine_settings = packed["engine_settings"]
    session.connections = Connections(_connection(entry) for entry in packed["connections"])
    session.environment = {name: _later(text, session) for name, text in packed["environment"].items()}
    return session


def _later(text: str, session: Session) -> Thunk:
    return Thunk(lambda: value_of(text, session))


def value_of(text: str, session: Session) -> Value:
    """The value of canonical text; where a function stood, there is an error."""
    stayed = MError(
        "Expression.Error",
        "A function stays in the process that made it.",
        hint="Call it inside the query, or evaluate without limits.",
    )
    plain = Session(session.culture, session.timezone, environment={"function": Thunk.failed(stayed)})
    return evaluate_text(text, plain)


def _data_text(name: str, value: Value) -> str:
    text = canonical_text(value)
    if text == "function":
        raise UsageError(
            f"'{name}' is a function, which cannot be given to a process of its own.",
            hint="Evaluate without limits, or define the function in the query.",
        )
    return text


def _zone_name(session: Session) -> str | float:
    zone = session.timezone
    if isinstance(zone, ZoneInfo) and zone.key:
        return zone.key
    offset = zone.utcoffset(session.clock().astimezone(zone).replace(tzinfo=None))
    return offset.total_seconds() if offset is not None else 0.0


def _zone(name: str | float) -> dt.tzinfo:
    if isinstance(name, str):
        return ZoneInfo(name)
    return dt.timezone(dt.timedelta(seconds=name)) if name else dt.UTC


def _packed_connections(session: Session) -> list[dict[str, Any]]:
    if not isinstance(session.connections, Connections):
        raise UsageError(
            "The resolver of connections cannot be given to a process of its own.",
            hint="Give the connections as a list: Connections([…]).",
        )
    return [
        {"kind": each.kind, "path": each.path, "privacy": each.privacy.value, **_packed_credential(each.credential)}
        for each in session.connections
    ]


def _packed_credential(credential: Credential) -> dict[str, Any]:
    """A credential for the pipe between the two processes, which nobody else can read."""
    parts = {part.name: getattr(credential, part.name) for part in fields(credential)}
    return {
        "credential": type(credential).__name__,
        "plain": {name: value for name, value in parts.items() if not isinstance(value, Secret)},
        "secret": {name: value.reveal() for name, value in parts.items() if isinstance(value, Secret)},
    }


def _connection(packed: Mapping[str, Any]) -> Connection:
    secrets = {name: Secret(text) for name, text in packed["secret"].items()}
    credential: Credential = getattr(model, packed["credential"])(**packed["plain"], **secrets)
    return Connection(packed["kind"], packed["path"], credential, Privacy(packed["privacy"]))


# -- columns -------------------------------------------------------------------------------------------------------


def packed_columns(columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    """A plan's columns as JSON."""
    return [{**asdict(column), "type": _packed_type(column.type)} for column in columns]


def unpacked_columns(packed: list[dict[str, Any]]) -> tuple[Column, ...]:
    """The columns that :func:`packed_columns` describes."""
    return tuple(Column(**{**column, "type": _type(column["type"])}) for column in packed)


def _packed_type(of: p.DataType) -> dict[str, Any]:
    return {
        "kind": of.kind.value,
        "nullable": of.nullable,
        "fields": [[member.name, _packed_type(member.type)] for member in of.fields],
        "item": None if of.item is None else _packed_type(of.item),
        "precision": of.precision,
        "scale": of.scale,
        "unit": of.unit,
    }


def _type(packed: Mapping[str, Any]) -> p.DataType:
    members = tuple(p.Field(name, _type(of)) for name, of in packed["fields"])
    item = None if packed["item"] is None else _type(packed["item"])
    return p.DataType(**{**packed, "kind": p.Kind(packed["kind"]), "fields": members, "item": item})


# -- errors --------------------------------------------------------------------------------------------------------


def packed_error(error: HeadwaterError) -> dict[str, Any]:
    """An error as JSON; a detail that is no data, or a very large one, is left out."""
    packed: dict[str, Any] = {"class": type(error).__name__, "message": error.message}
    packed |= {"hint": error.hint, "place": error.place, "code": error.code}
    if isinstance(error, MError):
        packed |= {"reason": error.reason, "detail": _detail_text(error.detail)}
        packed |= {"message_format": error.message_format, "error_code": error.error_code}
        packed["message_parameters"] = _detail_text(error.message_parameters)
    return packed


def _detail_text(detail: Value) -> str:
    try:
        text = canonical_text(detail)
    except HeadwaterError:
        return "null"
    return text if len(text) <= _LONGEST_DETAIL else "null"


def error_of(packed: Mapping[str, Any], session: Session) -> HeadwaterError:
    """The error that :func:`packed_error` describes."""
    said = {name: packed[name] for name in ("hint", "place", "code")}
    if "reason" in packed:
        error = MError(packed["reason"], packed["message"], value_of(packed["detail"], session), **said)
        error.message_format, error.error_code = packed["message_format"], packed["error_code"]
        error.message_parameters = value_of(packed["message_parameters"], session)
        return error
    kind = getattr(errors, packed["class"], None)
    try:
        failure: HeadwaterError = (kind or EngineError)(packed["message"], **said)
    except TypeError:  # of a class that wants to know more, such as an HTTP status
        failure = EngineError(packed["message"], **said)
    return failure


def header(content: Mapping[str, Any]) -> bytes:
    """A first line that says what follows it."""
    return json.dumps(content).encode() + b"\n"
