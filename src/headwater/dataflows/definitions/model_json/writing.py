"""From a dataflow to a ``model.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from headwater.dataflows.definitions.definition import DataflowDefinition
from headwater.dataflows.definitions.model_json.groups import identity, written_groups
from headwater.dataflows.definitions.model_json.policies import written_policy
from headwater.dataflows.definitions.model_json.static_columns import static_columns
from headwater.dataflows.definitions.model_json.types import DATA_TYPES
from headwater.dataflows.definitions.settings import EntitySettings, Limits, Settings

__all__ = ["Columns", "Exported", "export_model"]

Columns = Sequence[tuple[str, str]]
"""A table's columns: names, and published types."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A ``model.json``, and what of the dataflow it does not carry: each note names one thing."""

    document: Mapping[str, Any]
    notes: tuple[str, ...]


def export_model(definition: DataflowDefinition, published: Mapping[str, Columns]) -> Exported:
    """The ``model.json`` of a dataflow.

    Args:
        definition: the dataflow.
        published: the columns of those of its tables that are published; of others they are as the dataflow's
            settings or their query's text say.
    """
    settings, name = definition.settings, definition.name
    notes = _lost(settings)
    entities = [_entity(definition, entity, published.get(entity), notes) for entity in settings.load]
    document: dict[str, Any] = {
        "name": name,
        "description": settings.description,
        "version": "1.0",
        "culture": settings.culture,
        "pbi:mashup": {
            "fastCombine": False,
            "allowNativeQueries": False,
            "queriesMetadata": {query: _metadata(definition, query) for query in definition.queries},
            "document": definition.to_section(),
        },
        "annotations": [written_groups(name, list(settings.groups))],
        "entities": [*entities, *(_reference(own, definition) for own in settings.linked)],
    }
    models = sorted({linked.dataflow for linked in settings.linked.values()})
    if models:
        document["referenceModels"] = [
            {"id": identity(model), "location": f"{quote(model, safe='')}/model.json"} for model in models
        ]
    notes.append("the rows of its tables: read them by OData")
    return Exported(document, tuple(notes))


def _metadata(definition: DataflowDefinition, query: str) -> dict[str, Any]:
    found: dict[str, Any] = {"queryId": identity(definition.name, "query", query), "queryName": query}
    groups = [group for group, members in definition.settings.groups.items() if query in members]
    if groups:
        found["queryGroupId"] = identity(definition.name, "group", groups[0])
    if query in definition.settings.load:
        found["loadEnabled"] = True
    return found


def _entity(definition: DataflowDefinition, name: str, published: Columns | None, notes: list[str]) -> dict[str, Any]:
    settings = definition.settings.of(name)
    entity: dict[str, Any] = {"$type": "LocalEntity", "name": name, "description": ""}
    entity["pbi:refreshPolicy"] = written_policy(name, settings)
    columns = published if published is not None else definition.settings.columns.get(name)
    if columns is None:
        columns = static_columns(definition, name)
    if columns is None:
        notes.append(f"the columns of '{name}', which are known when it has been refreshed")
    entity["attributes"] = [_attribute(name, column, kind, notes) for column, kind in columns or ()]
    notes += _lost_of(name, settings)
    return entity


def _attribute(entity: str, column: str, kind: str, notes: list[str]) -> dict[str, str]:
    if kind not in DATA_TYPES:
        notes.append(f"the type of the column '{column}' of '{entity}': {kind}")
    return {"name": column, "dataType": DATA_TYPES.get(kind, "unclassified")}


def _reference(own: str, definition: DataflowDefinition) -> dict[str, Any]:
    linked = definition.settings.linked[own]
    return {"$type": "ReferenceEntity", "name": own, "source": linked.entity, "modelId": identity(linked.dataflow)}


def _lost(settings: Settings) -> list[str]:
    """What a model has no word for."""
    usual = Settings(())
    words = {
        "errors": "what becomes of error cells",
        "owner": "its owner",
        "time_zone": "its time zone",
        "schema_changes": "what becomes of changed columns",
        "rescore": "when rows are scored anew",
        "retries": "how often it is tried again",
        "schedule": "its schedule",
        "notify": "who is told",
    }
    lost = [text for key, text in words.items() if getattr(settings, key) != getattr(usual, key)]
    return [*lost, "its limits"] if settings.limits != Limits() else lost


def _lost_of(name: str, settings: EntitySettings) -> list[str]:
    lost = [f"that '{name}' is refreshed by key"] if settings.mode == "keyed" else []
    if settings.mode != "keyed" and settings.key:
        lost.append(f"the key of '{name}'")
    if settings.errors is not None:
        lost.append(f"what becomes of error cells of '{name}'")
    if settings.schema_changes is not None:
        lost.append(f"what becomes of changed columns of '{name}'")
    return lost
