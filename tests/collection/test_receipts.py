"""Who sent documents gets one receipt, few of them, and nobody else one; staff are told
of what waits."""

from datetime import timedelta
from email import message_from_bytes
from email.message import Message

import pytest
from sqlalchemy import delete, select, update

from app.collection import filing, receipts, threads
from app.collection.addresses import collector
from app.db import database_now, db
from app.library import deposit_notices
from app.library.deposit_notices import send_deposit_notices
from app.notices.models import Notice, NoticeSetting
from app.notices.posting import post_notices
from app.notices.setting import set_frequency
from tests.cast import House
from tests.collection import parts
from tests.collection.letters import letter
from tests.collection.sending import BANQUE, COMPTA, came, documents, send
from tests.collection.signing import Zone, signed
from tests.smtp import MailServer

PAPER, PROGRAM = ("a.pdf", "application/pdf"), ("setup.exe", "application/x-msdownload")
DORA, SUPPLIER = "Dora Dune <dora@dune.test>", "Fournitures <compta@supplier.test>"


def raw_from(sender: str, *files: tuple[str, str], number: int = 1) -> bytes:
    raw = letter(*files, sender=sender, message_id=f"<{number}@{number}.test>")
    domain = sender.rpartition("@")[2].rstrip(">")
    return signed(raw.replace(b"\n", b"\r\n"), domain)


def by_dora(*files: tuple[str, str], number: int = 1) -> bytes:
    return raw_from(DORA, *files, number=number)


def notices(kind: str = "receipt") -> list[Notice]:
    db.session.expire_all()
    found = select(Notice).where(Notice.kind == kind).order_by(Notice.id)
    return list(db.session.scalars(found))


def told() -> list[str]:
    return [notice.recipient for notice in notices()]


def test_a_client_gets_one_receipt_with_what_was_filed_where_and_what_was_not(
    house: House, zone: Zone
) -> None:
    send(by_dora(PAPER, ("b.pdf", "application/pdf"), PROGRAM), COMPTA)
    [receipt] = notices()
    assert (receipt.recipient, receipt.subject) == (
        "dora@dune.test",
        "2 documents bien reçus",
    )
    month = f"{database_now().month:02d} – "
    assert "Votre courriel du " in receipt.text
    assert f"Classé dans Achats / {month}" in receipt.text
    assert "– a.pdf\n– b.pdf\n" in receipt.text
    assert "Non classé\N{NO-BREAK SPACE}:\n– setup.exe – " in receipt.text
    assert "alder.guichet.test/companies/dune-alder" in receipt.text
    assert "Votre facture" not in receipt.text  # its subject is not quoted
    assert "veuillez" not in receipt.text


def with_pasted(photo: bytes, number: int, beside: bytes = b"") -> bytes:
    """Dora's mail with an invoice attached, and a photo in its text."""
    page = parts.html('<p>Voici</p><img src="cid:photo@x">')
    head = "Content-Type: image/jpeg; name=ticket.jpg\r\nContent-ID: <photo@x>"
    text = parts.multipart(page, parts.part(head, photo), kind="related")
    invoice = parts.part(f"Content-Type: application/pdf; name={number}.pdf")
    more = [beside] if beside else []
    raw = parts.mail(
        parts.multipart(text, invoice, *more), headers=f"Message-ID: <{number}@x>\r\n"
    )
    return signed(
        raw.replace(b"Fournitures <compta@supplier.test>", b"Dora <dora@dune.test>"),
        "dune.test",
    )


def test_a_photo_in_the_text_beside_a_paper_is_told_once_and_a_logo_no_more(
    house: House, zone: Zone
) -> None:
    """It is not filed, for it may be the image of a signature; that comes again."""
    photo = parts.photo_of(900, 600)
    assert send(with_pasted(photo, 1), COMPTA).state == "filed"
    [receipt] = notices()
    said = "– ticket.jpg – image affichée dans le texte"
    assert f"Non classé\N{NO-BREAK SPACE}:\n{said}" in receipt.text
    assert [document.name for document in documents()] == ["1.pdf"]
    send(with_pasted(photo, 2), COMPTA)
    send(with_pasted(parts.photo_of(901, 600), 3), COMPTA)
    assert [document.name for document in documents()] == ["1.pdf", "2.pdf", "3.pdf"]
    third, second, first = notices()[-1].text.split("Votre courriel du ")[1:]
    assert [said in each for each in (first, second, third)] == [True, False, True]


def test_a_photo_in_the_text_of_a_stranger_s_mail_leaves_staff_nothing_to_do(
    house: House, zone: Zone
) -> None:
    """Nearly every mail of theirs has a logo in it; what they attach is the invoice."""
    zone.domain("dune.test", dmarc="none")
    raw = with_pasted(parts.photo_of(900, 600), 1).replace(b"dora@", b"someone@")
    assert send(raw, COMPTA).state == "filed"
    assert told() == []


def test_what_is_locked_beside_a_paper_is_told(house: House, zone: Zone) -> None:
    control = parts.part("Content-Type: application/pgp-encrypted", "Version: 1")
    kind = "Content-Type: application/octet-stream; name=message.asc"
    locked = parts.multipart(control, parts.part(kind, b"x"), kind="encrypted")
    assert send(with_pasted(b"", 1, beside=locked), COMPTA).state == "filed"
    [receipt] = notices()
    assert "– message.asc – message chiffré" in receipt.text
    assert receipt.text.count(" – ") == 2, receipt.text


def test_a_receipt_says_nothing_of_a_tool(house: House, zone: Zone) -> None:
    house.switch("on")
    send(by_dora(PAPER), COMPTA)
    [receipt] = notices()
    for word in ("quickbooks", "transmi", "connect", "automat", "tool.test"):
        assert word not in (receipt.text + receipt.subject).lower()


def test_a_receipt_leaves_in_the_firm_s_name_without_a_sender_to_answer(
    house: House, zone: Zone, post: MailServer
) -> None:
    send(by_dora(PAPER), COMPTA)
    assert post_notices() == 1
    [message] = post.messages
    assert message.sender == ""
    assert message.message["From"] == (
        "Cabinet Alder <ne-pas-repondre@mail.guichet.test>"
    )
    assert message.message["Auto-Submitted"] == "auto-replied"


def test_a_server_that_wants_a_sender_gets_one(
    house: House, zone: Zone, post: MailServer
) -> None:
    send(by_dora(PAPER), COMPTA)
    post.fails("mail", "501 5.1.7 Bad sender")
    assert post_notices() == 1
    assert post.messages[0].sender == "ne-pas-repondre@mail.guichet.test"


def test_the_folder_of_a_plain_user_s_paper_is_not_named_where_they_do_not_see_it(
    house: House, zone: Zone
) -> None:
    send(raw_from("Eli <eli@dune.test>", PAPER), BANQUE)
    [receipt] = notices()
    assert "Classé\N{NO-BREAK SPACE}:\n– a.pdf" in receipt.text
    assert "Banque" not in receipt.text


def test_a_client_does_not_read_the_name_of_a_folder_of_the_firm(
    house: House, zone: Zone
) -> None:
    address = collector(COMPTA)
    assert address
    address.folder_id = house.folder("Cabinet").id
    db.session.commit()
    send(by_dora(PAPER), COMPTA)
    [receipt] = notices()
    assert "Cabinet /" not in receipt.text
    assert "Classé dans" not in receipt.text


def test_a_supplier_whose_mail_is_proven_gets_one_without_a_folder(
    house: House, zone: Zone
) -> None:
    send(raw_from(SUPPLIER, PAPER), COMPTA)
    [receipt] = notices()
    assert receipt.recipient == "compta@supplier.test"
    assert "– a.pdf" in receipt.text
    assert "Achats" not in receipt.text
    assert "/companies/" not in receipt.text


@pytest.mark.parametrize("sender", [SUPPLIER, "Eli <eli@dune.test>"])
def test_no_number_tells_who_does_not_see_the_folder_what_else_is_there(
    house: House, zone: Zone, sender: str
) -> None:
    """Anybody could ask so whether there is a paper of that name."""
    address = collector(COMPTA)
    assert address
    address.folder_id = house.folder("Social").id
    db.session.commit()
    house.drop("Paie de Max.pdf", "Social")
    send(raw_from(sender, ("Paie de Max.pdf", "application/pdf")), COMPTA)
    [receipt] = notices()
    assert "– Paie de Max.pdf" in receipt.text
    assert "(2)" not in receipt.text
    send(by_dora(("Paie de Max.pdf", "application/pdf"), number=2), COMPTA)
    assert "– Paie de Max (3).pdf" in notices()[-1].text  # as she finds it there


def test_a_stranger_whom_nothing_proves_gets_none(house: House, zone: Zone) -> None:
    zone.domain("supplier.test", dmarc="none")
    raw = letter(PAPER, sender=SUPPLIER)
    assert send(raw, COMPTA).state == "filed"
    assert told() == []


@pytest.mark.parametrize("sender", [SUPPLIER, "F <no-reply@supplier.test>"])
def test_what_was_refused_beside_the_rest_waits_for_staff_where_nobody_is_told(
    house: House, zone: Zone, sender: str
) -> None:
    zone.domain("supplier.test", dmarc="none")
    mail = send(letter(PAPER, PROGRAM, sender=sender), COMPTA)
    assert (mail.state, mail.reason) == ("quarantined", "refused")
    assert [document.name for document in documents()] == ["a.pdf"]
    assert told() == []
    assert notices("quarantine")


def test_so_does_an_empty_file(house: House, zone: Zone) -> None:
    zone.domain("supplier.test", dmarc="none")
    raw = letter(PAPER, ("vide.pdf", "application/pdf"), sender=SUPPLIER)
    head, cut, rest = raw.partition(b"vide.pdf")
    start = rest.index(b"\n\n") + 2
    empty = head + cut + rest[:start] + rest[rest.index(b"\n--", start) :]
    assert send(empty, COMPTA).state == "quarantined"
    assert [document.name for document in documents()] == ["a.pdf"]


def test_who_is_told_of_what_was_refused_leaves_staff_nothing_to_do(
    house: House, zone: Zone
) -> None:
    assert send(by_dora(PAPER, PROGRAM), COMPTA).state == "filed"
    assert send(raw_from(SUPPLIER, PAPER, PROGRAM, number=2), COMPTA).state == "filed"
    assert told() == ["dora@dune.test", "compta@supplier.test"]
    assert notices("quarantine") == []


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply@supplier.test",
        "noreply@supplier.test",
        "ne-pas-repondre@supplier.test",
        "nepasrepondre@supplier.test",
        "do-not-reply@supplier.test",
        "MAILER-DAEMON@supplier.test",
        "postmaster@supplier.test",
        "bounces@supplier.test",
        "facture.noreply@supplier.test",
        "espace-client_no-reply@supplier.test",
        "edf-ne-pas-repondre@supplier.test",
        "client.notifications@supplier.test",
    ],
)
def test_addresses_that_nobody_reads_get_none(
    house: House, zone: Zone, sender: str
) -> None:
    assert send(raw_from(f"F <{sender}>", PAPER), COMPTA).state == "filed"
    assert told() == []


@pytest.mark.parametrize(
    "name", ["bruno.reply", "casino-replay", "donotti", "jean.robot"]
)
def test_a_person_s_address_is_no_machine_s(
    house: House, zone: Zone, name: str
) -> None:
    send(raw_from(f"F <{name}@supplier.test>", PAPER), COMPTA)
    assert told() == [f"{name}@supplier.test"]


@pytest.mark.parametrize("files", [(), (PROGRAM,)])
def test_a_known_person_whose_mail_held_nothing_to_file_is_told(
    house: House, zone: Zone, files: tuple[tuple[str, str], ...]
) -> None:
    """B22: never in silence, neither to them nor to staff."""
    mail = send(by_dora(*files), COMPTA)
    assert (mail.state, mail.reason) == (
        "quarantined",
        "refused" if files else "nothing_to_file",
    )
    [receipt] = notices()
    assert receipt.subject == "Rien n’a été classé de votre courriel"
    assert ("setup.exe" in receipt.text) == bool(files)
    assert notices("quarantine")


def test_a_stranger_whose_mail_waits_is_not_told(house: House, zone: Zone) -> None:
    send(raw_from(SUPPLIER), COMPTA)
    send(raw_from(SUPPLIER, PAPER, number=2), BANQUE)
    assert told() == []


def test_nobody_is_told_of_what_was_sent_in_their_name(
    house: House, zone: Zone
) -> None:
    raw = letter(PAPER, sender=DORA)
    assert send(raw, BANQUE).reason == "spoofed"
    zone.silent.add("*")
    assert send(by_dora(PAPER, number=2), BANQUE).reason == "not_proven"
    assert told() == []


def test_what_comes_within_the_hour_is_in_the_next_one(
    house: House, zone: Zone, post: MailServer
) -> None:
    send(by_dora(PAPER), COMPTA)
    post_notices()
    for number in range(2, 6):
        send(by_dora((f"b{number}.pdf", "application/pdf"), number=number), COMPTA)
        post_notices()
    first, second = notices()
    assert second.sent_at is None
    assert second.not_before - first.created_at >= timedelta(hours=1)
    assert [f"– b{n}.pdf" in second.text for n in range(2, 6)] == [True] * 4
    assert second.subject == "Vos courriels\N{NO-BREAK SPACE}: ce qui a été reçu"
    assert len(post.messages) == 1
    pass_time(timedelta(hours=1))
    assert post_notices() == 1
    assert len(post.messages) == 2
    send(by_dora(("c.pdf", "application/pdf"), number=9), COMPTA)
    assert len(notices()) == 3


def pass_time(by: timedelta) -> None:
    for notice in notices():
        notice.not_before -= by
        notice.created_at -= by
    db.session.commit()


def test_what_no_receipt_has_room_for_waits_for_staff_where_something_was_refused(
    house: House, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scanner that writes a mail for each page fills one within the hour."""
    send(by_dora(PAPER, number=1), COMPTA)
    monkeypatch.setattr(receipts, "LONGEST", len(notices()[0].text))
    filed = send(by_dora(PAPER, number=2), COMPTA)
    refused = send(by_dora(PAPER, PROGRAM, number=3), COMPTA)
    assert [mail.state for mail in (filed, refused)] == ["filed", "quarantined"]
    assert "setup.exe" not in notices()[0].text
    assert len(notices("quarantine")) == 2, "of Ada and Ben"


def test_a_supplier_gets_one_a_day(house: House, zone: Zone, post: MailServer) -> None:
    for number in range(1, 5):
        send(raw_from(SUPPLIER, PAPER, number=number), COMPTA)
        post_notices()
    first, second = notices()
    assert second.not_before - first.created_at >= timedelta(days=1)
    assert len(post.messages) == 1


def test_who_asked_not_to_be_written_to_is_told_of_refusals_alone(
    house: House, zone: Zone
) -> None:
    set_frequency(house.manager, house.dune, "never")
    db.session.commit()
    send(by_dora(PAPER), COMPTA)
    assert told() == []
    send(by_dora(PAPER, PROGRAM, number=2), COMPTA)
    assert told() == ["dora@dune.test"]


def test_one_deposit_makes_one_mail_for_who_asked_for_receipts(
    house: House, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deposit_notices, "SETTLING", timedelta(seconds=-1))
    set_frequency(house.manager, house.dune, "now")
    told_until = database_now() - timedelta(hours=1)
    db.session.execute(update(NoticeSetting).values(told_until=told_until))
    db.session.commit()
    send(by_dora(PAPER), COMPTA)
    assert (send_deposit_notices(), len(notices())) == (0, 1)
    house.drop("web.pdf")
    db.session.execute(update(NoticeSetting).values(told_until=told_until))
    db.session.commit()
    assert send_deposit_notices() == 1
    assert "a.pdf" not in notices("deposits")[0].text


def test_a_mail_that_is_read_twice_makes_one_receipt(house: House, zone: Zone) -> None:
    mail = send(by_dora(PAPER), COMPTA)
    mail.state = "waiting"
    db.session.execute(delete(Notice))
    db.session.commit()
    assert filing.process(mail) == "filed"
    assert filing.process(mail) == "filed"
    assert (len(documents()), len(notices())) == (1, 1)


def test_an_english_reader_gets_it_in_english(house: House, zone: Zone) -> None:
    house.manager.locale = "en"
    db.session.commit()
    send(by_dora(PAPER), COMPTA)
    assert "Filed in Achats" in notices()[0].text


# The conversation


def answered(post: MailServer) -> Message:
    post_notices()
    return message_from_bytes(post.messages[-1].raw)


def test_a_receipt_stands_in_the_conversation_of_the_mail_that_it_answers(
    house: House, zone: Zone, post: MailServer
) -> None:
    raw = letter(PAPER, sender=DORA, message_id="<new@dune.test>")
    head = b"References: <old@dune.test>\r\n <mid@dune.test>\r\n"
    send(signed(head + raw.replace(b"\n", b"\r\n"), "dune.test"), COMPTA)
    receipt = answered(post)
    assert receipt["In-Reply-To"] == "<new@dune.test>"
    assert receipt["References"] == "<old@dune.test> <mid@dune.test> <new@dune.test>"


def test_without_references_the_conversation_begins_with_what_it_answered(
    house: House, zone: Zone, post: MailServer
) -> None:
    raw = letter(PAPER, sender=DORA, message_id="<new@dune.test>")
    head = b"In-Reply-To: <old@dune.test>\r\n"
    send(signed(head + raw.replace(b"\n", b"\r\n"), "dune.test"), COMPTA)
    assert answered(post)["References"] == "<old@dune.test> <new@dune.test>"


@pytest.mark.parametrize(
    ("message_id", "references"),
    [
        ("<a@dune.test>\r\nBcc: x@evil.test", "<a@dune.test>"),
        ("<a\x01b@dune.test>", None),
        ("<a\u00e9@dune.test>", None),
        ("no id at all", None),
        (f"<{'a' * 190}@{'b' * 190}.test>", f"<{'a' * 190}@{'b' * 190}.test>"),
        (f"<{'a' * 400}@b.test>", None),
    ],
)
def test_names_of_messages_reach_a_receipt_as_they_were_or_not_at_all(
    house: House,
    zone: Zone,
    post: MailServer,
    message_id: str,
    references: str | None,
) -> None:
    mail = send(raw_from(DORA, PAPER), COMPTA)
    [receipt] = notices()
    mail.message_id = message_id
    receipt.thread = threads.of(mail)
    db.session.commit()
    found = answered(post)
    assert (found["References"], found["In-Reply-To"]) == (references, references)
    assert found["Bcc"] is None


def test_of_a_long_conversation_the_beginning_and_the_newest_are_kept(
    house: House, zone: Zone
) -> None:
    mail = send(raw_from(DORA, PAPER), COMPTA)
    ids = [f"<{n:03d}{'x' * 60}@dune.test>" for n in range(40)]
    mail.thread = threads.before(reversed(ids))
    thread = threads.of(mail).split()
    assert (thread[0], thread[-2:]) == (ids[0], [ids[-1], "<1@1.test>"])
    assert len(" ".join(thread)) <= threads.LONGEST


# What staff are told


def test_the_people_who_follow_the_company_are_told_once_an_hour(
    house: House, zone: Zone
) -> None:
    for number in range(3):
        send(raw_from(SUPPLIER, PAPER, number=number), BANQUE)
    found = notices("quarantine")
    assert [n.recipient for n in found] == ["ada@firm.test", "ben@firm.test"]
    assert found[0].subject == "Un courriel à vérifier"
    assert "supplier" not in found[0].text
    assert "/quarantine" in found[0].text
    # Of a company that Ben does not follow.
    db.session.execute(delete(Notice))
    db.session.commit()
    elm = "banque+elm-alder@mail.guichet.test"
    send(raw_from(SUPPLIER, PAPER, number=9), elm)
    assert [n.recipient for n in notices("quarantine")] == ["ada@firm.test"]


def test_nothing_is_told_of_a_mail_without_a_person_of_ours_to_it(
    house: House, zone: Zone
) -> None:
    mail = send(letter(PAPER), "compta+nobody@mail.guichet.test", came("x@else.test"))
    assert (mail.firm_id, mail.state) == (None, "quarantined")
    assert notices("quarantine") == notices() == []
