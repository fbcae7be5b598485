"""A provider of OpenID Connect that checks all it has to, until a test makes it lie."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from joserfc.jwk import Key, KeySet, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact
from tests.access.people.support import NOW

CLIENT_ID = "head:water"
#: With characters that have to be encoded before the two are joined by a colon.
CLIENT_SECRET = "s3cr:et %&+ü"

KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})

Answer = tuple[int, dict[str, str], bytes]


def as_json(content: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


def sign(claims: dict[str, Any], key: Key = KEY, algorithm: str = "RS256", **header: Any) -> str:
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    named = {} if key.kid is None else {"kid": key.kid}
    return serialize_compact({"alg": algorithm, **named, **header}, json.dumps(claims), key, registry=registry)


def unsigned(claims: dict[str, Any], algorithm: str = "none", **header: object) -> str:
    return f"{encoded({'alg': algorithm, 'kid': 'first', **header})}.{encoded(claims)}."


def encoded(content: object) -> str:
    return based(json.dumps(content).encode())


def based(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Grant:
    """What a code stands for."""

    nonce: str
    challenge: str
    redirect_uri: str


@dataclass
class Provider:
    """What the provider publishes, knows and is told; each part may be replaced."""

    issuer: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    keys: list[Any] = field(default_factory=lambda: [KEY.as_dict(private=False)])
    claims: dict[str, Any] = field(default_factory=dict)
    signed: Callable[[dict[str, Any]], str] = sign
    token_answer: Callable[[], Answer] | None = None
    answers: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    #: Everything that was asked for, in order: method and path, and of the exchange its headers and form.
    asked: list[str] = field(default_factory=list)
    exchanges: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def authorize(self, url: str, code: str = "the-code") -> str:
        """What happens in the browser: the person agrees, and the code is sent back with them."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["code_challenge_method"] == "S256" and query["response_type"] == "code"
        self.grants[code] = Grant(query["nonce"], query["code_challenge"], query["redirect_uri"])
        return code

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            **self.document,
        }

    def exchange(self, headers: dict[str, str], form: dict[str, str]) -> Answer:
        self.exchanges.append((headers, form))
        if self.token_answer is not None:
            return self.token_answer()
        grant = self.grants.pop(form["code"], None)
        if grant is None or not self.is_proven(grant, form):
            return as_json({"error": "invalid_grant", "error_description": "a canary of a sentence"}, 400)
        if client_of(headers, form) not in {(CLIENT_ID, CLIENT_SECRET), (CLIENT_ID, None)}:
            return as_json({"error": "invalid_client"}, 401)
        issued = int(NOW.timestamp())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "subject-1", "nonce": grant.nonce,
            "iat": issued, "exp": issued + 300, "preferred_username": "ann", **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not ...}
        return as_json({"access_token": "access", "token_type": "Bearer", "id_token": self.signed(claims)})

    @staticmethod
    def is_proven(grant: Grant, form: dict[str, str]) -> bool:
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        return challenge == grant.challenge and form["redirect_uri"] == grant.redirect_uri


def client_of(headers: dict[str, str], form: dict[str, str]) -> tuple[str | None, str | None]:
    """The client's id and secret, by whichever way they were sent; both at once are refused."""
    if "authorization" not in headers:
        return form.get("client_id"), form.get("client_secret")
    assert "client_secret" not in form
    name, _, secret = b64decode(headers["authorization"].removeprefix("Basic ")).decode().partition(":")
    return unquote_plus(name), unquote_plus(secret)


@contextmanager
def running_provider() -> Iterator[Provider]:
    """A provider on a port of its own."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            provider.asked.append(f"GET {path}")
            if path in provider.answers:
                self.answer(provider.answers[path]())
            elif path == "/.well-known/openid-configuration":
                self.answer(as_json(provider.metadata()))
            elif path == "/keys":
                self.answer(as_json({"keys": provider.keys}))
            else:
                self.answer(as_json({"error": "not_found"}, 404))

        def do_POST(self) -> None:
            path = urlsplit(self.path).path
            provider.asked.append(f"POST {path}")
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
            self.answer(provider.exchange({name.lower(): value for name, value in self.headers.items()}, form))

        def answer(self, answer: Answer) -> None:
            status, headers, body = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # the other side had enough
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        provider.ended.set()
        server.shutdown()
        thread.join(10)
        server.server_close()


def public(*keys: Key) -> list[Any]:
    return list(KeySet(list(keys)).as_dict()["keys"])
