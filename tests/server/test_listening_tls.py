"""The server's own TLS: what it speaks, which files it refuses, and how it takes up new ones."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import time
from pathlib import Path

import httpx
import pytest
from tests.server.authority import DAY, Authority, Issued
from tests.server.echo import SECONDS, echo

from headwater.errors import ServeError
from headwater.server.certificates import CertificateFiles, ServerCertificate


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def handshake(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        secured = context.wrap_socket(connection, server_hostname="localhost")
        with secured:
            return secured


def number_shown(port: int, authority: Authority) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        with authority.context.wrap_socket(connection, server_hostname="localhost") as secured:
            shown = secured.getpeercert()
    assert shown is not None
    return int(str(shown["serialNumber"]), 16)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_it_speaks_tls_of_today_and_nothing_older(authority: Authority) -> None:
    with echo(tls=authority.issue("server", "localhost", "127.0.0.1")) as server:
        for name in ("localhost", "127.0.0.1"):
            answer = httpx.get(
                f"https://{name}:{server.port}/api/who", verify=authority.context, trust_env=False, timeout=30
            )
            assert answer.json()["url"] == f"https://{name}:{server.port}/api/who"
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = authority.context
            context.minimum_version = context.maximum_version = version
            handshake(server.port, context)
        old = authority.context
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        # It is the server that hangs up: the client would speak it.
        with pytest.raises(ssl.SSLEOFError):
            handshake(server.port, old)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{server.port}/api/who", trust_env=False, timeout=30)
        server.end()


def test_what_is_too_old_does_not_hang_on_the_machines_settings(authority: Authority) -> None:
    issued = authority.issue("server", "localhost")
    context = ServerCertificate(CertificateFiles(issued.certificate, issued.key)).context
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_certificate_that_is_replaced_is_taken_up_while_the_server_runs(authority: Authority) -> None:
    first = authority.issue("server", "localhost")
    second = authority.issue("renewed", "localhost")
    with echo(tls=first) as server:
        assert number_shown(server.port, authority) == first.number
        replace(first, second)
        deadline = time.monotonic() + SECONDS
        while number_shown(server.port, authority) != second.number:
            assert time.monotonic() < deadline, "the new certificate was not taken up"
            time.sleep(0.1)
        # Half of a replacement is no certificate: what there was goes on.
        first.key.write_text("half")
        shutil.copy(second.certificate, first.certificate)
        assert number_shown(server.port, authority) == second.number
        server.end()


def replace(old: Issued, new: Issued) -> None:
    for ours, theirs in ((old.key, new.key), (old.certificate, new.certificate)):
        shutil.copy(theirs, f"{ours}.next")
        Path(f"{ours}.next").replace(ours)


def test_new_files_that_cannot_be_used_are_told_once_and_change_nothing(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    issued = authority.issue("server", "localhost")
    certificate = ServerCertificate(CertificateFiles(issued.certificate, issued.key))
    certificate.renew()
    replace(issued, authority.issue("late", "localhost", begins=-3 * DAY, lasts=DAY))
    for _ in range(3):
        certificate.renew()
    issued.key.unlink()
    for _ in range(3):
        certificate.renew()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "expired" in caplog.records[0].message
    assert "cannot be read" in caplog.records[1].message


def refused(certificate: Path, key: Path, *names: str, password: Path | None = None) -> ServeError:
    with pytest.raises(ServeError) as caught:
        ServerCertificate(CertificateFiles(certificate, key, password), names)
    assert caught.value.hint
    return caught.value


def test_files_that_are_not_there_or_not_to_be_read_are_told(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue("server", "localhost")
    missing = tmp_path / "missing.pem"
    for error in (refused(missing, issued.key), refused(issued.certificate, missing)):
        assert (error.code, error.place) == ("serve.tls_file", str(missing))
    assert refused(tmp_path, issued.key).code == "serve.tls_file"
    if os.geteuid() != 0:
        issued.key.chmod(0)
        assert refused(issued.certificate, issued.key).code == "serve.tls_file"


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_files_that_hold_something_else_are_told(authority: Authority, tmp_path: Path, text: str) -> None:
    issued = authority.issue("server", "localhost")
    wrong = tmp_path / "wrong.pem"
    wrong.write_text(text)
    assert refused(wrong, issued.key).code == "serve.tls_certificate"
    assert refused(issued.key, issued.key).code == "serve.tls_certificate"
    for key in (wrong, issued.certificate):
        error = refused(issued.certificate, key)
        assert (error.code, error.place) == ("serve.tls_key", str(key))


def test_a_key_of_another_certificate_is_told(authority: Authority) -> None:
    error = refused(authority.issue("one", "localhost").certificate, authority.issue("two", "localhost").key)
    assert (error.code, Path(error.place).name) == ("serve.tls_mismatch", "two.key")


@pytest.mark.parametrize(("begins", "word"), [(-3 * DAY, "expired"), (DAY, "not valid before")])
def test_a_certificate_out_of_its_time_is_told(authority: Authority, begins: object, word: str) -> None:
    issued = authority.issue("server", "localhost", begins=begins, lasts=DAY)  # type: ignore[arg-type] # timedelta
    error = refused(issued.certificate, issued.key)
    assert error.code == "serve.tls_expired"
    assert word in error.message


def test_a_keys_password_comes_from_a_file(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue("server", "localhost", password=b"canary")
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("canary\n")
    wrong.write_text("canary2\n")
    ServerCertificate(CertificateFiles(issued.certificate, issued.key, right))
    for password in (None, wrong):
        error = refused(issued.certificate, issued.key, password=password)
        assert error.code == "serve.tls_key"
        assert "canary" not in str(error.to_dict())
    assert refused(issued.certificate, issued.key, password=tmp_path / "missing").code == "serve.tls_file"


@pytest.mark.parametrize(
    ("certified", "name", "valid"),
    [
        (["data.example.org"], "data.example.org", True),
        (["Data.Example.org", "other.example"], "data.example.org", True),
        (["*.example.org"], "data.example.org", True),
        (["*.example.org"], "example.org", False),
        (["*.example.org"], "a.data.example.org", False),
        (["data.example.org"], "other.example.org", False),
        (["10.0.0.1"], "10.0.0.1", True),
        (["2001:db8::1"], "[2001:db8::1]", True),
        (["10.0.0.1"], "10.0.0.2", False),
        ([], "server", False),
    ],
)
def test_a_certificate_has_to_be_valid_for_the_public_names(
    authority: Authority, certified: list[str], name: str, valid: bool
) -> None:
    issued = authority.issue("server", *certified)
    if valid:
        ServerCertificate(CertificateFiles(issued.certificate, issued.key), [name])
    else:
        error = refused(issued.certificate, issued.key, name)
        assert (error.code, f"'{name}'" in error.message) == ("serve.tls_name", True)
