"""The terms of a glossary as a sheet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.catalog.glossary.support import new_glossary, new_term
from tests.catalog.sheets.test_assets import WORD
from tests.catalog.sheets.test_cells import TEXT, VALUES
from tests.workspaces.stored.support import somebody

from headwater.access import SYSTEM
from headwater.catalog.glossary import GlossaryService
from headwater.catalog.glossary.kinds import RELATION_WORDS
from headwater.catalog.sheets.terms import TermSheets
from headwater.errors import ForbiddenError, NotFoundError, UsageError
from headwater.store import Database

PERSON = st.builds(lambda who, info: {"id": who, **({} if info is None else {"info": info})}, WORD, st.none() | TEXT)
TERMS = st.fixed_dictionaries(
    {},
    optional={
        "longDescription": TEXT,
        "abbreviation": TEXT,
        "status": st.sampled_from(["Draft", "Expired"]),
        "examples": st.lists(TEXT),
        "contacts": st.fixed_dictionaries({}, optional={"Expert": st.lists(PERSON), "Steward": st.lists(PERSON)}),
        "resources": st.lists(st.fixed_dictionaries({"displayName": WORD, "url": TEXT})),
        "attributes": st.dictionaries(WORD.filter(lambda text: "]" not in text), st.dictionaries(WORD, VALUES)),
    },
)


@given(names=st.lists(WORD.map(str.strip), min_size=2, max_size=3, unique=True), terms=st.lists(TERMS, min_size=3))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_importing_what_was_exported_changes_nothing(database: Database, names: list[str], terms: list[Any]) -> None:
    service, sheets = GlossaryService(database), TermSheets(database)
    for each in service.glossaries(SYSTEM):
        service.remove_glossary(SYSTEM, each["guid"])
    glossary = new_glossary(database)
    first, *others = [new_term(database, glossary, name, **term) for name, term in zip(names, terms, strict=False)]
    service.change_term(SYSTEM, first, {word: [{"termGuid": others[0]}] for word in RELATION_WORDS}, whole=False)
    before = service.detailed_glossary(SYSTEM, glossary)
    exported = sheets.export(SYSTEM, glossary)
    assert sheets.load(SYSTEM, glossary, exported.encode()) == []
    assert service.detailed_glossary(SYSTEM, glossary) == before
    other = new_glossary(database, "Other")
    sheets.load(SYSTEM, other, exported.encode())
    assert sheets.export(SYSTEM, other) == exported, "a new glossary is made from it"


PURVIEW = (
    "Name,Definition,Status,Related Terms,Synonyms,Acronym,Experts,Stewards,[Attribute][Finance]unit\r\n"
    'Fare,"What is paid,\r\nby passengers",Approved,Price,,F,ann@example.org:asks first;ben@example.org,,EUR\r\n'
    "Price,What is asked,Draft,,Cost,,,,\r\n"
    "Cost,,,,,,,,\r\n"
)


def test_purviews_columns(database: Database) -> None:
    service, sheets, glossary = GlossaryService(database), TermSheets(database), new_glossary(database)
    planned = sheets.load(SYSTEM, glossary, PURVIEW.encode(), dry_run=True)
    assert service.terms(SYSTEM, glossary) == []
    made = sheets.load(SYSTEM, glossary, PURVIEW.encode())
    assert [(each.line, each.about) for each in made] == [(2, "Fare"), (4, "Price"), (5, "Cost")]
    assert [each.changes for each in planned] == [each.changes for each in made]
    cost, fare, price = service.terms(SYSTEM, glossary)
    assert (fare["longDescription"], fare["status"]) == ("What is paid,\r\nby passengers", "Approved")
    assert fare["contacts"]["Expert"] == [{"id": "ann@example.org", "info": "asks first"}, {"id": "ben@example.org"}]
    assert (fare["attributes"], cost["status"]) == ({"Finance": {"unit": "EUR"}}, "Draft")
    assert price["seeAlso"][0]["displayText"] == "Fare" and cost["synonyms"][0]["displayText"] == "Price"
    (changed,) = sheets.load(SYSTEM, glossary, b"Name,Acronym\nFare,\nPrice,\n")
    assert (changed.changes["Acronym"].before, changed.changes["Acronym"].after) == ("F", None)
    assert "abbreviation" not in service.term(SYSTEM, fare["guid"])
    assert sheets.export(SYSTEM, glossary, [price["guid"]]).count("\r\n") == 2


@pytest.mark.parametrize(
    ("text", "error", "place"),
    [
        ("Colour\nx\n", UsageError, ""),
        ("Name,Colour\nx,y\n", UsageError, ""),
        ("Name\na\nb\na\n", UsageError, "line 4"),
        ("Name,Status\na,Draft\nb,Sure\n", UsageError, "line 3"),
        ("Name,Synonyms\na,b\n", NotFoundError, "line 2"),
        ("Name,Parent Term Name\na,a\n", UsageError, "line 2"),
    ],
)
def test_what_cannot_be_imported_is_refused(database: Database, text: str, error: Any, place: str) -> None:
    glossary = new_glossary(database)
    with pytest.raises(error) as refused:
        TermSheets(database).load(SYSTEM, glossary, text.encode())
    assert refused.value.place == place
    assert GlossaryService(database).terms(SYSTEM, glossary) == []


def test_who_may_what(database: Database) -> None:
    sheets, glossary = TermSheets(database), new_glossary(database)
    reader, nobody = somebody(database, "rea", "Data reader"), somebody(database, "non")
    assert sheets.export(reader, glossary).startswith("\ufeffName,")
    with pytest.raises(ForbiddenError):
        sheets.export(nobody, glossary)
    with pytest.raises(ForbiddenError):
        sheets.load(reader, glossary, b"Name\nx\n")
    with pytest.raises(NotFoundError):
        sheets.export(reader, glossary, ["none"])
