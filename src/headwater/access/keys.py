"""The keys that secrets at rest are encrypted with: where they come from, and what they do."""

from __future__ import annotations

import binascii
import hashlib
import os
import stat
import tempfile
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.errors import SecretError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

__all__ = ["FILE_NAME", "FILE_VARIABLE", "VARIABLE", "Keyring", "load_keyring"]

VARIABLE = "HEADWATER_SECRET_KEY"
FILE_VARIABLE = "HEADWATER_SECRET_KEY_FILE"

#: The key file of a home folder. A backup of the folder without this file protects what it stores.
FILE_NAME = "secret.key"


class Keyring:
    """Fernet keys, the newest first: that one encrypts, each of them decrypts.

    >>> from cryptography.fernet import Fernet
    >>> Keyring([Fernet.generate_key().decode()])
    Keyring(1 key)
    """

    def __init__(self, keys: Sequence[str], *, place: str = VARIABLE) -> None:
        """Take the keys.

        Raises:
            SecretError: there is none, or one is not 32 bytes in base64.
        """
        if not keys:
            raise _no_key(place, "There is no key.")
        if not all(_is_key(key) for key in keys):
            raise _no_key(place, "A key is not 32 bytes in URL-safe base64.")
        self._keys = tuple(keys)
        #: Beginnings of the keys' digests, the newest key's first. They tell which key it is, and nothing about it.
        self.key_ids = tuple(hashlib.sha256(urlsafe_b64decode(key)).hexdigest()[:8] for key in keys)

    def encrypt(self, text: str, *, now: datetime) -> str:
        """``text`` encrypted with the newest key."""
        return self._fernet().encrypt_at_time(text.encode(errors="surrogatepass"), int(now.timestamp())).decode()

    def decrypt(self, ciphertext: str) -> str | None:
        """What was encrypted; None where no key opens it."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(ciphertext.encode()).decode(errors="surrogatepass")
        except InvalidToken:
            return None

    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in self._keys])

    def __repr__(self) -> str:
        return f"Keyring({len(self._keys)} key{'s' if len(self._keys) > 1 else ''})"


def load_keyring(home: Path, environment: Mapping[str, str], *, has_secrets: bool) -> Keyring:
    """The keys of this installation: the environment's, those of a file it names, or those of the home folder.

    Args:
        home: the home folder, where a key is made if nothing names one.
        environment: ``HEADWATER_SECRET_KEY`` holds keys separated by commas, the newest first;
            ``HEADWATER_SECRET_KEY_FILE`` names a file with a key in each line.
        has_secrets: whether something is stored already. Then no key is made: the one in use is missing.

    Raises:
        SecretError: a key is none, a file cannot be read or may be read by others, or the key is missing
            (``secret.key``).
    """
    if listed := environment.get(VARIABLE, "").strip():
        return Keyring([key.strip() for key in listed.split(",") if key.strip()])
    named = environment.get(FILE_VARIABLE, "").strip()
    path = Path(named) if named else home / FILE_NAME
    if not named and not has_secrets and not path.exists():
        _make(path)
    return Keyring(_read(path), place=str(path))


def _make(path: Path) -> None:
    """A file with a new key. It comes to its name whole, and of two processes that make it, one does."""
    from cryptography.fernet import Fernet

    try:
        # Made with mode 0600, and linked to the name only when the key is in it.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".key-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key() + b"\n")
            os.link(temporary, path)
        except FileExistsError:
            return
        finally:
            Path(temporary).unlink()
    except OSError as error:
        raise _no_key(str(path), f"A key cannot be written: {error.strerror}.") from error


def _read(path: Path) -> list[str]:
    try:
        with path.open(encoding="ascii") as file:
            # Asked of the open file: the name could lead elsewhere by the time it is read.
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise _no_key(str(path), "Others may read the key file.", hint=f"Run: chmod 600 '{path}'.")
            return file.read().split()
    except FileNotFoundError as error:
        raise _no_key(str(path), "The key file is missing.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _no_key(str(path), "The key file cannot be read.") from error


def _is_key(key: str) -> bool:
    try:
        return len(urlsafe_b64decode(key)) == 32
    except (binascii.Error, ValueError):
        return False


def _no_key(place: str, message: str, *, hint: str = "") -> SecretError:
    advice = (
        f"Put the key back: into {VARIABLE}, into the file that {FILE_VARIABLE} names, or into {FILE_NAME} in the home "
        "folder. A new one comes from: python -c 'from cryptography.fernet import Fernet; "
        "print(Fernet.generate_key().decode())'."
    )
    return SecretError(message, code="secret.key", place=place, hint=hint or advice)
