"""``headwater search``."""

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

__all__ = ["find"]

_FACETS = ("type", "collection", "source", "classification", "term", "label")


def find(  # noqa: PLR0917 -- the command's options
    keywords: Annotated[str, typer.Argument(help='Words; "phrases", AND, OR, NOT, * and field:word count.')] = "",
    type_name: Annotated[str, typer.Option("--type", help="Only assets of this type, or of one below it.")] = "",
    collection: Annotated[str, typer.Option("--collection", help="Only what lies in it, or below it.")] = "",
    facets: Annotated[bool, typer.Option("--facets", help="Show how what is found divides.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="Show so many at most.")] = 20,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Search the catalog: assets whose names, descriptions, columns, terms or labels have the words."""
    from datetime import UTC, datetime

    from headwater.catalog.search import FacetRequest, SearchRequest, parse_filter

    conditions: list[dict[str, object]] = []
    if type_name:
        conditions.append({"entityType": type_name, "includeSubTypes": True})
    if collection:
        conditions.append({"collectionId": collection, "includeSubCollections": True})
    wanted = SearchRequest(
        keywords,
        filter=parse_filter({"and": conditions} if conditions else None, now=datetime.now(UTC)),
        facets=[FacetRequest(name) for name in _FACETS if facets],
        limit=limit,
        highlight=False,
    )
    with as_machine(home) as (headwater, actor):
        found = headwater.search.search(actor, wanted)
    for asset in found.assets:
        if as_json:
            shown = ("guid", "type_name", "qualified_name", "display_name", "description", "collection")
            show_json({name: getattr(asset, name) for name in shown})
        else:
            show(f"{asset.display_name}\t{asset.type_name}\t{asset.collection}\t{asset.qualified_name}")
    if found.corrected:
        say(f"Nothing has the words as they were typed; this was searched for: {found.corrected}")
    for name, values in found.facets.items():
        say(f"{name}: {', '.join(f'{each.value} ({each.count:,})' for each in values) or 'none'}")
    say(f"{found.total:,} found")
