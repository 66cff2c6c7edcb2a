"""While the network is spoken to, nothing is held in the database."""

import sqlite3
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.delivery import tick
from tests.cast import House
from tests.delivery.world import state_of
from tests.files import padded_pdf
from tests.smtp import MailServer

# Not "body": there the client does not wait, it goes on to write its marker.
PHASES = ("connect", "ehlo", "mail", "rcpt", "data", "dot", "ack", "quit")
HELD = """
SELECT state, query FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%'
"""


def held(url: sa.URL) -> list[Any]:
    """What a connection of its own sees held by the others."""
    if url.drivername.startswith("sqlite"):
        return held_on_sqlite(str(url.database))
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return list(connection.execute(sa.text(HELD)))


def held_on_sqlite(path: str) -> list[Any]:
    connection = sqlite3.connect(path, timeout=0)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return [error]
    finally:
        connection.close()
    return []


@pytest.mark.parametrize("outcome", ["250", "451"])
def test_no_transaction_is_open_while_the_server_is_waited_for(
    app: Flask, house: House, smtp: MailServer, outcome: str
) -> None:
    done = house.drop(content=padded_pdf(400_000))
    seen: dict[str, list[Any]] = {}
    url = db.engine.url

    def look(phase: str) -> None:
        seen[phase] = held(url)

    for phase in PHASES:
        smtp.fails(phase, call=lambda phase=phase: look(phase))
    if outcome == "451":
        smtp.fails("dot", "451 4.7.1 Later", after=1)
        house.drop("second.pdf")
    tick.run()
    assert state_of(done)[0] == "accepted"
    assert seen == {phase: [] for phase in PHASES}
