"""A line to the database that ended while nobody used it: the server was restarted.

`pool_pre_ping` would ask the server each time that a line is taken, several times for
a message that is sent. Here nothing is asked: a server that ended the line has said
so already, and one that is well says nothing while nobody asks.
"""

import select
from typing import Any

import psycopg
from sqlalchemy.exc import InvalidatePoolError


def look_at_line(line: psycopg.Connection[Any], *_of_pool: Any) -> None:
    """As it leaves the pool; the pool opens another one instead, and gives up all
    that are as old."""
    try:
        if has_something_to_say(line):
            # A word that was only for whom it concerns, or an end?
            line.execute("SELECT 1")
            line.rollback()
    except psycopg.Error as error:
        raise InvalidatePoolError("the server ended the line") from error


def has_something_to_say(line: psycopg.Connection[Any]) -> bool:
    poll = select.poll()
    poll.register(line.fileno(), select.POLLIN)  # refused for one that is closed
    return bool(poll.poll(0))
