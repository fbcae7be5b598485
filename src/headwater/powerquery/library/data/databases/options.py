"""Reading the options that database functions share, and a connection's credential."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.errors import MError
from headwater.powerquery.connections import Anonymous, Connection, UsernamePassword
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.times import Duration

COMMAND_SECONDS = 600.0
CONNECT_SECONDS = 15.0


def seconds(options: Mapping[str, Value], name: str, default: float) -> float:
    """An option that is a duration, in seconds.

    Raises:
        MError: Expression.Error, it is none, or not longer than nothing.
    """
    value = options.get(name)
    if value is None:
        return default
    if not isinstance(value, Duration):
        raise cannot_convert(value, "Duration")
    if value.ticks <= 0:
        raise MError("Expression.Error", f"The option '{name}' is a duration longer than nothing.", value)
    return value.ticks / 10_000_000


def flag(options: Mapping[str, Value], name: str, *, default: bool) -> bool:
    """An option that is true or false; MError Expression.Error where it is neither."""
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise cannot_convert(value, "Logical")
    return value


def text_option(options: Mapping[str, Value], name: str) -> str | None:
    """An option that is a text, None without it; MError Expression.Error where it is something else."""
    value = options.get(name)
    if value is not None and not isinstance(value, str):
        raise cannot_convert(value, "Text")
    return value


def check_generator(options: Mapping[str, Value], name: str) -> None:
    """An option that is a function; MError Expression.Error where it is something else."""
    value = options.get(name)
    if value is not None and not isinstance(value, Function):
        raise cannot_convert(value, "Function")


def user_of(connection: Connection) -> tuple[str, str] | None:
    """The user name and password of a connection, for the driver alone; None where it has none.

    Raises:
        MError: DataSource.Error, its credential is one that a database does not take.
    """
    match connection.credential:
        case UsernamePassword(username=username, password=password):
            return username, password.reveal()
        case Anonymous():
            return None
    raise MError(
        "DataSource.Error",
        f"The connection {connection.label} has a credential that a database does not take.",
        hint="Give it a user name and a password.",
        code="m.data_source",
    )
