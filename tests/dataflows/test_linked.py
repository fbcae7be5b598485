"""Linked entities: another dataflow's published table, as one person may read it."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from tests.access.roles.support import give, person
from tests.dataflows.conftest import rows

from headwater.access import SYSTEM, find_scope
from headwater.app.runtime import Headwater
from headwater.dataflows.definitions.settings import LinkedEntity
from headwater.dataflows.linked import LinkedTables
from headwater.errors import NotFoundError
from headwater.powerquery import PlanTable, Session
from headwater.store import tables

TOTALS = LinkedEntity("shop", "totals")


def test_a_linked_table_is_scanned_as_it_is_published(app: Headwater) -> None:
    app.refresh(SYSTEM, "shop")
    scan = LinkedTables(app.database, SYSTEM).scan("theirs", TOTALS)
    read = PlanTable(scan, Session()).reader().read_all()
    names = [column.name for column in scan.columns]
    assert [dict(zip(names, row.values(), strict=True)) for row in read.to_pylist()] == rows(app, "totals")
    assert scan.source is not None
    assert scan.source.uri == app.table_name("shop", "totals"), "lineage goes on from there"


def test_the_version_that_was_found_first_is_scanned(app: Headwater) -> None:
    app.refresh(SYSTEM, "shop")
    linked = LinkedTables(app.database, SYSTEM)
    found = linked.table("theirs", TOTALS)
    before = linked.scan("theirs", TOTALS).paths
    app.refresh(SYSTEM, "shop")
    assert linked.scan("theirs", TOTALS, table=found).paths == before


def test_who_may_not_read_it_is_told_there_is_none(app: Headwater) -> None:
    with app.database.begin() as connection:
        reader, stranger = person(connection, "reader"), person(connection, "stranger")
        give(connection, reader, "Dataflow reader", find_scope(connection, "/collection/root/dataflow/shop"))
    with pytest.raises(NotFoundError) as unpublished:
        LinkedTables(app.database, reader).scan("theirs", TOTALS)
    app.refresh(SYSTEM, "shop")
    with pytest.raises(NotFoundError) as hidden:
        LinkedTables(app.database, stranger).scan("theirs", TOTALS)
    assert (hidden.value.code, hidden.value.place) == ("dataflow.linked", "theirs")
    assert hidden.value.message == unpublished.value.message.replace("reader", "stranger")
    LinkedTables(app.database, reader).scan("theirs", TOTALS)
    audit = tables.audit_events.c
    with app.database.read() as connection:
        read = connection.execute(select(tables.audit_events).where(audit.event == "table.read")).all()
    assert [(e.actor_name, e.target, e.details) for e in read] == [
        ("reader", "table:shop/totals", {"version": "0", "rows": 3, "format": "linked"})
    ]
