"""The audit log: what an event may carry, that nothing is taken back, pages, exports and retention."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError
from tests.access.people.support import NOW, after

from headwater.access import audit
from headwater.access.actors import SYSTEM, Actor, Via
from headwater.access.audit import Filter
from headwater.access.events import Event
from headwater.errors import UsageError
from headwater.secret import Secret
from headwater.store import Database, tables

ANN = Actor("a" * 36, "ann", Via.SESSION, credential_id="c" * 36, request_id="r1", address="192.0.2.1")


def invoked(connection: Connection, *, model: str = "churn", rows: int = 7, days: float = 0, scope: int = 1) -> None:
    details: dict[str, str | int] = {"model": model, "version": "3", "rows": rows, "calls": 1}
    audit.record(
        connection, Event.MODEL_INVOKED, ANN, now=after(days=days), target=f"model:{model}", scope_id=scope, **details  # type: ignore[arg-type]
    )  # fmt: skip


def codes(connection: Connection, wanted: Filter = Filter()) -> list[str]:  # noqa: B008 - it never changes
    return [event.event for event in audit.page(connection, wanted)]


def test_an_event_says_who_what_when_where_and_how(database: Database) -> None:
    with database.begin() as connection:
        invoked(connection)
        (event,) = audit.page(connection)
    assert event.to_dict() == {
        "id": event.id, "at": "2026-03-01T12:00:00+00:00", "event": "model.invoked", "result": "succeeded",
        "actor_id": "a" * 36, "actor_name": "ann", "via": "session", "credential_id": "c" * 36,
        "target": "model:churn", "scope_id": 1, "request_id": "r1", "address": "192.0.2.1",
        "details": {"model": "churn", "version": "3", "rows": 7, "calls": 1},
    }  # fmt: skip


def test_every_event_and_field_is_documented_and_has_its_own_code() -> None:
    assert len({event.code for event in Event}) == len(Event)
    for event in Event:
        assert event.description.endswith(".") and event.code == event.code.lower()
        assert all(field.description and field.kind in (str, int, bool) for field in event.fields.values())


@pytest.mark.parametrize(
    "details",
    [
        {"row": "x"}, {"rows": "7"}, {"rows": True}, {"rows": 7.0}, {"rows": [1]}, {"model": {"a": 1}}, {"model": None},
        {"model": Secret("s")}, {"model": 3},
    ],
)  # fmt: skip
def test_an_event_holds_its_own_fields_only(database: Database, details: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"model\.invoked"), database.begin() as connection:
        audit.record(connection, Event.MODEL_INVOKED, ANN, now=NOW, **details)  # type: ignore[arg-type]
    with database.read() as connection:
        assert audit.count(connection) == 0


def test_text_is_cut_and_secrets_are_taken_out(database: Database) -> None:
    token = "hwt_" + "A" * 43
    with database.begin() as connection:
        invoked(connection, model="m" * 300)
        invoked(connection, model=f"https://ann:hunter2@host/x?sig=abc {token}")
        audit.record(connection, Event.SIGNED_OUT, Actor(None, "\udcff\x00", Via.LINK, address="a" * 99), now=NOW)
        strange, redacted, cut = audit.page(connection)
    assert len(str(cut.details["model"])) == 255 and str(cut.details["model"]).endswith("…")
    assert redacted.details["model"] == "https://***@host/x?sig=*** ***"
    assert redacted.target == "model:https://***@host/x?sig=*** ***"
    assert strange.actor_name == "??" and strange.address == "a" * 64


def test_an_event_goes_with_the_transaction_that_it_tells_about(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.begin() as connection:
        invoked(connection)
        raise ZeroDivisionError
    with database.read() as connection:
        assert audit.count(connection) == 0


class TestAppendOnly:
    STATEMENTS = (
        update(tables.audit_events).values(actor_name="bob"),
        update(tables.audit_events).values(id=tables.audit_events.c.id),
        delete(tables.audit_events),
        update(tables.audit_retentions).values(cutoff=after(days=1)),
        delete(tables.audit_retentions),
    )

    @pytest.fixture
    def kept(self, database: Database) -> list[str]:
        with database.begin() as connection:
            connection.execute(insert(tables.audit_retentions).values(cutoff=NOW, at=NOW))
            invoked(connection)
            return list(audit.export(connection))

    @pytest.mark.parametrize("number", range(len(STATEMENTS)))
    def test_nothing_is_changed_or_removed(self, database: Database, kept: list[str], number: int) -> None:
        with pytest.raises(DatabaseError, match="append-only"), database.begin() as connection:
            connection.execute(self.STATEMENTS[number])
        self.is_as_it_was(database, kept)

    def test_no_way_around_it(self, database: Database, kept: list[str]) -> None:
        if database.engine.dialect.name == "postgresql":
            statements = ["TRUNCATE audit_events", "TRUNCATE audit_retentions"]
        else:
            columns = "id, at, event, result, actor_name, via, details"
            values = "id, at, event, result, 'bob', via, details"
            statements = [
                f"INSERT OR REPLACE INTO audit_events ({columns}) SELECT {values} FROM audit_events",
                "INSERT OR REPLACE INTO audit_retentions SELECT id, '2099-01-01', at FROM audit_retentions",
                "UPDATE OR REPLACE audit_events SET id = 1",
            ]
        for statement in statements:
            with pytest.raises(DatabaseError, match="append-only"), database.begin() as connection:
                connection.execute(text(statement))
            self.is_as_it_was(database, kept)

    def is_as_it_was(self, database: Database, kept: list[str]) -> None:
        with database.read() as connection:
            assert list(audit.export(connection)) == kept
            assert connection.execute(select(tables.audit_retentions.c.cutoff)).scalars().all() == [NOW]


class TestRetention:
    def test_what_is_older_goes_and_that_is_recorded(self, database: Database) -> None:
        with database.begin() as connection:
            for days in (0, 10, 50, 100):
                invoked(connection, days=days)
            assert audit.retain(connection, timedelta(days=60), by=SYSTEM, now=after(days=100)) == 2
            newest, *rest = audit.page(connection)
        assert newest.event == "audit.retained"
        assert newest.details == {"cutoff": after(days=40).isoformat(), "count": 2}
        assert [event.at for event in rest] == [after(days=100), after(days=50)]

    def test_the_moment_itself_stays(self, database: Database) -> None:
        with database.begin() as connection:
            invoked(connection)
            invoked(connection, days=-1 / 86_400_000_000)
            assert audit.retain(connection, timedelta(days=30), by=SYSTEM, now=after(days=30)) == 1
            assert codes(connection) == ["audit.retained", "model.invoked"]

    def test_retention_lets_nothing_newer_go(self, database: Database) -> None:
        with database.begin() as connection:
            invoked(connection, days=90)
            audit.retain(connection, timedelta(days=30), by=SYSTEM, now=after(days=100))
        with pytest.raises(DatabaseError, match="append-only"), database.begin() as connection:
            connection.execute(delete(tables.audit_events))

    @pytest.mark.parametrize("days", [-1, 0, 29.99])
    def test_nobody_removes_their_own_traces(self, database: Database, days: float) -> None:
        with pytest.raises(UsageError), database.begin() as connection:
            audit.retain(connection, timedelta(days=days), by=SYSTEM, now=NOW)

    def test_an_id_is_not_handed_out_again(self, database: Database) -> None:
        with database.begin() as connection:
            invoked(connection)
            (first,) = audit.page(connection)
            connection.execute(insert(tables.audit_retentions).values(cutoff=after(days=1), at=NOW))
            connection.execute(delete(tables.audit_events))
            invoked(connection)
            assert audit.page(connection)[0].id > first.id


class TestReading:
    def test_each_part_of_a_filter_narrows(self, database: Database) -> None:
        other = Actor("b" * 36, "bob", Via.TOKEN, request_id="r2")
        with database.begin() as connection:
            invoked(connection)
            invoked(connection, days=1, scope=2)
            audit.record(
                connection, Event.ACCESS_DENIED, other, now=after(days=2), result="denied", action="model.read"
            )
            scopes = select(tables.audit_events.c.scope_id).where(tables.audit_events.c.scope_id == 2)
            everything = audit.page(connection)
            assert [event.event for event in everything] == ["access.denied", "model.invoked", "model.invoked"]
            for wanted, expected in (
                (Filter(since=after(days=1)), everything[:2]),
                (Filter(until=after(days=1)), everything[2:]),
                (Filter(events=frozenset({Event.MODEL_INVOKED})), everything[1:]),
                (Filter(events=frozenset()), []),
                (Filter(result="denied"), everything[:1]),
                (Filter(actor_id="b" * 36), everything[:1]),
                (Filter(request_id="r1"), everything[1:]),
                (Filter(target="model:churn"), everything[1:]),
                (Filter(scopes=scopes), everything[1:2]),
                (Filter(since=NOW, until=after(days=9), actor_id="a" * 36, result="denied"), []),
            ):
                assert audit.page(connection, wanted) == expected
                assert audit.count(connection, wanted) == len(expected)
                exported = [json.loads(line)["id"] for line in audit.export(connection, wanted)]
                assert exported == [event.id for event in reversed(expected)]

    def test_an_export_is_a_line_an_event_whatever_is_in_it(self, database: Database) -> None:
        with database.begin() as connection:
            invoked(connection, model='a\n"b"\u2028é')
            (line,) = audit.export(connection)
        assert line.endswith("\n") and line.count("\n") == 1
        assert json.loads(line)["details"]["model"] == 'a\n"b"\u2028é'

    def test_a_long_export_is_whole(self, database: Database) -> None:
        with database.begin() as connection:
            for number in range(1203):
                invoked(connection, rows=number)
        with database.read() as connection:
            lines = [json.loads(line)["details"]["rows"] for line in audit.export(connection)]
        assert lines == list(range(1203))

    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(limit=st.integers(1, 9), arriving=st.integers(0, 3))
    def test_pages_neither_repeat_nor_skip_while_events_arrive(
        self, database: Database, limit: int, arriving: int
    ) -> None:
        # The database lasts for all examples: each has events of its own.
        model = str(uuid4())
        wanted = Filter(target=f"model:{model}")
        with database.begin() as connection:
            for number in range(10):
                invoked(connection, model=model, rows=number)
            expected = [event.id for event in audit.page(connection, wanted)]
            found: list[int] = []
            while page := audit.page(connection, wanted, before=found[-1] if found else None, limit=limit):
                found += [event.id for event in page]
                assert len(found) <= len(expected)
                for _ in range(arriving):
                    invoked(connection, model=model)
        assert len(expected) == 10
        assert found == expected
