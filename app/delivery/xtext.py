"""What an address becomes within another line (RFC 3461, 4), and back."""

import re

_PLAIN = re.compile(r"[!-*,-<>-~]")  # what stands for itself


def xtext(value: str) -> str:
    """All else as +XX. An address beyond ASCII has no such form there."""
    raw = value.encode("ascii", "replace").decode()
    return "".join(c if _PLAIN.fullmatch(c) else f"+{ord(c):02X}" for c in raw)


def from_xtext(value: str) -> str:
    return re.sub(r"\+([0-9A-F]{2})", lambda code: chr(int(code[1], 16)), value)
