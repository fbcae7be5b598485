"""Every way of reading a published table, against one naive computation of what policies leave of it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.policies.conftest import client_of
from tests.policies.town import COLLECTIONS, COLUMNS, GROUPS, PEOPLE, TABLES, Town, canary

from headwater.access.policies import TableRef, readable_columns
from headwater.dataflows.definitions.settings import LinkedEntity
from headwater.dataflows.linked import LinkedTables
from headwater.errors import NotFoundError
from headwater.powerquery import PlanTable, Session

SUBJECTS = ("classification", "label", "sensitivity")
VALUES = ("Personal", "Pay")


@dataclass
class Rules:
    """What was drawn: what carries what, and the policies (collection, subject, value, readers)."""

    marks: set[tuple[tuple[str, ...], str, str]] = field(default_factory=set)
    policies: list[tuple[str, str, Any, tuple[str, ...]]] = field(default_factory=list)

    def hidden(self, person: str, dataflow: str, entity: str) -> set[str]:
        """The columns that somebody may not read; the table is kept back where these are all."""
        table = (dataflow, entity)
        found = {column for column in COLUMNS if self._kept((*table, column), person)}
        return set(COLUMNS) if self._kept(table, person) else found

    def _kept(self, where: tuple[str, ...], person: str) -> bool:
        for collection, subject, value, readers in self.policies:
            carried = value == where if subject == "asset" else (where, subject, value) in self.marks
            reads = any(person == reader or person in GROUPS.get(reader, ()) for reader in readers)
            if carried and not reads and collection in COLLECTIONS[where[0]]:
                return True
        return False


def draw(town: Town, random: Random) -> Rules:
    rules = Rules()
    town.forget()
    for _ in range(random.randint(0, 6)):
        where = _somewhere(random)
        subject, value = random.choice(SUBJECTS), random.choice(VALUES)
        if any((there, of) == (where, subject) for there, of, _ in rules.marks):
            continue
        state = random.choice(("accepted", "accepted", "suggested", "rejected"))
        town.mark(where, subject, value, state=state)
        if subject != "classification" or state == "accepted":
            rules.marks.add((where, subject, value))
    for number in range(random.randint(0, 4)):
        collection = random.choice(("root", "outer", "inner", "other"))
        readers = tuple(random.sample([*PEOPLE, *GROUPS], random.randint(0, 2)))
        subject = random.choice((*SUBJECTS, "asset"))
        about: Any = _somewhere(random) if subject == "asset" else random.choice(VALUES)
        town.policy(f"p{number}", collection, subject, _named(town, about), *readers)
        rules.policies.append((collection, subject, about, readers))
    return rules


def _somewhere(random: Random) -> tuple[str, ...]:
    table = random.choice(TABLES)
    return table if random.random() < 0.25 else (*table, random.choice(COLUMNS))


def _named(town: Town, value: str | tuple[str, ...]) -> str:
    if isinstance(value, str):
        # In other letters' case, and with blanks around.
        return f" {value.upper()} "
    return "#".join([town.app.table_name(value[0], value[1]), *value[2:]])


class Ways:
    """Somebody's ways to one table."""

    def __init__(self, town: Town, client: TestClient, person: str, table: tuple[str, str]) -> None:
        self.app, self.client, self.actor = town.app, client, town.people[person]
        self.dataflow, self.entity = table
        self.answers: list[bytes] = []

    def get(self, path: str, **query: str | int) -> Any:
        answer = self.client.get(path, params=query)
        self.answers.append(answer.content)
        return answer

    def of_rows(self) -> list[list[str] | None]:
        """The columns by each way of reading rows; None where there is no table."""
        table = f"/api/tables/{self.dataflow}/{self.entity}"
        return [
            self.listed(),
            self.shown(self.get(table), lambda answer: [c["name"] for c in answer.json()["schema"]]),
            self.shown(self.get(f"{table}/rows"), lambda answer: answer.json()["columns"]),
            self.shown(self.get(f"{table}/rows", version=0), lambda answer: answer.json()["columns"]),
            self.shown(self.get(f"{table}/download", format="csv"), lambda a: a.text.split("\r\n")[0].split(",")),
            self.shown(
                self.get(f"{table}/download", format="parquet"),
                lambda answer: pq.read_table(io.BytesIO(answer.content)).column_names,
            ),
            self.shown(
                self.get(f"{table}/download", format="arrow"),
                lambda answer: pa.ipc.open_stream(answer.content).read_all().column_names,
            ),
            self.odata(),
            self.odata("$orderby", "id desc", "id"),
            self.odata("$filter", "contains(id,'canary')", "id"),
            self.odata("$search", "canary"),
            self.sql(f"select * from {self.dataflow}.{self.entity}"),
            self.sql(f"with a as (from {self.dataflow}.{self.entity}) select * from a limit 2"),
            self.linked(),
            self.columns_asked(),
        ]

    def listed(self) -> list[str] | None:
        for table in self.app.tables.list(self.actor):
            if (table.dataflow, table.entity) == (self.dataflow, self.entity):
                return [column["name"] for column in table.columns]
        return None

    def columns_asked(self) -> list[str] | None:
        try:
            scope = self.app.tables.get(self.actor, self.dataflow, self.entity).scope_id
        except NotFoundError:
            return None
        ref = TableRef(self.app.table_name(self.dataflow, self.entity), scope)
        with self.app.database.read() as connection:
            return readable_columns(connection, self.actor, ref, COLUMNS)

    def odata(self, option: str = "", value: str = "", needs: str = "") -> list[str] | None:
        """The properties of an entity; of a query over a column that is kept back, what it would be without it."""
        visible = self.listed()
        query = {option: value} if option else {}
        if needs and visible is not None and needs not in visible:
            refused = self.get(f"/odata/{self.dataflow}/{self.entity}", **query)
            never = self.get(f"/odata/{self.dataflow}/{self.entity}", **{option: value.replace(needs, "never")})
            assert refused.status_code == never.status_code == 400
            told, expected = refused.json()["error"], never.json()["error"]
            assert told["code"] == expected["code"]
            assert told["message"].replace(f"'{needs}'", "'never'") == expected["message"]
            return visible
        answer = self.get(f"/odata/{self.dataflow}/{self.entity}", **query)
        return self.shown(answer, lambda found: list(found.json()["value"][0]))

    def metadata(self) -> str:
        return str(self.get(f"/odata/{self.dataflow}/$metadata").text)

    def sql(self, statement: str) -> list[str] | None:
        answer = self.client.post("/api/sql", json={"statement": statement})
        self.answers.append(answer.content)
        return self.shown(answer, lambda found: [column["name"] for column in found.json()["columns"]])

    def linked(self) -> list[str] | None:
        try:
            scan = LinkedTables(self.app.database, self.actor).scan("t", LinkedEntity(self.dataflow, self.entity))
        except NotFoundError:
            return None
        read = PlanTable(scan, Session()).reader().read_all()
        self.answers.append(str(read.to_pylist()).encode())
        return [column.name for column in scan.columns]

    @staticmethod
    def shown(answer: Any, read: Any) -> list[str] | None:
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        found: list[str] = [name for name in read(answer) if not name.startswith("@")]
        return found


def check(town: Town, rules: Rules, person: str) -> None:
    with client_of(town, person) as client:
        for table in TABLES:
            hidden = rules.hidden(person, *table)
            expected = [column for column in COLUMNS if column not in hidden]
            ways = Ways(town, client, person, table)
            found = ways.of_rows()
            whole = not expected
            assert found == [None if whole else expected] * len(found), (person, table)
            told = b"".join(ways.answers)
            for column in COLUMNS:
                assert (canary(table[1], column).encode() in told) == (column not in hidden)
            probes(ways, table, hidden)
            metadata = ways.metadata()
            assert (f'EntityType Name="{table[1]}"' in metadata) == (not whole)
            of_type = metadata.partition(f'EntityType Name="{table[1]}"')[2].partition("</EntityType>")[0]
            assert [c for c in COLUMNS if f'Property Name="{c}"' in of_type] == ([] if whole else expected)


def probes(ways: Ways, table: tuple[str, str], hidden: set[str]) -> None:
    """A column that is kept back answers like one that there never was."""
    source = f"{table[0]}.{table[1]}"
    for column in sorted(hidden):
        for statement in (
            "select {} from " + source,
            "select count(*) from " + source + " where {} like 'canary%'",
            "select 1 from " + source + " order by {}",
            "select max(t.{}) from " + source + " as t",
        ):
            asked, never = (
                ways.client.post("/api/sql", json={"statement": statement.format(name)}) for name in (column, "never")
            )
            assert asked.status_code == never.status_code in {400, 404}
            assert canary(table[1], column) not in asked.text
        for option in ("$select", "$orderby"):
            assert ways.get(f"/odata/{table[0]}/{table[1]}", **{option: column}).status_code in {400, 404}


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_every_way_gives_what_the_policies_leave(built_town: Town, seed: int) -> None:
    rules = draw(built_town, Random(seed))
    for person in PEOPLE:
        check(built_town, rules, person)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_subject_is_held_at_once_and_let_go_at_once(town: Town, subject: str) -> None:
    town.mark(("staff", "people", "email"), subject, "Personal")
    ways = Ways(town, client_of(town, "bob"), "bob", ("staff", "people"))
    assert ways.of_rows() == [list(COLUMNS)] * 15
    town.policy("p", "outer", subject, "personal", "ann")
    assert ways.of_rows() == [["id", "name", "salary"]] * 15
    assert Ways(town, client_of(town, "ann"), "ann", ("staff", "people")).of_rows() == [list(COLUMNS)] * 15
    town.forget()
    assert ways.of_rows() == [list(COLUMNS)] * 15
