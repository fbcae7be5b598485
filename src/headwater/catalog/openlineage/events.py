"""An OpenLineage event, read out of JSON that somebody else wrote: checked, bounded, typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from headwater.errors import UsageError

__all__ = ["TERMINAL", "Dataset", "Event", "Facets", "Job", "read_event"]

Facets = Mapping[str, Mapping[str, Any]]

#: States that a run does not leave.
TERMINAL: Final = frozenset({"COMPLETE", "ABORT", "FAIL"})
_TYPES: Final = frozenset({"START", "RUNNING", "OTHER", *TERMINAL})
_MOST_DATASETS, _LONGEST_NAME, _LONGEST_RUN = 2_000, 4_000, 255


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as an event names it, with what the event says of it."""

    namespace: str
    name: str
    facets: Facets = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as an event names it, with what the event says of it."""

    namespace: str
    name: str
    facets: Facets = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """What was said at a moment: of a run (``run_id``), of a job as it is defined, or of a dataset alone.

    ``type`` is the run's new state; "" where the event is of no run.
    """

    kind: Literal["run", "job", "dataset"]
    at: datetime
    type: str = ""
    run_id: str = ""
    run_facets: Facets = field(default_factory=dict)
    job: Job | None = None
    inputs: Sequence[Dataset] = ()
    outputs: Sequence[Dataset] = ()

    @property
    def stamp(self) -> str:
        """What tells the later of two events: its moment, and of one moment the end of a run last.

        >>> Event("run", datetime(2026, 1, 2, tzinfo=UTC), "START").stamp
        '2026-01-02T00:00:00.000000/0'
        """
        rank = 2 if self.type in TERMINAL else 0 if self.type == "START" else 1
        return f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}/{rank}"


def read_event(stated: Any) -> Event:
    """An event.

    Raises:
        UsageError: it is none (``openlineage.event``); the place says where in it.

    >>> event = read_event({"eventTime": "2026-01-02T03:04:05Z", "eventType": "START", "run": {"runId": "r1"},
    ...     "job": {"namespace": "etl", "name": "daily"}, "inputs": [{"namespace": "s3://raw", "name": "a.csv"}]})
    >>> event.kind, event.run_id, event.inputs[0].name
    ('run', 'r1', 'a.csv')
    """
    event = _object(stated, "event")
    at = _moment(event.get("eventTime"))
    if event.get("dataset") is not None:
        return Event("dataset", at, outputs=(_dataset(event["dataset"], "dataset", ()),))
    if event.get("job") is None:
        raise _wrong("The event is of no run, job or dataset.", "job")
    job = _object(event["job"], "job")
    of = Job(_name(job, "namespace", "job"), _name(job, "name", "job"), _facets(job.get("facets"), "job.facets"))
    inputs = _datasets(event.get("inputs"), "inputs", ("inputFacets",))
    outputs = _datasets(event.get("outputs"), "outputs", ("outputFacets",))
    if event.get("run") is None:
        return Event("job", at, job=of, inputs=inputs, outputs=outputs)
    run = _object(event["run"], "run")
    return Event(
        "run",
        at,
        _type(event.get("eventType")),
        _name(run, "runId", "run", _LONGEST_RUN),
        _facets(run.get("facets"), "run.facets"),
        of,
        inputs,
        outputs,
    )


def _type(stated: Any) -> str:
    text = "OTHER" if stated is None else str(stated).upper()
    if text not in _TYPES:
        raise _wrong("The event is of no type that runs have.", "eventType")
    return text


def _moment(stated: Any) -> datetime:
    """A moment, in UTC; one without a time zone is taken to be in UTC."""
    try:
        at = datetime.fromisoformat(stated)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise _wrong("The event has no time, or none in ISO 8601.", "eventTime") from error


def _datasets(stated: Any, place: str, more: tuple[str, ...]) -> tuple[Dataset, ...]:
    if stated is None:
        return ()
    if not isinstance(stated, list) or len(stated) > _MOST_DATASETS:
        raise _wrong(f"That is no list of {_MOST_DATASETS:,} datasets at most.", place)
    return tuple(_dataset(each, f"{place}[{at}]", more) for at, each in enumerate(stated))


def _dataset(stated: Any, place: str, more: tuple[str, ...]) -> Dataset:
    dataset = _object(stated, place)
    facets = dict(_facets(dataset.get("facets"), f"{place}.facets"))
    for name in more:
        facets |= _facets(dataset.get(name), f"{place}.{name}")
    return Dataset(_name(dataset, "namespace", place), _name(dataset, "name", place), facets)


def _facets(stated: Any, place: str) -> dict[str, Mapping[str, Any]]:
    """Facets by name; null takes one away, which is as if nothing was said."""
    return (
        {}
        if stated is None
        else {name: each for name, each in _object(stated, place).items() if isinstance(each, Mapping)}
    )


def _name(stated: Mapping[str, Any], key: str, place: str, longest: int = _LONGEST_NAME) -> str:
    value = stated.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > longest or "\0" in value:
        raise _wrong(f"That is no text of {longest:,} characters at most.", f"{place}.{key}")
    return value


def _object(stated: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(stated, Mapping):
        raise _wrong("That is no object.", place)
    return stated


def _wrong(message: str, place: str) -> UsageError:
    return UsageError(
        message, code="openlineage.event", place=place, hint="Send an event as OpenLineage's specification has it."
    )
