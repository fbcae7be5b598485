"""What events make of the catalog, on both databases."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.catalog.openlineage.support import INSTALLATION, Catalog, columns, dataset, run, schema
from tests.workspaces.stored.support import new_collection, set_up, somebody

from headwater.access import SYSTEM
from headwater.catalog import AssetRecord, mark_missing
from headwater.catalog.annotations.saying import Saying
from headwater.catalog.annotations.service import AnnotationService
from headwater.catalog.openlineage import read_event, runs_of
from headwater.errors import ForbiddenError, NotFoundError, UsageError
from headwater.store import Database, utc_now


@pytest.fixture
def catalog(database: Database) -> Catalog:
    set_up(database)
    return Catalog(database)


def test_a_run_becomes_a_job_with_lineage_by_column(catalog: Catalog) -> None:
    orders = dataset("shop.public.orders", schema=schema("id", "price"))
    totals = dataset(
        "shop.public.totals",
        schema=schema("total"),
        columnLineage=columns(total=("shop.public.orders", "price")),
        documentation={"description": "Sums"},
        ownership={"owners": [{"name": "team:sales", "type": "OWNER"}]},
        tags={"tags": [{"key": "pii", "value": "no"}, {"key": "of a field", "value": "x", "field": "total"}]},
        version={"datasetVersion": "7"},
    )
    facets = {
        "documentation": {"description": "Sums orders"},
        "jobType": {"processingType": "BATCH", "integration": "SPARK", "jobType": "QUERY"},
        "sql": {"query": "select 1"},
        "sourceCodeLocation": {"type": "git", "url": "https://ann:pw@git.example.org/a.py?token=x"},
    }
    parent = {"job": {"namespace": "airflow", "name": "dag"}, "run": {"runId": "p1"}}
    catalog.send(
        run("START", "10:00:00", [orders], run_facets={"parent": parent}),
        run(
            "COMPLETE",
            "10:05:00",
            [],
            [{**totals, "outputFacets": {"outputStatistics": {"rowCount": 5, "size": 9}}}],
            facets=facets,
        ),
    )
    job = catalog.job()
    assert job.display_name == "daily" and job.type_name == "openlineage_job"
    assert job.attributes == {
        "namespace": "etl",
        "job": "daily",
        "state": "COMPLETE",
        "parent_job": "airflow/dag",
        "description": "Sums orders",
        "integration": "SPARK",
        "kind": "QUERY",
        "sql": "select 1",
        "source_url": "https://git.example.org/a.py",
    }
    assert catalog.edges(job.guid) == {("shop.public.orders", "daily"), ("daily", "shop.public.totals")}
    assert catalog.column_links(job.guid) == {("price", "total")}
    made = catalog.dataset("shop.public.totals")
    assert made.attributes == {
        "description": "Sums",
        "owner": "team:sales",
        "tags": {"pii": "no"},
        "version": "7",
        "rows": 5,
        "size": 9,
    }
    assert [(c.name, c.type, dict(c.attributes)) for c in made.columns] == [
        ("total", "int64", {"native_type": "BIGINT"})
    ]
    (ran,) = runs_of(catalog.database, SYSTEM, job.guid)
    assert (ran.run_id, ran.state, ran.details) == ("run-1", "COMPLETE", {"parent_run_id": "p1"})
    assert ran.ended_at is not None and (ran.ended_at - ran.started_at).total_seconds() == 300


def test_the_newest_complete_run_says_what_a_job_reads(catalog: Catalog) -> None:
    a, b, c = (dataset(f"s.p.{name}") for name in "abc")
    catalog.send(run("COMPLETE", "10:00:00", [a], [c]), run("START", "11:00:00", run_id="run-2"))
    guid = catalog.job().guid
    assert catalog.edges(guid) == {("s.p.a", "daily"), ("daily", "s.p.c")}
    catalog.send(run("COMPLETE", "11:01:00", [b], [c], run_id="run-2"))
    assert catalog.edges(guid) == {("s.p.b", "daily"), ("daily", "s.p.c")}
    catalog.send(run("FAIL", "12:00:00", [a], run_id="run-3"))
    assert catalog.edges(guid) == {("s.p.a", "daily"), ("s.p.b", "daily"), ("daily", "s.p.c")}
    assert catalog.job().attributes["state"] == "FAIL"


def test_jobs_and_datasets_are_told_of_without_a_run(catalog: Catalog) -> None:
    event = run("", "10:00:00", [dataset("s.p.a")], [dataset("s.p.b")])
    job = {key: event[key] for key in ("eventTime", "job", "inputs", "outputs")}
    catalog.send(job)
    guid = catalog.job().guid
    assert catalog.edges(guid) == {("s.p.a", "daily"), ("daily", "s.p.b")}
    catalog.send({**job, "eventTime": "2026-05-02T00:00:00Z", "inputs": []})
    catalog.send(job)
    assert catalog.edges(guid) == {("daily", "s.p.b")} and runs_of(catalog.database, SYSTEM, guid) == []
    catalog.send({"eventTime": "2026-05-01T00:00:00Z", "dataset": dataset("s.p.new", schema=schema("a"))})
    assert [column.name for column in catalog.dataset("s.p.new").columns] == ["a"]


def test_names_lead_to_assets_that_are_there(catalog: Catalog) -> None:
    seen = [
        AssetRecord("dataset", "file:///data/a%20b.csv", "a b.csv"),
        AssetRecord("ml_model_version", "mlflow://lab:5000/models/churn/versions/3", "3"),
        AssetRecord("dataflow_table", f"headwater://{INSTALLATION}/dataflows/f/tables/t", "t"),
    ]
    guids = catalog.assets.upsert(seen)
    inputs = [
        dataset("/data/a b.csv", "file"),
        dataset("models/churn/versions/3", "mlflow://lab:5000"),
        dataset("dataflows/f/tables/t", f"headwater://{INSTALLATION}"),
        dataset("dataflows/none/tables/t", f"headwater://{INSTALLATION}"),
    ]
    catalog.send(run("COMPLETE", "10:00:00", inputs))
    assert catalog.edges(catalog.job().guid) == {("a b.csv", "daily"), ("3", "daily"), ("t", "daily")}
    assert catalog.assets.counts_by_type(SYSTEM)["dataset"] == 1 and len(guids) == 3


def test_what_this_installation_told_others_is_not_taken_back(catalog: Catalog) -> None:
    catalog.send(run("COMPLETE", "10:00:00", [dataset("s.p.a")], namespace=f"headwater://{INSTALLATION}"))
    assert catalog.assets.counts_by_type(SYSTEM) == {}


def test_links_renames_and_drops(catalog: Catalog) -> None:
    symlinks = {"identifiers": [{"namespace": "hive://meta:9083", "name": "sales.orders", "type": "TABLE"}]}
    catalog.send(run("COMPLETE", "10:00:00", [dataset("s.p.orders", symlinks=symlinks)]))
    guid = catalog.dataset("s.p.orders").guid
    catalog.send(run("COMPLETE", "10:01:00", [dataset("sales.orders", "hive://meta:9083")], job="other"))
    assert catalog.assets.counts_by_type(SYSTEM)["dataset"] == 1
    previous = {"namespace": "postgres://db:5432", "name": "s.p.orders"}
    renamed = dataset(
        "s.p.sales", lifecycleStateChange={"lifecycleStateChange": "RENAME", "previousIdentifier": previous}
    )
    told = run("COMPLETE", "10:02:00", [], [renamed], job="renaming")
    catalog.send(told, told)
    assert catalog.dataset("s.p.sales").guid == guid and catalog.dataset("s.p.orders") is None
    catalog.send(run("COMPLETE", "10:03:00", [dataset("s.p.orders")], job="late"))
    assert catalog.assets.counts_by_type(SYSTEM)["dataset"] == 1
    gone = dataset("s.p.sales", lifecycleStateChange={"lifecycleStateChange": "DROP"})
    catalog.send(run("COMPLETE", "10:10:00", [], [gone], job="dropping"))
    assert catalog.dataset("s.p.sales").status == "missing"
    catalog.send(run("COMPLETE", "10:09:00", [dataset("s.p.sales")], job="older"))
    assert catalog.dataset("s.p.sales").status == "missing"
    catalog.send(run("COMPLETE", "10:11:00", [dataset("s.p.sales")], job="newer"))
    assert catalog.dataset("s.p.sales").status == "active"


def test_what_people_and_scans_say_stays(catalog: Catalog) -> None:
    catalog.send(run("COMPLETE", "10:00:00", [dataset("s.p.a", documentation={"description": "told"})]))
    found = catalog.dataset("s.p.a")
    people = AnnotationService(catalog.database)
    people.annotate(SYSTEM, [found.guid], Saying(description="said", add_labels=["kept"]))
    catalog.send(run("COMPLETE", "11:00:00", [dataset("s.p.a", documentation={"description": "told anew"})]))
    said = people.get(SYSTEM, found.guid).said
    assert said.description == "said" and set(said.labels) == {"kept"}
    assert catalog.dataset("s.p.a").attributes["description"] == "told anew"


def test_what_the_sender_may_not_see_is_left_alone(catalog: Catalog) -> None:
    with catalog.database.begin() as connection:
        scope = new_collection(connection, "etl")
        new_collection(connection, "closed")
    sender = somebody(catalog.database, "sender", "Data curator", scope)
    hidden = AssetRecord("dataset", "postgres://db:5432/s.p.hidden", "hidden", {"a": 1}, collection="closed")
    catalog.assets.upsert([hidden])
    told = dataset("s.p.hidden", documentation={"description": "x"}, schema=schema("a"))
    event = run("COMPLETE", "10:00:00", [told, dataset("s.p.seen")], [dataset("s.p.hidden")])
    catalog.send(event, actor=sender, collection="etl")
    assert catalog.edges(catalog.job().guid) == {("s.p.seen", "daily")}
    untouched = catalog.dataset("s.p.hidden")
    assert untouched.attributes == {"a": 1} and untouched.columns == ()
    assert catalog.dataset("s.p.hidden", sender) is None
    taken = AssetRecord("openlineage_job", "openlineage:etl/jobs/taken", "taken", collection="closed")
    catalog.assets.upsert([taken])
    with pytest.raises(ForbiddenError, match="cannot be used"):
        catalog.send(run("COMPLETE", "10:00:00", job="taken"), actor=sender, collection="etl")


def test_who_may_not_create_or_change_is_refused_and_nothing_is_written(catalog: Catalog) -> None:
    with catalog.database.begin() as connection:
        scope = new_collection(connection, "etl")
    reader = somebody(catalog.database, "reader", "Data reader", scope)
    curator = somebody(catalog.database, "curator", "Data curator", scope)
    event = run("COMPLETE", "10:00:00", [dataset("s.p.a")])
    with pytest.raises(ForbiddenError):
        catalog.send(event, actor=reader, collection="etl")
    with pytest.raises(NotFoundError):
        catalog.send(event, actor=curator)
    assert catalog.assets.counts_by_type(SYSTEM) == {}
    catalog.send(event, actor=curator, collection="etl")
    assert catalog.job(actor=reader).collection == "etl"
    with pytest.raises(ForbiddenError):
        catalog.send(run("FAIL", "11:00:00"), actor=reader, collection="etl")


def test_what_a_scan_marked_as_gone_is_not_a_scans_to_bring_back(catalog: Catalog) -> None:
    catalog.send(run("COMPLETE", "10:00:00", [dataset("s.p.a")]))
    with catalog.database.begin() as connection:
        mark_missing(connection, {"dataset": ["postgres://db:5432/s.p.a"]}, now=utc_now())
    catalog.send(run("COMPLETE", "11:00:00", [dataset("s.p.a")]))
    assert catalog.dataset("s.p.a").status == "active"


def _events(namespace: str) -> list[dict[str, Any]]:
    """A day of a job, told with all that can differ by order."""
    a, b = dataset(f"{namespace}.a", schema=schema("x")), dataset(f"{namespace}.a", schema=schema("x", "y"))
    out = dataset(f"{namespace}.out", columnLineage=columns(z=(f"{namespace}.a", "y")))
    said: Callable[[str], dict[str, Any]] = lambda text: {"documentation": {"description": text}}  # noqa: E731
    return [
        run("START", "10:00:00", [a], namespace=namespace, facets=said("first")),
        run("RUNNING", "10:01:00", [b], namespace=namespace, facets=said("between")),
        run("COMPLETE", "10:02:00", [], [out], namespace=namespace, facets=said("second")),
        run("START", "11:00:00", [dataset(f"{namespace}.c")], namespace=namespace, run_id="run-2"),
        run("FAIL", "11:01:00", [], [], namespace=namespace, run_id="run-2"),
        run("START", "11:01:00", [], [], namespace=namespace, run_id="run-3"),
    ]


def _state(catalog: Catalog, namespace: str) -> Any:
    job = catalog.job(namespace=namespace)
    a = catalog.dataset(f"{namespace}.a")
    return (
        dict(job.attributes) | {"namespace": ""},
        {(s.removeprefix(namespace), t.removeprefix(namespace)) for s, t in catalog.edges(job.guid)},
        catalog.column_links(job.guid),
        [column.name for column in a.columns],
        [(r.run_id, r.state, r.started_at, r.ended_at) for r in runs_of(catalog.database, SYSTEM, job.guid)],
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_order_and_any_repetition_come_to_the_same(shared: Database, data: st.DataObject) -> None:
    catalog = Catalog(shared)
    number = random.SystemRandom().randrange(10**12)
    straight, mixed = f"s{number}", f"m{number}"
    catalog.send(*_events(straight))
    events = _events(mixed)
    order = data.draw(st.permutations(range(len(events))))
    again = data.draw(st.lists(st.sampled_from(range(len(events))), max_size=4))
    catalog.send(*(events[at] for at in (*order, *again)))
    assert _state(catalog, mixed) == _state(catalog, straight)


@pytest.mark.parametrize(
    "stated",
    [
        None,
        [],
        {"eventTime": "2026-05-01T00:00:00Z"},
        {"eventTime": "yesterday", "job": {"namespace": "a", "name": "b"}},
        {"eventTime": "9999-12-31T23:59:59-14:00", "job": {"namespace": "a", "name": "b"}},
        {"eventTime": "2026-05-01T00:00:00Z", "job": {"namespace": "a"}},
        {"eventTime": "2026-05-01T00:00:00Z", "job": {"namespace": "a", "name": "b"}, "inputs": {}},
        {"eventTime": "2026-05-01T00:00:00Z", "job": {"namespace": "a", "name": "b\0"}},
        run("ENDED", "10:00:00"),
        run("START", "10:00:00", run_id="x" * 256),
    ],
)
def test_what_is_no_event_is_refused(stated: Any) -> None:
    with pytest.raises(UsageError) as refused:
        read_event(stated)
    assert refused.value.code == "openlineage.event"


def test_names_that_make_no_address_are_refused(catalog: Catalog) -> None:
    with pytest.raises(UsageError, match="no address"):
        catalog.send(run("COMPLETE", "10:00:00", [dataset("a", "s3://[broken")]))
