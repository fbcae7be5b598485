"""Where Atlas's endpoints and Purview's own lie: clients of different ages ask under different addresses."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from headwater.server.atlas import (
    admin,
    annotating,
    discovery,
    entities,
    glossary,
    lineage,
    lineage_pages,
    moving,
    relationships,
    searching,
    types,
)

__all__ = ["ATLAS_ROOTS", "PURVIEW_ROOTS", "mount"]

ATLAS_ROOTS: Final = ("/datamap/api/atlas/v2", "/catalog/api/atlas/v2", "/api/atlas/v2")
PURVIEW_ROOTS: Final = ("/datamap/api", "/catalog/api")

#: What lies below Atlas's root.
_ATLAS: Final = (
    discovery,
    searching,
    entities,
    annotating,
    glossary,
    types,
    relationships,
    lineage,
    lineage_pages,
    admin,
)
#: What Purview has beside Atlas, below its own roots; it asks there for templates of terms.
_PURVIEW: Final = (moving, discovery, glossary, types, lineage_pages)


def mount(app: FastAPI) -> None:
    """Put all endpoints under all their addresses; they describe themselves by their types, and not in OpenAPI."""
    for root in ATLAS_ROOTS:
        for part in _ATLAS:
            app.include_router(part.router, prefix=root, include_in_schema=False)
    # Where Atlas itself has its administration: above the version of its interface.
    app.include_router(admin.router, prefix="/api/atlas", include_in_schema=False)
    for root in PURVIEW_ROOTS:
        for part in _PURVIEW:
            app.include_router(part.router, prefix=root, include_in_schema=False)
