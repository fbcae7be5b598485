"""Azure Resource Manager's REST interface: versions, paging and its ways of refusing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any
from urllib.parse import quote

from headwater.errors import NotFoundError, RemoteError, WorkspaceError
from headwater.net import HttpClient
from headwater.workspaces.base import Credential

__all__ = ["ResourceManager", "segment"]

API_VERSION = "2024-04-01"
BUSY_TRIES = 5
#: More pages than any workspace has; who sends that many sends them for ever.
MAX_PAGES = 20_000
_REFUSALS = {
    401: "Check the credential stored for this workspace: its token is not accepted for this tenant or cloud.",
    403: "Have the credential's account given the role Reader on the workspace, in Azure's access control.",
}


class ResourceManager:
    """The calls Headwater makes to a management plane, each giving the JSON object it answers with.

    Args:
        origin: the management plane's, to which tokens are issued as well.
        credential: whose rights in Azure are used.
        private_networks: networks that are not public and that may be reached all the same.
        timeout: seconds to wait for each answer.
        place: what messages name.
    """

    def __init__(
        self,
        origin: str,
        credential: Credential | None,
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
        timeout: float = 30.0,
        place: str = "",
    ) -> None:
        self._place = place or origin
        self._http = HttpClient(
            origin,
            credential=credential.for_resource(origin).headers if credential else None,
            private_networks=private_networks,
            timeout=timeout,
            busy_tries=BUSY_TRIES,
        )

    def close(self) -> None:
        self._http.close()

    def one(self, path: str, what: str) -> dict[str, Any]:
        """One resource.

        Raises:
            NotFoundError: there is none.
        """
        answer = self._get(path, {"api-version": API_VERSION}, what)
        if not isinstance(answer.get("name"), str):
            raise self.unusable()
        return answer

    def action(self, path: str, what: str, remedy: str) -> dict[str, Any]:
        """What a resource answers to an action (a POST without anything in it); ``remedy`` is for who may not do it.

        Raises:
            NotFoundError: there is no such resource.
        """
        try:
            answer = self._http.post_json(path, {}, {"api-version": API_VERSION})
        except RemoteError as error:
            raise self._explained(error, what, {**_REFUSALS, 403: remedy}) from error
        if not isinstance(answer, dict):
            raise self.unusable()
        return answer

    def all(
        self, path: str, what: str, parameters: Mapping[str, Any] | None = None, api_version: str = API_VERSION
    ) -> Iterator[dict[str, Any]]:
        """Every resource of a listing, page by page.

        Raises:
            NotFoundError: there is no such listing.
        """
        following, given = path, {"api-version": api_version, **(parameters or {})}
        seen: set[str] = set()
        while following not in seen and len(seen) < MAX_PAGES:
            seen.add(following)
            answer = self._get(following, given, what)
            items = answer.get("value")
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise self.unusable()
            yield from items
            link = answer.get("nextLink")
            if not link:
                return
            if not isinstance(link, str):
                raise self.unusable()
            # The link is a whole address with everything in it; the client refuses one that leads elsewhere.
            following, given = link, {}
        raise self.unusable()

    def unusable(self) -> WorkspaceError:
        """The error for an answer of another form."""
        return WorkspaceError(
            "The answer does not have the form that Azure Resource Manager gives it.",
            place=self._place,
            hint="Check that the address is a workspace's on Azure's management plane.",
        )

    def _get(self, path: str, parameters: Mapping[str, Any], what: str) -> dict[str, Any]:
        try:
            answer = self._http.get_json(path, parameters)
        except RemoteError as error:
            raise self._explained(error, what) from error
        if not isinstance(answer, dict):
            raise self.unusable()
        return answer

    def _explained(
        self, error: RemoteError, what: str, refusals: Mapping[int, str] = _REFUSALS
    ) -> NotFoundError | RemoteError:
        if error.status == 404:
            return NotFoundError(f"There is no {what}.", place=self._place, hint="List what the workspace holds.")
        return RemoteError(
            error.message,
            status=error.status,
            error_code=error.error_code,
            place=self._place,
            hint=refusals.get(error.status, error.hint),
        )


def segment(name: str) -> str:
    """A name as one segment of a path.

    Raises:
        NotFoundError: "." and ".." are steps in a path, and nothing's name.
    """
    if not name.strip("."):
        raise NotFoundError(f"Nothing is called '{name}'.", hint="List what the workspace holds.")
    return quote(name, safe="")
