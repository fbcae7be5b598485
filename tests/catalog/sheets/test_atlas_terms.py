"""Terms in the columns of Apache Atlas's own import."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.glossary.support import names, new_glossary, new_term
from tests.workspaces.stored.support import somebody

from headwater.access import SYSTEM
from headwater.catalog.glossary import GlossaryService
from headwater.catalog.sheets.atlas_terms import TEMPLATE, load_atlas_terms
from headwater.errors import ForbiddenError, NotFoundError, UsageError
from headwater.store import Database

FILE = (
    "GlossaryName,TermName,ShortDescription,AdditionalAttributes,Examples,Synonyms,IsA\n"
    "Air,Fare,What is paid,unit:EUR|kind:money,12|13,Rail:Price|Air:Cost,\n"
    "Air,Cost,,,,,Rail:Price\n"
    "Rail,Price,,,,,\n"
)


def test_glossaries_and_terms_are_made_and_related(database: Database) -> None:
    service, air = GlossaryService(database), new_glossary(database, "Air")
    cost = new_term(database, air, "Cost", shortDescription="stays")
    made = load_atlas_terms(database, SYSTEM, FILE.encode())
    assert list(made) == [("Air", "Fare"), ("Air", "Cost"), ("Rail", "Price")] and made["Air", "Cost"] == cost
    fare, price = service.term(SYSTEM, made["Air", "Fare"]), service.term(SYSTEM, made["Rail", "Price"])
    assert (fare["shortDescription"], fare["examples"]) == ("What is paid", ["12", "13"])
    assert fare["additionalAttributes"] == {"unit": "EUR", "kind": "money"}
    assert names(fare["synonyms"]) == ["Cost", "Price"] and names(price["classifies"]) == ["Cost"]
    assert service.term(SYSTEM, cost)["shortDescription"] == "stays"
    assert load_atlas_terms(database, SYSTEM, TEMPLATE.encode()) == {}


@pytest.mark.parametrize(
    ("text", "error", "place"),
    [
        ("TermName\na\n", UsageError, ""),
        ("GlossaryName,TermName,Colour\na,b,c\n", UsageError, ""),
        ("GlossaryName,TermName\na,b\n,b\n", UsageError, "line 3"),
        ("GlossaryName,TermName,SeeAlso\na,b,a:c\n", NotFoundError, "line 2"),
    ],
)
def test_what_cannot_be_imported_leaves_everything(database: Database, text: str, error: Any, place: str) -> None:
    with pytest.raises(error) as refused:
        load_atlas_terms(database, SYSTEM, text.encode())
    assert refused.value.place == place and GlossaryService(database).glossaries(SYSTEM) == []


def test_who_may_not(database: Database) -> None:
    with pytest.raises(ForbiddenError):
        load_atlas_terms(database, somebody(database, "rea", "Data reader"), FILE.encode())
