"""Is it due? One line of the table for each way that switches and reasons can lie."""

import pytest
from sqlalchemy import event, select

from app.connectors import catalogue, connecting, switches
from app.connectors.models import Connection, FolderSwitch
from app.db import database_now, db, new_id
from app.delivery import cancelling
from app.delivery.by_hand import transmit
from app.delivery.models import Delivery
from app.delivery.planning import arrival, effective_switches
from app.library.deposit import Deposited
from app.library.models import Arrival, Folder, Version
from app.locks import lock_company
from tests.cast import PURCHASES, YEAR, House, World
from tests.delivery.world import change, delivery_of

YEAR_FOLDER = f"Dossier comptable annuel/Exercice {YEAR}"
MARCH = f"{PURCHASES}/03 – Mars"
SALES = f"{YEAR_FOLDER}/Ventes"


@pytest.fixture
def off(world: World) -> House:
    """Connected, and nothing switched on."""
    world.alder.connect()
    return world.alder


def setting(house: House, path: str, is_on: bool, slot: str = "purchases") -> None:
    folder = house.folder(path)
    db.session.add(
        FolderSwitch(
            firm_id=folder.firm_id,
            company_id=folder.company_id,
            folder_id=folder.id,
            connection_id=house.connect().id,
            slot=slot,
            is_on=is_on,
        )
    )
    db.session.commit()


@pytest.mark.parametrize(
    ("settings", "path", "is_due"),
    [
        ({}, PURCHASES, False),
        ({PURCHASES: True}, PURCHASES, True),
        ({PURCHASES: True}, MARCH, True),
        ({PURCHASES: True}, SALES, False),
        ({PURCHASES: True}, YEAR_FOLDER, False),
        ({YEAR_FOLDER: True}, MARCH, True),
        ({YEAR_FOLDER: True, PURCHASES: False}, MARCH, False),
        ({YEAR_FOLDER: True, PURCHASES: False}, SALES, True),
        ({YEAR_FOLDER: True, PURCHASES: False, MARCH: True}, MARCH, True),
        ({YEAR_FOLDER: False, PURCHASES: True}, MARCH, True),
        ({PURCHASES: True, MARCH: False}, MARCH, False),
        ({PURCHASES: True, MARCH: False}, PURCHASES, True),
    ],
)
def test_the_nearest_explicit_setting_decides(
    off: House, settings: dict[str, bool], path: str, is_due: bool
) -> None:
    for at, is_on in settings.items():
        setting(off, at, is_on)
    assert [d.state for d in off.drop(path=path).deliveries] == ["pending"] * is_due


def test_two_ancestors_that_are_on_make_one_delivery(off: House) -> None:
    setting(off, YEAR_FOLDER, True)
    setting(off, PURCHASES, True)
    (effective,) = effective_switches(off.folder(MARCH).id)
    assert (effective.depth, effective.at_folder_id) == (1, off.folder().id)
    assert len(off.drop(path=MARCH).deliveries) == 1


def test_a_closed_setting_decides_nothing(off: House) -> None:
    setting(off, PURCHASES, True)
    db.session.scalars(select(FolderSwitch)).one().closed_at = database_now()
    db.session.commit()
    assert off.drop().deliveries == []


def test_two_tools_get_one_delivery_each(off: House) -> None:
    off.switch("on")
    dext = off.connect("dext")
    off.switch("on", connection=dext)
    made = off.drop().deliveries
    assert len({(d.connection_id, d.slot) for d in made}) == 2
    assert len({d.message_id for d in made}) == 2


def test_everything_is_frozen_when_it_arrives(off: House) -> None:
    off.switch("on")
    done = off.drop("Facture.pdf")
    (made,) = done.deliveries
    assert made.file_name == "Facture.pdf"
    assert made.sha256 == done.document.sha256
    domain = off.connect().bot_address.rpartition("@")[2]
    assert made.message_id == f"<{made.id}.1@{domain}>"
    assert made.message_date.microsecond == 0
    assert made.arrival_id == db.session.scalars(select(Arrival.id)).one()
    assert made.switch_id == db.session.scalars(select(FolderSwitch.id)).one()
    assert made.encoded_size > done.document.size * 4 / 3


def test_a_deposit_asks_the_database_three_times_at_most(off: House) -> None:
    for key in ("quickbooks", "dext"):
        connection = off.connect(key)
        off.switch("on", connection=connection)
    setting_count = len(effective_switches(off.folder().id))
    done = off.drop()
    version = db.session.scalars(select(Version)).one()
    arrived = db.session.scalars(select(Arrival)).one()
    for delivery in done.deliveries:
        db.session.delete(delivery)
    db.session.flush()
    said: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        made = arrival(done.document, version, arrived)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(made) == setting_count == 2
    assert len(said) <= 3, said


# What is held at once, and why.


def reasons(done: Deposited) -> list[tuple[str, str | None]]:
    return [(d.state, d.reason) for d in done.deliveries]


def test_a_type_that_the_tool_refuses_is_held(off: House) -> None:
    off.switch("on")
    png_or_text = off.drop("notes.txt", content=b"some notes\n")
    assert reasons(png_or_text) == [("held", "bad_type")]


def test_a_file_too_big_for_the_tool_is_held(
    off: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    off.switch("on")
    app = catalogue.get("quickbooks")
    monkeypatch.setitem(vars(app), "max_file_bytes", 10)
    assert reasons(off.drop()) == [("held", "too_big")]


@pytest.mark.parametrize(
    ("change_connection", "reason"),
    [
        ({"revoked_at": True}, "revoked"),
        ({"refused_at": True}, "refused"),
        ({"destinations": []}, "no_connection"),
        ({"app_key": "gone-from-the-catalogue"}, "no_connection"),
    ],
)
def test_a_connection_that_cannot_send_holds(
    off: House, change_connection: dict[str, object], reason: str
) -> None:
    off.switch("on")
    connection = db.session.scalars(select(Connection)).one()
    for name, value in change_connection.items():
        if name == "refused_at":
            connection.destinations[0].refused_at = database_now()
        elif value == []:
            for destination in list(connection.destinations):
                db.session.delete(destination)
        else:
            setattr(connection, name, database_now() if value is True else value)
    db.session.commit()
    db.session.expire_all()
    assert reasons(off.drop()) == [("held", reason)]


def test_what_was_held_for_an_address_is_released_by_it(off: House) -> None:
    off.switch("on")
    done = off.drop()
    change(done, state="held", reason="no_connection")
    connection = off.connect()
    lock_company(connection.company_id, exclusive=True)
    assert cancelling.release_held(connection, ("revoked",)) == 0
    assert cancelling.release_held(connection, ("no_connection",)) == 1
    db.session.commit()
    assert delivery_of(done).state == "pending"


# A version that was there before.


def arrives_again(done: Deposited, kind: str, path: str = PURCHASES) -> list[Delivery]:
    """The document comes into a folder once more; committed."""
    document = done.document
    version = db.session.scalars(
        select(Version).where(Version.document_id == document.id)
    ).one()
    folder_id = db.session.scalars(
        select(Arrival.folder_id).where(Arrival.document_id == document.id)
    ).first()
    again = Arrival(
        id=new_id(),
        firm_id=document.firm_id,
        company_id=document.company_id,
        document_id=document.id,
        version_id=version.id,
        folder_id=folder_id,
        kind=kind,
        channel="web",
    )
    db.session.add(again)
    db.session.flush()
    made = arrival(document, version, again)
    db.session.commit()
    return made


@pytest.mark.parametrize(
    ("kind", "state", "reason", "is_due"),
    [
        ("move_in", "pending", None, False),
        ("move_in", "sending", None, False),
        ("move_in", "held", "refused", False),
        ("move_in", "accepted", None, False),
        ("move_in", "delivered", None, False),
        ("move_in", "unknown", "ambiguous", False),
        ("move_in", "cancelled", "moved_out", True),
        ("restore", "cancelled", "trashed", True),
        ("restore", "cancelled", "moved_out", False),
        ("restore", "accepted", None, False),
    ],
)
def test_what_comes_again_is_due_only_if_it_never_left(
    off: House, kind: str, state: str, reason: str | None, is_due: bool
) -> None:
    off.switch("on")
    done = off.drop()
    before = done.deliveries[0].id
    change(done, state=state, reason=reason)
    made = arrives_again(done, kind)
    assert [d.retry_of_id for d in made] == [before] * is_due


def test_what_was_moved_in_from_elsewhere_is_due(off: House) -> None:
    done = off.drop()
    off.switch("on")
    assert [d.state for d in arrives_again(done, "move_in")] == ["pending"]


def test_a_restored_document_that_never_was_due_stays_so(off: House) -> None:
    done = off.drop()
    off.switch("on")
    assert arrives_again(done, "restore") == []


def test_a_restored_document_of_an_older_period_stays_cancelled(off: House) -> None:
    off.switch("on")
    done = off.drop()
    change(done, state="cancelled", reason="trashed")
    off.switch("off")
    off.switch("on")
    assert arrives_again(done, "restore") == []


def test_what_waits_is_carried_to_the_setting_of_its_new_folder(off: House) -> None:
    off.switch("on")
    done = off.drop()
    old = done.deliveries[0].switch_id
    change(done, switch_id=None)
    arrives_again(done, "move_in")
    assert delivery_of(done).switch_id == old


# Cancelling, and sending by hand.


@pytest.mark.parametrize(
    ("state", "after"),
    [
        ("pending", ("cancelled", "switch_off", False)),
        ("deferred", ("cancelled", "switch_off", False)),
        ("held", ("cancelled", "switch_off", False)),
        ("sending", ("sending", "switch_off", True)),
        ("in_doubt", ("in_doubt", "switch_off", True)),
        ("accepted", ("accepted", None, False)),
        ("failed", ("failed", None, False)),
    ],
)
def test_what_waits_is_cancelled_and_what_is_sent_is_asked_to_stop(
    off: House, state: str, after: tuple[str, str, bool]
) -> None:
    off.switch("on")
    done = off.drop()
    other = off.drop("autre.pdf")
    change(done, state=state)
    change(other, switch_id=None)
    switch_id = db.session.scalars(select(FolderSwitch.id)).one()
    cancelling.cancel_waiting(switch_ids=[switch_id], why="switch_off")
    db.session.commit()
    now = delivery_of(done)
    assert (now.state, now.reason, now.cancel_requested) == after
    assert delivery_of(other).state == "pending"


def by_hand(house: House, done: Deposited) -> Delivery:
    version = db.session.scalars(
        select(Version).where(Version.document_id == done.document.id)
    ).one()
    connection = db.session.scalars(select(Connection)).one()
    made = transmit(done.document, version, connection, "purchases", by=house.admin)
    db.session.commit()
    return made


def test_by_hand_a_document_leaves_whatever_the_switches_say(off: House) -> None:
    done = off.drop()
    made = by_hand(off, done)
    assert (made.state, made.switch_id, made.retry_of_id) == ("pending", None, None)


@pytest.mark.parametrize("state", ["pending", "deferred", "sending", "accepted"])
def test_by_hand_nothing_is_sent_a_second_time(off: House, state: str) -> None:
    done = off.drop()
    first = by_hand(off, done)
    change(done, state=state)
    assert by_hand(off, done).id == first.id


@pytest.mark.parametrize("state", ["failed", "bounced", "unknown", "cancelled"])
def test_by_hand_what_did_not_arrive_is_sent_anew(off: House, state: str) -> None:
    done = off.drop()
    first = by_hand(off, done)
    change(done, state=state)
    second = by_hand(off, done)
    assert second.retry_of_id == first.id
    assert second.message_id != first.message_id
    assert second.state == "pending"


def test_the_switch_of_another_company_decides_nothing(off: House) -> None:
    off.switch("on")
    off.connect(company=off.elm)
    assert off.drop(company=off.elm).deliveries == []


def test_switching_through_the_product_agrees_with_the_table(off: House) -> None:
    connection = off.connect()
    folder: Folder = off.folder(YEAR_FOLDER)
    switches.set_switch(folder, connection, "purchases", "on", by=None)
    connecting.revoke(connection, by=None)
    db.session.commit()
    assert reasons(off.drop(path=MARCH)) == [("held", "revoked")]
