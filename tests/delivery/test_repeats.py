"""A copy that a person asked for in a doubt stays when the first one has arrived."""

import json

import pytest
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.db import db
from app.delivery import acceptance, by_hand, events, jobs, tick
from app.delivery.answers import Reply
from app.delivery.auditing import differences
from app.delivery.bouncing import bounced
from app.delivery.claiming import Claim, claim
from app.delivery.models import DONE, Delivery
from app.delivery.repeats import ARRIVED
from app.delivery.why import why
from app.library import moving
from app.library.deposit import Deposited
from tests.cast import House, signed_in
from tests.delivery.tellers import BODIES, Of
from tests.delivery.world import AtLast, change, copies_of, document_of
from tests.smtp import MailServer


def ends_of(done: Deposited) -> list[tuple[str, str | None]]:
    return [(copy.state, copy.reason) for copy in copies_of(done)]


def doubtful(house: House) -> tuple[Deposited, Claim]:
    """Its dot went unanswered, and so did that of the repeat."""
    done = house.drop()
    (claimed,) = claim("slow")
    change(done, state="unknown", reason="ambiguous", ambiguous=2, owner=None)
    return done, claimed


def ask_again(done: Deposited, house: House) -> None:
    assert by_hand.resend(copies_of(done)[0], by=house.admin)
    db.session.commit()


def tell(delivery: Delivery, kind: str) -> None:
    of = Of(delivery=str(delivery.id))
    body = json.dumps(BODIES["sendgrid"](kind, of, "1", "250 so")).encode()
    kept = events.keep("sendgrid", body, {})
    db.session.commit()
    events.apply_each(kept)


def assert_nothing_leaves(smtp: MailServer) -> None:
    jobs.tick("2026-11-04T09:45:00+00:00")
    assert smtp.messages == []
    assert list(differences(with_files=False)) == []


def test_an_event_calls_the_second_off_and_the_reason_is_told(
    house: House, smtp: MailServer
) -> None:
    done, _first = doubtful(house)
    ask_again(done, house)
    tell(copies_of(done)[0], "delivered")
    assert ends_of(done) == [("delivered", None), ("cancelled", ARRIVED)]
    line = db.session.scalars(
        select(Entry).where(Entry.verb == "delivery_cancelled")
    ).one()
    assert line.details["reason"] == ARRIVED
    assert_nothing_leaves(smtp)


def test_an_answer_that_comes_late_keeps_the_second_from_its_dot(
    house: House, smtp: MailServer
) -> None:
    done, first = doubtful(house)
    ask_again(done, house)
    acceptance.accepted(first, Reply("dot", 250, "2.0.0 Ok: queued as 4F2A"))
    assert ends_of(done) == [("accepted", None), ("pending", None)]
    assert_nothing_leaves(smtp)
    assert ends_of(done) == [("accepted", None), ("cancelled", ARRIVED)]


@pytest.mark.parametrize("how", ["event", "answer", "person"])
def test_at_the_last_moment_too(
    house: House, smtp: MailServer, at_the_last_moment: AtLast, how: str
) -> None:
    done, first = doubtful(house)
    ask_again(done, house)
    at_the_last_moment(
        {
            "event": lambda: tell(copies_of(done)[0], "delivered"),
            "answer": lambda: acceptance.accepted(first, Reply("dot", 250, "Ok")),
            "person": lambda: by_hand.mark_received(copies_of(done)[0], by=house.admin),
        }[how]
    )
    tick.run()
    assert smtp.messages == []
    (first_state, _), second = ends_of(done)
    assert first_state in DONE
    assert second == ("cancelled", ARRIVED)


def test_who_saw_the_first_in_the_tool_needs_no_second(
    house: House, smtp: MailServer
) -> None:
    done, _first = doubtful(house)
    ask_again(done, house)
    assert by_hand.mark_received(copies_of(done)[0], by=house.admin)
    db.session.commit()
    assert ends_of(done) == [("delivered", "by_hand"), ("cancelled", ARRIVED)]
    assert_nothing_leaves(smtp)


def test_one_that_is_held_is_called_off_too(house: House) -> None:
    done, _first = doubtful(house)
    ask_again(done, house)
    _, second = copies_of(done)
    second.state, second.reason = "held", "duplicate_review"
    db.session.commit()
    tell(copies_of(done)[0], "delivered")
    assert ends_of(done)[1] == ("cancelled", ARRIVED)


def test_one_whose_dot_is_out_is_not_said_to_be_called_off(
    app: Flask, house: House, smtp: MailServer
) -> None:
    done, _first = doubtful(house)
    ask_again(done, house)

    def tell_meanwhile() -> None:
        with app.app_context():
            tell(copies_of(done)[0], "delivered")

    smtp.fails("ack", call=tell_meanwhile)
    tick.run()
    assert len(smtp.messages) == 1
    assert ends_of(done) == [("delivered", None), ("accepted", None)]


def test_when_the_first_came_back_the_second_leaves(
    house: House, smtp: MailServer
) -> None:
    done, _first = doubtful(house)
    ask_again(done, house)
    assert bounced(copies_of(done)[0], "550 5.1.1 No")
    db.session.commit()
    tick.run()
    assert [state for state, _why in ends_of(done)] == ["bounced", "accepted"]
    assert len(smtp.messages) == 1


def test_it_is_there_and_nothing_asks_for_it_again(
    app: Flask, house: House, smtp: MailServer
) -> None:
    done, _first = doubtful(house)
    ask_again(done, house)
    tell(copies_of(done)[0], "delivered")
    document = document_of(done)
    db.session.expire_all()
    assert [because.state for because in why(document)] == ["delivered"]
    # Neither a person nor a move makes a copy of what has arrived.
    assert by_hand.resend(copies_of(done)[1], by=house.admin) is None
    elsewhere = house.folder("Dossier comptable annuel/Exercice 2026")
    moving.move_document(document, elsewhere, by=house.admin)
    moving.move_document(document, house.folder(), by=house.admin)
    db.session.commit()
    assert len(copies_of(done)) == 2
    second = copies_of(done)[1]
    page = signed_in(app, house.admin).get(f"/deliveries/{second.id}")
    assert page.status_code == 200
    assert 'value="resend"' not in page.text
