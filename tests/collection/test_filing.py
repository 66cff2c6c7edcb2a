"""Mail to a company's address becomes documents in the folder that it leads to."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import BinaryIO

import pytest
from flask import Flask
from sqlalchemy import select

from app.collection import filing, jobs, places
from app.collection.accepting import Envelope
from app.collection.addresses import collector
from app.collection.models import InboundMail, InboundPart
from app.companies.archiving import archive
from app.db import db
from app.delivery.models import Delivery
from app.library.models import Arrival, Document, Folder
from app.library.receiving import Received, receive, store
from app.library.trashing import trash_folder
from app.mailroom.entrance import take_in
from app.storage import Storage
from tests.cast import House, World
from tests.collection.letters import letter
from tests.collection.signing import Zone, signed

COMPTA = "compta+dune-alder@mail.guichet.test"
SUPPLIER = Envelope("smtp", "facturation@supplier.test")


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def send(raw: bytes, to: str = COMPTA, envelope: Envelope = SUPPLIER) -> InboundMail:
    """Handed in and read; the row as it is then."""
    [taken] = take_in(raw, envelope, [to])
    jobs.read_waiting()
    db.session.expire_all()
    return db.session.get_one(InboundMail, taken.mail_id)


def documents() -> list[Document]:
    return list(db.session.scalars(select(Document).order_by(Document.name)))


def test_an_invoice_by_mail_is_filed_in_the_month_of_its_reception(
    house: House,
) -> None:
    mail = send(letter(("Facture FO-20877.pdf", "application/pdf")))
    [document] = documents()
    assert (mail.state, document.name) == ("filed", "Facture FO-20877.pdf")
    folder = db.session.get_one(Folder, document.folder_id)
    assert folder.kind == "month"
    assert folder.name.startswith(f"{mail.received_at.month:02d} ")
    assert db.session.get_one(Folder, folder.parent_id).kind == "purchases"
    assert (document.channel, document.depositor_name) == ("mail", "Fournitures")
    assert db.session.scalars(select(Arrival.kind)).all() == ["email"]


def test_mail_obeys_the_switch_exactly_as_a_drop_does(house: House) -> None:
    send(letter(("before.pdf", "application/pdf")))
    house.switch("on")
    send(letter(("after.pdf", "application/pdf"), message_id="<2@supplier.test>"))
    names = db.session.scalars(select(Document.name).join(Delivery)).all()
    assert names == ["after.pdf"]


def test_the_original_is_kept_as_it_came(house: House) -> None:
    raw = letter(("a.pdf", "application/pdf"))
    mail = send(raw)
    assert mail.storage_key
    assert store().open(mail.storage_key).read() == raw


def test_what_is_kept_is_taken_out_once_to_be_read_judged_and_filed(
    house: House, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    open_one = type(store()).open

    def opened(storage: Storage, key: str) -> BinaryIO:
        taken.append(key)
        return open_one(storage, key)

    raw = letter(("a.pdf", "application/pdf"), sender="Ben <ben@firm.test>")
    monkeypatch.setattr(type(store()), "open", opened)
    mail = send(signed(raw.replace(b"\n", b"\r\n"), "firm.test"))
    assert (mail.state, mail.depositor_name) == ("filed", "Ben Petit")
    assert taken.count(mail.storage_key or "") == 1


def test_the_same_message_twice_is_one(house: House) -> None:
    raw = letter(("a.pdf", "application/pdf"))
    first, second = send(raw), send(b"Received: by a relay\r\n" + raw)
    assert first.id == second.id
    assert len(documents()) == 1


def test_the_same_papers_in_another_message_are_filed_and_flagged(
    house: House,
) -> None:
    send(letter(("a.pdf", "application/pdf")))
    send(letter(("a.pdf", "application/pdf"), message_id="<other@relay.test>"))
    first, second = sorted(documents(), key=lambda document: document.id)
    assert second.duplicate_of_id == first.id


@pytest.mark.parametrize("line", range(1, 7))
def test_cut_off_at_any_commit_and_read_again_it_is_filed_once(
    house: House, monkeypatch: pytest.MonkeyPatch, line: int
) -> None:
    """The nth commit of the reading fails; what was under way is done again."""
    raw = letter(("a.pdf", "application/pdf"), ("b.pdf", "application/pdf"))
    [taken] = take_in(raw, SUPPLIER, [COMPTA])
    commits, commit = iter(range(1, 1000)), db.session.commit

    def failing() -> None:
        if next(commits) == line:
            db.session.rollback()
            raise RuntimeError("cut off")
        commit()

    with monkeypatch.context() as patch:
        patch.setattr(db.session, "commit", failing)
        try:
            jobs.read_waiting()
        except RuntimeError:
            db.session.rollback()
    mail = db.session.get_one(InboundMail, taken.mail_id, populate_existing=True)
    mail.leased_until = None
    db.session.commit()
    jobs.read_waiting()
    assert [document.name for document in documents()] == ["a.pdf", "b.pdf"]
    outcomes = db.session.scalars(select(InboundPart.outcome)).all()
    assert outcomes == ["filed", "filed"]


def between(
    monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]
) -> None:
    """Somebody else does this while the file of that name is taken in."""
    real = receive

    def received(chunks: Iterable[bytes], raw_name: str) -> Received:
        done = real(chunks, raw_name)
        if raw_name == name:
            act()
            db.session.commit()
        return done

    monkeypatch.setattr(filing, "receive", received)


def test_what_lost_its_folder_on_the_way_goes_where_mail_goes_then(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    purchases = house.folder()
    raw = letter(("a.pdf", "application/pdf"), ("b.pdf", "application/pdf"))
    with monkeypatch.context() as patch:
        between(patch, "b.pdf", lambda: trash_folder(purchases, by=house.admin))
        mail = send(raw)
    assert mail.state == "waiting", "nothing of it is refused"
    mail.leased_until = None
    db.session.commit()
    jobs.read_waiting()
    a, b = documents()
    assert a.trashed_at
    assert db.session.get_one(Folder, b.folder_id).kind == "inbox"
    assert db.session.get_one(InboundMail, mail.id, populate_existing=True).state == (
        "filed"
    )


def test_what_finds_its_company_archived_on_the_way_can_be_filed_elsewhere(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = letter(("a.pdf", "application/pdf"))
    with monkeypatch.context() as patch:
        between(patch, "a.pdf", lambda: archive(house.dune, by=house.admin))
        mail = send(raw)
    mail.leased_until = None
    db.session.commit()
    jobs.read_waiting()
    db.session.refresh(mail)
    assert (mail.state, mail.reason) == ("quarantined", "archived")
    assert db.session.scalars(select(InboundPart.outcome)).all() == ["held"]


def test_an_unknown_sender_to_a_known_address_waits_for_a_person(
    house: House,
) -> None:
    mail = send(
        letter(("a.pdf", "application/pdf")), "banque+dune-alder@mail.guichet.test"
    )
    assert (mail.state, mail.reason) == ("quarantined", "unknown_sender")
    assert documents() == []
    assert db.session.scalars(select(InboundPart.outcome)).all() == ["held"]


def test_mail_to_a_slug_that_is_nobody_s_waits_for_the_operator(house: House) -> None:
    mail = send(
        letter(("a.pdf", "application/pdf")), "compta+dune-aldr@mail.guichet.test"
    )
    assert (mail.firm_id, mail.state) == (None, "quarantined")
    assert mail.reason == "unknown_address"


def test_a_mail_with_nothing_to_file_is_told_and_never_dropped(house: House) -> None:
    mail = send(letter())
    assert (mail.state, mail.reason) == ("quarantined", "nothing_to_file")


def test_an_address_is_known_in_capitals_and_by_its_domain(world: World) -> None:
    found = collector(COMPTA.upper())
    assert found
    assert found.company_id == world.alder.dune.id
    assert collector("compta+dune-alder@other.test") is None


def test_a_former_slug_still_leads_to_its_company(house: House) -> None:
    house.dune.slug, house.dune.former_slug = "dune-sarl", "dune-alder"
    db.session.commit()
    now, before = collector("compta+dune-sarl@mail.guichet.test"), collector(COMPTA)
    assert now
    assert before
    assert now.company_id == before.company_id == house.dune.id
    assert before.replaced_at is not None
    assert now.replaced_at is None


@pytest.mark.parametrize(
    ("family", "path"),
    [
        ("ventes", "Exercice 2026/Ventes/11 – Novembre"),
        ("ndf", "Exercice 2026/Notes de frais/11 – Novembre"),
        ("fiscal", "Exercice 2026/Documents fiscaux"),
        ("social", "Social"),
        ("a-classer", "À classer"),
    ],
)
def test_each_family_leads_to_its_folder(
    house: House, family: str, path: str, app: Flask
) -> None:
    found = collector(f"{family}+dune-alder@mail.guichet.test")
    assert found
    place = places.place_for(found, date(2026, 11, 4))
    assert place
    below = f"Dossier comptable annuel/{path}" if "Exercice" in path else path
    assert place.id == house.folder(below).id


def test_outside_every_fiscal_year_it_goes_to_the_inbox(house: House) -> None:
    found = collector(COMPTA)
    assert found
    place = places.place_for(found, date(2031, 1, 4))
    assert place
    assert place.kind == "inbox"


def test_what_was_filed_stays_said_so_whatever_a_late_reader_found(
    house: House,
) -> None:
    """One that was frozen beyond its lease reads it anew, by other rules by now."""
    mail = send(letter(("a.pdf", "application/pdf")))
    address = collector(COMPTA)
    assert address
    assert mail.address_id == address.id
    mail.state, address.policy = "waiting", "list"
    mail.leased_until = None
    db.session.commit()
    jobs.read_waiting()
    db.session.expire_all()
    assert mail.state == "quarantined"
    assert db.session.scalars(select(InboundPart.outcome)).all() == ["filed"]
    assert len(documents()) == 1
