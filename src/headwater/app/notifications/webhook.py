"""Calling a webhook: a signed POST, to an origin that an administrator allowed."""

from __future__ import annotations

import hashlib
import hmac
import time

import orjson

from headwater.app.configuration import administrators_secret
from headwater.app.notifications.settings import Webhooks
from headwater.dataflows.telling import Message
from headwater.errors import OriginDeniedError, RemoteError
from headwater.net import HttpClient, Origin, parse_origin
from headwater.net.failures import pause_asked_for, status_hint

__all__ = ["SIGNATURE", "call_webhook", "signature", "webhook_origin"]

SIGNATURE = "Headwater-Signature"
_DEADLINE_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 3_600.0
_BUSY = frozenset({429, 503})


def call_webhook(webhooks: Webhooks, url: str, message: Message, *, identifier: str) -> float | None:
    """Send a message; ``identifier`` is its idempotency key, the same however often it is sent.

    Returns None when it was taken, or the number of seconds after which the webhook asks to be called again.

    Raises:
        UsageError: the address is no http(s) URL.
        OriginDeniedError: no administrator allowed its origin, or it leads into a network that is not allowed.
        UnreachableError: nobody answered.
        RemoteError: it answered with a failure.
        SecretError: the secret is not where its reference says.
    """
    origin = webhook_origin(webhooks, url)
    body = orjson.dumps(_body(webhooks, message))
    headers = {"Content-Type": "application/json", "Idempotency-Key": identifier}
    if webhooks.secret:
        secret = administrators_secret(webhooks.secret).reveal()
        headers[SIGNATURE] = signature(secret, body, int(time.time()))
    with HttpClient(str(origin), private_networks=webhooks.networks, max_redirects=0, max_bytes=1 << 20) as client:
        answer = client.request("POST", url, headers=headers, content=body, deadline=_DEADLINE_SECONDS)
    if 200 <= answer.status < 300:
        return None
    if answer.status in _BUSY and (later := answer.header("Retry-After")):
        return min(pause_asked_for(later, 1), _LONGEST_PAUSE_SECONDS)
    raise RemoteError(
        f"The webhook answered with the status {answer.status}.",
        status=answer.status,
        place=str(origin),
        hint=status_hint(answer.status),
    )


def webhook_origin(webhooks: Webhooks, url: str) -> Origin:
    """Where a webhook is, which has to be allowed.

    Raises:
        UsageError: the address is no http(s) URL.
        OriginDeniedError: no administrator allowed its origin.
    """
    origin = parse_origin(url)
    if origin not in webhooks.origins:
        raise OriginDeniedError(
            "Webhooks at this origin are not allowed.",
            place=str(origin),
            hint="An administrator adds it to 'webhook_origins' in [notifications] of headwater.toml.",
        )
    return origin


def signature(secret: str, body: bytes, at: int) -> str:
    """What proves who sent a body and when: HMAC-SHA256 over the moment, a dot and the body.

    >>> signature("s", b"{}", 1700000000)[:20]
    't=1700000000,v1=e923'
    """
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def _body(webhooks: Webhooks, message: Message) -> dict[str, object]:
    told = message.to_json()
    refresh = f"/api/dataflows/{message.dataflow}/refreshes/{message.refresh}"
    link = f"{webhooks.link}{refresh}" if webhooks.link and message.refresh else None
    return {name: value for name, value in told.items() if name not in {"title", "text"}} | {
        "summary": message.title,
        "link": link,
    }
