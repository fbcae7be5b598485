"""The tables ``[[push]]`` of ``headwater.toml``: where the catalog is pushed to.

::

    [[push]]
    name = "purview"
    url = "https://example.purview.azure.com/datamap/api/atlas/v2"   # Atlas's root there
    form = "atlas"                          # or openlineage: url is where events are posted to
    credential = "entra_client_secret"      # or anonymous, basic, token, key, entra_managed_identity, entra_cli
    tenant_id = "…"
    client_id = "…"
    secret = "env:PURVIEW_SECRET"
    collections = ["fraud"]                 # only what lies in these or below; without it, everything
    types = ["ml_model", "ml_model_version"] # only these types; without it, all
    into = "shared"                         # the collection there; without it, the root
    deletions = false                       # whether what is gone here is deleted there
    cron = "30 2 * * *"                     # when, in UTC; without it, only when asked
    private_networks = ["10.0.0.0/8"]       # in which it may be
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from headwater.app.configuration import Section
from headwater.errors import HeadwaterError
from headwater.jobs import cron as crons
from headwater.net.origins import check_scheme, parse_origin
from headwater.workspaces.credentials import CREDENTIAL_KINDS, check_credential

__all__ = ["Target", "read_targets"]

_FIELDS: Final = ("username", "header", "tenant_id", "client_id", "authority")
_KNOWN: Final = (
    "name", "url", "form", "credential", *_FIELDS, "secret", "collections", "types", "into", "deletions", "cron",
    "private_networks",
)  # fmt: skip
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ENTRA: Final = "entra_"
#: For whom Microsoft's directory issues tokens for Purview's data plane.
PURVIEW: Final = "https://purview.azure.net"


@dataclass(frozen=True, slots=True)
class Target:
    """Another Atlas, and what of the catalog it is given. ``secret`` is a reference."""

    name: str
    url: str
    credential: str = "anonymous"
    fields: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""
    collections: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    into: str = ""
    deletions: bool = False
    cron: str = ""
    networks: tuple[str, ...] = ()
    form: str = "atlas"

    @property
    def fingerprint(self) -> str:
        """Stands for where it is and what it is given: when that changes, everything is pushed anew."""
        what = asdict(self)
        parts = [what[name] for name in ("url", "form", "collections", "types", "into")]
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def read_targets(document: Mapping[str, Any], marker: Path) -> tuple[Target, ...]:
    """What the tables say.

    Raises:
        HomeError: an entry is not known or of another kind, or two have one name (``home.unreadable``).
    """
    listed = document.get("push", [])
    sections = [Section.of({"push": table}, "push", marker, _KNOWN) for table in _tables(listed, marker)]
    targets = tuple(_target(section) for section in sections)
    names = [target.name for target in targets]
    for section, target in zip(sections, targets, strict=True):
        if names.count(target.name) > 1:
            raise section.wrong("name", "a name of its own", '"purview"')
    return targets


def _tables(listed: Any, marker: Path) -> list[Any]:
    if not isinstance(listed, list):
        raise Section("push", {}, marker).wrong("push", "a list of tables", "[[push]]")
    return listed


def _target(section: Section) -> Target:
    name = section.text("name", example="purview")
    if not _NAME.fullmatch(name):
        raise section.wrong("name", "letters, digits, hyphens and underscores", '"purview"')
    deletions = section.entries.get("deletions", False)
    if not isinstance(deletions, bool):
        raise section.wrong("deletions", "true or false", "false")
    kind = section.choice("credential", "anonymous", tuple(CREDENTIAL_KINDS))
    fields = {each: section.text(each, example="…") for each in _FIELDS if each in section.entries}
    target = Target(
        name,
        section.text("url", example="https://catalog.example.org/api/atlas/v2").rstrip("/"),
        kind,
        fields,
        section.reference("secret"),
        section.texts("collections", example="fraud"),
        section.texts("types", example="ml_model"),
        section.text("into", example="shared"),
        deletions,
        section.text("cron", example="30 2 * * *"),
        section.texts("private_networks", example="10.0.0.0/8"),
        section.choice("form", "atlas", ("atlas", "openlineage")),
    )
    _check(section, target)
    return target


def _check(section: Section, target: Target) -> None:
    try:
        networks = [ip_network(text) for text in target.networks]
    except ValueError:
        raise section.wrong("private_networks", "a list of networks", '["10.0.0.0/8"]') from None
    try:
        check_scheme(parse_origin(target.url), networks)
    except HeadwaterError:
        # Without the text: an address may hold a secret.
        example = '"https://catalog.example.org/api/atlas/v2"'
        raise section.wrong("url", "an https address", example) from None
    try:
        check_credential(target.credential, target.fields, has_secret=bool(target.secret))
        if target.cron:
            crons.check(target.cron, "UTC")
    except HeadwaterError as error:
        entry = "cron" if error.code.startswith("schedule") else "credential"
        raise section.wrong(entry, f"one that can be used: {error.message}", '"…"') from None
