"""Live view: what an asset's workspace says of it now, beside what the catalog has. Nothing of it is stored."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import select

from headwater.access import SYSTEM, Actor
from headwater.catalog import Asset, AssetRecord, AssetService, ColumnRecord
from headwater.catalog.harvesting.records import Records, read
from headwater.catalog.plain import plain
from headwater.catalog.scans.data_harvest import data_records
from headwater.errors import ConflictError, NotFoundError, UnreachableError, UsageError
from headwater.store import Database, tables, utc_now
from headwater.workspaces import Connector, Source, SourceService
from headwater.workspaces.naming import endpoint_name, model_name
from headwater.workspaces.registry import holds_models

__all__ = ["LONGEST_SECONDS", "Difference", "LiveAsset", "LiveView"]

LONGEST_SECONDS: Final = 60.0
#: How many workspaces are asked at a time by one process.
_AT_A_TIME: Final = 8
_PURPOSE: Final = "live view"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is another now than the catalog has it; None: it is not there."""

    field: str
    stored: Any
    live: Any


@dataclass(frozen=True, slots=True)
class LiveAsset:
    """An asset as its workspace has it at this moment.

    Attributes:
        guid: the asset's.
        source: which source was asked.
        credential: whose credential was used: ``service`` or ``personal``.
        fetched_at: when.
        found: whether the workspace still has it, as far as that credential sees.
        attributes: what it says.
        columns: its columns, where it states any.
        differences: what the catalog has otherwise.
    """

    guid: str
    source: str
    credential: str
    fetched_at: datetime
    found: bool
    attributes: Mapping[str, Any]
    columns: tuple[ColumnRecord, ...]
    differences: tuple[Difference, ...]


class LiveView:
    """Asks workspaces for single assets.

    Args:
        database: the metadata database.
        assets: finds what somebody may see.
        sources: the registered sources.
    """

    def __init__(self, database: Database, assets: AssetService, sources: SourceService) -> None:
        self._database = database
        self._assets = assets
        self._sources = sources
        self._slots = threading.BoundedSemaphore(_AT_A_TIME)

    def look(self, actor: Actor, guid: str, *, seconds: float = 20.0) -> LiveAsset:
        """What an asset is now, asked with the credential that its source is used with by ``actor``.

        Args:
            actor: who asks: they may see the asset and its source. Where the source is used with personal
                credentials, theirs is taken, and the workspace decides what it shows them.
            guid: the asset's.
            seconds: how long it may take.

        Raises:
            NotFoundError: there is no such asset, or none that may be seen with its source.
            UsageError: assets of this type lie in no workspace, or there is no personal credential.
            UnreachableError: it took too long (``live.seconds``), or nobody answered.
            ConflictError: too many are being looked at (``live.busy``).
            NetworkError, WorkspaceError: the workspace refused, or answered what cannot be used.
        """
        if not 0 < seconds <= LONGEST_SECONDS:
            raise UsageError(f"A live view takes at most {LONGEST_SECONDS:g} seconds.", hint="Give it less time.")
        asset = self._assets.get(actor, guid)
        source = self._source_of(actor, asset)
        deadline = time.monotonic() + seconds
        record = self._within(seconds, lambda: self._record(actor, source, asset, deadline))
        return _compared(asset, record, source)

    def _source_of(self, actor: Actor, asset: Asset) -> Source:
        """The source that an asset lies in, where the actor may know of it."""
        known, sources = tables.assets.c, tables.sources.c
        workspaces = (
            select(known.qualified_name, sources.name)
            .join(tables.sources, sources.id == known.source_id)
            .where(known.type_name == "ml_workspace")
        )
        own = select(sources.name).join(tables.assets, known.source_id == sources.id).where(known.guid == asset.guid)
        with self._database.read() as connection:
            name = connection.scalar(own)
            if name is None and asset.type_name in _READERS:
                around = connection.execute(workspaces).all()
                name = next((row.name for row in around if asset.qualified_name.startswith(f"{row[0]}/")), None)
        if name is None:
            raise UsageError(
                "This asset lies in no workspace that could be asked.",
                code="live.source",
                hint="Models, versions, runs, endpoints and scanned data have a live view.",
            )
        return self._sources.get(actor, name)

    def _record(self, actor: Actor, source: Source, asset: Asset, deadline: float) -> AssetRecord | None:
        try:
            if not holds_models(source.kind):
                return self._of_data(actor, source, asset, deadline)
            # That they may see the asset and the source was checked; whose credential it is stays theirs.
            with self._sources.connect(SYSTEM, source.name, purpose=_PURPOSE, credential_of=actor) as connector:
                reader = _READERS.get(asset.type_name)
                if reader is None:
                    raise UsageError("Assets of this type have no live view.", code="live.type", hint="Scan instead.")
                return reader(connector, Records(source, connector.test()), asset, deadline)
        except NotFoundError:
            return None

    def _of_data(self, actor: Actor, source: Source, asset: Asset, deadline: float) -> AssetRecord | None:
        with self._sources.connect_data(SYSTEM, source.name, purpose=_PURPOSE, credential_of=actor) as place:
            for info in _before(deadline, place.list_data_assets()):
                if info.qualified_name == asset.qualified_name:
                    return data_records([info], source_id=source.id).assets[-1]
        return None

    def _within(self, seconds: float, ask: Callable[[], T]) -> T:
        """What ``ask`` gives, unless it takes longer; it then ends by itself, at the workspace's next answer."""
        if not self._slots.acquire(blocking=False):
            raise ConflictError("Too many live views are under way.", code="live.busy", hint="Try again in a moment.")
        outcome: list[T | BaseException] = []

        def run() -> None:
            try:
                outcome.append(ask())
            except BaseException as error:  # noqa: BLE001 -- it is raised in the thread that asked
                outcome.append(error)
            finally:
                self._slots.release()

        thread = threading.Thread(target=run, name="live view", daemon=True)
        thread.start()
        thread.join(seconds)
        if not outcome:
            raise _too_long()
        found = outcome[0]
        if isinstance(found, BaseException):
            raise found
        return found


def _model(connector: Connector, records: Records, asset: Asset, deadline: float) -> AssetRecord | None:
    for info in _before(deadline, connector.list_models()):
        if model_name(records.home, info.name) == asset.qualified_name:
            return records.model(info)
    return None


def _version(connector: Connector, records: Records, asset: Asset, _deadline: float) -> AssetRecord | None:
    model, version = asset.attributes.get("model"), asset.attributes.get("version")
    if not model or not version:
        return None
    info = connector.get_version(str(model), str(version))
    return read(records.version(info, ()), info.signature, info.digest)


def _job(connector: Connector, records: Records, asset: Asset, _deadline: float) -> AssetRecord | None:
    run_id = asset.attributes.get("run_id")
    if not run_id:
        return None
    process = records.job(connector.get_job(str(run_id)), ()).process
    assert isinstance(process, AssetRecord), "a run is written as it was read"
    return process


def _endpoint(connector: Connector, records: Records, asset: Asset, deadline: float) -> AssetRecord | None:
    for info in _before(deadline, connector.list_endpoints()):
        name = endpoint_name(records.home, info.name)
        if asset.qualified_name == name or asset.qualified_name.startswith((f"{name}/", f"{name}@", f"{name}#")):
            attributes = {
                "url": info.url,
                "state": info.state,
                "description": info.description,
                "tags": dict(info.tags),
                "deployments": {one.name: one.traffic for one in info.deployments},
            }
            return AssetRecord("ml_endpoint", asset.qualified_name, info.name, attributes)
    return None


def _workspace(_connector: Connector, records: Records, _asset: Asset, _deadline: float) -> AssetRecord | None:
    return records.workspace()


_READERS: Final[Mapping[str, Callable[[Connector, Records, Asset, float], AssetRecord | None]]] = {
    "ml_workspace": _workspace,
    "ml_model": _model,
    "ml_model_version": _version,
    "ml_job": _job,
    "ml_endpoint": _endpoint,
}


def _before(deadline: float, listed: Iterable[T]) -> Iterator[T]:
    """A listing that ends in an error once the time is up."""
    for item in listed:
        if time.monotonic() > deadline:
            raise _too_long()
        yield item


def _too_long() -> UnreachableError:
    return UnreachableError(
        "The workspace did not answer in time.", code="live.seconds", hint="Try again, or scan the source."
    )


def _compared(asset: Asset, record: AssetRecord | None, source: Source) -> LiveAsset:
    attributes: dict[str, Any] = {} if record is None else plain(dict(record.attributes))
    columns = () if record is None or record.columns is None else tuple(record.columns)
    found = record is not None
    differences = list(_differences(asset, attributes))
    if record is None:
        differences = [Difference("found", True, False)] if asset.status == "active" else []
    elif asset.status != "active":
        differences.insert(0, Difference("found", False, True))
    if record is not None and record.columns is not None:
        differences += _column_differences(asset.columns, columns)
    return LiveAsset(
        asset.guid, source.name, source.credential_mode, utc_now(), found, attributes, columns, tuple(differences)
    )


def _differences(asset: Asset, live: Mapping[str, Any]) -> Iterator[Difference]:
    for name, value in live.items():
        stored = plain(asset.attributes.get(name))
        # What is empty and what is not stated are one and the same to who looks.
        if stored != value and not (_is_empty(stored) and _is_empty(value)):
            yield Difference(name, stored, value)


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _column_differences(stored: Iterable[ColumnRecord], live: Iterable[ColumnRecord]) -> Iterator[Difference]:
    before = {column.name: column.type for column in stored}
    now = {column.name: column.type for column in live}
    for name in [*before, *(name for name in now if name not in before)]:
        if before.get(name) != now.get(name):
            yield Difference(f"column {name}", before.get(name), now.get(name))
