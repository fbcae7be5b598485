"""Events of others brought into the catalog: jobs, their runs, their datasets and what flows between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from headwater.access import Action, Actor
from headwater.access.trimming import forbidden
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.finding import check_collection, scopes_with
from headwater.catalog.flow.processes import write_ends
from headwater.catalog.openlineage.datasets import Datasets, Named
from headwater.catalog.openlineage.events import TERMINAL, Dataset, Event, Job
from headwater.catalog.openlineage.facets import JOB_FACETS, column_sources, said_of
from headwater.catalog.openlineage.naming import dataset_name_of, job_ref
from headwater.catalog.openlineage.runs import Ends, last_state, lineage_of, put_run
from headwater.catalog.openlineage.stamps import put_stamps, stamps_of
from headwater.catalog.records import AssetRecord, AssetRef
from headwater.catalog.stored import StoredAsset, find_ids, find_stored
from headwater.catalog.writing import Writing, begin_writing, write_assets
from headwater.errors import ForbiddenError
from headwater.store import Database, tables, utc_now

__all__ = ["Receiving"]


class Receiving:
    """Takes OpenLineage events, each in one transaction. An event may come twice, late, or before those it follows.

    Args:
        database: the metadata database.
        installation: this installation's id: what it says of itself is known here already.
    """

    def __init__(self, database: Database, installation: str) -> None:
        self._database = database
        self._own = f"headwater://{installation}"

    def receive(self, actor: Actor, event: Event, collection: str | None = None) -> None:
        """Bring what an event says into the catalog; new assets go into ``collection`` (None: the root).

        Raises:
            UsageError: a dataset's name makes no address (``openlineage.event``).
            NotFoundError: there is no such collection to be seen.
            ForbiddenError: there is something new and ``actor`` may not create assets in the collection, or the job
                is known and they may not change it.
        """
        if event.job is not None and event.job.namespace.strip() == self._own:
            return
        with self._database.begin() as connection:
            writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
            _Reception(writing, actor, event, f"{self._own}/", collection).take()


class _Reception:
    """One event."""

    def __init__(self, writing: Writing, actor: Actor, event: Event, own: str, collection: str | None) -> None:
        self._writing = writing
        self._connection: Connection = writing.connection
        self._actor = actor
        self._event = replace(event, inputs=(*event.inputs, *_implied(event)))
        self._collection = collection
        self._datasets = Datasets(writing, actor, self._event, own, collection)

    def take(self) -> None:
        """Write all of it."""
        inputs, outputs = self._datasets.named(self._event.inputs), self._datasets.named(self._event.outputs)
        records = [each.record for each in (*inputs, *outputs) if each.record is not None]
        job = self._event.job
        ref = None if job is None else job_ref(job.namespace, job.name)
        stored = None if ref is None else find_stored(self._connection, [ref]).get(ref)
        if job is not None and ref is not None:
            records.append(self._job_record(job, ref, stored))
        self._check(records, stored)
        self._write(records)
        self._datasets.settle([*inputs, *outputs])
        if job is not None and ref is not None:
            self._run(job, ref, inputs, outputs)

    # -- rights --

    def _check(self, records: Sequence[AssetRecord], job: StoredAsset | None) -> None:
        refs = {record.ref for record in records}
        if refs - find_ids(self._connection, refs).keys():
            check_collection(self._connection, self._actor, self._collection or tables.ROOT_COLLECTION)
        if job is None or job.scope_id is None:
            return
        if not scopes_with(self._connection, self._actor, Action.ASSET_READ, {job.scope_id}):
            raise ForbiddenError("The name of this job cannot be used.", hint="Give the job another name or namespace.")
        if not scopes_with(self._connection, self._actor, Action.ASSET_EDIT, {job.scope_id}):
            raise forbidden(Action.ASSET_EDIT, job.scope_id)

    # -- the job --

    def _job_record(self, job: Job, ref: AssetRef, stored: StoredAsset | None) -> AssetRecord:
        before = {} if stored is None else stamps_of(self._connection, stored.id)
        said = said_of(job.facets, JOB_FACETS)
        fresh = [said[facet] for facet in said if before.get(facet, "") < self._event.stamp]
        attributes: dict[str, Any] = {"namespace": job.namespace, "job": job.name}
        for each in fresh:
            attributes |= each
        parent = _parent(self._event)
        if parent and before.get("parent", "") < self._event.stamp:
            attributes["parent_job"] = parent
        if stored is None and self._event.type in TERMINAL:
            attributes["state"] = self._event.type
        shown = job.name if stored is None else stored.display_name
        return AssetRecord(ref.type_name, ref.qualified_name, shown, attributes, collection=self._collection)

    def _run(self, job: Job, ref: AssetRef, inputs: Sequence[Named], outputs: Sequence[Named]) -> None:
        process = find_ids(self._connection, [ref])[ref]
        facets = [*said_of(job.facets, JOB_FACETS), *(("parent",) if _parent(self._event) else ())]
        put_stamps(self._connection, process, facets, self._event.stamp, stamps_of(self._connection, process))
        put_run(self._connection, process, self._event, self._ends(inputs, outputs), _details(self._event))
        ends = lineage_of(self._connection, process)
        there = _existing(self._connection, ends)
        columns = [
            {"source_id": source, "source_column": near, "target_id": target, "target_column": far}
            for source, near, target, far in sorted(ends.columns)
            if source in there and target in there
        ]
        write_ends(self._connection, process, ends.inputs & there, ends.outputs & there, columns)
        state = last_state(self._connection, process)
        if state:
            found = find_stored(self._connection, [ref])[ref]
            if found.attributes.get("state") != state:
                changed = AssetRecord(ref.type_name, ref.qualified_name, found.display_name, {"state": state})
                self._write([changed])

    def _ends(self, inputs: Sequence[Named], outputs: Sequence[Named]) -> Ends:
        ids = find_ids(self._connection, {each.ref for each in (*inputs, *outputs)})
        by_name = {
            dataset_name_of(each.dataset.namespace, each.dataset.name): ids[each.ref] for each in (*outputs, *inputs)
        }
        columns = (
            (by_name[source], field, ids[each.ref], column)
            for each in outputs
            for column, source, field in _column_edges(each)
            if source in by_name
        )
        return Ends(
            frozenset(ids[each.ref] for each in inputs),
            frozenset(ids[each.ref] for each in outputs),
            frozenset(columns),
        )

    def _write(self, records: Iterable[AssetRecord]) -> None:
        told = self._writing
        write_assets(self._connection, records, now=told.now, by=told.by, by_id=told.by_id)


def _implied(event: Event) -> list[Dataset]:
    """Inputs that only the columns of outputs tell of: those of a run may have come with an event before."""
    stated = {(each.namespace, each.name) for each in event.inputs}
    told = {
        (namespace, name)
        for output in event.outputs
        for _, namespace, name, _ in column_sources(output.facets.get("columnLineage", {}))
    }
    return [Dataset(*each) for each in sorted(told - stated)]


def _column_edges(output: Named) -> Iterator[tuple[str, str, str]]:
    """(column, source's name, its column) of an output."""
    for column, namespace, name, field in column_sources(output.dataset.facets.get("columnLineage", {})):
        yield column, dataset_name_of(namespace, name), field


def _parent(event: Event) -> str:
    """The job that started this one, as its namespace and name."""
    job = event.run_facets.get("parent", {}).get("job")
    if not isinstance(job, Mapping):
        return ""
    parts = (job.get("namespace"), job.get("name"))
    return "/".join(part for part in parts if isinstance(part, str) and part)[:4_000]


def _details(event: Event) -> dict[str, Any]:
    """What is kept of a run beside its state: never an error's message, which may hold somebody's row."""
    engine, nominal = event.run_facets.get("processing_engine", {}), event.run_facets.get("nominalTime", {})
    run = event.run_facets.get("parent", {}).get("run")
    stated = {
        "engine": " ".join(str(engine[key]) for key in ("name", "version") if isinstance(engine.get(key), str)),
        "nominal_start": nominal.get("nominalStartTime"),
        "nominal_end": nominal.get("nominalEndTime"),
        "parent_run_id": run.get("runId") if isinstance(run, Mapping) else None,
    }
    return {name: value[:255] for name, value in stated.items() if isinstance(value, str) and value}


def _existing(connection: Connection, ends: Ends) -> frozenset[int]:
    """Those that are assets still."""
    asset, found = tables.assets.c.id, set[int]()
    wanted = ends.inputs | ends.outputs | {number for each in ends.columns for number in (each[0], each[2])}
    for chunk in chunked(sorted(wanted)):
        found |= set(connection.scalars(select(asset).where(asset.in_(chunk))))
    return frozenset(found)
