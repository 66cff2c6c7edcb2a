"""How a connection stands: in words, and the same in SQL."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.connectors import apps, connecting, states
from app.connectors.models import Connection
from app.db import database_now, db
from tests.cast import World


def both(connection: Connection) -> tuple[str, str]:
    db.session.flush()
    in_sql = db.session.scalars(
        select(states.column()).where(Connection.id == connection.id)
    ).one()
    return states.badge(connection).key, in_sql


@pytest.mark.parametrize(
    ("seconds", "state"), [(None, "waiting"), (60, "connected"), (-60, "waiting")]
)
def test_an_address_is_connected_once_something_reached_it(
    world: World, seconds: int | None, state: str
) -> None:
    """What was sent to an older address proves nothing of this one."""
    connection = world.alder.connect()
    if seconds is not None:
        changed = connection.destinations[0].changed_at
        connection.last_success_at = changed + timedelta(seconds=seconds)
    assert both(connection) == (state, state)


def test_a_refused_one_and_a_revoked_one_say_so(world: World) -> None:
    connection = world.alder.connect()
    connection.destinations[0].refused_at = database_now()
    assert both(connection) == ("refused", "refused")
    connecting.revoke(connection, by=None)
    assert both(connection) == ("off", "off")


def test_authorised_again_it_is_since_then_and_by_that_person(world: World) -> None:
    house = world.alder
    connection = house.connect()
    connection.authorised_at -= timedelta(days=3)
    connecting.revoke(connection, by=None)
    connecting.authorise(house.dune, apps.get("quickbooks"), by=house.staff)
    assert database_now() - connection.authorised_at < timedelta(minutes=1)
    assert connection.authorised_by_id == house.staff.id
