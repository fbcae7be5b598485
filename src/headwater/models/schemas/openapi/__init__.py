"""Signatures and forms from descriptions by OpenAPI 2.0, 3.0 and 3.1.

A document tells what a service takes and gives; here that becomes a typed signature, and the form that writes rows for
it and reads its answers. What Azure's decorators and classic web services write is known by its marks, and read with
what is known of these services; everything else is taken at its word.
"""

from __future__ import annotations

from headwater.models.schemas.openapi.reading import Operation, from_openapi, operations

__all__ = ["Operation", "from_openapi", "operations"]
