"""What an MLflow server posts when something happens in its registry: whether it is the server's, and what it says.

MLflow tells of models and versions that were created, of versions' tags and of aliases; of nothing that was deleted or
renamed, and it gives up after a few tries. So an event is a hint to look sooner, and never the only way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headwater.errors import UnauthenticatedError, UsageError
from headwater.net.jsons import parse_json
from headwater.secret import Secret

__all__ = ["EVENTS", "REPLAY_SECONDS", "RegistryEvent", "WebhookTest", "read_event"]

#: The events that say something of a registered model, as a webhook is created with them.
EVENTS: tuple[tuple[str, str], ...] = (
    ("REGISTERED_MODEL", "CREATED"),
    ("MODEL_VERSION", "CREATED"),
    ("MODEL_VERSION_TAG", "SET"),
    ("MODEL_VERSION_TAG", "DELETED"),
    ("MODEL_VERSION_ALIAS", "CREATED"),
    ("MODEL_VERSION_ALIAS", "DELETED"),
)
#: How old an event may be, or how far ahead of our clock: one that somebody kept is refused after that.
REPLAY_SECONDS = 300
MAX_EVENT_BYTES = 1024 * 1024
_ID, _TIMESTAMP, _SIGNATURE = "x-mlflow-delivery-id", "x-mlflow-timestamp", "x-mlflow-signature"
_VERSION = "v1"


@dataclass(frozen=True, slots=True)
class RegistryEvent:
    """Something that happened in a model registry.

    Attributes:
        delivery_id: what the server calls this message; another one says the same again.
        entity: what it is about: ``model_version``, ``model_version_alias`` …
        action: what happened: ``created``, ``set``, ``deleted``.
        model: the registered model; "" where it is about none.
        version: the version, where it is about one.
    """

    delivery_id: str
    entity: str
    action: str
    model: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class WebhookTest:
    """What came of having a server post an example; ``status`` is what it was answered with, 0 where nobody did."""

    succeeded: bool
    status: int


def read_event(headers: Mapping[str, str], body: bytes, secret: Secret, *, now: datetime) -> RegistryEvent:
    """The event in a message, once it is clear that the server sent it, just now.

    Args:
        headers: the message's, their names in any case.
        secret: what the webhook was created with.

    Raises:
        UnauthenticatedError: it is not signed with the secret (``webhook.signature``), or is too old
            (``webhook.expired``).
        UsageError: it is signed and says nothing that MLflow says (``webhook.event``).
    """
    given = {name.lower(): value for name, value in headers.items()}
    delivery_id, timestamp = given.get(_ID, ""), given.get(_TIMESTAMP, "")
    signed = b".".join((_bytes(delivery_id), _bytes(timestamp), body))
    expected = f"{_VERSION},{base64.b64encode(_signature(secret, signed)).decode()}"
    if not hmac.compare_digest(expected.encode(), _bytes(given.get(_SIGNATURE, ""))):
        raise UnauthenticatedError(
            "The message is not signed with the webhook's secret.",
            code="webhook.signature",
            hint="Create the webhook anew, and check that the server's key for secrets has not changed.",
        )
    if not (timestamp.isdecimal() and len(timestamp) < 13) or abs(now.timestamp() - int(timestamp)) > REPLAY_SECONDS:
        raise UnauthenticatedError(
            "The message is too old, or from the future.",
            code="webhook.expired",
            hint="Check the clocks of both machines.",
        )
    return _event(delivery_id, body)


def _bytes(header: str) -> bytes:
    return header.encode(errors="surrogatepass")


def _signature(secret: Secret, signed: bytes) -> bytes:
    return hmac.new(secret.reveal().encode(), signed, hashlib.sha256).digest()


def _event(delivery_id: str, body: bytes) -> RegistryEvent:
    if len(body) > MAX_EVENT_BYTES:
        raise _no_event()
    try:
        told = parse_json(body)
        data: Mapping[str, Any] = told["data"]
        entity, action = str(told["entity"]), str(told["action"])
        name, version = str(data.get("name") or ""), str(data.get("version") or "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_event() from error
    # Prompts are kept in the registry as well, and are no models.
    return (
        RegistryEvent(delivery_id, entity, action, name, version)
        if "model" in entity
        else RegistryEvent(delivery_id, entity, action)
    )


def _no_event() -> UsageError:
    return UsageError(
        "The message is no event of an MLflow registry.", code="webhook.event", hint="Have MLflow 3 send it."
    )
