"""What the API answers: the shapes that the OpenAPI file describes and clients are generated from."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from headwater.access.people import User
from headwater.app.runtime import Overview as AppOverview
from headwater.catalog import Asset as CatalogAsset
from headwater.catalog import AssetSummary as CatalogAssetSummary
from headwater.catalog import Lineage as CatalogLineage
from headwater.dataflows import PublishedTable
from headwater.dataflows import RefreshSummary as DataflowRefresh

RunStatus = Literal["running", "succeeded", "failed", "cancelled"]
"""How a refresh or a scan stands."""

WITHOUT_NUL = r"^[^\x00]*$"
"""Of texts that a database is asked for: none takes the character 0."""

AssetStatus = Literal["active", "missing", "deleted"]

ColumnType = Literal[
    "text",
    "number",
    "int64",
    "decimal",
    "logical",
    "date",
    "time",
    "datetime",
    "datetimezone",
    "duration",
    "binary",
    "record",
    "list",
]
"""The M types that a published column can have."""


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True, serialize_by_alias=True, populate_by_name=True)


class Problem(Answer):
    """What happened, where, and what to do; ``code`` is stable."""

    code: str
    message: str
    where: str
    hint: str


class ErrorAnswer(Answer):
    """The one shape of every error."""

    error: Problem


class Health(Answer):
    status: Literal["ok"]


class Ready(Answer):
    status: Literal["ready"]


class SignInProvider(Answer):
    """Who vouches for people: a browser goes to ``/api/sign-in/openid/NAME``."""

    name: str
    display_name: str


class SignInWays(Answer):
    """How one can sign in; ``first_administrator``: nobody can yet, but by the link that the first start printed."""

    first_administrator: bool
    providers: list[SignInProvider]


class OpenIdStart(Answer):
    """Where a browser goes to meet its provider."""

    url: str


class SignedIn(Answer):
    """``csrf_token`` goes into the header ``X-CSRF-Token`` of every request that changes something."""

    csrf_token: str


class Me(Answer):
    """Who asks, and ``via`` what: a session, a token, the administrator token, or nothing (``local``) where
    a program of whoever runs the demo asks.
    """

    id: str
    name: str
    display_name: str
    email: str | None
    via: Literal["session", "token", "administrator_token", "local"]
    csrf_token: str | None

    @classmethod
    def of(cls, user: User, via: str, csrf_token: str | None) -> Me:
        """The answer for a user."""
        return cls.model_validate(
            {
                "id": user.id,
                "name": user.name,
                "display_name": user.display_name,
                "email": user.email,
                "via": via,
                "csrf_token": csrf_token,
            }
        )


class RefreshSummary(Answer):
    id: str
    dataflow: str
    status: RunStatus
    started_at: datetime
    ended_at: datetime | None
    rows_written: int
    rows_scored: int

    @classmethod
    def of(cls, refresh: DataflowRefresh) -> RefreshSummary:
        """The answer for a refresh."""
        return cls.model_validate(refresh)


class Overview(Answer):
    version: str
    tables: int
    sources: int
    assets: int
    latest_refresh: RefreshSummary | None

    @classmethod
    def of(cls, overview: AppOverview, version: str) -> Overview:
        """The answer for the start page."""
        latest = overview.latest_refresh
        return cls(
            version=version,
            tables=overview.tables,
            sources=overview.sources,
            assets=overview.assets,
            latest_refresh=None if latest is None else RefreshSummary.of(latest),
        )


class Column(Answer):
    """A column of a published table; ``type`` is one of the published types."""

    name: str
    type: ColumnType
    nullable: bool
    description: str = ""


class TableSummary(Answer):
    dataflow: str
    entity: str
    rows: int
    columns: int
    delta_version: int
    published_at: datetime
    guid: str | None

    @classmethod
    def of(cls, table: PublishedTable, guid: str | None) -> TableSummary:
        """The answer for a table; ``guid`` is its asset's."""
        return cls(**_summary(table, guid))


class Tables(Answer):
    value: list[TableSummary]


class Table(TableSummary):
    path: str
    columns_: list[Column] = Field(alias="schema")

    @classmethod
    def in_full(cls, table: PublishedTable, guid: str | None) -> Table:
        """The answer for a table with its columns."""
        columns = [Column.model_validate(dict(column)) for column in table.columns]
        return cls(**_summary(table, guid), path=str(table.path), schema=columns)


def _summary(table: PublishedTable, guid: str | None) -> dict[str, Any]:
    return {
        "dataflow": table.dataflow,
        "entity": table.entity,
        "rows": table.rows,
        "columns": len(table.columns),
        "delta_version": table.delta_version,
        "published_at": table.published_at,
        "guid": guid,
    }


Cell = str | float | int | bool | list[Any] | dict[str, Any] | None


class Rows(Answer):
    """A page of rows.

    Numbers that JSON readers would round are text: decimals, and whole numbers beyond 2**53. So are the numbers that
    JSON cannot hold (NaN, Infinity), dates, times and durations (ISO 8601), and binaries (Base64).
    """

    offset: int
    limit: int
    total: int
    version: int
    columns: list[str]
    rows: list[list[Cell]]


class AssetSummary(Answer):
    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    collection: str

    @classmethod
    def of(cls, asset: CatalogAssetSummary) -> AssetSummary:
        """The answer for an asset in a listing."""
        return cls.model_validate(asset)


class Assets(Answer):
    total: int
    value: list[AssetSummary]


class AssetColumn(Answer):
    name: str
    type: str
    attributes: dict[str, Any]


class Asset(AssetSummary):
    attributes: dict[str, Any]
    columns: list[AssetColumn]
    status: AssetStatus
    created_at: datetime
    updated_at: datetime

    @classmethod
    def in_full(cls, asset: CatalogAsset) -> Asset:
        """The answer for an asset with all that is known of it."""
        return cls.model_validate(asset)


class LineageNode(Answer):
    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    is_process: bool
    depth: int
    status: str
    columns: list[str]
    hidden_inputs: int
    hidden_outputs: int


class ColumnLink(Answer):
    source: str | None
    target: str | None


class LineageEdge(Answer):
    source: str
    target: str
    columns: list[ColumnLink]


class Lineage(Answer):
    root: str
    nodes: list[LineageNode]
    edges: list[LineageEdge]

    @classmethod
    def of(cls, graph: CatalogLineage) -> Lineage:
        """The answer for a graph."""
        return cls.model_validate(graph)


class LineageReach(Answer):
    """``up`` and ``down``: guids, level by level, those one edge away first."""

    root: str
    up: list[list[str]]
    down: list[list[str]]


class ImpactContact(Answer):
    kind: str
    id: str


class ImpactedAsset(Answer):
    """``columns``: those that are hit; none where all of it is, or nobody knows which."""

    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    is_process: bool
    distance: int
    columns: list[str]
    contacts: list[ImpactContact]
    readers: list[str]


class LineageImpact(Answer):
    """What a change hits, the nearest first; ``counts``: by type."""

    root: str
    change: str
    column: str | None
    assets: list[ImpactedAsset]
    counts: dict[str, int]


class LineageNeighbours(Answer):
    """``total``: how many edges there are that may be seen, of which each page shows some."""

    root: str
    total: int
    nodes: list[LineageNode]


class Dataflow(Answer):
    name: str
    queries: list[str]
    last_refresh: RefreshSummary | None


class Dataflows(Answer):
    value: list[Dataflow]
