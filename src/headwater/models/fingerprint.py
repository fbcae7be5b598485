"""The call fingerprint: what, besides a row's arguments, decides its prediction.

Two calls with the same fingerprint and the same row key have the same prediction. It covers the immutable identity of
the model (source, model or run id, artifact digest; never a name and a version, which a deleted and re-created model
gets again), parameters and types in order, params, outputs, and the version of the key encoding.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from headwater.models.keys import KEY_VERSION
from headwater.models.signature import Signature

__all__ = ["call_description", "call_fingerprint"]


def call_description(identity: str, signature: Signature, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a fingerprint stands for, as JSON: kept beside it, so that a person can tell.

    Args:
        identity: what the workspace says exactly this artifact is.
        signature: the model's; its params count with their defaults.
        params: those that the call sets.
    """
    described = signature.describe()
    return {
        "key_version": KEY_VERSION,
        "model": identity,
        "parameters": described["parameters"],
        "outputs": described["outputs"],
        "params": {**described["params"], **(params or {})},
    }


def call_fingerprint(description: Mapping[str, Any]) -> str:
    """The SHA-256 of a description's canonical JSON, in hexadecimal.

    >>> call_fingerprint({"a": 1, "b": 2}) == call_fingerprint({"b": 2, "a": 1})
    True
    """
    canonical = json.dumps(description, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
