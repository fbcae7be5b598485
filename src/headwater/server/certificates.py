"""The server's own TLS: its files are checked before anything starts, and read again when they are replaced."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.errors import ServeError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files: the certificate with those that lead to its authority, its key, and the key's password if it has one.

    The certificate and the key may stand in one file.
    """

    certificate: Path
    key: Path
    password: Path | None = None

    def __iter__(self) -> Iterator[Path]:
        yield from (self.certificate, self.key)
        if self.password is not None:
            yield self.password


class ServerCertificate:
    """What the server shows for itself. ``names`` are those that it has to be valid for.

    Raises:
        ServeError: a file cannot be read (``serve.tls_file``) or is not what it has to be (``serve.tls_certificate``,
            ``serve.tls_key``); the two do not belong together (``serve.tls_mismatch``); the certificate is not valid
            now (``serve.tls_expired``) or not for a name (``serve.tls_name``).
    """

    def __init__(self, files: CertificateFiles, names: Collection[str] = ()) -> None:
        self._files = files
        self._names = names
        self._read = self._state()
        self._current = _checked_context(files, names)
        self.context = _new_context()
        self.context.sni_callback = self._show_current

    def renew(self) -> None:
        """Take up files that were replaced; new connections get the new certificate.

        Files that cannot be used are told in the log, once, and change nothing.
        """
        state = self._state()
        if state == self._read:
            return
        self._read = state
        try:
            self._current = _checked_context(self._files, self._names)
        except ServeError as error:
            log.warning("The new TLS files are not used: %s (%s) %s", error.message, error.place, error.hint)
        else:
            log.info("The TLS certificate was read again.")

    def _show_current(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current

    def _state(self) -> list[tuple[int, int] | None]:
        return [_state(path) for path in self._files]


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _new_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _checked_context(files: CertificateFiles, names: Collection[str]) -> ssl.SSLContext:
    certificate = _certificate(files.certificate)
    password = None if files.password is None else _content(files.password).strip()
    if _key(files.key, password).public_key() != certificate.public_key():
        raise ServeError(
            "The TLS key is not the certificate's.",
            place=str(files.key),
            hint="Give the key that the certificate was made for; the server's certificate comes first in its file.",
            code="serve.tls_mismatch",
        )
    _check_time(certificate, files.certificate)
    _check_names(certificate, names, files.certificate)
    context = _new_context()
    try:
        # Never without a password: OpenSSL would ask for one at the terminal.
        context.load_cert_chain(files.certificate, files.key, password=password or b"")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise ServeError(
            f"The TLS certificate cannot be used: {reason}.",
            place=str(files.certificate),
            hint="Have it made anew, with a key and a signature that are strong enough for today.",
            code="serve.tls_certificate",
        ) from error
    return context


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServeError(
            f"The TLS file cannot be read: {error.strerror}.",
            place=str(path),
            hint="Check the path, and that this process may read it.",
            code="serve.tls_file",
        ) from error


def _certificate(path: Path) -> Certificate:
    from cryptography import x509

    try:
        first, *_ = x509.load_pem_x509_certificates(_content(path))
    except ValueError as error:
        raise ServeError(
            "The file holds no certificate in PEM form.",
            place=str(path),
            hint="Give the file that begins with '-----BEGIN CERTIFICATE-----', the authority's certificates after it.",
            code="serve.tls_certificate",
        ) from error
    return first


def _key(path: Path, password: bytes | None) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(_content(path), password)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        # A TypeError says that a password is missing, or that there is one too many.
        raise ServeError(
            "The TLS key cannot be read.",
            place=str(path),
            hint="Give a private key in PEM form, and its password with --tls-key-password-file if it has one.",
            code="serve.tls_key",
        ) from error


def _check_time(certificate: Certificate, path: Path) -> None:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    now = datetime.now(UTC)
    if not begins <= now <= ends:
        what = f"expired on {ends:%Y-%m-%d}" if now > ends else f"is not valid before {begins:%Y-%m-%d %H:%M} UTC"
        raise ServeError(
            f"The TLS certificate {what}.",
            place=str(path),
            hint="Renew the certificate; if it should be valid, check this machine's clock.",
            code="serve.tls_expired",
        )


def _check_names(certificate: Certificate, names: Collection[str], path: Path) -> None:
    certified = _names_of(certificate)
    for name in sorted(names):
        wildcard = f"*.{name.partition('.')[2]}"
        if name not in certified and wildcard not in certified:
            raise ServeError(
                f"The TLS certificate is not valid for '{name}', so browsers would not go there.",
                place=str(path),
                hint="Have one made for the names in --public-url, or correct those.",
                code="serve.tls_name",
            )


def _names_of(certificate: Certificate) -> set[str]:
    """The names of a certificate as a Host header has them; a subject's common name counts no longer."""
    from cryptography import x509

    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = named.get_values_for_type(x509.IPAddress)
    return {name.lower() for name in named.get_values_for_type(x509.DNSName)} | {
        f"[{address}]" if address.version == 6 else str(address) for address in addresses
    }
