"""What a scan of data brings in: from data assets, as a source lists them, to records. It calls nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from headwater.catalog import names
from headwater.catalog.records import AssetRecord, AssetRef, ColumnRecord
from headwater.catalog.scans.native_types import published_data_type
from headwater.errors import ScanError
from headwater.workspaces import DataAssetInfo

__all__ = ["DataHarvest", "data_columns", "data_records"]


@dataclass(frozen=True, slots=True)
class DataHarvest:
    """What was found of data: ``assets``, each after what holds it, and one warning for each that could not be read."""

    assets: tuple[AssetRecord, ...]
    warnings: tuple[Mapping[str, Any], ...]


def data_records(
    found: Iterable[DataAssetInfo], *, collection: str | None = None, source_id: int | None = None
) -> DataHarvest:
    """The records of what a source listed.

    Args:
        found: what it listed; several of one name (a place that is registered twice) become one record.
        collection: where new assets go.
        source_id: the source whose scans own them, and find them missing; None where the source only has them
            registered, and others may, too.
    """
    by_name: dict[str, list[DataAssetInfo]] = {}
    for info in map(_storable, found):
        by_name.setdefault(info.qualified_name, []).append(info)
    assets: dict[str, AssetRecord] = {}
    for name, seen in by_name.items():
        assets[name] = _record(seen, by_name, collection, source_id)
    for seen in by_name.values():
        for part in _parts(seen, collection, source_id):
            assets.setdefault(part.qualified_name, part)
    warnings = [_warning(info) for seen in by_name.values() for info in seen if info.problem]
    return DataHarvest(tuple(_holders_first(assets)), tuple(warnings))


def data_columns(info: DataAssetInfo) -> tuple[ColumnRecord, ...] | None:
    """The columns of a data asset, in order; None where nobody looked.

    >>> info = DataAssetInfo("file:///a.csv", "a.csv", "file", "local", columns=(("id", "int64"),), primary_key=("id",))
    >>> data_columns(info)
    (ColumnRecord(name='id', type='int64', attributes={'native_type': 'int64', 'is_key': True}),)
    """
    if info.columns is None:
        return None
    return tuple(
        ColumnRecord(name, published_data_type(native), _column_attributes(info, name, native))
        for name, native in info.columns
    )


def _storable(info: DataAssetInfo) -> DataAssetInfo:
    """A data asset without what no database keeps: a file may have any name, and a column, too."""
    return replace(info, **{each.name: _kept(getattr(info, each.name)) for each in fields(info)})


def _kept(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode().replace("\0", "\ufffd")
    if isinstance(value, tuple):
        return tuple(map(_kept, value))
    if isinstance(value, Mapping):
        return {_kept(name): _kept(each) for name, each in value.items()}
    return value


def _column_attributes(info: DataAssetInfo, name: str, native: str) -> dict[str, Any]:
    told: dict[str, Any] = {"native_type": native}
    if name in info.primary_key:
        told["is_key"] = True
    if name in info.partition_columns:
        told["is_partition"] = True
    if name in info.column_descriptions:
        told["description"] = info.column_descriptions[name]
    return told


def _record(
    seen: list[DataAssetInfo], known: Mapping[str, object], collection: str | None, source_id: int | None
) -> AssetRecord:
    """One record of all that is registered at one place; what is in use speaks for it, and the latest of that."""
    info = max(seen, key=lambda one: (not one.archived, not one.problem, one.updated_at is not None))
    label = names.display_name(info.qualified_name)
    parent = info.parent if info.parent in known and info.parent != info.qualified_name else None
    return AssetRecord(
        "dataset",
        info.qualified_name,
        # As whoever else sees it calls it, or each of them would rename it; what the source calls it stands beside.
        label,
        _attributes(info) | _shared(seen, label),
        data_columns(info),
        collection,
        AssetRef("dataset", parent) if parent else None,
        source_id,
    )


def _attributes(info: DataAssetInfo) -> dict[str, Any]:
    told = {
        "source_type": info.source_type,
        "kind": info.kind,
        "description": info.description,
        "tags": info.tags,
        "version": info.version,
        "rows": info.rows,
        "size": info.size,
        "changed_at": info.updated_at,
        "primary_key": info.primary_key,
        "partition_columns": info.partition_columns,
    }
    return told | ({"digests": [info.digest]} if info.digest else {})


def _shared(seen: list[DataAssetInfo], label: str) -> dict[str, Any]:
    """What all that is registered at one place has together."""
    return {
        "registered_as": sorted({info.display_name for info in seen} - {label}),
        "aliases": list(dict.fromkeys(alias for info in seen for alias in info.aliases)),
        "archived": all(info.archived for info in seen),
    }


def _parts(seen: list[DataAssetInfo], collection: str | None, source_id: int | None) -> Iterator[AssetRecord]:
    """What data assets name as their parts, of which no more than the name is known."""
    for info in seen:
        for part in info.parts:
            if part != info.qualified_name:
                whole = AssetRef("dataset", info.qualified_name)
                label = names.display_name(part)
                yield AssetRecord("dataset", part, label, {}, None, collection, whole, source_id)


def _holders_first(assets: Mapping[str, AssetRecord]) -> list[AssetRecord]:
    """The records in an order in which a parent comes before what it holds; a circle has no such order."""
    placed: dict[str, AssetRecord] = {}
    for name in assets:
        chain: list[AssetRecord] = []
        above: str | None = name
        while above is not None and above not in placed and assets[above] not in chain:
            chain.append(assets[above])
            parent = chain[-1].parent
            above = parent.qualified_name if parent is not None else None
        for record in reversed(chain):
            placed[record.qualified_name] = record
    return list(placed.values())


def _warning(info: DataAssetInfo) -> dict[str, Any]:
    error = ScanError(
        info.problem,
        code="scan.item",
        place=info.qualified_name,
        hint="What is known of it is kept. Correct it where it lies, or have it made readable, and scan again.",
    )
    return {**error.to_dict(), "item": info.qualified_name}
