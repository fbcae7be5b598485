"""What an asset and its columns inherit, for whoever may see it; and saying that it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, case, delete, insert, or_, select

from headwater.access import Action, Actor
from headwater.catalog.annotations.chosen import chosen
from headwater.catalog.history import Changed, record_changes
from headwater.catalog.label_flow.policies import work_out_anew
from headwater.catalog.seeing import may_read
from headwater.catalog.writing import begin_writing
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["InheritedLabel", "LabelFlowService"]

_inherited, _no = tables.inherited_labels.c, tables.inherited_rejections.c
_of, _from = tables.assets.alias("inheriting"), tables.assets.alias("inherited_from")


@dataclass(frozen=True, slots=True)
class InheritedLabel:
    """A label that an asset, or one of its columns, has because of what it is made of.

    Attributes:
        guid: of the asset or column.
        column: the column's name; None: it is the asset's.
        kind: ``classification``, ``label`` or ``sensitivity``.
        name: which.
        through_model: it comes by way of a model.
        from_guid: what it comes from, where that may be seen.
        from_name: its qualified name, where that may be seen.
    """

    guid: str
    column: str | None
    kind: str
    name: str
    through_model: bool
    from_guid: str | None
    from_name: str | None


class LabelFlowService:
    """Reads what is inherited. The label shows wherever the asset does; where it comes from, to who may see that."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, actor: Actor, guid: str) -> Sequence[InheritedLabel]:
        """What an asset inherits, and then what its columns do.

        Raises:
            NotFoundError: there is no such asset to be seen.
        """
        with self._database.read() as connection:
            number = _number(connection, actor, guid)
            return [InheritedLabel(*row) for row in connection.execute(_labels(actor, number))]

    def reject(self, actor: Actor, guid: str, kind: str, name: str) -> None:
        """Say that an asset or column does not inherit this, whatever flows to it; it flows no further from there.

        Raises:
            UsageError: there is no such kind.
            NotFoundError: there is no such asset to be seen.
            ForbiddenError: the actor may not annotate it.
        """
        self._decide(actor, guid, kind, name, rejected=True)

    def restore(self, actor: Actor, guid: str, kind: str, name: str) -> None:
        """Let it inherit this again; errors as those of :meth:`reject`."""
        self._decide(actor, guid, kind, name, rejected=False)

    def _decide(self, actor: Actor, guid: str, kind: str, name: str, *, rejected: bool) -> None:
        if kind not in tables.LABEL_KINDS or not 0 < len(name) <= 255 or "\x00" in name:
            raise UsageError("There is no such label.", hint=f"The kinds are {', '.join(tables.LABEL_KINDS)}.")
        with self._database.begin() as connection:
            writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
            asset = chosen(connection, actor, [guid], Action.ASSET_ANNOTATE)[guid]
            key = {"asset_id": asset.id, "kind": kind, "name": name}
            same = (_no.asset_id == asset.id, _no.kind == kind, _no.name == name)
            before = connection.execute(delete(tables.inherited_rejections).where(*same)).rowcount > 0
            if rejected:
                connection.execute(insert(tables.inherited_rejections).values(**key, at=writing.now, by=actor.name))
                here = (_inherited.asset_id == asset.id, _inherited.kind == kind, _inherited.name == name)
                connection.execute(delete(tables.inherited_labels).where(*here))
            change = Changed("rejected" if before else None, "rejected" if rejected else None)
            record_changes(writing, "annotate", {asset.id: {f"inherited.{kind}.{name}": change}})
            work_out_anew(connection)


def _number(connection: Connection, actor: Actor, guid: str) -> int:
    asset = tables.assets.c
    found: int | None = connection.scalar(select(asset.id).where(asset.guid == guid, may_read(actor)))
    if found is None:
        raise NotFoundError(f"There is no asset '{guid}'.", hint="List the assets, or search for it.")
    return found


def _labels(actor: Actor, number: int) -> Select[Any]:
    link = tables.asset_columns.c
    columns = select(link.column_id).where(link.asset_id == number)
    is_column = _of.c.id != number
    return (
        select(
            _of.c.guid,
            case((is_column, _of.c.display_name)),
            _inherited.kind,
            _inherited.name,
            _inherited.through_model,
            _from.c.guid,
            _from.c.qualified_name,
        )
        .select_from(tables.inherited_labels)
        .join(_of, _of.c.id == _inherited.asset_id)
        .outerjoin(_from, (_from.c.id == _inherited.from_id) & may_read(actor, _from.c))
        .where(or_(_inherited.asset_id == number, _inherited.asset_id.in_(columns)), may_read(actor, _of.c))
        .order_by(is_column, _of.c.display_name, _inherited.kind, _inherited.name)
    )
