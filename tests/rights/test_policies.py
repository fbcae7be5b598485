"""Who sees and writes policies and links to tables, against the oracle of who may what."""

from __future__ import annotations

from random import Random
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from tests.rights.estate import Estate
from tests.rights.test_oracle import MakeUrl, estate_of, make_url

from headwater.access import SYSTEM, Action, Actor, Via
from headwater.access.policies import NewPolicy, create_policy
from headwater.app.policies import Policies
from headwater.app.reading import TableReader
from headwater.app.sharing import Shares, SharingSettings
from headwater.dataflows import PublishedTables
from headwater.errors import ConflictError, ForbiddenError, NotFoundError
from headwater.store import Database, tables, utc_now

__all__ = ["make_url"]


def lay_out(database: Database, estate: Estate, random: Random) -> dict[str, tuple[str, str]]:
    """A policy for each collection, which holds for nothing, and a link to each table; ids to tables."""
    links: dict[str, tuple[str, str]] = {}
    with database.begin() as connection:
        users = list(connection.scalars(select(tables.users.c.id).order_by(tables.users.c.id)))
        for name, scope in estate.collections.items():
            create_policy(connection, SYSTEM, NewPolicy(name, scope, "label", "never", lock_out=True), now=utc_now())
        for dataflow, entity in estate.published:
            flow = select(tables.dataflows.c.id).where(tables.dataflows.c.name == dataflow).scalar_subquery()
            link = str(uuid4())
            values = {"id": link, "token_hash": link, "prefix": "hwp_", "name": "x", "dataflow_id": flow}
            more = {"entity": entity, "sharer_id": random.choice(users), "first_version": 0}
            moments = {"created_at": utc_now(), "expires_at": utc_now()}
            connection.execute(insert(tables.table_shares).values(values | more | moments))
            links[link] = dataflow, entity
    return links


def check_policies(database: Database, estate: Estate, actor: Actor, scopes: dict[Action, set[int]]) -> None:
    policies = Policies(database)
    seen = {name for name, scope in estate.collections.items() if scope in scopes[Action.ROLES_READ]}
    assert {policy.name for policy in policies.list(actor)} == seen
    for name, scope in estate.collections.items():
        if name not in seen:
            with pytest.raises(NotFoundError):
                policies.change(actor, name, description="x")
        elif scope not in scopes[Action.ROLES_ASSIGN]:
            with pytest.raises(ForbiddenError):
                policies.change(actor, name, description="x")
        else:
            assert policies.change(actor, name, description="x").description == "x"


def check_links(
    database: Database, estate: Estate, actor: Actor, scopes: dict[Action, set[int]], links: dict[str, tuple[str, str]]
) -> None:
    published = PublishedTables(database)
    reader = TableReader(database, published, None)  # type: ignore[arg-type]  # nothing is read
    shares = Shares(database, published, reader, SharingSettings())
    with database.read() as connection:
        rows = connection.execute(select(tables.table_shares.c.id, tables.table_shares.c.sharer_id)).all()
    own = {row.id for row in rows if row.sharer_id == actor.user_id}
    read = scopes[Action.ROLES_READ]
    by_role = {
        link
        for link, (flow, entity) in links.items()
        if {estate.dataflows[flow], estate.published[flow, entity]} & read
    }
    assert {share.id for share in shares.list(actor)} == own | by_role
    for flow, entity in estate.published:
        may = {Action.TABLE_READ, Action.ASSET_SHARE}
        missing = [action for action in may if estate.published[flow, entity] not in scopes[action]]
        if not missing:
            assert shares.create(actor, flow, entity, name="x", days=1).info.sharer_id == actor.user_id
            continue
        with pytest.raises((NotFoundError, ForbiddenError)):
            shares.create(actor, flow, entity, name="x", days=1)


@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_policies_and_links_are_seen_and_written_by_whoever_may(make_url: MakeUrl, seed: int) -> None:
    with estate_of(make_url, seed) as (database, estate):
        links = lay_out(database, estate, Random(seed))
        for who in estate.people[:3]:
            scopes = {action: set(estate.world.scopes_of(who, action)) for action in Action}
            actor = Actor(who, who, Via.SESSION)
            check_policies(database, estate, actor, scopes)
            check_links(database, estate, actor, scopes, links)
            with database.begin() as connection:
                connection.execute(tables.table_shares.delete().where(tables.table_shares.c.id.not_in(list(links))))


def test_a_policy_of_a_name_is_one(make_url: MakeUrl) -> None:
    with estate_of(make_url, 1) as (database, estate), database.begin() as connection:
        wanted = NewPolicy("p", estate.collections["root"], "label", "x", lock_out=True)
        create_policy(connection, SYSTEM, wanted, now=utc_now())
        with pytest.raises(ConflictError):
            create_policy(connection, SYSTEM, wanted, now=utc_now())
