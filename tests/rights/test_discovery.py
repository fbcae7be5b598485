"""Searching and browsing as clients do, against the oracle of who may read what."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.rights.estate import Estate
from tests.rights.test_oracle import MakeUrl, Questions, estate_of, make_url, searched

from headwater.access import Action
from headwater.catalog.browsing import browse_children, browse_collection, browse_collections, browse_sources
from headwater.catalog.discovery.atlas import AtlasSearch
from headwater.catalog.discovery.purview import PurviewSearch
from headwater.catalog.finding import Search
from headwater.store import Database, utc_now

__all__ = ["make_url"]


def check_searches(database: Database, asking: Questions, readable: set[str]) -> None:
    """Every search finds, counts and shows what may be read, and nothing else."""
    search, estate = Search(database, searched(database)), asking.estate
    body: dict[str, Any] = {"keywords": "*", "limit": 1_000, "facets": [{"facet": "entityType", "count": 0}]}
    found = PurviewSearch(database, search).query(asking.actor, body, now=utc_now())
    assert found["@search.count"] == len(readable)
    assert {each["qualifiedName"] for each in found["value"]} == readable
    types = Counter(estate.types[name] for name in readable)
    assert {each["value"]: each["count"] for each in found["@search.facets"]["entityType"]} == types
    atlas = AtlasSearch(database, search)
    basic = atlas.basic(asking.actor, {"limit": 10_000})
    assert {each["attributes"]["qualifiedName"] for each in basic["entities"]} == readable
    assert basic["approximateCount"] == len(readable)
    for kind in set(estate.types.values()):
        counted = atlas.dsl(asking.actor, f"{kind} select count()", None, None)
        wanted = sum(1 for name in readable if estate.types[name] == kind)
        assert counted["attributes"]["values"] == [[wanted]], kind
    listed = atlas.dsl(asking.actor, "Referenceable select qualifiedName", 10_000, 0)
    assert {row[0] for row in listed["attributes"]["values"]} == readable


def check_browsing(database: Database, asking: Questions, readable: set[str]) -> None:
    """From the collections and sources that may be seen, one gets to what may be read there, and nowhere else."""
    estate, actor = asking.estate, asking.actor
    collections = browse_collections(database, actor)
    assert {each.name for each in collections} == asking.seen(estate.collections, Action.COLLECTION_READ)
    sources = browse_sources(database, actor)
    assert {each.name for each in sources} == asking.seen(estate.sources, Action.SOURCE_READ)
    reached: set[str] = set()
    for each in collections:
        level, here = list(browse_collection(database, actor, each.name, limit=1_000).assets), set[str]()
        while level:
            asset = level.pop()
            if asset.type_name != "column" and asset.collection == each.name:
                here.add(asset.qualified_name)
            if asset.has_children:
                level += browse_children(database, actor, asset.guid, limit=1_000).assets
        assert len(here) == each.assets, each.name
        reached |= here
    assert reached <= readable
    assert sum(each.assets for each in collections if each.parent is None) <= sum(e.assets_below for e in collections)


def check(database: Database, estate: Estate, who: str) -> None:
    asking = Questions(database, estate, who)
    readable = asking.seen(estate.assets, Action.ASSET_READ)
    check_searches(database, asking, readable)
    check_browsing(database, asking, readable)


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_clients_are_shown_what_may_be_read(make_url: MakeUrl, seed: int) -> None:
    with estate_of(make_url, seed) as (database, estate):
        for who in estate.people[:3]:
            check(database, estate, who)
