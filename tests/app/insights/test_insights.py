"""What insights count: of assets, of what is said of them, of scans and of the use of models."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from tests.catalog.glossary.support import new_asset, new_glossary, new_term
from tests.workspaces.stored.support import new_collection, somebody

from headwater.access import SYSTEM
from headwater.app.insights import Insights
from headwater.app.insights.counting import AssetCounts
from headwater.app.insights.service import LabelCount, TermCounts, UnownedAsset, as_csv
from headwater.app.insights.snapshots import take_snapshot
from headwater.catalog import AssetRecord, AssetRef, AssetService, ColumnRecord, LineageRecord, record_process
from headwater.catalog.annotations.saying import Saying
from headwater.catalog.annotations.service import AnnotationService
from headwater.errors import UsageError
from headwater.store import Database, tables, utc_now


def say(database: Database, guid: str, saying: Saying) -> None:
    AnnotationService(database).annotate(SYSTEM, [guid], saying)


def with_column(database: Database, name: str) -> tuple[str, str]:
    """A dataset with a column; the guids of both."""
    service = AssetService(database)
    service.upsert([AssetRecord("dataset", f"db://{name}", name, columns=(ColumnRecord("x", "text"),))])
    found = [service.find(SYSTEM, kind, f"db://{of}") for kind, of in (("dataset", name), ("column", f"{name}#x"))]
    assert found[0] is not None and found[1] is not None
    return found[0].guid, found[1].guid


def test_coverage_counts_what_is_said_of_assets_and_of_their_columns(database: Database) -> None:
    term = new_term(database, new_glossary(database), "Fare")
    plain, _ = with_column(database, "plain")
    first, column = with_column(database, "first")
    say(database, column, Saying(classify={"PII": None}))
    say(database, first, Saying(contacts={"Owner": {"ann": None}}, description="What was sold."))
    second, other = with_column(database, "second")
    say(database, second, Saying(sensitivity="Secret", contacts={"Expert": {"ben": None}}, reject=["PII"]))
    say(database, other, Saying(terms=[term]))
    (found,) = Insights(database).assets(SYSTEM)
    expected = {"assets": 3, "owned": 1, "classified": 1, "labelled": 1, "termed": 1, "described": 1}
    assert found == AssetCounts("root", "dataset", **expected)
    total, unowned = Insights(database).unowned(SYSTEM)
    assert (total, {each.guid for each in unowned}) == (2, {plain, second})
    assert set(Insights(database).labels(SYSTEM)) == {
        LabelCount("classification", "PII", "accepted", 1),
        LabelCount("classification", "PII", "rejected", 1),
        LabelCount("sensitivity", "Secret", "accepted", 1),
    }
    assert Insights(database).terms(SYSTEM) == [TermCounts("Glossary", "Draft", 1, 1)]


def test_each_is_shown_what_they_may_see_and_nothing_of_the_rest(database: Database) -> None:
    with database.begin() as connection:
        own = new_collection(connection, "own")
        new_collection(connection, "other")
    for name, collection in (("a", "own"), ("b", "other"), ("c", "other")):
        say(database, new_asset(database, name, collection), Saying(labels=[name]))
    with database.begin() as connection:
        take_snapshot(connection, f"{utc_now() - timedelta(days=1):%Y-%m-%d}")
    ann, insights = somebody(database, "ann", "Data reader", own), Insights(database)
    assert [(each.collection, each.assets) for each in insights.assets(ann)] == [("own", 1)]
    over_time = insights.assets_over_time(ann)
    assert [(each.collection, each.assets) for each in over_time] == [("own", 1), ("own", 1)]
    assert over_time[0].day < over_time[1].day
    assert [each.name for each in insights.labels(ann)] == ["a"]
    assert insights.unowned(ann)[0] == 1
    nobody = somebody(database, "ben")
    assert not any([insights.assets(nobody), insights.assets_over_time(nobody), insights.terms(nobody)])


def test_a_snapshot_keeps_what_was_and_is_taken_anew_within_a_day(database: Database) -> None:
    yesterday = f"{utc_now() - timedelta(days=1):%Y-%m-%d}"
    new_asset(database, "a")
    for _ in range(2):
        with database.begin() as connection:
            assert take_snapshot(connection, yesterday) == 1
    new_asset(database, "b")
    found = Insights(database).assets_over_time(SYSTEM)
    assert [(each.day == yesterday, each.assets) for each in found] == [(True, 1), (False, 2)]
    with pytest.raises(UsageError):
        Insights(database).assets_over_time(SYSTEM, for_days=10_000)


def used(
    database: Database, model: str, *, days_ago: int = 0, dataflow: str = "", scope: int = 1, rows: int = 10
) -> None:
    at = utc_now() - timedelta(days=days_ago)
    values = {
        "day": f"{at:%Y-%m-%d}",
        "source": "",
        "model": model,
        "version": "1",
        "dataflow": dataflow,
        "scope_id": scope,
        "dataflow_scope_id": None,
        "rows": rows,
        "reused": 1,
        "failed": 0,
        "calls": 2,
        "seconds": 1.0,
        "cpu_seconds": 0.5,
        "last_at": at,
    }
    with database.begin() as connection:
        connection.execute(insert(tables.model_use).values(values))


def test_models_by_use_with_what_they_feed_and_those_that_nobody_touches(database: Database) -> None:
    old = (utc_now() - timedelta(days=200)).isoformat()
    late = AssetRecord("ml_model", "m://late", "late")
    version = AssetRecord("ml_model_version", "m://late/versions/1", "late v1", {"registered_at": old}, parent=late.ref)
    new = AssetRecord("ml_model_version", "m://late/versions/2", "late v2", {"registered_at": old}, parent=late.ref)
    unused = AssetRecord("ml_model", "m://unused", "unused")
    old_one = AssetRecord("ml_model_version", "m://unused/1", "unused v1", {"registered_at": old}, parent=unused.ref)
    AssetService(database).upsert([late, version, new, unused, old_one])
    for entity in ("a", "b"):
        table = AssetRecord("dataflow_table", f"t://{entity}", entity)
        process = AssetRecord("dataflow_query", f"q://{entity}", entity)
        record_process(
            database, LineageRecord(process, (AssetRef("ml_model_version", version.qualified_name),), (table,))
        )
    used(database, "late")
    used(database, "late", days_ago=100, rows=7)
    found = Insights(database).models(SYSTEM)
    first, second = found
    assert (first.model, first.versions, first.tables, first.rows, first.reused, first.calls) == (
        "late",
        2,
        2,
        10,
        1,
        2,
    )
    assert (first.is_stale, second.model, second.is_stale, second.last_use) == (False, "unused", True, None)
    assert first.newest_at is not None and first.cpu_seconds == pytest.approx(0.5)
    assert [each.rows for each in Insights(database).models(SYSTEM, for_days=120)] == [17, 0]
    assert [each.is_stale for each in Insights(database).models(SYSTEM, stale_days=300)] == [False, False]


def test_scoring_is_told_by_day_to_who_may_see_the_model_and_the_dataflow(database: Database) -> None:
    with database.begin() as connection:
        own, other = new_collection(connection, "own"), new_collection(connection, "other")
    used(database, "mine", scope=own)
    used(database, "mine", scope=own, dataflow="hidden")
    used(database, "theirs", scope=other)
    ann, insights = somebody(database, "ann", "Reader", own), Insights(database)
    assert [(each.model, each.dataflow, each.rows) for each in insights.scoring(ann)] == [("mine", "", 10)]
    assert len(insights.scoring(SYSTEM)) == 2, "of a dataflow that is gone nobody is told by name"
    used(database, "mine", scope=own, days_ago=50)
    assert len(insights.scoring(ann, for_days=90)) == 2 and len(insights.scoring(ann, for_days=30)) == 1


def test_sources_whose_scans_fail_come_first(database: Database) -> None:
    with database.begin() as connection:
        scope = new_collection(connection, "lab")
        for number, name in enumerate(("fine", "failing", "new"), 1):
            values = {"id": number, "name": name, "display_name": "", "kind": "mlflow", "url": "http://127.0.0.1:9"}
            more = {"settings": {}, "created_at": utc_now(), "scope_id": scope, "collection_id": 1}
            connection.execute(insert(tables.sources).values(values | more))
        for source, status in ((1, "failed"), (1, "succeeded"), (2, "succeeded"), (2, "failed"), (2, "failed")):
            scan = {"source_id": source, "kind": "full", "status": status, "started_at": utc_now()}
            warnings = [{"code": "network.timeout"}] if status == "failed" else []
            connection.execute(insert(tables.scans).values(scan | {"warnings": warnings}))
    found = Insights(database).scans(SYSTEM)
    assert [(each.source, each.status, each.failures, each.code) for each in found] == [
        ("failing", "failed", 2, "network.timeout"),
        ("fine", "succeeded", 0, ""),
        ("new", None, 0, ""),
    ]
    assert Insights(database).scans(somebody(database, "ann")) == []


def test_csv_holds_names_as_they_are_and_no_formulas() -> None:
    row = UnownedAsset("g", "dataset", "=cmd()", 'db://"a",b', "root", utc_now())
    header, line = as_csv(UnownedAsset, [row]).splitlines()
    assert header == "guid,type_name,display_name,qualified_name,collection,created_at"
    assert line.startswith('g,dataset,\'=cmd(),"db://""a"",b",root,20')
