"""Processes are killed, frozen and replaced while documents come in, in bad weather:
nothing is lost, nothing is doubled beyond what is recorded.
"""

import signal
import time

import pytest

from tests.delivery.processes import signal_all
from tests.faults.counting import note
from tests.faults.siege import Siege
from tests.faults.stage import kill, lapse_of, strike
from tests.redis_server import needs_redis

pytestmark = [needs_redis, pytest.mark.faults]


def test_work_horses_workers_and_web_killed_at_random(siege: Siege, kills: int) -> None:
    killed = 0
    with siege.of("kill -9") as portal:
        for number in range(kills):
            killed += strike(siege.crew, siege.random)
            if number % 20 == 9 and (served := portal.workers()):
                killed += kill(siege.random.choice(served))
    note("kill -9", kills=killed)
    assert len(siege.smtp.messages) > kills


def test_frozen_beyond_their_lease_they_wake_to_find_it_another_s(
    siege: Siege, kills: int
) -> None:
    with siege.of("freeze"):
        for _ in range(max(kills // 10, 5)):
            worker = siege.crew.wait_for_one_at_work(siege.random)
            time.sleep(siege.random.uniform(0, 0.4))
            frozen = [pid for pid in siege.crew.horses(worker) if freeze(pid)]
            lapse_of(frozen)
            time.sleep(siege.random.uniform(0.2, 0.8))
            for pid in frozen:
                kill(pid, signal.SIGCONT)
            note("freeze", freezes=len(frozen))


def freeze(pid: int) -> bool:
    return kill(pid, signal.SIGSTOP)


def test_the_whole_group_told_to_end_and_replaced_at_once(
    siege: Siege, kills: int
) -> None:
    with siege.of("replaced"):
        for _ in range(max(kills // 40, 2)):
            worker = siege.crew.wait_for_one_at_work(siege.random)
            time.sleep(siege.random.uniform(0, 0.6))
            signal_all(worker, signal.SIGTERM)
            siege.crew.replace(worker)
            # One that has not come to its work yet just dies of it.
            assert worker.wait(timeout=45) in {0, -signal.SIGTERM}
            note("replaced", restarts=1)
