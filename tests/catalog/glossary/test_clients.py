"""Atlas's and Purview's clients, doing with a glossary what their documentation shows, against a started server."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from apache_atlas.client.base_client import AtlasClient
from apache_atlas.model.glossary import AtlasGlossary, AtlasGlossaryCategory, AtlasGlossaryTerm
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import HeadersPolicy
from azure.purview.catalog import PurviewCatalogClient
from pyapacheatlas.core.glossary.glossaryclient import PurviewGlossaryClient
from pyapacheatlas.core.glossary.term import PurviewGlossaryTerm
from tests.catalog.glossary.support import new_asset
from tests.cli.command import TOKEN, interrupt, line_with, started

from headwater.app.runtime import Headwater


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with an asset; the asset's guid."""
    home = tmp_path_factory.mktemp("glossary") / "home"
    with Headwater.open(home, create=True) as app:
        return home, new_asset(app.database, "sales")


@pytest.fixture(scope="module")
def url(place: tuple[Path, str]) -> Iterator[str]:
    """Where a server over that home is."""
    with started("serve", "--home", place[0], "--port", "0") as process:
        found = re.search(r"http://\S+:\d+", line_with(process.stderr, "Headwater serves"))
        assert found is not None
        yield found.group()
        interrupt(process)


class _Bearer:
    """A token, as requests, pyapacheatlas and Azure's clients take it."""

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {TOKEN}"
        return request

    def get_authentication_headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    def get_graph_authentication_headers(self) -> dict[str, str]:
        return {}

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(TOKEN, int(time.time()) + 3600)


@pytest.mark.parametrize("root", ["/datamap/api/atlas/v2", "/catalog/api/atlas/v2", "/api/atlas/v2"])
def test_pyapacheatlas(url: str, place: tuple[Path, str], root: str, tmp_path: Path) -> None:
    client = PurviewGlossaryClient(f"{url}{root}", _Bearer())
    glossary, kind = client.get_glossary(), root.replace("/", "-")
    assert glossary["name"] == "Glossary"
    parent = client.upload_term(_term(glossary, f"Parent{kind}"))
    child = _term(glossary, f"Child{kind}", status="Approved", longDescription="What is paid.")
    child.add_hierarchy(parent["name"], parent["guid"])
    made = client.upload_term(child)
    assert (made["name"], made["nickName"]) == (f"Parent{kind}_Child{kind}", f"Child{kind}")
    assert made["parentTerm"]["termGuid"] == parent["guid"]
    both = [_term(glossary, f"{name}{kind}", synonyms=[{"termGuid": made["guid"]}]) for name in "ab"]
    assert [each["status"] for each in client.upload_terms(both)] == ["Draft", "Draft"]
    assert len(client.get_term(name=f"Parent{kind}_Child{kind}")["synonyms"]) == 2
    assert client.get_glossary(detailed=True)["termInfo"][made["guid"]]["longDescription"] == "What is paid."
    changed = client.upload_term({**made, "longDescription": "x"}, force_update=True, termGuid=made["guid"])
    assert changed["longDescription"] == "x"
    client.assignTerm([{"guid": place[1]}], termGuid=made["guid"])
    (assigned,) = client.get_termAssignedEntities(termName=made["name"])
    assert assigned["guid"] == place[1]
    client.delete_assignedTerm([assigned], termGuid=made["guid"])
    assert client.get_termAssignedEntities(termGuid=made["guid"]) == []
    sheet = tmp_path / "terms.csv"
    sheet.write_text(f"Name,Definition,Status\nC{kind},What,Approved\n")
    imported = client.import_terms(str(sheet))
    assert client.import_terms_status(imported["id"])["status"] == "SUCCESS"
    client.import_terms(str(sheet), glossary_guid=glossary["guid"])
    client.export_terms([client.get_term(name=f"C{kind}")["guid"]], str(sheet))
    assert "What" in sheet.read_text("utf-8-sig") and "Approved" in sheet.read_text("utf-8-sig")
    client.delete_term(made["guid"])
    assert made["guid"] not in {each["termGuid"] for each in client.get_glossary()["terms"]}


def _term(glossary: Any, name: str, **more: Any) -> Any:
    return PurviewGlossaryTerm(
        name=name, qualifiedName=f"{name}@Glossary", glossaryGuid=glossary["guid"], **{"status": "Draft", **more}
    )


def test_apache_atlas(url: str, place: tuple[Path, str]) -> None:
    client = AtlasClient(url, _Bearer()).glossary
    made = client.create_glossary(AtlasGlossary({"name": "Atlas", "shortDescription": "first"}))
    assert client.get_glossary_by_guid(made.guid).shortDescription == "first"
    assert "Atlas" in {each["name"] for each in client.get_all_glossaries()}
    anchor = {"anchor": {"glossaryGuid": made.guid}}
    term = client.create_glossary_term(AtlasGlossaryTerm({"name": "Fare", **anchor}))
    others = client.create_glossary_terms([{"name": "b", **anchor}, {"name": "c", **anchor}])
    assert [each["name"] for each in others] == ["b", "c"]
    category = client.create_glossary_category(
        AtlasGlossaryCategory({"name": "All", **anchor, "terms": [{"termGuid": term.guid}]})
    )
    assert client.get_glossary_category(category.guid).terms[0].displayText == "Fare"
    listing = ("ASC", 10, 0)
    assert [each["name"] for each in client.get_glossary_terms(made.guid)] == ["b", "c", "Fare"]
    assert len(client.get_glossary_term_headers(made.guid, "ASC", 2, 1)) == 2
    assert len(client.get_glossary_categories(made.guid, *listing)) == 1
    assert client.get_glossary_category_headers(made.guid, *listing)[0]["displayText"] == "All"
    assert client.get_category_terms(category.guid, *listing)[0]["termGuid"] == term.guid
    assert client.get_related_categories(category.guid, *listing) == {}
    term.seeAlso = [{"termGuid": others[0]["guid"]}]
    assert client.update_glossary_term_by_guid(term.guid, term).seeAlso[0].displayText == "b"
    assert client.get_related_terms(others[0]["guid"], *listing)["seeAlso"][0]["displayText"] == "Fare"
    assert client.partial_update_term_by_guid(term.guid, {"abbreviation": "F"}).abbreviation == "F"
    assert client.partial_update_glossary_by_guid(made.guid, {"longDescription": "l"}).longDescription == "l"
    made.usage = "everywhere"
    assert client.update_glossary_by_guid(made.guid, made).usage == "everywhere"
    assert client.partial_update_category_by_guid(category.guid, {"longDescription": "all"}).longDescription == "all"
    assert client.update_glossary_category_by_guid(category.guid, {"name": "Every"}).name == "Every"
    client.assign_term_to_entities(term.guid, [{"guid": place[1]}])
    (assigned,) = client.get_entities_assigned_with_term(term.guid, *listing)
    client.disassociate_term_from_entities(term.guid, [assigned])
    assert client.get_entities_assigned_with_term(term.guid, *listing) == []
    assert term.guid in client.get_glossary_ext_info(made.guid).termInfo
    client.delete_glossary_category_by_guid(category.guid)
    client.delete_glossary_term_by_guid(term.guid)
    client.delete_glossary_by_guid(made.guid)


def test_azure_purview_catalog(url: str, place: tuple[Path, str]) -> None:
    headers = HeadersPolicy({"Authorization": f"Bearer {TOKEN}"})
    client = PurviewCatalogClient(url, _Bearer(), authentication_policy=headers).glossary
    made = client.create_glossary({"name": "Purview"})
    anchor = {"anchor": {"glossaryGuid": made["guid"]}}
    assert "Purview" in {each["name"] for each in client.list_glossaries(ignore_terms_and_categories=True)}
    term = client.create_glossary_term({"name": "Fare", **anchor}, include_term_hierarchy=True)
    (other,) = client.create_glossary_terms([{"name": "Price", **anchor, "synonyms": [{"termGuid": term["guid"]}]}])
    assert client.get_glossary_term(term["guid"])["synonyms"][0]["termGuid"] == other["guid"]
    category = client.create_glossary_category({"name": "All", **anchor})
    client.update_glossary_category(category["guid"], {**category, "terms": [{"termGuid": term["guid"]}]})
    assert client.list_category_terms(category["guid"])[0]["displayText"] == "Fare"
    assert len(client.create_glossary_categories([{"name": "Some", **anchor}])) == 1
    assert len(client.list_glossary_categories(made["guid"])) == 2
    assert len(client.list_glossary_categories_headers(made["guid"], limit=1)) == 1
    assert [each["name"] for each in client.list_glossary_terms(made["guid"], sort="DESC")] == ["Price", "Fare"]
    assert len(client.list_glossary_term_headers(made["guid"], offset=1)) == 1
    assert len(client.list_terms_by_glossary_name("Purview")) == 2
    assert client.list_related_terms(term["guid"])["synonyms"]
    client.assign_term_to_entities(term["guid"], [{"guid": place[1]}])
    (assigned,) = client.get_entities_assigned_with_term(term["guid"])
    client.remove_term_assignment_from_entities(term["guid"], [assigned])
    client.assign_term_to_entities(term["guid"], [{"guid": place[1]}])
    client.delete_term_assignment_from_entities(term["guid"], client.get_entities_assigned_with_term(term["guid"]))
    assert client.get_entities_assigned_with_term(term["guid"]) == []
    client.partial_update_glossary_term(term["guid"], {"usage": "u"})
    client.partial_update_glossary(made["guid"], {"shortDescription": "s"})
    client.partial_update_glossary_category(category["guid"], {"shortDescription": "s"})
    client.update_glossary(made["guid"], {**client.get_glossary(made["guid"]), "usage": "u"})
    assert client.get_detailed_glossary(made["guid"])["termInfo"][term["guid"]]["usage"] == "u"
    # Its own method for the export takes the CSV for JSON.
    with pytest.raises(ValueError):
        client.export_glossary_terms_as_csv(made["guid"], [term["guid"]])
    client.delete_glossary_term(term["guid"])
    client.delete_glossary_category(category["guid"])
    client.delete_glossary(made["guid"])


def test_atlas_own_import(url: str) -> None:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False) as client:
        root = "/api/atlas/v2/glossary"
        template = client.get(f"{root}/import/template")
        assert template.headers["content-type"] == "application/octet-stream"
        file = template.content + b"Imported,Fare" + b"," * (template.text.count(",") - 1) + b"\r\n"
        done = client.post(f"{root}/import", files={"file": ("terms.csv", file, "text/csv")}).json()
        (told,) = done["successImportInfoList"]
        assert (told["parentObjectName"], told["childObjectName"]) == ("Imported", "Fare")
        assert client.get(f"{root}/term/{told['remarks']}").json()["qualifiedName"] == "Fare@Imported"
        assert client.post(f"{root}/import", data={"file": "x"}, files={}).status_code == 400
        for unknown in ("none", told["remarks"]):
            assert client.get(f"{root}/terms/import/{unknown}").status_code == 404
        assert client.get(f"{root}/{told['remarks']}").status_code == 404
        assert client.post(f"{root}/term", content=b"{").status_code == 400
