"""Events as clients send them, and what the catalog has of them."""

from __future__ import annotations

from typing import Any

from headwater.access import SYSTEM, Actor
from headwater.catalog import AssetService, lineage
from headwater.catalog.openlineage import Receiving, read_event
from headwater.store import Database

Event = dict[str, Any]
INSTALLATION = "11111111-2222-4333-8444-555555555555"


def dataset(name: str, namespace: str = "postgres://db:5432", **facets: Any) -> Event:
    return {"namespace": namespace, "name": name, "facets": facets}


def run(
    type_: str, at: str, inputs: list[Event] | None = None, outputs: list[Event] | None = None, **more: Any
) -> Event:
    """A run event of the job etl/daily, at a time of one day."""
    job = {
        "namespace": more.pop("namespace", "etl"),
        "name": more.pop("job", "daily"),
        "facets": more.pop("facets", {}),
    }
    return {
        "eventType": type_,
        "eventTime": f"2026-05-01T{at}Z",
        "run": {"runId": more.pop("run_id", "run-1"), "facets": more.pop("run_facets", {})},
        "job": job,
        "inputs": inputs or [],
        "outputs": outputs or [],
        "producer": "https://example.org/producer",
        **more,
    }


def schema(*names: str) -> Event:
    return {"fields": [{"name": name, "type": "BIGINT"} for name in names]}


def columns(**sources: tuple[str, str]) -> Event:
    """Column lineage: each column from one of a dataset of the same database."""
    fields = {
        column: {"inputFields": [{"namespace": "postgres://db:5432", "name": of, "field": field}]}
        for column, (of, field) in sources.items()
    }
    return {"fields": fields}


class Catalog:
    """A catalog that is sent events."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.assets = AssetService(database)
        self.receiving = Receiving(database, INSTALLATION)

    def send(self, *events: Event, actor: Actor = SYSTEM, collection: str | None = None) -> None:
        for event in events:
            self.receiving.receive(actor, read_event(event), collection)

    def dataset(self, name: str, actor: Actor = SYSTEM) -> Any:
        return self.assets.find(actor, "dataset", f"postgres://db:5432/{name}")

    def job(self, name: str = "daily", namespace: str = "etl", actor: Actor = SYSTEM) -> Any:
        return self.assets.find(actor, "openlineage_job", f"openlineage:{namespace}/jobs/{name}")

    def edges(self, guid: str, actor: Actor = SYSTEM) -> set[tuple[str, str]]:
        """Pairs of display names, along which data flows."""
        found = lineage(self.database, actor, guid, "both", depth=5, width=100)
        shown = {node.guid: node.display_name for node in found.nodes}
        return {(shown[edge.source], shown[edge.target]) for edge in found.edges}

    def column_links(self, guid: str) -> set[tuple[str | None, str]]:
        found = lineage(self.database, SYSTEM, guid, "both", depth=5, width=100)
        return {(link.source, link.target or "") for edge in found.edges for link in edge.columns}
