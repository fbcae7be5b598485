"""What stands against saving a definition, for the person who saves it: its queries will run with their rights.

Nothing is run. What the text of a query does not tell is checked when it runs, and noted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from sqlalchemy import select

from headwater.access import Action, Actor, allowed_to
from headwater.dataflows.definitions.constants import Constants
from headwater.dataflows.definitions.data_sources import SourceRights, source_findings
from headwater.dataflows.definitions.definition import DataflowDefinition
from headwater.dataflows.definitions.references import Names, Reference, scoped
from headwater.dataflows.definitions.settings import LinkedEntity
from headwater.dataflows.published import PublishedTables
from headwater.dataflows.saving import check_circle
from headwater.errors import (
    ConflictError,
    Finding,
    HeadwaterError,
    ModelError,
    NetworkError,
    NotFoundError,
    WorkspaceError,
)
from headwater.powerquery.language import LineIndex, syntax
from headwater.powerquery.library import registry
from headwater.store import Database, tables

__all__ = ["SEVERITIES", "Rights", "check_definition"]

#: What was found is listed in this order.
SEVERITIES = ("error", "warning", "note")

_RANGE = ("RangeStart", "RangeEnd")
_LANGUAGE = frozenset({"#shared", "#sections", "MLWorkspace.Contents"})
_LATER = "It is checked again when the dataflow runs."


class Rights(SourceRights, Protocol):
    """What somebody's queries may use."""

    def check_model(self, name: str) -> bool:
        """Whether M's name is a model's that they may call; False where its first part is no workspace of theirs.

        Raises:
            HeadwaterError: there is no such model for them, or it cannot be called.
        """
        ...

    def has_workspace(self, name: str) -> bool:
        """Whether they may know of a workspace."""
        ...


def check_definition(
    database: Database, actor: Actor, definition: DataflowDefinition, rights: Rights
) -> tuple[Finding, ...]:
    """Everything that was found, errors first, then by query and place.

    Args:
        database: the metadata database.
        actor: who saves it.
        definition: what is saved.
        rights: of ``actor``.
    """
    found = [*_circles(definition), *_periods(definition), *_linked(database, actor, definition)]
    for name in definition.queries:
        found += _query(definition, name, rights)
    return tuple(sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.query, f.line, f.column)))


# -- between queries ---------------------------------------------------------------------------------------------------


def _circles(definition: DataflowDefinition) -> Iterator[Finding]:
    """Queries that are needed for themselves; functions may call each other."""
    reads = {name: definition.reads(name) for name in definition.queries}
    told: set[str] = set()
    for name in definition.queries:
        circle = {other for other in reads[name] if name in reads[other]}
        if name not in circle or circle & told:
            continue
        told |= circle
        if not any(isinstance(definition.trees[other], syntax.Function | syntax.Each) for other in circle):
            listed = ", ".join(sorted(circle))
            message = f"These queries read each other: {listed}."
            yield Finding("error", "dataflow.query_circle", message, "Break the circle.", name)


def _periods(definition: DataflowDefinition) -> Iterator[Finding]:
    """An entity that is refreshed by period says which rows belong to one."""
    for name, settings in definition.settings.entities.items():
        if settings.mode != "partitioned":
            continue
        parts = [name, *definition.reads(name)]
        used = {reference.name for part in parts for reference in definition.references(part)}
        missing = [bound for bound in _RANGE if bound not in used]
        if missing:
            yield Finding(
                "error",
                "dataflow.periods",
                f"The entity '{name}' is partitioned, and its query does not use {' and '.join(missing)}.",
                "Choose the rows of a period: each [Date] >= RangeStart and [Date] < RangeEnd.",
                name,
            )


def _linked(database: Database, actor: Actor, definition: DataflowDefinition) -> Iterator[Finding]:
    for name, linked in definition.settings.linked.items():
        try:
            PublishedTables(database).get(actor, linked.dataflow, linked.entity)
        except NotFoundError:
            yield _unpublished(name, linked) if _promised(database, actor, linked) else _unreadable(name, linked)
    try:
        with database.read() as connection:
            check_circle(connection, actor, definition)
    except ConflictError as error:
        yield Finding("error", error.code, error.message, error.hint)


def _promised(database: Database, actor: Actor, linked: LinkedEntity) -> bool:
    """Whether a dataflow whose tables may be read will publish it at its next refresh."""
    flows, versions = tables.dataflows.c, tables.dataflow_versions.c
    current = (versions.dataflow_id == flows.id) & (versions.version == flows.current_version)
    query = (
        select(versions.definition)
        .join(tables.dataflows, current)
        .where(flows.name == linked.dataflow, flows.scope_id.in_(allowed_to(actor, Action.TABLE_READ)))
    )
    with database.read() as connection:
        stored = connection.scalar(query)
    return stored is not None and linked.entity in stored["settings"]["load"]


def _unpublished(name: str, linked: LinkedEntity) -> Finding:
    message = f"The linked entity '{name}' is not published yet."
    return Finding("warning", "dataflow.unpublished", message, f"Refresh the dataflow '{linked.dataflow}' first.")


def _unreadable(name: str, linked: LinkedEntity) -> Finding:
    return Finding(
        "error",
        "dataflow.linked",
        f"The linked entity '{name}' stands for the table '{linked.entity}' of a dataflow '{linked.dataflow}'; there"
        " is none, or none that you may read.",
        "Correct the names, or ask for the right to read its tables (table.read).",
    )


# -- within a query ----------------------------------------------------------------------------------------------------


def _query(definition: DataflowDefinition, name: str, rights: Rights) -> Iterator[Finding]:
    tree, lines = definition.trees[name], LineIndex(definition.queries[name])
    constants = Constants(definition.trees)
    found: list[tuple[syntax.Node, Finding]] = []
    for reference in definition.references(name):
        found += [(reference.node, finding) for finding in _named(definition, name, reference, rights)]
    found += source_findings(tree, constants, rights)
    found += _workspaces(tree, constants, rights)
    for node, finding in found:
        line, column = lines.position(node.span.start)
        yield replace(finding, query=name, line=line, column=column)


def _named(definition: DataflowDefinition, query: str, reference: Reference, rights: Rights) -> Iterator[Finding]:
    name, library = reference.name, registry()
    of_queries = definition.queries.keys() - (set() if reference.own else {query})
    if name in of_queries or name in definition.settings.linked or name in _LANGUAGE:
        return
    if name in library.functions or name in library.constants:
        return
    if name in _RANGE and any(found.partitions for found in definition.settings.entities.values()):
        return
    finding = _model(name, rights)
    if finding is not None:
        yield finding


def _model(name: str, rights: Rights) -> Finding | None:
    """What stands against a name that is a model's, or nothing's."""
    try:
        return None if rights.check_model(name) else _unknown(name)
    except (NetworkError, WorkspaceError) as error:
        message = f"The workspace of '{name}' cannot be asked: {error.message}"
        return Finding("warning", "dataflow.workspace_unreachable", message, _LATER)
    except ModelError as error:
        # An endpoint may be ready again when the dataflow runs.
        return Finding("warning" if error.code == "model.not_ready" else "error", error.code, error.message, error.hint)
    except HeadwaterError as error:
        return Finding("error", f"dataflow.model.{error.code}", error.message, error.hint)


def _unknown(name: str) -> Finding:
    library = registry()
    near = difflib.get_close_matches(name, [*library.functions, *library.constants], n=3, cutoff=0.75)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Check its spelling, or add a query of this name."
    return Finding("error", "dataflow.unknown_name", f"The name '{name}' is defined nowhere.", hint)


def _workspaces(tree: syntax.Expr, constants: Constants, rights: Rights) -> Iterator[tuple[syntax.Node, Finding]]:
    """What stands against models that are looked up: ``MLWorkspace.Contents("lab"){[Name = "churn"]}[Data]``."""
    for node, names in scoped(tree):
        match node:
            case syntax.Invocation(function=syntax.Identifier(name="MLWorkspace.Contents"), arguments=(asked,)):
                name = constants.text(asked, names)
                if name is not None and not rights.has_workspace(name):
                    message = f"There is no workspace '{name}', or none that you may see."
                    yield node, Finding("error", "dataflow.workspace", message, "MLWorkspace.Contents() lists them.")
            case syntax.ItemAccess(target=syntax.Invocation() as called, index=syntax.Record() as key):
                model = _looked_up(called, key, names, constants, rights)
                finding = None if model is None else _model(model, rights)
                if finding is not None:
                    yield node, finding


def _looked_up(
    called: syntax.Invocation, key: syntax.Record, names: Names, constants: Constants, rights: Rights
) -> str | None:
    """The name of the model's function that a workspace is asked for, where the text tells."""
    match called:
        case syntax.Invocation(function=syntax.Identifier(name="MLWorkspace.Contents"), arguments=(asked,)):
            workspace = constants.text(asked, names)
            wanted = {field.name: constants.text(field.value, names) for field in key.fields}.get("Name")
            known = workspace is not None and rights.has_workspace(workspace)
            return f"{workspace}.{wanted}" if known and wanted is not None else None
    return None
