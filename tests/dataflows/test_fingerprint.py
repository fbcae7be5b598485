"""What bears on an entity's rows, and what does not: periods on store are loaded anew for the one and not the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.dataflows.conftest import write_dataflow

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.dataflows import DataflowDefinition, Settings
from headwater.dataflows.definitions.settings import (
    EntitySettings,
    Limits,
    LinkedEntity,
    Partitions,
    Periods,
    ScheduleSettings,
    Subscriber,
)
from headwater.dataflows.refreshing.fingerprint import entity_fingerprint

YEARS, DAYS = Periods(5, "years"), Periods(10, "days")
QUERIES = {
    "sales": "clean(Table.SelectRows(source, each [at] >= RangeStart and [at] < RangeEnd), rate)",
    "source": 'Csv.Document(File.Contents(Folder & "/sales.csv"))',
    "clean": "(rows, rate) => Table.AddColumn(rows, \"p\", each rates{[k]}[r] * [x] * Number.From([y]))",
    "Folder": '"/data" meta [IsParameterQuery = true]',
    "RangeStart": "#datetime(2020, 1, 1, 0, 0, 0)",
    "RangeEnd": "#datetime(2021, 1, 1, 0, 0, 0)",
    "rate": "elsewhere",
    "rates": "Table.SelectRows(base, each [r] > 0)",
    "base": "Table.FromRecords({[k = 1, r = 2]})",
    "other": "1",
}  # fmt: skip
SETTINGS = Settings(
    ("sales", "rates", "other"),
    entities={"sales": EntitySettings("partitioned", partitions=Partitions(YEARS, DAYS))},
    linked={"elsewhere": LinkedEntity("flow", "table"), "unused": LinkedEntity("flow", "unused")},
)


def fingerprint(queries: dict[str, str], settings: Settings) -> str:
    return entity_fingerprint(DataflowDefinition("shop", queries, settings), "sales")


def settings_with(**values: Any) -> Callable[[Settings], Settings]:
    return lambda settings: replace(settings, **values)


def entities_with(name: str, own: EntitySettings) -> Callable[[Settings], Settings]:
    return lambda settings: replace(settings, entities={**settings.entities, name: own})


SALES = SETTINGS.entities["sales"]
NO_MATTER: dict[str, Callable[[Settings], Settings]] = {
    "description": settings_with(description="What was sold."),
    "owner": settings_with(owner="Ann"),
    "groups": settings_with(groups={"All": ("sales", "rates")}),
    "schedule": settings_with(schedule=ScheduleSettings("0 6 * * *", "Europe/Berlin")),
    "subscribers": settings_with(notify=(Subscriber("person", "Ann"),)),
    "retries": settings_with(retries=5),
    "limits": settings_with(limits=Limits(1, 10**9, 60, 10**6)),
    "schema changes": settings_with(schema_changes="fail"),
    "columns as stated": settings_with(columns={"sales": (("at", "datetime"),)}),
    "another entity loaded": settings_with(load=("sales", "rates")),
    "another entity's key": entities_with("other", EntitySettings("keyed", ("k",))),
    "another entity's errors": entities_with("other", EntitySettings(errors="fail")),
    "what is kept": entities_with("sales", replace(SALES, partitions=Partitions(Periods(6, "years"), DAYS))),
    "a link that it does not use": settings_with(linked={"elsewhere": LinkedEntity("flow", "table")}),
}
MATTERS: dict[str, Callable[[Settings], Settings]] = {
    "culture": settings_with(culture="de-DE"),
    "time zone": settings_with(time_zone="Europe/Berlin"),
    "errors": settings_with(errors="fail"),
    "its own errors": entities_with("sales", replace(SALES, errors="fail")),
    "its key": entities_with("sales", replace(SALES, key=("k",))),
    "errors of a table that it reads": entities_with("rates", EntitySettings(errors="fail")),
    "what is read as stored": settings_with(load=("sales", "other")),
    "a link that it uses": settings_with(linked={"elsewhere": LinkedEntity("flow", "another")}),
}


@pytest.mark.parametrize("change", NO_MATTER.values(), ids=NO_MATTER)
def test_settings_that_do_not_bear_on_rows(change: Callable[[Settings], Settings]) -> None:
    assert change(SETTINGS) != SETTINGS
    assert fingerprint(QUERIES, change(SETTINGS)) == fingerprint(QUERIES, SETTINGS)


@pytest.mark.parametrize("change", MATTERS.values(), ids=MATTERS)
def test_settings_that_bear_on_rows(change: Callable[[Settings], Settings]) -> None:
    assert fingerprint(QUERIES, change(SETTINGS)) != fingerprint(QUERIES, SETTINGS)


def test_what_a_table_that_it_reads_keeps_bears_on_its_rows() -> None:
    read = entities_with("rates", EntitySettings("partitioned", partitions=Partitions(YEARS, DAYS)))(SETTINGS)
    longer = Partitions(Periods(6, "years"), DAYS)
    kept = entities_with("rates", EntitySettings("partitioned", partitions=longer))(SETTINGS)
    assert fingerprint(QUERIES, read) != fingerprint(QUERIES, kept)


@pytest.mark.parametrize("query", ["sales", "source", "clean", "Folder", "rate", "rates", "base"])
def test_queries_that_bear_on_rows(query: str) -> None:
    changed = {**QUERIES, query: f"let x = 1 in {QUERIES[query]}"}
    assert fingerprint(changed, SETTINGS) != fingerprint(QUERIES, SETTINGS)


@pytest.mark.parametrize("query", ["RangeStart", "RangeEnd", "other"])
def test_queries_that_do_not(query: str) -> None:
    """A refresh gives the range itself."""
    assert fingerprint({**QUERIES, query: "2"}, SETTINGS) == fingerprint(QUERIES, SETTINGS)


def test_a_range_that_nobody_gives_bears_on_rows() -> None:
    """A table that is loaded as a whole reads the range as it is written down."""
    queries = {**QUERIES, "base": "Table.FromRecords({[k = RangeStart, r = 2]})"}
    assert fingerprint({**queries, "RangeStart": "2"}, SETTINGS) != fingerprint(queries, SETTINGS)


def test_how_a_text_is_laid_out_does_not_matter() -> None:
    laid_out = {name: f"// about {name}\n{text.replace(' ', '   ')}\n" for name, text in QUERIES.items()}
    assert fingerprint(laid_out, SETTINGS) == fingerprint(QUERIES, SETTINGS)


def test_who_may_read_anything_reads_everything() -> None:
    queries = {**QUERIES, "clean": "(rows, rate) => #shared[other]"}
    assert fingerprint({**queries, "other": "2"}, SETTINGS) != fingerprint(queries, SETTINGS)


def test_a_refresh_loads_anew_only_what_is_computed_from_something_else(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "sales.csv").write_text("at,n\n2020-06-01,1\n2021-06-01,2\n")
    range_of = "#datetime(2020, 1, 1, 0, 0, 0) meta [IsParameterQuery = true]"
    queries = {
        "RangeStart": range_of,
        "RangeEnd": range_of,
        "sales": """let
    Source = Table.PromoteHeaders(Csv.Document(File.Contents(Folder & "/sales.csv"))),
    Typed = Table.TransformColumnTypes(Source, {{"at", type datetime}, {"n", Int64.Type}})
in
    Table.SelectRows(Typed, each [at] >= RangeStart and [at] < RangeEnd)""",
    }
    by_year = '[entities.sales]\nmode = "partitioned"\nstore = "20 years"\nrefresh = "1 year"'

    def skipped(settings: str, queries: dict[str, str]) -> int:
        text = f'name = "shop"\nload = ["sales"]\n{settings}\n{by_year}'
        app.apply(SYSTEM, write_dataflow(tmp_path / "shop", data, queries, text))
        (entity,) = app.refresh_entities(SYSTEM, app.refresh(SYSTEM, "shop").id)
        assert entity.rows_written == 2
        return entity.rows_skipped

    with Headwater.open(tmp_path / "home", create=True, folders=(str(data),)) as app:
        assert skipped("", queries) == 0
        assert skipped('description = "What was sold."', queries) == 2
        assert skipped('culture = "de-DE"', queries) == 0
        assert skipped('culture = "de-DE"', queries) == 2
        changed = queries["sales"].replace('"/sales.csv"', '"/" & "sales.csv"')
        assert skipped('culture = "de-DE"', {**queries, "sales": changed}) == 0
