"""What people say of assets: of one and of many, all or nothing, and on record."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select
from tests.catalog.glossary.support import change_of, new_asset, new_glossary, new_term, told
from tests.workspaces.stored.support import new_collection, somebody

from headwater.access import SYSTEM
from headwater.catalog import AssetRecord, AssetService
from headwater.catalog.annotations.said import Classification, Said
from headwater.catalog.annotations.saying import Saying
from headwater.catalog.annotations.service import MOST_ASSETS, AnnotationService
from headwater.catalog.history import Changed, record_changes
from headwater.catalog.writing import begin_writing
from headwater.errors import ForbiddenError, NotFoundError, UsageError
from headwater.store import Database, tables, utc_now


def said(database: Database, guid: str) -> Said:
    return AnnotationService(database).get(SYSTEM, guid).said


def test_everything_that_can_be_said_is_read_again_and_on_record(database: Database) -> None:
    service, sales = AnnotationService(database), new_asset(database, "sales")
    fare = new_term(database, new_glossary(database), "Fare")
    saying = Saying(
        description="What was sold.",
        sensitivity="Confidential",
        endorsement="certified",
        labels=["b", "a"],
        terms=[fare],
        contacts={"Owner": {"ann": "asks first"}, "Expert": {"ben": None}},
        classify={"PII": {"kind": "mail"}, "Finance": None},
        custom={"team": "red", "size": 3},
    )
    assert service.annotate(SYSTEM, [sales], saying) == [sales]
    asset = service.get(SYSTEM, sales)
    assert asset.terms == {fare: "Fare"}
    found = asset.said
    assert (found.description, found.sensitivity, found.endorsement) == ("What was sold.", "Confidential", "certified")
    assert found.labels == {"a", "b"} and found.custom == {"team": "red", "size": 3}
    assert found.contacts == {("Owner", "ann"): "asks first", ("Expert", "ben"): None}
    assert found.classifications == {"PII": Classification(attributes={"kind": "mail"}), "Finance": Classification()}
    before = change_of(database, sales)
    assert service.annotate(SYSTEM, [sales], saying) == []
    assert change_of(database, sales) == before, "the same again changes nothing"
    (changes,) = told(database, sales)
    assert changes["description"] == {"before": None, "after": "What was sold."}
    assert changes["contacts.Owner"] == {"before": None, "after": ["ann (asks first)"]}
    assert changes["classifications"]["after"] == {"PII": "accepted", "Finance": "accepted"}
    assert changes["terms"] == {"before": [], "after": ["Fare"]} and changes["custom.size"]["after"] == 3


def test_what_is_not_given_stays(database: Database) -> None:
    service, sales = AnnotationService(database), new_asset(database, "sales")
    fare = new_term(database, new_glossary(database), "Fare")
    whole = Saying(description="x", labels=["a", "b"], terms=[fare], custom={"team": "red"}, classify={"PII": None})
    service.annotate(SYSTEM, [sales], whole)
    service.annotate(SYSTEM, [sales], Saying(contacts={"Owner": {"ann": None}}))
    service.annotate(SYSTEM, [sales], Saying(add_labels=["c"], remove_labels=["a"], contacts={"Expert": {"b": None}}))
    found = said(database, sales)
    assert found.description == "x" and found.labels == {"b", "c"} and found.custom == {"team": "red"}
    assert set(found.contacts) == {("Owner", "ann"), ("Expert", "b")} and found.terms
    away = Saying(description=None, remove_terms=[fare], contacts={"Owner": {}}, custom={"team": None}, labels=[])
    service.annotate(SYSTEM, [sales], away)
    found = said(database, sales)
    assert found.description is None and not found.labels and not found.custom and not found.terms
    assert set(found.contacts) == {("Expert", "b")} and "PII" in found.classifications


def test_a_suggestion_is_accepted_or_rejected_and_a_rejection_is_remembered(database: Database) -> None:
    service, sales = AnnotationService(database), new_asset(database, "sales")
    by_rule = Classification("suggested", "rule", None, 0.75, "8 of 10 names look like it")
    with database.begin() as connection:
        from headwater.catalog.stored import stored_by_guid

        number = stored_by_guid(connection, [sales])[sales].id
        for name in ("Mail", "Phone"):
            made = {"asset_id": number, "type_name": name, "created_at": utc_now(), "created_by": "a rule"}
            rule = {"state": "suggested", "by_what": "rule", "confidence": 0.75, "reason": by_rule.reason}
            connection.execute(insert(tables.asset_classifications).values(**made, **rule))
    service.annotate(SYSTEM, [sales], Saying(accept=["Mail"], reject=["Phone", "Card"]))
    states = {name: each.state for name, each in said(database, sales).classifications.items()}
    assert states == {"Mail": "accepted", "Phone": "rejected", "Card": "rejected"}
    assert said(database, sales).classifications["Mail"].confidence == 0.75
    service.annotate(SYSTEM, [sales], Saying(classify={"Phone": None}, unclassify=["Card", "Mail"]))
    assert {name: each.state for name, each in said(database, sales).classifications.items()} == {"Phone": "accepted"}
    with pytest.raises(NotFoundError, match="suggested"):
        service.annotate(SYSTEM, [sales], Saying(accept=["Mail"]))


def test_a_scan_takes_nothing_away(database: Database) -> None:
    service, sales = AnnotationService(database), new_asset(database, "sales")
    service.annotate(SYSTEM, [sales], Saying(description="mine", custom={"a": 1}, endorsement="certified"))
    seen = AssetRecord("dataset", "db://sales", "Sales", {"description": "theirs", "userDescription": "theirs"})
    AssetService(database).upsert([seen])
    found = said(database, sales)
    assert (found.description, found.custom, found.endorsement) == ("mine", {"a": 1}, "certified")


def test_of_many_all_or_none(database: Database) -> None:
    with database.begin() as connection:
        inside = new_collection(connection, "inside")
        new_collection(connection, "beside")
    service = AnnotationService(database)
    mine = [new_asset(database, f"mine{number}", "inside") for number in range(3)]
    other = new_asset(database, "other", "beside")
    curator, reader = (
        somebody(database, "cur", "Data curator", inside),
        somebody(database, "rea", "Data reader", inside),
    )
    assert service.annotate(curator, mine, Saying(add_labels=["x"])) == mine
    with pytest.raises(NotFoundError):
        service.annotate(curator, [*mine, other], Saying(add_labels=["y"]))
    with pytest.raises(ForbiddenError):
        service.annotate(reader, mine, Saying(add_labels=["y"]))
    with pytest.raises(NotFoundError):
        service.annotate(curator, mine, Saying(add_labels=["y"], add_terms=["no such term"]))
    assert [said(database, guid).labels for guid in mine] == [{"x"}] * 3
    total, (entry,) = service.history(reader, mine[0])
    assert (total, entry.by, entry.by_id, entry.action) == (1, "cur", curator.user_id, "annotate")
    with pytest.raises(NotFoundError):
        service.history(reader, other)
    with pytest.raises(NotFoundError):
        service.get(reader, other)
    with pytest.raises(UsageError):
        service.annotate(SYSTEM, [], Saying())
    with pytest.raises(UsageError):
        service.annotate(SYSTEM, ["x"] * (MOST_ASSETS + 1), Saying())


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": [" "]},
        {"add_labels": ["x" * 256]},
        {"contacts": {"x" * 65: {"ann": None}}},
        {"endorsement": "x" * 65},
        {"description": "\x00"},
        {"custom": {"a": "\x00"}},
        {"contacts": {"Owner": {"ann": "\x00"}}},
    ],
)
def test_what_cannot_be_kept_is_refused(database: Database, wrong: Any) -> None:
    with pytest.raises(UsageError):
        AnnotationService(database).annotate(SYSTEM, [new_asset(database, "sales")], Saying(**wrong))


def test_history_is_paged_from_the_newest(database: Database) -> None:
    service, sales = AnnotationService(database), new_asset(database, "sales")
    for number in range(5):
        service.annotate(SYSTEM, [sales], Saying(description=str(number)))
    total, page = service.history(SYSTEM, sales, limit=2, offset=1)
    assert total == 5 and [each.changes["description"]["after"] for each in page] == ["3", "2"]


def test_what_changes_nothing_leaves_no_trace(database: Database) -> None:
    service, sales = AnnotationService(database), new_asset(database, "sales")
    with database.begin() as connection:
        asset = tables.assets.c
        number, version = connection.execute(select(asset.id, asset.version).where(asset.guid == sales)).one()
        writing = begin_writing(connection, now=utc_now(), by="ann")
        assert record_changes(writing, "annotate", {number: {"terms": Changed(["a"], ["a"])}}) == []
        assert connection.scalar(select(asset.version).where(asset.id == number)) == version
        assert record_changes(writing, "annotate", {number: {"terms": Changed([], ["a"])}}) == [number]
        assert connection.scalar(select(asset.version).where(asset.id == number)) == version + 1
    total, (entry,) = service.history(SYSTEM, sales)
    assert (total, entry.by, entry.changes) == (1, "ann", {"terms": {"before": [], "after": ["a"]}})
