"""The OData service over HTTP: documents, pages, keys, headers, errors; who may ask, and what is on record."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from lxml import etree
from tests.odata.conftest import BASIC, BEARER, ROWS, TOKEN, every, publish

from headwater.access import SYSTEM, grant
from headwater.access.administrator import AdministratorToken
from headwater.access.people import create_user
from headwater.access.tokens import create_token
from headwater.app.identity import Identity
from headwater.app.runtime import Headwater
from headwater.server.application import create_app
from headwater.server.odata.names import decoded, encoded
from headwater.server.odata.tokens import SkipToken
from headwater.server.public_url import PublicUrl
from headwater.server.settings import ServerSettings
from headwater.store import utc_now

ROOT = "/odata/every type"
EDM = {"e": "http://docs.oasis-open.org/odata/ns/edm"}


def error_of(answer: Any) -> tuple[int, str]:
    body = answer.json()["error"]
    assert set(body) <= {"code", "message", "target"} and body["message"]
    assert answer.headers["odata-version"] == "4.0"
    return answer.status_code, body["code"]


class TestDocuments:
    @pytest.mark.parametrize("address", [ROOT, f"{ROOT}/", f"{ROOT}?$format=json"])
    def test_the_service_lists_its_sets(self, client: TestClient, address: str) -> None:
        answer = client.get(address)
        assert answer.headers["odata-version"] == "4.0"
        document = answer.json()
        assert document["@odata.context"] == "http://127.0.0.1/odata/every%20type/$metadata"
        assert [one["url"] for one in document["value"]] == ["many", "the_x0020_empty_x0020_one", "types"]

    @pytest.mark.parametrize("address", ["/odata", "/odata/", "/odata/nothing", "/odata/nothing/$metadata"])
    def test_there_is_no_other_service(self, client: TestClient, address: str) -> None:
        assert error_of(client.get(address)) == (404, "not_found")

    def test_metadata_has_every_type(self, client: TestClient) -> None:
        answer = client.get(f"{ROOT}/$metadata")
        assert answer.headers["content-type"].startswith("application/xml")
        tree = etree.fromstring(answer.content)
        types = tree.xpath("//e:EntityType[@Name='types']/e:Property", namespaces=EDM)
        assert {p.get("Name"): p.get("Type") for p in types} == {
            "no": "Edm.Int64",
            "logical": "Edm.Boolean",
            "whole": "Edm.Int64",
            "number": "Edm.Double",
            "text": "Edm.String",
            "date": "Edm.Date",
            "time": "Edm.TimeOfDay",
            "datetime": "Edm.DateTimeOffset",
            "zoned": "Edm.DateTimeOffset",
            "duration": "Edm.Duration",
            "binary": "Edm.Binary",
            "record": "Headwater.Records.types.Record1",
            "list": "Collection(Edm.Double)",
            "lists": "Collection(Headwater.Records.types.Record2)",
            "Änd_x0020_1": "Edm.String",
        }
        notes = "//e:Property[e:Annotation[@Term='Headwater.MType'][@String='datetime']]/@Name"
        assert tree.xpath(notes, namespaces=EDM) == ["datetime"]
        names = "//e:Property[@Name='Änd_x0020_1']/e:Annotation[@Term='Headwater.MName']/@String"
        assert tree.xpath(names, namespaces=EDM) == ["Änd 1"]

    def test_a_key_is_one_where_the_settings_name_it(self, client: TestClient) -> None:
        tree = etree.fromstring(client.get(f"{ROOT}/$metadata").content)
        keys = tree.xpath("//e:PropertyRef/@Name", namespaces=EDM)
        assert keys == ["id"]
        assert tree.xpath("//e:EntityType[@Name='many']/e:Property[@Nullable='false']/@Name", namespaces=EDM) == ["id"]

    @pytest.mark.parametrize("name", ["", "a", "a b", "_x0020_", "1", "é", "a\u0301", "😀", "x_x", "a.b/c'(1)", "\x00"])
    def test_names_lead_back(self, name: str) -> None:
        assert decoded(encoded(name)) == name
        assert not name or encoded(name).replace("\u0301", "").isidentifier()


class TestPages:
    def test_links_lead_through_all_rows(self, client: TestClient) -> None:
        rows = every(client, f"{ROOT}/many?$select=id")
        assert [row["id"] for row in rows] == list(range(ROWS))

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("$filter=id lt 95&$orderby=id desc", list(range(94, -1, -1))),
            ("$filter=id lt 95&$top=33", list(range(33))),
            ("$skip=24990", list(range(24_990, ROWS))),
            ("$skip=10&$top=45&$orderby=id", list(range(10, 55))),
            ("$filter=id ge 24995", list(range(24_995, ROWS))),
            ("$top=0", []),
            ("$filter=false", []),
            ("$skip=99999999", []),
        ],
    )
    @pytest.mark.parametrize("size", [1_000, 10])
    def test_pages_of_any_size_hold_the_same(
        self, client: TestClient, query: str, expected: list[int], size: int
    ) -> None:
        found = every(client, f"{ROOT}/many?{query}", Prefer=f"odata.maxpagesize={size}")
        assert [row["id"] for row in found] == expected

    def test_a_page_has_as_many_rows_as_were_wanted(self, client: TestClient) -> None:
        answer = client.get(f"{ROOT}/many?$filter=id gt 5", headers={"Prefer": "maxpagesize=7"}).json()
        assert len(answer["value"]) == 7
        token = SkipToken.parse(parse_qs(urlsplit(answer["@odata.nextLink"]).query)["$skiptoken"][0], 100_000)
        assert (token.version, token.offset, token.size) == (0, 7, 7)

    def test_a_last_page_that_is_full_has_no_link(self, client: TestClient) -> None:
        answer = client.get(f"{ROOT}/many?$filter=id lt 14", headers={"Prefer": "maxpagesize=7"}).json()
        assert "@odata.nextLink" not in client.get(answer["@odata.nextLink"]).json()

    def test_counts_leave_paging_out_of_account(self, client: TestClient) -> None:
        answer = client.get(f"{ROOT}/many?$filter=id lt 50&$count=true&$top=3&$skip=2").json()
        assert (answer["@odata.count"], len(answer["value"])) == (50, 3)
        assert client.get(f"{ROOT}/many/$count?$filter=id lt 50").text == "50"
        assert client.get(f"{ROOT}/many/$count").text == str(ROWS)
        assert client.get(f"{ROOT}/many/$count?$search=7").text == str(ROWS // 10)

    def test_chosen_columns_come_in_their_order(self, client: TestClient) -> None:
        answer = client.get(f"{ROOT}/many?$select=the_x0020_group,id&$top=1").json()
        assert list(answer["value"][0]) == ["the_x0020_group", "id"]
        assert answer["@odata.context"].endswith("$metadata#many(the_x0020_group,id)")

    def test_numbers_can_be_texts(self, client: TestClient) -> None:
        wanted = "application/json;odata.metadata=none;IEEE754Compatible=true"
        answer = client.get(f"{ROOT}/types?$select=whole,number&$top=1", headers={"Accept": wanted})
        assert answer.json() == {"value": [{"whole": "9223372036854775807", "number": 0.1}]}
        assert "IEEE754Compatible=true" in answer.headers["content-type"]

    def test_now_is_one_moment_for_all_pages(self, client: TestClient) -> None:
        query = {"$filter": "now() gt datetime", "$select": "no"}
        assert [row["no"] for row in client.get(f"{ROOT}/types", params=query).json()["value"]] == [1, 2]
        # A reader that began in 1970 goes on in it.
        begun = query | {"$skiptoken": SkipToken(0, 0, 10, 0).text()}
        assert [row["no"] for row in client.get(f"{ROOT}/types", params=begun).json()["value"]] == [2]

    @pytest.mark.parametrize(
        "token", ["", "x", "W10=", "WzAsMCwwLDBd", "WzAsLTEsMTAsMF0=", "é", "WzAsMCwxMDAwMDAwMDAsMF0="]
    )
    def test_a_token_of_somebody_else_is_refused(self, client: TestClient, token: str) -> None:
        assert error_of(client.get(f"{ROOT}/many", params={"$skiptoken": token})) == (400, "odata.skiptoken")

    def test_a_version_that_never_was_is_not_there(self, client: TestClient) -> None:
        token = SkipToken(99, 0, 10, 0).text()
        assert error_of(client.get(f"{ROOT}/many", params={"$skiptoken": token})) == (404, "not_found")


class TestKeys:
    @pytest.mark.parametrize("key", ["7", "id=7"])
    def test_an_entity_is_found_by_its_key(self, client: TestClient, key: str) -> None:
        answer = client.get(f"{ROOT}/many({key})?$select=id").json()
        assert answer == {"@odata.context": "http://127.0.0.1/odata/every%20type/$metadata#many(id)/$entity", "id": 7}

    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            ("many(99999999)", (404, "not_found")),
            ("types(1)", (404, "not_found")),
            ("many(nope=1)", (400, "usage")),
            ("many()", (400, "usage")),
            ("many(1,2)", (400, "usage")),
            ("many('x')", (400, "odata.types")),
            ("many(1 or true)", (400, "odata.syntax")),
            ("many(1)/$count", (404, "not_found")),
            ("many/id", (404, "not_found")),
            ("nothing", (404, "not_found")),
        ],
    )
    def test_what_is_no_key_is_refused(self, client: TestClient, address: str, expected: tuple[int, str]) -> None:
        assert error_of(client.get(f"{ROOT}/{address}")) == expected


class TestErrors:
    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("$expand=x", "odata.option"),
            ("$apply=aggregate(id)", "odata.option"),
            ("$compute=id as x", "odata.option"),
            ("$nothing=1", "odata.option"),
            ("$top=-1", "usage"),
            ("$top=x", "usage"),
            ("$count=1", "usage"),
            ("$top=1&$top=2", "usage"),
            ("$select=nope", "odata.unknown"),
            ("$format=atom", "odata.format"),
            ("$filter=id eq 'x'", "odata.types"),
            ("$orderby=nope", "odata.unknown"),
        ],
    )
    def test_an_option_that_is_not_offered_says_so(self, client: TestClient, query: str, code: str) -> None:
        assert error_of(client.get(f"{ROOT}/many?{query}")) == (400, code)

    def test_options_may_lack_their_dollar_sign_and_others_are_the_readers_own(self, client: TestClient) -> None:
        answer = client.get(f"{ROOT}/many?top=2&session=1").json()
        assert len(answer["value"]) == 2

    def test_an_older_odata_is_not_spoken(self, client: TestClient) -> None:
        assert error_of(client.get(f"{ROOT}/many", headers={"OData-MaxVersion": "3.0"}))[0] == 400

    def test_nothing_is_written(self, client: TestClient) -> None:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert error_of(client.request(method, f"{ROOT}/many"))[0] == 405


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[tuple[Headwater, TestClient]]:
    """A home that a test may change."""
    with Headwater.open(tmp_path / "home", create=True) as app:
        app.identity = Identity(app.database, AdministratorToken(TOKEN))
        publish(app, tmp_path / "flow", '[dataflow]\nname = "f"\nload = ["t"]\n', {"t": _table(0)})
        with TestClient(create_app(app), base_url="http://127.0.0.1", headers=BEARER) as client:
            yield app, client


def _table(start: int) -> str:
    rows = f"List.Transform({{{start}..{start + 9}}}, each {{_}})"
    return f"#table(type table [n = Int64.Type], {rows})"


class TestVersions:
    def test_links_go_on_in_the_version_they_began_in(
        self, changing: tuple[Headwater, TestClient], tmp_path: Path
    ) -> None:
        app, client = changing
        for query in ("", "$filter=n ge 0&$orderby=n"):
            first = client.get(f"/odata/f/t?{query}", headers={"Prefer": "maxpagesize=6"}).json()
            start = first["value"][0]["n"]
            publish(app, tmp_path / "flow", '[dataflow]\nname = "f"\nload = ["t"]\n', {"t": _table(start + 100)})
            rest = client.get(first["@odata.nextLink"]).json()["value"]
            assert [row["n"] for row in [*first["value"], *rest]] == list(range(start, start + 10))
            assert client.get(f"/odata/f/t?{query}").json()["value"][0]["n"] == start + 100

    @pytest.mark.parametrize("query", ["", "$filter=n ge 0"])
    def test_a_version_that_is_gone_says_to_start_again(
        self, changing: tuple[Headwater, TestClient], query: str
    ) -> None:
        app, client = changing
        first = client.get(f"/odata/f/t?{query}", headers={"Prefer": "maxpagesize=6"}).json()
        path = app.tables.get(SYSTEM, "f", "t").path
        for file in path.glob("*.parquet"):
            file.unlink()
        answer = client.get(first["@odata.nextLink"])
        assert error_of(answer) == (410, "table.version_gone")
        assert "Start again" in answer.json()["error"]["message"]
        shutil.rmtree(path / "_delta_log")
        assert error_of(client.get(first["@odata.nextLink"])) == (410, "table.version_gone")


class TestWhoAsks:
    def test_a_token_is_taken_as_the_password(self, changing: tuple[Headwater, TestClient]) -> None:
        app, _ = changing
        client = TestClient(create_app(app), base_url="http://127.0.0.1")
        assert client.get("/odata/f/t", headers=BASIC).status_code == 200
        assert client.get("/odata/f/t", headers=BEARER).status_code == 200
        # Nowhere else.
        assert client.get("/api/tables", headers=BASIC).status_code == 401
        for credentials in ("eA==", "?", base64.b64encode(b"ann:").decode(), base64.b64encode(b"a:hwt_x").decode()):
            answer = client.get("/odata/f/t", headers={"Authorization": f"Basic {credentials}"})
            assert error_of(answer)[0] == 401
            assert answer.headers["www-authenticate"] == 'Basic realm="Headwater", charset="UTF-8"'

    def test_a_browser_is_asked_for_the_token_and_led_nowhere(self, changing: tuple[Headwater, TestClient]) -> None:
        app, _ = changing
        client = TestClient(create_app(app), base_url="http://127.0.0.1", follow_redirects=False)
        assert client.get("/odata/f/t", headers={"Accept": "text/html"}).status_code == 401

    def test_another_sites_page_cannot_use_a_password_that_a_browser_knows(
        self, changing: tuple[Headwater, TestClient]
    ) -> None:
        app, _ = changing
        client = TestClient(create_app(app), base_url="http://127.0.0.1")
        answer = client.post("/odata/f/t", headers={**BASIC, "Origin": "https://elsewhere.example"})
        assert error_of(answer) == (403, "forbidden.origin")

    def test_only_what_may_be_read_is_there(self, changing: tuple[Headwater, TestClient], tmp_path: Path) -> None:
        app, _ = changing
        settings = '[dataflow]\nname = "f"\nload = ["t", "u"]\n'
        publish(app, tmp_path / "flow", settings, {"t": _table(0), "u": _table(5)})
        scope = app.tables.get(SYSTEM, "f", "u").scope_id
        with app.database.begin() as connection:
            now = utc_now()
            user = create_user(connection, "ann", by=SYSTEM, now=now)
            token = create_token(connection, user.id, "t", by=SYSTEM, now=now).token
        client = TestClient(create_app(app), base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {token}"})
        for address in ("", "/$metadata", "/t", "/u", "/u/$count"):
            assert error_of(client.get(f"/odata/f{address}")) == (404, "not_found")
        with app.database.begin() as connection:
            grant(connection, SYSTEM, user.id, "Dataflow reader", scope, now=utc_now())
        assert [one["name"] for one in client.get("/odata/f").json()["value"]] == ["u"]
        assert b'"t"' not in client.get("/odata/f/$metadata").content
        assert client.get("/odata/f/u/$count").text == "10"
        assert error_of(client.get("/odata/f/t")) == (404, "not_found")

    def test_rights_are_asked_for_on_each_page(self, changing: tuple[Headwater, TestClient]) -> None:
        app, client = changing
        link = client.get("/odata/f/t?$filter=n ge 0", headers={"Prefer": "maxpagesize=6"}).json()["@odata.nextLink"]
        with app.database.begin() as connection:
            user = create_user(connection, "eve", by=SYSTEM, now=utc_now())
            token = create_token(connection, user.id, "t", by=SYSTEM, now=utc_now()).token
        stranger = TestClient(create_app(app), base_url="http://127.0.0.1")
        assert error_of(stranger.get(link, headers={"Authorization": f"Bearer {token}"})) == (404, "not_found")

    def test_every_page_is_on_record(self, changing: tuple[Headwater, TestClient]) -> None:
        app, client = changing
        first = client.get("/odata/f/t", headers={"Prefer": "maxpagesize=6"}).json()
        client.get(first["@odata.nextLink"])
        read = [event.details for event in app.audit.events(SYSTEM).events if event.event == "table.read"]
        assert [(entry["format"], entry["rows"], entry["version"]) for entry in read] == [
            ("odata", 4, "0"),
            ("odata", 6, "0"),
        ]


def test_links_are_below_the_base_path(odata_home: Headwater) -> None:
    settings = ServerSettings((PublicUrl.parse("https://data.example.org/headwater"),), proxies=("127.0.0.1",))
    app = create_app(odata_home, settings)
    with TestClient(app, base_url="https://data.example.org", headers=BEARER, client=("127.0.0.1", 1)) as client:
        headers = {"Prefer": "maxpagesize=5", "X-Forwarded-Proto": "https"}
        answer = client.get("/headwater/odata/every%20type/many", headers=headers).json()
        assert answer["@odata.context"] == "https://data.example.org/headwater/odata/every%20type/$metadata#many"
        assert answer["@odata.nextLink"].startswith("https://data.example.org/headwater/odata/every%20type/many?")
        assert len(client.get(answer["@odata.nextLink"], headers=headers).json()["value"]) == 5
