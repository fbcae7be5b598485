"""The table ``[database]`` of ``headwater.toml``: where the metadata database is.

::

    [database]
    url = "postgresql://db.example.org/headwater?sslmode=verify-full"
    user = "headwater"
    password = "env:HEADWATER_DATABASE_PASSWORD"     # or "file:/run/secrets/database"

Without it, it is a SQLite file in the home folder. ``HEADWATER_DATABASE_URL`` in the environment stands above it; that
one may hold user and password, since it is in no file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from headwater.app.configuration import Section, administrators_secret
from headwater.errors import HomeError, UsageError

__all__ = ["VARIABLE", "MetadataPlace", "read_metadata_place", "stated_place"]

VARIABLE = "HEADWATER_DATABASE_URL"

_FILE = "headwater.db"
_KNOWN = ("url", "user", "password")
_DRIVER = "postgresql+psycopg"
_SCHEMES = frozenset({"postgresql", "postgres", _DRIVER})
_EXAMPLE = "postgresql://db.example.org/headwater"


@dataclass(frozen=True, slots=True)
class MetadataPlace:
    """Where the metadata database is, as the configuration says it; ``url`` "" is the file in the home folder.

    ``password`` is a reference, never a password: this may be shown.
    """

    url: str = ""
    user: str = ""
    password: str = ""

    def resolve(self, home: Path, environment: Mapping[str, str]) -> URL:
        """Where it is now, with what opens it; such a URL shows itself without its password.

        Raises:
            HomeError: the environment's URL is none.
            SecretError: the password is not where its reference says.
        """
        if stated := environment.get(VARIABLE, "").strip():
            return _parsed(stated, VARIABLE)
        if not self.url:
            return URL.create("sqlite", database=str(home / _FILE))
        url = _parsed(self.url, "[database]")
        if self.user:
            url = url.set(username=self.user)
        if self.password:
            url = url.set(password=administrators_secret(self.password).reveal())
        return url

    def to_toml(self) -> str:
        """As ``headwater init`` writes it."""
        stated = {"url": self.url, "user": self.user, "password": self.password}
        # A JSON string is a TOML string too.
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in stated.items() if value]
        return "\n".join(["[database]", *lines, ""])


def read_metadata_place(document: Mapping[str, Any], file: Path) -> MetadataPlace:
    """What the table says.

    Raises:
        HomeError: an entry is not known or of another kind, the URL is none or holds a password.
    """
    section = Section.of(document, "database", file, _KNOWN)
    url = section.text("url", example=_EXAMPLE)
    if section.entries and not url:
        raise section.wrong("url", "the database's address", f'"{_EXAMPLE}"')
    if url and _parsed(url, str(file)).password is not None:
        raise section.wrong("password", "kept outside of this file, and not within the url", '"env:NAME"')
    user, password = section.text("user", example="headwater"), section.reference("password")
    return MetadataPlace(url, user, password)


def stated_place(url: str, user: str, password: str) -> MetadataPlace:
    """What ``headwater init`` was told.

    Raises:
        UsageError: the URL holds a password, or the reference is none.
        HomeError: the URL is none.
    """
    document = {"database": {n: v for n, v in (("url", url), ("user", user), ("password", password)) if v}}
    try:
        return read_metadata_place(document, Path("--database"))
    except HomeError as error:
        raise UsageError(error.message, place="--database", hint=error.hint) from error


def _parsed(text: str, place: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _SCHEMES or not url.database:
        # Without the text, which may hold a password; and without the parser's error, which quotes it.
        raise HomeError(
            "The metadata database's address is no PostgreSQL URL.",
            place=place,
            hint=f"Write it as {_EXAMPLE}.",
            code="home.unreadable",
        ) from None
    return url.set(drivername=_DRIVER)
