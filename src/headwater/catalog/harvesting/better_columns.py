"""Columns of a dataset that somebody looked into are better than those that a job logged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from headwater.catalog.harvesting.stored import looked_into
from headwater.catalog.records import AssetRecord, AssetRef, LineageRecord

__all__ = ["keep_better_columns"]


def keep_better_columns(connection: Connection, jobs: Iterable[LineageRecord]) -> list[LineageRecord]:
    """``jobs`` without the columns of datasets that somebody has looked into.

    What a job logged may be the table it made of the data; what a refresh or a scan of the data itself saw is what
    is there.
    """
    jobs = list(jobs)
    logged = {end.ref for job in jobs for end in (*job.inputs, *job.outputs) if isinstance(end, AssetRecord)}
    better = looked_into(connection, {ref for ref in logged if ref.type_name == "dataset"})
    return [
        replace(
            job,
            inputs=tuple(_without(end, better) for end in job.inputs),
            outputs=tuple(_without(end, better) for end in job.outputs),
        )
        for job in jobs
    ]


def _without(end: AssetRecord | AssetRef, better: set[AssetRef]) -> AssetRecord | AssetRef:
    return replace(end, columns=None) if isinstance(end, AssetRecord) and end.ref in better else end
