"""Refreshes as OpenLineage events: one run for the refresh, and below it one for each entity.

This runs in the transaction that ends a refresh, and only writes rows: the events, and the job that sends them. A run's
START and its end are both written then, with the moments at which they were. What an error said of rows is not in it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from headwater._version import __version__
from headwater.access import SYSTEM
from headwater.catalog import AssetRecord, AssetRef, ColumnEdge, LineageRecord, names
from headwater.dataflows.datasets import dataset_of
from headwater.dataflows.history import EndedRefresh, EntitySummary
from headwater.dataflows.telling import told_error
from headwater.jobs import NewJob, queue
from headwater.store import tables

__all__ = ["KIND", "OpenLineageEvents", "run_of"]

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


@dataclass(frozen=True, slots=True)
class OpenLineageEvents:
    """Writes the events of refreshes; an ``on_ended`` of :class:`headwater.dataflows.Refresher`.

    Attributes:
        installation: this installation's id, which names its jobs and tables.
        sent: whether somebody is to be sent them.
        source_code: whether the M text of an entity goes with it.
    """

    installation: str
    sent: bool = False
    source_code: bool = False

    def __call__(self, connection: Connection, ended: EndedRefresh) -> None:
        """Write the events of a refresh, and ask for them to be sent."""
        nominal = _nominal_time(connection, ended)
        written = insert(tables.openlineage_events).returning(tables.openlineage_events.c.id)
        ids: list[int] = []
        for event in self.events(ended, nominal):
            # All events of a refresh are found by it, whichever run they are of.
            row = {"run_id": ended.id, "event_type": event["eventType"], "event": event}
            moment = datetime.fromisoformat(event["eventTime"])
            ids.append(connection.execute(written.values({**row, "event_time": moment})).scalar_one())
        if self.sent:
            payload = {"first": ids[0], "last": ids[-1], "refresh": ended.id}
            job = NewJob(KIND, SUBJECT, payload, key=f"openlineage:{ended.id}", max_attempts=_ATTEMPTS)
            queue.add(connection, SYSTEM, job)

    def events(self, ended: EndedRefresh, nominal: str | None = None) -> Iterator[Json]:
        """The events of a refresh in their order: it starts, its entities do, these end, it ends."""
        start, end = ended.started_at.isoformat(), ended.ended_at.isoformat()
        entities = [(summary, self._entity(ended, summary)) for summary in ended.entities]
        yield self._event("START", start, self._refresh(ended, nominal, ends=False))
        for _, parts in entities:
            yield self._event("START", start, {**parts, "inputs": [], "outputs": []})
        for summary, parts in entities:
            yield self._event(_end_of(ended, summary), end, _with_error(parts, summary.error))
        yield self._event(_ENDS[ended.status], end, self._refresh(ended, nominal, ends=True))

    def _event(self, kind: str, at: str, parts: Json) -> Json:
        return {"eventType": kind, "eventTime": at, "producer": _PRODUCER, "schemaURL": _EVENT, **parts}

    def _namespace(self) -> str:
        return f"headwater://{self.installation}"

    def _refresh(self, ended: EndedRefresh, nominal: str | None, *, ends: bool) -> Json:
        run: Json = {"processing_engine": _engine("")}
        if nominal is not None:
            run["nominalTime"] = _facet("nominalTime", nominalStartTime=nominal)
        job: Json = {"jobType": _job_type("DATAFLOW")}
        if ended.dataflow.definition.settings.description:
            job["documentation"] = _facet("documentation", description=ended.dataflow.definition.settings.description)
        parts = {
            "run": {"runId": ended.id, "facets": run},
            "job": {"namespace": self._namespace(), "name": ended.dataflow.name, "facets": job},
            "inputs": [],
            "outputs": [],
        }
        return _with_error(parts, ended.error) if ends else parts

    def _entity(self, ended: EndedRefresh, summary: EntitySummary) -> Json:
        record = _record_of(ended, names.query(self.installation, ended.dataflow.name, summary.entity))
        parent = {"run": {"runId": ended.id}, "job": {"namespace": self._namespace(), "name": ended.dataflow.name}}
        run: Json = {"parent": _facet("parent", **parent), "processing_engine": _engine(summary.engine)}
        if summary.model_versions:
            run["headwater_models"] = _models(summary)
        job: Json = {"jobType": _job_type("QUERY")}
        if record is not None and self.source_code:
            job["sourceCode"] = _facet("sourceCode", language="M", sourceCode=record.process.attributes["m"])
        return {
            "run": {"runId": run_of(ended.id, summary.entity), "facets": run},
            "job": {
                "namespace": self._namespace(),
                "name": f"{ended.dataflow.name}.{summary.entity}",
                "facets": job,
            },
            "inputs": [] if record is None else [_dataset(each) for each in record.inputs],
            "outputs": [] if record is None else [_output(each, record, summary) for each in record.outputs],
        }


def _end_of(ended: EndedRefresh, summary: EntitySummary) -> str:
    """How an entity's run ended: of a refresh that failed, the entities without an error were called off."""
    if ended.status == "failed" and summary.error is None:
        return "ABORT"
    return _ENDS[ended.status]


def _record_of(ended: EndedRefresh, process: str) -> LineageRecord | None:
    return next((record for record in ended.lineage if record.process.qualified_name == process), None)


def _nominal_time(connection: Connection, ended: EndedRefresh) -> str | None:
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
