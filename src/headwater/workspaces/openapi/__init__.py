"""The connector to scoring services that describe themselves by OpenAPI (2.0, 3.0, 3.1)."""

from headwater.workspaces.openapi.connector import OpenAPIConnector
from headwater.workspaces.openapi.document import Document, read_document

__all__ = ["Document", "OpenAPIConnector", "read_document"]
