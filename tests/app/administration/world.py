"""A small installation: a source with models, a dataflow with a table, and people with all sorts of rights.

::

    /  (server)                    ann is Owner; mia may manage people, and give no roles
    └── collection root
        ├── collection risk        eve is Reader; rob may give roles; max may read the audit log
        │   └── workspace lab      model churn, model fraud
        └── dataflow sales         table orders
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select

from headwater.access import SYSTEM, Actor, ScopeKind, Via, add_scope, install
from headwater.access.people import User
from headwater.app.administration import Access, Audit, Groups, People, Tokens
from headwater.store import Database, tables, utc_now

PASSWORD = "a long walk on the beach"

ROLES = {
    "People manager": ("people.*",),
    "Role giver": ("roles.read", "roles.assign"),
    "Auditor": ("audit.read",),
}
GIVEN = (
    ("ann", "Owner", "server"),
    ("mia", "People manager", "server"),
    ("eve", "Reader", "collection:risk"),
    ("rob", "Role giver", "collection:risk"),
    ("max", "Auditor", "collection:risk"),
)


class World:
    """The installation and its services."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.people = People(database)
        self.groups = Groups(database)
        self.tokens = Tokens(database)
        self.access = Access(database)
        self.audit = Audit(database)
        self._numbers = count(1)
        with database.begin() as connection:
            install(connection, now=utc_now())
            _fill(connection)
        for name, actions in ROLES.items():
            self.access.roles.create(SYSTEM, name, actions=actions)
        self.users = {name: self.people.create(SYSTEM, name) for name in ("ann", "mia", "eve", "rob", "max", "sam")}
        for who, role, scope in GIVEN:
            self.access.grant(SYSTEM, who, role, scope)

    def actor(self, name: str) -> Actor:
        """Somebody, signed in."""
        return signed_in(self.users[name])

    def everybody(self) -> dict[str, Actor]:
        """All sorts of those who may ask: ``sam`` has no role, ``narrow`` and ``scoped`` are tokens of ann's."""
        ann = self.actor("ann")
        return {
            "machine": SYSTEM,
            "administrator": Actor(tables.BUILT_IN_ADMINISTRATOR, "built-in", Via.ADMINISTRATOR_TOKEN),
            **{name: self.actor(name) for name in self.users},
            "narrow": replace(ann, via=Via.TOKEN, actions=frozenset({"model.*"})),
            "scoped": replace(ann, via=Via.TOKEN, scope_id=self.scope_id("collection:risk")),
        }

    def new_user(self, *, role: str | None = None, scope: str = "server") -> User:
        """Somebody new, perhaps with a role."""
        user = self.people.create(SYSTEM, f"user{next(self._numbers)}")
        if role is not None:
            self.access.grant(SYSTEM, user.name, role, scope)
        return user

    def new_group(self, *members: str, role: str | None = None, scope: str = "server") -> str:
        """A new group's id."""
        group = self.groups.create(SYSTEM, f"group {next(self._numbers)}")
        for member in members:
            self.groups.add_member(SYSTEM, group.id, member)
        if role is not None:
            self.access.grant(SYSTEM, group.id, role, scope)
        return group.id

    def new_name(self) -> str:
        """A name that nothing has."""
        return f"name{next(self._numbers)}"

    def scope_id(self, text: str) -> int:
        """The id of a scope."""
        from headwater.app.administration.scopes import resolve

        with self.database.read() as connection:
            return resolve(connection, SYSTEM, text).id

    def recorded(self, event: str) -> list[Any]:
        """The events of a kind, the newest first."""
        events = tables.audit_events
        with self.database.read() as connection:
            query = select(events).where(events.c.event == event).order_by(events.c.id.desc())
            return list(connection.execute(query))

    @contextmanager
    def inside(self) -> Iterator[Connection]:
        """A transaction, for what no service does."""
        with self.database.begin() as connection:
            yield connection


def signed_in(user: User) -> Actor:
    """A user with a session."""
    return Actor(user.id, user.name, Via.SESSION, credential_id=str(uuid4()), address="127.0.0.1")


def _fill(connection: Connection) -> None:
    collections = tables.collections
    root = connection.execute(select(collections).where(collections.c.name == tables.ROOT_COLLECTION)).one()
    risk = add_scope(connection, ScopeKind.COLLECTION, "risk", root.scope_id)
    values = {"name": "risk", "display_name": "Risk", "parent_id": root.id, "scope_id": risk.id}
    risk_id = connection.execute(insert(collections).values(values).returning(collections.c.id)).scalar_one()
    lab = add_scope(connection, ScopeKind.WORKSPACE, "lab", risk.id)
    connection.execute(
        insert(tables.sources).values(
            name="lab", display_name="The lab", kind="mlflow", url="http://127.0.0.1:9", collection_id=risk_id,
            settings={}, created_at=utc_now(), scope_id=lab.id,
        )
    )  # fmt: skip
    for model in ("churn", "fraud"):
        add_scope(connection, ScopeKind.MODEL, model, lab.id)
    for place, name in ((root.scope_id, "warehouse"), (risk.id, "warehouse"), (root.scope_id, "files")):
        add_scope(connection, ScopeKind.CONNECTION, name, place)
    add_scope(connection, ScopeKind.SCORING_SERVICE, "scores", root.scope_id)
    add_scope(connection, ScopeKind.SUBSCRIPTION, "0001", root.scope_id)
    _fill_dataflow(connection, root.id, root.scope_id)


def _fill_dataflow(connection: Connection, collection_id: int, above: int) -> None:
    now = utc_now()
    sales = add_scope(connection, ScopeKind.DATAFLOW, "sales", above)
    orders = add_scope(connection, ScopeKind.PUBLISHED_TABLE, "orders", sales.id)
    flows = tables.dataflows
    values = {"name": "sales", "created_at": now, "current_version": 1, "collection_id": collection_id}
    made = insert(flows).values(values | {"scope_id": sales.id}).returning(flows.c.id)
    flow_id = connection.execute(made).scalar_one()
    refresh = str(uuid4())
    connection.execute(
        insert(tables.refreshes).values(
            id=refresh, dataflow_id=flow_id, status="succeeded", trigger="manual", started_at=now
        )
    )
    connection.execute(
        insert(tables.published_tables).values(
            dataflow_id=flow_id, entity="orders", path="/none", delta_version=0, rows=1, schema=[],
            refresh_id=refresh, published_at=now, scope_id=orders.id,
        )
    )  # fmt: skip
