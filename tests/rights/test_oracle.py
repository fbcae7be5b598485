"""Every listing, count, lookup, lineage and call of the product, against one oracle of who may read what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.access.databases import new_postgresql_database, new_sqlite_database
from tests.rights.estate import Builder, Estate

from headwater import catalog
from headwater.access import SYSTEM, Action, Actor, Via
from headwater.app.reading import TableReader
from headwater.app.reading.sql import SqlQueries
from headwater.catalog import (
    AssetService,
    AssetSummary,
    CollectionService,
    edges_upstream,
    export_lineage,
    impact,
    lineage,
    neighbours_of,
)
from headwater.catalog.columns import columns_of
from headwater.catalog.entities.lineage import entity_lineage, next_lineage
from headwater.catalog.entities.reading import entities_by_id
from headwater.catalog.finding import Search
from headwater.catalog.flow.lineage import find_root
from headwater.catalog.search import FacetRequest, SearchIndex, SearchRequest
from headwater.catalog.types import built_in_types
from headwater.dataflows import DataflowService, PublishedTables, history
from headwater.errors import ForbiddenError, NotFoundError, VersionGoneError
from headwater.models.discovery import Discovery, FunctionDescription
from headwater.models.environment import ModelEnvironment
from headwater.models.rights import ActorsRights
from headwater.models.scorer import Scorer
from headwater.models.service import FunctionService
from headwater.store import Database, open_database, tables, utc_now
from headwater.workspaces import Connector, SourceService
from headwater.workspaces.base import EndpointInfo, ModelInfo, ModelVersionInfo, SignatureInfo, WorkspaceInfo

MakeUrl = Callable[[Path], str]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def make_url(request: pytest.FixtureRequest) -> MakeUrl:
    """Gives the URL of an empty database, for each example one."""
    if request.param == "sqlite":
        return new_sqlite_database
    server = request.getfixturevalue("postgresql_folder")
    return lambda _: new_postgresql_database(server)


@contextmanager
def estate_of(make_url: MakeUrl, seed: int) -> Iterator[tuple[Database, Estate]]:
    with TemporaryDirectory() as folder:
        database = open_database(make_url(Path(folder)))
        try:
            yield database, Builder(Random(seed), database).build()
        finally:
            database.close()


_indexes: dict[str, SearchIndex] = {}


def searched(database: Database) -> SearchIndex:
    """The index of a database, made once for all who ask."""
    return _indexes.setdefault(str(database.engine.url), SearchIndex.open(None))


def crossed(told: dict[str, Any]) -> set[tuple[str, str]]:
    """The edges of a graph in Atlas's form, by qualified names."""
    names = {guid: entity["attributes"]["qualifiedName"] for guid, entity in told["guidEntityMap"].items()}
    return {(names[each["fromEntityId"]], names[each["toEntityId"]]) for each in told["relations"]}


class Questions:
    """One person's view of an estate: each check asks the product and the oracle the same."""

    def __init__(self, database: Database, estate: Estate, who: str) -> None:
        self.database, self.estate = database, estate
        self.actor = Actor(who, who, Via.SESSION)
        self.scopes = {action: estate.world.scopes_of(who, action) for action in Action}

    def seen(self, there: dict[str, int], action: Action) -> set[str]:
        return {name for name, scope in there.items() if scope in self.scopes[action]}

    def collections(self) -> None:
        service = CollectionService(self.database)
        expected = self.seen(self.estate.collections, Action.COLLECTION_READ)
        found = service.list(self.actor)
        assert {collection.name for collection in found} == expected
        assert {collection.parent for collection in found} <= expected | {None}
        for name in self.estate.collections:
            self.is_found(name in expected, service.get, self.actor, name)

    def sources(self) -> None:
        service = SourceService(self.database)
        expected = self.seen(self.estate.sources, Action.SOURCE_READ)
        assert {source.name for source in service.every(self.actor)} == expected
        for name in self.estate.sources:
            self.is_found(name in expected, service.get, self.actor, name)

    def models(self) -> None:
        rights = ActorsRights(self.database, self.actor, self.estate.sources)
        for (source, model), scope in self.estate.models.items():
            assert rights.may_read(source, model) == (scope in self.scopes[Action.MODEL_READ])
            if scope in self.scopes[Action.MODEL_INVOKE]:
                rights.check_invoke(source, model)
            else:
                with pytest.raises(ForbiddenError):
                    rights.check_invoke(source, model)
            # One that was registered after the last scan is trimmed as its workspace is.
            assert rights.may_read(source, "new") == (self.estate.sources[source] in self.scopes[Action.MODEL_READ])

    def functions(self) -> None:
        """Listed, looked at and called; a model that no scan has seen is trimmed as its workspace is."""
        service = function_service(self.database, self.estate)
        there = {f"{source}.{model}": scope for (source, model), scope in self.estate.models.items()}
        there |= {f"{source}.{NEW}": scope for source, scope in self.estate.sources.items()}
        read, call = (self.seen(there, action) for action in (Action.MODEL_READ, Action.MODEL_INVOKE))
        page = service.list(self.actor, limit=100)
        assert ({found.name.function for found in page.functions}, page.total) == (read, len(read))
        for source in self.estate.sources:
            listed = any(name.startswith(f"{source}.") for name in read)
            self.is_found(listed, service.list, self.actor, source=source)
        for name in there:
            self.is_found(name in read, service.get, self.actor, name)
            if name in read - call:
                with pytest.raises(ForbiddenError):
                    opened(service, self.actor, name)
            else:
                self.is_found(name in read, opened, service, self.actor, name)

    def assets(self) -> None:
        service = AssetService(self.database)
        expected = self.seen(self.estate.assets, Action.ASSET_READ)
        pages: list[AssetSummary] = []
        while (page := service.list(self.actor, limit=3, offset=len(pages)))[1]:
            assert page[0] == len(expected)
            pages += page[1]
        assert sorted(asset.qualified_name for asset in pages) == sorted(expected)
        types = [self.estate.types[name] for name in expected]
        assert service.counts_by_type(self.actor) == {kind: types.count(kind) for kind in set(types)}
        for name, kind in self.estate.types.items():
            assert (service.find(self.actor, kind, name) is not None) == (name in expected)

    def lineage(self) -> None:
        expected = self.seen(self.estate.assets, Action.ASSET_READ)
        edges = {(a, b) for a, b in self.estate.flow if {a, b} <= expected}
        everything = AssetService(self.database)
        for name, kind in self.estate.types.items():
            guid = self.guid(everything, kind, name)
            if name not in expected:
                self.is_found(False, lineage, self.database, self.actor, guid)
                self.is_found(False, edges_upstream, self.database, self.actor, name)
                for ask in (catalog.reached, export_lineage, impact):
                    self.is_found(False, ask, self.database, self.actor, guid)
                self.is_found(False, neighbours_of, self.database, self.actor, guid, "input")
                continue
            up, down = reached(name, {(b, a) for a, b in edges}), reached(name, edges)
            graph = lineage(self.database, self.actor, guid, depth=20, width=1_000)
            names = {node.guid: node.qualified_name for node in graph.nodes}
            assert set(names.values()) == up | down
            crossed = {(names[edge.source], names[edge.target]) for edge in graph.edges}
            upstream = {(a, b) for a, b in edges if b in up}
            assert crossed == upstream | {(a, b) for a, b in edges if a in down}
            for edge in graph.edges:
                ends = {(link.source, link.target) for link in edge.columns}
                assert ends == self.links(names[edge.source], names[edge.target], expected)
            assert not any(node.hidden_inputs or node.hidden_outputs for node in graph.nodes if node.guid == guid)
            assert set(edges_upstream(self.database, self.actor, name)) == upstream
            self.lineage_without_limits(guid, name, edges)

    def lineage_without_limits(self, guid: str, name: str, edges: set[tuple[str, str]]) -> None:
        """As guids alone, page by page, given out, as what a change hits, as of now: of the same edges."""
        database, actor = self.database, self.actor
        up, down = reached(name, {(b, a) for a, b in edges}), reached(name, edges)
        for at in (None if len(name) % 2 else utc_now(),):
            export = export_lineage(database, actor, guid, at=at)
            names = {node.guid: node.qualified_name for node in export.nodes()}
            assert set(names.values()) == up | down
            given = {(edge.source.qualified_name, edge.target.qualified_name) for edge in export.edges()}
            assert given == {(a, b) for a, b in edges if b in up or a in down}
            found = catalog.reached(database, actor, guid, depth=20, at=at)
            assert {names[each] for level in found.up for each in level} == up - {name}
            assert {names[each] for level in found.down for each in level} == down - {name}
            for way, near in (("input", 1), ("output", 0)):
                page = neighbours_of(database, actor, guid, "input" if near else "output", limit=1_000, at=at)
                there = {edge[1 - near] for edge in edges if edge[near] == name}
                assert {node.qualified_name for node in page.nodes} == there, way
                assert page.total == len(there)
        hit = impact(database, actor, guid)
        assert {each.qualified_name for each in hit.assets} == down - {name}
        types = [self.estate.types[each] for each in down - {name}]
        assert hit.counts == {kind: types.count(kind) for kind in sorted(set(types))}
        self.impact_of_a_column(guid, name, down)

    def impact_of_a_column(self, guid: str, name: str, down: set[str]) -> None:
        """Nothing that cannot be seen is named by what a column hits, and of an asset only its own column."""
        if self.estate.types[name] != "dataset":
            return
        with self.database.read() as connection:
            columns = columns_of(connection, [find_root(connection, self.actor, guid)])
        for each in (column.name for found in columns.values() for column in found):
            hit = impact(self.database, self.actor, guid, "remove_column", each)
            assert {found.qualified_name for found in hit.assets} <= down

    def lineage_of_entities(self) -> None:
        """As Atlas's clients are told it, and page by page."""
        expected = self.seen(self.estate.assets, Action.ASSET_READ)
        edges = {(a, b) for a, b in self.estate.flow if {a, b} <= expected}
        everything = AssetService(self.database)
        for name, kind in self.estate.types.items():
            guid = self.guid(everything, kind, name)
            if name not in expected:
                self.is_found(False, entity_lineage, self.database, self.actor, guid, "BOTH")
                self.is_found(False, next_lineage, self.database, self.actor, guid, "BOTH")
                continue
            up, down = reached(name, {(b, a) for a, b in edges}), reached(name, edges)
            told = entity_lineage(self.database, self.actor, guid, "BOTH", depth=20)
            assert crossed(told) == {(a, b) for a, b in edges if b in up or a in down}
            named = {entity["attributes"]["qualifiedName"] for entity in told["guidEntityMap"].values()}
            assert named == up | down
            page = next_lineage(self.database, self.actor, guid, "BOTH")
            assert crossed(page) == {edge for edge in edges if name in edge}
            assert page["childrenCount"] == len(crossed(page))

    def search(self) -> None:
        """Found, counted, divided and suggested: each as if there were nothing else."""
        expected = self.seen(self.estate.assets, Action.ASSET_READ)
        search = Search(self.database, searched(self.database))
        found = search.search(self.actor, SearchRequest(facets=[FacetRequest("type", 100)], limit=1_000))
        assert {asset.qualified_name for asset in found.assets} == expected
        assert found.total == len(expected)
        types = [self.estate.types[name] for name in expected]
        assert {each.value: each.count for each in found.facets["type"]} == {kind: types.count(kind) for kind in types}
        for name in self.estate.assets:
            suggested = search.suggest(self.actor, name, 100)
            assert {asset.qualified_name for asset in suggested} <= expected

    def entities(self) -> None:
        """Read in full: what is seen is related to what is seen."""
        expected = self.seen(self.estate.assets, Action.ASSET_READ)
        with self.database.read() as connection:
            numbers = list(connection.scalars(select(tables.assets.c.id)))
            read = entities_by_id(connection, self.actor, numbers)
        names = {entity["guid"]: entity["attributes"]["qualifiedName"] for entity in read}
        assert {name for name in names.values() if name in self.estate.assets} == expected
        related = {
            (names[entity["guid"]], names[reference["guid"]])
            for entity in read
            for name in ("inputToProcesses", "outputs")
            for reference in entity["relationshipAttributes"].get(name) or ()
        }
        processes = {edge for edge in self.estate.flow if set(edge) <= expected}
        assert related == {(a, b) for a, b in processes if "process" in (self.role(a), self.role(b))}

    def role(self, name: str) -> str:
        return "process" if built_in_types().is_process(self.estate.types[name]) else "asset"

    def links(self, source: str, target: str, seen: set[str]) -> set[tuple[str | None, str | None]]:
        """The columns of an edge: of the links through the process at one of its ends, those seen as a whole."""
        return {
            (f"a column of {one}", f"a column of {other}")
            for one, process, other in self.estate.links
            if (source, target) in {(one, process), (process, other)} and {one, other} <= seen
        }

    def guid(self, service: AssetService, kind: str, name: str) -> str:
        found = service.find(SYSTEM, kind, name)
        assert found is not None
        return found.guid

    def dataflows(self) -> None:
        service = DataflowService(self.database)
        expected = self.seen(self.estate.dataflows, Action.DATAFLOW_READ)
        assert {dataflow.name for dataflow in service.list(self.actor)} == expected
        assert {refresh.dataflow for refresh in history.latest(self.database, self.actor)} == expected
        for at, name in enumerate(self.estate.dataflows, start=1):
            self.is_found(name in expected, service.get, self.actor, name)
            self.is_found(name in expected, service.versions, self.actor, name)
            self.is_found(name in expected, service.version, self.actor, name, 1)
            entities = history.entities(self.database, self.actor, f"00000000-0000-4000-8000-{at:012}")
            assert bool(entities) == (name in expected)

    def tables(self) -> None:
        service = PublishedTables(self.database)
        expected = {key for key, scope in self.estate.published.items() if scope in self.scopes[Action.TABLE_READ]}
        assert {(table.dataflow, table.entity) for table in service.list(self.actor)} == expected
        for key in self.estate.published:
            self.is_found(key in expected, service.get, self.actor, *key)

    def readers(self) -> None:
        """Opened for OData and for downloads, and named in SQL. The estate's tables have no files, which is told only
        to who may read them.
        """
        service = PublishedTables(self.database)
        reader = TableReader(self.database, service, Path("nowhere"))
        queries = SqlQueries(service, reader, Path("nowhere"))
        expected = {key for key, scope in self.estate.published.items() if scope in self.scopes[Action.TABLE_READ]}
        for dataflow, entity in self.estate.published:
            refusal = VersionGoneError if (dataflow, entity) in expected else NotFoundError
            for ask in (
                lambda flow=dataflow, table=entity: reader.open(self.actor, flow, table),
                lambda flow=dataflow, table=entity: queries.run(self.actor, f"select * from {flow}.{table}"),
                lambda flow=dataflow, table=entity: queries.run(
                    self.actor, f"with a as (select 1) select (select count(*) from {flow}.{table}) from a"
                ),
            ):
                with pytest.raises(refusal):
                    ask()

    @staticmethod
    def is_found(expected: bool, ask: Callable[..., object], *arguments: object, **named: object) -> None:
        if expected:
            ask(*arguments, **named)
        else:
            with pytest.raises(NotFoundError):
                ask(*arguments, **named)

    def all(self) -> None:
        for ask in (
            self.collections,
            self.sources,
            self.models,
            self.functions,
            self.assets,
            self.lineage,
            self.lineage_of_entities,
            self.search,
            self.entities,
            self.dataflows,
            self.tables,
            self.readers,
        ):
            ask()


#: In every workspace, and seen by no scan.
NEW = "new"


class Registry:
    """A workspace with models of one signature, as far as functions ask for one."""

    kind = "mlflow"
    capabilities = frozenset({"artifacts"})

    def __init__(self, models: list[str]) -> None:
        self.models = models

    def test(self) -> WorkspaceInfo:
        return WorkspaceInfo("mlflow", "http://127.0.0.1:9", "mlflow://127.0.0.1:9", "")

    def list_models(self) -> Iterator[ModelInfo]:
        return (ModelInfo(name, latest_version="1") for name in self.models)

    def list_endpoints(self) -> Iterator[EndpointInfo]:
        return iter(())

    def get_version(self, model: str, version: str | None = None, alias: str | None = None) -> ModelVersionInfo:
        signature = SignatureInfo([{"name": "x", "type": "double"}], [{"type": "double"}], None)
        return ModelVersionInfo(model, "1", signature=signature)

    def download_version(self, model: str, version: str, to: Path) -> Path:
        raise AssertionError("nothing is scored here")

    def model_identity(self, version: ModelVersionInfo) -> str:
        return version.model


class NoScorers:
    """Of functions that are looked at and opened, and score nothing."""

    def scorer(self, found: FunctionDescription, identity: str, download: Callable[[Path], Path]) -> Scorer:
        raise AssertionError("nothing is scored here")

    def prepare(self, *_: object) -> None:
        raise AssertionError("nothing is scored here")


def function_service(database: Database, estate: Estate) -> FunctionService:
    """The functions of the estate's workspaces, for whoever asks."""
    models = {source: [NEW] for source in estate.sources}
    for source, model in estate.models:
        models[source].append(model)
    registries = cast("dict[str, Connector]", {source: Registry(names) for source, names in models.items()})

    def rights(actor: Actor) -> ActorsRights:
        return ActorsRights(database, actor, estate.sources)

    def environment(actor: Actor, _progress: object) -> ModelEnvironment:
        own = rights(actor)
        return ModelEnvironment(Discovery(registries, own), own, NoScorers())

    return FunctionService(database, environment, rights)


def opened(service: FunctionService, actor: Actor, name: str) -> None:
    with service.open(actor, name):
        pass


def reached(start: str, edges: set[tuple[str, str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        new = {b for a, b in edges if a == here} - found
        found |= new
        waiting += new
    return found


# A number stands for an estate with its people; see tests/access/roles/test_oracle.py.
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_the_product_and_the_oracle_agree(make_url: MakeUrl, seed: int) -> None:
    with estate_of(make_url, seed) as (database, estate):
        for who in estate.people[:3]:
            Questions(database, estate, who).all()
