"""``headwater browse``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json
from headwater.errors import UsageError

if TYPE_CHECKING:
    from headwater.access import Actor
    from headwater.catalog.browsing import BrowsedCollection, BrowsedPage
    from headwater.store import Database

__all__ = ["show_below"]


def show_below(  # noqa: PLR0917 -- the command's options
    guid: Annotated[str, typer.Argument(help="An asset's guid: show what it contains.")] = "",
    collection: Annotated[str, typer.Option("--collection", help="Show the outermost assets of a collection.")] = "",
    source: Annotated[str, typer.Option("--source", help="Show the outermost assets of a source.")] = "",
    sources: Annotated[bool, typer.Option("--sources", help="Show the sources, by kind.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="Show so many at most.")] = 50,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Leave out so many.")] = 0,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Browse the catalog: the tree of collections, or from a collection, source or asset to what lies below it."""
    if sum(map(bool, (guid, collection, source, sources))) > 1:
        raise UsageError("One way at a time is browsed.", hint="Give a guid, --collection, --source or --sources.")
    with as_machine(home) as (headwater, actor):
        if guid or collection or source:
            _show_page(_page(headwater.database, actor, guid, collection, source, limit, offset), as_json)
        elif sources:
            _show_sources(headwater.database, actor, as_json)
        else:
            _show_collections(headwater.database, actor, as_json)


def _page(  # noqa: PLR0917 -- what the command was given
    database: Database, actor: Actor, guid: str, collection: str, source: str, limit: int, offset: int
) -> BrowsedPage:
    from headwater.catalog.browsing import browse_children, browse_collection, browse_source

    if guid:
        return browse_children(database, actor, guid, limit=limit, offset=offset)
    if collection:
        return browse_collection(database, actor, collection, limit=limit, offset=offset)
    return browse_source(database, actor, source, limit=limit, offset=offset)


def _show_page(page: BrowsedPage, as_json: bool) -> None:
    if as_json:
        show_json(page.assets)
        return
    for each in page.assets:
        below = "+" if each.has_children else ""
        show(f"{each.display_name}\t{each.type_name}\t{each.guid}\t{below}")
    say(f"{page.total:,} in all")


def _show_sources(database: Database, actor: Actor, as_json: bool) -> None:
    from headwater.catalog.browsing import browse_sources

    found = browse_sources(database, actor)
    if as_json:
        show_json(found)
        return
    for each in found:
        show(f"{each.kind}\t{each.name}\t{each.collection}\t{each.assets}")


def _show_collections(database: Database, actor: Actor, as_json: bool) -> None:
    from headwater.catalog.browsing import browse_collections

    found = browse_collections(database, actor)
    if as_json:
        show_json(found)
        return
    below: dict[str | None, list[BrowsedCollection]] = {}
    for each in found:
        below.setdefault(each.parent, []).append(each)
    waiting: list[tuple[int, Any]] = [(0, each) for each in reversed(below.get(None, []))]
    while waiting:
        depth, each = waiting.pop()
        show(f"{'  ' * depth}{each.name}\t{each.assets}\t{each.assets_below}")
        waiting += [(depth + 1, inner) for inner in reversed(below.get(each.name, []))]
