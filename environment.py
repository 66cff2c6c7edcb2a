"""Typed readers over the environment, for `config.py`."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

# As browsers and mail servers write it: no scheme, no port (RFC 1123).
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class BadSetting(ValueError):
    """An environment variable holds something that cannot be meant."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")


class Reader:
    """Typed readers over the environment; each refuses nonsense by name."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def text(self, name: str, default: str = "") -> str:
        return self.environ.get(name, "").strip() or default

    def host(self, name: str, default: str) -> str:
        value = self.text(name, default).lower()
        if not HOST.fullmatch(value):
            raise BadSetting(name, f"{value!r} is not a name like guichet.example")
        return value

    def url(self, name: str, default: str = "") -> SplitResult:
        """Its parts. What is told of it holds no password."""
        try:
            parts = urlsplit(self.text(name, default))
            _ = parts.port
        except ValueError:
            why = "cannot be read as a URL: percent-encode each part of it"
            raise BadSetting(name, why) from None
        return parts

    def integer(
        self, name: str, default: int, *, least: int = 0, most: int | None = None
    ) -> int:
        raw = self.text(name, str(default))
        try:
            value = int(raw)
        except ValueError:
            raise BadSetting(name, f"{raw!r} is not a whole number") from None
        if value < least:
            raise BadSetting(name, f"{value} is below {least}")
        if most is not None and value > most:
            raise BadSetting(name, f"{value} is above {most}")
        return value

    def port(self, name: str, default: int, *, least: int = 1) -> int:
        return self.integer(name, default, least=least, most=65535)

    def boolean(self, name: str, default: bool = False) -> bool:
        raw = self.text(name, "true" if default else "false").lower()
        if raw not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
            raise BadSetting(name, f"{raw!r} is neither true nor false")
        return raw in {"true", "1", "yes", "on"}

    def one_of(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise BadSetting(name, f"{value!r} is not one of {', '.join(choices)}")
        return value
