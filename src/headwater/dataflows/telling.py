"""What people are told of a refresh that has ended: never a row's value, and no text that M made.

What an error says can hold what was in a cell: M's own messages do, and so do an engine's and a model's. So only
messages of kinds that are about an installation, and never about data, are told; of the others the code, the place (the
query, its step, where in the text) and what to do. Whoever may read the table sees the rest in the refresh itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from headwater.dataflows.history import EndedRefresh

__all__ = ["Message", "message_of", "told_error"]

#: Codes (and what they begin with) of errors whose messages say nothing of rows.
_ABOUT_NO_ROWS = (
    "job.",
    "refresh.cancelled",
    "refresh.forbidden",
    "refresh.network.",
    "refresh.no_dataflow",
    "refresh.not_found",
    "refresh.saver_disabled",
    "refresh.secret",
)

_ENDED = {
    "succeeded": "was refreshed",
    "failed": "could not be refreshed",
    "cancelled": "was not refreshed: called off",
}


@dataclass(frozen=True, slots=True)
class Message:
    """What is told, on every way.

    Attributes:
        event: refresh.succeeded, refresh.failed or refresh.cancelled.
        dataflow: its name.
        refresh: the refresh's id.
        status: how it ended.
        trigger: who or what asked for it.
        started_at: when it began, in ISO form, as ``ended_at`` is.
        error: {code, message, where, hint}; None where it did not fail.
        paused: the dataflow is not refreshed by itself any more.
        title: one line.
        text: a few.
    """

    event: str
    dataflow: str
    refresh: str
    status: str
    trigger: str
    started_at: str
    ended_at: str
    error: Mapping[str, str] | None
    paused: bool
    title: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """As a job's payload keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Message:
        """What :meth:`to_json` wrote."""
        return cls(**stored)


def message_of(ended: EndedRefresh, paused_after: int | None) -> Message:
    """What is told of a refresh; ``paused_after``: its end paused the schedule, after so many failures in a row."""
    error = None if ended.error is None else told_error(ended.error)
    name = ended.dataflow.name
    title = f"The dataflow '{name}' {_ENDED[ended.status]}"
    lines = [f"{title}."]
    if error is not None:
        lines += [f"{name}: {value}" for name, value in (("Error", _named(error)), ("Where", error["where"])) if value]
        lines += [f"To do: {error['hint']}"] if error["hint"] else []
        lines.append("What was published before is unchanged.")
    if paused_after is not None:
        times = f" after {paused_after} failures in a row" if paused_after > 1 else ""
        lines.append(f"Its schedule is paused{times}: resume it when the cause is gone.")
    return Message(
        event=f"refresh.{ended.status}",
        dataflow=name,
        refresh=ended.id,
        status=ended.status,
        trigger=ended.trigger,
        started_at=ended.started_at.isoformat(),
        ended_at=ended.ended_at.isoformat(),
        error=error,
        paused=paused_after is not None,
        title=title,
        text="\n".join(lines),
    )


def _named(error: Mapping[str, str]) -> str:
    return f"{error['message']} ({error['code']})" if error["message"] else error["code"]


def told_error(error: Mapping[str, Any]) -> dict[str, str]:
    """What may be told of an error {code, message, where, hint}: its message only where it is about no rows.

    >>> told_error({"code": "refresh.m.expression", "message": "'4711' is no number.", "where": "q", "hint": ""})
    {'code': 'refresh.m.expression', 'message': '', 'where': 'q', 'hint': ''}
    """
    code = str(error.get("code", ""))
    message = str(error.get("message", "")) if code.startswith(_ABOUT_NO_ROWS) else ""
    return {"code": code, "message": message, "where": str(error.get("where", "")), "hint": str(error.get("hint", ""))}
