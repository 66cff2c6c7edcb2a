"""Settings: nonsense is refused by name, and production wants a real secret."""

import re
from pathlib import Path

import pytest

from config import BadSetting, from_environment

ROOT = Path(__file__).parents[2]
GOOD = {
    "SECRET_KEY": "0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c",
    "DATABASE_URL": "postgres://h/d",
    "STORAGE_URL": "s3://b",
}


def test_a_good_production_environment_is_taken() -> None:
    settings = from_environment(GOOD)
    assert settings["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://h/d"
    assert settings["SESSION_COOKIE_NAME"] == "__Host-sid"
    assert settings["SESSION_COOKIE_SECURE"]


def test_tries_are_counted_in_redis_which_is_not_waited_for_without_end() -> None:
    settings = from_environment(GOOD | {"REDIS_URL": "redis://h"})
    assert settings["RATELIMIT_STORAGE_URI"] == "redis://h"
    assert settings["RATELIMIT_STORAGE_OPTIONS"].keys() == {
        "socket_connect_timeout",
        "socket_timeout",
    }
    assert from_environment(GOOD)["RATELIMIT_STORAGE_OPTIONS"] == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "changeme"),
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "short-but-varied-1234"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://h/d"),
        ("DATABASE_URL", "postgres://u:se[cret@h/d"),
        ("DATABASE_URL", "postgres://u:secret@h:first/d"),
        ("REDIS_URL", "h:6379"),
        ("REDIS_URL", "http://h/0"),
        ("REDIS_URL", "redis://:secret@h:first/0"),
        ("REDIS_URL", "rediss://:se[cret@h/0"),
        ("STORAGE_URL", ""),
        ("PLATFORM_DOMAIN", "https://guichet.example"),
        ("PLATFORM_DOMAIN", "guichet.example:443"),
        ("PLATFORM_DOMAIN", ".guichet.example"),
        ("MAIL_DOMAIN", "@guichet.example"),
        ("MAIL_PORT", "70000"),
        ("PUBLIC_PORT", "70000"),
        ("INBOUND_PORT", "70000"),
        ("INBOUND_IMAP_URL", "imaps://u:se[cret@h/INBOX"),
        ("INBOUND_IMAP_URL", "imaps://u:secret@h:first/INBOX"),
        ("TICK_MINUTES", "0"),
        ("TICK_MINUTES", "a quarter"),
        ("MAX_UPLOAD_MB", "-5"),
        ("MAIL_USE_TLS", "perhaps"),
        ("ADDRESS_SEPARATOR", "@"),
        ("LOG_LEVEL", "LOUD"),
        ("MAIL_PROVIDER", "pigeon"),
        ("INBOUND_RELAYS", "10.1.2.3/16"),
        ("DNS_SERVERS", "dns.example"),
    ],
)
def test_production_refuses_to_start_on(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name) as refused:
        from_environment({**GOOD, name: value})
    assert "cret" not in str(refused.value).removeprefix("SECRET_KEY")


def test_tls_is_begun_once() -> None:
    both = {"MAIL_USE_TLS": "true", "MAIL_USE_SSL": "true"}
    with pytest.raises(BadSetting, match="MAIL_USE_TLS"):
        from_environment(GOOD | both)


def test_half_an_account_at_the_mail_server_stops_the_start() -> None:
    with pytest.raises(BadSetting, match="MAIL_PASSWORD"):
        from_environment(GOOD | {"MAIL_USERNAME": "u"})
    with pytest.raises(BadSetting, match="MAIL_USERNAME"):
        from_environment(GOOD | {"MAIL_PASSWORD": "p"})


def test_no_document_is_kept_on_the_disk_of_a_dyno() -> None:
    on_disk = {"STORAGE_URL": "file:///var/files"}
    assert from_environment(GOOD | on_disk)["STORAGE_URL"] == "file:///var/files"
    with pytest.raises(BadSetting, match="STORAGE_URL"):
        from_environment(GOOD | on_disk | {"DYNO": "web.1"})


def test_only_where_it_is_said_a_queue_s_certificate_is_not_verified() -> None:
    given = GOOD | {"REDIS_URL": "rediss://:p@h:1"}
    assert from_environment(given)["REDIS_URL"] == "rediss://:p@h:1"
    settings = from_environment(given | {"REDIS_VERIFY": "false"})
    assert settings["REDIS_URL"] == "rediss://:p@h:1?ssl_cert_reqs=none"
    assert settings["RATELIMIT_STORAGE_URI"] == settings["REDIS_URL"]


@pytest.mark.parametrize(
    ("provider", "key"),
    [("postmark", ""), ("postmark", "short"), ("mailgun", ""), ("ses", "a" * 40)],
)
def test_a_provider_without_a_key_of_its_kind_stops_the_start(
    provider: str, key: str
) -> None:
    given = {"MAIL_PROVIDER": provider, "MAIL_WEBHOOK_KEY": key}
    with pytest.raises(BadSetting, match="MAIL_WEBHOOK_KEY"):
        from_environment(GOOD | given)


def test_every_setting_is_in_the_readme() -> None:
    source = (ROOT / "config.py").read_text(encoding="utf-8")
    named = set(
        re.findall(
            r"(?:text|url|host|port|integer|boolean|one_of|_networks)"
            r'\((?:read,\s*)?\s*"([A-Z_]+)"',
            source,
        )
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert named
    of_heroku = {"DYNO"}  # by which its machines are known
    assert {name for name in named - of_heroku if f"`{name}`" not in readme} == set()
