"""What the endpoints of every kind of workspace have in common: their identity, and which tokens they take."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from headwater.net import parse_origin
from headwater.workspaces.base import EndpointInfo

__all__ = ["SCORING_SECONDS", "document_digest", "endpoint_identity", "token_resource"]

#: How long a client for an endpoint waits at most. Each call has a deadline of its own, which is shorter; Azure ends
#: a call after three minutes.
SCORING_SECONDS = 300.0
#: The hosts of Azure ML's managed online endpoints, and what tokens for them are issued to.
_ONLINE_ENDPOINTS = {
    ".inference.ml.azure.com": "https://ml.azure.com",
    ".inference.ml.azure.us": "https://ml.azure.us",
    ".inference.ml.azure.cn": "https://ml.azure.cn",
}


def token_resource(origin: str) -> str | None:
    """What a token of Microsoft Entra ID has to be issued to for a service there; None where none is taken.

    >>> token_resource("https://fraud.westeurope.inference.ml.azure.com")
    'https://ml.azure.com'
    >>> token_resource("https://fraud.example.com") is None
    True
    """
    found = parse_origin(origin)
    if found.scheme != "https":
        return None
    return next((resource for suffix, resource in _ONLINE_ENDPOINTS.items() if found.host.endswith(suffix)), None)


def document_digest(content: Mapping[str, Any]) -> str:
    """The digest of a description, however it is written down (order, spacing, JSON or YAML).

    >>> document_digest({"a": 1, "b": 2}) == document_digest({"b": 2, "a": 1})
    True
    """
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(written.encode(errors="surrogatepass")).hexdigest()


def endpoint_identity(workspace: str, endpoint: EndpointInfo) -> str:
    """A name for this state of an endpoint; ``workspace`` is the qualified name of the one it is in.

    >>> endpoint_identity("openapi://fraud.example.com:443", EndpointInfo("Fraud", "openapi", ""))
    'openapi://fraud.example.com:443/endpoints/Fraud#'
    """
    state = endpoint.revision
    if not state and endpoint.document is not None:
        state = document_digest(endpoint.document)
    return f"{workspace}/endpoints/{endpoint.name}#{state}"
