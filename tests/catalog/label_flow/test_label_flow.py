"""Labels flow down lineage where a policy says so: by column, through models only if that is said, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from tests.workspaces.stored.support import new_collection, somebody

from headwater.access import SYSTEM, install
from headwater.catalog import (
    AssetRecord,
    AssetRef,
    AssetService,
    ColumnEdge,
    ColumnRecord,
    LineageRecord,
    record_process,
)
from headwater.catalog.annotations.saying import Saying
from headwater.catalog.annotations.service import AnnotationService
from headwater.catalog.finding import Search
from headwater.catalog.label_flow.applying import apply_label_flow
from headwater.catalog.label_flow.policies import LabelPolicy, LabelPolicyService
from headwater.catalog.label_flow.reading import InheritedLabel, LabelFlowService
from headwater.catalog.search import FacetRequest, SearchIndex, SearchRequest
from headwater.errors import ForbiddenError, NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

EMAIL = "MICROSOFT.PERSONAL.EMAIL"


def asset(name: str, *columns: str, type_name: str = "dataset", collection: str | None = None) -> AssetRecord:
    named = tuple(ColumnRecord(column, "text") for column in columns)
    return AssetRecord(type_name, f"db://{name}", name, columns=named or None, collection=collection)


def flow(
    database: Database,
    process: str,
    inputs: list[AssetRecord],
    output: AssetRecord,
    columns: Mapping[tuple[str, str], str],
    via: str | None = None,
    kind: str = "dataflow_query",
) -> None:
    """``columns``: by asset and column, the output's column that they determine."""
    edges = tuple(
        ColumnEdge(AssetRef("dataset", f"db://{source}"), column, output.ref, target, via)
        for (source, column), target in columns.items()
    )
    record_process(
        database, LineageRecord(AssetRecord(kind, f"db://{process}", process), tuple(inputs), (output,), edges)
    )


def guid_of(database: Database, name: str) -> str:
    query = select(tables.assets.c.guid).where(tables.assets.c.qualified_name == f"db://{name}")
    with database.read() as connection:
        found: str = connection.execute(query).scalar_one()
    return found


def say(database: Database, name: str, saying: Saying) -> None:
    AnnotationService(database).annotate(SYSTEM, [guid_of(database, name)], saying)


def inherited(database: Database, name: str) -> set[tuple[str | None, str, str]]:
    found = LabelFlowService(database).of(SYSTEM, guid_of(database, name))
    return {(each.column, each.kind, each.name) for each in found}


def policy(database: Database, kind: str = "classification", collection: str = "root", **more: object) -> None:
    LabelPolicyService(database).put(SYSTEM, LabelPolicy(collection, kind, **more))  # type: ignore[arg-type]


@pytest.fixture
def people(database: Database) -> Database:
    """people(mail, age) → clean(mail_address, age) → report(contact, score), the score by a model."""
    people, clean = asset("people", "mail", "age"), asset("clean", "mail_address", "age")
    model = asset("model", "age", type_name="ml_model_version")
    flow(database, "p1", [people], clean, {("people", "mail"): "mail_address", ("people", "age"): "age"})
    AssetService(database).upsert([model])
    report = asset("report", "contact", "score", type_name="dataflow_table")
    edges = (
        ColumnEdge(clean.ref, "mail_address", report.ref, "contact"),
        ColumnEdge(clean.ref, "age", report.ref, "score", "db://model"),
    )
    process = AssetRecord("dataflow_query", "db://p2", "p2")
    record_process(database, LineageRecord(process, (clean, model.ref), (report,), edges))
    return database


def test_nothing_flows_unless_a_policy_says_so(people: Database) -> None:
    say(people, "people#mail", Saying(classify={EMAIL: None}))
    assert apply_label_flow(people).inherited == 0
    policy(people, flows=False)
    apply_label_flow(people)
    assert inherited(people, "report") == set()


def test_a_column_s_classification_reaches_the_columns_that_it_determines(people: Database) -> None:
    policy(people)
    say(people, "people#mail", Saying(classify={EMAIL: None}))
    apply_label_flow(people)
    assert inherited(people, "clean") == {("mail_address", "classification", EMAIL)}
    (found,) = LabelFlowService(people).of(SYSTEM, guid_of(people, "report"))
    source = guid_of(people, "people#mail")
    expected = (guid_of(people, "report#contact"), "contact", "classification", EMAIL, False)
    assert found == InheritedLabel(*expected, source, "db://people#mail")
    assert inherited(people, "people") == set(), "what was said there is not inherited"


def test_it_does_not_flow_through_a_model_unless_that_is_said(people: Database) -> None:
    policy(people)
    say(people, "people#age", Saying(classify={"AGE": None}))
    apply_label_flow(people)
    assert inherited(people, "report") == set()
    policy(people, through_models=True)
    apply_label_flow(people)
    assert inherited(people, "report") == {("score", "classification", "AGE")}
    (found,) = LabelFlowService(people).of(SYSTEM, guid_of(people, "report"))
    assert found.through_model


def test_assets_hand_labels_and_sensitivity_on_but_models_and_processes_do_not_have_them(people: Database) -> None:
    policy(people, "label", name="pii")
    policy(people, "sensitivity")
    say(people, "people", Saying(labels=["pii", "other"], sensitivity="Confidential"))
    say(people, "model", Saying(labels=["pii"]))
    apply_label_flow(people)
    expected = {(None, "label", "pii"), (None, "sensitivity", "Confidential")}
    assert inherited(people, "clean") == expected and inherited(people, "report") == expected
    assert inherited(people, "p1") == set()


def test_what_is_removed_at_the_source_is_removed_below(people: Database) -> None:
    policy(people)
    say(people, "people#mail", Saying(classify={EMAIL: None}))
    apply_label_flow(people)
    say(people, "people#mail", Saying(unclassify=[EMAIL]))
    assert apply_label_flow(people).changed == 2
    assert inherited(people, "clean") == inherited(people, "report") == set()


def test_lineage_that_goes_takes_labels_with_it(people: Database) -> None:
    policy(people)
    say(people, "people#mail", Saying(classify={EMAIL: None}))
    apply_label_flow(people)
    flow(people, "p1", [asset("people", "mail", "age")], asset("clean", "mail_address", "age"), {})
    apply_label_flow(people)
    assert inherited(people, "clean") == inherited(people, "report") == set()


@pytest.mark.parametrize("way", ["reject", "annotation"])
def test_a_rejection_sticks_and_stops_the_flow(people: Database, way: str) -> None:
    policy(people)
    say(people, "people#mail", Saying(classify={EMAIL: None}))
    apply_label_flow(people)
    service, column = LabelFlowService(people), guid_of(people, "clean#mail_address")
    if way == "reject":
        service.reject(SYSTEM, column, "classification", EMAIL)
        assert inherited(people, "clean") == set(), "at once"
    else:
        say(people, "clean#mail_address", Saying(reject=[EMAIL]))
    for _ in range(2):
        apply_label_flow(people, anew=True)
        assert inherited(people, "clean") == inherited(people, "report") == set()
    if way == "reject":
        service.restore(SYSTEM, column, "classification", EMAIL)
        apply_label_flow(people)
        assert inherited(people, "report") == {("contact", "classification", EMAIL)}


def test_the_nearest_collection_s_policy_holds(database: Database) -> None:
    with database.begin() as connection:
        new_collection(connection, "finance")
        new_collection(connection, "reports", "finance")
    source, first = asset("a", "x"), asset("b", "x", collection="finance")
    last = asset("c", "x", collection="reports")
    flow(database, "p", [source], first, {("a", "x"): "x"})
    flow(database, "q", [first], last, {("b", "x"): "x"})
    say(database, "a#x", Saying(classify={"PII": None, "Money": None}))
    policy(database)
    policy(database, collection="finance", flows=False)
    policy(database, collection="reports", name="PII")
    apply_label_flow(database)
    assert inherited(database, "b") == set()
    assert inherited(database, "c") == {("x", "classification", "PII")}, "it passes what does not show it"


def test_search_finds_what_is_inherited_and_only_while_it_is(people: Database) -> None:
    search = Search(people, SearchIndex.open(None))
    policy(people)
    policy(people, "label")
    say(people, "people#mail", Saying(classify={EMAIL: None}))
    say(people, "people", Saying(labels=["pii"]))
    request = SearchRequest("", facets=[FacetRequest("classification"), FacetRequest("label")])

    def counts() -> dict[str, int]:
        found = search.search(SYSTEM, request).facets
        return {each.value: each.count for name in ("classification", "label") for each in found[name]}

    assert counts() == {EMAIL: 1, "pii": 1}
    apply_label_flow(people)
    assert counts() == {EMAIL: 3, "pii": 3}
    LabelPolicyService(people).remove(SYSTEM, "root", "classification")
    apply_label_flow(people)
    assert counts() == {EMAIL: 1, "pii": 3}
    search.close()


def test_nothing_is_done_where_nothing_changed(people: Database) -> None:
    policy(people)
    say(people, "people#mail", Saying(classify={EMAIL: None}))
    assert (apply_label_flow(people).looked, apply_label_flow(people).looked) == (True, False)
    say(people, "people", Saying(description="x"))
    again = apply_label_flow(people)
    assert (again.looked, again.changed, again.inherited) == (True, 0, 2)


def test_where_it_comes_from_shows_to_who_may_see_that(database: Database) -> None:
    with database.begin() as connection:
        secret, shown = new_collection(connection, "secret"), new_collection(connection, "shown")
    flow(database, "p", [asset("a", "x", collection="secret")], asset("b", "x", collection="shown"), {("a", "x"): "x"})
    policy(database)
    say(database, "a#x", Saying(classify={"PII": None}))
    apply_label_flow(database)
    reader, stranger = somebody(database, "ann", "Data reader", shown), somebody(database, "ben", "Data reader", secret)
    service, guid = LabelFlowService(database), guid_of(database, "b")
    (found,) = service.of(reader, guid)
    assert (found.name, found.from_guid, found.from_name) == ("PII", None, None)
    with pytest.raises(NotFoundError):
        service.of(stranger, guid)
    with pytest.raises(ForbiddenError):
        service.reject(reader, guid, "classification", "PII")


def test_policies_are_their_collection_s_administrators_matter(database: Database) -> None:
    with database.begin() as connection:
        own, other = new_collection(connection, "own"), new_collection(connection, "other")
    service = LabelPolicyService(database)
    ann, ben = somebody(database, "ann", "Collection administrator", own), somebody(database, "ben", "Data reader", own)
    service.put(ann, LabelPolicy("own", "label", "pii"))
    assert [(each.collection, each.name) for each in service.list(ben)] == [("own", "pii")]
    assert service.list(somebody(database, "cas", "Data reader", other)) == []
    with pytest.raises(NotFoundError):
        service.put(ann, LabelPolicy("other", "label"))
    with pytest.raises(ForbiddenError):
        service.remove(ben, "own", "label", "pii")
    with pytest.raises(UsageError):
        service.put(ann, LabelPolicy("own", "colour"))  # type: ignore[arg-type]


def jobs_and_schedules(database: Database) -> tuple[int, int]:
    with database.read() as connection:
        counted = [
            connection.scalar(select(func.count()).select_from(table).where(table.c.kind == "label_flow")) or 0
            for table in (tables.jobs, tables.schedules)
        ]
    return counted[0], counted[1]


def test_it_is_looked_at_again_and_again_while_anything_flows(database: Database) -> None:
    policy(database)
    assert jobs_and_schedules(database) == (1, 1)
    LabelPolicyService(database).remove(SYSTEM, "root", "classification")
    assert jobs_and_schedules(database) == (2, 0)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_it_agrees_with_walking_every_path(shared: Database, seed: int) -> None:
    draw = Random(seed)
    with shared.begin() as connection:
        install(connection, now=utc_now())
    here = [f"{seed}-{number}" for number in range(8)]
    edges = {(a, b) for a in here for b in here if a != b and draw.random() < 0.18}
    AssetService(shared).upsert([asset(name, "x") for name in here])
    for a, b in sorted(edges):
        flow(shared, f"{a}>{b}", [asset(a, "x")], asset(b, "x"), {(a, "x"): "x"})
    labelled, rejected = set(draw.sample(here, 2)), set(draw.sample(here, 2))
    for name in labelled:
        say(shared, f"{name}#x", Saying(classify={"PII": None}))
    for name in rejected - labelled:
        say(shared, f"{name}#x", Saying(reject=["PII"]))
    policy(shared)
    apply_label_flow(shared)
    expected = {b for b in here if b not in labelled | rejected and reaches(labelled, b, edges, rejected - labelled)}
    assert {name for name in here if inherited(shared, name)} == expected


def reaches(starts: set[str], target: str, edges: set[tuple[str, str]], blocked: set[str]) -> bool:
    found, waiting = set(starts), list(starts)
    while waiting:
        here = waiting.pop()
        new = {b for a, b in edges if a == here} - found - blocked
        found |= new
        waiting += new
    return target in found
