"""Mails to people: written down with the act, sent after it, never lost in silence."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.db import database_now, db
from app.notices import posting
from app.notices.models import Notice
from app.notices.writing import notify
from app.people.models import Membership
from tests.cast import World
from tests.smtp import MailServer


def write(world: World, to: str = "ada@firm.test") -> Notice:
    notice = notify(
        to,
        kind="test",
        subject="Adresse modifiée",
        text="Élodie a modifié une adresse.\n",
        firm=world.alder.firm,
        reply_to="ben@firm.test",
    )
    db.session.commit()
    return notice


def make_due() -> None:
    db.session.execute(update(Notice).values(not_before=database_now()))
    db.session.commit()


def test_a_notice_is_written_in_the_firms_name(world: World, post: MailServer) -> None:
    write(world)
    assert posting.post_notices() == 1
    (mail,) = post.messages
    text = mail.raw.decode()
    assert mail.recipient == "ada@firm.test"
    assert "From: Cabinet Alder <ne-pas-repondre@mail.guichet.test>" in text
    assert "Reply-To: ben@firm.test" in text
    assert "Auto-Submitted: auto-generated" in text
    assert posting.post_notices() == 0


def test_what_is_rolled_back_is_not_written(world: World, post: MailServer) -> None:
    notify("ada@firm.test", kind="test", subject="s", text="t", firm=world.alder.firm)
    db.session.rollback()
    assert posting.post_notices() == 0
    assert post.messages == []


def test_one_that_the_server_defers_is_tried_again(
    world: World, post: MailServer
) -> None:
    notice = write(world)
    post.fails("rcpt", "451 4.7.1 Later")
    assert posting.post_notices() == 0
    assert (notice.sent_at, notice.failed_at, notice.attempts) == (None, None, 1)
    assert "451" in notice.last_text
    assert posting.post_notices() == 0, "not before its time"
    make_due()
    assert posting.post_notices() == 1
    assert len(post.messages) == 1


def test_one_that_is_refused_for_good_says_so_and_keeps_nobody_back(
    world: World, post: MailServer
) -> None:
    bad = write(world, "gone@firm.test")
    good = write(world)
    post.fails("rcpt", "550 5.1.1 No such user")
    assert posting.post_notices() == 1
    assert bad.failed_at
    assert "550" in bad.last_text
    assert good.sent_at


def test_what_waits_for_somebody_whose_account_was_closed_does_not_leave(
    world: World, post: MailServer
) -> None:
    """It was written before; the one of that address at another firm gets theirs."""
    notice = write(world)
    notify("ada@firm.test", kind="x", subject="s", text="t", firm=world.birch.firm)
    world.alder.admin.disabled_at = database_now()
    db.session.commit()
    assert posting.post_notices() == 1
    assert [b"Cabinet Birch" in mail.raw for mail in post.messages] == [True]
    assert notice.failed_at
    assert (posting.post_notices(), len(post.messages)) == (0, 1)


def test_what_waits_for_somebody_who_lost_that_company_alone_does_not_leave(
    world: World, post: MailServer
) -> None:
    """What tells of no company still reaches them."""
    house = world.alder
    kept = [
        notify(
            house.manager.email,
            kind="x",
            subject="s",
            text="t",
            firm=house.firm,
            company=company,
        )
        for company in (house.dune, None)
    ]
    db.session.delete(db.session.get(Membership, (house.manager.id, house.dune.id)))
    db.session.commit()
    assert posting.post_notices() == 1
    assert (kept[0].sent_at, kept[1].failed_at) == (None, None)
    assert "not theirs" in kept[0].last_text
    assert (posting.post_notices(), len(post.messages)) == (0, 1)


@pytest.mark.parametrize("who", ["admin", "staff", "manager", "user"])
def test_what_tells_of_a_company_reaches_all_who_may_enter_it(
    world: World, post: MailServer, who: str
) -> None:
    house = world.alder
    email = getattr(house, who).email
    notify(email, kind="x", subject="s", text="t", firm=house.firm, company=house.dune)
    db.session.commit()
    assert posting.post_notices() == 1


def test_a_server_that_hangs_up_loses_nothing(world: World, post: MailServer) -> None:
    write(world)
    post.fails("data", "421 4.3.2 Going down", cut=True)
    posting.post_notices()
    make_due()
    assert posting.post_notices() == 1


def test_an_address_that_cannot_be_written_to_is_given_up_with_a_reason(
    world: World, post: MailServer
) -> None:
    notice = write(world, "élodie@firm.test")
    assert posting.post_notices() == 0
    assert notice.failed_at or notice.last_text
    assert posting.post_notices() == 0


def test_the_subject_cannot_carry_a_header_of_its_own(
    app: Flask, world: World, post: MailServer
) -> None:
    notify(
        "ada@firm.test",
        kind="test",
        subject="a\r\nBcc: x@evil.test",
        text="t",
        firm=None,
    )
    db.session.commit()
    assert posting.post_notices() == 1
    assert "\nBcc:" not in post.messages[0].raw.decode()
    assert db.session.scalars(select(Notice)).one().sent_at
