"""Mail: the way to the server, what it refuses, and what is never in it."""

from __future__ import annotations

import socket
from email import message_from_bytes
from pathlib import Path

import pytest
from tests.notifications.conftest import PASSWORD, World, mail_server

from headwater.app.notifications.mail import send_mail
from headwater.app.notifications.settings import Mail
from headwater.errors import HeadwaterError, HomeError, NetworkError, UnreachableError, UsageError

ADDRESS = "team@example.org"


def plain(port: int, **more: object) -> Mail:
    return Mail("127.0.0.1", port, "none", "Headwater <hw@example.org>", **more)  # type: ignore[arg-type]  # a test's


def test_a_mail_arrives_as_it_was_sent() -> None:
    with mail_server() as (box, _):
        for _ in range(2):
            send_mail(plain(box.port), ADDRESS, "Title\nBcc: evil@example.org", "Text ü\n.\nend", identifier="the-id")
    one, other = (message_from_bytes(mail.content) for mail in box.mails)
    assert box.mails[0].rcpt_tos == [ADDRESS] and one["Bcc"] is None
    assert one["Subject"] == "Title Bcc: evil@example.org"
    assert one.get_payload(decode=True).decode().split() == ["Text", "ü", ".", "end"]  # type: ignore[union-attr]  # plain
    assert one["Message-ID"] == other["Message-ID"] == "<the-id@example.org>", "sent twice, it shows once"
    assert one["Auto-Submitted"] == "auto-generated"


def test_it_is_encrypted_and_signed_in_before_anything_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    with mail_server(tmp_path) as (box, authority):
        mail = Mail("localhost", box.port, "starttls", "hw@example.org", "hw", "env:MAIL_PASSWORD")
        with pytest.raises(UnreachableError):
            send_mail(mail, ADDRESS, "t", "x", identifier="i")
        assert not box.logins, "a certificate that nobody vouches for gets no password"
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        send_mail(mail, ADDRESS, "t", "x", identifier="i")
        assert box.logins == [("hw", PASSWORD)] and box.encrypted == [True]
        monkeypatch.setenv("MAIL_PASSWORD", "wrong-canary")
        with pytest.raises(NetworkError) as caught:
            send_mail(mail, ADDRESS, "t", "x", identifier="i")
    assert caught.value.code == "network.mail" and "wrong-canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error"), [("451 later", UnreachableError), ("554 never: canary", NetworkError)], ids=["later", "never"]
)
def test_later_is_told_from_never(answer: str, error: type[HeadwaterError]) -> None:
    with mail_server() as (box, _):
        box.answers.append(answer)
        with pytest.raises(error) as caught:
            send_mail(plain(box.port), ADDRESS, "t", "x", identifier="i")
        assert type(caught.value) is error and "canary" not in str(caught.value) + caught.value.hint
        with pytest.raises(NetworkError) as refused:
            send_mail(plain(box.port), "nobody@example.org", "t", "x", identifier="i")
        assert "nobody" not in str(refused.value) + refused.value.hint


def test_a_server_that_is_away_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UnreachableError):
        send_mail(plain(port), ADDRESS, "t", "x", identifier="i")


@pytest.mark.parametrize("address", ["nobody", "a@b\r\nBcc: c@d", "", "a b@c", "x@elsewhere.example"])
def test_addresses_that_get_none(address: str) -> None:
    with mail_server() as (box, _), pytest.raises(UsageError):
        send_mail(plain(box.port, domains=("example.org",)), address, "t", "x", identifier="i")
    assert not box.mails


def test_a_job_is_tried_again_when_the_server_says_later(world: World) -> None:
    with mail_server() as (box, _):
        world.configure(f'[smtp]\nhost = "127.0.0.1"\nport = {box.port}\ntls = "none"\nfrom = "hw@example.org"')
        world.flow(world.person("ann", email="ann@example.org"))
        world.refresh()
        box.answers.append("451 later")
        (job,) = world.send()
        assert (job.status, job.error is not None) == ("queued", True)
        (job,) = world.send()
        assert job.status == "succeeded" and len(box.mails) == 1


def test_without_a_server_nothing_is_sent_and_nothing_fails(world: World) -> None:
    world.flow(world.person("ann", email="ann@example.org"))
    world.refresh()
    assert [job.status for job in world.send()] == ["succeeded"] and world.told("ann")


@pytest.mark.parametrize(
    "table",
    [
        'from = "a@b.c"',
        'host = "h"',
        'host = "h"\nfrom = "nobody"',
        'host = "h"\nfrom = "a@b.c"\ntls = "yes"',
        'host = "h"\nfrom = "a@b.c"\nport = 0',
        'host = "h"\nfrom = "a@b.c"\nuser = "u"',
        f'host = "h"\nfrom = "a@b.c"\nuser = "u"\npassword = "{PASSWORD}"',
        'host = "h"\nfrom = "a@b.c"\nuser = "u"\npassword = "env:P"\ntls = "none"',
        'host = "h"\nfrom = "a@b.c"\nsubject = "x"',
    ],
)
def test_what_the_table_cannot_say(world: World, table: str) -> None:
    with pytest.raises(HomeError) as caught:
        world.configure(f"[smtp]\n{table}")
    assert caught.value.code == "home.unreadable" and PASSWORD not in str(caught.value) + caught.value.hint
