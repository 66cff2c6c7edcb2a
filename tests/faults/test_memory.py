"""A worker of 512 MB sends two files of 25 MB: they flow, they are not held."""

import resource

import pytest

from app.connectors import apps, own_apps
from tests.cast import House, World
from tests.delivery.processes import wait_until
from tests.delivery.world import state_of
from tests.faults.counting import note_outcome
from tests.faults.invariants import broken
from tests.faults.stage import Crew
from tests.files import padded_pdf
from tests.redis_server import needs_redis
from tests.smtp import MailServer

pytestmark = [needs_redis, pytest.mark.faults]
MB = 1_000_000
LIMIT = 512 * MB


@pytest.fixture
def generous(world: World) -> House:
    """Dune is switched on towards a tool that takes files of 30 MB."""
    house = world.alder
    described = own_apps.checked("Grand", "", ["any"], "30")
    tool = own_apps.create(described, by=house.admin)
    connection = house.connect(tool.key)
    house.switch("on", connection=connection, slot=apps.get(tool.key).slots[0].key)
    return house


def test_a_worker_of_512_mb_sends_two_files_of_25_mb(
    generous: House, crew: Crew, smtp: MailServer
) -> None:
    content = padded_pdf(25 * MB - 256)
    drops = [generous.drop(f"{n}.pdf", content=content + b"%d" % n) for n in range(2)]
    for _ in range(2):  # each may have one of them in hand
        worker = crew.start(MALLOC_ARENA_MAX="2")
        resource.prlimit(worker.pid, resource.RLIMIT_AS, (LIMIT, LIMIT))
    assert {state_of(done)[0] for done in drops} <= {"pending", "sending", "in_doubt"}
    wait_until(lambda: {state_of(done)[0] for done in drops} == {"accepted"}, 120)
    note_outcome("512 MB", smtp.messages)
    assert broken(smtp.messages, at_rest=True) == []
    assert "MemoryError" not in crew.log.read_text()
