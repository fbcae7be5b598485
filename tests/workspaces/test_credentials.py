"""Credentials of workspaces: what each kind consists of, what it sends, and that nothing shows it."""

from __future__ import annotations

import base64
import importlib.util
import json
import logging
import stat
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.workspaces.authority import CLIENT, TENANT, Authority, running_authority

from headwater.errors import HeadwaterError, OriginDeniedError, RemoteError, UnreachableError, UsageError
from headwater.workspaces import CREDENTIAL_KINDS, Credential, check_credential, make_credential

CANARY = "canary-5e1d"
PRINCIPAL = {"tenant_id": TENANT, "client_id": CLIENT}


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with running_authority(tmp_path, CANARY) as authority:
        yield authority


def principal(authority: Authority, secret: str = CANARY) -> Credential:
    fields = {**PRINCIPAL, "authority": authority.url}
    return make_credential("entra_client_secret", fields, secret, tls=authority.tls)


@pytest.mark.parametrize(
    ("kind", "fields", "secret", "sent"),
    [
        ("anonymous", {}, None, {}),
        ("token", {}, CANARY, {"Authorization": f"Bearer {CANARY}"}),
        ("key", {}, CANARY, {"Authorization": f"Bearer {CANARY}"}),
        ("key", {"header": " "}, CANARY, {"Authorization": f"Bearer {CANARY}"}),
        ("key", {"header": "x-api-key"}, CANARY, {"x-api-key": CANARY}),
        (
            "basic",
            {"username": "jürgen"},
            f"{CANARY}:ß",
            {"Authorization": "Basic " + base64.b64encode(f"jürgen:{CANARY}:ß".encode()).decode()},
        ),
    ],
)
def test_what_a_credential_sends(kind: str, fields: dict[str, str], secret: str | None, sent: dict[str, str]) -> None:
    assert dict(make_credential(kind, fields, secret).headers()) == sent


@pytest.mark.parametrize(
    ("kind", "fields", "secret", "named"),
    [
        ("kerberos", {}, None, ["kerberos", *CREDENTIAL_KINDS]),
        ("basic", {}, CANARY, ["'username'"]),
        ("basic", {"username": " "}, CANARY, ["'username'"]),
        ("basic", {"username": "ann"}, None, ["the secret"]),
        ("basic", {"username": "ann"}, "", ["the secret"]),
        ("basic", {"username": "a:b"}, CANARY, ["colon"]),
        ("anonymous", {}, CANARY, ["a secret"]),
        ("anonymous", {"username": "ann", "colour": "red"}, None, ["'username'", "'colour'"]),
        ("token", {}, f"{CANARY}\n", ["line break"]),
        ("token", {}, f"{CANARY}\r\nHost: evil", ["line break"]),
        ("key", {}, f"{CANARY} ü", ["characters"]),
        ("key", {"header": "Host"}, CANARY, ["header"]),
        ("key", {"header": "x-key: 1\r\nHost"}, CANARY, ["header"]),
        ("entra_client_secret", {"client_id": CLIENT}, CANARY, ["'tenant_id'"]),
        ("entra_client_secret", {**PRINCIPAL, "tenant_id": "../other"}, CANARY, ["'tenant_id'"]),
        ("entra_client_secret", {**PRINCIPAL, "authority": "http://127.0.0.1:1"}, CANARY, ["https"]),
        ("entra_client_secret", {**PRINCIPAL, "scope": "https://x"}, CANARY, ["'scope'"]),
        ("entra_managed_identity", {"client_id": "a b"}, None, ["'client_id'"]),
        ("entra_cli", {"tenant_id": "a;b"}, None, ["'tenant_id'"]),
    ],
)
def test_what_is_no_credential_is_refused_by_name(
    kind: str, fields: dict[str, str], secret: str | None, named: list[str]
) -> None:
    with pytest.raises(UsageError) as caught:
        make_credential(kind, fields, secret)
    told = str(caught.value.to_dict())
    assert all(name in told for name in named)
    assert CANARY not in told


def test_every_kind_says_what_it_consists_of() -> None:
    for name, kind in CREDENTIAL_KINDS.items():
        assert kind.name == name and kind.description
        assert kind.required <= set(kind.fields)
        fields = dict.fromkeys(kind.fields, "x")
        assert check_credential(name, fields, has_secret=kind.has_secret) is kind
    own = {name for name, kind in CREDENTIAL_KINDS.items() if kind.uses_machine_identity}
    assert own == {"entra_managed_identity", "entra_cli"}


def test_without_its_library_entra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for kind, secret in (("entra_client_secret", CANARY), ("entra_managed_identity", None), ("entra_cli", None)):
        with pytest.raises(UsageError) as caught:
            make_credential(kind, PRINCIPAL if secret else {}, secret)
        assert "headwater[azure]" in caught.value.hint


def test_a_token_is_kept_until_it_nears_its_end(authority: Authority) -> None:
    authority.lifetimes = [200, 3600]
    credential = principal(authority)
    sent = [credential.headers()["Authorization"] for _ in range(4)]
    assert sent == [f"Bearer {authority.token(number)}" for number in (1, 2, 2, 2)]


def test_a_token_is_for_one_resource(authority: Authority) -> None:
    credential = principal(authority)
    credential.headers()
    data_plane = credential.for_resource("https://ml.azure.com")
    assert data_plane.headers() != credential.headers()
    scopes = [scope.split()[0] for scope in authority.scopes]
    assert scopes == ["https://management.azure.com/.default", "https://ml.azure.com/.default"]
    token = make_credential("token", {}, CANARY)
    assert token.for_resource("https://ml.azure.com") is token


def test_threads_share_one_token(authority: Authority) -> None:
    credential, sent = principal(authority), []
    threads = [threading.Thread(target=lambda: sent.append(credential.headers())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 8 and len(authority.scopes) == 1


def test_a_busy_authority_is_asked_again(authority: Authority) -> None:
    authority.statuses = [503]
    assert principal(authority).headers()["Authorization"] == f"Bearer {authority.token(1)}"


def test_a_wrong_secret_is_refused_in_words_of_ours(authority: Authority) -> None:
    with pytest.raises(RemoteError) as caught:
        principal(authority, "wrong-" + CANARY).headers()
    error = caught.value
    assert (error.status, error.error_code, error.place) == (401, "AADSTS7000215", authority.url)
    assert "client secret" in error.hint


def test_the_secret_goes_to_the_authority_alone(authority: Authority) -> None:
    """What an authority says of itself does not send the secret elsewhere."""
    authority.token_endpoint = authority.url.replace("localhost", "127.0.0.1") + "/token"
    with pytest.raises(OriginDeniedError):
        principal(authority).headers()
    assert authority.scopes == []


def test_an_authority_with_a_strangers_certificate_gets_nothing(authority: Authority) -> None:
    fields = {**PRINCIPAL, "authority": authority.url}
    with pytest.raises(UnreachableError):
        make_credential("entra_client_secret", fields, CANARY).headers()


def test_a_managed_identity_is_the_machines_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(parse_qs(urlsplit(self.path).query))
            given = self.headers.get("X-IDENTITY-HEADER") == CANARY
            answer = {"access_token": "of the machine", "expires_on": "4102444800", "resource": "r"}
            body = json.dumps(answer if given else {"statusCode": 401, "message": CANARY}).encode()
            self.send_response(200 if given else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    try:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{httpd.server_address[1]}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", CANARY)
        credential = make_credential("entra_managed_identity", {"client_id": CLIENT}, None)
        assert credential.headers() == {"Authorization": "Bearer of the machine"}
        assert asked[0]["resource"] == ["https://management.azure.com"] and asked[0]["client_id"] == [CLIENT]
        monkeypatch.setenv("IDENTITY_HEADER", "wrong")
        with pytest.raises((RemoteError, UnreachableError)) as caught:
            make_credential("entra_managed_identity", {}, None).headers()
        assert CANARY not in str(caught.value.to_dict())
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def test_the_command_line_signs_in_and_is_not_started_for_every_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    command = tmp_path / "az"
    answer = json.dumps({"accessToken": CANARY, "expires_on": 4102444800, "expiresOn": "2100-01-01 00:00:00.000000"})
    command.write_text(f"#!/bin/sh\necho \"$@\" >> {calls}\necho '{answer}'\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    credential = make_credential("entra_cli", {"tenant_id": TENANT}, None)
    for _ in range(3):
        assert credential.headers() == {"Authorization": f"Bearer {CANARY}"}
    asked = calls.read_text().splitlines()
    assert len(asked) == 1
    assert "https://management.azure.com" in asked[0] and TENANT in asked[0]


def test_no_command_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError) as caught:
        make_credential("entra_cli", {}, None).headers()
    assert "az login" in caught.value.hint


def test_a_secret_is_found_nowhere(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    good, bad = principal(authority), principal(authority, "wrong-" + CANARY)
    told = [repr(good), str(vars(good)), repr(make_credential("token", {}, CANARY)), f"{bad} {bad!r:>5}"]
    good.headers()
    for attempt in (bad.headers, principal(authority, CANARY + "\n").headers):
        try:
            attempt()
        except HeadwaterError as error:
            told += [str(error.to_dict()), "".join(traceback.format_exception(error))]
    assert len(told) == 8
    shown = caplog.text + "".join(told)
    assert "localhost" in shown
    assert CANARY not in shown
    assert base64.b64encode(CANARY.encode()).decode()[:12] not in shown
