"""A token authority on loopback, as Microsoft Entra ID answers, over TLS with a throw-away certificate."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TENANT = "contoso.example"
CLIENT = "0c1f2a6e-client"


@dataclass
class Authority:
    """What was asked of it, and how it answers: ``lifetimes`` are those of the tokens, in turn, the last for ever."""

    secret: str
    url: str = ""
    tls: ssl.SSLContext | None = None
    lifetimes: list[int] = field(default_factory=lambda: [3600])
    scopes: list[str] = field(default_factory=list)
    token_endpoint: str = ""
    statuses: list[int] = field(default_factory=list)

    def token(self, number: int) -> str:
        return f"canary-token-{number}-{self.secret}"

    def issue(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        if self.statuses:
            return self.statuses.pop(0), {"error": "temporarily_unavailable"}
        given = form.get("client_secret", [""])[0]
        if given != self.secret:
            # A hostile authority repeats what it was sent.
            said = f"AADSTS7000215: Invalid client secret provided: {given}"
            return 401, {"error": "invalid_client", "error_description": said}
        self.scopes += form["scope"]
        lifetime = self.lifetimes.pop(0) if len(self.lifetimes) > 1 else self.lifetimes[0]
        return 200, {"token_type": "Bearer", "expires_in": lifetime, "access_token": self.token(len(self.scopes))}


@contextmanager
def running_authority(folder: Path, secret: str) -> Iterator[Authority]:
    authority = Authority(secret)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            home = f"{authority.url}/{TENANT}"
            document = {
                "issuer": f"{home}/v2.0",
                "authorization_endpoint": f"{home}/oauth2/v2.0/authorize",
                "token_endpoint": authority.token_endpoint or f"{home}/oauth2/v2.0/token",
            }
            found = self.path == f"/{TENANT}/v2.0/.well-known/openid-configuration"
            self.answer(200 if found else 404, document if found else {"error": "not_found"})

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.answer(*authority.issue(form))

        def answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    certificate = _certificate(folder)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    authority.url = f"https://localhost:{httpd.server_address[1]}"
    authority.tls = ssl.create_default_context(cafile=str(certificate))
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield authority
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def _certificate(folder: Path) -> Path:
    """A file with a key and a certificate for ``localhost`` that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "authority.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
