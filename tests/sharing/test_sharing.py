"""Tables that are shared by links: what a link gives, to whom, for how long, and what stays on record."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from tests.policies.town import COLUMNS, Town, canary
from tests.server.conftest import ORIGIN
from tests.sharing.conftest import change_role

from headwater.access import SYSTEM
from headwater.access.people import disable_user, enable_user
from headwater.app.sharing import SharingSettings
from headwater.app.sharing.using import Uses
from headwater.errors import ForbiddenError, NotFoundError, ThrottledError, UnauthenticatedError, UsageError
from headwater.store import tables, utc_now

FORMS = ("", "/csv", "/parquet", "/arrow", "/odata/", "/odata/$metadata", "/odata/people", "/odata/people/$count")


def made(town: Town, **more: Any) -> str:
    """A link to the people of the staff, by ann."""
    wanted: dict[str, Any] = {"name": "for the auditor", "days": 1} | more
    return town.app.shares.create(town.people["ann"], "staff", "people", **wanted).token


def statuses(anybody: TestClient, link: str) -> set[int]:
    return {anybody.get(f"/s/{link}{form}").status_code for form in FORMS}


def told(anybody: TestClient, link: str) -> dict[str, str]:
    """What each form has, as text."""
    found = {form: anybody.get(f"/s/{link}{form}") for form in FORMS}
    assert {answer.status_code for answer in found.values()} == {200}
    read = {form: answer.text for form, answer in found.items() if form not in {"/parquet", "/arrow"}}
    read["/parquet"] = str(pq.read_table(io.BytesIO(found["/parquet"].content)).to_pylist())
    read["/arrow"] = str(pa.ipc.open_stream(found["/arrow"].content).read_all().to_pylist())
    return read


def test_whoever_holds_the_link_reads_the_table_in_every_form(town: Town, anybody: TestClient) -> None:
    with TestClient(anybody.app, base_url=ORIGIN, headers={"Authorization": f"Bearer {town.tokens['ann']}"}) as ann:
        answer = ann.post("/api/shares", json={"dataflow": "staff", "entity": "people", "name": "x", "days": 1})
        assert answer.status_code == 201, answer.text
    url = answer.json()["url"]
    assert url.startswith(f"{ORIGIN}/s/hwp_")
    read = told(anybody, url.rpartition("/")[2])
    for form in ("", "/csv", "/parquet", "/arrow", "/odata/people"):
        for column in COLUMNS:
            assert f"{canary('people', column)}2" in read[form]
    assert read["/odata/people/$count"] == "3"
    assert "<script" not in read[""]
    pages = anybody.get(url + "/odata/people", headers={"Prefer": "odata.maxpagesize=2"}).json()
    assert [row["id"] for row in anybody.get(pages["@odata.nextLink"]).json()["value"]] == [
        f"{canary('people', 'id')}2"
    ]


def test_the_address_is_told_nobody_else(town: Town, anybody: TestClient) -> None:
    link = made(town)
    for form in (*FORMS, "/nothing", "/csv?offset=x"):
        headers = anybody.get(f"/s/{link}{form}").headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
    policy = anybody.get(f"/s/{link}").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_columns_and_rows_are_no_more_than_were_shared(town: Town, anybody: TestClient) -> None:
    link = made(town, columns=["id", "name"], rows=2)
    read = told(anybody, link)
    for column, given in {"id": True, "name": True, "email": False, "salary": False}.items():
        for form in ("", "/csv", "/parquet", "/arrow", "/odata/people"):
            assert (f"{canary('people', column)}1" in read[form]) == given
            assert f"{canary('people', column)}2" not in read[form]
        assert (f'Name="{column}"' in read["/odata/$metadata"]) == given
    assert read["/odata/people/$count"] == "2"
    root = f"/s/{link}/odata/people"
    for query in ("?$filter=contains(id,'2')", "?$search=2", "?$orderby=id desc&$top=1", "?$skip=2", "?$count=true"):
        assert f"{canary('people', 'id')}2" not in anybody.get(root + query).text
    assert anybody.get(f"{root}/$count?$filter=contains(id,'canary')").text == "2"
    for query in ("$filter=salary eq 'x'", "$orderby=email", "$select=email"):
        assert anybody.get(f"{root}?{query}").status_code == 400
    assert anybody.get(f"/s/{link}/csv?offset=2").text.count("canary") == 0


@pytest.mark.parametrize("loss", ["revoked", "expired", "disabled", "no share", "no read", "restricted", "unknown"])
def test_a_link_dies(town: Town, anybody: TestClient, loss: str) -> None:
    link = made(town, columns=["email"])
    assert statuses(anybody, link) == {200}
    ann = town.principal("ann")
    shares = tables.table_shares
    with town.app.database.begin() as connection:
        if loss == "expired":
            connection.execute(update(shares).values(expires_at=utc_now() - timedelta(seconds=1)))
        if loss == "disabled":
            disable_user(connection, ann, by=SYSTEM, now=utc_now())
    if loss == "revoked":
        town.app.shares.revoke(SYSTEM, town.app.shares.list(SYSTEM)[0].id)
    elif loss == "no share":
        change_role(town, "ann", given=False)
    elif loss == "no read":
        town.app.access.revoke(SYSTEM, "ann", "Dataflow refresher", "server")
    elif loss == "restricted":
        town.policy("p", "root", "asset", town.app.table_name("staff", "people") + "#email", "bob")
    elif loss == "unknown":
        link = link[:-1] + ("A" if link[-1] != "A" else "B")
    try:
        assert statuses(anybody, link) == {401}
        answer = anybody.get(f"/s/{link}")
        assert answer.json()["error"]["message"] == "This link is not good, or no longer."
    finally:
        with town.app.database.begin() as connection:
            enable_user(connection, ann, by=SYSTEM, now=utc_now())
        if loss == "no read":
            town.app.access.grant(SYSTEM, "ann", "Dataflow refresher", "server")


def test_a_column_that_a_policy_hides_from_the_sharer_is_given_no_longer(town: Town, anybody: TestClient) -> None:
    link = made(town)
    town.policy("p", "root", "asset", town.app.table_name("staff", "people") + "#email", "bob")
    read = "".join(told(anybody, link).values())
    assert canary("people", "email") not in read
    assert canary("people", "salary") in read


def test_a_link_opens_nothing_else(town: Town, anybody: TestClient) -> None:
    link = made(town)
    for path in ("/api/tables", "/api/shares", "/odata/staff/people", "/api/sql", "/api/me"):
        for headers in ({"Authorization": f"Bearer {link}"}, {"Cookie": f"headwater_session={link}"}):
            assert anybody.get(path, headers=headers).status_code == 401
    assert anybody.get(f"/s/{link}/odata/notes").status_code == 404
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert anybody.request(method, f"/s/{link}/csv").status_code == 405
    for path in (f"/s/{link}/../../api/tables", f"/s/{link}%2F..%2Fapi%2Ftables", "/s/x", f"/s/{link}x"):
        assert anybody.get(path).status_code in {401, 404}


def test_older_rows_than_were_there_are_not_given(town: Town, anybody: TestClient) -> None:
    town.app.refresh(SYSTEM, "shop")
    share = town.app.shares.create(town.people["ann"], "shop", "orders", name="x", days=1).token
    with town.app.database.begin() as connection:
        first = connection.scalar(select(tables.table_shares.c.first_version))
    if first:
        assert anybody.get(f"/s/{share}/csv?version=0").status_code == 401
    assert anybody.get(f"/s/{share}/csv?version={first}").status_code == 200


def test_who_may_share_and_for_how_long(town: Town) -> None:
    shares = town.app.shares
    wanted: dict[str, Any] = {"name": "x", "days": 1}
    with pytest.raises(ForbiddenError):
        shares.create(town.people["bob"], "staff", "people", **wanted)
    with pytest.raises(NotFoundError):
        shares.create(town.people["ann"], "staff", "nothing", **wanted)
    with pytest.raises(UsageError):
        shares.create(SYSTEM, "staff", "people", **wanted)
    assert shares.create(SYSTEM, "staff", "people", sharer="ann", **wanted).info.sharer == "ann"
    with pytest.raises(UsageError):
        shares.create(town.people["ann"], "staff", "people", sharer="bob", **wanted)
    wrong: dict[str, Any]
    for wrong in ({"days": 91}, {"days": 0}, {"columns": ["never"]}, {"columns": []}, {"rows": 0}, {"name": " "}):
        with pytest.raises(UsageError):
            shares.create(town.people["ann"], "staff", "people", **(wanted | wrong))
    narrow = replace(town.people["ann"], actions=frozenset({"table.read"}))
    with pytest.raises(ForbiddenError):
        shares.create(narrow, "staff", "people", **wanted)


def test_links_are_seen_and_revoked_by_their_sharer_and_who_gives_roles(town: Town) -> None:
    made(town)
    shares, share = town.app.shares, town.app.shares.list(town.people["ann"])[0]
    assert shares.list(town.people["bob"]) == []
    with pytest.raises(NotFoundError):
        shares.revoke(town.people["bob"], share.id)
    town.app.access.grant(SYSTEM, "bob", "Reader", "server")
    try:
        assert [found.id for found in shares.list(town.people["bob"])] == [share.id]
        with pytest.raises(ForbiddenError):
            shares.revoke(town.people["bob"], share.id)
    finally:
        town.app.access.revoke(SYSTEM, "bob", "Reader", "server")
    shares.revoke(town.people["ann"], share.id)
    assert shares.get(town.people["ann"], share.id).is_over


def test_the_link_itself_is_kept_nowhere_and_each_use_is_on_record(
    town: Town, anybody: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        link = made(town)
        told(anybody, link)
        anybody.get(f"/s/{link}/nothing")
    own_logs = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert link not in "".join(own_logs), "the client of these tests writes its addresses down, the server none"
    with town.app.database.read() as connection:
        events = connection.execute(select(tables.audit_events).order_by(tables.audit_events.c.id)).all()
        kept = str(connection.execute(select(tables.table_shares)).all()) + str(events)
        assert link not in kept
    read = [event for event in events if event.event == "table.read" and event.credential_id is not None]
    share = town.app.shares.list(SYSTEM)[0]
    own = [event for event in read if event.credential_id == share.id]
    assert {event.details["format"] for event in own} == {"share page", "csv", "parquet", "arrow", "odata"}
    assert {(event.via, event.actor_id) for event in own} == {("link", town.principal("ann"))}
    assert share.uses >= len(own)
    shared = [event for event in events if event.event == "table.shared"][-1]
    assert shared.details["prefix"] == share.prefix == link[:10]


def test_a_link_is_used_so_often_within_a_minute_and_no_oftener(town: Town) -> None:
    uses = Uses(2)
    for _ in range(2):
        uses.check("hwp_" + "a" * 43, "192.0.2.1")
    uses.check("hwp_" + "b" * 43, "192.0.2.1")
    with pytest.raises(ThrottledError):
        uses.check("hwp_" + "a" * 43, "192.0.2.2")
    for guess in ("x", "y"):
        uses.check(guess, "192.0.2.1")
    with pytest.raises(ThrottledError):
        uses.check("z", "192.0.2.1")


def test_a_home_can_offer_no_links(town: Town) -> None:
    link = made(town)
    home, town.app.home = town.app.home, replace(town.app.home, sharing=SharingSettings(longest_days=0))
    del town.app.shares
    try:
        with pytest.raises(ForbiddenError):
            made(town)
        with pytest.raises(ForbiddenError):
            town.app.shares.open(link)
    finally:
        town.app.home = home
        del town.app.shares
    with pytest.raises(UnauthenticatedError):
        town.app.shares.open("hwp_")
