"""The one error tree.

Every error says what happened (``message``), where (``place``) and what to do (``hint``), and carries a stable
``code`` that programs can rely on. No message holds a secret or somebody's row.

::

    HeadwaterError
    ├── UsageError              the request cannot be carried out as it is written            (HTTP 400)
    │   └── DefinitionError         a dataflow that cannot be saved; lists every finding
    ├── NotFoundError           there is no such thing, or none that may be seen              (HTTP 404)
    ├── ConflictError           it exists already, or somebody changed it meanwhile           (HTTP 409)
    │   └── StaleError              what was changed is not what had been read                    (HTTP 412)
    ├── UnauthenticatedError    whoever asks has not shown who they are                      (HTTP 401)
    │   └── ThrottledError          too many attempts of late; ``retry_after`` says when       (HTTP 429)
    ├── ForbiddenError          the one who asks is known, and may not                       (HTTP 403)
    ├── SecretError             a secret cannot be read: its key, its reference or its vault  (HTTP 409)
    ├── HomeError               the home folder: another version's, unreadable, in use
    ├── ServeError              the server cannot listen where it was told to
    ├── NetworkError            a call over the network                                      (HTTP 502)
    │   ├── UnreachableError        nobody answered
    │   ├── OriginDeniedError       the address is not one an administrator allowed          (HTTP 400)
    │   └── RemoteError             somebody answered, with a failure
    ├── MError                  an error value of the M language: reason, message, detail
    │   └── MSyntaxError            M text that cannot be read; lists every finding
    ├── EngineError             an engine could not run a plan
    │   └── NotFoldableError        an engine was handed something it does not declare
    │       └── MisfitError             a value is not of the kind that its column was taken to hold
    ├── TableError              a published table could not be staged, committed or read
    │   └── VersionGoneError        that version of it is no longer kept                         (HTTP 410)
    ├── WorkspaceError          a workspace answered something that cannot be used
    ├── ModelError              a model as a function                                        (HTTP 409)
    │   ├── SchemaError             no usable signature
    │   └── ScoringError            the model, or the process around it, failed              (HTTP 502)
    ├── ScanError               a scan could not be completed
    ├── JobError                a piece of durable work could not be carried out
    │   ├── LeaseLostError          another worker has it by now, or may have: nothing more is written
    │   └── CancelRequestedError    somebody called it off
    └── RefreshError            a dataflow's refresh failed; what was published before stands
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

__all__ = [
    "CancelRequestedError",
    "ConflictError",
    "DefinitionError",
    "Diagnostic",
    "EngineError",
    "Finding",
    "ForbiddenError",
    "HeadwaterError",
    "HomeError",
    "JobError",
    "LeaseLostError",
    "MError",
    "MSyntaxError",
    "MisfitError",
    "ModelError",
    "NetworkError",
    "NotFoldableError",
    "NotFoundError",
    "OriginDeniedError",
    "RefreshError",
    "RemoteError",
    "ScanError",
    "SchemaError",
    "ScoringError",
    "SecretError",
    "ServeError",
    "StaleError",
    "TableError",
    "ThrottledError",
    "UnauthenticatedError",
    "UnreachableError",
    "UsageError",
    "VersionGoneError",
    "WorkspaceError",
]


class HeadwaterError(Exception):
    """Root of the tree.

    Args:
        message: what happened, one sentence, no secret and no row data.
        hint: what to do about it, in the imperative; empty when there is nothing to say.
        place: where it happened: a file with line and column, a URL's origin, a dataflow's query.
        code: stable identifier; each class has a default, a raiser may give a narrower one.

    >>> error = NotFoundError("There is no dataflow 'sales'.", hint="List them with 'headwater dataflow list'.")
    >>> error.code, str(error)
    ('not_found', "There is no dataflow 'sales'.")
    """

    default_code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str = "", place: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place
        self.code = code or self.default_code

    def to_dict(self) -> dict[str, Any]:
        """The one shape in which every interface (HTTP, ``--json``, logs) shows an error."""
        return {"code": self.code, "message": self.message, "where": self.place, "hint": self.hint}


class UsageError(HeadwaterError):
    default_code = "usage"
    http_status = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in a dataflow's definition.

    An ``error`` keeps it from being saved; a ``warning`` does not; a ``note`` says what can only be checked when it
    runs. ``query`` is "" where it is about the settings; ``line`` and ``column`` count from 1, 0 where there is none.
    """

    severity: Literal["error", "warning", "note"]
    code: str
    message: str
    hint: str = ""
    query: str = ""
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        """Where it is, as people are told."""
        return f"{self.query}, line {self.line}, column {self.column}" if self.line else self.query


class DefinitionError(UsageError):
    """A dataflow that cannot be saved. ``findings`` has everything that was found, errors first."""

    default_code = "dataflow.invalid"

    def __init__(self, name: str, findings: Sequence[Finding]) -> None:
        errors = [finding for finding in findings if finding.severity == "error"]
        told = "; ".join(f"{finding.place or 'settings'}: {finding.message.rstrip('.')}" for finding in errors)
        super().__init__(
            f"The dataflow '{name}' cannot be saved: {told}.",
            place=errors[0].place,
            hint=errors[0].hint or "Correct it, and save it again.",
        )
        self.findings = tuple(findings)


class NotFoundError(HeadwaterError):
    default_code = "not_found"
    http_status = 404


class ConflictError(HeadwaterError):
    default_code = "conflict"
    http_status = 409


class StaleError(ConflictError):
    default_code = "changed"
    http_status = 412


class UnauthenticatedError(HeadwaterError):
    default_code = "unauthenticated"
    http_status = 401


class ThrottledError(UnauthenticatedError):
    """Too many attempts of late; ``retry_after`` is the number of seconds to wait."""

    default_code = "unauthenticated.throttled"
    http_status = 429

    def __init__(self, message: str, *, retry_after: int = 1, hint: str = "", place: str = "") -> None:
        super().__init__(message, hint=hint, place=place)
        self.retry_after = retry_after


class ForbiddenError(HeadwaterError):
    """``action`` and ``scope_id``: what was asked for and where, when a role was missing; for the audit log."""

    default_code = "forbidden"
    http_status = 403

    def __init__(
        self,
        message: str,
        *,
        action: str | None = None,
        scope_id: int | None = None,
        hint: str = "",
        place: str = "",
        code: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, place=place, code=code)
        self.action = action
        self.scope_id = scope_id


class SecretError(HeadwaterError):
    default_code = "secret"
    http_status = 409


class HomeError(HeadwaterError):
    default_code = "home"


class ServeError(HeadwaterError):
    default_code = "serve"


class NetworkError(HeadwaterError):
    default_code = "network"
    http_status = 502


class UnreachableError(NetworkError):
    default_code = "network.unreachable"


class OriginDeniedError(NetworkError):
    default_code = "network.origin_denied"
    http_status = 400


class RemoteError(NetworkError):
    """Somebody answered, with a failure.

    ``status`` is the HTTP status, ``error_code`` the far side's own word for it where it gave one.
    """

    default_code = "network.remote"

    def __init__(
        self,
        message: str,
        *,
        status: int,
        error_code: str = "",
        hint: str = "",
        place: str = "",
        code: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, place=place, code=code)
        self.status = status
        self.error_code = error_code


class MError(HeadwaterError):
    """An error value of the M language, raised.

    ``reason`` and ``message`` are M's (``Expression.Error``, "We cannot convert …"); ``detail`` is any M value.
    ``message_format``, ``message_parameters`` and ``error_code`` are what an error record raised by M text said beside
    these. ``passes_views``: raised by a handler of a view it is the result, not a reason to do without the handler.
    """

    default_code = "m.expression"
    http_status = 400

    def __init__(
        self, reason: str, message: str, detail: Any = None, *, hint: str = "", place: str = "", code: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, place=place, code=code)
        self.reason = reason
        self.detail = detail
        self.message_format: str | None = None
        self.message_parameters: Any = None
        self.error_code: str | None = None
        self.passes_views = False

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}" if self.message else self.reason


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding in M text. ``line`` and ``column`` count from 1; ``start`` and ``end`` are offsets into the text."""

    message: str
    start: int
    end: int
    line: int
    column: int


class MSyntaxError(MError):
    """M text that cannot be read. ``diagnostics`` has every finding, in the order of the text, at least one."""

    default_code = "m.syntax"

    def __init__(self, diagnostics: Sequence[Diagnostic], *, source_name: str = "") -> None:
        first = diagnostics[0]
        more = f" (and {len(diagnostics) - 1} more)" if len(diagnostics) > 1 else ""
        place = f"{source_name or 'M text'}, line {first.line}, column {first.column}"
        super().__init__(
            "Expression.SyntaxError", first.message + more, hint="Correct the text at that place.", place=place
        )
        self.diagnostics = tuple(diagnostics)


class EngineError(HeadwaterError):
    default_code = "engine"


class NotFoldableError(EngineError):
    default_code = "engine.not_foldable"


class MisfitError(NotFoldableError):
    default_code = "engine.misfit"


class TableError(HeadwaterError):
    default_code = "table"


class VersionGoneError(TableError):
    default_code = "table.version_gone"
    http_status = 410


class WorkspaceError(HeadwaterError):
    default_code = "workspace"
    http_status = 502


class ModelError(HeadwaterError):
    default_code = "model"
    http_status = 409


class SchemaError(ModelError):
    default_code = "model.schema"


class ScoringError(ModelError):
    default_code = "model.scoring"
    http_status = 502


class ScanError(HeadwaterError):
    default_code = "scan"


class JobError(HeadwaterError):
    default_code = "job"


class LeaseLostError(JobError):
    default_code = "job.lease_lost"


class CancelRequestedError(JobError):
    default_code = "job.cancelled"


class RefreshError(HeadwaterError):
    default_code = "refresh"
