"""Refreshes as OpenLineage events: one run for the refresh, and below it one for each entity.

This runs in the transactions that begin and end a refresh, and only writes rows: the events, and the jobs that send
them. What an error said of rows is not in it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from headwater._version import __version__
from headwater.access import SYSTEM
from headwater.catalog import AssetRecord, AssetRef, ColumnEdge, LineageRecord, names
from headwater.dataflows.datasets import dataset_of
from headwater.dataflows.history import EndedRefresh, EntitySummary, StartedRefresh
from headwater.dataflows.telling import told_error
from headwater.jobs import NewJob, queue
from headwater.store import tables

__all__ = ["KIND", "OpenLineageEvents", "run_of", "start_key"]

#: The kind of the jobs that send events, and what they work on: one at a time, so that events come in their order.
KIND = "openlineage"
SUBJECT = "openlineage"

_ATTEMPTS = 8
_RUNS = uuid.UUID("b1f3a7a2-3c59-4f3c-8a56-6f6c7a5a9d11")
_PRODUCER = f"urn:headwater:{__version__}"
_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
#: Our own facet: which model versions were called, and which rule said that earlier predictions hold.
_MODELS_FACET = "urn:headwater:openlineage:1-0-0:ModelsRunFacet"

_FACETS = {
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "dataSource": "1-0-1/DatasourceDatasetFacet",
    "datasetType": "1-0-1/DatasetTypeDatasetFacet",
    "documentation": "1-1-0/DocumentationJobFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "nominalTime": "1-0-1/NominalTimeRunFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "parent": "1-2-0/ParentRunFacet",
    "processing_engine": "1-1-1/ProcessingEngineRunFacet",
    "schema": "1-2-0/SchemaDatasetFacet",
    "sourceCode": "1-0-1/SourceCodeJobFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
}

_ENDS = {"succeeded": "COMPLETE", "failed": "FAIL", "cancelled": "ABORT"}
_DATASET_TYPES = {"ml_model_version": "MODEL", "ml_endpoint": "MODEL", "dataflow_table": "TABLE"}

Json = dict[str, Any]


def run_of(refresh_id: str, entity: str) -> str:
    """The id of the run that is an entity's part of a refresh.

    >>> run_of("r", "orders") == run_of("r", "orders") != run_of("r", "totals")
    True
    """
    return str(uuid.uuid5(_RUNS, f"{refresh_id} {entity}"))


def start_key(refresh_id: str) -> str:
    """The key of the job that sends that a refresh started."""
    return f"openlineage:{refresh_id}:start"


@dataclass(frozen=True, slots=True)
class OpenLineageEvents:
    """Writes the events of refreshes; an ``on_ended`` of :class:`headwater.dataflows.Refresher`.

    Its ``started`` is the ``on_started`` that belongs to it.

    Attributes:
        installation: this installation's id, which names its jobs and tables.
        sent: whether somebody is to be sent them.
        source_code: whether the M text of an entity goes with it.
    """

    installation: str
    sent: bool = False
    source_code: bool = False

    def started(self, connection: Connection, started: StartedRefresh) -> None:
        """Write that a refresh and its entities start, and ask for that to be sent."""
        nominal = _nominal_time(connection, started)
        runs = [self._started(started, nominal), *self._starting(started, started.dataflow.definition.entities())]
        self._write(connection, started.id, runs, key=start_key(started.id))

    def __call__(self, connection: Connection, ended: EndedRefresh) -> None:
        """Write how a refresh and its entities ended, and ask for that to be sent."""
        written = tables.openlineage_events.c
        of_refresh = select(written.event).where(written.run_id == ended.id, written.event_type == "START")
        begun = connection.scalars(of_refresh.order_by(written.id)).all()
        events = list(self.events(ended, _nominal_time(connection, ended), begun))
        self._write(connection, ended.id, events, key=f"openlineage:{ended.id}")

    def _write(self, connection: Connection, refresh_id: str, events: Iterable[Json], *, key: str) -> None:
        written = insert(tables.openlineage_events).returning(tables.openlineage_events.c.id)
        ids: list[int] = []
        for event in events:
            # All events of a refresh are found by it, whichever run they are of.
            row = {"run_id": refresh_id, "event_type": event["eventType"], "event": event}
            moment = datetime.fromisoformat(event["eventTime"])
            ids.append(connection.execute(written.values({**row, "event_time": moment})).scalar_one())
        if self.sent:
            payload = {"first": ids[0], "last": ids[-1], "refresh": refresh_id}
            queue.add(connection, SYSTEM, NewJob(KIND, SUBJECT, payload, key=key, max_attempts=_ATTEMPTS))

    def events(
        self, ended: EndedRefresh, nominal: str | None = None, begun: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[Json]:
        """The events that end a refresh, in their order: its entities end, and it does.

        Args:
            ended: the refresh.
            nominal: when it was due.
            begun: the START events that were written; the others, of a refresh that never began, are among these.
        """
        end = ended.ended_at.isoformat()
        left = {event["run"]["runId"]: event for event in begun}
        if left.pop(ended.id, None) is None:
            yield self._started(ended, nominal)
        known = [left.pop(run_of(ended.id, summary.entity), None) is not None for summary in ended.entities]
        new = [summary.entity for summary, begun_before in zip(ended.entities, known, strict=True) if not begun_before]
        yield from self._starting(ended, new)
        for summary in ended.entities:
            parts = self._entity(ended, summary)
            yield self._event(_end_of(ended, summary), end, _with_error(parts, summary.error))
        for event in left.values():
            # It was not come to.
            yield self._event("ABORT", end, {"run": event["run"], "job": event["job"], "inputs": [], "outputs": []})
        yield self._event(_ENDS[ended.status], end, _with_error(self._refresh(ended, nominal), ended.error))

    def _started(self, started: StartedRefresh | EndedRefresh, nominal: str | None) -> Json:
        return self._event("START", started.started_at.isoformat(), self._refresh(started, nominal))

    def _starting(self, started: StartedRefresh | EndedRefresh, entities: Iterable[str]) -> Iterator[Json]:
        at, queries = started.started_at.isoformat(), started.dataflow.definition.queries
        for name in entities:
            yield self._event("START", at, self._run(started, name, queries.get(name)))

    def _event(self, kind: str, at: str, parts: Json) -> Json:
        return {"eventType": kind, "eventTime": at, "producer": _PRODUCER, "schemaURL": _EVENT, **parts}

    def _namespace(self) -> str:
        return f"headwater://{self.installation}"

    def _refresh(self, refresh: StartedRefresh | EndedRefresh, nominal: str | None) -> Json:
        run: Json = {"processing_engine": _engine("")}
        if nominal is not None:
            run["nominalTime"] = _facet("nominalTime", nominalStartTime=nominal)
        job: Json = {"jobType": _job_type("DATAFLOW")}
        description = refresh.dataflow.definition.settings.description
        if description:
            job["documentation"] = _facet("documentation", description=description)
        return {
            "run": {"runId": refresh.id, "facets": run},
            "job": {"namespace": self._namespace(), "name": refresh.dataflow.name, "facets": job},
            "inputs": [],
            "outputs": [],
        }

    def _run(
        self,
        refresh: StartedRefresh | EndedRefresh,
        entity: str,
        text: str | None,
        more: Mapping[str, Json] | None = None,
    ) -> Json:
        """What is known of an entity's run from its beginning; ``text`` is its M, ``more`` are facets of the run."""
        parent = {"run": {"runId": refresh.id}, "job": {"namespace": self._namespace(), "name": refresh.dataflow.name}}
        run: Json = {"parent": _facet("parent", **parent), "processing_engine": _engine(""), **(more or {})}
        job: Json = {"jobType": _job_type("QUERY")}
        if text is not None and self.source_code:
            job["sourceCode"] = _facet("sourceCode", language="M", sourceCode=text)
        name = f"{refresh.dataflow.name}.{entity}"
        return {
            "run": {"runId": run_of(refresh.id, entity), "facets": run},
            "job": {"namespace": self._namespace(), "name": name, "facets": job},
            "inputs": [],
            "outputs": [],
        }

    def _entity(self, ended: EndedRefresh, summary: EntitySummary) -> Json:
        """What is known of it at its end."""
        more = {"processing_engine": _engine(summary.engine)}
        if summary.model_versions:
            more["headwater_models"] = _models(summary)
        record = _record_of(ended, names.query(self.installation, ended.dataflow.name, summary.entity))
        if record is None:
            return self._run(ended, summary.entity, None, more)
        datasets = {
            "inputs": [_dataset(each) for each in record.inputs],
            "outputs": [_output(each, record, summary) for each in record.outputs],
        }
        return {**self._run(ended, summary.entity, str(record.process.attributes["m"]), more), **datasets}


def _end_of(ended: EndedRefresh, summary: EntitySummary) -> str:
    """How an entity's run ended: of a refresh that failed, the entities without an error were called off."""
    if ended.status == "failed" and summary.error is None:
        return "ABORT"
    return _ENDS[ended.status]


def _record_of(ended: EndedRefresh, process: str) -> LineageRecord | None:
    return next((record for record in ended.lineage if record.process.qualified_name == process), None)


def _nominal_time(connection: Connection, ended: StartedRefresh | EndedRefresh) -> str | None:
    """When a scheduled refresh was due: its job's key tells it, whenever it was begun."""
    job = queue.get(connection, ended.id) if ended.trigger == "schedule" else None
    due = "" if job is None or job.key is None else job.key.partition("@")[2]
    try:
        return datetime.fromisoformat(due).isoformat() if due else None
    except ValueError:
        return None


# -- facets --------------------------------------------------------------------------------------------------------


def _facet(name: str, /, **content: Any) -> Json:
    version, _, kind = _FACETS[name].partition("/")
    url = f"{_SPEC}/facets/{version}/{kind}.json#/$defs/{kind}"
    return {"_producer": _PRODUCER, "_schemaURL": url, **content}


def _engine(name: str) -> Json:
    return _facet("processing_engine", version=__version__, name=f"Headwater, {name}" if name else "Headwater")


def _job_type(kind: str) -> Json:
    return _facet("jobType", processingType="BATCH", integration="HEADWATER", jobType=kind)


def _models(summary: EntitySummary) -> Json:
    called = [
        {"function": name, "version": version, "reuse": summary.reuse.get(name)}
        for name, version in sorted(summary.model_versions.items())
    ]
    counts = {"rowsScored": summary.rows_scored, "rowsReused": summary.rows_reused}
    return {"_producer": _PRODUCER, "_schemaURL": _MODELS_FACET, "models": called, **counts}


def _with_error(parts: Json, error: Mapping[str, Any] | None) -> Json:
    if error is None:
        return parts
    told = told_error(error)
    message = ": ".join(text for text in (told["code"], told["message"], told["where"], told["hint"]) if text)
    facets = {
        **parts["run"]["facets"],
        "errorMessage": _facet("errorMessage", message=message, programmingLanguage="M"),
    }
    return {**parts, "run": {**parts["run"], "facets": facets}}


def _dataset(asset: AssetRecord | AssetRef) -> Json:
    """A dataset with what is known of it; it is named by the naming rules of OpenLineage."""
    name = dataset_of(asset.qualified_name)
    facets: Json = {"dataSource": _facet("dataSource", name=name.namespace, uri=name.namespace)}
    if asset.type_name in _DATASET_TYPES:
        facets["datasetType"] = _facet("datasetType", datasetType=_DATASET_TYPES[asset.type_name])
    if isinstance(asset, AssetRecord) and asset.columns is not None:
        facets["schema"] = _facet("schema", fields=[{"name": c.name, "type": c.type} for c in asset.columns])
    return {"namespace": name.namespace, "name": name.name, "facets": facets}


def _output(asset: AssetRecord | AssetRef, record: LineageRecord, summary: EntitySummary) -> Json:
    found = _dataset(asset)
    if summary.delta_version is not None:
        found["facets"]["version"] = _facet("version", datasetVersion=str(summary.delta_version))
    found["facets"]["columnLineage"] = _facet("columnLineage", fields=_columns(record.columns))
    counts = _facet("outputStatistics", rowCount=summary.rows_written, size=summary.bytes)
    return {**found, "outputFacets": {"outputStatistics": counts}}


def _columns(edges: Iterable[ColumnEdge]) -> Json:
    """For each column, those that it is made of; what comes out of a model is said to pass through its version."""
    fields: Json = {}
    for edge in edges:
        if edge.source_column is None:
            continue  # the asset as a whole: the inputs say so
        source = dataset_of(edge.source.qualified_name)
        step: Json = {"type": "DIRECT", "subtype": "TRANSFORMATION"}
        if edge.via is not None:
            step["description"] = f"through the model {edge.via}"
        entry = {"namespace": source.namespace, "name": source.name, "field": edge.source_column}
        fields.setdefault(edge.target_column, {"inputFields": []})["inputFields"].append(
            {**entry, "transformations": [step]}
        )
    return fields
