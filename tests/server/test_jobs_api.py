"""Jobs over HTTP: who sees which, who calls off which, and scans that are asked for."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from tests.server.homes import home_over
from tests.server.test_access_api import Site, code
from tests.workspaces.stored.support import PUBLIC

from headwater.access import SYSTEM, Actor, Via
from headwater.access.administrator import VARIABLE
from headwater.app.runtime import Headwater
from headwater.jobs import NewJob, queue
from headwater.server.application import create_app
from headwater.store import tables

SETTINGS = '[dataflow]\nname = "{name}"\nload = ["t"]\n'


@dataclass(frozen=True)
class Place:
    """A server, and who asks: an administrator, a steward and a reader of the collection ``ml``, and a stranger."""

    site: Site
    people: dict[str, TestClient]
    users: dict[str, dict[str, Any]]
    folder: Path

    @property
    def headwater(self) -> Headwater:
        return self.site.headwater

    def new_source(self) -> str:
        name = f"s{secrets.token_hex(5)}"
        self.headwater.sources.add(SYSTEM, name, "", "mlflow", PUBLIC, "ml")
        return name

    def new_dataflow(self) -> int:
        name = f"d{secrets.token_hex(5)}"
        folder = self.folder / name
        folder.mkdir(parents=True)
        (folder / "dataflow.toml").write_text(SETTINGS.format(name=name), "utf-8")
        (folder / "t.pq").write_text('#table({"a"}, {{1}})', "utf-8")
        self.headwater.apply(SYSTEM, folder, "ml")
        with self.headwater.database.read() as connection:
            query = select(tables.dataflows.c.id).where(tables.dataflows.c.name == name)
            found: int = connection.execute(query).scalar_one()
        return found

    def new_job(self, subject: str, by: str = "") -> str:
        user = self.users.get(by)
        actor = SYSTEM if user is None else Actor(user["id"], user["name"], Via.SESSION)
        with self.headwater.database.begin() as connection:
            return queue.add(connection, actor, NewJob("other", subject))

    def may(self, method: str, path: str) -> dict[str, int]:
        return {name: client.request(method, path).status_code for name, client in self.people.items()}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """For all tests of the module: what a test changes, it makes itself."""
    path = tmp_path_factory.mktemp("jobs") / "home"
    token = secrets.token_urlsafe(32)
    with pytest.MonkeyPatch.context() as patch, Headwater(home_over(request, path, patch)) as headwater:
        patch.setenv(VARIABLE, token)
        headwater.collections.add(SYSTEM, "ml", "Machine learning")
        site = Site(create_app(headwater), headwater, token)
        users = {
            "steward": site.new_user(("Data source administrator", "collection:ml"), ("Contributor", "collection:ml")),
            "reader": site.new_user(("Reader", "collection:ml")),
            "stranger": site.new_user(),
        }
        people = {name: site.signed_in(user) for name, user in users.items()}
        yield Place(site, {"administrator": site.administrator, **people}, users, path.parent / "dataflows")


class TestScans:
    def test_who_may_scan_asks_for_one_and_watches_it(self, place: Place) -> None:
        name, steward = place.new_source(), place.people["steward"]
        asked = steward.post(f"/api/sources/{name}/scan", json={"kind": "incremental"})
        assert asked.status_code == 202, asked.text
        job = asked.json()
        assert (job["kind"], job["subject"], job["status"]) == ("scan", f"source:{name}", "queued")
        assert "payload" not in job
        assert steward.get(f"/api/jobs/{job['id']}").json() == job
        assert steward.get(f"/api/jobs?subject=source:{name}").json() == {"total": 1, "after": None, "value": [job]}
        again = steward.post(f"/api/sources/{name}/scan", json={"kind": "incremental"})
        assert again.json()["id"] == job["id"], "one that waits is the one that is asked for"
        assert steward.post(f"/api/sources/{name}/scan", json={}).json()["id"] != job["id"]

    def test_others_may_not(self, place: Place) -> None:
        path = f"/api/sources/{place.new_source()}/scan"
        assert code(place.people["stranger"].post(path, json={})) == (404, "not_found")
        assert code(place.people["reader"].post(path, json={})) == (403, "forbidden")
        assert place.people["steward"].post(path, json={"kind": "thorough"}).status_code == 422
        assert code(place.people["steward"].post("/api/sources/gone/scan", json={})) == (404, "not_found")


#: What those answers are that only who has a role at ``ml`` gets.
SEEN_AT_ML = {"administrator": 200, "steward": 200, "reader": 200, "stranger": 404}


class TestWhoSees:
    def test_a_sources_job_is_seen_by_who_sees_the_source(self, place: Place) -> None:
        job = place.new_job(f"source:{place.new_source()}", by="stranger")
        assert place.may("GET", f"/api/jobs/{job}") == SEEN_AT_ML

    def test_a_dataflows_job_is_seen_by_who_sees_the_dataflow(self, place: Place) -> None:
        job = place.new_job(f"dataflow:{place.new_dataflow()}", by="stranger")
        assert place.may("GET", f"/api/jobs/{job}") == SEEN_AT_ML

    @pytest.mark.parametrize(
        "subject", ["mail:1", "source:gone", "dataflow:999999999", "dataflow:x", "dataflow:1 or 1"]
    )
    def test_any_other_is_seen_by_who_asked_for_it_and_who_may_see_the_server(self, place: Place, subject: str) -> None:
        job = place.new_job(subject, by="stranger")
        nobodys = place.new_job(subject)
        expected = {"administrator": 200, "steward": 404, "reader": 404, "stranger": 200}
        assert place.may("GET", f"/api/jobs/{job}") == expected
        assert place.may("GET", f"/api/jobs/{nobodys}") == expected | {"stranger": 404}

    def test_the_jobs_of_a_source_that_is_gone_are_not_its_readers_any_more(self, place: Place) -> None:
        name = place.new_source()
        job = place.new_job(f"source:{name}")
        place.headwater.sources.remove(SYSTEM, name)
        expected = {"administrator": 200, "steward": 404, "reader": 404, "stranger": 404}
        assert place.may("GET", f"/api/jobs/{job}") == expected

    def test_list_count_and_look_agree(self, place: Place) -> None:
        for subject in (f"source:{place.new_source()}", f"dataflow:{place.new_dataflow()}", "mail:2"):
            for by in ("steward", "stranger", ""):
                place.new_job(subject, by=by)
        every = self.pages(place.people["administrator"])
        assert len(every) >= 9
        for client in place.people.values():
            listed = self.pages(client)
            assert client.get("/api/jobs?limit=1").json()["total"] == len(listed)
            seen = [job for job in every if client.get(f"/api/jobs/{job}").status_code == 200]
            assert listed == seen

    def pages(self, client: TestClient) -> list[str]:
        found: list[str] = []
        after = ""
        while True:
            page = client.get(f"/api/jobs?limit=4{after}").json()
            found += [job["id"] for job in page["value"]]
            if page["after"] is None:
                assert len(found) == len(set(found))
                return found
            after = f"&after={page['after']}"


class TestCallingOff:
    def test_who_may_scan_or_refresh_calls_off(self, place: Place) -> None:
        for subject in (f"source:{place.new_source()}", f"dataflow:{place.new_dataflow()}"):
            path = f"/api/jobs/{place.new_job(subject)}/cancel"
            assert code(place.people["stranger"].post(path)) == (404, "not_found")
            assert code(place.people["reader"].post(path)) == (403, "forbidden")
            cancelled = place.people["steward"].post(path)
            assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
            assert code(place.people["steward"].post(path)) == (409, "job.ended")

    def test_ones_own_is_called_off(self, place: Place) -> None:
        path = f"/api/jobs/{place.new_job('mail:3', by='stranger')}/cancel"
        assert code(place.people["steward"].post(path)) == (404, "not_found")
        assert place.people["stranger"].post(path).status_code == 202

    def test_what_is_no_job_is_not_found(self, place: Place) -> None:
        for name in ("gone", "%7Bx%7D", "%27"):
            assert place.may("GET", f"/api/jobs/{name}") == dict.fromkeys(place.people, 404)
            assert place.may("POST", f"/api/jobs/{name}/cancel") == dict.fromkeys(place.people, 404)
