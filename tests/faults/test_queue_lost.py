"""The queue forgets everything, or is away for a while: that only delays."""

import time

import pytest

from tests.faults.counting import note
from tests.faults.siege import Siege
from tests.redis_server import Queue, needs_redis

pytestmark = [needs_redis, pytest.mark.faults]


def test_a_queue_that_forgets_again_and_again(siege: Siege, redis: Queue) -> None:
    with siege.of("FLUSHALL"):
        for number in range(5):
            siege.wait_for_messages(8 * number)
            redis.redis.flushall()
    assert all(worker.returncode == 0 for worker in siege.crew.workers)


def test_a_queue_that_is_down_for_a_while(siege: Siege, redis: Queue) -> None:
    with siege.of("queue down"):
        for number in range(2):
            siege.wait_for_messages(20 * (number + 1))
            redis.end()
            before = sum(len(each.kept) for each in siege.depositors)
            time.sleep(2)
            redis.start()
            note("queue down", restarts=1)
            siege.wait_for_messages(len(siege.smtp.messages) + 10)
            # People went on depositing without it.
            assert sum(len(each.kept) for each in siege.depositors) > before
    assert all(worker.returncode == 0 for worker in siege.crew.workers)
