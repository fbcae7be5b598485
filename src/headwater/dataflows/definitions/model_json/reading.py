"""From a ``model.json`` to a dataflow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from headwater.dataflows.definitions.definition import DataflowDefinition
from headwater.dataflows.definitions.model_json.groups import ANNOTATION, read_groups
from headwater.dataflows.definitions.model_json.policies import read_policy
from headwater.dataflows.definitions.model_json.types import COLUMN_KINDS
from headwater.dataflows.definitions.sections import SectionForm, read_section
from headwater.dataflows.definitions.settings import ColumnKind, EntitySettings, LinkedEntity, Settings
from headwater.errors import UsageError

__all__ = ["Imported", "import_model"]

_KNOWN = {
    "model": {
        "name", "description", "version", "culture", "pbi:mashup", "entities", "referenceModels", "annotations",
    },
    "mashup": {"fastCombine", "allowNativeQueries", "queriesMetadata", "document"},
    "query": {"queryId", "queryName", "queryGroupId", "loadEnabled"},
    "entity": {"$type", "name", "pbi:refreshPolicy", "attributes", "source", "modelId", "description"},
    "attribute": {"name", "dataType"},
    "policy": {
        "$type", "location", "rollingWindowGranularity", "rollingWindowPeriods", "incrementalGranularity",
        "incrementalPeriods", "incrementalPeriodsOffset", "pollingExpression",
    },
}  # fmt: skip
_UNFIT_NAME = re.compile(r"[^A-Za-z0-9_. -]")
_ELSEWHERE = re.compile(r"\b(?:PowerBI|PowerPlatform)\.Dataflows\b")
_LONGEST_NAME = 200

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Imported:
    """A dataflow that was read, and what of the file it does not carry: each note names one thing."""

    definition: DataflowDefinition
    notes: tuple[str, ...]


def import_model(document: Any, name: str | None = None) -> Imported:
    """The dataflow that a ``model.json`` describes.

    Args:
        document: the file's JSON.
        name: what it is called here; without one, as the file says, in characters that a name can have.

    Raises:
        UsageError: it is no model with queries.
        MSyntaxError: a query cannot be read.
    """
    return _Reading(_object(document, "The file"), name).imported()


class _Reading:
    def __init__(self, model: Object, name: str | None) -> None:
        self._model = model
        self._notes: list[str] = []
        self._mashup = _object(model.get("pbi:mashup"), "'pbi:mashup'")
        text = self._mashup.get("document")
        if not isinstance(text, str):
            raise _misread("It has no queries: 'pbi:mashup' holds no document.")
        self._queries, self._form = read_section(text, "document")
        self._name = name or self._stated_name()
        self._entities = [_object(entity, "An entity") for entity in _list(model, "entities")]

    def imported(self) -> Imported:
        linked = self._linked()
        self._queries = {name: text for name, text in self._queries.items() if name not in linked}
        members = tuple(member for member in self._form.members if member.name not in linked)
        form = SectionForm(self._form.name, self._form.attributes, members)
        metadata = self._metadata()
        load = self._loaded(metadata)
        culture = self._model.get("culture")
        settings = Settings(
            load=load,
            culture=culture if isinstance(culture, str) else "en-US",
            description=str(self._model.get("description") or ""),
            entities=self._policies(load),
            groups=self._groups(metadata),
            linked=linked,
            columns=self._columns(load),
        )
        definition = DataflowDefinition(self._name, self._queries, settings, section=form)
        self._note_the_rest()
        return Imported(definition, tuple(dict.fromkeys(self._notes)))

    # -- names and queries -----------------------------------------------------------------------------------------

    def _stated_name(self) -> str:
        stated = str(self._model.get("name", ""))
        name = _UNFIT_NAME.sub("_", stated)[:_LONGEST_NAME]
        name = name if name and (name[0].isalnum() or name[0] == "_") else f"_{name}"[:_LONGEST_NAME]
        if name != stated:
            self._notes.append(f"the name '{stated}': it is called '{name}' here")
        return name

    def _metadata(self) -> dict[str, Object]:
        """What is said of each query of the document."""
        listed = self._mashup.get("queriesMetadata", {})
        found = {
            str(key): _object(said, "A query's metadata") for key, said in _object(listed, "queriesMetadata").items()
        }
        named = {str(said.get("queryName", key)): said for key, said in found.items()}
        self._notes += [f"what is said of '{name}', which is no query of the document" for name in named
                        if name not in self._queries and name not in self._reference_names()]  # fmt: skip
        return {name: named.get(name, {}) for name in self._queries}

    def _reference_names(self) -> set[str]:
        return {str(e.get("name")) for e in self._entities if e.get("$type") == "ReferenceEntity"}

    def _loaded(self, metadata: Mapping[str, Object]) -> tuple[str, ...]:
        local = [str(e.get("name", "")) for e in self._entities if e.get("$type", "LocalEntity") == "LocalEntity"]
        self._notes += [f"the entity '{name}', for which there is no query" for name in local if name not in metadata]
        order = [name for name in dict.fromkeys([*local, *metadata]) if name in metadata]
        load = tuple(name for name in order if metadata[name].get("loadEnabled", False) is True)
        if not load:
            raise _misread("None of its queries is loaded.")
        self._notes += [f"the entity '{name}', whose query is not loaded" for name in local
                        if name in metadata and name not in load]  # fmt: skip
        return load

    def _linked(self) -> dict[str, LinkedEntity]:
        models = {
            str(model.get("id")): str(model.get("location", ""))
            for model in (_object(each, "A reference model") for each in _list(self._model, "referenceModels"))
        }
        linked: dict[str, LinkedEntity] = {}
        for entity in self._entities:
            if entity.get("$type") != "ReferenceEntity":
                continue
            name, key = str(entity.get("name", "")), str(entity.get("modelId", ""))
            dataflow = _folder(models.get(key, "")) or key
            linked[name] = LinkedEntity(dataflow, str(entity.get("source", name)))
            if name in self._queries:
                self._notes.append(f"the query '{name}': it is a linked entity")
        return linked

    # -- settings --------------------------------------------------------------------------------------------------

    def _policies(self, load: Sequence[str]) -> dict[str, EntitySettings]:
        found: dict[str, EntitySettings] = {}
        for entity in self._entities:
            name, policy = str(entity.get("name", "")), entity.get("pbi:refreshPolicy")
            if name not in load or policy is None:
                continue
            self._unknown("policy", _object(policy, "A refresh policy"), f"of the refresh policy of '{name}'")
            settings, notes = read_policy(name, policy)
            self._notes += notes
            if settings is not None:
                found[name] = settings
        return found

    def _groups(self, metadata: Mapping[str, Object]) -> dict[str, tuple[str, ...]]:
        annotations = [_object(each, "An annotation") for each in _list(self._model, "annotations")]
        names, notes = read_groups(annotations)
        self._notes += notes
        self._notes += [
            f"the annotation '{each.get('name')}'" for each in annotations if each.get("name") != ANNOTATION
        ]
        groups: dict[str, list[str]] = {name: [] for name in names.values()}
        for query, said in metadata.items():
            key = said.get("queryGroupId")
            if key is not None and str(key) in names:
                groups[names[str(key)]].append(query)
            elif key is not None:
                self._notes.append(f"the group of '{query}', which is not described")
        return {name: tuple(members) for name, members in groups.items()}

    def _columns(self, load: Sequence[str]) -> dict[str, tuple[tuple[str, ColumnKind], ...]]:
        found: dict[str, tuple[tuple[str, ColumnKind], ...]] = {}
        for entity in self._entities:
            name = str(entity.get("name", ""))
            if name in load and "attributes" in entity:
                found[name] = tuple(self._column(name, _object(a, "An attribute")) for a in _list(entity, "attributes"))
        return found

    def _column(self, entity: str, attribute: Object) -> tuple[str, ColumnKind]:
        name, stated = str(attribute.get("name", "")), str(attribute.get("dataType", "unclassified"))
        self._unknown("attribute", attribute, f"of the column '{name}' of '{entity}'")
        kind = COLUMN_KINDS.get(stated.lower())
        if kind is None:
            self._notes.append(f"the type '{stated}' of the column '{name}' of '{entity}'")
        return name, kind or "any"

    # -- what does not carry over ----------------------------------------------------------------------------------

    def _note_the_rest(self) -> None:
        self._unknown("model", self._model, "")
        self._unknown("mashup", self._mashup, "of 'pbi:mashup'")
        self._notes += [
            f"'{flag}' of 'pbi:mashup'" for flag in ("fastCombine", "allowNativeQueries") if self._mashup.get(flag)
        ]
        for name, said in self._metadata().items():
            self._unknown("query", said, f"of the query '{name}'")
        for entity in self._entities:
            of = f"of the entity '{entity.get('name')}'"
            self._unknown("entity", entity, of)
            if entity.get("description"):
                self._notes.append(f"the description {of}")
            if entity.get("$type") == "ReferenceEntity" and entity.get("attributes"):
                self._notes.append(f"the columns {of}, which is linked")
        for name, text in self._queries.items():
            if _ELSEWHERE.search(text):
                self._notes.append(f"where '{name}' reads another dataflow's table: make it a linked entity")

    def _unknown(self, kind: str, found: Object, of: str) -> None:
        for key, value in found.items():
            if key not in _KNOWN[kind] and value not in (None, [], {}, ""):
                self._notes.append(f"'{key}' {of}".rstrip())


def _folder(location: str) -> str:
    """What the folder of a model is called: Power BI names it after the dataflow."""
    path = PurePosixPath(unquote(urlsplit(location).path))
    return path.parent.name if path.name == "model.json" else ""


def _object(value: Any, what: str) -> Object:
    if not isinstance(value, dict):
        raise _misread(f"{what} is no JSON object.")
    return value


def _list(found: Object, key: str) -> list[Any]:
    value = found.get(key)
    if value is not None and not isinstance(value, list):
        raise _misread(f"'{key}' is no list.")
    return value or []


def _misread(message: str) -> UsageError:
    return UsageError(message, place="model.json", hint="Give the file that Power BI's 'Export .json' wrote.")
