"""What happens while a message is on its way, up to the last moment before the dot."""

import pytest
from sqlalchemy import select

from app.connectors import connecting
from app.connectors.models import Connection
from app.db import database_now, db
from app.delivery import acceptance, cancelling, lastlook, outcomes, reaping, tick
from app.delivery.answers import Reply
from app.delivery.claiming import Lease, claim
from app.delivery.models import Delivery
from app.library.moving import move_document, move_folder
from app.library.receiving import receive
from app.library.replacing import replace
from app.library.trashing import restore_document, trash_document, trash_folder
from tests.cast import PURCHASES, House
from tests.delivery.world import (
    AtLast,
    attempts_of,
    change,
    delivery_of,
    document_of,
    let_time_pass,
    marked,
    state_of,
)
from tests.papers import one_page_pdf
from tests.smtp import MailServer


def connection() -> Connection:
    return db.session.scalars(select(Connection)).one()


def test_b99_what_arrives_meanwhile_is_not_taken_for_sent(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    house.drop("tôt.pdf")
    late = []
    at_the_last_moment(lambda: late.append(house.drop("tard.pdf")))
    assert tick.run()["accepted"] == 2
    assert state_of(late[0]) == ("accepted", None)
    assert [mail.file_name for mail in smtp.messages] == ["tôt.pdf", "tard.pdf"]


def test_b99_a_folder_switched_off_meanwhile_sends_nothing(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    done = house.drop()
    at_the_last_moment(lambda: house.switch("off", connection=connection()))
    assert tick.run()["cancelled"] == 1
    assert smtp.messages == []
    assert state_of(done) == ("cancelled", "switch_off")
    assert document_of(done).status == "received"


def test_b99_a_folder_below_cut_off_meanwhile_sends_nothing(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    march = f"{PURCHASES}/03 – Mars"
    done = house.drop(path=march)
    at_the_last_moment(lambda: house.switch("off", march, connection()))
    tick.run()
    assert smtp.messages == []
    assert state_of(done) == ("cancelled", "switch_off")


def test_b99_a_document_put_in_the_trash_meanwhile_is_not_sent(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    done = house.drop()

    at_the_last_moment(lambda: trash_document(done.document, by=None))
    tick.run()
    assert smtp.messages == []
    assert state_of(done) == ("cancelled", "trashed")


def test_a_document_moved_out_meanwhile_says_why_it_did_not_leave(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    done = house.drop()
    ids = [done.document.id]
    at_the_last_moment(
        lambda: cancelling.cancel_waiting(document_ids=ids, why="moved_out")
    )
    tick.run()
    assert smtp.messages == []
    assert state_of(done) == ("cancelled", "moved_out")


def test_a_document_trashed_and_restored_meanwhile_is_sent(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    done = house.drop()

    def trash_and_restore() -> None:
        trash_document(done.document, by=None)
        db.session.commit()
        restore_document(done.document, by=None)

    at_the_last_moment(trash_and_restore)
    tick.run()
    tick.run()
    assert [mail.file_name for mail in smtp.messages] == ["Facture.pdf"]
    assert state_of(done) == ("accepted", None)


def test_a_document_moved_out_by_a_person_meanwhile_is_not_sent(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    done = house.drop()
    elsewhere = house.folder("Juridique")
    at_the_last_moment(lambda: move_document(done.document, elsewhere, by=None))
    tick.run()
    assert smtp.messages == []
    assert state_of(done) == ("cancelled", "moved_out")


def test_its_folder_moved_out_meanwhile_it_is_not_sent(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    march = f"{PURCHASES}/03 – Mars"
    done = house.drop(path=march)
    folder, elsewhere = house.folder(march), house.folder("Juridique")
    at_the_last_moment(lambda: move_folder(folder, elsewhere, by=None))
    tick.run()
    assert smtp.messages == []
    assert state_of(done) == ("cancelled", "moved_out")


def test_its_folder_put_in_the_trash_meanwhile_it_is_not_sent(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    march = f"{PURCHASES}/03 – Mars"
    done = house.drop(path=march)
    folder = house.folder(march)
    at_the_last_moment(lambda: trash_folder(folder, by=None))
    tick.run()
    assert smtp.messages == []
    assert state_of(done) == ("cancelled", "trashed")


def test_replaced_meanwhile_only_the_new_version_is_sent(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    done = house.drop()
    new = receive([one_page_pdf("new")], "Facture.pdf")
    at_the_last_moment(lambda: replace(done.document, new, by=None))
    tick.run()
    tick.run()
    assert len(smtp.messages) == 1
    assert smtp.messages[0].content == one_page_pdf("new")
    sent = db.session.scalars(select(Delivery.reason).order_by(Delivery.id)).all()
    assert sent == ["replaced", None]


def test_a_connection_revoked_meanwhile_holds_it(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    done = house.drop()
    at_the_last_moment(lambda: connecting.revoke(connection(), by=None))
    assert tick.run()["held"] == 1
    assert smtp.messages == []
    assert state_of(done) == ("held", "revoked")


def test_the_rest_of_the_run_leaves_when_one_is_stopped(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    first = house.drop("a.pdf")
    second = house.drop("b.pdf")
    ids = [first.document.id]
    at_the_last_moment(
        lambda: cancelling.cancel_waiting(document_ids=ids, why="by_user")
    )
    assert tick.run()["accepted"] == 1
    assert state_of(second) == ("accepted", None)


def test_an_address_corrected_meanwhile_is_not_blamed_for_the_old_one(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    done = house.drop()
    smtp.fails("dot", "550 5.1.1 No such user")

    def correct() -> None:
        connecting.set_destination(connection(), "purchases", "ok@tool.test", by=None)

    at_the_last_moment(correct)
    tick.run()
    tick.run()
    assert state_of(done) == ("accepted", None)
    assert smtp.messages[0].recipient == "ok@tool.test"
    assert connection().refused is None


# Two workers and one delivery.


def test_a_lease_taken_over_forbids_the_dot(house: House, smtp: MailServer) -> None:
    done = house.drop()
    (slow,) = claim("slow")
    let_time_pass()
    reaping.reap()
    (quick,) = claim("quick")
    assert not marked(slow)
    assert lastlook.why_not(slow) is None
    assert marked(quick)
    assert delivery_of(done).owner == "quick"


def test_a_late_acceptance_is_recorded_and_stops_the_other_worker(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    (slow,) = claim("slow")
    assert marked(slow)
    let_time_pass(60)
    reaping.reap()
    let_time_pass(60)
    (quick,) = claim("quick")
    acceptance.accepted(slow, Reply("dot", 250, "2.0.0 Ok"))
    assert state_of(done) == ("accepted", None)
    assert not marked(quick)
    assert outcomes.deferred(quick, "body", None) == "lost"
    assert state_of(done) == ("accepted", None)
    assert document_of(done).status == "validated"


def test_an_acceptance_told_twice_is_one(house: House, smtp: MailServer) -> None:
    done = house.drop()
    (ours,) = claim("one")
    marked(ours)
    for _ in range(2):
        acceptance.accepted(ours, Reply("dot", 250, "2.0.0 Ok"))
    assert len(attempts_of(done)) == 1
    assert state_of(done) == ("accepted", None)


def test_a_bounce_that_came_before_our_record_is_the_later_word(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    (ours,) = claim("one")
    marked(ours)
    change(done, state="bounced", reason="refused")
    acceptance.accepted(ours, Reply("dot", 250, "2.0.0 Ok"))
    assert state_of(done) == ("bounced", "refused")
    assert document_of(done).status == "received"


def test_a_lost_worker_s_cancellation_is_honoured(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    claim("lost")
    cancelling.cancel_waiting(document_ids=[done.document.id], why="trashed")
    db.session.commit()
    let_time_pass()
    tick.run()
    assert state_of(done) == ("cancelled", "trashed")
    assert smtp.messages == []


def test_a_refused_dot_honours_the_cancellation_too(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    (ours,) = claim("one")
    marked(ours)
    cancelling.cancel_waiting(document_ids=[done.document.id], why="moved_out")
    db.session.commit()
    assert outcomes.deferred(ours, "dot", Reply("dot", 451, "Later")) == "cancelled"
    assert state_of(done) == ("cancelled", "moved_out")


def test_a_lease_is_renewed_for_all_that_is_still_ours(
    house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = house.drop("a.pdf"), house.drop("b.pdf")
    lease = Lease("me")
    lease.take(claim("me"))
    change(two, owner="other", token=9)
    let_time_pass(1)
    before = delivery_of(one).lease_until
    monkeypatch.setattr("app.delivery.claiming.RENEW_SECONDS", 0)
    lease.keep()
    after = delivery_of(one).lease_until
    assert before is not None
    assert after is not None
    assert after > before
    assert lease.held == {delivery_of(one).id}


def test_two_claims_never_take_the_same(house: House, smtp: MailServer) -> None:
    for n in range(25):
        house.drop(f"{n}.pdf")
    first, second = claim("one"), claim("two")
    assert (len(first), len(second)) == (20, 5)
    assert not {c.id for c in first} & {c.id for c in second}
    assert claim("three") == []
    owners = set(db.session.scalars(select(Delivery.owner)))
    assert owners == {"one", "two"}


@pytest.mark.parametrize("who", ["company", "firm"])
def test_what_is_archived_or_suspended_meanwhile_sends_nothing_and_waits(
    house: House, smtp: MailServer, at_the_last_moment: AtLast, who: str
) -> None:
    done = house.drop()

    def put_at_rest() -> None:
        if who == "company":
            house.dune.archived_at = database_now()
        else:
            house.firm.suspended_at = database_now()

    at_the_last_moment(put_at_rest)
    tick.run()
    assert smtp.messages == []
    assert state_of(done) == ("pending", None)
    assert delivery_of(done).attempts == 0
    house.dune.archived_at = house.firm.suspended_at = None
    db.session.commit()
    assert tick.run()["accepted"] == 1


@pytest.mark.parametrize("how", ["moved_out", "switch_off"])
def test_a_new_version_of_what_was_asked_to_stop_does_not_leave_either(
    house: House, smtp: MailServer, at_the_last_moment: AtLast, how: str
) -> None:
    done = house.drop()

    def stop_and_replace() -> None:
        if how == "moved_out":
            move_document(done.document, house.folder("Social"), by=house.admin)
        else:
            house.switch("off", connection=connection())
        replace(done.document, receive([one_page_pdf("2")], "2.pdf"), by=house.manager)

    at_the_last_moment(stop_and_replace)
    for _ in range(2):
        tick.run()
    assert smtp.messages == []
    assert state_of(done) == ("cancelled", how)
