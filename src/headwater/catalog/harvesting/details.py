"""The second part of a scan: what only reading each version tells, its signature, its digest, its columns.

A scan writes versions as pending; this reads them afterwards, several at a time, the newest and those with an alias
first, and writes what it has every few hundred. What is pending is in the catalog alone, so whoever is interrupted goes
on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, select, update

from headwater.access import Action, Actor, require
from headwater.catalog.chunks import chunked
from headwater.catalog.flow.processes import write_processes
from headwater.catalog.harvesting.better_columns import keep_better_columns
from headwater.catalog.harvesting.listing import READERS, Progress
from headwater.catalog.harvesting.records import Records, read
from headwater.catalog.harvesting.stored import FAILED, PENDING
from headwater.catalog.records import AssetRecord, LineageRecord
from headwater.catalog.stored import find_guids
from headwater.catalog.writing import write_assets
from headwater.errors import HeadwaterError, ScanError, UnreachableError
from headwater.store import Database, tables, utc_now
from headwater.workspaces import Connector, ModelVersionInfo, SignatureReader, Source

__all__ = ["DetailsReport", "fetch_details"]

#: How many versions are read between two writes.
BATCH = 200
#: How many warnings a scan keeps; a server that refuses everything says the same thousands of times.
MOST_WARNINGS = 1_000

_asset = tables.assets.c


@dataclass(frozen=True, slots=True)
class DetailsReport:
    """What came of reading versions.

    ``read`` and ``failed`` are how many versions, ``pending`` how many are still to be read, ``warnings`` one error a
    version that could not be.
    """

    read: int
    failed: int
    pending: int
    warnings: Sequence[Mapping[str, Any]]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Version:
    """A version whose signature is to be read."""

    name: str
    label: str
    listed: ModelVersionInfo


@dataclass(slots=True)
class _Result:
    """What was read of one run's versions: records of them, of the run where its data has columns, and failures."""

    assets: list[AssetRecord] = field(default_factory=list)
    jobs: list[LineageRecord] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def __iadd__(self, other: _Result) -> _Result:
        self.assets += other.assets
        self.jobs += other.jobs
        self.warnings += other.warnings
        return self


def fetch_details(
    database: Database,
    actor: Actor,
    source: Source,
    connector: Connector,
    *,
    scan_id: int | None = None,
    most: int | None = None,
    progress: Progress | None = None,
) -> DetailsReport:
    """Read the signatures of the source's versions that are pending, and try again those that failed.

    Args:
        scan_id: the scan whose record says how far this is.
        most: read about so many at most.

    Raises:
        ForbiddenError: ``actor`` may not scan the source.
        ScanError: the workspace does not answer; what was read is written, the rest stays pending.
    """
    started = time.monotonic()
    with database.begin() as connection:
        require(connection, actor, Action.SOURCE_SCAN, source.scope_id)
        groups = _pending(connection, source.id)
    total = sum(len(group) for group in groups)
    wanted = list(_first(groups, most))
    done, failed, warnings = 0, 0, list[dict[str, Any]]()
    try:
        reader = _Reader(connector, source)
        for batch in _batches(wanted):
            result = reader.read(batch)
            done += sum(len(group) for group in batch)
            failed += len(result.warnings)
            warnings += result.warnings
            with database.begin() as connection:
                _write(connection, result)
                _tell(connection, scan_id, {"read": done - failed, "failed": failed, "pending": total - done}, result)
            if progress is not None:
                progress(done, total)
    except UnreachableError as error:
        raise ScanError(
            f"Signatures of '{source.name}' could not be read: {error.message} {total - done} are still pending.",
            place=error.place or source.url,
            hint=error.hint,
        ) from error
    return DetailsReport(done - failed, failed, total - done, warnings, time.monotonic() - started)


class _Reader:
    """Reads versions, the runs behind them as well; threads share it."""

    def __init__(self, connector: Connector, source: Source) -> None:
        self._connector = connector
        self._source = source

    def read(self, groups: Sequence[Sequence[_Version]]) -> _Result:
        """Everything of some runs' versions, several runs at a time."""
        found = _Result()
        with ThreadPoolExecutor(READERS, "details") as pool:
            try:
                for result in pool.map(self._group, groups):
                    found += result
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return found

    def _group(self, versions: Sequence[_Version]) -> _Result:
        result = _Result()
        for version in versions:
            result += self._version(version)
        run_id = versions[0].listed.run_id
        if run_id and "jobs" in self._connector.capabilities:
            result += self._job(run_id, result.assets)
        return result

    def _version(self, version: _Version) -> _Result:
        # What the listing said of it stays as it is: a record without it leaves that alone.
        bare = AssetRecord("ml_model_version", version.name, version.label)
        try:
            found = self._details(version.listed)
        except UnreachableError:
            raise
        except HeadwaterError as error:
            failed = replace(bare, attributes={"signature_state": FAILED})
            return _Result([failed], [], [{**error.to_dict(), "item": version.name}])
        return _Result([read(bare, found.signature, found.digest)])

    def _details(self, listed: ModelVersionInfo) -> ModelVersionInfo:
        if isinstance(self._connector, SignatureReader):
            return self._connector.read_signature(listed)
        return self._connector.get_version(listed.model, listed.version)

    def _job(self, run_id: str, versions: Sequence[AssetRecord]) -> _Result:
        """The run of versions whose columns are known now: its data's columns lead into them."""
        if not any(version.columns for version in versions):
            return _Result()
        try:
            info = self._connector.get_job(run_id)
        except UnreachableError:
            raise
        except HeadwaterError:
            # The scan has said so already.
            return _Result()
        if not any(dataset.schema for dataset in info.inputs):
            return _Result()
        return _Result(jobs=[self._records.job(info, versions)])

    @cached_property
    def _records(self) -> Records:
        return Records(self._source, self._connector.test())


def _pending(connection: Connection, source_id: int) -> list[list[_Version]]:
    """The versions to be read, those of one run together, in the order in which people want them.

    A run that has one is read with all its versions: what is written of it tells of all of them.
    """
    query = select(_asset.qualified_name, _asset.display_name, _asset.attributes).where(
        _asset.source_id == source_id, _asset.type_name == "ml_model_version", _asset.status == "active"
    )
    groups: dict[str, list[tuple[bool, str, _Version]]] = {}
    waiting: set[str] = set()
    for row in connection.execute(query):
        told = row.attributes
        key = told.get("run_id") or row.qualified_name
        version = _Version(row.qualified_name, row.display_name, _listed(told))
        groups.setdefault(key, []).append((bool(told.get("aliases")), told.get("registered_at") or "", version))
        if told.get("signature_state") in {PENDING, FAILED}:
            waiting.add(key)
    turns = sorted((groups[key] for key in waiting), key=lambda group: max(entry[:2] for entry in group), reverse=True)
    return [[version for _, _, version in group] for group in turns]


def _listed(told: Mapping[str, Any]) -> ModelVersionInfo:
    return ModelVersionInfo(
        model=str(told.get("model")),
        version=str(told.get("version")),
        model_id=told.get("model_id"),
        run_id=told.get("run_id"),
        source=str(told.get("source") or ""),
    )


def _first(groups: Iterable[Sequence[_Version]], most: int | None) -> Iterator[Sequence[_Version]]:
    taken = 0
    for group in groups:
        if most is not None and taken >= most:
            return
        taken += len(group)
        yield group


def _batches(groups: Iterable[Sequence[_Version]]) -> Iterator[list[Sequence[_Version]]]:
    batch: list[Sequence[_Version]] = []
    for group in groups:
        batch.append(group)
        if sum(map(len, batch)) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(connection: Connection, result: _Result) -> None:
    """Write what was read, of the versions that are still there under the name they had."""
    now = utc_now()
    present = _present(connection, [record.qualified_name for record in result.assets])
    write_assets(connection, [record for record in result.assets if record.qualified_name in present], now=now)
    # A run that registered nothing is no asset unless it was asked for.
    known = find_guids(connection, [job.process.ref for job in result.jobs])
    jobs = [job for job in result.jobs if job.process.ref in known and _are_present(job, present)]
    write_processes(connection, keep_better_columns(connection, jobs), now=now)


def _are_present(job: LineageRecord, present: set[str]) -> bool:
    return all(isinstance(end, AssetRecord) or end.qualified_name in present for end in job.outputs)


def _present(connection: Connection, versions: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in chunked(versions):
        query = select(_asset.qualified_name).where(
            _asset.type_name == "ml_model_version", _asset.qualified_name.in_(chunk), _asset.status == "active"
        )
        found.update(connection.scalars(query))
    return found


def _tell(connection: Connection, scan_id: int | None, state: Mapping[str, int], result: _Result) -> None:
    """Note in the scan's record how far this is, and what could not be read."""
    if scan_id is None:
        return
    this = tables.scans.c.id == scan_id
    before: list[dict[str, Any]] = connection.scalar(select(tables.scans.c.warnings).where(this)) or []
    values = {"details": {**state, "at": _now()}, "warnings": [*before, *result.warnings][:MOST_WARNINGS]}
    connection.execute(update(tables.scans).where(this).values(**values))


def _now() -> str:
    now: datetime = utc_now()
    return now.isoformat()
