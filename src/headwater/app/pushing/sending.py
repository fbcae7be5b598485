"""Calls to another Atlas: tried again while it is busy, and one bad entity costs nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import orjson

from headwater.app.configuration import administrators_secret
from headwater.app.pushing.payloads import Name
from headwater.app.pushing.settings import PURVIEW, Target
from headwater.errors import HeadwaterError, RemoteError, UnreachableError
from headwater.net import HttpClient
from headwater.net.failures import error_code_of, pause_asked_for, status_hint
from headwater.net.jsons import parse_json
from headwater.workspaces.credentials import make_credential

__all__ = ["Remote", "Warned"]

_TRIES: Final = 6
_LONGEST_PAUSE: Final = 60.0
_BUSY: Final = frozenset({429, 502, 503, 504})
#: The credential is of no use: nothing else will go through either.
_REFUSED: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Warned:
    """An entity, or a type, that the other side did not take, and its own word for why."""

    type_name: str
    name: str
    status: int
    reason: str


@dataclass
class Remote:
    """Another Atlas, while something is pushed to it. Close it."""

    target: Target
    check: Callable[[], None] = lambda: None
    requests: int = 0
    warnings: list[Warned] = field(default_factory=list)

    def __post_init__(self) -> None:
        target = self.target
        networks = [ip_network(text) for text in target.networks]
        secret = administrators_secret(target.secret).reveal() if target.secret else None
        credential = make_credential(target.credential, target.fields, secret, private_networks=networks)
        if target.credential.startswith("entra_"):
            credential = credential.for_resource(PURVIEW)
        self._root = urlsplit(target.url).path
        self._client = HttpClient(
            target.url, credential=credential.headers, timeout=60.0, deadline=300.0, private_networks=networks
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def get(self, path: str) -> Any:
        """The JSON at an address; RemoteError where that fails."""
        return self._called("GET", path, None)

    def post_entities(self, entities: Sequence[Mapping[str, Any]]) -> int:
        """Send entities, halving what is refused until the bad ones are alone; how many were taken.

        Raises:
            NetworkError: nobody answers, or the credential is refused.
        """
        if not entities:
            return 0
        self.check()
        query = f"?{urlencode({'collectionId': self.target.into})}" if self.target.into else ""
        try:
            self._called("POST", f"/entity/bulk{query}", {"entities": list(entities)})
        except RemoteError as error:
            if error.status in _REFUSED or error.status >= 500:
                raise
            if len(entities) > 1:
                half = len(entities) // 2
                return self.post_entities(entities[:half]) + self.post_entities(entities[half:])
            one = entities[0]
            self.warn(one["typeName"], one["attributes"]["qualifiedName"], error)
            return 0
        return len(entities)

    def post_event(self, event: Mapping[str, Any], name: Name) -> bool:
        """Post one OpenLineage event about what is so named; whether it was taken."""
        self.check()
        try:
            self._called("POST", "", event)
        except RemoteError as error:
            if error.status in _REFUSED or error.status >= 500:
                raise
            self.warn(*name, error)
            return False
        return True

    def post_types(self, definitions: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
        """Define types: all at once, or each by itself where that is refused; how many were taken."""
        count = sum(map(len, definitions.values()))
        if not count:
            return 0
        try:
            self._called("POST", "/types/typedefs", dict(definitions))
        except RemoteError as error:
            if error.status in _REFUSED or error.status >= 500:
                raise
            if count > 1:
                return sum(self.post_types({kind: [each]}) for kind, listed in definitions.items() for each in listed)
            kind, (one,) = next((kind, listed) for kind, listed in definitions.items() if listed)
            self.warn(kind, str(one.get("name", "")), error)
            return 0
        return count

    def delete(self, type_name: str, qualified_name: str) -> bool:
        """Delete an entity; whether there was one."""
        self.check()
        query = urlencode({"attr:qualifiedName": qualified_name})
        try:
            self._called("DELETE", f"/entity/uniqueAttribute/type/{quote(type_name, safe='')}?{query}", None)
        except RemoteError as error:
            if error.status in _REFUSED or error.status >= 500:
                raise
            if error.status != 404:
                self.warn(type_name, qualified_name, error)
            return False
        return True

    def warn(self, type_name: str, name: str, error: RemoteError) -> None:
        """Note that something was not taken. The other side's text may quote what was sent, so it is left out."""
        self.warnings.append(Warned(type_name, name, error.status, error.error_code or error.code))

    def _called(self, method: str, path: str, payload: Any) -> Any:
        """The JSON answer. Whatever is sent may be sent twice: entities are known by their names."""
        content = None if payload is None else orjson.dumps(payload)
        for attempt in range(1, _TRIES + 1):
            self.check()
            last = attempt == _TRIES
            try:
                answer = self._sent(method, path, content)
            except UnreachableError:
                if last:
                    raise
                time.sleep(pause_asked_for("", attempt))
                continue
            if answer.status < 400:
                return parse_json(answer.body) if answer.body else None
            if answer.status not in _BUSY or last:
                raise self._failed(method, answer.status, answer.body)
            time.sleep(min(pause_asked_for(answer.header("retry-after"), attempt), _LONGEST_PAUSE))
        raise AssertionError("the last attempt returns or raises")

    def _sent(self, method: str, path: str, content: bytes | None) -> Any:
        self.requests += 1
        headers = {"Accept": "application/json"} | ({} if content is None else {"Content-Type": "application/json"})
        try:
            return self._client.request(method, self._root + path, headers=headers, content=content)
        except RemoteError as error:
            # An answer that broke off is as good as none.
            raise UnreachableError(error.message, place=error.place, hint=error.hint) from error

    def _failed(self, method: str, status: int, body: bytes) -> HeadwaterError:
        return RemoteError(
            f"{method} to the catalog '{self.target.name}' was answered with status {status}.",
            status=status,
            error_code=error_code_of(body),
            place=str(self._client.origin),
            hint=status_hint(status),
        )
