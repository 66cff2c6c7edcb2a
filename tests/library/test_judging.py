"""What the firm decides about a document, and what follows for client and sending."""

from io import BytesIO

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.delivery import tick
from app.delivery.auditing import differences
from app.delivery.models import Delivery
from app.errors import Refused
from app.library.deposit import Deposited
from app.library.judging import refuse, take_back, validate
from app.library.moving import move_document
from app.library.receiving import receive
from app.library.replacing import replace
from app.library.trashing import restore_document, trash_document
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.delivery.world import change, delivery_of, document_of, verbs_of
from tests.papers import one_page_pdf
from tests.smtp import MailServer

SALES = PURCHASES.replace("Achats", "Ventes")
REASON = "Le montant est illisible"


@pytest.fixture
def house(world: World, post: MailServer) -> House:
    world.alder.switch("on")
    return world.alder


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


@pytest.fixture
def client(app: Flask, house: House) -> Browser:
    return signed_in(app, house.manager)


def rows(done: Deposited) -> list[tuple[str, str | None]]:
    found = db.session.execute(
        select(Delivery.state, Delivery.reason)
        .where(Delivery.document_id == done.document.id)
        .order_by(Delivery.id)
    ).all()
    db.session.commit()
    return [(state, reason) for state, reason in found]


def refused(done: Deposited, house: House) -> None:
    refuse(done.document, REASON, by=house.staff)
    db.session.commit()


def replaced(done: Deposited, house: House) -> None:
    new = receive([one_page_pdf("corrigée")], "corrigée.pdf")
    replace(done.document, new, by=house.manager)
    db.session.commit()


def url(done: Deposited, act: str = "") -> str:
    return f"/documents/{done.document.id}" + (f"/{act}" if act else "")


def agrees() -> bool:
    found = list(differences(with_files=False))
    db.session.commit()
    assert found == []
    return True


def test_a_validation_by_hand_changes_nothing_about_the_sending(house: House) -> None:
    done = house.drop()
    validate(done.document, by=house.staff)
    db.session.commit()
    document = document_of(done)
    assert (document.status, document.validated_by_id) == ("validated", house.staff.id)
    assert rows(done) == [("pending", None)]
    tick.run()
    assert rows(done) == [("accepted", None)]
    assert document_of(done).validated_by_id == house.staff.id
    with pytest.raises(Refused):
        validate(done.document, by=house.admin)


def test_what_is_refused_before_it_left_does_not_leave(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    refused(done, house)
    assert rows(done) == [("cancelled", "rejected")]
    tick.run()
    assert not post.messages
    take_back(done.document, "rejected", by=house.staff)
    db.session.commit()
    assert document_of(done).status == "received"
    tick.run()
    assert not post.messages
    assert agrees()


def test_the_new_version_of_what_was_refused_leaves_in_its_place(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    refused(done, house)
    replaced(done, house)
    assert document_of(done).status == "received"
    assert rows(done) == [("cancelled", "rejected"), ("pending", None)]
    tick.run()
    assert len(post.messages) == 1
    assert document_of(done).status == "validated"
    assert "refused" in verbs_of(done)
    assert agrees()


def test_a_new_version_does_not_leave_when_the_switch_was_off_in_between(
    house: House,
) -> None:
    done = house.drop()
    refused(done, house)
    house.switch("off")
    house.switch("on")
    replaced(done, house)
    assert rows(done) == [("cancelled", "rejected")]


def test_what_left_and_is_refused_then_is_not_sent_again(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    tick.run()
    db.session.refresh(done.document)
    refused(done, house)
    assert (document_of(done).status, rows(done)) == ("rejected", [("accepted", None)])
    replaced(done, house)
    tick.run()
    assert len(post.messages) == 1


def test_what_is_in_the_hands_of_a_worker_is_asked_to_stop(house: House) -> None:
    done = house.drop()
    change(done, state="sending")
    assert refuse(done.document, REASON, by=house.staff) == 1
    db.session.commit()
    delivery = delivery_of(done)
    assert (delivery.cancel_requested, delivery.reason) == (True, "rejected")


def test_a_file_that_was_held_leaves_as_the_one_that_takes_its_place(
    house: House, post: MailServer
) -> None:
    done = house.drop("Inventaire.csv", content=b"a;b\n1;2\n")
    assert rows(done) == [("held", "bad_type")]
    refused(done, house)
    replaced(done, house)
    tick.run()
    assert len(post.messages) == 1


def test_a_refused_document_is_not_due_where_it_is_moved_or_restored_to(
    house: House,
) -> None:
    done = house.drop(path=SALES)
    refused(done, house)
    move_document(done.document, house.folder(), by=house.staff)
    db.session.commit()
    assert rows(done) == [("cancelled", "rejected")]
    trash_document(done.document, by=house.staff)
    restore_document(done.document, by=house.staff)
    db.session.commit()
    assert set(rows(done)) == {("cancelled", "rejected")}
    replaced(done, house)
    assert rows(done)[-1] == ("pending", None)
    assert agrees()


def test_a_refusal_taken_back_leaves_what_the_tool_has_validated(house: House) -> None:
    done = house.drop()
    tick.run()
    db.session.refresh(done.document)
    refused(done, house)
    take_back(done.document, "rejected", by=house.staff)
    db.session.commit()
    document = document_of(done)
    assert (document.status, document.validated_by_id) == ("validated", None)
    assert agrees()


def test_undone_a_refusal_gives_the_validation_back_that_it_had_ended(
    house: House,
) -> None:
    done = house.drop()
    validate(done.document, by=house.admin)
    refused(done, house)
    take_back(done.document, "rejected", by=house.staff, to_before=True)
    db.session.commit()
    document = document_of(done)
    assert (document.status, document.validated_by_id) == ("validated", house.admin.id)


def test_what_somebody_decided_since_is_not_undone(house: House) -> None:
    done = house.drop()
    validate(done.document, by=house.admin)
    refused(done, house)
    with pytest.raises(Refused):
        take_back(done.document, "validated", by=house.admin)


@pytest.mark.parametrize("status", ["validated", "rejected"])
def test_the_same_that_another_person_decided_since_is_not_undone(
    house: House, status: str
) -> None:
    """Validated, taken back or refused, and validated anew by somebody else: the offer
    to undo on the first one's page is not for that."""
    done = house.drop()
    if status == "validated":
        validate(done.document, by=house.admin)
        refused(done, house)
        validate(done.document, by=house.staff)
    else:
        refuse(done.document, "Flou", by=house.admin)
        refused(done, house)
    db.session.commit()
    with pytest.raises(Refused):
        take_back(done.document, status, by=house.admin, to_before=True)
    db.session.rollback()
    document = document_of(done)
    assert document.status == status
    assert document.rejected_reason == (REASON if status == "rejected" else None)
    take_back(done.document, status, by=house.admin)  # by a choice of their own


def test_the_client_reads_the_reason_and_takes_it_up_again(
    staff: Browser, client: Browser, house: House
) -> None:
    done = house.drop()
    sent = {"reason": f"  {REASON}\r\n"}
    assert staff.post(url(done, "refuse"), data=sent).status_code == 303
    listed = client.get(house_url(house)).text
    row = BeautifulSoup(listed, "html.parser").select_one("[data-document]")
    assert row
    assert REASON in row.text
    assert row.select_one(f'a[href^="{url(done, "versions")}"]')
    page = client.get(url(done)).text
    assert REASON in page
    assert house.staff.name not in page
    new = {"file": (BytesIO(one_page_pdf("good")), "scan.pdf")}
    assert client.post(url(done, "versions"), data=new).status_code == 303
    page = client.get(url(done)).text
    assert REASON in page  # in the history, for good
    assert BeautifulSoup(page, "html.parser").select_one('[data-status="received"]')


def house_url(house: House) -> str:
    return f"/companies/{house.dune.slug}/folders/{house.folder().id}"


def test_the_firm_sees_who_decided(staff: Browser, house: House) -> None:
    done = house.drop()
    assert staff.post(url(done, "validate")).status_code == 303
    assert staff.get(url(done)).text.count(house.staff.name) > 1


def test_a_reason_is_asked_for_and_kept_when_it_is_too_long(
    staff: Browser, house: House
) -> None:
    done = house.drop()
    for reason in ("", " \n", "x" * 501):
        answer = staff.post(url(done, "refuse"), data={"reason": reason})
        assert answer.status_code == 422
        assert reason.strip() in answer.text
        assert 'aria-invalid="true"' in answer.text
    assert document_of(done).status == "received"


def test_clients_judge_nothing(client: Browser, house: House) -> None:
    done = house.drop()
    for act in ("validate", "refuse", "reopen"):
        answer = client.post(url(done, act), data={"reason": "x", "status": "received"})
        assert answer.status_code == 404
    page = client.get(house_url(house)).text
    for act in ("validate", "refuse"):
        assert f'"{act}"' not in page
        assert f"/{act}" not in page


def test_a_client_reads_a_validation_by_its_date_and_only_the_one_that_holds(
    staff: Browser, client: Browser, house: House
) -> None:
    done = house.drop()
    for _ in range(2):
        staff.post(url(done, "validate"))
        staff.post(url(done, "reopen"), data={"status": "validated"})
    assert len(lines(client, done)) == 1  # the deposit
    staff.post(url(done, "validate"))
    assert len(lines(client, done)) == 2
    assert house.staff.name not in "".join(lines(client, done))
    assert len(lines(staff, done)) == 6


def lines(browser: Browser, done: Deposited) -> list[str]:
    soup = BeautifulSoup(browser.get(url(done)).text, "html.parser")
    return [line.text for line in soup.select(".history li")]
