"""What the API takes and answers about dataflows: their definitions and versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from headwater import dataflows, errors
from headwater.app.dataflows import Saved as AppSaved
from headwater.dataflows.definitions.model_json import Imported
from headwater.dataflows.definitions.settings_writing import settings_document
from headwater.dataflows.service import DataflowVersion as StoredVersion
from headwater.server.answers import WITHOUT_NUL, Answer

Text = Annotated[str, Field(max_length=1_000_000)]
Line = Annotated[str, Field(max_length=1_000, pattern=WITHOUT_NUL)]
QueryName = Annotated[str, Field(max_length=255)]


class Definition(Answer):
    """What a dataflow is.

    ``settings`` has the tables of ``dataflow.toml``, as JSON. The queries are M texts by name, or ``section``: one
    section document with all of them.
    """

    settings: dict[str, Any]
    queries: Annotated[dict[QueryName, Text], Field(max_length=5_000)] = Field(default_factory=dict)
    section: Annotated[str, Field(max_length=20_000_000)] | None = None

    def named(self, name: str) -> dataflows.DataflowDefinition:
        """The definition, of the dataflow of this name."""
        return dataflows.read_definition(name, self.settings, self.queries, self.section)


class NewDataflow(Definition):
    name: Line
    collection: Line = "root"
    comment: Line = ""


class ChangedDataflow(Definition):
    """``take_over``: have it run with the rights of whoever changes it, where it ran with another's until now."""

    comment: Line = ""
    take_over: bool = False


class TakeOver(Answer):
    comment: Line = ""


class Parameter(Answer):
    """A query that stands for a value from outside; ``default`` is M text."""

    name: str
    type: str
    required: bool
    default: str


class FullDataflow(Answer):
    """A dataflow as it is saved. ``saved_by`` is whose rights it runs with; not ``runner_active``: they may no longer
    come in, and it cannot be refreshed until somebody else takes it over.
    """

    name: str
    version: int
    collection: str
    saved_by: str
    saved_at: datetime
    runner_active: bool
    settings: dict[str, Any]
    queries: dict[str, str]
    section: str | None
    parameters: list[Parameter]

    @classmethod
    def of(cls, found: dataflows.Dataflow) -> FullDataflow:
        """The answer for a dataflow."""
        parts = {"name": found.name, "version": found.version, "collection": found.collection}
        saved = {"saved_by": found.saved_by, "saved_at": found.saved_at, "runner_active": found.runner_active}
        return cls.model_validate(parts | saved | _definition(found.definition))


class Finding(Answer):
    """What was found in a definition; ``line`` and ``column`` count from 1, 0 where there is none."""

    severity: Literal["error", "warning", "note"]
    code: str
    message: str
    hint: str
    query: str
    line: int
    column: int


class Findings(Answer):
    value: list[Finding]

    @classmethod
    def of(cls, found: Sequence[errors.Finding]) -> Findings:
        """The answer for findings."""
        return cls(value=[Finding.model_validate(each) for each in found])


class SavedDataflow(Answer):
    """A dataflow that was saved, and what was found that did not stand against it."""

    dataflow: FullDataflow
    findings: list[Finding]

    @classmethod
    def of(cls, saved: AppSaved) -> SavedDataflow:
        """The answer for what was saved."""
        return cls(dataflow=FullDataflow.of(saved.dataflow), findings=Findings.of(saved.findings).value)


class DataflowVersion(Answer):
    version: int
    saved_by: str
    saved_at: datetime
    comment: str


class DataflowVersions(Answer):
    value: list[DataflowVersion]

    @classmethod
    def of(cls, versions: Sequence[StoredVersion]) -> DataflowVersions:
        """The answer for the versions of a dataflow."""
        return cls(value=[DataflowVersion.model_validate(each) for each in versions])


class VersionDefinition(Answer):
    """What a dataflow was."""

    version: int
    settings: dict[str, Any]
    queries: dict[str, str]
    section: str | None
    parameters: list[Parameter]

    @classmethod
    def of(cls, version: int, definition: dataflows.DataflowDefinition) -> VersionDefinition:
        """The answer for a version's definition."""
        return cls.model_validate({"version": version} | _definition(definition))


class Difference(Answer):
    """A unified diff of settings and queries; "" where there is none."""

    diff: str


class ModelFile(Answer):
    """Power BI's ``model.json``."""

    model: dict[str, Any]


class ExportedModel(ModelFile):
    """Power BI's ``model.json``, and what of the dataflow it does not carry."""

    notes: list[str]


class ImportedModel(Answer):
    """The definition that a ``model.json`` describes, and what of the file it does not carry."""

    definition: Definition
    notes: list[str]

    @classmethod
    def of(cls, imported: Imported) -> ImportedModel:
        """The answer for what was read."""
        parts = _definition(imported.definition)
        section = {"settings": parts["settings"], "section": parts["section"]}
        return cls(definition=Definition.model_validate(section), notes=list(imported.notes))


def _definition(definition: dataflows.DataflowDefinition) -> dict[str, Any]:
    return {
        "settings": settings_document(definition.name, definition.settings),
        "queries": dict(definition.queries),
        "section": None if definition.section is None else definition.to_section(),
        "parameters": definition.parameters(),
    }
