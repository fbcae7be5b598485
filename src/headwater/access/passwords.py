"""Passwords: what may be one, and how one is hashed and checked."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select

from headwater.errors import UsageError
from headwater.store import tables

if TYPE_CHECKING:
    from pwdlib import PasswordHash

__all__ = ["LONGEST", "SHORTEST", "check_acceptable", "hash_password", "remove", "store", "stored", "verify"]

SHORTEST = 12
#: Longer ones would only keep the machine busy.
LONGEST = 1024


def check_acceptable(password: str, *, name: str) -> None:
    """Refuse a password that is too short, too long, or the name of its owner.

    There are no rules about kinds of characters: they make passwords harder to remember, not to guess.

    Raises:
        UsageError: it cannot be used.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(
            f"A password has {SHORTEST} to {LONGEST} characters.",
            hint="Take a sentence, or let a password manager make one.",
            code="usage.password",
        )
    if len(set(password)) < 5 or name.casefold() in password.casefold():
        raise UsageError(
            "This password is too easy to guess.",
            hint="Leave your name out of it, and use more than a few different characters.",
            code="usage.password",
        )


def hash_password(password: str) -> str:
    """Its argon2id hash, with salt and parameters in it."""
    return _hasher().hash(_normal(password))


def verify(password: str, stored_hash: str | None) -> tuple[bool, str | None]:
    """Whether ``password`` is the one that was hashed, and a new hash to store where its parameters are outdated.

    With ``stored_hash`` None (nobody of that name, or nobody with a password) the same work is done for nothing, so
    that the time an answer takes does not tell who exists.
    """
    if len(password) > LONGEST:
        password = ""
    matches, updated = _hasher().verify_and_update(_normal(password), stored_hash or _hash_of_nothing())
    return (matches, updated) if stored_hash is not None else (False, None)


def stored(connection: Connection, user_id: str) -> str | None:
    """The hash of somebody's password; None for who has none."""
    return connection.scalar(select(tables.passwords.c.hash).where(tables.passwords.c.user_id == user_id))


def store(connection: Connection, user_id: str, password_hash: str, *, now: datetime) -> None:
    """Make this the hash of somebody's password, in place of any that there was."""
    remove(connection, user_id)
    connection.execute(insert(tables.passwords).values(user_id=user_id, hash=password_hash, changed_at=now))


def remove(connection: Connection, user_id: str) -> None:
    """Leave somebody without a password: they can sign in by a link or an issuer."""
    connection.execute(delete(tables.passwords).where(tables.passwords.c.user_id == user_id))


def _normal(password: str) -> bytes:
    """One form for what keyboards compose differently; a broken character is wrong like any other."""
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")


@cache
def _hasher() -> PasswordHash:
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(),))


@cache
def _hash_of_nothing() -> str:
    import secrets

    return _hasher().hash(secrets.token_urlsafe(32))
