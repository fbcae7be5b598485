"""A management plane on loopback: lists in pages, refuses, is busy, and lies where a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.workspaces.azureml.holdings import HOME, PROVIDER, SUBSCRIPTION, WORKSPACE, holdings

PAGE = 7
TOKEN = "canary-arm-token"
SECOND_WORKSPACE = {
    "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Lab/providers/{PROVIDER}/workspaces/Playground",
    "name": "Playground",
    "location": "northeurope",
    "kind": "Hub",
    "properties": {},
}
FIRST_WORKSPACE = {
    "id": HOME,
    "name": WORKSPACE,
    "type": f"{PROVIDER}/workspaces",
    "location": "westeurope",
    "properties": {"friendlyName": "Claims", "description": None, "workspaceId": "1f0e"},
}
SUBSCRIPTIONS = [
    {
        "subscriptionId": SUBSCRIPTION,
        "displayName": "Insurance",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
    },
    {"subscriptionId": "0000aaaa", "displayName": "an older one", "state": "Drowsy"},
]


@dataclass
class Management:
    """``items`` may be changed; ``busy``, ``forbidden`` and ``next_link`` say how it misbehaves."""

    url: str = ""
    items: dict[str, dict[str, Any]] = field(default_factory=holdings)
    accepts: Callable[[str], bool] = lambda token: token == f"Bearer {TOKEN}"
    busy: int = 0
    forbidden: str = "nothing"
    broken: str = "nothing"
    throttled: str = "nothing"
    next_link: Callable[[str], object] | None = None
    #: How many lists are answered before it begins to be busy.
    patience: int = 0
    seen: list[str] = field(default_factory=list)
    #: What is given out for endpoints: the answers to ``onlineEndpoints/NAME/ACTION``, the last of them for ever.
    secrets: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def act(self, target: str, token: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        """The answer to an action on a resource (POST)."""
        self.seen.append(f"POST {target}")
        parts = urlsplit(target)
        if not self.accepts(token):
            return failure(401, "InvalidAuthenticationToken")
        if self.forbidden in target:
            return failure(403, "AuthorizationFailed")
        if self.broken in target:
            return failure(500, "InternalServerError")
        answers = self.secrets.get(unquote(parts.path).removeprefix(f"{HOME}/"))
        if answers is None or "api-version=" not in parts.query:
            return failure(404, "ResourceNotFound")
        return 200, {}, answers.pop(0) if len(answers) > 1 else answers[0]

    def answer(self, target: str, token: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        self.seen.append(target)
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if not self.accepts(token):
            return failure(401, "InvalidAuthenticationToken")
        if self.throttled in target or (self.busy and len(self.seen) > self.patience):
            self.busy = max(self.busy - 1, 0)
            status, _, body = failure(429, "TooManyRequests")
            return status, {"Retry-After": "0"}, body
        if self.forbidden in target:
            return failure(403, "AuthorizationFailed")
        if self.broken in target:
            return failure(500, "InternalServerError")
        if "api-version" not in query:
            return failure(400, "MissingApiVersionParameter")
        found = self.find(unquote(parts.path), query)
        return (200, {}, found) if found is not None else failure(404, "ResourceNotFound")

    def find(self, path: str, query: dict[str, str]) -> dict[str, Any] | None:
        if path == "/subscriptions":
            return self.page(path, SUBSCRIPTIONS, query)
        if path.lower() == f"/subscriptions/{SUBSCRIPTION}/providers/{PROVIDER}/workspaces".lower():
            return self.page(path, [SECOND_WORKSPACE, FIRST_WORKSPACE], query)
        if path.lower() == HOME.lower():
            return FIRST_WORKSPACE
        below = path[len(HOME) + 1 :] if path.lower().startswith(HOME.lower() + "/") else "?"
        if below.count("/") % 2:
            return self.items.get(below)
        if (
            below not in {"models", "onlineEndpoints", "jobs", "data", "datastores"}
            and below.rpartition("/")[0] not in self.items
        ):
            return None
        found = [self.items[key] for key in self.items if key.rpartition("/")[0] == below]
        if query.get("listViewType", "ActiveOnly") == "ActiveOnly":
            found = [item for item in found if not item["properties"].get("isArchived")]
        return self.page(path, found, query)

    def page(self, path: str, items: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
        """A page, and an address with a token that nobody else can make for the next."""
        start = int(query.get("$skip", "token-0").removeprefix("token-"))
        answer: dict[str, Any] = {"value": items[start : start + PAGE], "nextLink": None}
        if start + PAGE < len(items):
            kept = "".join(f"&{name}={value}" for name, value in query.items() if name != "$skip")
            answer["nextLink"] = f"{self.url}{quote(path)}?$skip=token-{start + PAGE}{kept}"
        if self.next_link is not None:
            answer["nextLink"] = self.next_link(path)
        return answer


def failure(status: int, code: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    return status, {}, {"error": {"code": code, "message": "In words that may hold anything: canary-row."}}


@contextmanager
def running_management() -> Iterator[Management]:
    management = Management()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.respond(*management.answer(self.path, self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.respond(*management.act(self.path, self.headers.get("Authorization", "")))

        def respond(self, status: int, headers: dict[str, str], document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    management.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    try:
        yield management
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
