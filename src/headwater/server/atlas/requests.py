"""What requests to Atlas's endpoints carry beside their bodies."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from headwater.catalog.records import AssetRef
from headwater.errors import UsageError

__all__ = ["Unique"]

_UNIQUE = "attr:qualifiedName"


def _unique(request: Request) -> AssetRef:
    name = request.query_params.get(_UNIQUE)
    if not name:
        raise UsageError("The request names no asset.", hint=f"Give {_UNIQUE}=… in the address.")
    return AssetRef(request.path_params["type_name"], name)


Unique = Annotated[AssetRef, Depends(_unique)]
"""The asset that ``{type_name}`` and ``?attr:qualifiedName=`` name."""
