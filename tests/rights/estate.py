"""A made-up estate: collections, workspaces with models, jobs and datasets, dataflows with tables; their lineage."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from sqlalchemy import Connection, insert, select
from tests.access.roles.support import NOW
from tests.access.roles.world import World, make_people, read_scopes

from headwater.access import (
    SYSTEM,
    ScopeKind,
    add_scope,
    add_scopes,
    create_role,
    get_role,
    grant,
    install,
    set_restricted,
)
from headwater.catalog import (
    AssetRecord,
    AssetRef,
    AssetService,
    CollectionService,
    ColumnEdge,
    LineageRecord,
    record_process,
)
from headwater.dataflows import DataflowDefinition, DataflowService, Settings
from headwater.store import Database, tables, utc_now

#: As many kinds of rights as there are ways to be trimmed.
ROLES = (
    "Owner",
    "Reader",
    "Collection administrator",
    "Data source administrator",
    "Data reader",
    "Data curator",
    "Dataflow reader",
    "Dataflow refresher",
    "Dataflow owner",
    # Whoever has it sees models, and may not call them.
    "Model viewer",
)


@dataclass
class Estate:
    """What there is, by name, with the scope that each is trimmed by; ``flow`` are the edges of the lineage."""

    world: World = field(default_factory=World)
    people: list[str] = field(default_factory=list)
    collections: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    models: dict[tuple[str, str], int] = field(default_factory=dict)
    dataflows: dict[str, int] = field(default_factory=dict)
    published: dict[tuple[str, str], int] = field(default_factory=dict)
    assets: dict[str, int] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    flow: set[tuple[str, str]] = field(default_factory=set)
    #: Which asset's column goes through which process into which asset's.
    links: set[tuple[str, str, str]] = field(default_factory=set)


def column(asset: AssetRef) -> str:
    """The one column of an asset, which names the asset."""
    return f"a column of {asset.qualified_name}"


class Builder:
    """Builds an estate into a database by the services that everything else uses."""

    def __init__(self, draw: Random, database: Database) -> None:
        self.draw, self.database, self.estate = draw, database, Estate()
        self.datasets: list[AssetRef] = []
        self.versions: list[AssetRef] = []

    def build(self) -> Estate:
        """All of it, then people with roles."""
        with self.database.begin() as connection:
            install(connection, now=NOW)
            create_role(connection, SYSTEM, "Model viewer", actions=["model.read"])
        self._collections()
        self._sources()
        self._dataflows()
        with self.database.begin() as connection:
            self._restrict(connection)
            self.estate.people = make_people(self.draw, connection, self.estate.world)
            read_scopes(connection, self.estate.world)
            self._roles(connection)
        return self.estate

    def _collections(self) -> None:
        service = CollectionService(self.database)
        names = ["root"]
        for at in range(self.draw.randint(1, 4)):
            service.add(SYSTEM, f"c{at}", parent=self.draw.choice(names))
            names.append(f"c{at}")
        self.estate.collections = {found.name: found.scope_id for found in service.list(SYSTEM)}

    def _restrict(self, connection: Connection) -> None:
        for name, scope in self.estate.collections.items():
            if name != "root" and self.draw.random() < 0.25:
                set_restricted(connection, scope, True)

    def _some_collection(self) -> str:
        return self.draw.choice(list(self.estate.collections))

    def _write(self, *records: AssetRecord) -> None:
        AssetService(self.database).upsert(records)
        for record in records:
            self._note(record)

    def _note(self, record: AssetRecord) -> None:
        scope = record.scope_id or self.estate.collections[record.collection or "root"]
        self.estate.assets[record.qualified_name] = scope
        self.estate.types[record.qualified_name] = record.type_name

    def _sources(self) -> None:
        for at in range(self.draw.randint(1, 3)):
            collection = self._some_collection()
            with self.database.begin() as connection:
                above = self.estate.collections[collection]
                workspace = add_scope(connection, ScopeKind.WORKSPACE, f"s{at}", above).id
                names = [f"m{number}" for number in range(self.draw.randint(1, 2))]
                models = add_scopes(connection, ScopeKind.MODEL, names, workspace)
                place = select(tables.collections.c.id).where(tables.collections.c.name == collection)
                values = {"name": f"s{at}", "display_name": "", "kind": "mlflow", "url": "http://127.0.0.1:9"}
                more = {"settings": {}, "created_at": utc_now(), "scope_id": workspace}
                connection.execute(
                    insert(tables.sources).values(values | more | {"collection_id": place.scalar_subquery()})
                )
            self.estate.sources[f"s{at}"] = workspace
            self._write(AssetRecord("ml_workspace", f"s{at}", f"s{at}", collection=collection, scope_id=workspace))
            for model, scope in models.items():
                self.estate.models[f"s{at}", model] = scope
                self._model(f"s{at}", model, (workspace, scope), collection)

    def _model(self, source: str, model: str, scopes: tuple[int, int], collection: str) -> None:
        workspace, scope = scopes
        name = f"{source}/{model}"
        self._write(
            AssetRecord("ml_model", name, model, collection=collection, scope_id=scope),
            AssetRecord("ml_model_version", f"{name}/1", model, collection=collection, scope_id=scope),
            AssetRecord("dataset", f"file:///{name}.csv", model, collection=self._some_collection()),
        )
        self.datasets.append(AssetRef("dataset", f"file:///{name}.csv"))
        self.versions.append(AssetRef("ml_model_version", f"{name}/1"))
        job = AssetRecord("ml_job", f"{name}/job", model, collection=collection, scope_id=workspace)
        self._process(job, self.draw.sample(self.datasets, min(2, len(self.datasets))), [self.versions[-1]])

    def _process(self, process: AssetRecord, inputs: list[AssetRef], outputs: list[AssetRef]) -> None:
        pairs = [(one, other) for one in inputs for other in outputs]
        columns = tuple(ColumnEdge(one, column(one), other, column(other)) for one, other in pairs)
        record_process(self.database, LineageRecord(process, tuple(inputs), tuple(outputs), columns))
        self._note(process)
        name = process.qualified_name
        self.estate.links |= {(one.qualified_name, name, other.qualified_name) for one, other in pairs}
        self.estate.flow |= {(one.qualified_name, process.qualified_name) for one in inputs}
        self.estate.flow |= {(process.qualified_name, one.qualified_name) for one in outputs}

    def _dataflows(self) -> None:
        for at in range(self.draw.randint(1, 3)):
            name, collection = f"d{at}", self._some_collection()
            definition = DataflowDefinition(name, {"t0": "1", "t1": "2"}, Settings(("t0", "t1")))
            dataflow = DataflowService(self.database).apply(SYSTEM, definition, collection)
            self.estate.dataflows[name] = dataflow.scope_id
            self._write(AssetRecord("dataflow", name, name, collection=collection, scope_id=dataflow.scope_id))
            for entity, scope in self._publish(dataflow.id, dataflow.scope_id).items():
                self.estate.published[name, entity] = scope
                table = AssetRecord("dataflow_table", f"{name}/{entity}", entity, collection=collection, scope_id=scope)
                self._write(table)
                query = AssetRecord(
                    "dataflow_query", f"{name}/{entity}/q", entity, collection=collection, scope_id=dataflow.scope_id
                )
                inputs = self.draw.sample([*self.datasets, *self.versions], 2)
                self._process(query, inputs, [table.ref])
                self.datasets.append(table.ref)

    def _publish(self, dataflow_id: int, dataflow: int) -> dict[str, int]:
        refresh = f"00000000-0000-4000-8000-{dataflow_id:012}"
        with self.database.begin() as connection:
            scopes = add_scopes(connection, ScopeKind.PUBLISHED_TABLE, ["t0", "t1"], dataflow)
            started = {"status": "succeeded", "trigger": "manual", "started_at": utc_now()}
            connection.execute(insert(tables.refreshes).values(started | {"id": refresh, "dataflow_id": dataflow_id}))
            for entity, scope in scopes.items():
                values = {"entity": entity, "path": "nowhere", "delta_version": 0, "rows": 0, "schema": []}
                at = {"refresh_id": refresh, "published_at": utc_now(), "scope_id": scope, "dataflow_id": dataflow_id}
                connection.execute(insert(tables.published_tables).values(values | at))
                connection.execute(insert(tables.refresh_entities).values(refresh_id=refresh, entity=entity))
        return scopes

    def _roles(self, connection: Connection) -> None:
        world = self.estate.world
        for name in ROLES:
            role = get_role(connection, name)
            world.roles[name] = list(role.actions), list(role.not_actions), name == "Collection administrator"
        for _ in range(self.draw.randint(2, 8)):
            given = self.draw.choice(self.estate.people), self.draw.choice(ROLES), self.draw.choice(list(world.parents))
            if given not in world.assignments:
                world.assignments.add(given)
                grant(connection, SYSTEM, *given, now=NOW)
