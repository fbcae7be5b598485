"""Limits of scoring by a service."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ServiceOptions"]


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """How a service is called.

    Args:
        window: the most calls under way at once.
        first_rows: rows in the first call; from there on it is measured.
        most_rows: rows in one call at most, however quick the service is.
        target_seconds: how long a call should take.
        payload_bytes: bytes of a request at most, unless a single row has more.
        call_timeout: seconds that one call may take; the client's own limit for each piece of an answer holds as well.
        tries: how often a batch is sent at most while the service answers "not now" or is cut off.
        patience: seconds that the service may go without any good answer before a batch is given up.
        first_backoff: seconds waited at most before the second try; doubled for each further one.
        longest_pause: seconds waited at most before any try, also where the service asks for more.
    """

    window: int = 4
    first_rows: int = 256
    most_rows: int = 50_000
    target_seconds: float = 1.0
    payload_bytes: int = 4 << 20
    call_timeout: float = 60.0
    tries: int = 8
    patience: float = 600.0
    first_backoff: float = 0.5
    longest_pause: float = 60.0
