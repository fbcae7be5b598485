"""Staging one entity: from its query and what was published before to files that wait to be published."""

from headwater.dataflows.staging.keyed import stage_keyed
from headwater.dataflows.staging.partitions import stage_partitions
from headwater.dataflows.staging.whole import stage_whole
from headwater.dataflows.staging.work import EntityWork, Previous, StagedRows

__all__ = ["EntityWork", "Previous", "StagedRows", "stage_entity"]

_MODES = {"full": stage_whole, "keyed": stage_keyed, "partitioned": stage_partitions}


def stage_entity(work: EntityWork) -> StagedRows:
    """Compute an entity, or what has changed of it, and write its files.

    Raises:
        RefreshError: its columns changed and may not, its keys repeat or are null, it has more rows than it may, or
            its parameters are not there.
        TableError: it cannot be published, or written.
        HeadwaterError: its query failed.
    """
    return _MODES[work.settings.mode](work)
