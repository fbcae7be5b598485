"""Which addresses a name may lead to; what redaction takes out and what it leaves."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from headwater.errors import OriginDeniedError
from headwater.net import Origin, parse_origin, redact
from headwater.net.origins import check_peer

PRIVATE = (ip_network("10.1.0.0/16"),)


@pytest.mark.parametrize(
    ("url", "text", "netloc"),
    [
        ("https://Host.Example/a/b", "https://host.example", "host.example:443"),
        ("http://localhost:80", "http://localhost", "localhost:80"),
        ("http://[::1]:8400/x", "http://[::1]:8400", "[::1]:8400"),
        ("https://host:8443", "https://host:8443", "host:8443"),
    ],
)
def test_an_origin_has_one_spelling(url: str, text: str, netloc: str) -> None:
    origin = parse_origin(url)
    assert (str(origin), origin.netloc) == (text, netloc)
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    ("host", "peer", "allowed"),
    [
        ("localhost", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("localhost", "93.184.216.34", False),
        ("ml.example.com", "93.184.216.34", True),
        ("ml.example.com", "10.1.2.3", True),
        ("ml.example.com", "::ffff:10.1.2.3", True),
        ("ml.example.com", "10.2.2.3", False),
        ("ml.example.com", "127.0.0.1", False),
        ("ml.example.com", "::ffff:127.0.0.1", False),
        ("ml.example.com", "169.254.169.254", False),
        ("ml.example.com", "fe80::1", False),
        ("ml.example.com", "0.0.0.0", False),
    ],
)
def test_where_a_name_may_lead(host: str, peer: str, allowed: bool) -> None:
    origin = Origin("https", host, 443)
    if allowed:
        check_peer(origin, peer, PRIVATE)
    else:
        with pytest.raises(OriginDeniedError):
            check_peer(origin, peer, PRIVATE)


CANARY = "cAnArY0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"https://ann:{CANARY}@host/x",
        f"https://{CANARY}@host/x",
        f"https://host/x?page=1&sig={CANARY}&z=2",
        f"https://host/x?X-Amz-Signature={CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"Authorization: Basic {CANARY}==",
        f"AccountName=a;AccountKey={CANARY};x=y",
        f'{{"client_secret": "{CANARY}"}}',
        f"eyJhbGciOiJub25l.{CANARY}.{CANARY}",
        f"postgres://u:{CANARY}@db:5432/x",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    assert CANARY not in redact(text)
    assert "***" in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("text", ["", "models:/m-1f2e", "file:///home/x/flights-2013-01.csv", "https://host/a?page=2"])
def test_other_text_is_left_alone(text: str) -> None:
    assert redact(text) == text
