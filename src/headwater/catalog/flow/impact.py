"""What a change to an asset would hit: everything downstream of it, by distance, with whom to tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Row, select

from headwater.access import Action, Actor, allowed_to
from headwater.access.events import Event
from headwater.catalog.columns import columns_of
from headwater.catalog.flow.lineage import find_root
from headwater.catalog.flow.walking import Flow
from headwater.catalog.numbers import one_of
from headwater.catalog.types import types_of
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["Change", "Contact", "Impact", "ImpactedAsset", "impact"]

#: ``retire``: the asset goes; ``remove_column``: one of its columns goes, or becomes another.
Change: TypeAlias = Literal["retire", "remove_column"]

_asset, _link = tables.assets.c, tables.column_lineage.c
_LATELY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who is to be told; ``kind``: owner, expert …"""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class ImpactedAsset:
    """Something that is hit.

    Attributes:
        distance: how many edges away; the assets and processes next to what changes are at 1.
        columns: those of its columns that are hit; none where all of it is, or nobody knows which.
        contacts: whom to tell: its contacts, or else the owner that its source names.
        readers: who has read it lately, where it is a published table, and whoever asks may read the audit log.
    """

    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    is_process: bool
    distance: int
    columns: tuple[str, ...]
    contacts: tuple[Contact, ...]
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change to ``root`` hits, of what may be seen, the nearest first, then by name; ``counts``: by type."""

    root: str
    change: str
    column: str | None
    assets: tuple[ImpactedAsset, ...]
    counts: Mapping[str, int]


#: Columns of an asset; None: all of it.
_Columns: TypeAlias = frozenset[str] | None
#: What a process passes on: the columns of each asset that it writes; None: all of whatever it writes.
_Passed: TypeAlias = Mapping[int, frozenset[str]] | None


def impact(database: Database, actor: Actor, guid: str, change: Change = "retire", column: str | None = None) -> Impact:
    """What retiring an asset, or changing one of its columns, hits downstream, of what ``actor`` may see.

    A column is followed through what processes say of columns; where a process says nothing of its columns, all that
    it writes is hit.

    Raises:
        NotFoundError: there is no such asset, or no such column of it.
        UsageError: ``change`` is none, or it has a column and needs none, or needs one and has none.
    """
    if change not in {"retire", "remove_column"}:
        raise UsageError(f"'{change}' is no change.", hint="Use retire or remove_column.")
    if (column is None) is not (change == "retire"):
        raise UsageError("A column is named exactly where one is removed.", hint="Use remove_column with a column.")
    with database.read() as connection:
        root, spread = find_root(connection, actor, guid), _Spread(Flow(connection, actor))
        if column is not None and column not in {each.name for each in columns_of(connection, [root]).get(root, [])}:
            raise NotFoundError(f"There is no column '{column}' in the asset.", hint="List its columns.")
        spread.run(root, None if column is None else frozenset({column}))
        assets = _told(spread)
    counts = Counter(each.type_name for each in assets)
    return Impact(guid, change, column, assets, dict(sorted(counts.items())))


class _Spread:
    """How a change spreads: an edge at a time, along columns where they are known.

    Attributes:
        flow: the edges, as whoever asks may see them.
        distances: how far each asset and process that is hit is away.
        columns: those of each asset that are hit.
    """

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.distances: dict[int, int] = {}
        self.columns: dict[int, _Columns] = {}
        self.processes: set[int] = set()
        self._types = types_of(flow.connection)

    def run(self, root: int, columns: _Columns) -> None:
        """Follow the change to its end; an asset of which more columns are hit later is followed again."""
        assets: dict[int, _Columns] = {root: columns}
        passed: dict[int, _Passed] = {}
        self.columns[root] = columns
        distance = 0
        while assets or passed:
            distance += 1
            edges = self.flow.crossed([*assets, *passed], "output")
            self._note_processes(target for _, target in edges)
            entered = self._entered(edges, assets)
            written = [*self._written(edges, assets, passed)]
            passed = {process: self._passes(process, sources) for process, sources in entered.items()}
            assets = {number: found for number, found in written if self._grows(number, found)}
            for number in (*passed, *assets):
                self.distances.setdefault(number, distance)
            assets = {number: self.columns[number] for number in assets}
        # A circle leads back to it: more of it may be hit by that, and yet it is what changes.
        self.distances.pop(root, None)

    def _note_processes(self, numbers: Iterable[int]) -> None:
        rows = self.flow.rows(set(numbers) - self.distances.keys(), _asset.type_name)
        self.processes |= {number for number, row in rows.items() if self._types.is_process(row.type_name)}

    def _entered(
        self, edges: Iterable[tuple[int, int]], assets: Mapping[int, _Columns]
    ) -> dict[int, dict[int, _Columns]]:
        """The processes that read what is hit, with what each reads of it."""
        entered: dict[int, dict[int, _Columns]] = {}
        for source, target in edges:
            if target in self.processes and source in assets:
                entered.setdefault(target, {})[source] = assets[source]
        return entered

    def _written(
        self, edges: Iterable[tuple[int, int]], assets: Mapping[int, _Columns], passed: Mapping[int, _Passed]
    ) -> Iterator[tuple[int, _Columns]]:
        """What is hit by being written by a process that is, or by being made of an asset without one."""
        for source, target in edges:
            if source in assets and target not in self.processes:
                yield target, None
            elif source in passed:
                through = passed[source]
                if through is None or target in through:
                    yield target, None if through is None else through[target]

    def _passes(self, process: int, sources: Mapping[int, _Columns]) -> _Passed:
        """What a process passes on of what it reads."""
        query = select(_link.source_id, _link.source_column, _link.target_id, _link.target_column)
        links = self.flow.connection.execute(query.where(_link.process_id == process)).all()
        linked = {link.source_id for link in links}
        found: dict[int, set[str]] = {}
        for source, columns in sources.items():
            if columns is None or source not in linked:
                return None
            for link in links:
                if link.source_id == source and (link.source_column is None or link.source_column in columns):
                    found.setdefault(link.target_id, set()).add(link.target_column)
        return {target: frozenset(names) for target, names in found.items()}

    def _grows(self, number: int, found: _Columns) -> bool:
        """Take in that more of an asset is hit; whether it is more."""
        before = self.columns.get(number, frozenset())
        after = None if before is None or found is None else before | found
        self.columns[number] = after
        return number not in self.distances or after != before


def _told(spread: _Spread) -> tuple[ImpactedAsset, ...]:
    flow, distances = spread.flow, spread.distances
    shown = (_asset.guid, _asset.type_name, _asset.qualified_name, _asset.display_name, _asset.attributes)
    rows = flow.rows(distances, *shown)
    contacts, readers = _contacts(flow.connection, rows), _readers(flow, rows)
    made = (
        ImpactedAsset(
            row.guid,
            row.type_name,
            row.qualified_name,
            row.display_name,
            number in spread.processes,
            distances[number],
            tuple(sorted(spread.columns.get(number) or ())),
            tuple(contacts.get(number, ())),
            tuple(readers.get(row.scope_id, ())) if row.type_name == _READ else (),
        )
        for number, row in rows.items()
    )
    return tuple(sorted(made, key=lambda each: (each.distance, each.display_name, each.qualified_name)))


def _contacts(connection: Connection, rows: Mapping[int, Row[Any]]) -> dict[int, list[Contact]]:
    """Who is to be told of each asset: whom people named, then whom its source calls its owner."""
    contact = tables.asset_contacts.c
    found: dict[int, list[Contact]] = {}
    query = select(contact.asset_id, contact.kind, contact.contact_id).order_by(contact.kind.desc(), contact.contact_id)
    for asset_id, kind, person in connection.execute(query.where(one_of(connection, contact.asset_id, rows))):
        found.setdefault(asset_id, []).append(Contact(kind, person))
    for number, row in rows.items():
        owner = row.attributes.get("owner")
        if isinstance(owner, str) and owner and number not in found:
            found[number] = [Contact("Owner", owner)]
    return found


_READ = "dataflow_table"


def _readers(flow: Flow, rows: Mapping[int, Row[Any]]) -> dict[int, list[str]]:
    """Who has read published tables, by the table's scope, where whoever asks may read the audit log."""
    scopes = {row.scope_id for row in rows.values() if row.type_name == _READ}
    if not scopes:
        return {}
    event = tables.audit_events.c
    query = (
        select(event.scope_id, event.actor_name)
        .where(event.event == Event.TABLE_READ.code, event.at > utc_now() - _LATELY)
        .where(one_of(flow.connection, event.scope_id, scopes))
        .where((event.scope_id + 0).in_(allowed_to(flow.actor, Action.AUDIT_READ)))
        .distinct()
        .order_by(event.scope_id, event.actor_name)
    )
    found: dict[int, list[str]] = {}
    for scope, name in flow.connection.execute(query):
        found.setdefault(scope, []).append(name)
    return found
