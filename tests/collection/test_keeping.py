"""Mails are kept for thirty days, and people are told before one goes unseen."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.activity.models import Entry
from app.blobs import Missing
from app.collection import keeping, settling
from app.collection.models import InboundMail
from app.collection.telling import KIND
from app.db import database_now, db
from app.library.models import Document
from app.library.receiving import store
from app.notices.models import Notice
from tests.cast import House, World
from tests.collection.test_settling import as_it_is, come, numbers


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def aged(mail: InboundMail, days: int) -> InboundMail:
    """As if it had come so many days ago, and so had all that was said of it."""
    mail.received_at -= timedelta(days=days)
    for notice in db.session.scalars(select(Notice)):
        notice.created_at -= timedelta(days=days)
    db.session.commit()
    return mail


def told() -> list[str]:
    """Who was written to so far."""
    rows = select(Notice).where(Notice.kind == KIND).order_by(Notice.recipient)
    return [notice.recipient for notice in db.session.scalars(rows)]


def is_there(key: str | None) -> bool:
    try:
        store().open(key or "").close()
    except Missing:
        return False
    return True


def test_the_bytes_of_a_filed_mail_go_silently_and_its_documents_stay(
    house: House,
) -> None:
    mail = come("a.pdf")
    settling.classify(mail, house.folder(), numbers(mail), by=house.staff)
    key = mail.storage_key
    aged(mail, 29)
    assert keeping.look_after() == 0
    aged(mail, 2)
    assert keeping.look_after() == 1
    mail = as_it_is(mail.id)
    assert (mail.state, mail.storage_key, is_there(key)) == ("filed", None, False)
    assert told() == []
    document = db.session.scalars(select(Document)).one()
    assert document.trashed_at is None
    assert keeping.look_after() == 0


def test_those_who_may_look_at_it_are_told_once_a_day_and_before_its_end(
    house: House,
) -> None:
    mail = come("a.pdf")
    everybody = [house.admin.email, house.staff.email]
    keeping.look_after()
    keeping.look_after()
    assert told() == everybody
    aged(mail, 15)
    keeping.look_after()
    assert told() == everybody  # nothing new
    aged(mail, 9)  # a week is left
    keeping.look_after()
    aged(mail, 1)
    keeping.look_after()
    assert told() == sorted(2 * everybody)
    aged(mail, 4)  # a day is left
    keeping.look_after()
    assert told() == sorted(3 * everybody)
    text = db.session.scalars(select(Notice.text)).first() or ""
    assert "/quarantine" in text


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1 courriel est arrivé sur"), (2, "2 courriels sont arrivés sur")],
)
def test_the_notice_says_how_many_they_are_in_its_first_sentence(
    house: House, number: int, words: str
) -> None:
    for _one in range(number):
        come("a.pdf")
    keeping.look_after()
    notice = db.session.scalars(select(Notice).where(Notice.kind == KIND)).first()
    assert notice
    assert notice.text.startswith(words)


def test_a_mail_that_nobody_looked_at_goes_only_after_they_were_told(
    house: House,
) -> None:
    mail = come("a.pdf")
    key = mail.storage_key
    aged(mail, 31)
    assert keeping.look_after() == 0  # only now they are told
    assert (as_it_is(mail.id).state, is_there(key)) == ("quarantined", True)
    for notice in db.session.scalars(select(Notice)):
        notice.created_at -= timedelta(days=2)
    db.session.commit()
    assert keeping.look_after() == 1
    mail = as_it_is(mail.id)
    assert (mail.state, mail.storage_key, is_there(key)) == ("discarded", None, False)
    entry = db.session.scalars(select(Entry).where(Entry.verb == "mail_expired")).one()
    assert entry.is_firm_only


def test_a_suspended_firm_is_told_once_its_portal_is_there_again(
    house: House,
) -> None:
    """Until then nobody could look at it, and nothing of it goes."""
    house.firm.suspended_at = database_now()
    db.session.commit()
    mail = aged(come("a.pdf"), 31)
    assert keeping.look_after() == 0
    assert db.session.scalars(select(Notice)).all() == []
    house.firm.suspended_at = None
    db.session.commit()
    assert keeping.look_after() == 0
    assert told() == [house.admin.email, house.staff.email]
    assert is_there(as_it_is(mail.id).storage_key)


def test_nothing_of_a_suspended_firm_goes_though_they_were_told_before(
    house: House,
) -> None:
    mail = aged(come("a.pdf"), 31)
    keeping.look_after()
    for notice in db.session.scalars(select(Notice)):
        notice.created_at -= timedelta(days=2)
    house.firm.suspended_at = database_now()
    db.session.commit()
    assert keeping.look_after() == 0
    assert is_there(as_it_is(mail.id).storage_key)


def test_so_does_one_whose_bytes_were_never_here(house: House) -> None:
    mail = come("a.pdf")
    mail.storage_key = None
    aged(mail, 31)
    assert keeping.look_after() == 0
    for notice in db.session.scalars(select(Notice)):
        notice.created_at -= timedelta(days=2)
    db.session.commit()
    assert keeping.look_after() == 1
    assert as_it_is(mail.id).state == "discarded"
    assert keeping.look_after() == 0


def test_what_waits_to_be_read_is_never_let_go_of(house: House) -> None:
    mail = come("a.pdf")
    mail.state = "waiting"
    aged(mail, 400)
    assert keeping.look_after() == 0
    assert is_there(mail.storage_key)


def test_a_mail_of_no_firm_is_told_to_the_operators(world: World) -> None:
    come("a.pdf", to="compta+dune-aldr@mail.guichet.test")
    keeping.look_after()
    assert told() == [world.operator.email]


def test_whoever_does_not_see_the_company_is_not_told(house: House) -> None:
    come("a.pdf", to="banque+elm-alder@mail.guichet.test")
    keeping.look_after()
    assert told() == [house.admin.email]


def test_each_is_told_in_one_notice_how_many_mails_they_may_look_at(
    house: House,
) -> None:
    come("a.pdf")
    come("b.pdf", to="banque+elm-alder@mail.guichet.test")
    keeping.look_after()
    rows = db.session.scalars(select(Notice).where(Notice.kind == KIND))
    assert {notice.recipient: notice.subject for notice in rows} == {
        house.admin.email: "2 courriels à vérifier",
        house.staff.email: "1 courriel à vérifier",
    }
