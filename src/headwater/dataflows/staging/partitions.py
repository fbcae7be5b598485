"""x"""

from headwater.dataflows.staging.work import EntityWork, StagedRows


def stage_partitions(work: EntityWork) -> StagedRows:
    """x"""
    raise NotImplementedError
