"""The one interface to the ways in which services want rows written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

__all__ = ["FormError", "LengthError", "Request", "ServiceForm"]


class FormError(Exception):
    """An answer does not have the form that was agreed. The message holds no value of any row."""


class LengthError(Exception):
    """An answer has another number of rows than the batch."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: ``path`` is relative to the service's address, "" for that itself; ``headers`` name the content."""

    content: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    method: str = "POST"
    path: str = ""


class ServiceForm(Protocol):
    """Writes batches of a signature's wire schema as requests, and reads the answers."""

    @property
    def max_rows(self) -> int | None:
        """The most rows of one request; None where the form sets no limit, 1 where it has no list of rows."""
        ...

    def encode(self, batch: pa.RecordBatch, params: Mapping[str, Any]) -> Request:
        """The request for a batch; ``params`` are the settings of the call by name, as plain values."""
        ...

    def decode(self, body: bytes, content_type: str, rows: int) -> pa.RecordBatch:
        """The answer as a batch of the signature's output schema, one row for each row sent.

        Raises:
            FormError: it cannot be read, lacks an output, or holds values of another type.
            LengthError: it has another number of rows than ``rows``.
        """
        ...
