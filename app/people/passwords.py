"""Passwords: argon2id (RFC 9106), and the same time spent on an unknown person."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.typed import visible

_hasher = PasswordHasher()
_nobody = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; takes as long when there is nobody to fit."""
    try:
        _hasher.verify(password_hash or _nobody, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def normal_email(email: str) -> str:
    """One spelling per address: NFKC, casefolded, trimmed, and without what is pasted
    along and nobody sees."""
    return visible(unicodedata.normalize("NFKC", email)).strip().casefold()
