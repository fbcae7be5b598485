"""A home with tables in collections, people and groups: what policies are tried on. Each cell names its column."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Connection, delete, insert, select, update

from headwater.access import SYSTEM, Actor, Via, grant, server_scope
from headwater.access.groups import add_member, create_group
from headwater.access.people import create_user
from headwater.access.policies import NewPolicy, create_policy
from headwater.access.tokens import create_token
from headwater.app.runtime import Headwater
from headwater.store import tables, utc_now

COLUMNS = ("id", "name", "email", "salary")
TABLES = (("staff", "people"), ("staff", "notes"), ("shop", "orders"))
#: Where each dataflow lies, and which collections are above it.
COLLECTIONS = {"staff": ("inner", "outer", "root"), "shop": ("other", "root")}
PEOPLE = ("ann", "bob", "cem")
#: bob is in no group; cem is in ``all`` by way of ``few``.
GROUPS = {"few": {"cem"}, "all": {"ann", "cem"}}


def canary(entity: str, column: str) -> str:
    """What every cell of a column begins with, and nothing else holds."""
    return f"canary-{entity}-{column}-"


def _rows(entity: str) -> str:
    rows = ", ".join(
        "{" + ", ".join([f'"{canary(entity, column)}{row}"' for column in COLUMNS]) + "}" for row in range(3)
    )
    return f"#table(type table [{', '.join(f'{column} = text' for column in COLUMNS)}], {{{rows}}})"


@dataclass
class Town:
    """An opened home, with who is in it."""

    app: Headwater
    people: dict[str, Actor] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    served: FastAPI | None = None

    def principal(self, name: str) -> str:
        """The id of a person or a group."""
        if name in self.groups:
            return self.groups[name]
        found = self.people[name].user_id
        assert found is not None
        return found

    def asset(self, connection: Connection, dataflow: str, entity: str, column: str | None = None) -> int:
        """The number of a table's asset, or of a column's."""
        name = self.app.table_name(dataflow, entity) + ("" if column is None else f"#{column}")
        found: int = connection.execute(
            select(tables.assets.c.id).where(tables.assets.c.qualified_name == name)
        ).scalar_one()
        return found

    def forget(self) -> None:
        """No policies, and nothing that they could go by."""
        with self.app.database.begin() as connection:
            for table in (tables.access_policies, tables.asset_classifications, tables.asset_labels):
                connection.execute(delete(table))
            connection.execute(update(tables.assets).values(sensitivity=None))

    def mark(self, where: tuple[str, ...], subject: str, value: str, *, state: str = "accepted") -> None:
        """Let a table, or a column, carry something."""
        with self.app.database.begin() as connection:
            number = self.asset(connection, *where)
            if subject == "label":
                connection.execute(insert(tables.asset_labels).values(asset_id=number, label=value))
            elif subject == "sensitivity":
                connection.execute(update(tables.assets).where(tables.assets.c.id == number).values(sensitivity=value))
            else:
                said = {"asset_id": number, "type_name": value, "state": state}
                values = said | {"created_at": utc_now(), "created_by": "test"}
                connection.execute(insert(tables.asset_classifications).values(values))

    def policy(self, name: str, collection: str, subject: Any, value: str, *readers: str) -> None:
        """Make a policy; nobody as a reader is meant."""
        scope = self.app.collections.get(SYSTEM, collection).scope_id
        wanted = NewPolicy(
            name,
            scope,
            subject,
            value,
            [self.principal(reader) for reader in readers],
            lock_out=True,
        )
        with self.app.database.begin() as connection:
            create_policy(connection, SYSTEM, wanted, now=utc_now())


def build(app: Headwater, folder: Path) -> Town:
    """Publish the tables, and make the people, who may read them all by their roles."""
    for name, parent in (("outer", "root"), ("inner", "outer"), ("other", "root")):
        app.collections.add(SYSTEM, name, parent=parent)
    for dataflow, (collection, *_) in COLLECTIONS.items():
        publish(app, folder, dataflow, collection, {e: _rows(e) for d, e in TABLES if d == dataflow})
    town = Town(app)
    with app.database.begin() as connection:
        now, server = utc_now(), server_scope(connection)
        for name in PEOPLE:
            user = create_user(connection, name, by=SYSTEM, now=now)
            grant(connection, SYSTEM, user.id, "Dataflow refresher", server, now=now)
            town.people[name] = Actor(user.id, name, Via.SESSION)
            town.tokens[name] = create_token(connection, user.id, "test", by=SYSTEM, now=now).token
        for name in GROUPS:
            town.groups[name] = create_group(connection, name, by=SYSTEM, now=now).id
        for group, member in (("few", "cem"), ("all", "ann"), ("all", "few")):
            add_member(connection, town.groups[group], town.principal(member), by=SYSTEM, now=now)
    return town


def publish(
    app: Headwater, folder: Path, dataflow: str, collection: str, queries: dict[str, str], settings: str = ""
) -> None:
    """Save a dataflow and refresh it."""
    own = folder / dataflow
    own.mkdir(parents=True, exist_ok=True)
    load = ", ".join(f'"{name}"' for name in queries)
    (own / "dataflow.toml").write_text(f'[dataflow]\nname = "{dataflow}"\nload = [{load}]\n{settings}', "utf-8")
    for name, text in queries.items():
        (own / f"{name}.pq").write_text(text, "utf-8")
    app.apply(SYSTEM, own, collection=collection)
    app.refresh(SYSTEM, dataflow)
