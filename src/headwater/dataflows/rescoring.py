"""What a new version of a model means for rows that an earlier one scored: the dataflow's policy says.

"all": the newest version scores everything. "never": the version that the last refresh called is called still.
"new_rows": rows that an earlier version scored keep its predictions, and the newest version scores the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from headwater.dataflows.definitions.settings import RescorePolicy
from headwater.models.earlier import EarlierVersions
from headwater.store import Database, tables

__all__ = ["earlier_versions", "versions_called"]

_MARK = "/versions/"


def earlier_versions(
    database: Database, dataflow_id: int, policy: RescorePolicy, *, rescore: bool = False
) -> EarlierVersions:
    """What the versions that earlier refreshes of a dataflow called have to say in the next one.

    Args:
        database: the metadata database.
        dataflow_id: the dataflow.
        policy: its policy.
        rescore: somebody asked for the newest versions, whatever the policy says.
    """
    if policy == "all" or rescore:
        return EarlierVersions()
    called = versions_called(database, dataflow_id)
    if policy == "never":
        return EarlierVersions(called={name: versions[-1] for name, versions in called.items()})
    return EarlierVersions(kept=called)


def versions_called(database: Database, dataflow_id: int) -> Mapping[str, Sequence[str]]:
    """The versions that refreshes which succeeded called by each name, in the order of their last use."""
    refreshes, entities = tables.refreshes.c, tables.refresh_entities.c
    query = (
        select(entities.model_versions)
        .join(tables.refreshes, refreshes.id == entities.refresh_id)
        .where(refreshes.dataflow_id == dataflow_id, refreshes.status == "succeeded")
        .order_by(refreshes.started_at)
    )
    found: dict[str, dict[str, None]] = {}
    with database.read() as connection:
        for versions in connection.scalars(query):
            for name, identity in versions.items():
                _, mark, version = identity.rpartition(_MARK)
                if mark:
                    known = found.setdefault(name, {})
                    known.pop(version, None)
                    known[version] = None
    return {name: tuple(versions) for name, versions in found.items()}
