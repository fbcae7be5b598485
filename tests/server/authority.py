"""A certificate authority of the tests' own, and certificates in every condition."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """Where a certificate and its key lie, and the certificate's number."""

    certificate: Path
    key: Path
    number: int


class Authority:
    """Issues certificates into a folder; ``context`` is of a client that trusts it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Tests' authority")
        own = _builder(self._name, self._name, self._key.public_key(), datetime.now(UTC) - DAY, DAY * 30)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = folder / "authority.pem"
        self.certificate.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    @property
    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def issue(
        self,
        file: str,
        *names: str,
        begins: timedelta = -DAY,
        lasts: timedelta = DAY * 20,
        password: bytes | None = None,
    ) -> Issued:
        """A certificate for ``names``, its time counted from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        unsigned = _builder(_name(file), self._name, key.public_key(), datetime.now(UTC) + begins, lasts)
        if names:
            unsigned = unsigned.add_extension(
                x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False
            )
        signed = unsigned.sign(self._key, hashes.SHA256())
        encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
        issued = Issued(self._folder / f"{file}.pem", self._folder / f"{file}.key", signed.serial_number)
        issued.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        issued.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        return issued


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), begins, begins + lasts)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
