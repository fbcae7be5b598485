"""The assets that somebody chose to change: found among those they may see, and refused where they may not."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from headwater.access import Action, Actor, allowed_to
from headwater.access.trimming import forbidden
from headwater.catalog.chunks import chunked
from headwater.catalog.seeing import may_read
from headwater.catalog.stored import StoredAsset
from headwater.errors import NotFoundError
from headwater.store import tables

__all__ = ["chosen", "require_everywhere"]

_asset = tables.assets.c


def chosen(connection: Connection, actor: Actor, guids: Iterable[str], action: Action) -> dict[str, StoredAsset]:
    """The assets of these guids, in the order asked for; each may be seen, and ``action`` be done to it.

    Raises:
        NotFoundError: there is no such asset, or none that may be seen.
        ForbiddenError: one may be seen, and not changed so.
    """
    wanted = list(dict.fromkeys(guids))
    columns = [_asset[name] for name in StoredAsset.__dataclass_fields__]
    found: dict[str, StoredAsset] = {}
    for chunk in chunked(wanted):
        query = select(*columns).where(_asset.guid.in_(chunk), _asset.status != "deleted", may_read(actor))
        found |= {row.guid: StoredAsset(*row) for row in connection.execute(query)}
    missing = next((guid for guid in wanted if guid not in found), None)
    if missing is not None:
        raise NotFoundError(f"There is no asset '{missing}'.", hint="List the assets, or search for it.")
    require_everywhere(connection, actor, action, (each.scope_id for each in found.values()))
    return {guid: found[guid] for guid in wanted}


def require_everywhere(connection: Connection, actor: Actor, action: Action, scopes: Iterable[int | None]) -> None:
    """Go on only where ``action`` may be done at all of ``scopes``; ForbiddenError names one where it may not."""
    wanted = {scope for scope in scopes if scope is not None}
    for chunk in chunked(sorted(wanted)):
        scope = tables.scopes.c.id
        may = set(connection.scalars(select(scope).where(scope.in_(chunk), scope.in_(allowed_to(actor, action)))))
        refused = next((each for each in chunk if each not in may), None)
        if refused is not None:
            raise forbidden(action, refused)
