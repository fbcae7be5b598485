"""What the catalog knows as OpenLineage's static events: a job for each process, a dataset for everything else.

They tell what there is without anything having run: OpenLineage calls them job events and dataset events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from headwater._version import __version__
from headwater.app.pushing.payloads import Entity, name_of
from headwater.dataflows.datasets import dataset_of

__all__ = ["event_of"]

_PRODUCER: Final = f"urn:headwater:{__version__}"
_SPEC: Final = "https://openlineage.io/spec"
_EVENTS: Final = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs"
_FACETS: Final = {
    "schema": "1-2-0/SchemaDatasetFacet",
    "datasetType": "1-0-1/DatasetTypeDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet",
    "job documentation": "1-1-0/DocumentationJobFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
}
_MODELS: Final = frozenset({"ml_model", "ml_model_version", "ml_endpoint"})

Json = dict[str, Any]


def event_of(entity: Entity, *, is_process: bool, at: str) -> Json:
    """The event that tells of an entity; ``at`` is when it was told, as ISO 8601.

    >>> entity = {"typeName": "dataset", "attributes": {"qualifiedName": "s3://b/k", "name": "k"}}
    >>> event_of(entity, is_process=False, at="2026-01-01T00:00:00Z")["dataset"]["namespace"]
    's3://b'
    """
    kind = "JobEvent" if is_process else "DatasetEvent"
    event: Json = {"eventTime": at, "producer": _PRODUCER, "schemaURL": f"{_EVENTS}/{kind}"}
    if not is_process:
        return event | {"dataset": _named(name_of(entity)[1]) | {"facets": _dataset_facets(entity)}}
    attributes = entity["attributes"]
    return event | {
        "job": _named(name_of(entity)[1]) | {"facets": _job_facets(entity)},
        "inputs": _references(attributes.get("inputs") or ()),
        "outputs": _references(attributes.get("outputs") or ()),
    }


def _named(qualified_name: str) -> Json:
    found = dataset_of(qualified_name)
    return {"namespace": found.namespace, "name": found.name}


def _references(listed: Iterable[Mapping[str, Any]]) -> list[Json]:
    return [_named(each["uniqueAttributes"]["qualifiedName"]) for each in listed]


def _dataset_facets(entity: Entity) -> Json:
    facets = {"datasetType": _facet("datasetType", datasetType="MODEL" if entity["typeName"] in _MODELS else "TABLE")}
    columns = (entity.get("relationshipAttributes") or {}).get("columns") or ()
    if columns:
        facets["schema"] = _facet("schema", fields=[{"name": column["displayText"]} for column in columns])
    if described := _description(entity):
        facets["documentation"] = _facet("documentation", description=described)
    return facets


def _job_facets(entity: Entity) -> Json:
    facets = {"jobType": _facet("jobType", processingType="BATCH", integration="HEADWATER", jobType=entity["typeName"])}
    if described := _description(entity):
        facets["documentation"] = _facet("job documentation", description=described)
    return facets


def _description(entity: Entity) -> str:
    attributes = entity["attributes"]
    return str(attributes.get("userDescription") or attributes.get("description") or "")


def _facet(name: str, **content: Any) -> Json:
    version, _, kind = _FACETS[name].partition("/")
    url = f"{_SPEC}/facets/{version}/{kind}.json#/$defs/{kind}"
    return {"_producer": _PRODUCER, "_schemaURL": url, **content}
