"""Dataflows as people work on them: checked, saved, compared, removed. The command line and HTTP use this."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import select

from headwater.access import Action, Actor, may, server_scope
from headwater.dataflows import Dataflow, DataflowDefinition, DataflowService, PublishedTables
from headwater.dataflows.definitions.checking import SEVERITIES, check_definition
from headwater.dataflows.definitions.comparing import unified_diff
from headwater.dataflows.definitions.model_json import Exported, Imported, export_model, import_model
from headwater.dataflows.definitions.settings import Settings
from headwater.dataflows.service import DataflowVersion
from headwater.errors import DefinitionError, Finding, MError, NotFoundError, UsageError
from headwater.models.environment import ModelEnvironment
from headwater.models.names import ModelName
from headwater.models.rights import ModelRights
from headwater.net.jsons import parse_json
from headwater.powerquery.connections import Connection, Connections
from headwater.powerquery.connections.paths import GrantedPaths
from headwater.store import Database, tables
from headwater.workspaces import ConnectionService

__all__ = ["Dataflows", "Saved", "read_model_file", "write_model_file"]

_FILES = frozenset({"File", "Folder"})


@dataclass(frozen=True, slots=True)
class Saved:
    """A dataflow that was saved, and what was found that did not stand against it."""

    dataflow: Dataflow
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What checking a definition needs of the application.

    Attributes:
        database: the metadata database.
        folders: those whose files whoever may use every connection may read.
        connections: the connections to M's data sources.
        models: makes the models that somebody may call; closed after the check.
        rights: what somebody may do with models.
        untold: which of the subscribers cannot be told anything.
    """

    database: Database
    folders: Sequence[Path]
    connections: Callable[[], ConnectionService]
    models: Callable[[Actor], ModelEnvironment]
    rights: Callable[[Actor], ModelRights]
    untold: Callable[[Settings], Iterable[Finding]]


class Dataflows:
    """The dataflows of an installation, for whoever asks.

    Args:
        service: where they are stored.
        surroundings: what checking them needs.
    """

    def __init__(self, service: DataflowService, surroundings: Surroundings) -> None:
        self._service = service
        self._surroundings = surroundings

    def validate(self, actor: Actor, definition: DataflowDefinition) -> tuple[Finding, ...]:
        """What stands against saving a definition, and what is worth knowing; nothing is saved or run."""
        with _Rights(self._surroundings, actor, self._scope_of(definition.name)) as rights:
            found = check_definition(self._surroundings.database, actor, definition, rights)
        untold = self._surroundings.untold(definition.settings)
        # Errors first: a sort keeps the order of those that are alike.
        return tuple(sorted([*found, *untold], key=lambda finding: SEVERITIES.index(finding.severity)))

    def apply(
        self,
        actor: Actor,
        definition: DataflowDefinition,
        *,
        collection: str = tables.ROOT_COLLECTION,
        comment: str = "",
        take_over: bool = False,
        expected: int | None = None,
    ) -> Saved:
        """Check a definition for the rights of ``actor``, which it will run with, and save it.

        Raises:
            DefinitionError: something stands against it.
            HeadwaterError: as :meth:`DataflowService.apply` says.
        """
        findings = self.validate(actor, definition)
        if any(finding.severity == "error" for finding in findings):
            raise DefinitionError(definition.name, findings)
        saved = self._service.apply(
            actor, definition, collection, comment=comment, take_over=take_over, expected=expected
        )
        return Saved(saved, findings)

    def change(
        self,
        actor: Actor,
        definition: DataflowDefinition,
        *,
        comment: str = "",
        take_over: bool = False,
        expected: int | None = None,
    ) -> Saved:
        """Save the next version of a dataflow that is there; NotFoundError where there is none to be seen."""
        self._service.get(actor, definition.name)
        return self.apply(actor, definition, comment=comment, take_over=take_over, expected=expected)

    def take_over(self, actor: Actor, name: str, *, comment: str = "") -> Saved:
        """Have a dataflow run with the rights of ``actor``, for which it is checked; see :meth:`apply`."""
        found = self._service.get(actor, name)
        return self.apply(actor, found.definition, comment=comment, take_over=True, expected=found.version)

    def get(self, actor: Actor, name: str) -> Dataflow:
        """A dataflow; NotFoundError when there is none of this name to be seen."""
        return self._service.get(actor, name)

    def list(self, actor: Actor) -> Sequence[Dataflow]:
        """Every dataflow that may be seen, by name."""
        return self._service.list(actor)

    def versions(self, actor: Actor, name: str) -> Sequence[DataflowVersion]:
        """The versions of a dataflow, the newest first."""
        return self._service.versions(actor, name)

    def definition(self, actor: Actor, name: str, version: int | None = None) -> DataflowDefinition:
        """What a dataflow is, or was at a version."""
        return self.get(actor, name).definition if version is None else self._service.version(actor, name, version)

    def diff(self, actor: Actor, name: str, before: int | None = None, after: int | None = None) -> str:
        """What changed from one version of a dataflow to another, as a unified diff.

        Without them, it is what the newest version changed; NotFoundError where it is the first.
        """
        after = self._service.get(actor, name).version if after is None else after
        before = after - 1 if before is None else before
        versions = self._service.version(actor, name, before), self._service.version(actor, name, after)
        return unified_diff(*versions, (f"{name}@{before}", f"{name}@{after}"))

    def diff_to(self, actor: Actor, definition: DataflowDefinition, label: str) -> str:
        """What saving a definition would change, as a unified diff."""
        found = self._service.get(actor, definition.name)
        return unified_diff(found.definition, definition, (f"{found.name}@{found.version}", label))

    def export_model(self, actor: Actor, name: str) -> Exported:
        """A dataflow as Power BI's ``model.json``, and what that does not carry.

        Columns of tables that are published and that ``actor`` may read are told as they are.
        """
        found = self._service.get(actor, name)
        published = {
            table.entity: [(column["name"], column["type"]) for column in table.columns]
            for table in PublishedTables(self._surroundings.database).list(actor)
            if table.dataflow == name
        }
        return export_model(found.definition, published)

    def import_model(self, document: Mapping[str, Any], name: str) -> Imported:
        """The definition that Power BI's ``model.json`` describes, under this name, and what it does not carry.

        Nothing is saved.

        Raises:
            UsageError: it is no such file, or describes what no dataflow can be.
        """
        return import_model(document, name)

    def remove(self, actor: Actor, name: str, *, force: bool = False) -> None:
        """Remove a dataflow with its tables; see :meth:`DataflowService.remove`."""
        self._service.remove(actor, name, force=force)

    def _scope_of(self, name: str) -> int | None:
        """The scope of a dataflow, for the connections that are nearest to it; None before it is saved."""
        with self._surroundings.database.read() as connection:
            found: int | None = connection.scalar(
                select(tables.dataflows.c.scope_id).where(tables.dataflows.c.name == name)
            )
        return found


class _Rights:
    """What the queries of somebody may use; what it opened is closed at the end of the block."""

    def __init__(self, surroundings: Surroundings, actor: Actor, near: int | None) -> None:
        self._surroundings = surroundings
        self._actor = actor
        self._near = near
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def check_model(self, name: str) -> bool:
        parts = ModelName.parse(name)
        if parts is None or not self.has_workspace(parts.source):
            return False
        self._models.resolve(name)
        self._surroundings.rights(self._actor).check_invoke(parts.source, parts.model)
        return True

    def has_workspace(self, name: str) -> bool:
        return name in self._models.discovery.sources

    def may_read_file(self, path: str) -> bool:
        try:
            GrantedPaths(self._folders, {}).locate(path)
        except MError:
            return False
        return True

    def has_connection(self, kind: str, path: str) -> bool:
        # Where they lead, without their secrets: nothing is read through them here.
        return self._connections(kind, path) is not None

    @cached_property
    def _models(self) -> ModelEnvironment:
        models = self._surroundings.models(self._actor)
        self._opened.callback(models.close)
        return models

    @cached_property
    def _connections(self) -> Connections:
        usable = self._surroundings.connections().usable(self._actor, near=self._near)
        return Connections(Connection(found.kind, found.path) for found in usable)

    @cached_property
    def _folders(self) -> Sequence[Path]:
        with self._surroundings.database.read() as connection:
            everything = may(connection, self._actor, Action.CONNECTION_USE, server_scope(connection))
        connected = [Path(found.path) for found in self._connections if found.kind in _FILES]
        return [*(self._surroundings.folders if everything else ()), *connected]


def read_model_file(file: Path) -> Imported:
    """The dataflow that a file of Power BI describes.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it cannot be read, or is no model.
    """
    try:
        document = parse_json(file.read_bytes().removeprefix(codecs.BOM_UTF8))
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file '{file}'.", place=str(file), hint="Check the path.") from error
    except (OSError, ValueError) as error:
        raise UsageError(
            "The file cannot be read, or is no JSON.", place=str(file), hint="Give Power BI's model.json."
        ) from error
    return import_model(document)


def write_model_file(document: Mapping[str, Any], file: Path) -> None:
    """Write a ``model.json``, indented for people; UsageError where the file cannot be written."""
    import orjson

    try:
        file.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise UsageError(
            f"The file cannot be written: {error.strerror or error}.",
            place=str(file),
            hint="Name a file in a folder that exists and may be written.",
            code="file.unwritable",
        ) from error
