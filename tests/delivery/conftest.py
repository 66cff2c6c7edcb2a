"""A company that is connected and switched on, and a mail server that can fail."""

import pytest

from tests.cast import House, World
from tests.smtp import MailServer


@pytest.fixture(autouse=True)
def mail_goes_to(post: MailServer) -> MailServer:
    return post


@pytest.fixture
def house(world: World) -> House:
    """Dune's purchases are switched on towards its tool."""
    world.alder.switch("on")
    return world.alder
