"""Where Purview's services lie: each below its own root, the collections at the server's as well."""

from __future__ import annotations

from fastapi import FastAPI

from headwater.server.atlas.mounting import PURVIEW_ROOTS
from headwater.server.purview import account, collected, collections, policies, rulesets, runs, scans, sources

__all__ = ["mount"]


def mount(app: FastAPI) -> None:
    """Put all endpoints under all their addresses; they are Purview's, and not part of our description."""
    app.include_router(account.router, include_in_schema=False)
    for root in ("", "/account"):
        app.include_router(collections.router, prefix=root, include_in_schema=False)
    for root in PURVIEW_ROOTS:
        app.include_router(collected.router, prefix=root, include_in_schema=False)
    for root in ("/policyStore", "/policystore"):
        app.include_router(policies.router, prefix=root, include_in_schema=False)
    for part in (sources, scans, runs, rulesets):
        app.include_router(part.router, prefix="/scan", include_in_schema=False)
