"""The tables ``[smtp]`` and ``[notifications]`` of ``headwater.toml``.

::

    [smtp]
    host = "mail.example.org"
    port = 587
    tls = "starttls"                          # or "tls" from the first byte, or "none"
    from = "Headwater <headwater@example.org>"
    user = "headwater"
    password = "env:SMTP_PASSWORD"
    domains = ["example.org"]                 # mail goes there and nowhere else; left out: anywhere

    [notifications]
    link = "https://data.example.org/headwater"     # how people reach this server
    webhook_origins = ["https://hooks.example.org"]
    webhook_secret = "env:WEBHOOK_SECRET"           # signs what is sent
    private_networks = ["10.0.0.0/8"]               # in which a webhook may be
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from headwater.app.configuration import Section
from headwater.errors import HeadwaterError
from headwater.net.origins import Origin, check_scheme, parse_origin

__all__ = ["Mail", "Webhooks", "read_mail", "read_webhooks"]

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MAIL = ("host", "port", "tls", "from", "user", "password", "domains")
_WEBHOOKS = ("link", "webhook_origins", "webhook_secret", "private_networks")


@dataclass(frozen=True, slots=True)
class Mail:
    """How mail is sent; ``password`` is a reference. ``domains``: the only ones it goes to; none named: any."""

    host: str
    port: int
    tls: str
    sender: str
    user: str = ""
    password: str = ""
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Which webhooks may be called; ``secret`` is a reference. ``link`` is how people reach this server."""

    link: str = ""
    origins: frozenset[Origin] = frozenset()
    secret: str = ""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()


def read_mail(document: Mapping[str, Any], file: Path) -> Mail | None:
    """What ``[smtp]`` says; None without it.

    Raises:
        HomeError: an entry is not known or of another kind, or a password would be sent in the clear.
    """
    if "smtp" not in document:
        return None
    section = Section.of(document, "smtp", file, _MAIL)
    tls = section.choice("tls", "starttls", tuple(_PORTS))
    mail = Mail(
        section.text("host", example="mail.example.org"),
        section.number("port", _PORTS[tls], least=1, most=65_535),
        tls,
        section.text("from", example="headwater@example.org"),
        section.text("user", example="headwater"),
        section.reference("password"),
        tuple(domain.lower().lstrip("@") for domain in section.texts("domains", example="example.org")),
    )
    if not mail.host:
        raise section.wrong("host", "the name of the server that takes mail", '"mail.example.org"')
    if "@" not in parseaddr(mail.sender)[1] or not mail.sender.isprintable():
        raise section.wrong("from", "the address that mail comes from", '"headwater@example.org"')
    if bool(mail.user) != bool(mail.password):
        raise section.wrong("password", "given together with 'user'", '"env:SMTP_PASSWORD"')
    if mail.user and tls == "none" and mail.host not in _LOOPBACK:
        raise section.wrong("tls", 'not "none" where a password is sent', '"starttls"')
    return mail


def read_webhooks(document: Mapping[str, Any], file: Path) -> Webhooks:
    """What ``[notifications]`` says; without it no webhook may be called.

    Raises:
        HomeError: an entry is not known or of another kind, or an origin or network is none.
    """
    section = Section.of(document, "notifications", file, _WEBHOOKS)
    link = section.text("link", example="https://data.example.org/headwater").rstrip("/")
    listed = section.texts("webhook_origins", example="https://hooks.example.org")
    try:
        networks = tuple(ip_network(text) for text in section.texts("private_networks", example="10.0.0.0/8"))
    except ValueError:
        raise section.wrong("private_networks", "a list of networks", '["10.0.0.0/8"]') from None
    try:
        origins = frozenset(parse_origin(text) for text in listed)
        for origin in origins:
            check_scheme(origin, networks)
        if link:
            parse_origin(link)
    except HeadwaterError:
        # Without the text: an address may hold a secret.
        example = '["https://hooks.example.org"], and link = "https://data.example.org"'
        raise section.wrong("webhook_origins", "a list of https origins, and 'link' an address", example) from None
    return Webhooks(link, origins, section.reference("webhook_secret"), networks)
