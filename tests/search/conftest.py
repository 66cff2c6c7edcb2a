"""The house that documents are looked for in."""

import pytest

from tests.cast import House, World


@pytest.fixture
def house(world: World) -> House:
    return world.alder
