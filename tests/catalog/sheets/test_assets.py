"""What people say of assets as a sheet: nothing is lost on the way, and nobody is shown or given too much."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.catalog.glossary.support import change_of, new_asset, new_glossary, new_term, told
from tests.catalog.sheets.test_cells import TEXT, VALUES
from tests.workspaces.stored.support import new_collection, somebody

from headwater.access import SYSTEM
from headwater.catalog.annotations.saying import Saying
from headwater.catalog.annotations.service import AnnotationService
from headwater.catalog.sheets.assets import AssetSheets
from headwater.errors import ForbiddenError, NotFoundError, UsageError
from headwater.store import Database

WORD = TEXT.filter(lambda text: bool(text.strip()) and len(text) < 60)
SAYINGS = st.builds(
    Saying,
    description=TEXT,
    sensitivity=WORD,
    endorsement=WORD,
    labels=st.lists(WORD),
    contacts=st.dictionaries(WORD, st.dictionaries(WORD, st.none() | TEXT)),
    classify=st.dictionaries(WORD, st.none() | st.dictionaries(WORD, VALUES)),
    reject=st.lists(WORD),
    custom=st.dictionaries(WORD, VALUES),
)


@given(said=st.lists(SAYINGS, min_size=2, max_size=2))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_importing_what_was_exported_changes_nothing(database: Database, said: list[Saying]) -> None:
    service, sheets = AnnotationService(database), AssetSheets(database)
    guids = [new_asset(database, name) for name in ("=one", "two;\n")]
    for guid, saying in zip(guids, said, strict=True):
        service.annotate(SYSTEM, [guid], saying)
    before = [(service.get(SYSTEM, guid), change_of(database, guid)) for guid in guids]
    assert sheets.load(SYSTEM, sheets.export(SYSTEM).encode()) == []
    assert [(service.get(SYSTEM, guid), change_of(database, guid)) for guid in guids] == before


def test_what_is_edited_is_changed_and_told_line_by_line(database: Database) -> None:
    service, sheets = AnnotationService(database), AssetSheets(database)
    glossary = new_glossary(database)
    fare = new_term(database, glossary, "Fare")
    new_term(database, glossary, "Price")
    one, two = new_asset(database, "one"), new_asset(database, "two")
    service.annotate(SYSTEM, [one], Saying(labels=["a"], terms=[fare], contacts={"Owner": {"ann": "asks"}}))
    service.annotate(SYSTEM, [one], Saying(classify={"PII": {"kind": "mail"}}, reject=["Card"], custom={"n": 3}))
    exported = sheets.export(SYSTEM, [one, two])
    assert "Fare@Glossary" in exported and "json:3" in exported
    edited = (
        "guid;type;qualified name;description;labels;terms;classifications;contact:Owner;custom:n;custom:m\n"
        f'{one};;;"Line 1\nLine 2";b;Price@Glossary; PII ;ann;;x\n'
        ";dataset;db://two;-minus;;;;;;\n"
    )
    planned = sheets.load(SYSTEM, edited.encode(), dry_run=True)
    assert [(each.line, each.about, each.guid) for each in planned] == [(2, "one", one), (4, "two", two)]
    assert (planned[0].changes["labels"].before, planned[0].changes["labels"].after) == (["a"], ["b"])
    assert set(planned[0].changes) == {"description", "labels", "terms", "custom.n", "custom.m"}
    assert service.get(SYSTEM, two).said.description is None, "a dry run changes nothing"
    count = len(told(database, one))
    assert sheets.load(SYSTEM, edited.encode()) == planned
    found = service.get(SYSTEM, one)
    assert found.said.custom == {"m": "x"} and found.said.contacts == {("Owner", "ann"): "asks"}
    assert list(found.terms.values()) == ["Price"]
    assert found.said.classifications["PII"].attributes == {"kind": "mail"}
    assert found.said.classifications["Card"].state == "rejected"
    assert service.get(SYSTEM, two).said.description == "-minus" and len(told(database, one)) == count + 1


@pytest.mark.parametrize(
    ("text", "error", "place"),
    [
        ("guid,colour\n", UsageError, ""),
        ("guid,labels\nnone,a\n", NotFoundError, ""),
        ("guid,type,qualified name\n,dataset,nowhere\n", NotFoundError, "line 2"),
        ("guid,labels\nGUID,a\nGUID,b\n", UsageError, "line 3"),
        ("guid,terms\nGUID,Nothing@Glossary\n", NotFoundError, "line 2"),
        ("guid,custom:a\nGUID,json:{\n", UsageError, "line 2"),
        ("guid,custom: \nGUID,a\n", UsageError, "line 2"),
    ],
)
def test_what_cannot_be_imported_is_refused(database: Database, text: str, error: Any, place: str) -> None:
    content = text.replace("GUID", new_asset(database, "one"))
    with pytest.raises(error) as refused:
        AssetSheets(database).load(SYSTEM, content.encode())
    assert refused.value.place == place


def test_who_may_what(database: Database) -> None:
    with database.begin() as connection:
        inside = new_collection(connection, "inside")
        new_collection(connection, "beside")
    sheets = AssetSheets(database)
    mine, other = new_asset(database, "mine", "inside"), new_asset(database, "other", "beside")
    reader, curator = somebody(database, "rea", "Data reader"), somebody(database, "cur", "Data curator", inside)
    assert other in sheets.export(reader) and other not in sheets.export(curator)
    with pytest.raises(NotFoundError):
        sheets.export(curator, [other])
    with pytest.raises(ForbiddenError):
        sheets.export(somebody(database, "non"))
    content = f"guid,labels\n{mine},\n{other},\n".encode()
    assert sheets.load(reader, content) == [], "what changes nothing asks for no right"
    with pytest.raises(ForbiddenError):
        sheets.load(reader, f"guid,labels\n{mine},a\n".encode())
    with pytest.raises(NotFoundError):
        sheets.load(curator, content)
    assert len(sheets.load(curator, f"guid,labels\n{mine},a\n".encode())) == 1
