"""Models as OData functions, for whoever may call them."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from tests.app.scoring_service import NAME
from tests.server.functions.support import good
from tests.server.test_access_api import Site, code

from headwater.server.odata.names import encoded

EDM = {"e": "http://docs.oasis-open.org/odata/ns/edm"}
LATE = encoded("demo.late_arrival")
SHOP = encoded(f"shop.{NAME}@latest")
MODELS = "/odata/$models/"


def names(document: bytes, tag: str) -> set[str]:
    return set(etree.fromstring(document).xpath(f"//e:{tag}/@Name", namespaces=EDM))


class TestMetadata:
    def test_it_has_the_functions_that_may_be_called(self, site: Site, reader: Any, stranger: Any) -> None:
        document = site.administrator.get(f"{MODELS}$metadata").content
        assert {LATE, SHOP} <= names(document, "Function")
        assert encoded("demo.unsigned") not in names(document, "Function")
        assert {f"{LATE}_rows", f"{SHOP}_rows"} <= names(document, "Action")
        for other in (reader, stranger):
            assert names(other.get(f"{MODELS}$metadata").content, "Function") == set()
            assert good(other.get(MODELS))["value"] == []
        assert LATE in {one["name"] for one in good(site.administrator.get(MODELS))["value"]}

    def test_parameters_and_results_are_typed(self, site: Site) -> None:
        tree = etree.fromstring(site.administrator.get(f"{MODELS}$metadata").content)
        parameters = tree.xpath(f"//e:Function[@Name='{LATE}']/e:Parameter", namespaces=EDM)
        kinds = {parameter.get("Name"): parameter.get("Type") for parameter in parameters}
        assert (kinds["distance"], kinds["carrier"]) == ("Edm.Double", "Edm.String")
        result = tree.xpath(f"//e:Function[@Name='{SHOP}']/e:ReturnType/@Type", namespaces=EDM)
        assert result == [f"Headwater.Models.{SHOP}.Record1"]
        record = f"//e:Schema[@Namespace='Headwater.Models.{SHOP}']/e:ComplexType[@Name='Record1']/e:Property"
        assert {p.get("Name"): p.get("Type") for p in tree.xpath(record, namespaces=EDM)} == {
            "score": "Edm.Double",
            "amount": "Edm.Double",
        }


class TestCalls:
    def test_one_row(self, site: Site) -> None:
        answer = good(site.administrator.get(f"{MODELS}{SHOP}(amount=1.5,note='it''s')"))
        assert answer["@odata.context"].endswith(f"$metadata#Headwater.Models.{SHOP}.Record1")
        assert (answer["score"], answer["amount"]) == (3.0, 1.5)

    def test_many_rows_with_an_error_among_them(self, site: Site) -> None:
        rows = [{"amount": 2}, {"amount": "x"}, {"amount": 4, "note": "n"}]
        answer = good(site.administrator.post(f"{MODELS}{SHOP}_rows", json={"rows": rows}))
        results = [one["result"] for one in answer["value"]]
        assert [result and result["score"] for result in results] == [4.0, None, 8.0]
        assert [one["error"] is None for one in answer["value"]] == [True, False, True]
        assert good(site.administrator.post(f"{MODELS}{SHOP}_rows", json={"rows": []}))["value"] == []

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ("nope=1", (400, "odata.unknown")),
            ("amount=1,amount=2", (400, "odata.unknown")),
            ("amount='x'", (502, "model.row")),
            ("amount=", (400, "odata.syntax")),
        ],
    )
    def test_wrong_arguments(self, site: Site, arguments: str, expected: tuple[int, str]) -> None:
        assert code(site.administrator.get(f"{MODELS}{SHOP}({arguments})")) == expected

    @pytest.mark.parametrize("body", ["", "[]", '{"rows": 1}', '{"rows": [], "more": 1}', "NaN"])
    def test_wrong_bodies(self, site: Site, body: str) -> None:
        answer = site.administrator.post(f"{MODELS}{SHOP}_rows", content=body)
        assert code(answer) == (422, "request.invalid")

    def test_who_may_not_call_does_not(self, reader: Any, stranger: Any) -> None:
        for client, status in ((reader, 403), (stranger, 404)):
            assert client.get(f"{MODELS}{LATE}(distance=1,carrier='AA')").status_code == status
            assert client.post(f"{MODELS}{LATE}_rows", json={"rows": []}).status_code == status

    def test_what_is_not_there(self, site: Site) -> None:
        for answer in (
            site.administrator.get(f"{MODELS}demo_x002E_nope(a=1)"),
            site.administrator.get(f"{MODELS}{LATE}"),
            site.administrator.post(f"{MODELS}{LATE}", json={"rows": []}),
        ):
            assert code(answer)[0] == 404
