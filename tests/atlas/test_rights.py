"""Who may what through Atlas's endpoints: what somebody may not see, they are not told, and do not take away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.atlas.conftest import Served
from tests.atlas.test_quirks import dataset, put
from tests.workspaces.stored.support import scope_of, somebody

from headwater.access import SYSTEM, Actor

SECRET = "hidden-thing"


class Estate:
    """Two collections; a curator of one of them, and a reader of it; lineage from the other through it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        for name in ("open", "closed"):
            served.app.collections.add(SYSTEM, name)
        database = served.app.database
        with database.read() as connection:
            scope = scope_of(connection, "open")
        self.curator = self.token(somebody(database, "curator", "Data curator", scope))
        self.reader = self.token(somebody(database, "reader", "Data reader", scope))
        with served.client() as http:
            hidden = dataset(SECRET, -1, collectionId="closed", labels=[SECRET])
            seen = dataset("seen", -2, collectionId="open")
            attributes = {
                "qualifiedName": "quirk://through",
                "name": "through",
                "inputs": [{"guid": "-1"}, {"guid": "-2"}],
                "outputs": [{"guid": "-4"}],
            }
            process = {"typeName": "Process", "guid": "-3", "attributes": attributes, "collectionId": "open"}
            guids = put(http, hidden, seen, process, dataset("after", -4, collectionId="open"))["guidAssignments"]
            self.hidden, self.seen, self.process, self.after = (guids[f"-{number}"] for number in (1, 2, 3, 4))
            shown = http.get(f"/entity/guid/{self.process}").json()["entity"]["attributes"]["inputs"]
            self.relationship = next(each["relationshipGuid"] for each in shown if each["guid"] == self.hidden)

    def token(self, actor: Actor) -> str:
        return self.served.app.tokens.create(actor, "test").token


@pytest.fixture(scope="module")
def estate(served: Served) -> Estate:
    return Estate(served)


@pytest.fixture
def reader(estate: Estate) -> Iterator[httpx.Client]:
    with estate.served.client(estate.reader) as client:
        yield client


@pytest.fixture
def curator(estate: Estate) -> Iterator[httpx.Client]:
    with estate.served.client(estate.curator) as client:
        yield client


def reads(estate: Estate) -> list[tuple[str, dict[str, Any]]]:
    guids = (estate.hidden, estate.seen, estate.process, estate.after)
    asked: list[tuple[str, dict[str, Any]]] = [
        (f"{address}", {})
        for guid in guids
        for address in (
            f"/entity/guid/{guid}",
            f"/entity/guid/{guid}/header",
            f"/entity/guid/{guid}/classifications",
            f"/entity/{guid}/audit",
            f"/lineage/{guid}",
            f"/lineage/{guid}/next",
            f"/entity/bulk?guid={guid}",
        )
    ]
    name = f"quirk://{SECRET}"
    asked += [
        ("/entity/uniqueAttribute/type/DataSet", {"attr:qualifiedName": name}),
        ("/entity/uniqueAttribute/type/DataSet/header", {"attr:qualifiedName": name}),
        ("/entity/bulk/uniqueAttribute/type/DataSet", {"attr_1:qualifiedName": name}),
        ("/lineage/uniqueAttribute/type/DataSet", {"attr:qualifiedName": name}),
        (f"/relationship/guid/{estate.relationship}?extendedInfo=true", {}),
        ("/admin/metrics", {}),
        ("/types/typedefs", {}),
    ]
    return asked


def test_nothing_unreadable_is_in_any_answer(estate: Estate, reader: httpx.Client) -> None:
    for address, query in reads(estate):
        answer = reader.get(address, params=query or None)
        asks_for_it = estate.hidden in address or SECRET in str(query) or estate.relationship in address
        empty = "entity/bulk/uniqueAttribute" in address
        assert answer.status_code == (404 if asks_for_it and not empty else 200), (address, answer.text)
        # An error may repeat what was asked, and nothing beside it.
        told = (
            answer.text if not asks_for_it else answer.text.replace(estate.hidden, "").replace(f"quirk://{SECRET}", "")
        )
        assert SECRET not in told and estate.hidden not in told, address
    shown = reader.get(f"/lineage/{estate.after}", params={"direction": "INPUT"}).json()
    assert set(shown["guidEntityMap"]) == {estate.after, estate.process, estate.seen}
    assert shown["widthCounts"]["INPUT"][estate.process] == 1


def test_who_sees_more_is_answered_more(estate: Estate, http: httpx.Client) -> None:
    shown = http.get(f"/lineage/{estate.after}", params={"direction": "INPUT"}).json()
    assert estate.hidden in shown["guidEntityMap"] and shown["widthCounts"]["INPUT"][estate.process] == 2


def test_what_somebody_does_not_see_they_do_not_take_away(
    estate: Estate, http: httpx.Client, curator: httpx.Client
) -> None:
    read = curator.get(f"/entity/guid/{estate.process}").json()
    assert [each["guid"] for each in read["entity"]["attributes"]["inputs"]] == [estate.seen]
    assert curator.post("/entity", json=read).status_code == 200
    inputs = http.get(f"/entity/guid/{estate.process}").json()["entity"]["attributes"]["inputs"]
    assert {each["guid"] for each in inputs} == {estate.seen, estate.hidden}


def test_a_reader_changes_nothing(estate: Estate, reader: httpx.Client) -> None:
    of = f"/entity/guid/{estate.seen}"
    related = {
        "typeName": "direct_lineage_dataset_dataset",
        "end1": {"guid": estate.seen},
        "end2": {"guid": estate.after},
    }
    for method, address, body in (
        ("POST", "/entity", {"entity": dataset("seen")}),
        ("POST", "/entity?collectionId=open", {"entity": dataset("new")}),
        ("PUT", f"{of}?name=description", "x"),
        ("DELETE", of, None),
        ("POST", f"{of}/labels", ["x"]),
        ("POST", f"{of}/classifications", [{"typeName": "x"}]),
        ("POST", f"{of}/businessmetadata", {"g": {"a": 1}}),
        ("POST", "/relationship", related),
        ("POST", "/types/typedefs", {"entityDefs": [{"name": "readers_own"}]}),
    ):
        answer = reader.request(method, address, json=body)
        assert answer.status_code in {403, 404}, (address, answer.text)
        assert answer.json()["errorCode"].startswith(("ATLAS-403-00-001", "ATLAS-404"))
    with estate.served.client(estate.reader, root="/datamap/api") as client:
        moved = client.post("/entity/moveTo?collectionId=open", json={"entityGuids": [estate.seen]})
        assert moved.status_code == 403


def test_what_may_not_be_seen_cannot_be_changed_either(estate: Estate, curator: httpx.Client) -> None:
    of = f"/entity/guid/{estate.hidden}"
    for method, address, body in (
        ("PUT", f"{of}?name=description", "x"),
        ("DELETE", of, None),
        ("POST", f"{of}/labels", ["x"]),
        ("POST", f"{of}/classifications", [{"typeName": "x"}]),
        ("POST", f"{of}/businessmetadata", {"g": {"a": 1}}),
        ("DELETE", f"/relationship/guid/{estate.relationship}", None),
    ):
        assert curator.request(method, address, json=body).status_code == 404, address
    with estate.served.client(estate.curator, root="/datamap/api") as client:
        moved = client.post("/entity/moveTo?collectionId=closed", json={"entityGuids": [estate.seen]})
        assert moved.status_code == 404


def test_who_may_edit_here_needs_no_right_elsewhere(estate: Estate, curator: httpx.Client) -> None:
    of = f"/entity/guid/{estate.seen}"
    assert curator.put(f"{of}?name=description", json="told").status_code == 200
    assert curator.get(of).json()["entity"]["attributes"]["description"] == "told"
