"""Who a message is from: a person where it is proven; nobody passes for another."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from app.collection import sender_list
from app.collection.addresses import collector
from app.collection.finding import to_check
from app.collection.models import AcceptedSender, InboundPart
from app.db import db, utc_now
from app.library.models import Document
from app.notices.models import Notice
from app.people.models import Membership
from tests.cast import House, World
from tests.collection.letters import letter
from tests.collection.sending import BANQUE, COMPTA, MACHINE, came, documents, send
from tests.collection.signing import Zone, signed

PAPER = ("a.pdf", "application/pdf")
DORA, BEN = "Dora Dune <dora@dune.test>", "Ben Petit <ben@firm.test>"


def raw_from(sender: str, number: int = 1, **how: str) -> bytes:
    how.setdefault("message_id", f"<{number}@dune.test>")
    return letter(PAPER, sender=sender, **how).replace(b"\n", b"\r\n")


def by_dora(number: int = 1) -> bytes:
    return signed(raw_from(DORA, number), "dune.test")


def accept(house: House, pattern: str) -> None:
    db.session.add(
        AcceptedSender(firm_id=house.firm.id, company_id=house.dune.id, pattern=pattern)
    )
    db.session.commit()


def set_policy(address: str, policy: str) -> None:
    found = collector(address)
    assert found
    found.policy = policy
    db.session.commit()


# Who it is


def test_what_a_client_sends_is_theirs(house: House, zone: Zone) -> None:
    mail = send(by_dora(), BANQUE)
    [document] = documents()
    assert (mail.state, mail.verdict) == ("filed", "pass")
    assert mail.depositor_id == document.depositor_id == house.manager.id
    assert document.depositor_name == "Dora Dune"


def test_a_user_may_send_to_a_folder_that_they_do_not_see(
    house: House, zone: Zone
) -> None:
    """The address is the company's: what is sent there is kept, as by whom it was."""
    raw = signed(raw_from("Eli <eli@dune.test>"), "dune.test")
    assert send(raw, BANQUE).state == "filed"
    assert documents()[0].depositor_id == house.user.id


@pytest.mark.parametrize("colon", [" :", ":", "\u00a0:", "\u202f:", "\u00a0:*\u00a0"])
def test_what_staff_pass_on_is_for_the_company_and_says_for_whom(
    house: House, zone: Zone, colon: str
) -> None:
    quoted = f"> De{colon} Dora Dune <dora@dune.test>\n> Objet : facture\n"
    text = f"Voir ci-joint.\n\n{quoted}"
    send(signed(raw_from(BEN, text=text), "firm.test"), BANQUE)
    [document] = documents()
    assert document.depositor_id == house.staff.id
    assert document.depositor_name == "Ben Petit pour Dora Dune"


def test_a_message_that_staff_attached_says_for_whom_too(
    house: House, zone: Zone
) -> None:
    outer = EmailMessage()
    outer["From"], outer["Subject"], outer["To"] = BEN, "TR", "x@y.test"
    outer["Message-ID"] = "<out@firm.test>"
    outer.set_content("Voir ci-joint.")
    inner = message_from_bytes(raw_from(DORA), policy=policy.default)
    outer.add_attachment(inner)
    raw = outer.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    mail = send(signed(raw, "firm.test"), BANQUE)
    assert mail.depositor_name == "Ben Petit pour Dora Dune"


def test_staff_who_pass_on_a_stranger_s_mail_are_named_alone(
    house: House, zone: Zone
) -> None:
    text = "De : Max Elm <max@elm.test>\n"  # of another company
    send(signed(raw_from(BEN, text=text), "firm.test"), BANQUE)
    assert documents()[0].depositor_name == "Ben Petit"


def test_staff_see_the_companies_of_theirs_alone(house: House, zone: Zone) -> None:
    raw = signed(raw_from(BEN), "firm.test")
    mail = send(raw, "banque+elm-alder@mail.guichet.test")
    assert (mail.state, mail.reason) == ("quarantined", "unknown_sender")
    admin = signed(raw_from("Ada <ada@firm.test>", 2), "firm.test")
    assert send(admin, "banque+elm-alder@mail.guichet.test").state == "filed"


def test_people_of_another_company_are_strangers(house: House, zone: Zone) -> None:
    zone.domain("elm.test")
    raw = signed(raw_from("Max Elm <max@elm.test>"), "elm.test")
    assert send(raw, BANQUE).reason == "unknown_sender"


def test_somebody_who_left_is_a_stranger(house: House, zone: Zone) -> None:
    house.manager.disabled_at = utc_now()
    db.session.commit()
    assert send(by_dora(), BANQUE).reason == "unknown_sender"
    house.manager.disabled_at = None
    db.session.execute(
        Membership.__table__.delete().where(  # type: ignore[attr-defined]
            Membership.person_id == house.manager.id
        )
    )
    db.session.commit()
    assert send(by_dora(2), BANQUE).reason == "unknown_sender"


def test_the_same_person_at_another_firm_is_somebody_else(
    world: World, zone: Zone
) -> None:
    """Both firms know a dora@dune.test; each mail is its own firm's person's."""
    send(by_dora(), "banque+dune-birch@mail.guichet.test")
    found = db.session.scalars(
        select(Document).execution_options(across_firms=True)
    ).one()
    assert found.depositor_id == world.birch.manager.id


def test_a_supplier_is_shown_by_their_name(house: House, zone: Zone) -> None:
    raw = signed(raw_from("Fournitures <compta@supplier.test>"), "supplier.test")
    send(raw, COMPTA)
    [document] = documents()
    assert (document.depositor_id, document.depositor_name) == (None, "Fournitures")


def test_a_message_without_an_author_is_of_nobody(house: House, zone: Zone) -> None:
    mail = send(raw_from("Whomever"), COMPTA)
    assert (mail.state, mail.depositor_name) == ("filed", "expéditeur inconnu")


# Who may


@pytest.mark.parametrize("policy", ["open", "known", "list"])
def test_what_a_domain_disowns_waits_at_every_address(
    house: House, zone: Zone, policy: str
) -> None:
    set_policy(COMPTA, policy)
    accept(house, "dora@dune.test")
    mail = send(raw_from(DORA), COMPTA)
    assert (mail.state, mail.reason, mail.verdict) == ("quarantined", "spoofed", "fail")
    assert db.session.scalars(select(InboundPart.outcome)).all() == ["held"]


def test_a_known_address_that_nothing_proves_waits(house: House, zone: Zone) -> None:
    zone.silent.add("*")
    mail = send(by_dora(), BANQUE)
    assert (mail.state, mail.reason, mail.verdict) == (
        *("quarantined", "not_proven"),
        "none",
    )


def test_at_an_open_address_it_is_filed_but_not_as_theirs(
    house: House, zone: Zone
) -> None:
    zone.silent.add("*")
    mail = send(by_dora(), COMPTA)
    [document] = documents()
    assert (mail.state, document.depositor_id) == ("filed", None)
    assert document.depositor_name == "dora@dune.test (non vérifié)"


@pytest.mark.parametrize(
    ("pattern", "is_proven", "expected"),
    [
        ("compta@supplier.test", True, "filed"),
        ("compta@supplier.test", False, "filed"),  # a person said so of this address
        ("@supplier.test", True, "filed"),
        ("@supplier.test", False, "quarantined"),
        ("@other.test", True, "quarantined"),
        ("ompta@supplier.test", True, "quarantined"),
    ],
)
@pytest.mark.parametrize("policy", ["known", "list"])
def test_who_was_accepted_before_is_taken(
    house: House, zone: Zone, pattern: str, is_proven: bool, expected: str, policy: str
) -> None:
    set_policy(BANQUE, policy)
    accept(house, pattern)
    zone.domain("supplier.test", dmarc="none")
    raw = raw_from("Fournitures <compta@supplier.test>")
    assert send(signed(raw, "supplier.test") if is_proven else raw, BANQUE).state == (
        expected
    )


def test_whom_one_company_accepted_is_a_stranger_to_the_next(
    house: House, zone: Zone
) -> None:
    accept(house, "@supplier.test")
    raw = signed(raw_from("F <compta@supplier.test>"), "supplier.test")
    assert send(raw, "banque+elm-alder@mail.guichet.test").state == "quarantined"


def test_a_list_is_a_list_for_the_company_s_people_too(
    house: House, zone: Zone
) -> None:
    set_policy(BANQUE, "list")
    assert send(by_dora(), BANQUE).reason == "unknown_sender"
    accept(house, "dora@dune.test")
    assert send(by_dora(2), BANQUE).state == "filed"


def test_without_a_name_server_mail_is_read_at_once(house: House) -> None:
    """As in a demonstration: nobody is asked (`DNS_SERVERS`)."""
    began = utc_now()
    mail = send(by_dora(), COMPTA)
    assert (mail.state, mail.verdict) == ("filed", "none")
    assert "dns=gaps" in mail.verdict_text
    assert utc_now() - began < timedelta(minutes=1)


# Who passes for whom

SPOOFS = [
    "Dora Dune <dora@dune.test>",
    "dora@dune.test",
    "DORA@DUNE.TEST",
    "Dora Dune <dora@mail.dune.test>",
    "Ada Martin <ada@firm.test>",
    "Ada Martin <evil@evil.test>",
    "Martin Ada <evil@evil.test>",
    '"Ada Martin (Cabinet)" <evil@evil.test>',
    "Ada Mart1n <evil@evil.test>",
    "ADA MARTÍN <evil@evil.test>",
    "Ada Martin <dora@dune.test>",
    '"dora@dune.test" <evil@evil.test>',
    "dora@dune.test <evil@evil.test>",
    "<dora@dune.test>, <evil@evil.test>",
    "evil@evil.test (dora@dune.test)",
    "Dora Dune <dora@dune.test.evil.test>",
    "Dora Dune <dora@dune-test.evil.test>",
    "Dora Dune <dora%dune.test@evil.test>",
    "Dora Dune <do\u200bra@dune.test>",
    "Dora Dune <dor\u0430@dune.test>",
    "Dora Dune <dora@d\u212ane.test>",
    "\u0410d\u0430 Martin <evil@evil.test>",
    "=?utf-8?q?dora=40dune=2Etest?= <evil@evil.test>",
    "\u202eenuD aroD <evil@evil.test>",
    "group: dora@dune.test;",
    "Cabinet Alder <evil@evil.test>",
    "Dune Alder <evil@evil.test>",
]
HOUSE = {"Dora Dune", "Ada Martin", "Ben Petit", "Cabinet Alder", "Dune Alder"}


@pytest.mark.parametrize("spoof", SPOOFS)
@pytest.mark.parametrize("address", [COMPTA, BANQUE])
def test_whoever_passes_for_another_is_not_taken_for_them(
    house: House, zone: Zone, spoof: str, address: str
) -> None:
    """From a domain of their own that signs and may send, as such people have one."""
    zone.domain("evil.test", spf=f"ip4:{MACHINE} -all")
    raw = signed(raw_from("PLACE"), "evil.test")
    named = raw_from("PLACE").replace(b"PLACE", spoof.encode())
    raw = signed(named, "evil.test") if spoof.isascii() else raw
    raw = raw.replace(b"PLACE", spoof.encode())
    mail = send(b"Sender: dora@dune.test\r\n" + raw, address, came("x@evil.test"))
    assert mail.depositor_id is None
    assert mail.state == "quarantined" or address == COMPTA
    for document in documents():
        assert document.depositor_id is None
        assert document.depositor_name not in HOUSE
        assert not document.depositor_name.startswith("Ad")


@pytest.mark.parametrize(
    "top",
    [
        b"From: dora@dune.test\r\n",
        b"from:dora@dune.test\r\n",
        b"X-A: b\rFrom: dora@dune.test\r\r",
        b"Resent-From: dora@dune.test\r\nReply-To: dora@dune.test\r\n",
        b"Authentication-Results: mx.google.com; dmarc=pass header.from=dune.test\r\n",
    ],
)
def test_headers_on_top_make_nobody_else_of_the_sender(
    house: House, zone: Zone, top: bytes
) -> None:
    zone.domain("evil.test")
    raw = top + signed(raw_from("Evil <x@evil.test>"), "evil.test")
    assert send(raw, BANQUE).state == "quarantined"
    assert documents() == []


def test_a_name_of_nobody_here_is_shown_as_it_is(house: House, zone: Zone) -> None:
    db.session.execute(update(Membership).values(role="company_manager"))
    zone.domain("evil.test")
    for number, name in enumerate(("Adam Martinez", "Dunes et Fils", "Müller GmbH")):
        raw = signed(raw_from(f'"{name}" <x@evil.test>', number), "evil.test")
        assert send(raw, COMPTA).depositor_name == name


# To an address that is nobody's

NOBODY = "compta+nobody-at-all@mail.guichet.test"


def by(address: str) -> bytes:
    raw = letter(("a.pdf", "application/pdf"), sender=address).replace(b"\n", b"\r\n")
    return signed(raw, address.rpartition("@")[2])


def test_a_stray_of_somebody_that_one_firm_knows_is_that_firm_s_to_look_at(
    world: World, zone: Zone
) -> None:
    house = world.alder
    world.birch.manager.email = "dora@elsewhere.test"
    db.session.commit()
    mail = send(by("dora@dune.test"), NOBODY)
    assert (mail.state, mail.reason) == ("quarantined", "unknown_address")
    assert (mail.firm_id, mail.company_id) == (house.firm.id, None)
    assert (mail.verdict, documents()) == ("pass", [])
    assert (to_check(house.admin), to_check(world.birch.admin)) == (1, 0)
    assert to_check(world.operator) == 0
    told = select(Notice.recipient).where(Notice.kind == "quarantine")
    assert db.session.scalars(told).all() == [house.admin.email]


def test_an_accepted_sender_is_known_too(world: World, zone: Zone) -> None:
    house = world.alder
    sender_list.accept(house.dune, "compta@supplier.test", by=house.admin)
    db.session.commit()
    assert send(by("compta@supplier.test"), NOBODY).firm_id == house.firm.id


@pytest.mark.parametrize("case", ["unknown", "two firms", "disowned"])
def test_any_other_stray_is_the_operator_s_alone(
    world: World, zone: Zone, case: str
) -> None:
    raw = by("compta@supplier.test")
    if case == "two firms":
        for house in (world.alder, world.birch):
            sender_list.accept(house.dune, "compta@supplier.test", by=house.admin)
    if case == "disowned":
        world.birch.manager.email = "dora@elsewhere.test"
        raw = letter(("a.pdf", "application/pdf"), sender="dora@dune.test")
    db.session.commit()
    mail = send(raw, NOBODY)
    assert (mail.firm_id, mail.state) == (None, "quarantined")
    assert to_check(world.operator) == 1
