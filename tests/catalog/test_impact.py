"""What a change hits: all downstream of an asset; of a column, what processes say is made of it."""

from __future__ import annotations

import csv
import io
import json
from uuid import UUID
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from headwater.access import SYSTEM, Actor, Via
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.app.lineage_formats import FORMS, written
from headwater.catalog import (
    AssetRecord,
    AssetService,
    ColumnEdge,
    ColumnRecord,
    LineageRecord,
    export_lineage,
    impact,
    record_process,
)
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

COLUMNS = ("x", "y", "z")


def dataset(name: str, **more: object) -> AssetRecord:
    columns = tuple(ColumnRecord(column, "text") for column in COLUMNS)
    return AssetRecord("dataset", f"p://{name}", name, dict(more), columns=columns)


def query(name: str) -> AssetRecord:
    return AssetRecord("dataflow_query", f"q/{name}", name)


def made(database: Database, name: str, source: str, target: str, *links: tuple[str | None, str]) -> None:
    one, other = dataset(source), dataset(target)
    columns = tuple(ColumnEdge(one.ref, a, other.ref, b) for a, b in links)
    record_process(database, LineageRecord(query(name), (one,), (other,), columns))


def guid(database: Database, name: str) -> str:
    found = AssetService(database).find(SYSTEM, "dataset", f"p://{name}")
    assert found is not None
    return found.guid


def test_a_column_is_followed_through_what_is_said_of_columns(database: Database) -> None:
    made(database, "1", "a", "b", ("x", "y"), ("y", "z"))
    made(database, "2", "b", "c", ("y", "x"))
    made(database, "3", "b", "d", ("z", "x"))
    made(database, "4", "c", "e")
    found = impact(database, SYSTEM, guid(database, "a"), "remove_column", "x")
    told = {each.display_name: (each.distance, each.columns) for each in found.assets}
    # The query that reads the other column reads the table all the same: it may filter by the column.
    assert told == {
        "1": (1, ()),
        "b": (2, ("y",)),
        "2": (3, ()),
        "3": (3, ()),
        "c": (4, ("x",)),
        "4": (5, ()),
        "e": (6, ()),
    }
    assert found.counts == {"dataflow_query": 4, "dataset": 3} | {"dataflow_query": 4}
    whole = impact(database, SYSTEM, guid(database, "a"))
    assert {each.display_name for each in whole.assets} == {"1", "b", "2", "3", "c", "d", "4", "e"}
    assert not any(each.columns for each in whole.assets)


def test_what_cannot_be_asked_is_refused(database: Database) -> None:
    made(database, "1", "a", "b", ("x", "y"))
    root = guid(database, "a")
    with pytest.raises(NotFoundError, match="no column 'w'"):
        impact(database, SYSTEM, root, "remove_column", "w")
    with pytest.raises(UsageError):
        impact(database, SYSTEM, root, "remove_column")
    with pytest.raises(UsageError):
        impact(database, SYSTEM, root, "retire", "x")
    with pytest.raises(NotFoundError):
        impact(database, SYSTEM, "none")


def test_whom_to_tell(database: Database) -> None:
    made(database, "1", "a", "b")
    made(database, "2", "b", "c")
    AssetService(database).upsert([dataset("b", owner="bo"), dataset("c", owner="cy")])
    contact = {"kind": "Expert", "contact_id": "eve"}
    with database.begin() as connection:
        named = tables.assets.c.qualified_name == "p://c"
        number = connection.scalar(tables.assets.select().with_only_columns(tables.assets.c.id).where(named))
        connection.execute(insert(tables.asset_contacts).values(asset_id=number, **contact))
    found = impact(database, SYSTEM, guid(database, "a"))
    people = {each.display_name: [(one.kind, one.id) for one in each.contacts] for each in found.assets}
    assert people == {"1": [], "b": [("Owner", "bo")], "2": [], "c": [("Expert", "eve")]}


def test_who_has_read_a_table_is_told(database: Database) -> None:
    table = AssetRecord("dataflow_table", "t/1", "t1")
    record_process(database, LineageRecord(query("1"), (dataset("a"),), (table,)))
    with database.begin() as connection:
        named = tables.assets.c.qualified_name == "t/1"
        scope = connection.scalar(tables.assets.select().with_only_columns(tables.assets.c.scope_id).where(named))
        ann, bo = (Actor(str(UUID(int=at)), name, Via.SESSION) for at, name in enumerate(("ann", "bo")))
        record(
            connection,
            Event.TABLE_READ,
            ann,
            now=utc_now(),
            target="table:t1",
            scope_id=scope,
            version="1",
            rows=2,
            format="csv",
        )
        record(connection, Event.SIGNED_OUT, bo, now=utc_now(), scope_id=scope)
    found = impact(database, SYSTEM, guid(database, "a"))
    assert {each.display_name: each.readers for each in found.assets} == {"1": (), "t1": ("ann",)}


NAMES = "abcde"
LINKS = st.sets(st.tuples(st.sampled_from([*COLUMNS, None]), st.sampled_from(COLUMNS)), max_size=3)
MADE = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), LINKS), max_size=7)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recorded=MADE, column=st.sampled_from(COLUMNS))
def test_a_column_hits_what_a_plain_walk_hits(
    database: Database, recorded: list[tuple[str, str, set[tuple[str | None, str]]]], column: str
) -> None:
    with database.begin() as connection:
        connection.execute(delete(tables.assets))
    AssetService(database).upsert([dataset("a")])
    for number, (source, target, links) in enumerate(recorded):
        made(database, str(number), source, target, *links)
    # Cells (asset, column) that are hit; an asset that is hit as a whole has all of them.
    cells: set[tuple[str, str | None]] = {("a", column)}
    grown = True
    while grown:
        new: set[tuple[str, str | None]] = set()
        for source, target, links in recorded:
            hit = {each for name, each in cells if name == source}
            if hit and (not links or hit == {*COLUMNS, None}):
                new |= {(target, each) for each in (*COLUMNS, None)}
            elif hit:
                new |= {(target, b) for a, b in links if a is None or a in hit}
        grown, cells = not new <= cells, cells | new
    found = impact(database, SYSTEM, guid(database, "a"), "remove_column", column)
    whole: set[str | None] = {*COLUMNS, None}
    told = {each.display_name: {*each.columns} or whole for each in found.assets if not each.is_process}
    expected = {name: {each for other, each in cells if other == name} for name, _ in cells if name != "a"}
    assert told == expected
    touched = {name for name, _ in cells}
    read = {str(number) for number, (source, _, _) in enumerate(recorded) if source in touched}
    assert {each.display_name for each in found.assets if each.is_process} == read


def test_every_form_has_the_whole_graph(database: Database) -> None:
    made(database, 'a "quoted" <one>', "a", "b, c")
    made(database, "2", "b, c", "d")
    export = export_lineage(database, SYSTEM, guid(database, "b, c"))
    edges = {(edge.source.guid, edge.target.guid) for edge in export.edges()}
    assert len(edges) == 4
    text = {form: "".join(written(export, form, utc_now())) for form in FORMS}
    lines = [*csv.DictReader(io.StringIO(text["csv"]))]
    assert {(line["from_guid"], line["to_guid"]) for line in lines} == edges
    told = json.loads(text["json"])
    assert {(edge["source"], edge["target"]) for edge in told["edges"]} == edges
    assert {node["guid"] for node in told["nodes"]} == {guid for edge in edges for guid in edge}
    graph = ElementTree.fromstring(text["graphml"])
    space = "{http://graphml.graphdrawing.org/xmlns}"
    assert {(edge.get("source"), edge.get("target")) for edge in graph.iter(f"{space}edge")} == edges
    assert {data.text for data in graph.iter(f"{space}data")} >= {'a "quoted" <one>', "b, c"}
    assert all(f'"{source}" -> "{target}";' in text["dot"] for source, target in edges)
    assert 'label="a \\"quoted\\" <one>"' in text["dot"]
    events = [json.loads(line) for line in text["openlineage"].splitlines()]
    assert {len(event["inputs"]) + len(event["outputs"]) for event in events} == {2}
    assert len(events) == 2
