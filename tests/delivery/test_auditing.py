"""The auditor finds what does not agree, and finds nothing when all is well."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask, current_app
from sqlalchemy import delete, select, update

from app.activity.models import Entry
from app.activity.recording import seal_everything
from app.db import database_now, db
from app.delivery import by_hand, tick
from app.delivery.auditing import differences
from app.delivery.models import Delivery
from app.library.judging import refuse
from app.library.models import Arrival, Document, Version
from app.library.receiving import receive
from app.library.replacing import replace
from tests.cast import PURCHASES, House, World
from tests.papers import one_page_pdf
from tests.smtp import MailServer

MONTH = f"{PURCHASES}/03 – Mars"


@pytest.fixture
def lived(world: World, post: MailServer) -> House:
    """A company with a past: before, on, cut below, off, on again, sent by hand."""
    house = world.alder
    connection = house.connect()
    before = house.drop("before.pdf")
    house.switch("on")
    house.drop("on.pdf")
    house.switch("off", path=MONTH)
    house.drop("cut.pdf", path=MONTH)
    house.switch("off")
    house.drop("off.pdf")
    house.switch("on")
    house.drop("again.pdf", path=MONTH)
    version = db.session.scalars(
        select(Version).where(Version.document_id == before.document.id)
    ).one()
    by_hand.transmit(before.document, version, connection, "purchases", by=None)
    db.session.commit()
    tick.run()
    return house


def kinds() -> list[str]:
    db.session.expire_all()
    return [difference.kind for difference in differences()]


def test_a_past_that_is_in_order_has_no_difference(lived: House) -> None:
    assert list(differences()) == []


def test_a_new_version_of_what_was_refused_after_it_left_is_in_order(
    lived: House,
) -> None:
    document = db.session.scalars(
        select(Document).where(Document.name == "again.pdf")
    ).one()
    db.session.refresh(document)
    assert document.status == "validated"
    refuse(document, "floue", by=lived.admin)
    replace(document, receive([one_page_pdf("2")], "again.pdf"), by=lived.manager)
    db.session.commit()
    assert document.status == "received"
    assert list(differences()) == []


def alter_a_line() -> None:
    db.session.execute(
        update(Entry).where(Entry.position == 2).values(verb="something_else")
    )


def remove_a_line() -> None:
    db.session.execute(delete(Entry).where(Entry.position == 3))


def undo_a_validation() -> None:
    db.session.execute(
        update(Document).where(Document.status == "validated").values(status="received")
    )


def validate_without_reason() -> None:
    db.session.execute(
        update(Document)
        .where(Document.name == "off.pdf")
        .values(status="validated", validated_at=database_now())
    )


def forget_a_delivery() -> None:
    db.session.execute(delete(Delivery).where(Delivery.file_name == "again.pdf"))
    db.session.execute(
        update(Document).where(Document.name == "again.pdf").values(status="received")
    )


def make_up_a_delivery() -> None:
    document = db.session.scalars(select(Document).filter_by(name="off.pdf")).one()
    arrival = db.session.scalars(
        select(Arrival).where(Arrival.document_id == document.id)
    ).one()
    like = db.session.scalars(select(Delivery).filter_by(file_name="again.pdf")).one()
    made = Delivery(
        firm_id=like.firm_id,
        company_id=like.company_id,
        document_id=document.id,
        version_id=arrival.version_id,
        arrival_id=arrival.id,
        connection_id=like.connection_id,
        slot=like.slot,
        switch_id=like.switch_id,
        message_id="<made-up@guichet.test>",
        file_name="off.pdf",
        sha256=document.sha256,
        encoded_size=1,
        state="held",
    )
    db.session.add(made)


def leave_a_lease() -> None:
    long_ago = database_now() - timedelta(hours=2)
    db.session.execute(
        update(Delivery)
        .where(Delivery.file_name == "on.pdf")
        .values(state="sending", lease_until=long_ago)
    )


def lose_a_file() -> None:
    version = db.session.scalars(select(Version).limit(1)).one()
    current_app.extensions["guichet.storage"].delete(version.storage_key)


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (alter_a_line, "chain"),
        (remove_a_line, "chain"),
        (undo_a_validation, "validation"),
        (validate_without_reason, "validation"),
        (forget_a_delivery, "decision"),
        (make_up_a_delivery, "decision"),
        (leave_a_lease, "lease"),
        (lose_a_file, "file"),
    ],
)
def test_each_kind_of_harm_is_found(
    lived: House, harm: Callable[[], None], kind: str
) -> None:
    seal_everything()
    harm()
    db.session.commit()
    assert kind in kinds()


def test_a_file_that_was_changed_is_found(lived: House) -> None:
    version = db.session.scalars(select(Version).limit(1)).one()
    version.sha256 = "0" * 64
    db.session.commit()
    assert kinds() == ["file"]


def test_the_command_ends_with_1_on_a_difference(app: Flask, lived: House) -> None:
    runner = app.test_cli_runner()
    good = runner.invoke(args=["audit", "verify"])
    assert (good.exit_code, json.loads(good.stdout)) == (0, {"differences": 0})
    lose_a_file()
    bad = runner.invoke(args=["audit", "verify"])
    assert bad.exit_code == 1
    assert json.loads(bad.stdout.splitlines()[0])["difference"] == "file"
    assert runner.invoke(args=["audit", "verify", "--no-files"]).exit_code == 0
