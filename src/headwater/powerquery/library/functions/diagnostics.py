"""Tracing."""

from __future__ import annotations

import logging

from headwater.powerquery.library.arguments import caller, function_of
from headwater.powerquery.library.convert import to_text
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.values.core import Value

_logger = logging.getLogger("headwater.powerquery.trace")

_LEVELS = {1: logging.CRITICAL, 2: logging.ERROR, 4: logging.WARNING, 8: logging.INFO, 16: logging.DEBUG}

enumeration(
    "TraceLevel",
    {"Critical": 1, "Error": 2, "Warning": 4, "Information": 8, "Verbose": 16},
    summary="How much a trace matters.",
)


@function(
    "Diagnostics.Trace(traceLevel as number, message as anynonnull, value as any, optional delayed as nullable"
    " logical) as any",
    examples=[
        ('Diagnostics.Trace(TraceLevel.Information, "seen", 5)', "5"),
        ('Diagnostics.Trace(TraceLevel.Information, "seen", () => 5, true)', "5"),
    ],
)
def trace(level: Value, message: Value, value: Value, delayed: bool | None = None) -> Value:
    """The value, after writing a message to the log; delayed, the value is what a function gives."""
    _logger.log(_LEVELS.get(level, logging.DEBUG), "%s", to_text(message))
    return caller(function_of(value), 0)() if delayed else value


@function("Diagnostics.ActivityId() as nullable text", examples=[("Diagnostics.ActivityId()", "null")])
def activity_id() -> None:
    """The identifier of the running evaluation; null, since evaluations have none."""
    return


@function("Diagnostics.CorrelationId() as nullable text", examples=[("Diagnostics.CorrelationId()", "null")])
def correlation_id() -> None:
    """The identifier that ties evaluations together; null, since there is none."""
    return
