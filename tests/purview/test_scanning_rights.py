"""Who may what through Purview's scanning: what somebody may not see, they are not told, and do not change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.atlas.conftest import Served
from tests.workspaces.stored.support import scope_of, somebody

from headwater.access import SYSTEM, Action
from headwater.access.trimming import may

SECRET = "hidden"
PUBLIC = "https://ml.example.com"


class Estate:
    """Two collections with a registered and a declared source in each, scans and runs; people with roles in one."""

    def __init__(self, served: Served) -> None:
        self.served = served
        for name in ("open-side", "hidden-side"):
            served.app.collections.add(SYSTEM, name)
        self.runs = {}
        with served.client(root="/scan") as http:
            for side in ("open", SECRET):
                place = {"referenceName": f"{side}-side"}
                for kind, name in (("MLflow", f"{side}_lab"), ("Teradata", f"{side}_said")):
                    body = {"kind": kind, "properties": {"endpoint": f"{PUBLIC}/{side}", "collection": place}}
                    assert http.put(f"/datasources/{name}", json=body).status_code == 201
                    assert http.put(f"/datasources/{name}/scans/{side}-scan", json={"kind": kind}).status_code == 201
                self.runs[side] = str(uuid4())
                of = f"/datasources/{side}_lab/scans/{side}-scan"
                assert http.put(f"{of}/filters/custom", json={"properties": {}}).status_code == 201
                assert http.put(f"{of}/runs/{self.runs[side]}").status_code == 202
            http.put("/classificationrules/everybodys", json={"kind": "Custom"})
        with served.app.database.read() as connection:
            self.scope = scope_of(connection, "open-side")
        roles = ("Data source administrator", "Data reader", "Reader", "Data curator")
        self.people = {role: somebody(served.app.database, role, role, self.scope) for role in roles}
        self.people["nobody"] = somebody(served.app.database, "nobody")

    def client(self, role: str) -> httpx.Client:
        token = self.served.app.tokens.create(self.people[role], "test").token
        return self.served.client(token, root="/scan")


@pytest.fixture(scope="module")
def estate(served: Served) -> Iterator[Estate]:
    made = Estate(served)
    yield made
    with served.client(root="/scan") as http:
        for side in ("open", SECRET):
            http.delete(f"/datasources/{side}_lab")
            http.delete(f"/datasources/{side}_said")


def reads(estate: Estate, side: str) -> list[str]:
    of = f"/datasources/{side}_lab/scans/{side}-scan"
    return [
        f"/datasources/{side}_lab",
        f"/datasources/{side}_said",
        f"/datasources/{side}_lab/scans",
        f"/datasources/{side}_said/scans",
        of,
        f"/datasources/{side}_said/scans/{side}-scan",
        f"{of}/filters/custom",
        f"{of}/runs",
        f"{of}/runs/{estate.runs[side]}",
    ]


def changes(estate: Estate, side: str) -> list[tuple[str, str, Any]]:
    lab, said = f"/datasources/{side}_lab", f"/datasources/{side}_said"
    of = f"{lab}/scans/{side}-scan"
    trigger = {"properties": {"recurrence": {"frequency": "Day"}}}
    return [
        ("PUT", said, {"kind": "Teradata", "properties": {"note": "mine"}}),
        ("PUT", lab, {"kind": "MLflow", "properties": {"endpoint": "https://mine.example.com"}}),
        ("PUT", f"{lab}/scans/mine", {"kind": "x"}),
        ("PUT", f"{said}/scans/mine", {"kind": "x"}),
        ("PUT", f"{of}/filters/custom", {"properties": {}}),
        ("PUT", f"{of}/triggers/default", trigger),
        ("PUT", f"{of}/runs/{uuid4()}", None),
        ("POST", f"{of}:run?runId={uuid4()}", None),
        ("POST", f"{of}/runs/{estate.runs[side]}/:cancel", None),
        ("DELETE", f"{of}/triggers/default", None),
        ("DELETE", of, None),
        ("DELETE", lab, None),
        ("DELETE", said, None),
    ]


@pytest.mark.parametrize("role", ["Data source administrator", "Reader", "Data reader", "Data curator", "nobody"])
def test_listings_are_what_rights_say(estate: Estate, served: Served, role: str) -> None:
    """Compared with each source asked for by itself, and with the rights at its scope."""
    actor, database = estate.people[role], served.app.database
    every = [*served.app.sources.every(SYSTEM)]
    with database.read() as connection:
        wanted = {each.name for each in every if may(connection, actor, Action.SOURCE_READ, each.scope_id)}
        if may(connection, actor, Action.SOURCE_READ, estate.scope):
            wanted.add("open_said")
    with estate.client(role) as http:
        answer = http.get("/datasources").json()
        assert {each["name"] for each in answer["value"]} == wanted and answer["count"] == len(wanted)
        assert wanted == ({"open_lab", "open_said"} if role in {"Data source administrator", "Reader"} else set())
        for address in reads(estate, "open"):
            assert http.get(address).status_code == (200 if wanted else 404), address
        assert SECRET not in str(answer)


@pytest.mark.parametrize("role", ["Data source administrator", "Reader", "nobody"])
def test_what_may_not_be_seen_is_not_there(estate: Estate, role: str) -> None:
    with estate.client(role) as http:
        for address in reads(estate, SECRET):
            answer = http.get(address)
            assert answer.status_code == 404, address
            assert f"{SECRET}-side" not in answer.text and PUBLIC not in answer.text
        for method, address, body in changes(estate, SECRET):
            answer = http.request(method, address, json=body)
            # A name that is taken is all that is told of what has it.
            taken = method == "PUT" and address.count("/") == 2 and role == "Data source administrator"
            assert answer.status_code in ({409, 403, 404} if taken else {403, 404}), (address, answer.text)
            assert f"{SECRET}-side" not in answer.text and PUBLIC not in answer.text


def test_who_only_reads_changes_nothing(estate: Estate) -> None:
    with estate.client("Reader") as http:
        for method, address, body in changes(estate, "open"):
            answer = http.request(method, address, json=body)
            assert answer.status_code == 403, (method, address, answer.text)
        for path in ("/scanrulesets/mine", "/classificationrules/everybodys"):
            assert http.put(path, json={"kind": "x"}).status_code in {403, 404}, path
            assert http.delete(path).status_code in {403, 404}, path


def test_rules_are_for_who_sees_sources(estate: Estate) -> None:
    for role, status in (("Data source administrator", 200), ("Data reader", 403), ("nobody", 403)):
        with estate.client(role) as http:
            for address in ("/classificationrules", "/classificationrules/everybodys", "/scanrulesets"):
                assert http.get(address).status_code == status, (role, address)
            assert http.put("/classificationrules/everybodys", json={"kind": "x"}).status_code in {403, 404}


def test_an_administrator_of_sources_does_all_of_it_there(estate: Estate) -> None:
    with estate.client("Data source administrator") as http:
        place = {"referenceName": "open-side"}
        for kind, name in (("MLflow", "mine_lab"), ("Oracle", "mine-said")):
            body = {"kind": kind, "properties": {"endpoint": PUBLIC, "collection": place}}
            assert http.put(f"/datasources/{name}", json=body).status_code == 201
            assert http.put(f"/datasources/{name}", json=body).status_code == 200
            hidden = body | {"properties": {"endpoint": PUBLIC, "collection": {"referenceName": "hidden-side"}}}
            assert http.put(f"/datasources/{name}", json=hidden).status_code == 404
            assert http.put(f"/datasources/{name}/scans/s", json={"kind": kind}).status_code == 201
            nowhere = {"kind": kind, "properties": {"endpoint": PUBLIC}}
            assert http.put("/datasources/elsewhere", json=nowhere).status_code in {403, 404}
        private = {"endpoint": "http://127.0.0.1:1", "privateNetworks": ["127.0.0.0/8"], "collection": place}
        assert http.put("/datasources/private", json={"kind": "MLflow", "properties": private}).status_code == 403
        for name in ("mine_lab", "mine-said"):
            assert http.delete(f"/datasources/{name}").status_code == 204
