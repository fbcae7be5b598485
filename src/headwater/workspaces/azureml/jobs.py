"""Jobs in Azure Resource Manager's JSON: what they are, read and write, and the steps of a pipeline.

As in ``extract``, nothing here calls anybody, and only a job's name has to be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from headwater.workspaces.azureml.extract import is_archived, item_name, mapping, moment, pairs, properties, text
from headwater.workspaces.base import JobInfo

__all__ = ["JobData", "Step", "inputs", "job", "output_uris", "outputs", "steps"]

_JOB_STATUS = {
    "Completed": "FINISHED",
    "Failed": "FAILED",
    "NotResponding": "FAILED",
    "Canceled": "KILLED",
    "NotStarted": "SCHEDULED",
    "Queued": "SCHEDULED",
    "Paused": "SCHEDULED",
    **dict.fromkeys(("Starting", "Provisioning", "Preparing", "Running", "Finalizing", "CancelRequested"), "RUNNING"),
}
#: What a job with a schema for its task (AutoML) reads, and for what.
_TASK_DATA = {"trainingData": "training", "validationData": "validation", "testData": "test"}
_TASK_SETTINGS = ("taskType", "targetColumnName", "primaryMetric")
#: What a job ran, and where.
_WHAT_RAN = ("jobType", "environmentId", "codeId", "componentId", "computeId")
_MODEL_KINDS = frozenset({"custom_model", "mlflow_model", "triton_model"})
_NO_DATA = _MODEL_KINDS | {"literal"}
#: No field of its own names the run that a job is a part of. What started it notes it among the properties or tags.
_PARENTS = ("azureml.parentrunid", "parentrunid", "mlflow.parentrunid", "azureml.pipelinerunid")
#: How a step of a pipeline refers to what the pipeline, or another step, has.
_BINDING = re.compile(
    r"\$\{\{\s*parent\.(?:jobs\.(?P<step>[^.}]+)\.)?(?P<side>inputs|outputs)\.(?P<name>[^}]+?)\s*\}\}"
)


@dataclass(frozen=True, slots=True)
class JobData:
    """Data that a job read or wrote: ``context`` is what the job calls it, ``kind`` what form it has."""

    context: str
    kind: str
    uri: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a pipeline: a job of its own, which the workspace tells of in its pipeline alone."""

    info: JobInfo
    inputs: tuple[JobData, ...]
    outputs: tuple[JobData, ...]


def job(item: Mapping[str, Any]) -> JobInfo:
    """A job, without the datasets it read and wrote.

    Azure Resource Manager tells when it was submitted and not when it ended.
    """
    told = properties(item)
    status = text(told.get("status"))
    ran = {f"azureml.{name}": told.get(name) for name in _WHAT_RAN}
    archived = {"azureml.isArchived": "true"} if is_archived(item) else {}
    return JobInfo(
        run_id=item_name(item),
        name=text(told.get("displayName")),
        experiment=text(told.get("experimentName")),
        status=_JOB_STATUS.get(status, status),
        started_at=moment(item, "createdAt"),
        params=_settings(told),
        tags=pairs(told.get("tags")) | pairs(ran) | archived,
        kind=text(told.get("jobType")),
        parent_run_id=_parent(item),
    )


def inputs(item: Mapping[str, Any]) -> Iterator[JobData]:
    """The data that a job says it read."""
    told = properties(item)
    details = mapping(told.get("taskDetails"))
    task = {context: details[name] for name, context in _TASK_DATA.items() if name in details}
    for context, entry in {**mapping(told.get("inputs")), **task}.items():
        found = _data(context, entry)
        if found.uri and found.kind not in _NO_DATA:
            yield found


def outputs(item: Mapping[str, Any]) -> Iterator[JobData]:
    """The data that a job says it writes; what it gives no address is addressed as the job's output of that name."""
    for context, entry in mapping(properties(item).get("outputs")).items():
        found = _data(context, entry)
        if isinstance(entry, dict) and found.kind not in _NO_DATA:
            yield replace(found, uri=found.uri or f"azureml://jobs/{item_name(item)}/outputs/{context}")


def output_uris(told: Mapping[str, Any]) -> dict[str, str]:
    """The addresses that a job's outputs have of their own."""
    return {name: _data(name, entry).uri for name, entry in told.items()}


def steps(item: Mapping[str, Any]) -> list[Step]:
    """The steps of a pipeline, each named PIPELINE/STEP; none of any other job."""
    told = properties(item)
    described = {name: mapping(step) for name, step in mapping(told.get("jobs")).items() if name and "/" not in name}
    pipeline = _Pipeline(item_name(item), told, described)
    return [_step(job(item), pipeline, name, step) for name, step in described.items()]


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """What the steps of a pipeline refer to."""

    name: str
    told: Mapping[str, Any]
    steps: Mapping[str, Mapping[str, Any]]

    def read(self, context: str, entry: object) -> JobData:
        """What an input of a step stands for: data of the pipeline's or of another step, or what it says itself."""
        found = _data(context, entry)
        bound = _BINDING.fullmatch(found.uri)
        if bound is None:
            return found
        name = bound["name"]
        if bound["side"] == "inputs":
            return replace(_data(name, mapping(self.told.get("inputs")).get(name)), context=context)
        if bound["step"] is None:
            return replace(self._output(name), context=context)
        made = mapping(self.steps.get(bound["step"], {}).get("outputs")).get(name)
        return replace(self.written(bound["step"], name, made), context=context)

    def written(self, step: str, context: str, entry: object) -> JobData:
        """What an output of a step stands for: an output of the pipeline, or one that only its steps see."""
        found = _data(context, entry)
        bound = _BINDING.fullmatch(found.uri)
        if bound is not None and bound["side"] == "outputs" and bound["step"] is None:
            return replace(self._output(bound["name"]), context=context)
        own = f"azureml://jobs/{self.name}/{step}/outputs/{context}"
        return replace(found, uri=own if bound or not found.uri else found.uri)

    def _output(self, name: str) -> JobData:
        found = _data(name, mapping(self.told.get("outputs")).get(name))
        return replace(found, uri=found.uri or f"azureml://jobs/{self.name}/outputs/{name}")


def _step(whole: JobInfo, pipeline: _Pipeline, name: str, step: Mapping[str, Any]) -> Step:
    read = [pipeline.read(context, entry) for context, entry in mapping(step.get("inputs")).items()]
    wrote = [pipeline.written(name, context, entry) for context, entry in mapping(step.get("outputs")).items()]
    ran = {"azureml.componentId": step.get("componentId"), "azureml.computeId": step.get("computeId")}
    info = JobInfo(
        run_id=f"{whole.run_id}/{name}",
        name=text(step.get("displayName") or step.get("display_name")) or name,
        experiment=whole.experiment,
        # Of a step alone nothing is told; what came of the pipeline came of all that it consists of.
        status=whole.status,
        started_at=whole.started_at,
        params=pairs({data.context: data.uri for data in read if data.kind in _NO_DATA and data.uri}),
        tags=pairs(ran),
        kind=text(step.get("jobType") or step.get("type")),
        parent_run_id=whole.run_id,
    )
    return Step(info, tuple(_are_data(read)), tuple(_are_data(wrote)))


def _are_data(found: list[JobData]) -> Iterator[JobData]:
    return (data for data in found if data.uri and data.kind not in _NO_DATA)


def _data(context: str, entry: object) -> JobData:
    """An input or output as it is written; a step's may be in the spelling of the SDK, or a text alone.

    A kind that is not known yet is data, too, if it has an address.
    """
    if isinstance(entry, str):
        return JobData(context, "", entry)
    told = mapping(entry)
    names = ("jobInputType", "jobOutputType", "job_input_type", "job_output_type", "type")
    kind = next((text(told[name]) for name in names if text(told.get(name))), "")
    uri = next((text(told[name]) for name in ("uri", "path", "value") if text(told.get(name))), "")
    return JobData(context, kind, uri)


def _settings(told: Mapping[str, Any]) -> dict[str, str]:
    """What a job was told: its literal inputs, the models it was given, its parameters, its task, its objective."""
    settings = dict(mapping(told.get("parameters")))
    for name, entry in mapping(told.get("inputs")).items():
        described = mapping(entry)
        kind = text(described.get("jobInputType"))
        if kind == "literal":
            settings[name] = described.get("value")
        elif kind in _MODEL_KINDS:
            settings[name] = described.get("uri")
    details, objective = mapping(told.get("taskDetails")), mapping(told.get("objective"))
    task = {name: details.get(name) for name in _TASK_SETTINGS}
    return pairs(settings | task | {name: value for name, value in objective.items() if value is not None})


def _parent(item: Mapping[str, Any]) -> str | None:
    told = properties(item)
    noted = {**mapping(told.get("tags")), **mapping(told.get("properties"))}
    lowered = {name.lower(): text(value) for name, value in noted.items()}
    named = (text(told.get("parentJobName")), *(lowered.get(name, "") for name in _PARENTS))
    return next((name for name in named if name and name != item.get("name")), None)
