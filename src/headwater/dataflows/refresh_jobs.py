"""What the jobs that refresh dataflows are called."""

from __future__ import annotations

__all__ = ["KIND", "dataflow_of", "subject_of"]

#: The kind of the jobs that are refreshes.
KIND = "refresh"

_SUBJECT = "dataflow:"


def subject_of(dataflow_id: int) -> str:
    """What the jobs of a dataflow work on."""
    return f"{_SUBJECT}{dataflow_id}"


def dataflow_of(subject: str) -> int:
    """The dataflow that a job works on.

    >>> dataflow_of(subject_of(12))
    12
    """
    return int(subject.removeprefix(_SUBJECT))
