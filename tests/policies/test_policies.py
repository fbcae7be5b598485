"""Who may write policies, what stays on record, and the ways to rows that are no answer of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, insert, select, update
from tests.policies.conftest import client_of
from tests.policies.town import COLUMNS, Town, canary, publish

from headwater.access import SYSTEM, find_scope, grant, revoke
from headwater.access.policies import count_readers
from headwater.app.classification_sampling import Reading
from headwater.app.previews.evaluating import Draft, Previewer
from headwater.app.reading.downloads import download
from headwater.dataflows import history
from headwater.dataflows.definitions.settings import LinkedEntity
from headwater.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from headwater.store import tables, utc_now

EMAIL = ("staff", "people", "email")
WANTED = {"name": "p", "collection": "outer", "subject": "label", "value": "secret", "readers": ["ann"]}


def csv(town: Town, person: str, dataflow: str = "staff", entity: str = "people", version: int | None = None) -> str:
    opened = town.app.reading.open(town.people[person], dataflow, entity, version)
    return b"".join(download(town.app.reading, opened, "csv").pieces).decode()


def give(town: Town, person: str, role: str, path: str) -> None:
    with town.app.database.begin() as connection:
        scope = find_scope(connection, path).id
        grant(connection, SYSTEM, town.principal(person), role, scope, now=utc_now())


def take(town: Town, person: str, role: str, path: str) -> None:
    with town.app.database.begin() as connection:
        revoke(connection, SYSTEM, town.principal(person), role, find_scope(connection, path).id)


def events(town: Town, event: str) -> list[dict[str, object]]:
    with town.app.database.read() as connection:
        query = (
            select(tables.audit_events).where(tables.audit_events.c.event == event).order_by(tables.audit_events.c.id)
        )
        return [dict(row.details) for row in connection.execute(query)]


# -- who may -----------------------------------------------------------------------------------------------------------


def test_whoever_may_give_roles_at_a_collection_writes_policies_for_it(town: Town) -> None:
    place = "/collection/root/collection/outer"
    with client_of(town, "bob") as bob:
        assert bob.post("/api/policies", json=WANTED).status_code == 403, "refreshers may see it, and not give roles"
        give(town, "bob", "Collection administrator", place)
        try:
            made = bob.post("/api/policies", json=WANTED)
            assert made.status_code == 201, made.text
            assert (made.json()["people"], made.json()["collection"]["path"]) == (1, place)
            assert bob.post("/api/policies", json=WANTED | {"name": "q", "collection": "root"}).status_code == 403
            assert [policy["name"] for policy in bob.get("/api/policies").json()["value"]] == ["p"]
            assert bob.patch("/api/policies/p", json={"readers": ["group:all"]}).json()["people"] == 2
        finally:
            take(town, "bob", "Collection administrator", place)
        assert bob.get("/api/policies").json() == {"value": []}
        for ask in (bob.get, bob.delete):
            assert ask("/api/policies/p").status_code == 404
        assert bob.patch("/api/policies/p", json={"enabled": False}).status_code == 404


def test_what_is_changed_about_policies_is_on_record(town: Town) -> None:
    before = len(events(town, "policy.created"))
    policies = town.app.policies
    policies.create(SYSTEM, "p", collection="outer", subject="label", value="secret", readers=["ann"])
    policies.change(SYSTEM, "p", enabled=False)
    policies.delete(SYSTEM, "p")
    told = [events(town, f"policy.{what}")[-1] for what in ("created", "changed", "deleted")]
    assert len(events(town, "policy.created")) == before + 1
    assert [(each["value"], each["enabled"], each["people"]) for each in told] == [
        ("secret", True, 1),
        ("secret", False, 1),
        ("secret", False, 1),
    ]
    assert told[0]["readers"] == town.principal("ann")


def test_a_policy_that_nobody_could_read_under_is_refused_unless_it_is_meant(town: Town) -> None:
    policies = town.app.policies
    wanted: dict[str, Any] = {"collection": "outer", "subject": "label", "value": "secret"}
    for readers in ([], ["group:nobodies"]):
        if readers:
            town.groups["nobodies"] = town.app.groups.create(SYSTEM, "nobodies").id
        with pytest.raises(ConflictError) as refused:
            policies.create(SYSTEM, "p", readers=readers, **wanted)
        assert refused.value.code == "policy.nobody"
    assert policies.create(SYSTEM, "p", readers=[], lock_out=True, **wanted).people == 0
    assert policies.change(SYSTEM, "p", readers=["group:all"]).people == 2
    with pytest.raises(ConflictError):
        policies.change(SYSTEM, "p", readers=["group:nobodies"])
    with town.app.database.read() as connection:
        assert count_readers(connection, [town.groups["all"], town.principal("ann")]) == 2, "ann is one person"


def test_a_policy_over_an_asset_is_about_a_table_or_a_column(town: Town) -> None:
    policies = town.app.policies
    wanted: dict[str, Any] = {"collection": "root", "subject": "asset", "readers": ["ann"]}
    named = policies.create(SYSTEM, "a", value="table:staff/people#email", **wanted)
    assert named.value == town.app.table_name("staff", "people") + "#email"
    flow = town.app.assets.find(SYSTEM, "dataflow", town.app.table_name("staff", "people").partition("/tables/")[0])
    assert flow is not None
    for value in ("people", "table:staff", "table:staff/people#", flow.guid):
        with pytest.raises(UsageError):
            policies.create(SYSTEM, "b", value=value, **wanted)
    with pytest.raises(NotFoundError):
        policies.create(SYSTEM, "b", value="00000000-0000-4000-8000-000000000009", **wanted)
    with pytest.raises(ConflictError):
        policies.create(SYSTEM, "a", value="table:staff/people", **wanted)
    with pytest.raises(ForbiddenError):
        policies.create(town.people["bob"], "b", value=named.value, **wanted)


def test_what_flows_down_lineage_counts(town: Town) -> None:
    """As it is worked out by label policies."""
    assert canary("people", "email") in csv(town, "bob")
    asset, inherited = tables.assets.c, tables.inherited_labels
    table = town.app.table_name("staff", "people")
    with town.app.database.begin() as connection:
        numbers = dict(
            connection.execute(
                select(asset.qualified_name, asset.id).where(asset.qualified_name.in_([table, f"{table}#email"]))
            ).all()
        )
        own = {"asset_id": numbers[f"{table}#email"], "from_id": numbers[table], "through_model": False}
        connection.execute(insert(inherited).values(own | {"kind": "label", "name": "Secret"}))
    town.app.policies.create(SYSTEM, "p", collection="outer", subject="label", value="secret", readers=["ann"])
    try:
        assert canary("people", "email") not in csv(town, "bob")
        assert canary("people", "email") in csv(town, "ann")
    finally:
        with town.app.database.begin() as connection:
            connection.execute(delete(inherited))


# -- ways to rows ------------------------------------------------------------------------------------------------------


def test_a_dataflow_reads_what_its_saver_may_and_forgets_what_it_may_no_longer(town: Town, tmp_path: Path) -> None:
    town.mark(EMAIL, "label", "secret")
    linked = '[linked.theirs]\ndataflow = "staff"\nentity = "people"\n'
    publish(town.app, tmp_path, "copy", "other", {"copied": "theirs"}, linked)
    saved = tables.dataflow_versions.c
    with town.app.database.begin() as connection:
        flow = select(tables.dataflows.c.id).where(tables.dataflows.c.name == "copy").scalar_subquery()
        connection.execute(
            update(tables.dataflow_versions).where(saved.dataflow_id == flow).values(saved_by_id=town.principal("bob"))
        )
    try:
        town.app.refresh(SYSTEM, "copy")
        assert canary("people", "email") in csv(town, "ann", "copy", "copied")
        town.policy("p", "outer", "label", "secret", "ann")
        town.app.refresh(SYSTEM, "copy")
        told = csv(town, "ann", "copy", "copied")
        assert canary("people", "email") not in told
        assert canary("people", "salary") in told
    finally:
        town.app.flows.remove(SYSTEM, "copy")


def test_a_preview_of_a_linked_table_ends_when_what_may_be_read_of_it_changes(town: Town) -> None:
    town.mark(EMAIL, "label", "secret")
    draft = Draft({"copied": "theirs"}, 1, linked={"theirs": LinkedEntity("staff", "people")})
    preview = Previewer(town.app, town.people["bob"])
    try:
        summary, page = preview.open("a", draft, "copied", None, 10)
        assert [column.name for column in summary.columns] == list(COLUMNS)
        assert preview.page("a", 0, 10) == page
        town.policy("p", "outer", "label", "secret", "ann")
        with pytest.raises(NotFoundError) as closed:
            preview.page("a", 0, 10)
        assert closed.value.code == "preview.closed"
        summary, page = preview.open("b", draft, "copied", None, 10)
        assert canary("people", "email") not in str(page)
        town.policy("q", "outer", "asset", town.app.table_name("staff", "people"), "ann")
        with pytest.raises(NotFoundError):
            preview.count("b")
    finally:
        preview.close()


def test_classification_looks_at_what_whoever_asks_may_read(town: Town) -> None:
    town.mark(EMAIL, "label", "secret")
    town.policy("p", "outer", "label", "secret", "ann")
    name = town.app.table_name("staff", "people")
    for person, expected in (("ann", list(COLUMNS)), ("bob", ["id", "name", "salary"])):
        with Reading(town.app, town.people[person]) as reading:
            reader = reading.reader("dataflow_table", name, None)
            assert reader is not None
            assert reader().column_names == expected


def test_error_cells_show_no_key_and_no_message_of_what_is_kept_back(town: Town) -> None:
    refresh = town.app.refreshes(SYSTEM, "staff")[0].id
    cell = {"refresh_id": refresh, "entity": "people", "number": 0, "column": "salary", "row": 1, "reason": "Error"}
    with town.app.database.begin() as connection:
        said = {"key": {"id": "1", "email": "a@b"}, "message": "about a@b"}
        connection.execute(insert(tables.refresh_errors).values(cell | said))
    try:
        town.mark(EMAIL, "label", "secret")
        town.policy("p", "outer", "label", "secret", "ann")
        shown = {
            who: history.errors(town.app.database, town.people[who], refresh)["people"][0] for who in ("ann", "bob")
        }
        assert (shown["ann"].key, shown["ann"].message) == ({"id": "1", "email": "a@b"}, "about a@b")
        assert (shown["bob"].key, shown["bob"].message) == ({"id": "1"}, None)
    finally:
        with town.app.database.begin() as connection:
            connection.execute(delete(tables.refresh_errors))


def test_a_column_that_is_no_more_is_kept_back_in_older_versions(town: Town, tmp_path: Path) -> None:
    def query(*columns: str) -> dict[str, str]:
        cells = ", ".join(f'"{canary("t", column)}"' for column in columns)
        return {"t": f"#table(type table [{', '.join(f'{c} = text' for c in columns)}], {{{{{cells}}}}})"}

    publish(town.app, tmp_path, "old", "outer", query("id", "email"))
    try:
        town.mark(("old", "t", "email"), "classification", "Personal")
        publish(town.app, tmp_path, "old", "outer", query("id"))
        assert canary("t", "email") in csv(town, "bob", "old", "t", version=0)
        town.policy("p", "outer", "classification", "Personal", "ann")
        assert canary("t", "email") not in csv(town, "bob", "old", "t", version=0)
        assert canary("t", "email") in csv(town, "ann", "old", "t", version=0)
    finally:
        town.app.flows.remove(SYSTEM, "old")


def test_what_is_said_of_an_asset_that_a_table_was_merged_into_holds_for_the_table(town: Town, tmp_path: Path) -> None:
    publish(
        town.app, tmp_path, "twin", "other", {"t": f'#table(type table [id = text], {{{{"{canary("t", "id")}"}}}})'}
    )
    guid = {name: town.app.table_guid(SYSTEM, *name.split("/")) or "" for name in ("shop/orders", "twin/t")}
    town.app.merging.merge(SYSTEM, guid["shop/orders"], guid["twin/t"])
    try:
        town.mark(("shop", "orders"), "classification", "Personal")
        town.policy("p", "root", "classification", "Personal", "ann")
        for dataflow, entity in (("shop", "orders"), ("twin", "t")):
            assert canary(entity, "id") in csv(town, "ann", dataflow, entity)
            with pytest.raises(NotFoundError):
                csv(town, "bob", dataflow, entity)
    finally:
        town.app.merging.unmerge(SYSTEM, guid["shop/orders"], town.app.table_name("twin", "t"))
        town.app.flows.remove(SYSTEM, "twin")


def test_pages_of_a_kept_result_go_on_without_what_was_restricted_meanwhile(town: Town) -> None:
    """The first page's columns lie in the results that are kept; the next page is asked by the rights of then."""
    town.mark(EMAIL, "sensitivity", "Secret")
    with client_of(town, "bob") as bob:
        first = bob.get("/odata/staff/people?$orderby=salary", headers={"Prefer": "odata.maxpagesize=1"}).json()
        assert set(COLUMNS) < set(first["value"][0]) | {"@"}
        town.policy("p", "outer", "sensitivity", "Secret", "ann")
        following = bob.get(first["@odata.nextLink"])
        assert following.status_code == 200
        assert list(following.json()["value"][0]) == ["id", "name", "salary"]
        _sorted_by(bob, "email", 400)
    with client_of(town, "ann") as ann:
        _sorted_by(ann, "email", 200)
    with client_of(town, "bob") as bob:
        _sorted_by(bob, "email", 400)


def _sorted_by(client: TestClient, column: str, expected: int) -> None:
    answer = client.get(f"/odata/staff/people?$orderby={column}")
    assert answer.status_code == expected
    assert (canary("people", column) in answer.text) == (expected == 200)
