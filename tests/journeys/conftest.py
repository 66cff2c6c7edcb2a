"""A browser, and the whole product running for it."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import POSTGRES, redis_url
from tests.journeys import house as houses
from tests.journeys.house import House
from tests.journeys.visitors import Visitor, visitor

CHROMIUM = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
)
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-dev-shm-usage"),
]
Visit = Callable[..., Visitor]
# How fast a machine is proves nothing about the product.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any],
) -> dict[str, Any]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(CHROMIUM)} is installed: run bin/test")
    return browser_type_launch_args | {"executable_path": found, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demonstration on PostgreSQL and Redis."""
    queue = redis_url("house")
    if not POSTGRES or not queue:
        pytest.skip("TEST_POSTGRES_URL or TEST_REDIS_URL is not set: run bin/test")
    with houses.on_postgres(tmp_path_factory.mktemp("house"), queue) as house:
        yield house


@pytest.fixture(scope="session")
def embedded_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demonstration on what Python alone brings."""
    with houses.embedded(tmp_path_factory.mktemp("embedded")) as house:
        yield house


@pytest.fixture(scope="session")
def signed_in() -> dict[str, Any]:
    """The cookies of those who have signed in once."""
    return {}


@pytest.fixture
def visit(browser: Browser, house: House, signed_in: dict[str, Any]) -> Iterator[Visit]:
    """`visit("claire")` is Claire, signed in, in a browser of her own."""
    visitors: list[Visitor] = []

    def visit(name: str | None = None, **how: Any) -> Visitor:
        if name in signed_in:
            how["storage_state"] = signed_in[name]
        somebody = visitor(browser, house, name, **how)
        visitors.append(somebody)
        if name:
            signed_in.setdefault(name, somebody.context.storage_state())
        return somebody

    yield visit
    for somebody in visitors:
        somebody.context.close()
