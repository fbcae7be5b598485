"""A function as people read about it, on the command line and over the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headwater.access import Actor
from headwater.errors import HeadwaterError
from headwater.models.discovery import FunctionDescription
from headwater.models.documentation import example, summary
from headwater.models.schemas.typed import signature_to_text
from headwater.models.service import FunctionService

__all__ = ["FunctionDetails", "described", "details", "listing"]

#: Functions that are described at a time.
_PAGE = 100

#: Where workspaces keep who made a run.


@dataclass(frozen=True, slots=True)
class FunctionDetails:
    """A function with what its workspace tells of how the model was made.

    Attributes:
        found: what it is.
        signature: its type in a line; None where it has no schema.
        documentation: what it is, takes and gives, in a few lines.
        example: an M expression that calls it; None where it cannot be called.
        owner: who made the model; "" where that cannot be had.
        metrics: of the run that made it.
    """

    found: FunctionDescription
    signature: str | None
    documentation: str
    example: str | None
    owner: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Why it cannot be called; "" where it can."""
        return "" if self.found.problem is None else self.found.problem.message

    def lines(self) -> Iterator[str]:
        """The details for a person."""
        yield self.found.name.function
        yield self.documentation
        if self.owner:
            yield f"Made by: {self.owner}"
        if self.metrics:
            yield f"Metrics: {', '.join(f'{name} = {value:g}' for name, value in sorted(self.metrics.items()))}"
        if self.found.supplied.schema is not None:
            yield f"Its schema was supplied by {self.found.supplied.changed_by}."
        if self.signature is not None:
            yield f"Type: {self.signature}"
        if self.example is not None:
            yield f"In M: {self.example}"
        if self.found.problem is not None:
            yield f"Not callable: {self.reason}"
            yield f"To do: {self.found.problem.hint}"

    def to_dict(self) -> dict[str, Any]:
        """The details as JSON."""
        found = self.found
        problem = found.problem
        return {
            "name": found.name.function,
            "identifier": found.name.identifier,
            "kind": found.kind,
            "version": found.version,
            "aliases": list(found.registered.aliases) if found.registered is not None else [],
            "description": found.description,
            "callable": found.is_callable,
            "problem": None if problem is None else problem.to_dict(),
            "signature": self.signature,
            "schema_from": found.origin,
            "documentation": self.documentation,
            "example": self.example,
            "owner": self.owner,
            "metrics": dict(self.metrics),
            "reuse_seconds": None if found.supplied.reuse is None else found.supplied.reuse.total_seconds(),
        }


def listing(
    functions: FunctionService, actor: Actor, *, source: str | None, search: str
) -> tuple[Sequence[FunctionDetails], Mapping[str, HeadwaterError]]:
    """All functions that somebody may see, by name, without what is told of how each was made; and, by source, why a
    workspace could not be asked.

    Raises:
        NotFoundError: there is no such source, or none that may be seen.
    """
    found: list[FunctionDetails] = []
    problems: Mapping[str, HeadwaterError] = {}
    after: str | None = ""
    while after is not None:
        page = functions.list(actor, source=source, search=search, limit=_PAGE, after=after or None)
        found += [described(one) for one in page.functions]
        after, problems = page.after, page.problems
    return found, problems


def details(functions: FunctionService, actor: Actor, name: str) -> FunctionDetails:
    """A function in full.

    Raises:
        NotFoundError, NetworkError, WorkspaceError: as :meth:`headwater.models.service.FunctionService.get` says.
    """
    found = described(functions.get(actor, name))
    job = functions.job(actor, found.found)
    if job is None:
        return found
    return replace(found, owner=job.owner, metrics=job.metrics)


def described(found: FunctionDescription) -> FunctionDetails:
    """A function without what is told of how its model was made."""
    signature = found.signature
    return FunctionDetails(
        found,
        None if signature is None else signature_to_text(signature),
        summary(found),
        example(found.name, signature) if found.is_callable and signature is not None else None,
    )
