"""A person's word about a mail that waits: filed, set aside, given to a firm; once."""

import threading
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.activity.reading import history
from app.collection import filing, jobs, settling
from app.collection.accepted import pattern_for
from app.collection.accepting import Envelope
from app.collection.finding import parts_of, to_check
from app.collection.models import InboundMail, InboundPart
from app.collection.settling import TooLate
from app.collection.telling import DAYS
from app.db import database_now, db
from app.delivery.models import Delivery
from app.errors import Refused
from app.library.deposit import deposit
from app.library.models import Document, Folder
from app.library.receiving import Received, receive, store
from app.library.trashing import trash_folder
from app.mailroom.entrance import take_in
from app.mailroom.jobs import look
from app.people.models import Person
from app.storage import StorageUnavailable
from tests.cast import House, World, signed_in
from tests.collection.letters import letter

BANK = "banque+dune-alder@mail.guichet.test"
PDF = "application/pdf"


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def come(
    *names: str, to: str = BANK, sender: str = "Fournitures <compta@supplier.test>"
) -> InboundMail:
    """A mail with these PDFs, taken in and read."""
    raw = letter(
        *((name, PDF) for name in names),
        sender=sender,
        message_id=f"<{'-'.join(names)}@x>",
    )
    (taken,) = take_in(raw, Envelope("smtp", "bounce@supplier.test"), [to])
    jobs.read_waiting()
    return as_it_is(taken.mail_id)


def as_it_is(mail_id: object) -> InboundMail:
    db.session.expire_all()
    return db.session.get_one(InboundMail, mail_id)


def numbers(mail: InboundMail) -> list[int]:
    return [part.number for part in parts_of(mail)]


def names() -> list[str]:
    return list(db.session.scalars(select(Document.name).order_by(Document.name)))


def test_the_parts_that_were_chosen_become_documents_of_who_sent_them(
    house: House,
) -> None:
    mail = come("a.pdf", "b.pdf", "c.pdf")
    first, second, _third = numbers(mail)
    done = settling.classify(mail, house.folder(), [first, second], by=house.staff)
    assert (done.filed, names()) == (2, ["a.pdf", "b.pdf"])
    document = db.session.scalars(select(Document).order_by(Document.name)).first()
    assert document
    assert (document.depositor_name, document.depositor_id) == ("Fournitures", None)
    assert (document.channel, document.folder_id) == ("mail", house.folder().id)
    mail = as_it_is(mail.id)
    assert (mail.state, mail.settled_by_id) == ("filed", house.staff.id)
    assert [p.outcome for p in parts_of(mail)] == ["filed", "filed", "held"]


def test_the_history_says_who_sent_and_to_the_firm_alone_who_filed(
    house: House,
) -> None:
    mail = come("a.pdf")
    settling.classify(mail, house.folder(), numbers(mail), by=house.staff)
    document = db.session.scalars(select(Document)).one()
    firm = [line.text for line in history(document, firm_side=True, reader=house.staff)]
    assert "Reçu par e-mail de compta@supplier.test, classé par Ben Petit" in firm
    client = [
        line.text for line in history(document, firm_side=False, reader=house.user)
    ]
    assert client == ["Déposé par Fournitures"]


def test_a_mail_that_a_person_files_obeys_the_switch_as_a_drop_does(
    house: House,
) -> None:
    house.switch("on")
    mail = come("a.pdf", "b.pdf")
    settling.classify(mail, house.folder(), numbers(mail)[:1], by=house.staff)
    settling_elsewhere = come("c.pdf")
    inbox = house.folder("À classer")
    settling.classify(
        settling_elsewhere, inbox, numbers(settling_elsewhere), by=house.staff
    )
    sent = db.session.scalars(select(Document.name).join(Delivery)).all()
    assert sent == ["a.pdf"]


def test_what_lost_its_folder_on_the_way_goes_on_waiting_and_can_be_filed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, folder = come("a.pdf", "b.pdf"), house.folder()
    real = receive

    def received(chunks: Iterable[bytes], raw_name: str) -> Received:
        done = real(chunks, raw_name)
        trash_folder(folder, by=house.admin)
        db.session.commit()
        return done

    with monkeypatch.context() as patch:
        patch.setattr(filing, "receive", received)
        with pytest.raises(Refused, match="dossier") as refusal:
            settling.classify(mail, folder, numbers(mail), by=house.staff)
    assert refusal.value.field == "folder"
    mail = as_it_is(mail.id)
    assert (mail.state, mail.settled_by_id) == ("quarantined", None)
    assert [part.outcome for part in parts_of(mail)] == ["held", "held"]
    inbox = house.folder("À classer")
    assert settling.classify(mail, inbox, numbers(mail), by=house.staff).filed == 2


def test_of_two_colleagues_the_second_is_told_who_was_quicker(house: House) -> None:
    mail = come("a.pdf")
    settling.classify(mail, house.folder(), numbers(mail), by=house.staff)
    for late in (
        lambda: settling.classify(mail, house.folder(), [2], by=house.admin),
        lambda: settling.discard(mail, by=house.admin),
    ):
        with pytest.raises(TooLate, match=r"Ben Petit a été plus rapide.: classé"):
            late()
        db.session.rollback()
    assert names() == ["a.pdf"]


def test_two_at_the_very_same_time_file_it_once(app: Flask, house: House) -> None:
    mail = come(*(f"{n}.pdf" for n in range(5)))
    mail_id, folder_id, chosen = mail.id, house.folder().id, numbers(mail)
    people = [house.staff.id, house.admin.id] * 2
    told: list[str] = []
    gate = threading.Barrier(len(people))
    db.session.commit()

    def act(person_id: object) -> None:
        with app.app_context():
            person = db.session.get_one(Person, person_id)
            mine = db.session.get_one(InboundMail, mail_id)
            into = db.session.get_one(Folder, folder_id)
            db.session.commit()
            gate.wait()
            try:
                settling.classify(mine, into, chosen, by=person)
                told.append("filed")
            except TooLate:
                told.append("late")
            db.session.remove()

    threads = [threading.Thread(target=act, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["filed", "late", "late", "late"]
    db.session.expire_all()
    assert names() == [f"{n}.pdf" for n in range(5)]


@pytest.mark.parametrize("line", range(2, 6))
def test_cut_off_and_done_again_each_part_is_one_document(
    house: House, monkeypatch: pytest.MonkeyPatch, line: int
) -> None:
    mail = come("a.pdf", "b.pdf")
    commits, commit = iter(range(1, 1000)), db.session.commit

    def failing() -> None:
        if next(commits) == line:
            db.session.rollback()
            raise RuntimeError("cut off")
        commit()

    with monkeypatch.context() as patch:
        patch.setattr(db.session, "commit", failing)
        with pytest.raises(RuntimeError):
            settling.classify(mail, house.folder(), numbers(mail), by=house.staff)
    mail = as_it_is(mail.id)
    if mail.state == "quarantined":
        settling.classify(mail, house.folder(), numbers(mail), by=house.admin)
    assert names() == ["a.pdf", "b.pdf"]
    assert as_it_is(mail.id).state == "filed"


def test_what_was_cut_off_stays_with_the_company_of_its_first_documents(
    house: House,
) -> None:
    mail = come("a.pdf", "b.pdf")
    settling.classify(mail, house.folder(), numbers(mail)[:1], by=house.staff)
    mail.state, mail.settled_at = "quarantined", None
    db.session.commit()
    elsewhere = house.folder(company=house.elm)
    with pytest.raises(Refused, match="la même entreprise"):
        settling.classify(mail, elsewhere, numbers(mail), by=house.admin)


def test_where_nothing_can_be_kept_it_goes_on_waiting(house: House) -> None:
    raw = letter(("Facture.pdf.exe", "application/octet-stream"))
    (taken,) = take_in(raw, Envelope("smtp"), ["compta+dune-alder@mail.guichet.test"])
    jobs.read_waiting()
    mail = as_it_is(taken.mail_id)
    assert (mail.state, mail.reason) == ("quarantined", "refused")
    with pytest.raises(Refused, match="programme"):
        settling.classify(mail, house.folder(), numbers(mail), by=house.staff)
    mail = as_it_is(mail.id)
    assert (mail.state, mail.settled_by_id, mail.leased_until) == (
        "quarantined",
        None,
        None,
    )


def test_a_store_that_is_away_loses_nothing_and_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = come("a.pdf")

    def away(_key: str) -> None:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(store(), "open", away)
        with pytest.raises(Refused, match="Réessayez"):
            settling.classify(mail, house.folder(), numbers(mail), by=house.staff)
    settling.classify(mail, house.folder(), numbers(mail), by=house.admin)
    assert names() == ["a.pdf"]


def test_a_mail_goes_with_its_documents_to_another_company(house: House) -> None:
    """Whoever sees the first company alone sees no more of it."""
    mail = come("a.pdf")
    into = house.folder("À classer", house.elm)
    settling.classify(mail, into, numbers(mail), by=house.admin)
    mail = as_it_is(mail.id)
    assert (mail.company_id, mail.address_id) == (house.elm.id, None)


def test_a_mail_that_could_not_be_filed_elsewhere_stays_where_it_was(
    house: House,
) -> None:
    mail = come("a.pdf")
    with pytest.raises(Refused, match="Choisissez"):
        settling.classify(mail, house.folder(company=house.elm), [77], by=house.admin)
    assert as_it_is(mail.id).company_id == house.dune.id


def test_a_mail_set_aside_can_be_brought_back_while_it_is_kept(house: House) -> None:
    mail = come("a.pdf")
    settling.discard(mail, by=house.staff)
    db.session.commit()
    assert (mail.state, to_check(house.staff)) == ("discarded", 0)
    assert mail.storage_key
    settling.bring_back(mail, by=house.admin)
    db.session.commit()
    assert (mail.state, mail.settled_by_id, to_check(house.staff)) == (
        "quarantined",
        None,
        1,
    )
    settling.discard(mail, by=house.staff)
    mail.storage_key, mail.received_at = None, database_now() - DAYS
    db.session.commit()
    with pytest.raises(Refused, match="30 jours"):
        settling.bring_back(mail, by=house.admin)


def test_each_decision_is_in_the_trail_for_the_firm_alone(house: House) -> None:
    mail = come("a.pdf")
    settling.discard(mail, by=house.staff)
    settling.bring_back(mail, by=house.admin)
    settling.classify(mail, house.folder(), numbers(mail), by=house.admin)
    entries = db.session.scalars(
        select(Entry).where(Entry.verb.startswith("mail_")).order_by(Entry.id)
    ).all()
    assert [(entry.verb, entry.is_firm_only) for entry in entries] == [
        ("mail_held", True),
        ("mail_discarded", True),
        ("mail_brought_back", True),
        ("mail_classified", True),
    ]


def test_the_operator_gives_a_mail_of_no_firm_to_one_once(world: World) -> None:
    mail = come("a.pdf", to="compta+dune-aldr@mail.guichet.test")
    assert (mail.firm_id, to_check(world.operator)) == (None, 1)
    settling.hand_over(mail, world.alder.firm, by=world.operator)
    db.session.commit()
    assert (to_check(world.operator), to_check(world.alder.admin)) == (0, 1)
    firms = db.session.scalars(select(InboundPart.firm_id)).all()
    assert firms == [world.alder.firm.id]
    with pytest.raises(TooLate):
        settling.hand_over(mail, world.birch.firm, by=world.operator)


@pytest.mark.parametrize(
    ("sender", "verdict", "pattern"),
    [
        ("compta@supplier.test", "pass", "@supplier.test"),
        ("compta@supplier.test", "none", "compta@supplier.test"),
        ("compta@supplier.test", "fail", ""),
        ("paul@gmail.com", "pass", "paul@gmail.com"),
        ("paul@yahoo.co.uk", "pass", "paul@yahoo.co.uk"),
        ("compta@mail.guichet.test", "pass", ""),
        ("", "pass", ""),
        ("@supplier.test", "pass", ""),
        ("compt\u00e0@supplier.test", "none", ""),
    ],
)
def test_a_whole_domain_is_accepted_only_where_it_stands_for_its_mail(
    house: House, sender: str, verdict: str, pattern: str
) -> None:
    mail = come("a.pdf")
    mail.from_address, mail.verdict = sender, verdict
    assert pattern_for(mail) == pattern


class Killed(BaseException):
    """Nothing after it is done, as after SIGKILL."""


def cut_off(
    mail: InboundMail,
    chosen: list[int],
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    *,
    after: int,
) -> InboundMail:
    """A filing by hand that dies once so many parts are documents; its time is over."""
    real, count = deposit, iter(range(1000))

    def killed(*_given: object, **_more: object) -> None:
        raise Killed

    def dying(*given: Any, **more: Any) -> Any:
        if next(count) == after:
            raise Killed
        return real(*given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(filing, "deposit", dying)
        patch.setattr(settling, "end", killed)
        patch.setattr(settling, "let_go_of", lambda *_: None)
        with pytest.raises(Killed):
            settling.classify(mail, house.folder(), chosen, by=house.staff)
    db.session.rollback()
    mail = as_it_is(mail.id)
    mail.leased_until = database_now()
    db.session.commit()
    return mail


def test_what_died_after_its_last_part_settles_by_itself_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = come("a.pdf", "b.pdf")
    mail = cut_off(mail, numbers(mail), house, monkeypatch, after=2)
    assert mail.state == "quarantined"
    for _again in range(2):
        look()
        mail = as_it_is(mail.id)
        assert (mail.state, mail.settled_by_id) == ("filed", house.staff.id)
    assert names() == ["a.pdf", "b.pdf"]
    entries = db.session.scalars(select(Entry.verb).order_by(Entry.id)).all()
    assert entries.count("mail_classified") == 1
    assert entries.count("came_by_mail") == 2


def test_what_died_between_two_parts_waits_with_the_rest_and_can_be_closed(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = come("a.pdf", "b.pdf")
    mail = cut_off(mail, numbers(mail), house, monkeypatch, after=1)
    look()
    mail = as_it_is(mail.id)
    assert (mail.state, mail.leased_until) == ("quarantined", None)
    ben = signed_in(app, house.staff)
    page = ben.get(f"/quarantine/{mail.id}").text
    assert f"/quarantine/{mail.id}/close" in page
    assert f"/quarantine/{mail.id}/discard" not in page
    ben.post(f"/quarantine/{mail.id}/close")
    mail = as_it_is(mail.id)
    assert (mail.state, names()) == ("filed", ["a.pdf"])
    assert [part.outcome for part in parts_of(mail)] == ["filed", "held"]


def test_what_was_filed_is_not_set_aside_from_a_page_of_before(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = come("a.pdf")
    mail = cut_off(mail, numbers(mail), house, monkeypatch, after=1)
    signed_in(app, house.admin).post(f"/quarantine/{mail.id}/discard")
    assert as_it_is(mail.id).state == "filed"


def test_what_was_left_out_and_chosen_is_no_less_to_be_filed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside what was filed before, and something that was refused."""
    mail = come("a.pdf", "b.pdf", "c.pdf")
    first, second, third = parts_of(mail)
    settling.classify(mail, house.folder(), [first.number], by=house.staff)
    mail = as_it_is(mail.id)
    mail.state, mail.settled_at, mail.settled_by_id = "quarantined", None, None
    second.outcome, third.outcome, third.reason = "refused", "ignored", "image"
    db.session.commit()
    mail = cut_off(mail, [third.number], house, monkeypatch, after=0)
    look()
    mail = as_it_is(mail.id)
    assert mail.state == "quarantined"
    assert [(p.outcome, p.reason) for p in parts_of(mail)][2] == ("ignored", "image")
    settling.classify(mail, house.folder(), [third.number], by=house.staff)
    assert names() == ["a.pdf", "c.pdf"]


def test_a_mail_of_which_something_was_refused_can_be_closed_as_filed(
    app: Flask, house: House
) -> None:
    raw = letter(
        ("a.pdf", PDF),
        ("Facture.pdf.exe", "application/octet-stream"),
        message_id="<r>",
    )
    (taken,) = take_in(raw, Envelope("smtp"), ["compta+dune-alder@mail.guichet.test"])
    jobs.read_waiting()
    mail = as_it_is(taken.mail_id)
    assert (mail.state, mail.reason, names()) == ("quarantined", "refused", ["a.pdf"])
    ben = signed_in(app, house.staff)
    assert f"/{mail.id}/close" in ben.get(f"/quarantine/{mail.id}").text
    ben.post(f"/quarantine/{mail.id}/close")
    assert as_it_is(mail.id).state == "filed"
