"""Labels that flow down lineage: what each asset and column inherits, worked out and written down apart.

A label flows from where somebody said it, along the edges of lineage, to every asset whose collection's policy lets it
in. What was rejected at an asset flows no further from there. Columns hand on to columns, assets as a whole to assets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from headwater.catalog.chunks import chunked
from headwater.catalog.label_flow.graph import FlowGraph
from headwater.catalog.label_flow.policies import ALL, EffectivePolicies
from headwater.catalog.types import types_of
from headwater.catalog.writing import begin_writing
from headwater.store import Database, tables, utc_now

__all__ = ["LabelFlowReport", "apply_label_flow", "said_labels"]

_asset, _inherited, _state = tables.assets.c, tables.inherited_labels.c, tables.label_flow_state.c


class _Label(NamedTuple):
    """A label at an asset."""

    asset_id: int
    kind: str
    name: str


class _Origin(NamedTuple):
    from_id: int
    through_model: bool


@dataclass(frozen=True, slots=True)
class LabelFlowReport:
    """What came of it: how many labels are inherited, and of how many assets and columns that changed.

    ``looked`` is False where nothing had changed since the last time.
    """

    looked: bool
    inherited: int = 0
    changed: int = 0


def apply_label_flow(database: Database, *, anew: bool = False) -> LabelFlowReport:
    """Work out what every asset inherits, and write down what is another than before.

    ``anew`` does so although nothing has changed since the last time.
    """
    with database.read() as connection:
        newest = _newest(connection)
        if not anew and connection.scalar(select(_state.change).where(_state.id == 1)) == newest:
            return LabelFlowReport(looked=False)
        wanted = _work_out(connection)
    changed = _write(database, wanted, newest)
    return LabelFlowReport(True, len(wanted), changed)


def said_labels(connection: Connection, flowing: Iterable[tuple[str, str]]) -> Iterator[tuple[int, str, str]]:
    """What people said, as asset, kind and name, of those kinds and names that flow; a name may stand for all."""
    names: dict[str, set[str]] = {}
    for kind, name in flowing:
        names.setdefault(kind, set()).add(name)
    given, label = tables.asset_classifications.c, tables.asset_labels.c
    columns: Mapping[str, tuple[Any, Any, Any]] = {
        "classification": (given.asset_id, given.type_name, given.state == "accepted"),
        "label": (label.asset_id, label.label, label.label.is_not(None)),
        "sensitivity": (_asset.id, _asset.sensitivity, _asset.sensitivity.is_not(None)),
    }
    for kind, wanted in sorted(names.items()):
        number, text, said = columns[kind]
        query = select(number, text).where(said).order_by(number)
        if ALL not in wanted:
            query = query.where(text.in_(sorted(wanted)))
        yield from ((row[0], kind, row[1]) for row in connection.execute(query))


def _newest(connection: Connection) -> int:
    state = tables.catalog_state.c
    return int(connection.scalar(select(state.change).where(state.id == 1)) or 0)


# -- working it out ----------------------------------------------------------------------------------------------------


def _work_out(connection: Connection) -> dict[_Label, _Origin]:
    policies = EffectivePolicies(connection)
    said: dict[tuple[str, str], set[int]] = {}
    for asset_id, kind, name in said_labels(connection, policies.flowing):
        said.setdefault((kind, name), set()).add(asset_id)
    graph, blocked, scopes = FlowGraph(connection), _rejected(connection), _Scopes(connection)
    found: dict[_Label, _Origin] = {}
    for (kind, name), starts in sorted(said.items()):
        beside, through = graph.reach(starts, blocked.get((kind, name), set()) - starts)
        for reached, by_model in ((beside, False), (through, True)):
            for asset_id, scope in scopes.of(reached.keys() - starts):
                if policies.inherits(scope, kind, name, through_model=by_model):
                    found[_Label(asset_id, kind, name)] = _Origin(reached[asset_id], by_model)
    return found


def _rejected(connection: Connection) -> dict[tuple[str, str], set[int]]:
    """Where what is not inherited, by kind and name."""
    no, given = tables.inherited_rejections.c, tables.asset_classifications.c
    found: dict[tuple[str, str], set[int]] = {}
    for row in connection.execute(select(no.asset_id, no.kind, no.name)):
        found.setdefault((row.kind, row.name), set()).add(row.asset_id)
    classified = select(given.asset_id, given.type_name).where(given.state == "rejected")
    for asset_id, name in connection.execute(classified):
        found.setdefault(("classification", name), set()).add(asset_id)
    return found


class _Scopes:
    """The scopes of assets that show what they inherit: not of those that are gone, and of no processes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._types = types_of(connection)
        self._known: dict[int, int | None] = {}

    def of(self, numbers: Set[int]) -> Iterator[tuple[int, int]]:
        """Number and scope of those that do."""
        for chunk in chunked([number for number in numbers if number not in self._known]):
            self._known |= dict.fromkeys(chunk)
            query = select(_asset.id, _asset.scope_id, _asset.type_name)
            there = (_asset.id.in_(chunk), _asset.status == "active", _asset.scope_id.is_not(None))
            for row in self._connection.execute(query.where(*there)):
                if not self._types.is_process(row.type_name):
                    self._known[row.id] = row.scope_id
        for number in numbers:
            scope = self._known[number]
            if scope is not None:
                yield number, scope


# -- writing it down ---------------------------------------------------------------------------------------------------


def _write(database: Database, wanted: Mapping[_Label, _Origin], newest: int) -> int:
    with database.begin() as connection:
        writing = begin_writing(connection, now=utc_now())
        before = {
            _Label(row.asset_id, row.kind, row.name): _Origin(row.from_id, row.through_model)
            for row in connection.execute(select(tables.inherited_labels))
        }
        there = _there(connection, wanted)
        gone = [label for label in before if label not in wanted]
        new = {label: origin for label, origin in wanted.items() if before.get(label) != origin}
        new = {label: origin for label, origin in new.items() if {label.asset_id, origin.from_id} <= there}
        for label in (*gone, *(label for label in new if label in before)):
            connection.execute(delete(tables.inherited_labels).where(*_same(label)))
        for chunk in chunked(new.items()):
            rows = [label._asdict() | origin._asdict() for label, origin in chunk]
            connection.execute(insert(tables.inherited_labels), rows)
        changed = {label.asset_id for label in (*gone, *new)}
        # Search is told of what has a new number.
        for numbers in chunked(changed):
            connection.execute(update(tables.assets).where(_asset.id.in_(numbers)).values(change=writing.change))
        # What others changed since it was worked out is looked at the next time.
        known = writing.change if writing.change == newest + 1 else newest
        connection.execute(delete(tables.label_flow_state))
        connection.execute(insert(tables.label_flow_state).values(id=1, change=known))
        return len(changed)


def _there(connection: Connection, wanted: Mapping[_Label, _Origin]) -> set[int]:
    """Those of the assets that are still there: one may have been purged meanwhile."""
    numbers = {label.asset_id for label in wanted} | {origin.from_id for origin in wanted.values()}
    found: set[int] = set()
    for chunk in chunked(numbers):
        found |= set(connection.scalars(select(_asset.id).where(_asset.id.in_(chunk))))
    return found


def _same(label: _Label) -> tuple[Any, Any, Any]:
    return _inherited.asset_id == label.asset_id, _inherited.kind == label.kind, _inherited.name == label.name
