"""Certificates that a test makes, good and bad: by an authority of its own."""

import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.db import utc_now

HERE = x509.IPAddress(ip_address("127.0.0.1"))
A_DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Authority:
    """`trusted` is the file that makes a client believe it."""

    key: Key
    name: x509.Name
    folder: Path

    @property
    def trusted(self) -> Path:
        return self.folder / "authority.pem"

    def context(
        self,
        of: x509.GeneralName = HERE,
        since: timedelta = A_DAY,
        until: timedelta = A_DAY,
    ) -> ssl.SSLContext:
        """A server's, with a certificate of that name, good from `since` ago until
        `until` from now."""
        key, now = ec.generate_private_key(ec.SECP256R1()), utc_now()
        made = _sign(self, key, _named("server"), (now - since, now + until), of)
        return _served(key, made, self.folder / "server.pem")


def new_authority(folder: Path) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    made = Authority(key, _named("authority"), folder)
    own = _sign(made, key, made.name, (utc_now() - A_DAY, utc_now() + A_DAY))
    made.trusted.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    return made


def self_signed(folder: Path) -> ssl.SSLContext:
    """For this host, by nobody but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    itself = Authority(key, _named("server"), folder)
    days = (utc_now() - A_DAY, utc_now() + A_DAY)
    made = _sign(itself, key, itself.name, days, HERE)
    return _served(key, made, folder / "self-signed.pem")


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _sign(
    by: Authority,
    key: Key,
    name: x509.Name,
    days: tuple[datetime, datetime],
    of: x509.GeneralName | None = None,
) -> x509.Certificate:
    """With the marks that a strict client asks for (RFC 5280); of a host when named."""
    makes = x509.SubjectKeyIdentifier.from_public_key
    builder = (
        x509.CertificateBuilder(
            by.name, name, key.public_key(), x509.random_serial_number(), *days
        )
        .add_extension(x509.BasicConstraints(of is None, None), critical=True)
        .add_extension(makes(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()),
            critical=False,
        )
    )
    if of is not None:
        names = x509.SubjectAlternativeName([of])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(by.key, hashes.SHA256())


def _served(key: Key, made: x509.Certificate, file: Path) -> ssl.SSLContext:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
