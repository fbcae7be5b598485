"""Models as functions for people: what there is, what each takes, calling one, saying what its workspace does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

import pyarrow as pa

from headwater.access import Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.errors import ForbiddenError, HeadwaterError, NotFoundError, UsageError
from headwater.models.arrow import nulls
from headwater.models.discovery import FunctionDescription, ListedFunction
from headwater.models.environment import ModelEnvironment
from headwater.models.function_settings import FunctionSettings, Supplied
from headwater.models.functions import ModelFunction
from headwater.models.names import ModelName
from headwater.models.rights import ActorsRights
from headwater.models.schemas.service import ServiceSchema
from headwater.models.schemas.stored import signature_to_json
from headwater.models.signature import Signature
from headwater.models.statistics import Progress
from headwater.plan.cells import error_column
from headwater.store import Database, exclusive, utc_now
from headwater.workspaces.base import JobInfo

__all__ = ["FunctionPage", "FunctionService", "MakeEnvironment"]

MakeEnvironment: TypeAlias = Callable[[Actor, Progress | None], ModelEnvironment]

#: Models that are asked about at a time.
_ASKED_AT_ONCE = 8

RESULT = "result"


@dataclass(frozen=True, slots=True)
class FunctionPage:
    """Some functions, by name. ``total`` counts all that match.

    ``after`` goes into the call for the next page; None: there is none. ``problems`` has, by source, why a workspace
    could not be asked; what the others have is listed all the same.
    """

    functions: Sequence[FunctionDescription]
    total: int
    after: str | None
    problems: Mapping[str, HeadwaterError]


class FunctionService:
    """Model functions, as far as whoever asks may see and call them.

    Args:
        database: the metadata database.
        environment: makes the models that somebody may call, as of now.
        rights: what somebody may do with models.
    """

    def __init__(
        self, database: Database, environment: MakeEnvironment, rights: Callable[[Actor], ActorsRights]
    ) -> None:
        self._database = database
        self._environment = environment
        self._rights = rights
        self._settings = FunctionSettings(database)

    def list(
        self, actor: Actor, *, source: str | None = None, search: str = "", limit: int = 50, after: str | None = None
    ) -> FunctionPage:
        """The functions that the actor may see, by name, a page at a time, with their schemas.

        Args:
            actor: who asks.
            source: of this workspace alone.
            search: those whose name or description holds this text, in any case.
            limit: the most on a page.
            after: what the page before said.

        Raises:
            NotFoundError: there is no such source, or none that may be seen.
        """
        with self._environment(actor, None) as models:
            if source is not None and source not in models.discovery.sources:
                raise _no_source(source)
            found, problems = _listed(models, [source] if source is not None else sorted(models.discovery.sources))
            matching = [one for one in found if _matches(one, search)]
            rest = [one for one in matching if after is None or one.name.function > after]
            page = rest[:limit]
            with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
                described = list(pool.map(partial(_described, models), page))
        more = page[-1].name.function if len(rest) > limit else None
        return FunctionPage(described, len(matching), more, problems)

    def get(self, actor: Actor, name: str) -> FunctionDescription:
        """One function, or why the model is none.

        Raises:
            NotFoundError: there is no such model, or none that may be seen.
            NetworkError, WorkspaceError: its workspace cannot be asked.
        """
        with self._environment(actor, None) as models:
            return models.discovery.describe(_parts(models, name))

    def invocable(self, actor: Actor, found: Iterable[FunctionDescription]) -> Sequence[FunctionDescription]:
        """Those functions that can be called, and that the actor may call."""
        rights = self._rights(actor)
        return [one for one in found if one.is_callable and rights.may_invoke(one.name.source, one.name.model)]

    def job(self, actor: Actor, found: FunctionDescription) -> JobInfo | None:
        """The run behind a registered version, with its metrics and who made it; None where it cannot be had."""
        with self._environment(actor, None) as models:
            return models.discovery.job(found)

    @contextmanager
    def open(
        self, actor: Actor, name: str, options: Mapping[str, Any] | None = None, on_progress: Progress | None = None
    ) -> Iterator[OpenFunction]:
        """A function to be called; what is called is on record when it is closed.

        Args:
            actor: who calls.
            name: as M calls it.
            options: by their names in M.
            on_progress: told how far it is.

        Raises:
            NotFoundError, NetworkError, WorkspaceError: as :meth:`get` says.
            SchemaError: the model cannot be called.
            ForbiddenError: the actor may see the model, and may not call it.
            UsageError: an option cannot be set.
        """
        with self._environment(actor, on_progress) as models:
            parts = _parts(models, name)
            function = models.resolve(name)
            assert function is not None, "its source is known"
            self._rights(actor).check_invoke(parts.source, parts.model)
            yield OpenFunction(models, function.configured(options or {}))

    def prepare(self, actor: Actor, name: str, progress: Callable[[str], None] = lambda _: None) -> None:
        """Fetch a registered model's files and build the environment that it needs, where the actor may call it.

        An ONNX model without a signature gets the one that its graph tells, if the actor may supply one.

        Raises:
            ForbiddenError: they may not.
            ModelError: its files may not be loaded, or the environment cannot be built.
            UsageError: it is deployed, and needs nothing here.
        """
        with self._environment(actor, None) as models:
            found = models.discovery.describe(_parts(models, name))
            self._rights(actor).check_invoke(found.name.source, found.name.model)
            told = models.prepare(found, progress)
        if told is not None:
            self.supply(actor, name, told)

    def supply(self, actor: Actor, name: str, schema: Signature | ServiceSchema) -> None:
        """Say what a model takes and gives, in place of what its workspace says; for all its versions.

        Raises:
            ForbiddenError: the actor may see the model, and may not ``source.register`` there.
            NotFoundError: there is no such model, or none that may be seen.
        """
        stored = schema.to_json() if isinstance(schema, ServiceSchema) else signature_to_json(schema)
        self._change(actor, name, lambda known: replace(known, schema=stored))

    def forget_schema(self, actor: Actor, name: str) -> None:
        """Let the workspace's own schema count again; raises as :meth:`supply` does."""
        self._change(actor, name, lambda known: replace(known, schema=None))

    def set_reuse(self, actor: Actor, name: str, max_age: timedelta | None) -> None:
        """Say how long predictions of a service whose revision is not known may be used again; None: not at all.

        Raises:
            UsageError: it is no length of time.
            ForbiddenError, NotFoundError: as :meth:`supply` does.
        """
        if max_age is not None and max_age <= timedelta(0):
            raise UsageError("Predictions cannot be used again for no time.", hint="Give a longer time, or none.")
        self._change(actor, name, lambda known: replace(known, reuse=max_age))

    def _change(self, actor: Actor, name: str, change: Callable[[Supplied], Supplied]) -> None:
        with self._environment(actor, None) as models:
            found = models.discovery.describe(_parts(models, name))
        source, model = found.name.source, found.name.model
        rights = self._rights(actor)
        if not rights.may_supply(source, model):
            raise ForbiddenError(
                f"You may not say what '{model}' takes and gives.",
                place=name,
                hint="Ask somebody who may register its workspace.",
            )
        now = utc_now()
        with self._database.begin() as connection:
            exclusive(connection, "function_settings")
            known = self._settings.get_within(connection, source, model)
            wanted = replace(change(known), changed_at=now, changed_by=actor.name)
            self._settings.put_within(connection, source, model, wanted)
            record(
                connection,
                Event.FUNCTION_SETTINGS_CHANGED,
                actor,
                now=now,
                target=f"model:{source}/{model}",
                scope_id=rights.scope_of(connection, source, model),
                schema_supplied=wanted.schema is not None,
                reuse_seconds=0 if wanted.reuse is None else int(wanted.reuse.total_seconds()),
            )


class OpenFunction:
    """A function with its options, ready to be called by several batches."""

    def __init__(self, models: ModelEnvironment, function: ModelFunction) -> None:
        self._models = models
        self.function = function

    def cancel(self) -> None:
        """Call off what is under way, within a second."""
        self._models.cancel()

    def expect(self, rows: int | None) -> None:
        """Say how many rows there will be, for whoever watches."""
        self._models.expect(rows)

    def call(self, rows: pa.RecordBatchReader, result: str = RESULT) -> pa.RecordBatchReader:
        """The rows with a column ``result`` and one ``result__err`` of error texts, null where a row is good.

        A column belongs to the parameter of its name; others are passed through.

        Raises:
            UsageError: a parameter has no column, or a column is called as the results are.
        """
        names = rows.schema.names
        if result in names or error_column(result) in names:
            raise UsageError(f"A column is called '{result}' already.", hint="Rename it.")
        given, arguments = _with_arguments(rows, self.function)
        return self.function.apply(given, arguments, result)


def _with_arguments(rows: pa.RecordBatchReader, function: ModelFunction) -> tuple[pa.RecordBatchReader, list[str]]:
    """The rows with a column for each parameter, and their names; an optional one that is missing is all null."""
    names = set(rows.schema.names)
    missing = [p.name for p in function.parameters if p.name not in names and not p.type.nullable]
    if missing or not names & {p.name for p in function.parameters}:
        wanted = missing[0] if missing else function.parameters[0].name
        raise UsageError(
            f"{function.name} needs a column '{wanted}'.",
            place=function.name,
            hint=f"It takes {', '.join(p.name for p in function.parameters)}.",
        )
    absent = [p for p in function.signature.parameters if p.name not in names]
    if not absent:
        return rows, [p.name for p in function.parameters]
    schema = rows.schema
    for parameter in absent:
        schema = schema.append(pa.field(parameter.name, parameter.wire))

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows:
            nothing = [nulls(batch.num_rows, parameter.wire) for parameter in absent]
            yield pa.RecordBatch.from_arrays([*batch.columns, *nothing], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches()), [p.name for p in function.parameters]


def _listed(models: ModelEnvironment, sources: Sequence[str]) -> tuple[list[ListedFunction], dict[str, HeadwaterError]]:
    found: list[ListedFunction] = []
    problems: dict[str, HeadwaterError] = {}
    for source in sources:
        try:
            found += models.discovery.list(source)
        except HeadwaterError as problem:
            problems[source] = problem
    return sorted(found, key=lambda one: one.name.function), problems


def _matches(found: ListedFunction, search: str) -> bool:
    wanted = search.casefold()
    return wanted in found.name.function.casefold() or wanted in found.description.casefold()


def _described(models: ModelEnvironment, found: ListedFunction) -> FunctionDescription:
    """A listed function in full, or with why it cannot be described now."""
    try:
        return models.discovery.describe(found.name)
    except HeadwaterError as problem:
        return FunctionDescription(found.name, found.kind, found.version, "", found.description, problem=problem)


def _parts(models: ModelEnvironment, name: str) -> ModelName:
    parts = ModelName.parse(name)
    if parts is None:
        raise UsageError(
            f"'{name}' is no name of a function.", hint="Write a workspace's name, a dot, and a model's: demo.late."
        )
    if parts.source not in models.discovery.sources:
        raise _no_source(parts.source)
    return parts


def _no_source(source: str) -> NotFoundError:
    return NotFoundError(
        f"There is no workspace '{source}', or none whose models may be seen.", hint="List the functions there are."
    )
