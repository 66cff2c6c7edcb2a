"""Domains of the tests with real keys, and who signs for them; no net is asked."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from app.collection.resolving import Unanswered

HEADERS = [b"from", b"to", b"subject", b"message-id", b"content-type", b"mime-version"]


@lru_cache
def _pair(_name: str, bits: int) -> tuple[bytes, str]:
    """Private key (PEM), and the public one as a record has it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, base64.b64encode(public).decode()


@dataclass
class Zone:
    """What the name servers of the test know; `silent` names get no answer."""

    records: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def ask(self, name: str, kind: str, seconds: float) -> Sequence[Any]:
        self.asked.append(name)
        if name in self.silent or "*" in self.silent:
            raise Unanswered(name)
        return self.records.get((name, kind), ())

    def text(self, name: str, *texts: str) -> None:
        self.records[name, "TXT"] = [text.encode() for text in texts]

    def domain(self, name: str, dmarc: str = "reject", spf: str = "-all") -> None:
        """One that signs, and asks that all else be rejected."""
        self.text(f"_dmarc.{name}", f"v=DMARC1; p={dmarc}")
        self.text(name, f"v=spf1 {spf}")
        self.key(name)

    def key(self, domain: str, selector: str = "s1", bits: int = 2048) -> None:
        public = _pair(domain, bits)[1]
        self.text(f"{selector}._domainkey.{domain}", f"v=DKIM1; k=rsa; p={public}")


def signed(
    raw: bytes,
    domain: str,
    *,
    by: str = "",
    headers: list[bytes] | None = None,
    bits: int = 2048,
    **how: Any,
) -> bytes:
    """With a signature in the domain's name, made by the key of the domain `by`."""
    key = _pair(by or domain, bits)[0]
    line = dkim.sign(
        raw, b"s1", domain.encode(), key, include_headers=headers or HEADERS, **how
    )
    return bytes(line) + raw


def signed_by_hand(
    raw: bytes, domain: str, names: str, algorithm: hashes.HashAlgorithm
) -> bytes:
    """As the library would not: without From, or by a hash of the past (RFC 6376, 3.7,
    simple/simple)."""
    key = serialization.load_pem_private_key(_pair(domain, 2048)[0], None)
    assert isinstance(key, rsa.RSAPrivateKey)
    head, _end, body = raw.partition(b"\r\n\r\n")
    hashed = hashes.Hash(algorithm)
    hashed.update(body)
    digest = base64.b64encode(hashed.finalize()).decode()
    line = (
        f"DKIM-Signature: v=1; a=rsa-{algorithm.name}; c=simple/simple; d={domain};"
        f" s=s1; h={names}; bh={digest}; b="
    )
    lines = {each.partition(b":")[0].lower(): each for each in head.split(b"\r\n")}
    data = b"".join(lines[name.encode()] + b"\r\n" for name in names.split(":"))
    made = key.sign(data + line.encode(), padding.PKCS1v15(), algorithm)
    return line.encode() + base64.b64encode(made) + b"\r\n" + raw


def sealed(raw: bytes, sealer: str, results: str) -> bytes:
    """Passed on by a sealer who says what it saw."""
    seen = f"Authentication-Results: {results}\r\n".encode()
    name = results.partition(";")[0].encode()
    lines = dkim.arc_sign(
        seen + raw, b"s1", sealer.encode(), _pair(sealer, 2048)[0], name,
        include_headers=HEADERS,
    )  # fmt: skip
    return b"".join(lines) + raw
