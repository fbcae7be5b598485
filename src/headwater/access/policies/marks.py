"""What assets carry that a policy can go by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, literal, select, union_all

from headwater.store import tables

__all__ = ["Mark", "folded", "marks"]

#: A subject of policies and a value, as :func:`folded` has it.
Mark = tuple[str, str]

_CHUNK = 500


def folded(subject: str, value: str) -> Mark:
    """A mark in the form in which it is compared.

    People write labels in small and capital letters; a policy that one of them slips through is none. A qualified name
    is exact.

    >>> folded("label", " Secret "), folded("asset", "file:///A")
    (('label', 'secret'), ('asset', 'file:///A'))
    """
    return subject, value if subject == "asset" else value.strip().casefold()


def marks(connection: Connection, asset_ids: Iterable[int]) -> Mapping[int, frozenset[Mark]]:
    """The classifications, labels and sensitivity of these assets, whoever or whatever gave them.

    A suggested classification counts from when somebody accepts it. What a label policy lets flow down lineage counts
    as well, from when it has been worked out.
    """
    found: defaultdict[int, set[Mark]] = defaultdict(set)
    for chunk in _chunks(sorted(set(asset_ids))):
        for asset_id, subject, value in _read(connection, chunk):
            found[asset_id].add(folded(subject, value))
    return {asset_id: frozenset(marks) for asset_id, marks in found.items()}


def _read(connection: Connection, asset_ids: Sequence[int]) -> Iterator[tuple[int, str, str]]:
    classified, labelled, asset = tables.asset_classifications.c, tables.asset_labels.c, tables.assets.c
    inherited = tables.inherited_labels.c
    statement = union_all(
        select(classified.asset_id, literal("classification"), classified.type_name).where(
            classified.asset_id.in_(asset_ids), classified.state == "accepted"
        ),
        select(labelled.asset_id, literal("label"), labelled.label).where(labelled.asset_id.in_(asset_ids)),
        select(asset.id, literal("sensitivity"), asset.sensitivity).where(
            asset.id.in_(asset_ids), asset.sensitivity.is_not(None)
        ),
        select(inherited.asset_id, inherited.kind, inherited.name).where(inherited.asset_id.in_(asset_ids)),
    )
    for row in connection.execute(statement):
        yield row[0], row[1], row[2]


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
