"""What the API takes and answers about models as functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from headwater.app.functions.descriptions import FunctionDetails
from headwater.app.functions.results import json_value
from headwater.app.functions.runs import RunStatus
from headwater.app.functions.schemas import GivenSchema
from headwater.errors import HeadwaterError
from headwater.models.documentation import type_name
from headwater.models.service import FunctionPage
from headwater.models.signature import ModelParam
from headwater.models.signature import Parameter as ModelParameter
from headwater.plan.types import Field as PlanField
from headwater.server.answers import WITHOUT_NUL, Answer, Problem

MAX_ROWS = 10_000
"""The most rows in one request as JSON."""

Name = Annotated[str, Field(max_length=1_000, pattern=WITHOUT_NUL)]


class FunctionSummary(Answer):
    """A model as a function. ``name`` is as M calls it, ``signature`` its type; ``problem`` is why it cannot be called.

    ``select`` is the version or alias that was asked for, "" for the latest.
    """

    name: str
    source: str
    model: str
    select: str
    kind: Literal["model", "endpoint"]
    version: str
    description: str
    callable: bool
    signature: str | None
    problem: Problem | None

    @classmethod
    def of(cls, details: FunctionDetails) -> FunctionSummary:
        """The answer for a function in a listing."""
        return cls(**_summary(details))


class SourceProblem(Answer):
    """Why a source could not be asked."""

    source: str
    problem: Problem


class Functions(Answer):
    """``after`` goes into the request for the next page; null: there is none. ``total`` counts all that match."""

    total: int
    after: str | None
    value: list[FunctionSummary]
    problems: list[SourceProblem]

    @classmethod
    def of(cls, page: FunctionPage, found: list[FunctionDetails]) -> Functions:
        """The answer for a page of functions, described."""
        problems = [SourceProblem(source=name, problem=_problem(error)) for name, error in page.problems.items()]
        return cls(
            total=page.total, after=page.after, value=[FunctionSummary.of(one) for one in found], problems=problems
        )


class Parameter(Answer):
    """``type`` is M's, ``nullable`` whether null may be passed; ``shape`` has the inner lengths of a tensor."""

    name: str
    type: str
    nullable: bool
    required: bool
    description: str
    shape: list[int]

    @classmethod
    def of(cls, parameter: ModelParameter) -> Parameter:
        """The answer for a parameter."""
        return cls(
            name=parameter.name,
            type=type_name(parameter.type),
            nullable=parameter.type.nullable,
            required=parameter.required,
            description=parameter.description,
            shape=list(parameter.shape),
        )


class Output(Answer):
    name: str
    type: str

    @classmethod
    def of(cls, output: PlanField) -> Output:
        """The answer for an output."""
        return cls(name=output.name, type=type_name(output.type))


class Setting(Answer):
    """A setting of the whole call; ``type`` is MLflow's name."""

    name: str
    type: str
    is_list: bool
    default: Any

    @classmethod
    def of(cls, param: ModelParam) -> Setting:
        """The answer for a setting."""
        return cls(name=param.name, type=param.type, is_list=param.is_list, default=json_value(param.default))


class Function(FunctionSummary):
    """A function in full. ``schema_from`` says where its schema comes from: "signature", "openapi", "supplied", "".

    ``metrics`` and ``owner`` are of the run that made the model, where that can be read. ``reuse_seconds``: how long
    predictions of a service whose revision is not known are used again; null: they are not.
    """

    identifier: str
    aliases: list[str]
    schema_from: str
    parameters: list[Parameter]
    outputs: list[Output]
    params: list[Setting]
    documentation: str
    example: str | None
    owner: str
    metrics: dict[str, float | str]
    reuse_seconds: float | None

    @classmethod
    def in_full(cls, details: FunctionDetails) -> Function:
        """The answer for a function."""
        found, signature = details.found, details.found.signature
        return cls(
            **_summary(details),
            identifier=found.name.identifier,
            aliases=[] if found.registered is None else list(found.registered.aliases),
            schema_from=found.origin,
            parameters=[] if signature is None else [Parameter.of(one) for one in signature.parameters],
            outputs=[] if signature is None else [Output.of(one) for one in signature.outputs],
            params=[] if signature is None else [Setting.of(one) for one in signature.params],
            documentation=details.documentation,
            example=details.example,
            owner=details.owner,
            metrics={name: json_value(value) for name, value in details.metrics.items()},
            reuse_seconds=None if found.supplied.reuse is None else found.supplied.reuse.total_seconds(),
        )


def _summary(details: FunctionDetails) -> dict[str, Any]:
    found = details.found
    return {
        "name": found.name.function,
        "source": found.name.source,
        "model": found.name.model,
        "select": found.name.selector,
        "kind": found.kind,
        "version": found.version,
        "description": found.description,
        "callable": found.is_callable,
        "signature": details.signature,
        "problem": None if found.problem is None else _problem(found.problem),
    }


def _problem(error: HeadwaterError) -> Problem:
    return Problem.model_validate(error.to_dict())


# -- calling -----------------------------------------------------------------------------------------------------------


class CallOptions(Answer):
    """``params``: the model's own settings. ``on_error``: what becomes of a row that fails. ``batch_size``: the most
    rows in one call of the model. ``include_model`` adds ``ModelVersion`` and ``ScoredAt`` to each result.
    """

    model_config = ConfigDict(extra="forbid")

    params: dict[str, Any] | None = None
    on_error: Literal["error", "null", "fail"] = "error"
    batch_size: Annotated[int, Field(ge=1, le=2**31)] | None = None
    include_model: bool = False


class Invocation(Answer):
    """Rows to be scored: objects by the parameters' names, or lists in their order.

    Dates and times are texts by ISO 8601, binaries are in Base64. A value of another kind is its row's error.
    """

    model_config = ConfigDict(extra="forbid")

    rows: Annotated[list[Any], Field(max_length=MAX_ROWS)]
    options: CallOptions = Field(default_factory=CallOptions)


class RowError(Answer):
    message: str


class RowResult(Answer):
    """``result`` is an object of several outputs; null where ``error`` says why."""

    result: Any
    error: RowError | None


class RowResults(Answer):
    """A result for each row, in order. Numbers that JSON readers would round, or that JSON cannot hold, are text."""

    value: list[RowResult]


# -- schemas -----------------------------------------------------------------------------------------------------------


class SampleSchema(Answer):
    """What is sent to a model, and what it answers."""

    input: Any
    output: Any


class NewSchema(Answer):
    """What a model takes and gives, in one of these ways.

    ``signature``: a function's type, ``(distance as number) => [late = logical]``. ``openapi``: a description, and
    ``operation`` the one of it that is meant, "POST /score". ``like``: a function that takes and gives the same.
    """

    signature: Annotated[str, Field(max_length=100_000)] | None = None
    sample: SampleSchema | None = None
    openapi: dict[str, Any] | None = None
    operation: Annotated[str, Field(max_length=1_000)] = ""
    like: Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> NewSchema:
        if sum(way is not None for way in (self.signature, self.sample, self.openapi, self.like)) != 1:
            raise ValueError("a schema is given in exactly one way")
        return self

    def given(self) -> GivenSchema:
        """The schema as the service takes it."""
        method, _, path = self.operation.partition(" ")
        sample: Mapping[str, Any] | None = None if self.sample is None else self.sample.model_dump()
        return GivenSchema(self.signature, sample, self.openapi, (path.strip(), method.lower()), self.like)


class Reuse(Answer):
    """``seconds``: how long predictions may be used again; null: not at all."""

    seconds: Annotated[float, Field(gt=0, le=1e9)] | None


# -- what is under way -------------------------------------------------------------------------------------------------


class Progress(Answer):
    """``rows_total`` and ``seconds_left`` are null where nobody knows; ``failed`` counts rows, ``retries`` calls."""

    rows_done: int
    rows_total: int | None
    rows_per_second: float
    seconds_left: float | None
    sent: int
    reused: int
    failed: int
    retries: int


class FunctionRun(Answer):
    """A call under way; ``progress`` is null until its first rows are done."""

    id: str
    function: str
    started_by: str
    started_at: datetime
    progress: Progress | None

    @classmethod
    def of(cls, run: RunStatus) -> FunctionRun:
        """The answer for a run."""
        return cls.model_validate(run)


class FunctionRuns(Answer):
    value: list[FunctionRun]
