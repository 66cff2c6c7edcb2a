"""Settings: nonsense is refused by name, and production wants a real secret."""

import re
from pathlib import Path

import pytest

from config import BadSetting, from_environment

ROOT = Path(__file__).parents[2]
GOOD = {
    "SECRET_KEY": "0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c",
    "DATABASE_URL": "postgres://h/d",
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
    with pytest.raises(BadSetting, match=name):
        from_environment({**GOOD, name: value})


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
            r'(?:text|integer|boolean|one_of|_networks)\((?:read,\s*)?\s*"([A-Z_]+)"',
            source,
        )
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert named
    assert {name for name in named if f"`{name}`" not in readme} == set()
