"""A credential whose token is fetched, kept and renewed behind it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from headwater.errors import HeadwaterError, RemoteError, UnreachableError
from headwater.workspaces.base import Credential

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

__all__ = ["MANAGEMENT", "EntraCredential"]

#: What a token is for where no connector has said it: Azure's management plane.
MANAGEMENT = "https://management.azure.com"
#: A token is renewed this long before it ends, so that none ends on its way.
_MARGIN_SECONDS = 300
_FAILURE_CODE = re.compile(r"AADSTS\d{4,9}")


class EntraCredential(Credential):
    """Bearer tokens for one resource, from ``source``.

    Args:
        source: azure-identity's credential, which every copy of this one shares.
        place: who issues the tokens, for messages.
        remedy: what to do where none is issued.
        resource: what the tokens are for.
    """

    def __init__(self, source: TokenCredential, place: str, remedy: str, resource: str = MANAGEMENT) -> None:
        self._source = source
        self._place = place
        self._remedy = remedy
        self._scope = f"{resource}/.default"
        self._lock = threading.Lock()
        self._token: AccessToken | None = None

    def for_resource(self, resource: str) -> EntraCredential:
        return EntraCredential(self._source, self._place, self._remedy, resource)

    def headers(self) -> Mapping[str, str]:
        # One thread renews, the others wait for what it gets: the authority is not asked by all of them at once.
        with self._lock:
            if self._token is None or self._token.expires_on - time.time() < _MARGIN_SECONDS:
                self._token = self._fetch()
            return {"Authorization": f"Bearer {self._token.token}"}

    def _fetch(self) -> AccessToken:
        from azure.core.exceptions import AzureError, ClientAuthenticationError
        from azure.identity import CredentialUnavailableError

        # The library's words may repeat what the authority said, and that may be anything: they are not passed on.
        try:
            return self._source.get_token(self._scope)
        except CredentialUnavailableError as error:
            raise _guarded_failure(error) or self._unavailable() from None
        except ClientAuthenticationError as error:
            raise _guarded_failure(error) or self._refused(error.message) from None
        except (AzureError, ValueError) as error:
            raise _guarded_failure(error) or self._unavailable() from None

    def _unavailable(self) -> UnreachableError:
        return UnreachableError("No access token could be had.", place=self._place, hint=self._remedy)

    def _refused(self, said: str) -> RemoteError:
        code = _FAILURE_CODE.search(said)
        named = code.group() if code else ""
        return RemoteError(
            "No access token was issued" + (f": {named}." if named else "."),
            status=401,
            error_code=named,
            place=self._place,
            hint=self._remedy,
        )


def _guarded_failure(error: BaseException) -> HeadwaterError | None:
    """The failure of ``headwater.net`` that the library wrapped in one of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, HeadwaterError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
