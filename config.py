"""Every setting of Guichet, read once from the environment.

A setting that makes no sense stops the start with its name; in production a
missing or weak secret does too.
"""

import os
import secrets
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from environment import BadSetting, Reader

__all__ = ["BadSetting", "from_environment"]


Network = IPv4Network | IPv6Network
PROVIDERS = ("", "postmark", "mailgun", "sendgrid", "ses")
# A server that vanished without a word (its machine, the network) is noticed in a
# minute, where the system would wait for hours. Seconds; the last in milliseconds.
VANISHED = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
WEAK_SECRETS = {"changeme", "change-me", "secret", "dev", "development", "password"}


def from_environment(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The Flask configuration. Raises BadSetting naming the variable."""
    read = Reader(environ)
    environment = read.one_of(
        "GUICHET_ENV", ("production", "demo", "test"), "production"
    )
    in_production = environment == "production"
    platform_domain = read.host("PLATFORM_DOMAIN", "localhost")
    redis_url = _redis(read)
    return {
        "ENVIRONMENT": environment,
        # Secrets and sessions
        "SECRET_KEY": _secret(read, in_production),
        "SESSION_COOKIE_NAME": "__Host-sid" if in_production else "sid",
        "SESSION_COOKIE_SECURE": in_production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        # The token lives as long as the session that it belongs to.
        "WTF_CSRF_TIME_LIMIT": None,
        # The deposit route reads its body as a stream and checks for itself.
        "WTF_CSRF_CHECK_DEFAULT": False,
        # Parts
        "SQLALCHEMY_DATABASE_URI": _database(read, in_production),
        "SQLALCHEMY_ENGINE_OPTIONS": _engine(read, in_production),
        "REDIS_URL": redis_url or "redis://127.0.0.1:6379/0",
        "STORAGE_URL": _storage(read, in_production),
        # Attempts to sign in are counted in Redis; without it, in each process.
        "RATELIMIT_STORAGE_URI": redis_url or "memory://",
        "RATELIMIT_STORAGE_OPTIONS": _patience(read),
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        # One that cannot be counted is not the fault of who typed it.
        "RATELIMIT_SWALLOW_ERRORS": True,
        # Hosts and addresses
        "PLATFORM_DOMAIN": platform_domain,
        # In the links of mails, where it is not the usual one.
        "PUBLIC_PORT": read.port("PUBLIC_PORT", 0, least=0),
        "MAIL_DOMAIN": read.host("MAIL_DOMAIN", platform_domain),
        "ADDRESS_SEPARATOR": read.one_of("ADDRESS_SEPARATOR", ("+", ".", "-"), "+"),
        "TRUSTED_PROXIES": read.integer("TRUSTED_PROXIES", 0),
        # Mail out
        "MAIL_SERVER": read.text("MAIL_SERVER", "localhost"),
        "MAIL_PORT": read.port("MAIL_PORT", 25),
        "MAIL_USE_TLS": _starts_tls(read),
        "MAIL_USE_SSL": read.boolean("MAIL_USE_SSL"),
        "MAIL_USERNAME": _half_of_account(read, "MAIL_USERNAME", "MAIL_PASSWORD"),
        "MAIL_PASSWORD": _half_of_account(read, "MAIL_PASSWORD", "MAIL_USERNAME"),
        # Seconds for each SMTP command; the final dot may take ten times that.
        "MAIL_TIMEOUT": read.integer("MAIL_TIMEOUT", 60, least=1),
        # Lines to it that a run sends over at once, when there is much to send.
        "MAIL_LINES": read.integer("MAIL_LINES", 2, least=1),
        # Messages that our mail server takes in a minute, of all workers; 0: no limit.
        "MAIL_PER_MINUTE": read.integer("MAIL_PER_MINUTE", 0),
        # The provider behind that server, which tells what becomes of the messages.
        "MAIL_PROVIDER": read.one_of("MAIL_PROVIDER", PROVIDERS, ""),
        "MAIL_WEBHOOK_KEY": _webhook_key(read),
        # Mail in
        "INBOUND_HOST": read.text("INBOUND_HOST", "127.0.0.1"),
        "INBOUND_PORT": read.port("INBOUND_PORT", 2525),
        "INBOUND_PROTOCOL": read.one_of("INBOUND_PROTOCOL", ("smtp", "lmtp"), "smtp"),
        "INBOUND_WEBHOOK_SECRET": _inbound_secret(read, in_production),
        "INBOUND_IMAP_URL": _mailbox(read),
        # The provider or relay before us whose word on senders is taken (RFC 8601).
        "INBOUND_AUTHSERV_ID": read.text("INBOUND_AUTHSERV_ID"),
        "INBOUND_RELAYS": _networks(read, "INBOUND_RELAYS"),
        # Name servers; None: nobody is asked. Empty: the system's.
        "DNS_SERVERS": _name_servers(read),
        # The automaton
        "TICK_MINUTES": read.integer("TICK_MINUTES", 15, least=1),
        # Limits, in MB (10^6 bytes)
        "MAX_UPLOAD_MB": read.integer("MAX_UPLOAD_MB", 50, least=1),
        "MAX_MAIL_MB": read.integer("MAX_MAIL_MB", 40, least=1),
        # Form bodies other than deposits, which are streamed and counted apart.
        "MAX_CONTENT_LENGTH": 1_000_000,
        # Whether text is recognised in scans, by tesseract with French.
        "OCR": read.boolean("OCR"),
        # Interface
        "BABEL_DEFAULT_LOCALE": "fr",
        "BABEL_DEFAULT_TIMEZONE": "Europe/Paris",
        "LOG_LEVEL": read.one_of(
            "LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"
        ),
    }


def _secret(read: Reader, in_production: bool) -> str:
    value = read.text("SECRET_KEY")
    if not value and not in_production:
        return secrets.token_hex(32)
    if not value:
        raise BadSetting("SECRET_KEY", "is missing")
    if in_production and (
        len(value) < 32 or value.lower() in WEAK_SECRETS or len(set(value)) < 8
    ):
        raise BadSetting("SECRET_KEY", "is too weak: take 32 random characters or more")
    return value


def _webhook_key(read: Reader) -> str:
    """By which what the provider tells is known to be its own: never an empty one."""
    provider, key = read.text("MAIL_PROVIDER"), read.text("MAIL_WEBHOOK_KEY")
    if provider and not key:
        raise BadSetting("MAIL_WEBHOOK_KEY", f"is missing for {provider}")
    if provider == "ses" and not key.startswith("arn:aws"):
        raise BadSetting("MAIL_WEBHOOK_KEY", "is not the ARN of an SNS topic")
    if provider in {"postmark", "mailgun"} and len(key) < 16:
        raise BadSetting("MAIL_WEBHOOK_KEY", "is too short: take 16 characters or more")
    return key


def _inbound_secret(read: Reader, in_production: bool) -> str:
    """By which mail that a provider brings is known to be its own; none: no door."""
    secret = read.text("INBOUND_WEBHOOK_SECRET")
    if in_production and 0 < len(secret) < 16:
        raise BadSetting(
            "INBOUND_WEBHOOK_SECRET", "is too short: take 16 characters or more"
        )
    return secret


def _starts_tls(read: Reader) -> bool:
    starts = read.boolean("MAIL_USE_TLS")
    if starts and read.boolean("MAIL_USE_SSL"):
        why = "starts TLS on a line that MAIL_USE_SSL begins with it: take one of them"
        raise BadSetting("MAIL_USE_TLS", why)
    return starts


def _half_of_account(read: Reader, name: str, other: str) -> str | None:
    """By one without the other nobody would sign in, and nothing say so."""
    value = read.text(name)
    if not value and read.text(other):
        raise BadSetting(name, f"is missing beside {other}")
    return value or None


def _mailbox(read: Reader) -> str:
    """imaps://user:password@host/folder, each part as in any URL; none: no mailbox."""
    url = read.text("INBOUND_IMAP_URL")
    parts = read.url("INBOUND_IMAP_URL")
    if url and not (
        parts.scheme in {"imap", "imaps"}
        and parts.hostname
        and parts.username
        and parts.password
    ):
        raise BadSetting(
            "INBOUND_IMAP_URL", "is not imaps://USER:PASSWORD@HOST[:PORT][/FOLDER]"
        )
    return url


def _networks(read: Reader, name: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(one) for one in read.text(name).split())
    except ValueError as error:
        raise BadSetting(name, str(error)) from None


def _name_servers(read: Reader) -> tuple[str, ...] | None:
    said = read.text("DNS_SERVERS", "system").lower()
    if said in {"system", "none"}:
        return None if said == "none" else ()
    try:
        return tuple(str(ip_address(one)) for one in said.split())
    except ValueError as error:
        raise BadSetting("DNS_SERVERS", str(error)) from None


def _redis(read: Reader) -> str:
    """Verified unless said otherwise: Heroku's certificate is of its own making."""
    url, parts = read.text("REDIS_URL"), read.url("REDIS_URL")
    is_verified = read.boolean("REDIS_VERIFY", True)
    if url and not (
        (parts.scheme in {"redis", "rediss"} and parts.hostname)
        or (parts.scheme == "unix" and parts.path)
    ):
        raise BadSetting("REDIS_URL", "is not redis[s]://[USER:PASSWORD@]HOST[:PORT]/0")
    if parts.scheme != "rediss" or is_verified:
        return url
    return f"{url}{'&' if parts.query else '?'}ssl_cert_reqs=none"


def _storage(read: Reader, in_production: bool) -> str:
    """A dyno's disk is its own, and is emptied every day and by every release."""
    url = read.text("STORAGE_URL", "" if in_production else "file://var/files")
    if not url:
        raise BadSetting("STORAGE_URL", "is missing")
    if in_production and url.startswith("file:") and read.text("DYNO"):
        raise BadSetting("STORAGE_URL", "is the disk of a dyno: take s3://BUCKET")
    return url


def _patience(read: Reader) -> dict[str, Any]:
    """A Redis that says nothing keeps nobody from signing in. Seconds."""
    is_redis = bool(read.text("REDIS_URL"))
    return {"socket_connect_timeout": 3, "socket_timeout": 5} if is_redis else {}


def _engine(read: Reader, in_production: bool) -> dict[str, Any]:
    # What a statement was given (names, addresses) is kept out of the errors, and so of
    # the log and of what the queue keeps of a job that failed.
    options: dict[str, Any] = {"hide_parameters": True}
    if not _database(read, in_production).startswith("postgresql"):
        return options
    # Prepared statements get a generic plan after some runs, which ignores the partial
    # indexes and the values that make a query quick: each is planned for what it asks.
    return options | {"connect_args": {"prepare_threshold": None} | VANISHED}


def _database(read: Reader, in_production: bool) -> str:
    value = read.text("DATABASE_URL", "" if in_production else "sqlite:///guichet.db")
    if not value:
        raise BadSetting("DATABASE_URL", "is missing")
    # Heroku still says postgres://; SQLAlchemy wants the driver's name.
    for old in ("postgres://", "postgresql://"):
        if value.startswith(old):
            value = "postgresql+psycopg://" + value.removeprefix(old)
    read.url("DATABASE_URL")
    if urlsplit(value).scheme not in {"postgresql+psycopg", "sqlite"}:
        raise BadSetting("DATABASE_URL", "is neither PostgreSQL nor SQLite")
    return value
