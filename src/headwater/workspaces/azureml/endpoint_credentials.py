"""What an online endpoint is shown: its own key, its own token, or a token of Microsoft Entra ID."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from headwater.errors import NetworkError, OriginDeniedError, UsageError, WorkspaceError
from headwater.net import Origin
from headwater.workspaces.base import Credential
from headwater.workspaces.credentials import HeaderCredential
from headwater.workspaces.endpoints import token_resource
from headwater.workspaces.entra import EntraCredential

__all__ = ["EndpointToken", "entra_token", "key_credential"]

#: A token is renewed this long before it ends where nothing else is said, so that none ends on its way.
_MARGIN_SECONDS = 300.0
#: How long a token is used that does not say when it ends.
_UNSTATED_SECONDS = 300.0
#: How long after a failure to renew it the old token is used, before the next attempt.
_AGAIN_SECONDS = 30.0
#: Later than any date in seconds: such a number is one of milliseconds.
_MILLISECONDS = 1e11


class EndpointToken(Credential):
    """The token of an endpoint whose authentication is by Azure ML's own tokens, renewed behind it.

    Args:
        fetch: asks the workspace for a token, and gives its answer; it may raise NetworkError.
        place: whose token it is, for messages.
    """

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], place: str) -> None:
        self._fetch = fetch
        self._place = place
        self._lock = threading.Lock()
        self._token = ""
        self._renewed_at = self._ends_at = 0.0

    def headers(self) -> Mapping[str, str]:
        # One thread renews, the others wait for what it gets.
        with self._lock:
            now = time.time()
            if now >= self._renewed_at:
                self._renew(now)
            return {"Authorization": f"Bearer {self._token}"}

    def _renew(self, now: float) -> None:
        try:
            answer = self._fetch()
        except NetworkError:
            if now >= self._ends_at:
                raise
            # The token in hand is still good: a workspace that is away for a moment ends no call.
            self._renewed_at = now + _AGAIN_SECONDS
            return
        token = answer.get("accessToken")
        if not isinstance(token, str) or not token:
            raise WorkspaceError("The workspace's answer holds no token.", place=self._place, hint=_ASK_AGAIN)
        self._token = token
        self._ends_at = _moment(answer.get("expiryTimeUtc")) or now + _UNSTATED_SECONDS
        renewed_at = _moment(answer.get("refreshAfterTimeUtc")) or self._ends_at - _MARGIN_SECONDS
        self._renewed_at = min(renewed_at, self._ends_at)


def key_credential(answer: Mapping[str, Any], place: str) -> Credential:
    """The credential of an endpoint whose authentication is by key; ``answer`` is the workspace's, with its keys.

    Raises:
        WorkspaceError: there is none in it.
    """
    key = answer.get("primaryKey") or answer.get("secondaryKey")
    if not isinstance(key, str):
        raise WorkspaceError("The workspace's answer holds no key.", place=place, hint=_ASK_AGAIN)
    return HeaderCredential({"Authorization": f"Bearer {key}"})


def entra_token(credential: Credential | None, origin: Origin, management: Origin, place: str) -> Credential:
    """The workspace's account, as it is shown to an endpoint at ``origin``.

    A token for endpoints is good for every one that the account may call, so only Azure's own hosts get it. At a
    plane that is not Azure's, the host that is shown the account's tokens anyway gets one too, good for itself alone.

    Raises:
        UsageError: the credential is a token that was stored, and that was meant for the management plane.
        OriginDeniedError: the endpoint is elsewhere.
    """
    if not isinstance(credential, EntraCredential):
        raise UsageError(
            "The endpoint takes tokens of Microsoft Entra ID, and no account is stored for the workspace.",
            place=place,
            hint="Store one of the entra_… credentials, or have the endpoint's authentication changed to key.",
        )
    resource = token_resource(str(origin)) or (str(origin) if origin.host == management.host else None)
    if resource is None:
        raise OriginDeniedError(
            "The endpoint takes tokens of Microsoft Entra ID, and is not at an address of Azure's endpoints.",
            place=place,
            hint="Have the endpoint's authentication changed to key.",
        )
    return credential.for_resource(resource)


def _moment(value: object) -> float:
    """A moment of the interface, in seconds; 0 where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) / 1000 if value > _MILLISECONDS else float(value)


_ASK_AGAIN = "See the endpoint's page in the studio, and try again."
