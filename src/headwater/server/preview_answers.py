"""What the API takes and answers about previews of dataflows that are being edited."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from headwater.app import previews
from headwater.dataflows import read_settings
from headwater.server.answers import Answer
from headwater.server.dataflow_answers import Line, QueryName, Text
from headwater.store import tables

Window = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="which window of the app asks")]


class PreviewQuery(Answer):
    """A query of a dataflow that is being edited, up to a step; without one, to its end.

    ``window``: what the same window asked for before is called off. ``dataflow``: what is edited, where it is saved
    already; else ``collection`` is where it is to be. ``settings`` are the tables of ``dataflow.toml``, of which the
    culture, the time zone and linked entities count. ``rows``: how many come with the answer.
    """

    window: Window
    queries: Annotated[dict[QueryName, Text], Field(max_length=5_000)]
    query: QueryName
    step: Annotated[str, Field(max_length=1_000)] | None = None
    dataflow: Line | None = None
    collection: Line = tables.ROOT_COLLECTION
    settings: dict[str, Any] = Field(default_factory=dict)
    rows: Annotated[int, Field(ge=0, le=1_000)] = 200

    def wanted(self) -> previews.PreviewRequest:
        """What the application is asked for."""
        settings = read_settings(self.settings, "settings") if self.settings else None
        given = {} if settings is None else {"culture": settings.culture, "time_zone": settings.time_zone}
        return previews.PreviewRequest(
            self.window,
            self.queries,
            self.query,
            self.step,
            self.dataflow,
            self.collection,
            linked={} if settings is None else settings.linked,
            rows=self.rows,
            **given,
        )


class PreviewColumn(Answer):
    """A column; ``type`` is M's text for it, ``kind`` what kind of value that is: number, text, table, any …"""

    name: str
    type: str
    kind: str


class PreviewStep(Answer):
    """A step of the query. Not ``folds``: the evaluator runs it, for ``reason``, or because of a step before it."""

    step: str
    folds: bool
    reason: str


class PreviewRows(Answer):
    """Rows of a preview; ``total`` is null as long as nobody knows how many there are.

    Cells are JSON's own values, with numbers that JSON cannot hold, dates and times as text; else they are objects:
    ``{"error": {"reason", "message"}}`` is an error, ``{"kind"}`` a value with members of its own, ``{"cut"}`` the
    beginning of a long text.
    """

    rows: list[list[Any]]
    total: int | None


class Preview(PreviewRows):
    """What a step gives, with its first rows. ``id`` is what more of it is asked for by; ``kind`` is the value's."""

    id: str
    kind: str
    columns: list[PreviewColumn]
    steps: list[PreviewStep]

    @classmethod
    def of(cls, found: previews.OpenPreview) -> Preview:
        """The answer for a preview."""
        summary, page = found.summary, found.page
        return cls(
            id=found.id,
            kind=summary.kind,
            columns=[PreviewColumn.model_validate(each) for each in summary.columns],
            steps=[PreviewStep.model_validate(each) for each in summary.steps],
            rows=[list(row) for row in page.rows],
            total=page.total,
        )


class PreviewCount(Answer):
    total: int


class ProfiledColumns(Answer):
    """Which columns to look into; not ``whole``: in the first thousand rows."""

    columns: Annotated[list[Annotated[str, Field(max_length=10_000)]], Field(max_length=1_000)]
    whole: bool = False


class FrequentValue(Answer):
    value: Any
    count: int


class ColumnProfile(Answer):
    """What a column's cells are: ``valid``, ``errors`` and ``empty`` make up all of them.

    ``values`` are the most frequent ones. ``bars`` count the numbers in ranges of one width from the smallest to the
    largest; the statistics are null where a column has none.
    """

    column: str
    valid: int
    errors: int
    empty: int
    distinct: int
    unique: int
    values: list[FrequentValue]
    smallest: Any
    largest: Any
    average: float | None
    deviation: float | None
    bars: list[int]

    @classmethod
    def of(cls, column: str, found: previews.ColumnProfile) -> ColumnProfile:
        """The answer for a column."""
        return cls(
            column=column,
            valid=found.valid,
            errors=found.errors,
            empty=found.empty,
            distinct=found.distinct,
            unique=found.unique,
            values=[FrequentValue(value=value, count=count) for value, count in found.values],
            smallest=found.smallest,
            largest=found.largest,
            average=found.average,
            deviation=found.deviation,
            bars=list(found.bars),
        )


class ColumnProfiles(Answer):
    value: list[ColumnProfile]
