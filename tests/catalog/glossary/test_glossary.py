"""The glossary: its terms, what they are related to, where they stand, and who may do what."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.glossary.support import change_of, names, new_asset, new_glossary, new_term, told
from tests.workspaces.stored.support import new_collection, set_up, somebody

from headwater.access import SYSTEM
from headwater.catalog.glossary import GlossaryService, Part
from headwater.catalog.glossary.kinds import RELATION_WORDS, stored_as, word_of
from headwater.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from headwater.store import Database


def test_a_term_is_read_as_it_was_stated(database: Database) -> None:
    service, glossary = GlossaryService(database), new_glossary(database)
    stated = {
        "name": "Fare",
        "anchor": {"glossaryGuid": glossary},
        "status": "Approved",
        "shortDescription": "What is paid.",
        "longDescription": "What a passenger pays\nfor a flight.",
        "abbreviation": "F",
        "examples": ["12.50"],
        "resources": [{"displayName": "Manual", "url": "https://docs.example.org/fare"}],
        "contacts": {"Expert": [{"id": "ann", "info": "asks first"}], "Steward": [{"id": "ben"}]},
        "attributes": {"Finance": {"unit": "EUR"}},
    }
    (made,) = service.add_terms(SYSTEM, [stated])
    shown = service.term(SYSTEM, made["guid"])
    assert shown == made
    assert {name: shown[name] for name in stated if name != "anchor"} == {
        name: value for name, value in stated.items() if name != "anchor"
    }
    assert (shown["qualifiedName"], shown["anchor"]["glossaryGuid"]) == ("Fare@Glossary", glossary)
    assert names(service.glossary(SYSTEM, glossary)["terms"]) == ["Fare"]
    changed = service.change_term(SYSTEM, made["guid"], {"abbreviation": None, "usage": "rare"}, whole=False)
    assert "abbreviation" not in changed and changed["usage"] == "rare"
    assert (changed["longDescription"], changed["lastModifiedTS"]) == (stated["longDescription"], "2")
    anew = service.change_term(SYSTEM, made["guid"], {"name": "Price"})
    assert (anew["name"], anew["status"]) == ("Price", "Approved") and "longDescription" not in anew


@pytest.mark.parametrize("word", RELATION_WORDS)
def test_both_sides_of_a_relation_show_it(database: Database, word: str) -> None:
    service, glossary = GlossaryService(database), new_glossary(database)
    fare = new_term(database, glossary, "Fare")
    price = new_term(database, glossary, "Price", **{word: [{"termGuid": fare, "description": "nearly"}]})
    kind, is_first = stored_as(word)
    (shown,) = service.term(SYSTEM, price)[word]
    assert (shown["termGuid"], shown["displayText"], shown["description"]) == (fare, "Fare", "nearly")
    other = word_of(kind, is_first=not is_first)
    assert names(service.related_terms(SYSTEM, fare)[other]) == ["Price"]
    service.change_term(SYSTEM, fare, {other: []}, whole=False)
    assert word not in service.term(SYSTEM, price)


def test_a_whole_term_that_is_sent_back_stays_as_it_is(database: Database) -> None:
    service, glossary = GlossaryService(database), new_glossary(database)
    fare, parent = new_term(database, glossary, "Fare"), new_term(database, glossary, "Money")
    (category,) = service.add_categories(SYSTEM, [{"name": "All", "anchor": {"glossaryGuid": glossary}}])
    more: dict[str, Any] = {
        "parentTerm": {"termGuid": parent},
        "seeAlso": [{"termGuid": fare}],
        "categories": [{"categoryGuid": category["guid"]}],
        "assignedEntities": [{"guid": new_asset(database, "sales")}],
    }
    before = service.term(SYSTEM, new_term(database, glossary, "Price", **more))
    after = service.change_term(SYSTEM, before["guid"], before)
    changing = {"updateTime", "lastModifiedTS", "categories", "seeAlso"}
    assert {k: v for k, v in before.items() if k not in changing} == {
        k: v for k, v in after.items() if k not in changing
    }
    assert names(after["categories"]) == ["All"] and names(after["seeAlso"]) == ["Fare"]
    assert (after["parentTerm"]["termGuid"], names(after["assignedEntities"])) == (parent, ["sales"])


def test_categories_are_a_tree_with_terms_in_it(database: Database) -> None:
    service, glossary = GlossaryService(database), new_glossary(database)
    anchor = {"anchor": {"glossaryGuid": glossary}}
    fare = new_term(database, glossary, "Fare")
    (outer,) = service.add_categories(SYSTEM, [{"name": "Outer", **anchor}])
    inner_stated = {"name": "Inner", **anchor, "parentCategory": {"categoryGuid": outer["guid"]}}
    (inner,) = service.add_categories(SYSTEM, [{**inner_stated, "terms": [{"termGuid": fare}]}])
    assert inner["qualifiedName"] == "Inner.Outer@Glossary" and names(inner["terms"]) == ["Fare"]
    assert names(service.category(SYSTEM, outer["guid"])["childrenCategories"]) == ["Inner"]
    assert names(service.term(SYSTEM, fare)["categories"]) == ["Inner"]
    related = service.related_categories(SYSTEM, inner["guid"])
    assert names(related["parentCategory"]) == ["Outer"]
    with pytest.raises(ConflictError):
        service.add_categories(SYSTEM, [inner_stated])
    with pytest.raises(UsageError, match="below itself"):
        service.change_category(SYSTEM, outer["guid"], {"parentCategory": {"categoryGuid": inner["guid"]}}, whole=False)
    service.remove_category(SYSTEM, outer["guid"])
    assert "parentCategory" not in service.category(SYSTEM, inner["guid"])
    assert names(service.term(SYSTEM, fare)["categories"]) == ["Inner"]


def test_pages_go_by_name(database: Database) -> None:
    service, glossary = GlossaryService(database), new_glossary(database)
    for name in ("b", "A", "c"):
        new_term(database, glossary, name)
    assert names(service.terms(SYSTEM, glossary)) == ["A", "b", "c"]
    assert names(service.terms(SYSTEM, glossary, Part(limit=1, offset=1))) == ["b"]
    assert names(service.terms(SYSTEM, glossary, Part(offset=2))) == ["c"]
    assert names(service.term_headers(SYSTEM, glossary, Part(limit=2, sort="DESC"))) == ["c", "b"]


def test_what_changes_a_term_changes_its_assets(database: Database) -> None:
    service, glossary = GlossaryService(database), new_glossary(database)
    fare, sales = new_term(database, glossary, "Fare"), new_asset(database, "sales")
    before = change_of(database, sales)
    service.assign(SYSTEM, fare, [sales])
    given = change_of(database, sales)
    service.assign(SYSTEM, fare, [sales])
    assert change_of(database, sales) == given > before, "the same again changes nothing"
    service.change_term(SYSTEM, fare, {"name": "Price"}, whole=False)
    renamed = change_of(database, sales)
    assert renamed > given
    service.remove_glossary(SYSTEM, glossary)
    assert change_of(database, sales) > renamed
    assert told(database, sales) == [
        {"terms": {"before": [], "after": ["Fare"]}},
        {"terms": {"before": ["Price"], "after": []}},
    ]
    with pytest.raises(NotFoundError):
        service.term(SYSTEM, fare)


def test_who_may_what(database: Database) -> None:
    set_up(database)
    with database.begin() as connection:
        inside = new_collection(connection, "inside")
        new_collection(connection, "beside")
    service, glossary = GlossaryService(database), new_glossary(database)
    fare = new_term(database, glossary, "Fare")
    mine, other = new_asset(database, "mine", "inside"), new_asset(database, "other", "beside")
    service.assign(SYSTEM, fare, [mine, other])
    steward, curator = somebody(database, "ste", "Data curator"), somebody(database, "cur", "Data curator", inside)
    reader, nobody = somebody(database, "rea", "Data reader", inside), somebody(database, "non")
    for actor in (curator, reader):
        assert names(service.assigned(actor, fare)) == ["mine"]
        assert names(service.term(actor, fare)["assignedEntities"]) == ["mine"]
        with pytest.raises(ForbiddenError):
            service.change_term(actor, fare, {"name": "x"}, whole=False)
        with pytest.raises(NotFoundError):
            service.unassign(actor, fare, [other])
    with pytest.raises(ForbiddenError):
        service.unassign(reader, fare, [mine])
    service.unassign(curator, fare, [mine])
    assert names(service.assigned(SYSTEM, fare)) == ["other"]
    assert service.change_term(steward, fare, {"name": "Price"}, whole=False)["updatedBy"] == "ste"
    for ask in (service.glossaries, lambda a: service.term(a, fare), lambda a: service.assign(a, fare, [mine])):
        with pytest.raises(ForbiddenError):
            ask(nobody)
    # What somebody cannot see stays, when they state what they can see anew.
    part = somebody(database, "par", "Data curator", inside)
    with pytest.raises(ForbiddenError):
        service.change_term(part, fare, {"assignedEntities": []}, whole=False)


@pytest.mark.parametrize(
    "stated",
    [
        {"name": "x"},
        {"name": " ", "anchor": {}},
        {"name": "x", "anchor": {"glossaryGuid": 5}},
        {"name": "x\x00"},
        {"name": "x", "status": "Sure"},
        {"name": "x", "contacts": {"Expert": ["ann"]}},
        {"name": "x", "examples": "one"},
        {"name": "x", "seeAlso": [{"guid": "5"}]},
        ["x"],
    ],
)
def test_what_is_no_term_is_refused(database: Database, stated: Any) -> None:
    with pytest.raises(UsageError):
        GlossaryService(database).add_terms(SYSTEM, [stated])


def test_one_that_is_wrong_leaves_all_unwritten(database: Database) -> None:
    service, glossary = GlossaryService(database), new_glossary(database)
    anchor = {"anchor": {"glossaryGuid": glossary}}
    with pytest.raises(ConflictError):
        service.add_terms(SYSTEM, [{"name": "a", **anchor}, {"name": "a", **anchor}])
    assert service.terms(SYSTEM, glossary) == []
    with pytest.raises(ConflictError):
        service.add_glossary(SYSTEM, {"name": "Glossary"})
    fare = new_term(database, glossary, "Fare")
    with pytest.raises(UsageError):
        service.change_term(SYSTEM, fare, {"isA": [{"termGuid": fare}]}, whole=False)
