"""OpenLineage's own Python classes, as the judge of our events: each is built from them, and is then what was sent."""

from __future__ import annotations

import importlib
import types
import typing
from typing import Any

import attr

#: Which class each standard facet is of.
FACETS = {
    "columnLineage": ("column_lineage_dataset", "ColumnLineageDatasetFacet"),
    "dataSource": ("datasource_dataset", "DatasourceDatasetFacet"),
    "datasetType": ("dataset_type_dataset", "DatasetTypeDatasetFacet"),
    "documentation": ("documentation_job", "DocumentationJobFacet"),
    "errorMessage": ("error_message_run", "ErrorMessageRunFacet"),
    "jobType": ("job_type_job", "JobTypeJobFacet"),
    "nominalTime": ("nominal_time_run", "NominalTimeRunFacet"),
    "outputStatistics": ("output_statistics_output_dataset", "OutputStatisticsOutputDatasetFacet"),
    "parent": ("parent_run", "ParentRunFacet"),
    "processing_engine": ("processing_engine_run", "ProcessingEngineRunFacet"),
    "schema": ("schema_dataset", "SchemaDatasetFacet"),
    "sourceCode": ("source_code_job", "SourceCodeJobFacet"),
    "version": ("dataset_version_dataset", "DatasetVersionDatasetFacet"),
}

_UNION = (typing.Union, types.UnionType)


def check(event: dict[str, Any]) -> None:
    """Fail unless the event is one: every key a field, every facet of the class and schema that it says."""
    base = importlib.import_module("openlineage.client.generated.base")
    assert event["schemaURL"] == base.RunEvent._get_schema()
    assert event["eventType"] in {each.value for each in base.EventType}
    run, job = event["run"], event["job"]
    base.RunEvent(
        eventTime=event["eventTime"],
        producer=event["producer"],
        run=base.Run(runId=run["runId"], facets=_facets(run)),
        job=base.Job(namespace=job["namespace"], name=job["name"], facets=_facets(job)),
        eventType=base.EventType(event["eventType"]),
        inputs=[_dataset(base.InputDataset, each) for each in event["inputs"]],
        outputs=[_dataset(base.OutputDataset, each) for each in event["outputs"]],
    )
    assert event.keys() == {"eventType", "eventTime", "producer", "schemaURL", "run", "job", "inputs", "outputs"}


def _dataset(kind: Any, stated: dict[str, Any]) -> Any:
    known = {field.name for field in attr.fields(kind)}
    assert stated.keys() <= known, stated.keys()
    _facets(stated)
    _facets({"facets": stated.get("outputFacets", {})})
    return kind(namespace=stated["namespace"], name=stated["name"])


def _facets(holder: dict[str, Any]) -> dict[str, Any]:
    return {name: _facet(name, stated) for name, stated in holder["facets"].items()}


def _facet(name: str, stated: dict[str, Any]) -> Any:
    if name.startswith("headwater_"):
        assert stated["_producer"] and stated["_schemaURL"].startswith("urn:headwater:")
        return None
    module, kind = FACETS[name]
    of = getattr(importlib.import_module(f"openlineage.client.generated.{module}"), kind)
    content = {key: value for key, value in stated.items() if not key.startswith("_")}
    built = _built(of, content)
    assert stated["_schemaURL"] == of._get_schema(), name
    assert stated["_producer"]
    return built


def _built(kind: Any, content: Any) -> Any:
    """An instance with the members of ``content``, themselves of the classes that the fields are declared as."""
    hints = typing.get_type_hints(kind)
    known = {field.name for field in attr.fields(kind)}
    assert content.keys() <= known, (kind.__name__, content.keys() - known)
    return kind(**{key: _as(hints[key], value) for key, value in content.items()})


def _as(hint: Any, value: Any) -> Any:
    if typing.get_origin(hint) in _UNION:
        hint = next(one for one in typing.get_args(hint) if one is not type(None))
    if typing.get_origin(hint) is list:
        return [_as(typing.get_args(hint)[0], each) for each in value]
    if typing.get_origin(hint) is dict:
        return {key: _as(typing.get_args(hint)[1], each) for key, each in value.items()}
    if attr.has(hint):
        return _built(hint, value)
    assert isinstance(value, hint), (hint, value)
    return value
