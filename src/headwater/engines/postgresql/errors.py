"""What PostgreSQL's errors mean to M. Its own words can hold a row's values, so they are the error's detail."""

from __future__ import annotations

from headwater.errors import MError
from headwater.plan.databases import OUT_OF_RANGE

_RANGE = frozenset({"22003", "22012", "22008"})
_CANCELLED = "57014"
_WRITES = "25006"
_OF_THE_STATEMENT = "42"
"""The class of errors about the statement's own text: names that do not exist, syntax, rights."""


def source_error(name: str, error: Exception) -> MError:
    """The error of a statement or of a connection.

    Args:
        name: what people are told of the database.
        error: the driver's error.
    """
    said = _said(error)
    state = str(getattr(error, "sqlstate", None) or "")
    if not state and "canceling statement" in said:
        state = _CANCELLED
    if not state and "read-only transaction" in said:
        state = _WRITES
    if not state or state in _RANGE:
        # While rows are read the driver keeps the error's text alone, whose language is the server's.
        return MError(
            "DataSource.Error",
            f"{name} ended the statement while its rows were read; a number may have left its range.",
            said,
            hint="Compute it outside the database: put Table.Buffer around the step before.",
            code=OUT_OF_RANGE,
        )
    if state == _CANCELLED:
        return _error(f"{name} did not finish within the time allowed.", "Raise the option CommandTimeout.", None)
    if state == _WRITES:
        return _error(f"{name} is only read here, and the statement writes.", "Leave out what writes.", None)
    if state.startswith(_OF_THE_STATEMENT):
        return _error(f"{name} refused the statement: {said}.", "Check names, rights and the query's text.", None)
    return _error(f"{name} could not run the statement (SQLSTATE {state}).", "The detail has its own words.", said)


def connection_error(name: str, error: Exception) -> MError:
    """The error of a connection that could not be made; what the server said of it names no password."""
    said = _said(error).lower()
    if any(word in said for word in ("password", "authentication", "role ", "pg_hba")):
        return _error(
            f"{name} does not accept the credential.", "Correct the connection's user name and password.", None
        )
    if "does not exist" in said:
        return _error(f"{name} does not exist.", "Check the database's name.", None)
    unreached = _error(f"{name} cannot be reached.", "Check the server's address and that it is running.", None)
    unreached.code = "m.data_source.unreachable"
    return unreached


def _error(message: str, hint: str, detail: str | None) -> MError:
    return MError("DataSource.Error", message, detail, hint=hint, code="m.data_source")


def _said(error: Exception) -> str:
    """The server's first line, without the statement that the driver repeats."""
    text = str(error).split("Query was:")[0].strip()
    _, found, rest = text.partition("ERROR:")
    return (rest if found else text).strip().split("\n")[0].rstrip(".")
